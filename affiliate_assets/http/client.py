"""One account's way to its network: authenticated, within the budget, retried on named causes."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import requests
import tenacity
from pyrate_limiter import Limiter
from pyrate_limiter.limiter import SingleBucketFactory
from requests_ratelimiter import LimiterSession

from affiliate_assets.connectors.language import Answer, Connector, Request
from affiliate_assets.errors import AffiliateError, ConfigError, RateLimited, RetryableError, Where
from affiliate_assets.http.answers import http_date, problem_of
from affiliate_assets.http.throttle import CredentialBudget
from affiliate_assets.secrets import redact, resolve
from affiliate_assets.settings import AccountSettings

log = logging.getLogger(__name__)

CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 120.0
_PASSING = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


@dataclass(frozen=True, slots=True)
class RetryBounds:
    """How long a call is repeated: attempts, and seconds in all; waits grow with full jitter."""

    attempts: int = 5
    seconds: float = 300.0
    first_wait: float = 1.0
    longest_wait: float = 60.0


@dataclass(slots=True)
class Effort:
    """What a pull has cost so far."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0


class _Bearer(requests.auth.AuthBase):
    """As an auth object, because a ~/.netrc entry for the host would replace a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        header = ("Authorization", f"Bearer {self._token}")
        requests.utils.check_header_validity(header)
        request.headers.update([header])
        return request


class NetworkClient:
    """Sends requests of one account.

    Args:
        connector: The network's declaration.
        account: The account's settings; its secrets are resolved here.
        budgets: File of the rate budgets, shared by everything that runs.
        bounds: Limits of the retries.

    Raises:
        ConfigError: A secret is missing, or the connector needs one the account does not refer to.
    """

    def __init__(
        self,
        connector: Connector,
        account: AccountSettings,
        budgets: Path,
        bounds: RetryBounds | None = None,
    ) -> None:
        self.connector = connector
        self.account = account
        self.effort = Effort()
        self._bounds = bounds or RetryBounds()
        self._where = Where(connector.slug, account.account_id)
        self._base_url = (account.base_url or connector.base_url).rstrip("/")
        self._secrets = _secrets(connector, account, self._where)
        self._budget = CredentialBudget(budgets, self._credential(), connector.limits)
        # Calls too old to count go once a pull: nothing else schedules it.
        self._budget.leak()
        limiter = Limiter(SingleBucketFactory(self._budget, schedule_leak=False), buffer_ms=0)
        # limit_statuses is empty: filling the whole bucket after one 429 would cost a minute, pause() is exact.
        self._session = LimiterSession(limiter=limiter, per_host=False, limit_statuses=())
        self._session.headers["User-Agent"] = "affiliate-assets"

    @property
    def waited_seconds(self) -> float:
        """Seconds spent waiting for the rate budget."""
        return self._budget.waited_ms / 1000

    def send(self, request: Request) -> Answer:
        """Send a request until it is answered, refused, or the bounds are reached.

        Raises:
            RetryableError: Every attempt failed for a passing cause; the last one is raised.
            NetworkStopped: The network refuses the request.
            ConfigError: The base URL or the secret is of no use in a request.
        """
        bounds = self._bounds
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            stop=tenacity.stop_after_attempt(bounds.attempts) | tenacity.stop_before_delay(bounds.seconds),
            wait=self._wait,
            before_sleep=self._note_retry,
            reraise=True,
        )
        try:
            return retrying(self._attempt, request)
        except AffiliateError as error:
            raise error.at(self._where) from None

    def _attempt(self, request: Request) -> Answer:
        pause = self._budget.paused_seconds()
        if pause > self._bounds.seconds:
            raise RateLimited(
                f"The network asked for a pause that lasts {pause:.0f} s more.",
                next_step="run again when it is over.",
                retry_after=pause,
            )
        self.effort.requests += 1
        try:
            response = self._session.request(
                request.method,
                f"{self._base_url}/{request.path.lstrip('/')}",
                params=dict(request.params),
                json=request.json,
                auth=_Bearer(self._secrets[self.connector.auth.secret]),
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
            )
        except _PASSING as error:
            raise RetryableError(
                f"No whole answer came from {self._base_url}: {redact(str(error))}.",
                next_step="run again later; if it stays, check base_url, proxy and the network's status page.",
            ) from None
        except (requests.RequestException, UnicodeError) as error:
            # Its text is not repeated: it may hold a header.
            raise ConfigError(
                f"No request can be made from the configuration ({type(error).__name__}).",
                next_step="check base_url, and that the secret is one line of plain ASCII.",
            ) from None
        answer = Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
            served_at=http_date(response.headers.get("Date")),
        )
        self.effort.bytes += len(answer.body)
        problem = problem_of(answer, self.connector)
        if problem is not None:
            raise problem
        return answer

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Full jitter, but never less than what the network asked for."""
        jittered = tenacity.wait_random_exponential(multiplier=self._bounds.first_wait, max=self._bounds.longest_wait)(
            state
        )
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetryableError) else None
        if asked is not None:
            self._budget.pause(asked)
        return max(jittered, asked or 0.0)

    def _note_retry(self, state: tenacity.RetryCallState) -> None:
        self.effort.retries += 1
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        log.warning("[%s] attempt %d failed, next in %.1f s: %s", self._where, state.attempt_number, wait, error)

    def _credential(self) -> str:
        """An opaque name for the credential: accounts that share a token share its budget."""
        secret = self._secrets[self.connector.auth.secret]
        return f"{self.connector.slug}:{hashlib.sha256(secret.encode()).hexdigest()[:16]}"


def _secrets(connector: Connector, account: AccountSettings, where: Where) -> dict[str, str]:
    missing = [name for name in connector.credentials if name not in account.credentials]
    if missing:
        raise ConfigError(
            f"The account has no credential {', '.join(missing)}.",
            next_step=f'add {missing[0]} = "env:…" under its [accounts.credentials].',
            where=where,
        )
    return {name: resolve(account.credentials[name], where) for name in connector.credentials}


def budgets_file(data: Path) -> Path:
    """Where the rate budgets live below the data folder."""
    return data / "state" / "rate_budgets.sqlite"
