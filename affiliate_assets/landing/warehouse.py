"""The one way to open the warehouse: one holder at a time, and patience with outside readers.

DuckDB lets one process write or several read. Everything of this project takes the lock file first, also
while dbt builds; a reader from outside can still hold the database file, so opening is retried.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import tenacity
from filelock import FileLock, Timeout

from affiliate_assets.errors import RetryableError

LOCK_SECONDS = 1800.0
OPEN_SECONDS = 120.0
# DuckDB's share of a step's memory, so that many steps fit on one machine; beyond it DuckDB goes to disk. A load's two
# batches, the one that is stored and the one that is read meanwhile, just fit.
MEMORY = "300MB"
# Rows that are compressed and written together. A load's batch is more than that: it goes straight into the file,
# where a group of DuckDB's usual size would wait in the write-ahead log and be written twice.
ROW_GROUP = 16_384


@contextmanager
def exclusive(warehouse: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the warehouse alone; the operating system frees the lock when a process dies.

    Raises:
        RetryableError: Another run has held it for longer than `seconds`.
    """
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(warehouse.with_suffix(".lock"), timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise RetryableError(
            f"Another run has held {warehouse.name} for {seconds:.0f} s.",
            next_step="look for a run that hangs in the Dagster UI, then run again.",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def connection(warehouse: Path, patience: float | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-write connection under the lock, in UTC, closed at the end.

    `patience` is how many seconds to wait for the lock, and then for the file; without it, as long as a night may.

    Raises:
        RetryableError: The lock or the file stays taken.
    """
    with exclusive(warehouse, LOCK_SECONDS if patience is None else patience):
        opened = _open(warehouse, OPEN_SECONDS if patience is None else patience)
        try:
            yield opened
        finally:
            opened.close()


def _open(warehouse: Path, seconds: float) -> duckdb.DuckDBPyConnection:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, duckdb.IOException)),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=2),
        stop=tenacity.stop_after_delay(seconds),
        reraise=True,
    )
    # In memory is what a load works with; the file comes beside it, since only so its row groups can be told.
    # What does not fit into memory goes beside the file, as it would if the file were opened itself.
    opened = duckdb.connect(config={"autoinstall_known_extensions": "false", "temp_directory": f"{warehouse}.tmp"})
    path = str(warehouse).replace("'", "''")
    try:
        retrying(opened.execute, f"attach '{path}' as affiliate (row_group_size {ROW_GROUP}, storage_version 'v1.5.0')")
    except duckdb.IOException as error:
        opened.close()
        raise RetryableError(
            f"{warehouse} cannot be opened: {str(error).splitlines()[0]}.",
            next_step="close whatever has it open (readers use the published file instead), then run again.",
        ) from error
    opened.execute("set TimeZone = 'UTC'")
    # A load reads a batch while it stores the one before; a second thread for either would gain a quarter at most.
    opened.execute("set threads = 1")
    opened.execute(f"set memory_limit = '{MEMORY}'")
    opened.execute("attach ':memory:' as work (row_group_size 4096)")
    opened.execute("use affiliate")
    return opened
