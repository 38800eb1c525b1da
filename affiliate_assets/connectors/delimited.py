"""Reports that come as comma-separated text: lines below titles, each made a JSON object with every value as text.

A line that cannot be read becomes a record that says so, and goes to quarantine; it never shifts into other columns.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from affiliate_assets.errors import BrokenAnswer, ContractError

# Field of a record that says why its line could not be read; its text becomes the failed check.
BROKEN = "_broken"
# A quoted value with line breaks may go over so many lines.
_LONGEST = 20
_ESCAPES = (None, "\\")


@dataclass(frozen=True, slots=True)
class Titled:
    """Lines of values below a line of titles; `array` is the shape of `paging.WholeWindow` for such a text.

    Attributes:
        columns: Title → field of the record; titles may come in any order. One that is not named here becomes a field
            of its own name, which drift reports.
        joined: Further fields, made of others with a blank between them: a date and its time. Empty without all of its
            parts, but for those in `optional`: half a key would be the key of another record.
        unique: Field that tells lines apart; two lines that agree in it would become one.
    """

    columns: Mapping[str, str]
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    unique: str | None = None

    def array(self, body: bytes) -> bytes:
        """The lines as a JSON array of objects; raises as `records` does."""
        return msgspec.json.encode(self.records(body))

    def records(self, body: bytes) -> list[dict[str, str]]:
        """The lines below the titles.

        Raises:
            BrokenAnswer: The body is not such a text, or ends within a line.
            ContractError: A title is missing or there twice, or two lines cannot be told apart.
        """
        lines = _lines_of(body)
        titles = [title.strip() for title in _cells(lines[0]) or ()]
        missing = [title for title in self.columns if title not in titles]
        if len(missing) == len(self.columns):
            raise BrokenAnswer("The answer's first line names no column of the report.", next_step=_AGAIN)
        if missing:
            raise ContractError(f"The report has no column {', '.join(map(repr, missing))}.", next_step=_LOOK)
        if len(set(titles)) < len(titles):
            raise ContractError("The report has two columns of one title.", next_step=_LOOK)
        names = [self.columns.get(title, title) for title in titles]
        records = list(self._records(lines, names))
        if self.unique is not None:
            marks = [record[self.unique] for record in records if record.get(self.unique)]
            if len(set(marks)) < len(marks):
                raise ContractError(f"Two lines of the report have one {self.unique}.", next_step=_LOOK)
        return records

    def _records(self, lines: list[str], names: list[str]) -> Iterator[dict[str, str]]:
        number = 1
        while number < len(lines):
            if not lines[number]:
                number += 1
                continue
            cells, taken = _whole_line(lines, number, len(names))
            if cells is None:
                yield {BROKEN: f"line {number + 1} does not have {len(names)} values"}
            else:
                record = dict(zip(names, cells, strict=True))
                for name, parts in self.joined.items():
                    is_whole = all(record[part] or part in self.optional for part in parts)
                    record[name] = " ".join(record[part] for part in parts).strip() if is_whole else ""
                yield record
            number += taken


def _lines_of(body: bytes) -> list[str]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenAnswer(f"The answer is not text in UTF-8: {error.reason}.", next_step=_AGAIN) from None
    if not text.endswith("\n"):
        # Such an answer has no other sign of being whole.
        raise BrokenAnswer("The answer ends within a line.", next_step=_AGAIN)
    return [line.removesuffix("\r") for line in text.split("\n")[:-1]]


def _whole_line(lines: list[str], number: int, width: int) -> tuple[list[str] | None, int]:
    """The values of a line, and over how many lines of text it goes; None where they do not fit the titles."""
    for taken in range(1, min(_LONGEST, len(lines) - number) + 1):
        line = "\n".join(lines[number : number + taken])
        for escape in _ESCAPES:
            cells = _cells(line, escape)
            if cells is not None and len(cells) == width:
                return cells, taken
        if line.count('"') % 2 == 0:
            break
    return None, 1


def _cells(line: str, escape: str | None = None) -> list[str] | None:
    """The values of one line; None for quotes that do not close."""
    try:
        rows = list(csv.reader([line], strict=True, escapechar=escape))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


_AGAIN = "run again later; if it stays, open the report in the network's dashboard and compare."
_LOOK = "compare the report's columns in the network's dashboard with those in the connector's README."
