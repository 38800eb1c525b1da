"""Conversions in the order of one of their dates."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable

from affiliate_assets.sandbox.reports import Conversion


class Clock:
    """Conversions that have a date, sorted by it and their number."""

    def __init__(self, date: Callable[[Conversion], int | None], conversions: Iterable[Conversion]) -> None:
        """Sort the conversions; those without the date are left out."""
        dated = [(moment, conversion) for conversion in conversions if (moment := date(conversion)) is not None]
        dated.sort(key=lambda entry: (entry[0], entry[1].number))
        self._dates = [moment for moment, _ in dated]
        self._conversions = [conversion for _, conversion in dated]

    def between(self, start: int, end: int) -> list[Conversion]:
        """Return the conversions dated from start to end, both included."""
        return self._conversions[bisect_left(self._dates, start) : bisect_right(self._dates, end)]
