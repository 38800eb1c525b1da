"""Windows → landed pages, over HTTP. Opens no database."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from affiliate_assets.connectors.language import Answer, ApiStream, Request, Window
from affiliate_assets.connectors.paging import Lines, Page, allowed_fields
from affiliate_assets.connectors.planning import Span, cover
from affiliate_assets.errors import (
    AffiliateError,
    BrokenAnswer,
    BudgetSpent,
    ConfigError,
    ContractError,
    CredentialRefused,
    NetworkStopped,
    RateLimited,
    RetryableError,
    Where,
)
from affiliate_assets.http.calls import About
from affiliate_assets.http.circuit import CircuitBreaker
from affiliate_assets.http.client import NetworkClient
from affiliate_assets.landing.control import ask_control_totals
from affiliate_assets.landing.jobs import job_results
from affiliate_assets.landing.pages import DeadLetter, Manifest, WindowFolder, new_window_id

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pull:
    """One account's way to its network in one run.

    Attributes:
        as_of: What the run takes for the present (UTC).
        start: First instant ever wanted (UTC).
    """

    client: NetworkClient
    circuit: CircuitBreaker
    landing: Path
    run_id: str
    as_of: datetime
    start: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """One window to be read: a new one, or the rest of one that an earlier run left unfinished."""

    stream: ApiStream
    window: Window
    unfinished: Manifest | None = None


def pull_windows(
    pull: Pull, questions: Iterable[Question], complete: Mapping[str, tuple[Span, ...]] | None = None
) -> list[Manifest]:
    """Ask each question in turn and land its pages; one account.

    `complete` are the spans that were read before, by stream; the control total covers them too.

    A window that fails for a passing cause is left incomplete and the next one is tried, until the circuit of its
    stream opens. A window the network refuses fails alone; a refused credential or a spent budget ends the
    account. Whatever landed stays, and what is missing is asked for next time.

    Returns:
        One manifest a question, also for those that were not asked.
    """
    manifests: list[Manifest] = []
    ended: AffiliateError | None = None
    waiting = deque(questions)
    streams = [question.stream for question in waiting]
    refused: set[tuple[str, str | None]] = set()
    while waiting:
        question = waiting.popleft()
        stream = question.stream
        folder = WindowFolder(pull.landing, question.unfinished or _manifest(pull, question))
        manifest = folder.manifest
        manifest.message, manifest.resume_at = None, None
        open_until = pull.circuit.open_until(stream.name)
        if ended is not None:
            _leave(manifest, ended, f"Not asked: {ended}")
        elif (stream.name, question.window.clock) in refused:
            manifest.status, manifest.message = "abandoned", "Not asked: the network refuses this clock."
        elif open_until is not None:
            manifest.status, manifest.resume_at = "incomplete", open_until
            manifest.message = (
                f"[{_where(pull, question)}] Not asked: its circuit is open after repeated failures."
                f" Next: nothing before {open_until:%Y-%m-%d %H:%M} UTC; then run again."
            )
        else:
            try:
                _read(pull, question, folder)
                pull.circuit.succeeded(stream.name)
            except AffiliateError as error:
                _leave(manifest, error, _told(pull, question, error))
                instead = _instead(pull, question, error)
                if instead:
                    refused.add((stream.name, question.window.clock))
                    waiting.extendleft(reversed(instead))
                    manifest.status = "abandoned"
                    manifest.message = f"The network refuses this clock; read by {instead[0].window.clock} instead."
                elif error.evidence is not None:
                    manifest.dead_letters.append(_dead_letter(error, len(manifest.pages) + 1))
                if isinstance(error, (BudgetSpent, CredentialRefused, ConfigError)):
                    ended = error
                elif instead:
                    pass
                elif not isinstance(error, RetryableError) or error.cause not in ("limit", "disk", "running"):
                    pull.circuit.failed(stream.name, error.what)
        manifest.finished_at = datetime.now(UTC)
        _save(folder)
        manifests.append(manifest)
    if ended is None:
        ask_control_totals(pull.client, pull.landing, streams, manifests, complete or {})
    return manifests


def _read(pull: Pull, question: Question, folder: WindowFolder) -> None:
    """Land what is missing of one window and note how its completeness is proved."""
    manifest, stream = folder.manifest, question.stream
    effort, waited = pull.client.effort, pull.client.waited_seconds
    before = (effort.requests, effort.retries)
    try:
        if stream.job is None:
            total = _follow_pages(pull, question, folder)
        else:
            requests = job_results(pull.client, stream, question.window, folder)
            for request in requests[len(manifest.pages) :]:
                _land(pull, question, folder, request, None, 0)
            total = None
    finally:
        manifest.requests += effort.requests - before[0]
        manifest.retries += effort.retries - before[1]
        manifest.waited_seconds = round(manifest.waited_seconds + pull.client.waited_seconds - waited, 3)
    manifest.expected_records = total
    if total is not None and total != manifest.records:
        # Which page is short is not known: nothing of it may be gone on from.
        manifest.pages[-1].cursor = None
        raise BrokenAnswer(
            f"The network counts {total} records in this window, {manifest.records} were read.",
            next_step="run again; if it stays, report the window to the network.",
        )
    manifest.status = "complete"
    manifest.proof = "the network's job ended, and all its files were read" if stream.job else stream.paging.proof


def _follow_pages(pull: Pull, question: Question, folder: WindowFolder) -> int | None:
    """Read pages from the last landed one to the end; returns the network's total, where it tells one."""
    stream, account_id = question.stream, pull.client.account.account_id
    cursor, followed, previous = folder.manifest.cursor, set[str](), 0
    while True:
        request = stream.request(account_id, question.window, cursor)
        previous, total = _land(pull, question, folder, request, cursor, previous)
        cursor = folder.manifest.cursor
        if cursor is None:
            return total
        if cursor in followed:
            folder.manifest.pages[-1].cursor = None
            raise ContractError(
                f"The cursor {cursor!r} comes back after {len(followed)} pages.",
                next_step="run again; if it stays, report the window to the network.",
            )
        followed.add(cursor)


def _land(
    pull: Pull, question: Question, folder: WindowFolder, request: Request, cursor: str | None, previous: int
) -> tuple[int, int | None]:
    """Ask for one page and land it; returns its fingerprint, and the window's total where the page tells it."""
    stream = question.stream
    fields = allowed_fields(stream.allowed, stream.dropped)

    def read(answer: Answer) -> tuple[Lines, Page]:
        page = stream.paging.page(answer.body, cursor)
        lines = fields.lines(page.records)
        page.verify(lines.records)
        if lines.records and hash(lines.content) == previous:
            raise BrokenAnswer(
                "The page holds the same records as the one before it.",
                next_step="run again; if it stays, report the window to the network.",
            )
        return lines, page

    about = About(stream.name, folder.manifest.window_id, len(folder.manifest.pages) + 1)
    reply = pull.client.send(request, read, about)
    lines, page = reply.value
    folder.add_page(
        lines.content,
        lines.records,
        run_id=pull.run_id,
        as_of=pull.as_of,
        call_id=reply.call_id,
        cursor=page.cursor,
        unknown=lines.unknown,
    )
    return hash(lines.content), page.total


def _instead(pull: Pull, question: Question, error: AffiliateError) -> list[Question]:
    """The questions on the first clock that stand in for one the network refuses; none for any other error."""
    stream, refused = question.stream, question.window
    clock = next((clock for clock in stream.clocks if clock.name == refused.clock), None)
    if clock is None or clock.instead is None or type(error) is not NetworkStopped:
        return []
    span = Span(max(pull.as_of - clock.instead, pull.start), pull.as_of)
    return [Question(stream, window) for window in cover(stream, [span], f"{clock.sees}, by {stream.clocks[0].name}")]


def _leave(manifest: Manifest, error: AffiliateError, message: str) -> None:
    """Mark a window as not read to its end, and when it may go on where that is known."""
    passing = isinstance(error, RetryableError)
    manifest.status, manifest.message = ("incomplete" if passing else "failed"), message
    if isinstance(error, RateLimited) and error.retry_after is not None:
        manifest.resume_at = datetime.now(UTC) + timedelta(seconds=error.retry_after)


def _dead_letter(error: AffiliateError, page: int) -> DeadLetter:
    evidence = error.evidence
    assert evidence is not None
    reason = error.cause if isinstance(error, RetryableError) else _REASONS.get(type(error), "refused")
    return DeadLetter(
        page=page,
        reason=reason,
        message=error.what,
        at=datetime.now(UTC),
        request=evidence.request,
        status=evidence.status,
        content_type=evidence.content_type,
        bytes=evidence.bytes,
        sha256=evidence.sha256,
        masked_sample=evidence.sample,
    )


_REASONS: dict[type[AffiliateError], str] = {ContractError: "contract", CredentialRefused: "auth"}


def _save(folder: WindowFolder) -> None:
    """Keep the outcome; on a full disk the window stays open in its folder, which the next run understands."""
    try:
        folder.save()
    except RetryableError as error:
        folder.manifest.status, folder.manifest.message = "incomplete", str(error)


def _told(pull: Pull, question: Question, error: AffiliateError) -> str:
    message = str(error.at(_where(pull, question)))
    log.error(message)
    return message


def _where(pull: Pull, question: Question) -> Where:
    account = pull.client.account
    return Where(account.network, account.account_id, question.stream.name, str(question.window))


def _manifest(pull: Pull, question: Question) -> Manifest:
    window = question.window
    return Manifest(
        window_id=new_window_id(window.clock, window.start, window.end),
        network=pull.client.connector.slug,
        account_id=pull.client.account.account_id,
        stream=question.stream.name,
        clock=window.clock,
        window_start=window.start,
        window_end=window.end,
        keys=len(window.keys),
        reason=window.reason,
        time_zone=question.stream.time_zone,
        run_id=pull.run_id,
        as_of=pull.as_of,
        started_at=datetime.now(UTC),
    )


def side_by_side(tasks: Iterable[Callable[[], list[Manifest]]]) -> list[Manifest]:
    """Run the accounts of a network at the same time; they share budgets through the throttle."""
    waiting = list(tasks)
    if not waiting:
        return []
    with ThreadPoolExecutor(max_workers=len(waiting), thread_name_prefix="account") as pool:
        futures = [pool.submit(task) for task in waiting]
        return [manifest for future in futures for manifest in future.result()]
