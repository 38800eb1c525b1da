"""One account's way to its network: authenticated, within the budget, retried on named causes, logged."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, overload

import tenacity
from requests.auth import AuthBase

from affiliate_assets.connectors.auth import OAuth2
from affiliate_assets.connectors.language import Answer, Connector, Priority, Request
from affiliate_assets.connectors.lookup import Lookup
from affiliate_assets.errors import (
    AffiliateError,
    BudgetSpent,
    ConfigError,
    CredentialRefused,
    RateLimited,
    RetryableError,
    Where,
)
from affiliate_assets.http.answers import problem_of, problem_of_login
from affiliate_assets.http.asking import Asker, Effort, Question, Read
from affiliate_assets.http.auth import Nobody
from affiliate_assets.http.calls import About, CallLog, Reply
from affiliate_assets.http.tokens import Keeper
from affiliate_assets.secrets import resolve
from affiliate_assets.settings import AccountSettings

log = logging.getLogger(__name__)

T = TypeVar("T")
# A body that is broken again and again is not a passing fault.
_BROKEN_BODIES = 3


@dataclass(frozen=True, slots=True)
class RetryBounds:
    """How long a call is repeated.

    Attributes:
        attempts: Requests in all.
        seconds: Time in all, without the waits for the rate budget; also the longest wait for the budget.
        first_wait: Seconds; waits are drawn from 0 to a bound that doubles from here.
        longest_wait: Seconds; where the bound ends.
        attempt_seconds: How long one answer may take.
    """

    attempts: int = 5
    seconds: float = 300.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    attempt_seconds: float = 300.0


def _whole(answer: Answer) -> Answer:
    return answer


class NetworkClient:
    """Sends requests of one account; for one thread.

    Args:
        connector: The network's declaration.
        account: The account's settings; its secrets are resolved here.
        budgets: File of the rate budgets, shared by everything that runs.
        bounds: Limits of the retries.
        priority: Who goes first where calls of one credential wait.
        calls: Where every request is logged; None for nowhere.

    Raises:
        ConfigError: A secret is missing, or the connector needs one the account does not refer to.
    """

    def __init__(
        self,
        connector: Connector,
        account: AccountSettings,
        budgets: Path,
        bounds: RetryBounds | None = None,
        *,
        priority: Priority = Priority.RECONCILIATION,
        calls: CallLog | None = None,
    ) -> None:
        self.connector = connector
        self.account = account
        self._bounds = bounds or RetryBounds()
        self._looked_up: dict[Lookup, str | int] = {}
        where = Where(connector.slug, account.account_id)
        base_url = (account.base_url or connector.base_url).replace("{account_id}", account.account_id).rstrip("/")
        secrets = _secrets(connector, account, where)
        credential = _credential(connector, account, secrets)
        counted = {name: secrets[name] for name in secrets if name in (connector.limited_by or secrets)}
        self._asker = Asker(
            connector,
            account.account_id,
            base_url,
            budgets=budgets,
            credential=_credential(connector, account, counted),
            priority=priority,
            patience=self._bounds.seconds,
            attempt_seconds=self._bounds.attempt_seconds,
            calls=calls,
        )
        self._keeper = Keeper(connector.auth, secrets, account.credentials, credential, base_url, self._log_in)

    @property
    def effort(self) -> Effort:
        """What this client has cost so far."""
        return self._asker.effort

    @property
    def waited_seconds(self) -> float:
        """Seconds spent waiting for the rate budget."""
        return self._asker.budget.waited_ms / 1000

    @overload
    def send(self, request: Request, *, about: About = ...) -> Reply[Answer]: ...

    @overload
    def send(self, request: Request, read: Callable[[Answer], T], about: About = ...) -> Reply[T]: ...

    def send(self, request: Request, read: Read = _whole, about: About = About()) -> Reply[Any]:  # noqa: B008
        """Send a request until it is answered, refused, or the bounds are reached.

        Args:
            request: What to ask.
            read: Takes what is needed from the answer. A BrokenAnswer it raises is retried as if the network had
                failed, up to three requests in all; a ContractError ends the call.
            about: Which call this is.

        Raises:
            BudgetSpent: The published limit has no room for longer than the bounds; the last attempt sent nothing.
            RetryableError: Every attempt failed for a passing cause; the last one is raised.
            NetworkStopped: The network refuses the request or the credential, or breaks its contract.
            ConfigError: The base URL or the secret is of no use in a request.
        """
        request = self._with_values(request, about.stream)
        question = Question(about)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=lambda state: self._is_over(question, state),
            wait=self._wait,
            before_sleep=self._note_retry,
            reraise=True,
        )
        try:
            return retrying(self._attempt, request, read, question)
        except AffiliateError as error:
            raise error.at(Where(self.connector.slug, self.account.account_id, about.stream)) from None

    def _with_values(self, request: Request, stream: str | None) -> Request:
        """The request with what it leaves to the network to tell; each is asked for once."""
        wanted = [v for v in (*request.params.values(), *(request.json or {}).values()) if isinstance(v, Lookup)]
        for lookup in wanted:
            if lookup not in self._looked_up:
                reply = self.send(lookup.request, lookup.read, About(stream, purpose="lookup"))
                self._looked_up[lookup] = reply.value
        if not wanted:
            return request
        found = self._looked_up
        params = {name: str(found[v]) if isinstance(v, Lookup) else v for name, v in request.params.items()}
        body = {name: found[v] if isinstance(v, Lookup) else v for name, v in (request.json or {}).items()}
        return replace(request, params=params, json=None if request.json is None else body)

    def _attempt(self, request: Request, read: Read, question: Question) -> Reply[Any]:
        ask = self._asker.ask
        if not self._asker.at_home(request.path):
            return ask(request, Nobody(), problem_of, read, question)
        token = self._keeper.token()
        try:
            return ask(request, self._keeper.proof(token), problem_of, read, question)
        except CredentialRefused:
            if question.renewed or not self._keeper.renewable:
                raise
            question.renewed = True
            token = self._keeper.token(dead=token)
            return ask(request, self._keeper.proof(token), problem_of, read, question)

    def _log_in(self, request: Request, auth: AuthBase) -> Answer:
        """One request of a login; the retries of the call that needs it are its retries."""
        question = Question(About(purpose="token"))
        return self._asker.ask(request, auth, problem_of_login, _whole, question).answer

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Full jitter, but never less than what the network asked for."""
        error = state.outcome.exception() if state.outcome else None
        first = self._bounds.first_wait
        asked = error.retry_after if isinstance(error, RetryableError) else None
        if isinstance(error, RateLimited):
            # Somebody else has used the limit up: room comes with the window, not within a second. Of several windows
            # it is the longest that a call can wait out.
            first = max(first, min(_waited_out(self.connector, self._bounds) / 8, self._bounds.longest_wait))
        jittered = tenacity.wait_random_exponential(multiplier=first, max=self._bounds.longest_wait)(state)
        return max(jittered, asked or 0.0)

    def _is_over(self, question: Question, state: tenacity.RetryCallState) -> bool:
        bounds = self._bounds
        if state.attempt_number >= bounds.attempts or question.broken >= _BROKEN_BODIES:
            return True
        spent = (state.seconds_since_start or 0.0) - question.waited_ms / 1000
        return spent + state.upcoming_sleep >= bounds.seconds

    def _note_retry(self, state: tenacity.RetryCallState) -> None:
        self.effort.retries += 1
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        where = Where(self.connector.slug, self.account.account_id)
        log.warning("[%s] attempt %d failed, next in %.1f s: %s", where, state.attempt_number, wait, error)


def _waited_out(connector: Connector, bounds: RetryBounds) -> float:
    """Seconds of the longest published window that is no longer than the longest wait, else of the shortest one."""
    windows = sorted(limit.per.total_seconds() for limit in connector.limits)
    return max((window for window in windows if window <= bounds.longest_wait), default=windows[0] if windows else 0.0)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, RetryableError) and not isinstance(error, BudgetSpent)


def _secrets(connector: Connector, account: AccountSettings, where: Where) -> dict[str, str]:
    names = connector.auth.secrets
    missing = [name for name in names if name not in account.credentials]
    if missing:
        raise ConfigError(
            f"The account has no credential {', '.join(missing)}.",
            next_step=f'add {missing[0]} = "env:…" under its [accounts.credentials].',
            where=where,
        )
    return {name: resolve(account.credentials[name], where) for name in names}


def _credential(connector: Connector, account: AccountSettings, secrets: dict[str, str]) -> str:
    """An opaque name for a credential, or what limits count of it: accounts that share it share its token or budget.

    A refresh token counts by where it is kept, because it changes.
    """
    auth = connector.auth
    rotating = auth.refresh_token if isinstance(auth, OAuth2) and auth.grant == "refresh_token" else None
    parts = [account.credentials[name] if name == rotating else secret for name, secret in secrets.items()]
    return f"{connector.slug}:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def budgets_file(data: Path) -> Path:
    """Where the rate budgets live below the data folder."""
    return data / "state" / "rate_budgets.sqlite"
