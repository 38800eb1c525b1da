"""Rate budgets: one rolling log of calls for each credential, on disk, shared by threads and processes.

Behind pyrate-limiter's bucket interface, so that `requests-ratelimiter` does the waiting. A call that has
no room now reserves its slot in the same transaction, so that a waiter sleeps once. Times are Unix
milliseconds of the wall clock: the only clock that survives a restart.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyrate_limiter import AbstractBucket, Rate, RateItem

from affiliate_assets.connectors.language import RateLimit

# A call is counted when it is sent and the network counts it when it arrives.
MARGIN_MS = 150
_FOREVER = 2**62


class CredentialBudget(AbstractBucket):
    """Rolling windows of one credential's calls in a SQLite file.

    Args:
        path: The file; created with its folder where missing.
        credential: Opaque name of the credential, never the secret.
        limits: All published limits of the credential, obeyed together.
    """

    is_async = False

    def __init__(self, path: Path, credential: str, limits: Iterable[RateLimit]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._credential = credential
        self._local = threading.local()
        self._reserved: dict[int, int] = {}
        self.waited_ms = 0
        self.rates = [Rate(limit.calls, int(limit.per.total_seconds() * 1000)) for limit in limits]
        with self._transaction() as log:
            log.execute("create table if not exists slots (credential text, at integer)")
            log.execute("create index if not exists slots_by_credential on slots (credential, at)")
            log.execute("create table if not exists pauses (credential text primary key, until integer)")

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def put(self, item: RateItem) -> bool:
        """Take a slot: true if it is due now, else it is reserved and `waiting` tells for how long."""
        with self._transaction() as log:
            now = self.now()
            reserved = self._reserved.pop(id(item), None)
            # A newcomer queues behind every reservation. Whoever wakes may be late, as others may have been, so
            # the rules are read again with the calls as they really went out.
            upto = _FOREVER if reserved is None else now
            if reserved is not None:
                log.execute(
                    "delete from slots where rowid = (select rowid from slots where credential = ? and at = ? limit 1)",
                    (self._credential, reserved),
                )
            due = max(now, self._pause(log), *(self._earliest(log, rate, upto) for rate in self.rates))
            log.execute("insert into slots values (?, ?)", (self._credential, due))
            if due <= now:
                self.failing_rate = None
                return True
        self._reserved[id(item)] = due
        self.failing_rate = self.rates[0]
        self.waited_ms += due - now
        return False

    def waiting(self, item: RateItem) -> int:
        due = self._reserved.get(id(item))
        return 0 if due is None else max(0, due - self.now())

    def pause(self, seconds: float) -> None:
        """Let nobody use this credential for a while, because the network said so."""
        until = self.now() + int(seconds * 1000)
        with self._transaction() as log:
            log.execute(
                "insert into pauses values (?, ?)"
                " on conflict (credential) do update set until = max(until, excluded.until)",
                (self._credential, until),
            )

    def paused_seconds(self) -> float:
        """How long the pause in force still lasts; 0 without one."""
        with self._transaction() as log:
            return max(0, self._pause(log) - self.now()) / 1000

    def leak(self, current_timestamp: int | None = None) -> int:
        horizon = self.now() - 2 * self.rates[-1].interval
        with self._transaction() as log:
            return log.execute(
                "delete from slots where credential = ? and at < ?", (self._credential, horizon)
            ).rowcount

    def flush(self) -> None:
        with self._transaction() as log:
            log.execute("delete from slots where credential = ?", (self._credential,))
            log.execute("delete from pauses where credential = ?", (self._credential,))
        self.failing_rate = None

    def count(self) -> int:
        with self._transaction() as log:
            (count,) = log.execute("select count(*) from slots where credential = ?", (self._credential,)).fetchone()
            return int(count)

    def peek(self, index: int) -> RateItem | None:
        with self._transaction() as log:
            found = self._nth_latest(log, index)
        return None if found is None else RateItem(self._credential, found)

    def _earliest(self, log: sqlite3.Connection, rate: Rate, upto: int) -> int:
        """When one more call fits into this rate, given the slots taken or reserved until `upto`."""
        blocking = self._nth_latest(log, rate.limit - 1, upto)
        return 0 if blocking is None else blocking + rate.interval + MARGIN_MS

    def _nth_latest(self, log: sqlite3.Connection, index: int, upto: int = _FOREVER) -> int | None:
        row = log.execute(
            "select at from slots where credential = ? and at <= ? order by at desc limit 1 offset ?",
            (self._credential, upto, index),
        ).fetchone()
        return None if row is None else int(row[0])

    def _pause(self, log: sqlite3.Connection) -> int:
        row = log.execute("select until from pauses where credential = ?", (self._credential,)).fetchone()
        return 0 if row is None else int(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if not hasattr(self._local, "log"):
            self._local.log = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        log: sqlite3.Connection = self._local.log
        log.execute("begin immediate")
        try:
            yield log
        except BaseException:
            log.execute("rollback")
            raise
        log.execute("commit")
