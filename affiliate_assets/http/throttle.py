"""Rate budgets: one rolling log of calls for each credential, on disk, shared by threads and processes.

Behind pyrate-limiter's bucket interface, so that `requests-ratelimiter` does the waiting. A call that has no room
now queues with a ticket, and wakes when its turn and its room have come. A ticket lives only while its owner keeps
renewing it, so a killed process holds nobody up. Times are Unix milliseconds of the wall clock: the only clock that
survives a restart.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from pyrate_limiter import AbstractBucket, Rate, RateItem

from affiliate_assets.connectors.language import Priority, RateLimit
from affiliate_assets.errors import BudgetSpent, RetryableError
from affiliate_assets.http.slots import Slots

_log = logging.getLogger(__name__)

# A waiting call shows that it is alive this often, and is forgotten after that long.
_BEAT_MS, _LIVE_MS = 500, 2000
# How often the next in line looks whether the call before it has ended, where only one may be under way.
_POLL_MS = 20


@dataclass(slots=True)
class _Ticket:
    """A call that waits: its place in the line, and until when it sleeps."""

    number: int
    since: int
    wake_at: int


class CredentialBudget(AbstractBucket):
    """Rolling windows of one credential's calls in a SQLite file.

    Args:
        path: The file; created with its folder where missing.
        credential: Opaque name of the credential, never the secret.
        limits: All published limits of the credential, obeyed together.
        priority: Who goes first where calls wait.
        patience: Longest wait for room, in seconds; a call that would wait longer is not made.
        one_at_a_time: No two calls of the credential are under way at the same time; each must be ended with `done`.
    """

    is_async = False

    def __init__(
        self,
        path: Path,
        credential: str,
        limits: Iterable[RateLimit],
        *,
        priority: Priority = Priority.RECONCILIATION,
        patience: float = 300.0,
        one_at_a_time: bool = False,
    ) -> None:
        windows = [(limit.calls, int(limit.per.total_seconds() * 1000)) for limit in limits]
        # Only one for pyrate-limiter, which refuses some combinations that networks do publish; `Slots` obeys all.
        self.rates = [Rate(*max(windows, key=lambda window: window[1]))]
        self.waited_ms = 0
        self._slots = Slots(path, credential, windows)
        self._credential = credential
        self._priority = priority
        self._patience_ms = int(patience * 1000)
        self._turnstile = path.with_name(f"{credential.replace(':', '_')}.lock") if one_at_a_time else None
        self._tickets: dict[int, _Ticket] = {}
        self._mine = threading.local()

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def put(self, item: RateItem) -> bool:
        """Take a slot if there is room and nobody goes first; else queue, and `waiting` tells for how long.

        Raises:
            BudgetSpent: There is no room for longer than the patience.
        """
        ticket = self._tickets.pop(id(item), None)
        with self._slots.transaction() as log:
            now = self.now()
            since = now if ticket is None else ticket.since
            ahead = self._slots.ahead(log, self._priority, since, 0 if ticket is None else ticket.number, now)
            pause = self._slots.pause(log)
            due = max(now, pause, self._slots.earliest(log, ahead, now))
            if due <= now and self._may_start(ahead):
                self._mine.slot = self._slots.take(log, now)
                self._mine.waited_ms = now - since
                self.waited_ms += now - since
                if ticket is not None:
                    self._slots.leave(log, ticket.number)
                self.failing_rate = None
                return True
            if due - now > self._patience_ms:
                if ticket is not None:
                    self._slots.leave(log, ticket.number)
                raise _spent(due, now, paused=due == pause)
            number = self._slots.queue(
                log, self._priority, since, None if ticket is None else ticket.number, now + _LIVE_MS
            )
        wait = min(due - now, _BEAT_MS) if due > now else _POLL_MS
        self._tickets[id(item)] = _Ticket(number, since, now + wait)
        self.failing_rate = self.rates[0]
        return False

    def waiting(self, item: RateItem) -> int:
        ticket = self._tickets.get(id(item))
        return 0 if ticket is None else max(0, ticket.wake_at - self.now())

    def begin(self) -> None:
        """Forget the last call of this thread, before the next one is made."""
        self._let_next_start()
        self._mine.slot = None
        self._mine.waited_ms = 0

    @property
    def taken(self) -> bool:
        """Whether the call of this thread got its slot."""
        return getattr(self._mine, "slot", None) is not None

    @property
    def waited_for_this_call_ms(self) -> int:
        """How long the call of this thread waited for its slot."""
        return int(getattr(self._mine, "waited_ms", 0))

    def done(self, answered_ms: int | None = None, connected_ms: int = 0) -> int:
        """End the call of this thread.

        Args:
            answered_ms: How long after its slot the answer began, where one came. A call that was slow to arrive
                counts later at the network than here, and so do those after it.
            connected_ms: How much of that went into a new connection, before anything could arrive.

        Returns:
            Calls left in the tightest window.
        """
        try:
            with self._slots.transaction() as log:
                if answered_ms is not None and self.taken:
                    self._slots.arrived_late(log, self._mine.slot, answered_ms, connected_ms)
                return self._slots.headroom(log, self.now())
        except RetryableError as error:
            # The answer is here; a disk that is full now is told by whoever lands it.
            _log.warning("%s", error)
            return 0
        finally:
            self._let_next_start()

    def headroom(self) -> int:
        """Calls left now in the tightest window."""
        with self._slots.transaction() as log:
            return self._slots.headroom(log, self.now())

    def pause(self, seconds: float) -> None:
        """Let nobody use this credential for a while, because the network said so."""
        with self._slots.transaction() as log:
            self._slots.pause_until(log, self.now() + int(seconds * 1000))

    def leak(self, current_timestamp: int | None = None) -> int:
        with self._slots.transaction() as log:
            return self._slots.forget(log, self.now() - 2 * self.rates[0].interval)

    def flush(self) -> None:
        with self._slots.transaction() as log:
            self._slots.clear(log)
        self.failing_rate = None

    def count(self) -> int:
        with self._slots.transaction() as log:
            return self._slots.count(log)

    def peek(self, index: int) -> RateItem | None:
        with self._slots.transaction() as log:
            found = self._slots.nth_latest(log, index)
        return None if found is None else RateItem(self._credential, found)

    def _may_start(self, ahead: int) -> bool:
        """Whether no other call is under way, where that matters; if so, this one is from now on."""
        if self._turnstile is None:
            return True
        if ahead:
            return False
        # A lock of its own for each call, because one lock object lets its own thread in twice.
        lock = FileLock(self._turnstile)
        with suppress(Timeout):
            lock.acquire(timeout=0)
            self._mine.lock = lock
            return True
        return False

    def _let_next_start(self) -> None:
        lock: FileLock | None = getattr(self._mine, "lock", None)
        if lock is not None:
            self._mine.lock = None
            lock.release()


def _spent(due: int, now: int, *, paused: bool) -> BudgetSpent:
    seconds = (due - now) / 1000
    at = datetime.fromtimestamp(due / 1000, UTC)
    why = (
        f"The network asked for a pause that lasts {seconds:.0f} s more"
        if paused
        else f"The credential's published limit is used up for {seconds:.0f} s more"
    )
    return BudgetSpent(
        f"{why}; it goes on at {at:%Y-%m-%d %H:%M:%S} UTC.", next_step="run again when it is over.", retry_after=seconds
    )
