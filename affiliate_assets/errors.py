"""One exception tree, arranged by what has to happen next.

AffiliateError
├── ConfigError       somebody must change the configuration or a secret, then run again
├── RetryableError    the same call may work later; the pull retries it within its bounds
│   └── RateLimited   the network asked for a pause
├── NetworkStopped    this account is over for tonight; the others go on
│   └── ContractError the network no longer answers in its documented shape
├── RecordError       one record or file is refused; the rest goes on
└── InternalError     a bug in this project

Every error names network, account, stream and window as far as they are known, and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Where:
    """The place an error happened: the coordinates an operator searches for."""

    network: str | None = None
    account_id: str | None = None
    stream: str | None = None
    window: str | None = None

    def __str__(self) -> str:
        named = (
            ("network", self.network),
            ("account", self.account_id),
            ("stream", self.stream),
            ("window", self.window),
        )
        return ", ".join(f"{name} {value}" for name, value in named if value)


class AffiliateError(Exception):
    """Base of all errors this project raises on purpose.

    Args:
        what: What happened, in one sentence, without secrets.
        next_step: What the reader should do about it.
        where: Network, account, stream and window, as far as known.
    """

    def __init__(self, what: str, *, next_step: str, where: Where | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.where = where or Where()

    def at(self, where: Where) -> AffiliateError:
        """Fill in coordinates that were unknown where the error was raised."""
        self.where = replace(
            where,
            **{name: value for name, value in vars(self.where).items() if value is not None},
        )
        return self

    def __str__(self) -> str:
        place = str(self.where)
        return f"{f'[{place}] ' if place else ''}{self.what} Next: {self.next_step}"


class ConfigError(AffiliateError):
    """The configuration or a secret is missing or wrong."""


class RetryableError(AffiliateError):
    """The same call may work later.

    Attributes:
        retry_after: Seconds the network asked to wait, if it said so.
    """

    def __init__(
        self, what: str, *, next_step: str, where: Where | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(what, next_step=next_step, where=where)
        self.retry_after = retry_after


class RateLimited(RetryableError):
    """The network refused a call because its limit was reached."""


class NetworkStopped(AffiliateError):
    """The network refuses this account; repeating the call cannot help tonight."""


class ContractError(NetworkStopped):
    """The answer does not have the documented shape."""


class RecordError(AffiliateError):
    """One record or one file is refused."""


class InternalError(AffiliateError):
    """A bug in this project."""
