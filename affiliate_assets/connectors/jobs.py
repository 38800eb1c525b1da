"""The words for streams whose records the network prepares first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from affiliate_assets.connectors.language import Answer, Request, Window


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where an asynchronous job stands.

    Attributes:
        state: running, done, or failed at the network.
        results: Once done: what to download, one request a page, in a fixed order.
        reason: Once failed: the network's words.
    """

    state: Literal["running", "done", "failed"]
    results: tuple[Request, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AsyncJob:
    """A stream whose records are prepared by the network: queued, polled, then downloaded.

    Attributes:
        submit: The request that queues the job for account id and window.
        job_id: The network's name of the job, from the answer to `submit`.
        poll: The request for the state of a job, from account id and job id.
        status: The job's state, from the answer to `poll`.
        every: Pause between two polls.
        patience: How long one run waits for the job; later runs go on with the same job.
        kept: How long the network keeps a job; an older one is queued again.
        a_day: Most jobs that one credential may queue within 24 hours; the latest days are then asked for first.
    """

    submit: Callable[[str, Window], Request]
    job_id: Callable[[Answer], str]
    poll: Callable[[str, str], Request]
    status: Callable[[Answer], JobStatus]
    every: timedelta
    patience: timedelta
    kept: timedelta = timedelta(hours=20)
    a_day: int | None = None
