"""The journal of corrections: append-only, on disk before and after every call, and what it says now.

One line is one event on some instructions, whole or not there at all. An instruction's state is what its events lead
to; a batch whose call was begun and whose end nobody wrote down is `unknown`, and is not sent again before a pull has
proved it was not taken. Where a network takes a file from a person, what is `written` is in the file that lies there
for upload, and in no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from filelock import FileLock, Timeout

from affiliate_assets.connectors.corrections import Instruction
from affiliate_assets.errors import InternalError, RetryableError

State = Literal[
    "drafted", "released", "withdrawn", "sending", "unknown", "written", "sent", "refused", "taken", "not_taken"
]  # fmt: skip
Event = Literal[
    "drafted", "released", "withdrawn", "sending", "put_back", "unknown", "written", "sent", "refused", "taken",
    "not_taken",
]  # fmt: skip
#: From which states an event may follow; None is an instruction that nobody has drafted yet.
FROM: dict[Event, frozenset[State | None]] = {
    "drafted": frozenset({None, "withdrawn", "refused", "not_taken"}),
    "released": frozenset({"drafted"}),
    "withdrawn": frozenset({"drafted", "released", "written"}),
    "sending": frozenset({"released"}),
    "put_back": frozenset({"sending"}),
    "unknown": frozenset({"sending"}),
    "written": frozenset({"released"}),
    "sent": frozenset({"sending", "written"}),
    "refused": frozenset({"sending", "sent"}),
    "taken": frozenset({"sent", "unknown", "written", "not_taken"}),
    "not_taken": frozenset({"sent", "unknown"}),
}
#: States in which the network may hear of it yet, or may have: no other instruction on the record beside it.
UNDER_WAY: frozenset[State] = frozenset({"drafted", "released", "sending", "unknown", "written", "sent"})


class Line(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One event.

    Attributes:
        by: Who did it, where a person did.
        within_seconds: Of a call: how long the network may take to show the change.
    """

    at: datetime
    event: Event
    ids: list[str]
    by: str | None = None
    batch_id: str | None = None
    reference: str | None = None
    message: str | None = None
    within_seconds: int | None = None
    instructions: list[Instruction] = []


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal says of one instruction now.

    Attributes:
        attempt: How often it has been drafted.
        sent_at: When its call was begun; of a file when it was written, and when it was uploaded once a person says so.
        due_at: By when a pull has to show it.
        settled_at: When the last word on it was written down.
    """

    instruction: Instruction
    state: State
    attempt: int
    drafted_by: str
    drafted_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    uploaded_by: str | None = None
    batch_id: str | None = None
    reference: str | None = None
    sent_at: datetime | None = None
    within_seconds: int | None = None
    settled_at: datetime | None = None
    message: str | None = None


Entries = dict[str, Entry]


def journal_file(data: Path) -> Path:
    """Where the journal lives below the data folder."""
    return data / "state" / "corrections.ndjson"


def read_entries(path: Path) -> Entries:
    """What the journal says now; a last line that was cut by a kill never happened.

    Raises:
        InternalError: A line is no event, or cannot follow on those before it.
    """
    entries: Entries = {}
    for number, text in enumerate(_whole(path).splitlines(), 1):
        try:
            line = msgspec.json.decode(text, type=Line)
        except msgspec.DecodeError as error:
            raise InternalError(
                f"{path.name}, line {number} is no event: {error}.",
                next_step="restore the file from its backup; it is written by this program alone.",
            ) from None
        fold(entries, line)
    return entries


def fold(entries: Entries, line: Line) -> None:
    """Let one event happen.

    Raises:
        InternalError: It cannot follow on what was before.
    """
    drafted = {told.instruction_id: told for told in line.instructions}
    for name in line.ids:
        known = entries.get(name)
        if (known.state if known else None) not in FROM[line.event]:
            raise InternalError(
                f"Instruction {name} is {known.state if known else 'unknown'} and cannot be {line.event}.",
                next_step="look at it with `affiliate corrections show`, and restore the journal if it was edited.",
            )
        if line.event == "drafted":
            attempt = known.attempt + 1 if known else 1
            entries[name] = Entry(drafted[name], "drafted", attempt, line.by or "", line.at)
            continue
        assert known is not None
        entries[name] = _after(known, line)


def _after(known: Entry, line: Line) -> Entry:
    if line.event == "released":
        return replace(known, state="released", released_by=line.by, released_at=line.at)
    if line.event == "sending" or line.event == "written":
        return replace(
            known, state=line.event, batch_id=line.batch_id, sent_at=line.at, within_seconds=line.within_seconds
        )
    if line.event == "put_back":
        return replace(known, state="released", batch_id=None, sent_at=None, within_seconds=None, message=line.message)
    if known.state == "written" and line.event == "sent":
        return replace(known, state="sent", uploaded_by=line.by, sent_at=line.at)
    reference = line.reference or known.reference
    return replace(known, state=line.event, reference=reference, settled_at=line.at, message=line.message)


class Journal:
    """The journal, held by this process alone."""

    def __init__(self, path: Path, at: datetime) -> None:
        """Read it, and say of every call that was begun and not ended that nobody knows what came of it."""
        self._path = path
        self.entries = read_entries(path)
        dropped = len(path.read_bytes()) - len(_whole(path)) if path.exists() else 0
        if dropped:
            with path.open("r+b") as file:
                file.truncate(len(_whole(path)))
                os.fsync(file.fileno())
        broken_off = [name for name, entry in self.entries.items() if entry.state == "sending"]
        if broken_off:
            self.add(Line(at, "unknown", broken_off, message="the call was begun and its end never written down"))

    def add(self, line: Line) -> None:
        """Let an event happen and return once it is on disk; without instructions there is none."""
        if not line.ids:
            return
        before = {name: self.entries.get(name) for name in line.ids}
        after = {name: entry for name, entry in before.items() if entry is not None}
        fold(after, line)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab", buffering=0) as file:
            written = msgspec.json.encode(line) + b"\n"
            if file.write(written) != len(written):
                raise OSError("no space for a whole line of the journal of corrections")
            os.fsync(file.fileno())
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.entries.update(after)

    def of(self, states: Iterable[State]) -> list[Entry]:
        """The entries in one of these states, in the order they were drafted first."""
        wanted = set(states)
        return [entry for entry in self.entries.values() if entry.state in wanted]


@contextmanager
def held(data: Path, at: datetime, seconds: float = 5.0) -> Iterator[Journal]:
    """The journal, while no other process writes to it; the operating system frees it when a process dies.

    Raises:
        RetryableError: Another process holds it.
    """
    path = journal_file(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"), timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise RetryableError(
            "Another command is at work on the corrections.", next_step="wait until it has ended, then run again."
        ) from None
    try:
        yield Journal(path, at)
    finally:
        lock.release()


def as_rows(entries: Entries) -> list[dict[str, Any]]:
    """The entries as rows of `ops.corrections`; who did what stays in the journal."""
    return [
        {
            "instruction_id": name,
            "network": entry.instruction.network,
            "account_id": entry.instruction.account_id,
            "record_id": entry.instruction.record_id,
            "action": entry.instruction.action,
            "ground": entry.instruction.ground,
            "network_reason": entry.instruction.reason,
            "state": entry.state,
            "attempt": entry.attempt,
            "status_before": entry.instruction.status,
            "sale_amount_before": entry.instruction.sale_amount,
            "amended_amount": entry.instruction.amount,
            "currency": entry.instruction.currency,
            "drafted_at": entry.drafted_at,
            "released_at": entry.released_at,
            "sent_at": entry.sent_at,
            "within_seconds": entry.within_seconds,
            "settled_at": entry.settled_at,
            "batch_id": entry.batch_id,
            "reference": entry.reference,
            "message": entry.message,
        }
        for name, entry in entries.items()
    ]


def _whole(path: Path) -> bytes:
    """The file up to the end of its last whole line."""
    if not path.exists():
        return b""
    text = path.read_bytes()
    return text[: text.rfind(b"\n") + 1]
