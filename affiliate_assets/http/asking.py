"""One request: within the budget, on the wire, judged, and written into the log of calls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from pyrate_limiter import Limiter
from pyrate_limiter.limiter import SingleBucketFactory
from requests.auth import AuthBase
from requests_ratelimiter import LimiterSession

from affiliate_assets.connectors.language import Answer, Connector, Priority, Request
from affiliate_assets.errors import AffiliateError, RetryableError
from affiliate_assets.http.answers import asked_pause, calls_left, evidence_of
from affiliate_assets.http.calls import About, Call, CallLog, Outcome, Reply, outcome_of
from affiliate_assets.http.throttle import CredentialBudget
from affiliate_assets.http.wire import Received, Wire, exchange
from affiliate_assets.secrets import redact

Read = Callable[[Answer], Any]
Judge = Callable[[Answer, Connector], AffiliateError | None]

# A nonsensical hint must not shut a credential out for good.
_LONGEST_PAUSE = 86_400.0


@dataclass(slots=True)
class Effort:
    """What a pull has cost so far."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Question:
    """What is wanted, over all requests that it takes.

    Attributes:
        attempts: Requests so far.
        broken: Answers so far that were broken in themselves.
        waited_ms: Waits for the budget so far.
        renewed: The credential has been renewed for it.
    """

    about: About
    correlation_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    attempts: int = 0
    broken: int = 0
    waited_ms: int = 0
    renewed: bool = False


class _Session(LimiterSession):
    """Knows no redirects: looking for the next address would read the body away, without its deadline."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Asker:
    """Sends single requests of one account.

    Args:
        connector: The network's declaration.
        account_id: Whose requests they are.
        base_url: Where the network is asked for this account.
        budgets: File of the rate budgets.
        credential: Opaque name of the credential, whose budget it is.
        priority: Who goes first where calls wait.
        patience: Longest wait for the budget, seconds.
        attempt_seconds: How long one answer may take.
        calls: Where every request is logged; None for nowhere.
    """

    def __init__(
        self,
        connector: Connector,
        account_id: str,
        base_url: str,
        *,
        budgets: Path,
        credential: str,
        priority: Priority,
        patience: float,
        attempt_seconds: float,
        calls: CallLog | None,
    ) -> None:
        self.effort = Effort()
        self.budget = CredentialBudget(
            budgets,
            credential,
            connector.limits,
            priority=priority,
            patience=patience,
            one_at_a_time=connector.one_at_a_time,
        )
        # Calls too old to count go once a pull: nothing else schedules it.
        self.budget.leak()
        limiter = Limiter(SingleBucketFactory(self.budget, schedule_leak=False), buffer_ms=0)
        # limit_statuses is empty: filling the whole bucket after one 429 would cost a minute, pause() is exact.
        self._session = _Session(limiter=limiter, per_host=False, limit_statuses=())
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Wire())
        self._session.headers["User-Agent"] = "affiliate-assets"
        self._connector = connector
        self._account_id = account_id
        self._base_url = base_url
        self._priority = priority
        self._attempt_seconds = attempt_seconds
        self._calls = calls

    def ask(self, request: Request, auth: AuthBase, judge: Judge, read: Read, question: Question) -> Reply[Any]:
        """Send one request and read its answer.

        Args:
            request: What is asked.
            auth: What proves it.
            judge: Tells an error from an answer.
            read: Takes what is needed from the answer.
            question: What it is one attempt of.

        Raises:
            AffiliateError: What the request came to; with evidence where an answer was received.
        """
        call_id = uuid.uuid4().hex
        outcome: Outcome = "contract"
        sent = _Sent(Received(None, None))
        try:
            self._send(request, auth, question, sent)
            answer, problem = sent.received.answer, sent.received.problem
            value: Any = None
            if problem is None and answer is not None:
                self._heed(answer)
                problem = judge(answer, self._connector)
                if problem is None:
                    try:
                        value = read(answer)
                    except AffiliateError as error:
                        problem = error
            outcome = outcome_of(problem)
            if problem is not None:
                raise self._explained(problem, request, answer, question)
            assert answer is not None
            return Reply(call_id, value, answer)
        finally:
            # Without a slot nothing went out.
            if self.budget.taken:
                self._count(call_id, request, question, sent, outcome)

    def url(self, path: str) -> str:
        """Where a request goes: below the base URL, or wherever an absolute path says."""
        return path if "://" in path else f"{self._base_url}/{path.lstrip('/')}"

    def at_home(self, path: str) -> bool:
        """Whether credentials may go there: the same scheme, host and port as the base URL."""
        try:
            one, other = urlsplit(self.url(path)), urlsplit(self._base_url)
            return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
        except ValueError:
            # An address that is none is refused where the request is made.
            return "://" not in path

    def _send(self, request: Request, auth: AuthBase, question: Question, sent: _Sent) -> None:
        started = time.monotonic()
        self.budget.begin()
        try:
            sent.received = exchange(self._session, request, self.url(request.path), auth, self._attempt_seconds)
        finally:
            sent.waited_ms = self.budget.waited_for_this_call_ms
            question.waited_ms += sent.waited_ms
            sent.duration_ms = int((time.monotonic() - started) * 1000) - sent.waited_ms
            answered_ms = sent.received.answered_ms
            sent.headroom = self.budget.done(
                None if answered_ms is None else answered_ms - sent.waited_ms, sent.received.connected_ms
            )

    def _explained(
        self, problem: AffiliateError, request: Request, answer: Answer | None, question: Question
    ) -> AffiliateError:
        if isinstance(problem, RetryableError):
            question.broken += problem.cause == "body"
            if problem.retry_after is not None:
                self.budget.pause(min(problem.retry_after, _LONGEST_PAUSE))
        if answer is not None and problem.evidence is None:
            problem.evidence = evidence_of(request, answer)
        return problem

    def _heed(self, answer: Answer) -> None:
        """Where an answer was the last one that the network gives for now, nobody asks before it says so."""
        if 200 <= answer.status < 300 and calls_left(answer) == 0 and not self._counts_jobs(answer):
            pause = asked_pause(answer)
            if pause:
                self.budget.pause(min(pause, _LONGEST_PAUSE))

    def _counts_jobs(self, answer: Answer) -> bool:
        """Whether an answer tells what is left of a day's jobs, which are no calls: the others may go on."""
        a_day = max((stream.job.a_day or 0 for stream in self._connector.streams if stream.job), default=0)
        limit = answer.headers.get("x-ratelimit-limit", "")
        return limit.isdecimal() and 0 < int(limit) <= a_day

    def _count(self, call_id: str, request: Request, question: Question, sent: _Sent, outcome: Outcome) -> None:
        answer = sent.received.answer
        received = len(answer.body) if answer else 0
        question.attempts += 1
        self.effort.requests += 1
        self.effort.bytes += received
        if self._calls is None:
            return
        about = question.about
        self._calls.add(
            Call(
                call_id=call_id,
                correlation_id=question.correlation_id,
                network=self._connector.slug,
                account_id=self._account_id,
                stream=about.stream,
                window_id=about.window_id,
                page=about.page,
                purpose=about.purpose,
                method=request.method,
                path=self._logged_path(request.path),
                attempt=question.attempts,
                status=answer.status if answer else None,
                bytes=received,
                duration_ms=sent.duration_ms,
                waited_ms=sent.waited_ms,
                headroom=sent.headroom,
                outcome=outcome,
                priority=self._priority.name.lower(),
                started_at=datetime.now(UTC) - timedelta(milliseconds=sent.duration_ms),
            )
        )

    def _logged_path(self, path: str) -> str:
        """The path without query; with its host where that is another one."""
        parts = urlsplit(self.url(path))
        return redact(parts.path if self.at_home(path) else f"{parts.scheme}://{parts.hostname}{parts.path}")


@dataclass(slots=True)
class _Sent:
    """What is known of one request once it is over."""

    received: Received
    duration_ms: int = 0
    waited_ms: int = 0
    headroom: int = 0
