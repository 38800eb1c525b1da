"""What strikes on this side of the wire: a process that dies, or a disk that is full, at a chosen point."""

from __future__ import annotations

import errno
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import duckdb

from affiliate_assets.http import asking, calls, circuit, slots
from affiliate_assets.landing import pages, warehouse

# Points that a run passes, and about how often a small night passes each.
POINTS = {
    "write": 25,
    "half written": 25,
    "written": 25,
    "ask": 8,
    "answered": 8,
    "logged": 8,
    "state": 60,
    "statement": 110,
    "commit": 8,
    "committed": 8,
}
FULL = ("write", "commit", "log")


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, so every later point raises it again."""


@dataclass
class Doom:
    """Counts the points that a run passes.

    Attributes:
        point: Where the process dies; None for nowhere.
        number: At which passing of it.
        full: Which passings of a write find the disk full; half-open.
        warehouse_full: At which commit the warehouse's disk is full; 0 for never.
    """

    point: str | None = None
    number: int = 0
    full: range = range(0)
    warehouse_full: int = 0
    dead: bool = False
    passed: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pass_by(self, point: str) -> int:
        with self._lock:
            if self.dead:
                raise Killed
            self.passed[point] += 1
            if point == self.point and self.passed[point] == self.number:
                self.dead = True
                raise Killed
            return self.passed[point]

    @contextmanager
    def strikes(self) -> Iterator[None]:
        """Let it strike what runs inside."""
        with ExitStack() as patches:
            patches.enter_context(patch.object(pages, "write_whole", self._write_whole))
            # Without the wait for the disk: nothing here turns the machine off.
            patches.enter_context(patch.object(pages, "os", SimpleNamespace(fsync=lambda descriptor: None)))
            patches.enter_context(patch.object(asking, "exchange", self._exchange))
            patches.enter_context(patch.object(calls, "_append", self._append))
            patches.enter_context(patch.object(circuit, "exclusive", self._exclusive))
            patches.enter_context(patch.object(slots, "exclusive", self._exclusive))
            patches.enter_context(patch.object(warehouse, "_open", self._open))
            yield

    def _write_whole(self, path: Path, content: bytes) -> None:
        if self.pass_by("write") in self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        if self.point == "half written":
            try:
                self.pass_by("half written")
            except Killed:
                path.with_name(path.name + ".part").write_bytes(content[: len(content) // 2])
                raise
        _write_whole(path, content)
        self.pass_by("written")

    def _exchange(self, *arguments: Any) -> Any:
        self.pass_by("ask")
        received = _exchange(*arguments)
        self.pass_by("answered")
        return received

    def _append(self, descriptor: int, line: bytes) -> None:
        if self.passed["write"] + 1 in self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        _append(descriptor, line)
        self.pass_by("logged")

    @contextmanager
    def _exclusive(self, database: Any, path: Path) -> Iterator[Any]:
        self.pass_by("state")
        with _exclusive(database, path) as rows:
            yield rows

    def _open(self, path: Path, seconds: float) -> _Watched:
        self.pass_by("statement")
        return _Watched(self, _open(path, seconds))


class _Watched:
    """A connection that a dead process uses no more."""

    def __init__(self, doom: Doom, connection: duckdb.DuckDBPyConnection) -> None:
        self._doom, self._connection = doom, connection

    def __getattr__(self, name: str) -> Any:
        if name != "close":
            self._doom.pass_by("statement")
        return getattr(self._connection, name)

    def execute(self, statement: str, *arguments: Any) -> Any:
        doom = self._doom
        doom.pass_by("statement")
        if statement != "commit":
            return self._connection.execute(statement, *arguments)
        if doom.pass_by("commit") == doom.warehouse_full:
            raise duckdb.IOException("Could not write all bytes to file: No space left on device")
        self._connection.execute("commit")
        doom.pass_by("committed")
        return self._connection


_write_whole, _exchange, _append = pages.write_whole, asking.exchange, calls._append
_exclusive, _open = slots.exclusive, warehouse._open
