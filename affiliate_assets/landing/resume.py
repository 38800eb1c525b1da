"""Windows that an earlier run left unfinished: which of them a run may go on with, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from affiliate_assets.connectors.language import ApiStream, Connector, Window
from affiliate_assets.errors import RetryableError, Where
from affiliate_assets.landing.jobs import is_kept
from affiliate_assets.landing.pages import Manifest, WindowFolder, manifests
from affiliate_assets.landing.window import Question

# The pages of one window should show one state of the network; what changes meanwhile is seen by the clocks.
RESUMABLE_FOR = timedelta(hours=36)


@contextmanager
def sole_pull(data: Path, network: str, account_id: str) -> Iterator[bool]:
    """Whether no other run pulls this account now; the operating system frees the lock when a process dies."""
    path = data / "state" / "pulls" / f"{network}-{account_id}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def close_dead_windows(landing: Path, connector: Connector, account_id: str, settled: set[str]) -> None:
    """Mark windows that are still open as incomplete; only for a run that pulls the account alone."""
    for stream in connector.streams:
        for _, manifest in manifests(landing, connector.slug, stream.name, account=account_id, skip=settled):
            if manifest.status == "open":
                manifest.status = "incomplete"
                where = Where(connector.slug, account_id, stream.name, manifest.window_id)
                manifest.message = (
                    f"[{where}] The run that asked it ended in the middle."
                    " Next: run again, which goes on with it or asks for it once more."
                )
                _save(landing, manifest)


def unfinished_questions(
    landing: Path, connector: Connector, account_id: str, settled: set[str], now: datetime | None = None
) -> list[Question]:
    """What earlier runs left that can be gone on with; everything else unfinished is marked as abandoned.

    Only for a run that pulls the account alone: another one may still be at work on an open window. `settled` are
    the windows that the warehouse knows as complete or abandoned; `now` is this machine's clock (UTC).
    """
    now = now or datetime.now(UTC)
    questions = []
    for stream in connector.streams:
        for _, manifest in manifests(landing, connector.slug, stream.name, account=account_id, skip=settled):
            if manifest.status in ("complete", "abandoned"):
                continue
            if _can_go_on(stream, manifest, now):
                window = Window(manifest.reason, manifest.clock, manifest.window_start, manifest.window_end)
                questions.append(Question(stream, window, manifest))
            else:
                manifest.status = "abandoned"
                _save(landing, manifest)
    return questions


def _save(landing: Path, manifest: Manifest) -> None:
    """Keep the new status; where the disk is full the window stays as it was, and the next run says it again."""
    with suppress(RetryableError):
        WindowFolder(landing, manifest).save()


def _can_go_on(stream: ApiStream, manifest: Manifest, now: datetime) -> bool:
    # Which keys were asked for is not kept: they are planned again from the records' states.
    if manifest.keys or now - manifest.started_at > RESUMABLE_FOR:
        return False
    if stream.job is not None:
        return manifest.job_id is not None and is_kept(stream.job, manifest.started_at)
    return stream.paging.resumable and manifest.cursor is not None
