"""Circuit breakers: an operation that failed again and again is left alone for a while.

One row an operation in a SQLite file, shared by threads and processes. Times are Unix seconds of the wall clock.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from affiliate_assets.errors import AffiliateError, ConfigError, CredentialRefused, RetryableError
from affiliate_assets.http.database import exclusive, opened
from affiliate_assets.secrets import redact

_LONGEST = 16  # times `seconds`
_REASON = 500  # characters

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Circuit:
    """How an operation of one account stands; instants are UTC.

    Attributes:
        state: closed: asked as ever; open: not asked until `retry_at`; half_open: one trial is under way.
        failures: Failures in a row.
        reason: The last failure's message.
        opened_at: Since when it is not asked; None while closed.
        retry_at: When it may be tried again; None while closed.
    """

    network: str
    account_id: str
    operation: str
    state: State
    failures: int
    reason: str | None
    opened_at: datetime | None
    retry_at: datetime | None


class CircuitBreaker:
    """The circuits of one account.

    Args:
        path: The file; created with its folder where missing.
        network: The network's slug.
        account_id: The account.
        failures: Failures in a row that open a circuit.
        seconds: How long it stays open at first; doubled after each failed trial, up to 16 times.
        now: Unix time in seconds.

    Raises:
        RetryableError: From every method: the disk refuses the file.
    """

    def __init__(
        self,
        path: Path,
        network: str,
        account_id: str,
        *,
        failures: int = 3,
        seconds: float = 300.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._account = (network, account_id)
        self._failures = failures
        self._seconds = seconds
        self._now = now
        with self._transaction() as rows:
            rows.execute(
                "create table if not exists circuits (network text, account_id text, operation text, state text,"
                " failures integer, reason text, trips integer, opened_at numeric, retry_at numeric,"
                " primary key (network, account_id, operation))"
            )

    def open_until(self, operation: str) -> datetime | None:
        """When the operation may be asked again; None: now.

        Once the time is over, one caller is told None and makes the trial; the others are told to wait for it, at
        most for the time a circuit stays open at first, in case the trial died.
        """
        now = self._now()
        with self._transaction() as rows:
            found = rows.execute(f"select state, retry_at {_OF_ONE}", (*self._account, operation)).fetchone()
            if found is None or found[0] == "closed":
                return None
            if now < found[1]:
                return _instant(found[1])
            rows.execute(
                f"update circuits set state = 'half_open', retry_at = ? {_WHERE}",
                (now + self._seconds, *self._account, operation),
            )
            return None

    def succeeded(self, operation: str) -> None:
        """Close the circuit and forget its failures."""
        with self._transaction() as rows:
            rows.execute(
                f"update circuits set state = 'closed', failures = 0, trips = 0, reason = null, opened_at = null,"
                f" retry_at = null {_WHERE}",
                (*self._account, operation),
            )

    def failed(self, operation: str, reason: str) -> None:
        """Count a failure; the last allowed one, and a failed trial, open the circuit."""
        now = self._now()
        with self._transaction() as rows:
            found = rows.execute(
                f"select state, failures, trips, opened_at, retry_at {_OF_ONE}", (*self._account, operation)
            ).fetchone()
            state, failures, trips, opened_at, retry_at = found or ("closed", 0, 0, None, None)
            failures += 1
            if state == "half_open":
                trips += 1
            # A call that was under way when the circuit opened changes nothing of its times.
            if state == "half_open" or (state == "closed" and failures >= self._failures):
                state, opened_at = "open", opened_at or now
                retry_at = now + self._seconds * min(2**trips, _LONGEST)
            rows.execute(
                "insert or replace into circuits values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *self._account,
                    operation,
                    state,
                    failures,
                    redact(reason)[:_REASON],
                    min(trips, _LONGEST),
                    opened_at,
                    retry_at,
                ),
            )

    def released(self, operation: str) -> None:
        """Give back a trial that was ended by something else: the next caller may make it at once."""
        with self._transaction() as rows:
            rows.execute(
                f"update circuits set state = 'open', retry_at = ? {_WHERE} and state = 'half_open'",
                (self._now(), *self._account, operation),
            )

    def states(self) -> list[Circuit]:
        """Every operation of the account that ever failed, in alphabetical order."""
        with self._transaction() as rows:
            found = rows.execute(
                "select operation, state, failures, reason, opened_at, retry_at from circuits"
                " where network = ? and account_id = ? order by operation",
                self._account,
            ).fetchall()
        return [
            Circuit(*self._account, operation, state, failures, reason, _instant(opened_at), _instant(retry_at))
            for operation, state, failures, reason, opened_at, retry_at in found
        ]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(opened(self._path)) as database, exclusive(database, self._path) as rows:
            yield rows


_WHERE = "where network = ? and account_id = ? and operation = ?"
_OF_ONE = f"from circuits {_WHERE}"


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def is_its_own(error: AffiliateError) -> bool:
    """Whether the operation itself failed, and not the budget, the credential, the disk or the time for a job."""
    if isinstance(error, RetryableError):
        return error.cause not in ("limit", "disk", "running")
    return not isinstance(error, (CredentialRefused, ConfigError))


def circuits_file(data: Path) -> Path:
    """Where the circuits live below the data folder."""
    return data / "state" / "circuits.sqlite"
