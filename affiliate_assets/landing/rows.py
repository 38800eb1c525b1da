"""What a row of a file is, and how a value that has a type is written as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

_AT_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: The line that it ends on, from 1.
        cells: As text; none in a blank row.
        moments: Cells of a spreadsheet that are dates or times, by their place.
        numbers: Places of cells of a spreadsheet that are numbers.
        is_open: Cells at its end that are missing are empty, as in a spreadsheet.
    """

    line: int
    cells: list[str]
    moments: Mapping[int, date | time] = field(default_factory=dict)
    numbers: frozenset[int] = frozenset()
    is_open: bool = False


def text_of(value: object) -> str:
    """A cell as text: a number as its shortest exact decimal, a date in ISO 8601; empty for none."""
    for kind, write in _WRITTEN.items():
        if isinstance(value, kind):
            return write(value)
    return str(value)


def plain(number: Decimal) -> str:
    """The shortest text of a number, without an exponent."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _moment(value: datetime) -> str:
    # Spreadsheets keep a time as a fraction of a day, which no whole second is exactly.
    value = (value + timedelta(microseconds=500)).replace(microsecond=0)
    if value.time() == _AT_MIDNIGHT:
        return value.date().isoformat()
    # A cell has seconds in any case; a whole minute may be all that was known.
    return value.isoformat(" ", "seconds" if value.second else "minutes")


# The text of a binary number is the shortest that reads back as the same one; no arithmetic is done with it.
_WRITTEN: dict[type, Callable[..., str]] = {
    type(None): lambda value: "",
    bool: lambda value: str(value).lower(),
    float: lambda value: plain(Decimal(repr(value))),
    int: str,
    Decimal: plain,
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: str,
}
