"""The log of calls: one line for every request that went out, whatever came of it."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, Literal, TypeVar

from affiliate_assets.connectors.language import Answer
from affiliate_assets.errors import (
    AffiliateError,
    ContractError,
    CredentialRefused,
    RetryableError,
)

log = logging.getLogger(__name__)

T = TypeVar("T")
Purpose = Literal["page", "control", "job", "lookup", "probe", "token", "correction"]
Outcome = Literal[
    "ok", "limit", "server", "connection", "timeout", "body", "disk", "running", "contract", "auth", "refused"
]


@dataclass(frozen=True, slots=True)
class About:
    """Which call this is, for the log and for messages.

    Attributes:
        stream: The stream asked for; None for a probe.
        window_id: The window the answer belongs to.
        page: Number of the page within the window.
        purpose: What the answer is for.
    """

    stream: str | None = None
    window_id: str | None = None
    page: int | None = None
    purpose: Purpose = "page"


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """What came of a question: the call that answered it, what was read of it, and the answer itself."""

    call_id: str
    value: T
    answer: Answer


@dataclass(frozen=True, slots=True)
class Call:
    """One request that went out. Holds no secret, no query value and nothing of a body.

    Attributes:
        correlation_id: The same for all attempts of one question.
        attempt: Which request of the question this is, from 1.
        status: The answer's status code; None where no answer came.
        bytes: Size of the body, decoded.
        duration_ms: From sending to the last byte.
        waited_ms: Time spent before it, for the rate budget.
        headroom: Calls left in the tightest window of the published limits after this one.
        started_at: When it went out (wall clock, UTC).
    """

    call_id: str
    correlation_id: str
    network: str
    account_id: str
    stream: str | None
    window_id: str | None
    page: int | None
    purpose: Purpose
    method: str
    path: str
    attempt: int
    status: int | None
    bytes: int
    duration_ms: int
    waited_ms: int
    headroom: int
    outcome: Outcome
    priority: str
    started_at: datetime


def outcome_of(error: AffiliateError | None) -> Outcome:
    """The log's word for how a request ended."""
    if error is None:
        return "ok"
    if isinstance(error, RetryableError):
        return error.cause
    if isinstance(error, CredentialRefused):
        return "auth"
    return "contract" if isinstance(error, ContractError) else "refused"


class CallLog:
    """Appends calls to an NDJSON file, one line and one write each; threads may share it.

    A disk that refuses the line never fails a pull: it is said once, and the pull goes on.

    Args:
        path: The file; it and its folder are made at the first call.
        run_id: The run that every line names.
        as_of: The run's present.
    """

    def __init__(self, path: Path, run_id: str, as_of: datetime) -> None:
        self._path = path
        self._run = {"run_id": run_id, "as_of": _instant(as_of)}
        self._lock = threading.Lock()
        self._warned = False

    def add(self, call: Call) -> None:
        """Append one line; instants are ISO 8601 with microseconds, UTC without saying so."""
        line = {**asdict(call), "started_at": _instant(call.started_at), **self._run}
        written = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                # Unbuffered, so that a killed process leaves whole lines only.
                with self._path.open("ab", buffering=0) as file:
                    _append(file.fileno(), written)
            except OSError as error:
                if not self._warned:
                    log.warning("The log of calls %s cannot be written (%s); the pull goes on.", self._path, error)
                self._warned = True


def _append(descriptor: int, line: bytes) -> None:
    """Write a whole line, or leave the file as it was: half a line would spoil the next one."""
    before = os.fstat(descriptor).st_size
    written = os.write(descriptor, line)
    if written < len(line):
        os.ftruncate(descriptor, before)
        raise OSError("no space for a whole line")


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
