"""What impact.com's answers say: lists under one of two names, echoed questions, jobs and their files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import msgspec

from affiliate_assets.connectors.answers import documented
from affiliate_assets.connectors.language import Answer, JobStatus, Request
from affiliate_assets.connectors.paging import field_at, typed
from affiliate_assets.errors import ContractError

# Empty lists have been seen in these forms.
_NOTHING = frozenset({b"", b"null", b'""', b"{}"})
_COMPARE = "run again; if it stays, compare the answer with impact.com's reference."
_LOOK = "compare the answer with impact.com's reference; the connector may need a change."


class _Job(msgspec.Struct, rename="pascal"):
    status: str
    status_message: str | None = None
    result_uri: str | None = None


class _Queued(msgspec.Struct, rename="pascal"):
    queued_uri: str


def listed(records: bytes) -> bytes:
    """The records of a page; an empty text or object stands for none."""
    return b"[]" if records.strip() in _NOTHING else records


def partners_of(body: bytes) -> bytes:
    """The partners of a page: `Partners` in the reference, `MediaPartners` in answers that others have seen."""
    found = field_at(body, ("Partners",), default=b"absent")
    return listed(field_at(body, ("MediaPartners",)) if found == b"absent" else found)


def clicks_of(body: bytes) -> bytes:
    """The clicks of an exported file."""
    return listed(field_at(body, ("Clicks",)))


def whole_file(request: Request, answer: Answer) -> None:
    """Refuse a file that says that it goes on: one file is documented to hold the whole export."""
    following = typed(field_at(answer.body, ("@nextpageuri",), default=b"null"), str | None)
    if following:
        raise ContractError("The exported file names a further page.", next_step=_LOOK)


def echoes(request: Request, answer: Answer) -> None:
    """Refuse an answer whose own address (`@uri`) names another programme or span than was asked for."""
    sent = {name: value for name, value in request.params.items() if isinstance(value, str)}
    asked = sent or dict(parse_qsl(urlsplit(request.path).query))
    uri = typed(field_at(answer.body, ("@uri",), default=b"null"), str | None)
    told = dict(parse_qsl(urlsplit(uri or "").query))
    for name in asked.keys() & told.keys() - {"PageSize", "Page"}:
        if not _same(asked[name], told[name]):
            raise ContractError(
                f"Asked for {name}={asked[name]}, the network answers for {told[name]}.", next_step=_LOOK
            )


def _same(asked: str, told: str) -> bool:
    if asked == told:
        return True
    try:
        # In a query, a plus of an offset may have been read as a blank.
        return _instant(asked) == _instant(told.replace(" ", "+"))
    except ValueError:
        return False


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def job_id(answer: Answer) -> str:
    """The name of a job that was queued: the last part of its address."""
    queued = documented(answer, _Queued, "The answer about the job", next_step=_COMPARE)
    return queued.queued_uri.rstrip("/").rpartition("/")[2]


def job_status(answer: Answer, headers: Mapping[str, str]) -> JobStatus:
    """Where a job stands; its file is asked for with these headers."""
    job = documented(answer, _Job, "The answer about the job", next_step=_COMPARE)
    if job.status in ("QUEUED", "RUNNING"):
        return JobStatus("running")
    if job.status in ("CANCELLED", "ERROR", "FAILED"):
        return JobStatus("failed", reason=f"{job.status}: {job.status_message or 'no words'}")
    if job.status != "COMPLETED" or not job.result_uri:
        raise ContractError(f"The job is {job.status!r} and has no documented result.", next_step=_LOOK)
    # Without Mode, the file lies behind a signed address of another host.
    return JobStatus("done", (Request("GET", job.result_uri, {"Mode": "Stream"}, headers=headers),))
