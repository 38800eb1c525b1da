"""A network's limits: several rolling windows of real time, and calls under way at once."""

import math
import re
from collections import deque
from collections.abc import Callable, Iterable

from affiliate_assets.sandbox.network import Breach, Window


class Budget:
    """Windows that all have to allow a call; a refused call counts in none."""

    def __init__(self, windows: Iterable[Window], scale: float, now: Callable[[], float]) -> None:
        """Start with an empty history.

        Args:
            windows: The windows.
            scale: Real seconds for each of their seconds.
            now: The clock in real seconds.
        """
        self._windows = [(window, re.compile(window.path)) for window in windows]
        self._scale, self._now = scale, now
        self._accepted: dict[tuple[int, str], deque[float]] = {}

    def breach(self, token: str, path: str, at: int) -> Breach | None:
        """Count a call; return the window that it breaks, the one to wait for longest."""
        now = self._now()
        counted, worst = [], None
        for place, (window, pattern) in enumerate(self._windows):
            if not pattern.search(path):
                continue
            span = window.seconds * self._scale
            accepted = self._accepted.setdefault((place, token), deque())
            while accepted and accepted[0] <= now - span:
                accepted.popleft()
            counted.append(accepted)
            if len(accepted) >= window.calls:
                wait = math.ceil(accepted[0] + span - now)
                worst = max(worst or (0, window), (wait, window), key=lambda broken: broken[0])
        if worst is not None:
            return Breach(max(1, worst[0]), worst[1], at)
        for accepted in counted:
            accepted.append(now)
        return None

    def clear(self) -> None:
        """Forget all calls."""
        self._accepted.clear()
