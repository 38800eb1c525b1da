"""One window → its landed pages, one question after the other. Opens no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from affiliate_assets.connectors.language import Answer, ApiStream, Request, Window
from affiliate_assets.connectors.paging import Lines, Page, allowed_fields
from affiliate_assets.errors import BrokenAnswer, ContractError
from affiliate_assets.http.calls import About
from affiliate_assets.http.circuit import CircuitBreaker
from affiliate_assets.http.client import NetworkClient
from affiliate_assets.landing.jobs import job_results
from affiliate_assets.landing.pages import Manifest, WindowFolder


@dataclass(frozen=True, slots=True)
class Pull:
    """One account's way to its network in one run.

    Attributes:
        as_of: What the run takes for the present (UTC).
        start: First instant ever wanted (UTC).
        landed: Told the bytes of each page's records once it has landed; from several threads at once.
    """

    client: NetworkClient
    circuit: CircuitBreaker
    landing: Path
    run_id: str
    as_of: datetime
    start: datetime
    landed: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Question:
    """One window to be read: a new one, or the rest of one that an earlier run left unfinished."""

    stream: ApiStream
    window: Window
    unfinished: Manifest | None = None


def read_window(pull: Pull, question: Question, folder: WindowFolder) -> None:
    """Land what is missing of one window and note how its completeness is proved.

    Raises:
        AffiliateError: Something kept it from its end; whatever landed before is listed.
    """
    manifest, stream = folder.manifest, question.stream
    question = replace(question, window=replace(question.window, time_zone=manifest.time_zone))
    effort, waited = pull.client.effort, pull.client.waited_seconds
    before = (effort.requests, effort.retries)
    try:
        if stream.job is None:
            total = _follow_pages(pull, question, folder)
        else:
            requests = job_results(pull.client, stream, question.window, folder)
            for request in requests[len(manifest.pages) :]:
                _land(pull, question, folder, request)
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
    cursor, followed, previous = folder.manifest.cursor, set[str](), b""
    while True:
        request = stream.request(account_id, question.window, cursor)
        previous, page = _land(pull, question, folder, request, cursor, previous)
        cursor = page.cursor
        if cursor is None:
            return page.total
        if cursor in followed:
            folder.manifest.pages[-1].cursor = None
            raise ContractError(
                f"The cursor {cursor!r} comes back after {len(followed)} pages.",
                next_step="run again; if it stays, report the window to the network.",
            )
        followed.add(cursor)


def _land(
    pull: Pull,
    question: Question,
    folder: WindowFolder,
    request: Request,
    cursor: str | None = None,
    previous: bytes = b"",
) -> tuple[bytes, Page]:
    """Ask for one page and land it; returns its content and what it told. `previous` is the content before it."""
    stream = question.stream
    fields = allowed_fields(stream.allowed, stream.dropped)

    def read(answer: Answer) -> tuple[Lines, Page]:
        stream.agrees(request, answer)
        page = stream.paging.page(answer.body, cursor)
        lines = fields.lines(page.records)
        page.verify(lines.records)
        if lines.records and lines.content == previous:
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
    pull.landed(len(lines.content))
    return lines.content, page
