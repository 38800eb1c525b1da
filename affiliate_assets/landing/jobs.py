"""Streams that the network prepares first: queue a job, poll it, then download its files.

The job's name is landed before anything is downloaded, so that a run that is killed or runs out of patience goes
on with the same job: networks count how many are queued a day.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from affiliate_assets.connectors.language import ApiStream, AsyncJob, Request, Window
from affiliate_assets.errors import RetryableError
from affiliate_assets.http.calls import About
from affiliate_assets.http.client import NetworkClient
from affiliate_assets.landing.pages import WindowFolder


def job_results(client: NetworkClient, stream: ApiStream, window: Window, folder: WindowFolder) -> tuple[Request, ...]:
    """Wait for the window's job and return what to download, one request a page.

    Raises:
        RetryableError: The job is still running, or failed at the network; then it is queued again next time.
    """
    job, manifest, account_id = stream.job, folder.manifest, client.account.account_id
    assert job is not None
    about = About(stream.name, manifest.window_id, purpose="job")
    if manifest.job_id is None:
        manifest.job_id = client.send(job.submit(account_id, window), job.job_id, about).value
        folder.save()
    deadline = time.monotonic() + job.patience.total_seconds()
    while True:
        status = client.send(job.poll(account_id, manifest.job_id), job.status, about).value
        if status.state == "done":
            return status.results
        if status.state == "failed":
            failed, manifest.job_id, manifest.pages = manifest.job_id, None, []
            raise RetryableError(
                f"The network's job {failed} failed: {status.reason or 'no reason told'}.",
                next_step="run again; the job is then queued anew.",
            )
        if time.monotonic() + job.every.total_seconds() > deadline:
            raise RetryableError(
                f"The network's job {manifest.job_id} is still running after {job.patience}.",
                next_step="run again later; the same job is then asked for.",
                retry_after=job.every.total_seconds(),
                cause="running",
            )
        time.sleep(job.every.total_seconds())


def is_kept(job: AsyncJob, started_at: datetime) -> bool:
    """Whether the network still has a job of that age."""
    return datetime.now(UTC) - started_at < job.kept
