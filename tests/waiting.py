"""A clock that only waiting moves, so that pulls at published limits take no longer than their calls.

Both sides read it: the budgets that wait for room, the pauses before another try, and the sandbox that counts what
arrives. It stands while a call is under way, and jumps to the next waiter once all that is left to do is to wait; no
machine is too slow for it.
"""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from pyrate_limiter import RateItem

from affiliate_assets.http.throttle import CredentialBudget


class WaitingClock:
    """Seconds since the clock was made, and who holds it still."""

    def __init__(self) -> None:
        self._started = time.time()
        self._waited = 0.0
        self._under_way: set[int] = set()
        self._moved = threading.Condition(threading.RLock())

    def __call__(self) -> float:
        return self._waited

    def milliseconds(self) -> int:
        """Unix milliseconds, as a budget keeps them."""
        return int((self._started + self._waited) * 1000)

    def wait(self, seconds: float) -> None:
        """Wait that long, once no call is under way."""
        with self._moved:
            until = self._waited + seconds
            assert self._moved.wait_for(lambda: not self._under_way, timeout=60)
            self._waited = max(self._waited, until)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every budget read this clock, and move it by waiting, as the waits before another try do."""
        put, done = CredentialBudget.put, CredentialBudget.done

        def held(budget: CredentialBudget, item: RateItem) -> bool:
            with self._moved:
                taken = put(budget, item)
                if taken:
                    self._under_way.add(threading.get_ident())
                return taken

        def released(budget: CredentialBudget, *arguments: Any) -> int:
            # Over it is also where the disk refuses the note of it.
            with self._moved:
                try:
                    return done(budget, *arguments)
                finally:
                    self._under_way.discard(threading.get_ident())
                    self._moved.notify_all()

        monkeypatch.setattr(CredentialBudget, "now", lambda budget: self.milliseconds())
        monkeypatch.setattr(CredentialBudget, "put", held)
        monkeypatch.setattr(CredentialBudget, "done", released)
        monkeypatch.setattr("pyrate_limiter.limiter.sleep", self.wait)
        monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=self.wait))
