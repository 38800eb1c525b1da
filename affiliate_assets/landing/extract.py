"""Windows → landed pages, over HTTP. Opens no database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from affiliate_assets.connectors.language import ApiStream, Window
from affiliate_assets.connectors.paging import AllowedFields
from affiliate_assets.errors import AffiliateError, ContractError, RetryableError, Where
from affiliate_assets.http.client import NetworkClient
from affiliate_assets.landing.pages import Manifest, WindowFolder, new_window_id

log = logging.getLogger(__name__)


def pull_windows(
    client: NetworkClient,
    plan: Iterable[tuple[ApiStream, Window]],
    *,
    landing: Path,
    run_id: str,
    as_of: datetime,
) -> list[Manifest]:
    """Ask for each window in turn and land its pages; one account.

    A window that fails for a passing cause is left incomplete and the next one is tried; a refusal ends
    the account. Either way what landed stays, and the window is planned again next time.

    Returns:
        One manifest a window, also for those that were not reached.
    """
    results: list[Manifest] = []
    refusal: AffiliateError | None = None
    for stream, window in plan:
        folder = WindowFolder(landing, _manifest(client, stream, window, run_id, as_of))
        manifest = folder.manifest
        if refusal is None:
            try:
                _pull(client, stream, window, folder)
                manifest.status = "complete"
            except RetryableError as error:
                manifest.status, manifest.message = "incomplete", _told(error, client, stream, window)
            except AffiliateError as error:
                refusal = error
                manifest.status, manifest.message = "failed", _told(error, client, stream, window)
        else:
            manifest.status, manifest.message = "failed", f"Not asked for: {refusal}"
        manifest.finished_at = datetime.now(UTC)
        folder.save()
        results.append(manifest)
    return results


def _told(error: AffiliateError, client: NetworkClient, stream: ApiStream, window: Window) -> str:
    message = str(error.at(Where(client.connector.slug, client.account.account_id, stream.name, str(window))))
    log.error(message)
    return message


def _pull(client: NetworkClient, stream: ApiStream, window: Window, folder: WindowFolder) -> None:
    fields = AllowedFields(stream.allowed, stream.dropped)
    cursor: str | None = None
    followed: set[str] = set()
    before, waited = (client.effort.requests, client.effort.retries), client.waited_seconds
    try:
        while True:
            answer = client.send(stream.request(client.account.account_id, window, cursor))
            fetched_at = datetime.now(UTC)
            page = stream.paging.page(answer.body, cursor)
            lines, records, unknown = fields.lines(page.records)
            folder.add_page(lines, records, fetched_at, answer.served_at or fetched_at, unknown)
            cursor = page.cursor
            if cursor is None:
                return
            if cursor in followed:
                raise ContractError(
                    f"The cursor {cursor!r} comes back after {len(followed)} pages.",
                    next_step="run again; if it stays, report the window to the network.",
                )
            followed.add(cursor)
    finally:
        manifest = folder.manifest
        manifest.requests = client.effort.requests - before[0]
        manifest.retries = client.effort.retries - before[1]
        manifest.waited_seconds = round(client.waited_seconds - waited, 3)


def _manifest(client: NetworkClient, stream: ApiStream, window: Window, run_id: str, as_of: datetime) -> Manifest:
    return Manifest(
        window_id=new_window_id(window.clock, window.start, window.end),
        network=client.connector.slug,
        account_id=client.account.account_id,
        stream=stream.name,
        clock=window.clock,
        window_start=window.start,
        window_end=window.end,
        keys=len(window.keys),
        reason=window.reason,
        time_zone=stream.time_zone,
        run_id=run_id,
        as_of=as_of,
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
