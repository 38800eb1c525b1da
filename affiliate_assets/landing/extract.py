"""Windows → landed pages, over HTTP. Opens no database."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.connectors.planning import Span, cover
from affiliate_assets.errors import (
    AffiliateError,
    BudgetSpent,
    ConfigError,
    ContractError,
    CredentialRefused,
    NetworkStopped,
    RateLimited,
    RetryableError,
    Where,
    WindowTooLarge,
)
from affiliate_assets.http.circuit import is_its_own
from affiliate_assets.landing.control import ask_control_totals
from affiliate_assets.landing.pages import MANIFEST, DeadLetter, Manifest, WindowFolder, new_window_id
from affiliate_assets.landing.window import Pull, Question, read_window

log = logging.getLogger(__name__)

# A window of this length is not cut in halves any more.
SHORTEST = timedelta(hours=1)
# How often something else is looked after while accounts are pulled.
LOOK_SECONDS = 0.05


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
    unkept: set[tuple[str, str | None]] = set()
    while waiting:
        question = waiting.popleft()
        stream = question.stream
        asked = (stream.name, question.window.clock)
        folder = WindowFolder(pull.landing, question.unfinished or _manifest(pull, question))
        manifest = folder.manifest
        manifest.message, manifest.resume_at = None, None
        if ended is not None:
            _leave(manifest, ended, f"Not asked: {ended}")
        elif asked in refused:
            manifest.status, manifest.message = "abandoned", "Not asked: the network refuses this clock."
        elif asked in unkept:
            # Complete, it would hide the one before it, of which nothing on the disk tells.
            manifest.status = "incomplete"
            manifest.message = (
                f"[{_where(pull, question)}] Not asked: the window before it could not be kept."
                " Next: free disk space below the data folder, then run again."
            )
        elif (open_until := pull.circuit.open_until(stream.name)) is not None:
            manifest.status, manifest.resume_at = "incomplete", open_until
            manifest.message = (
                f"[{_where(pull, question)}] Not asked: its circuit is open after repeated failures."
                f" Next: nothing before {open_until:%Y-%m-%d %H:%M} UTC; then run again."
            )
        else:
            try:
                read_window(pull, question, folder)
                pull.circuit.succeeded(stream.name)
            except AffiliateError as error:
                instead = _instead(pull, question, error)
                told = str(error.at(_where(pull, question)))
                # What the pull mends by itself wakes nobody.
                log.log(logging.INFO if instead else logging.ERROR, told)
                _leave(manifest, error, told)
                if instead:
                    waiting.extendleft(reversed(instead))
                    manifest.status = "abandoned"
                    manifest.message = (
                        f"{error.what} Read by {', '.join(str(each.window) for each in instead)} instead."
                    )
                    if type(error) is NetworkStopped:
                        refused.add(asked)
                elif error.evidence is not None:
                    manifest.dead_letters.append(_dead_letter(error, len(manifest.pages) + 1))
                if isinstance(error, (BudgetSpent, CredentialRefused, ConfigError)):
                    ended = error
                if instead or not is_its_own(error):
                    # Where the disk refuses this too, the trial's own time ends it.
                    with suppress(RetryableError):
                        pull.circuit.released(stream.name)
                else:
                    pull.circuit.failed(stream.name, error.what)
        manifest.finished_at = datetime.now(UTC)
        if not _is_kept(folder):
            unkept.add(asked)
        manifests.append(manifest)
    if ended is None:
        ask_control_totals(pull.client, pull.landing, streams, manifests, complete or {})
    return manifests


def _instead(pull: Pull, question: Question, error: AffiliateError) -> list[Question]:
    """The questions that stand in for one the network refuses: its halves, or the first clock; else none."""
    stream, refused = question.stream, question.window
    shortest = _shortest(stream, error)
    if shortest is not None and refused.start and refused.end and refused.end - refused.start > shortest:
        middle = (refused.start + (refused.end - refused.start) / 2).replace(microsecond=0)
        return [Question(stream, replace(refused, end=middle)), Question(stream, replace(refused, start=middle))]
    clock = next((clock for clock in stream.clocks if clock.name == refused.clock), None)
    if clock is None or clock.instead is None or type(error) is not NetworkStopped:
        return []
    span = Span(max(pull.as_of - clock.instead, pull.start), pull.as_of)
    return [Question(stream, window) for window in cover(stream, [span], f"{clock.sees}, by {stream.clocks[0].name}")]


def _shortest(stream: ApiStream, error: AffiliateError) -> timedelta | None:
    """The length down to which a window with this error is cut in halves; None for an error that no length cures."""
    if isinstance(error, WindowTooLarge):
        return SHORTEST
    timed_out = isinstance(error, RetryableError) and error.cause == "timeout"
    return stream.shortest_span if timed_out else None


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


def _is_kept(folder: WindowFolder) -> bool:
    """Keep the outcome; on a full disk a window that was kept before stays open in its folder, for the next run."""
    try:
        folder.save()
    except RetryableError as error:
        folder.manifest.status, folder.manifest.message = "incomplete", str(error)
        return (folder.path / MANIFEST).is_file()
    return True


def _where(pull: Pull, question: Question) -> Where:
    account = pull.client.account
    return Where(account.network, account.account_id, question.stream.name, str(question.window))


def _manifest(pull: Pull, question: Question) -> Manifest:
    window, connector = question.window, pull.client.connector
    own_zone = None if connector.asks_for_utc else pull.client.account.time_zone
    return Manifest(
        window_id=new_window_id(window.clock, window.start, window.end),
        network=connector.slug,
        account_id=pull.client.account.account_id,
        stream=question.stream.name,
        clock=window.clock,
        window_start=window.start,
        window_end=window.end,
        keys=len(window.keys),
        reason=window.reason,
        time_zone=own_zone or question.stream.time_zone,
        run_id=pull.run_id,
        as_of=pull.as_of,
        started_at=datetime.now(UTC),
    )


def side_by_side(
    tasks: Iterable[Callable[[], list[Manifest]]], meanwhile: Callable[[Callable[[], bool]], object]
) -> list[Manifest]:
    """Run the accounts of a network at the same time; they share budgets through the throttle.

    `meanwhile` is called again and again while they run, with what tells that they have ended.
    """
    waiting = list(tasks)
    if not waiting:
        return []
    with ThreadPoolExecutor(max_workers=len(waiting), thread_name_prefix="account") as pool:
        futures = [pool.submit(task) for task in waiting]
        while wait(futures, LOOK_SECONDS).not_done:
            meanwhile(lambda: all(future.done() for future in futures))
        return [manifest for future in futures for manifest in future.result()]
