"""Small SQLite files that threads and processes share: opened, and changed one transaction at a time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from affiliate_assets.errors import RetryableError

_BUSY_SECONDS = 60.0


def opened(path: Path) -> sqlite3.Connection:
    """A connection for one thread; the file and its folder are made where missing.

    Raises:
        RetryableError: The disk refuses it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        _write_ahead(database)
        # What is lost with the machine's power is some seconds of calls.
        database.execute("pragma synchronous = normal")
    except (OSError, sqlite3.OperationalError) as error:
        raise _refused(path, error) from None
    return database


def _write_ahead(database: sqlite3.Connection) -> None:
    # Changing to the write-ahead log does not wait for others as everything else does.
    for _ in range(100):
        try:
            database.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:
            time.sleep(0.02)
        else:
            return


@contextmanager
def exclusive(database: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction; every other thread and process waits for its end.

    Raises:
        RetryableError: The disk refuses it; nothing is changed.
    """
    try:
        database.execute("begin immediate")
        try:
            yield database
        except BaseException:
            # A full disk has already ended the transaction.
            if database.in_transaction:
                database.execute("rollback")
            raise
        database.execute("commit")
    except sqlite3.OperationalError as error:
        raise _refused(path, error) from None


def _refused(path: Path, error: Exception) -> RetryableError:
    return RetryableError(
        f"{path} cannot be read or written: {error}.",
        next_step="make room on the disk, or let this user write there, then run again.",
        cause="disk",
    )
