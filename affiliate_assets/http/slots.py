"""What a rate budget keeps on disk: calls that went out, calls that wait, and pauses the network asked for.

All arithmetic on the windows is here; who waits how is in `throttle`. Times are Unix milliseconds.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from affiliate_assets.http.database import exclusive, opened

_TABLES = (
    "create table if not exists slots (credential text, at integer)",
    "create index if not exists slots_by_credential on slots (credential, at)",
    "create table if not exists pauses (credential text primary key, until integer)",
    "create table if not exists tickets"
    " (number integer primary key autoincrement, credential text, priority integer, since integer, expires integer)",
)


def margin_ms(interval: int) -> int:
    """How much longer than published a window is kept: a call counts when it is sent here, when it arrives there."""
    return max(20, min(150, interval // 40))


class Slots:
    """The rows of one credential.

    Args:
        path: The SQLite file; created with its folder where missing.
        credential: Opaque name of the credential.
        windows: Calls and milliseconds of every published limit.
    """

    def __init__(self, path: Path, credential: str, windows: list[tuple[int, int]]) -> None:
        self._path = path
        self._credential = credential
        self._windows = windows
        self._local = threading.local()
        with self.transaction() as log:
            for statement in _TABLES:
                log.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One exclusive transaction; every other thread and process waits for its end.

        Raises:
            RetryableError: The disk refuses it.
        """
        if not hasattr(self._local, "log"):
            self._local.log = opened(self._path)
        with exclusive(self._local.log, self._path) as log:
            yield log

    def take(self, log: sqlite3.Connection, now: int) -> int:
        """Note a call that goes out now; returns its row."""
        row = log.execute("insert into slots (credential, at) values (?, ?)", (self._credential, now)).lastrowid
        assert row is not None
        return row

    def earliest(self, log: sqlite3.Connection, ahead: int, now: int) -> int:
        """When one more call fits into every window, once `ahead` others have gone as soon as they could."""
        return max((self._fits(log, calls, interval, ahead, now) for calls, interval in self._windows), default=now)

    def _fits(self, log: sqlite3.Connection, calls: int, interval: int, ahead: int, now: int) -> int:
        rounds, place = divmod(ahead, calls)
        blocking = self.nth_latest(log, calls - 1 - place)
        whole = interval + margin_ms(interval)
        return max(now, 0 if blocking is None else blocking + whole) + rounds * whole

    def arrived_late(self, log: sqlite3.Connection, row: int, answered_ms: int, connected_ms: int) -> None:
        """Move a call to when it may have arrived: by the time its connection took, and where the rest is more than
        the margin covers, by at most 1 % of the shortest window more, for most of that is the network's own work.
        """
        interval = min(interval for _, interval in self._windows)
        rest = min(answered_ms - connected_ms - margin_ms(interval), interval // 100)
        late = connected_ms + max(0, rest)
        if late > 0:
            log.execute("update slots set at = at + ? where rowid = ?", (late, row))

    def headroom(self, log: sqlite3.Connection, now: int) -> int:
        """Calls left in the tightest window."""
        return min(
            max(
                0,
                calls
                - int(
                    log.execute(
                        "select count(*) from slots where credential = ? and at > ?",
                        (self._credential, now - interval - margin_ms(interval)),
                    ).fetchone()[0]
                ),
            )
            for calls, interval in self._windows
        )

    def ahead(self, log: sqlite3.Connection, priority: int, since: int, number: int, now: int) -> int:
        """How many live tickets go before this one; `number` is 0 for a call without one."""
        log.execute("delete from tickets where credential = ? and expires < ?", (self._credential, now))
        (count,) = log.execute(
            "select count(*) from tickets where credential = ? and number <> ?"
            " and (priority < ? or (priority = ? and (since < ? or (since = ? and (? = 0 or number < ?)))))",
            (self._credential, number, priority, priority, since, since, number, number),
        ).fetchone()
        return int(count)

    def queue(self, log: sqlite3.Connection, priority: int, since: int, number: int | None, expires: int) -> int:
        """Make a ticket, or renew the one of that number; returns its number."""
        row = log.execute(
            "insert or replace into tickets values (?, ?, ?, ?, ?)",
            (number, self._credential, priority, since, expires),
        ).lastrowid
        assert row is not None
        return row

    def leave(self, log: sqlite3.Connection, number: int) -> None:
        """Give a ticket back."""
        log.execute("delete from tickets where number = ?", (number,))

    def pause(self, log: sqlite3.Connection) -> int:
        """Until when nobody may call; 0 without a pause."""
        row = log.execute("select until from pauses where credential = ?", (self._credential,)).fetchone()
        return 0 if row is None else int(row[0])

    def pause_until(self, log: sqlite3.Connection, until: int) -> None:
        """Pause; a shorter pause does not end a longer one."""
        log.execute(
            "insert into pauses values (?, ?)"
            " on conflict (credential) do update set until = max(until, excluded.until)",
            (self._credential, until),
        )

    def forget(self, log: sqlite3.Connection, before: int) -> int:
        """Drop calls too old to count; returns how many."""
        return log.execute("delete from slots where credential = ? and at < ?", (self._credential, before)).rowcount

    def clear(self, log: sqlite3.Connection) -> None:
        """Forget all calls, tickets and pauses."""
        for table in ("slots", "pauses", "tickets"):
            log.execute(f"delete from {table} where credential = ?", (self._credential,))

    def count(self, log: sqlite3.Connection) -> int:
        """How many calls are remembered."""
        (count,) = log.execute("select count(*) from slots where credential = ?", (self._credential,)).fetchone()
        return int(count)

    def nth_latest(self, log: sqlite3.Connection, index: int) -> int | None:
        """When the call of that place, counted from the latest, went out."""
        row = log.execute(
            "select at from slots where credential = ? order by at desc limit 1 offset ?", (self._credential, index)
        ).fetchone()
        return None if row is None else int(row[0])
