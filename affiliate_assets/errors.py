"""One exception tree, arranged by what has to happen next.

AffiliateError
├── ConfigError       somebody must change the configuration or a secret, then run again
├── RetryableError    the same call may work later; the pull retries it within its bounds
│   ├── RateLimited   the network asked for a pause
│   │   └── BudgetSpent  the published limit has no room for long; nothing was sent
│   └── BrokenAnswer  an answer came, but not whole or not in any documented form
├── NetworkStopped    this account is over for tonight; the others go on
│   ├── CredentialRefused  the network does not accept the credential
│   └── ContractError the network no longer answers in its documented shape
│       └── WindowTooLarge  the window holds more than one question may bring; its halves are asked for instead
├── RecordError       one record or file is refused; the rest goes on
└── InternalError     a bug in this project

Every error names network, account, stream and window as far as they are known, and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Cause = Literal["connection", "timeout", "server", "limit", "body", "disk", "running"]


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


@dataclass(frozen=True)
class Evidence:
    """The call behind an error, fit to be kept: without secrets, and without any value of the body.

    `sample` is the beginning of the body with every letter and digit masked.
    """

    request: str
    status: int
    content_type: str | None
    bytes: int
    sha256: str
    sample: str


class AffiliateError(Exception):
    """Base of all errors this project raises on purpose.

    Args:
        what: What happened, in one sentence, without secrets.
        next_step: What the reader should do about it.
        where: Network, account, stream and window, as far as known.

    Attributes:
        evidence: The call and its answer, where there was one.
    """

    def __init__(self, what: str, *, next_step: str, where: Where | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.where = where or Where()
        self.evidence: Evidence | None = None

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
        cause: What kept the call from working.
    """

    cause: Cause = "server"

    def __init__(
        self,
        what: str,
        *,
        next_step: str,
        where: Where | None = None,
        retry_after: float | None = None,
        cause: Cause | None = None,
    ) -> None:
        super().__init__(what, next_step=next_step, where=where)
        self.retry_after = retry_after
        self.cause = cause or type(self).cause


class RateLimited(RetryableError):
    """The network refused a call because its limit was reached."""

    cause: Cause = "limit"


class BudgetSpent(RateLimited):
    """The published limit has no room for longer than a run waits; no call was made. `retry_after` is set."""


class BrokenAnswer(RetryableError):
    """The answer is cut, garbled or contradicts itself; asked again, it may be whole."""

    cause: Cause = "body"


class NetworkStopped(AffiliateError):
    """The network refuses this account; repeating the call cannot help tonight."""


class CredentialRefused(NetworkStopped):
    """The network does not accept the credential; where it can be renewed, it is, once."""


class ContractError(NetworkStopped):
    """The answer does not have the documented shape."""


class WindowTooLarge(ContractError):
    """The window holds more records than the network gives to one question."""


class RecordError(AffiliateError):
    """One record or one file is refused."""


class InternalError(AffiliateError):
    """A bug in this project."""
