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
# DuckDB's share of a step's memory, so that many steps fit on one machine; beyond it DuckDB goes to disk.
MEMORY = "256MB"


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
def connection(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-write connection under the lock, in UTC, closed at the end.

    Raises:
        RetryableError: The lock or the file stays taken.
    """
    with exclusive(warehouse):
        opened = _open(warehouse)
        try:
            yield opened
        finally:
            opened.close()


def _open(warehouse: Path) -> duckdb.DuckDBPyConnection:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, duckdb.IOException)),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=2),
        stop=tenacity.stop_after_delay(OPEN_SECONDS),
        reraise=True,
    )
    try:
        opened = retrying(
            duckdb.connect,
            str(warehouse),
            config={"storage_compatibility_version": "v1.5.0", "autoinstall_known_extensions": "false"},
        )
    except duckdb.IOException as error:
        raise RetryableError(
            f"{warehouse} cannot be opened: {str(error).splitlines()[0]}.",
            next_step="close whatever has it open (readers use the published file instead), then run again.",
        ) from error
    opened.execute("set TimeZone = 'UTC'")
    opened.execute(f"set memory_limit = '{MEMORY}'")
    # What a load works with. Small row groups, so that both cores share what is too little for one of the usual size.
    opened.execute("attach ':memory:' as work (row_group_size 4096)")
    return opened
