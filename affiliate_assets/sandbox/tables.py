"""Answers as lines of values below a line of titles, for the faults that change their rows."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from affiliate_assets.sandbox.wire import Answer, Row, to_json


class Table(Protocol):
    """Rows by title, and what is told beside them."""

    @property
    def rows(self) -> list[Row]:
        """A line each, by title."""

    @property
    def payload(self) -> Row:
        """What stands around the rows, as their count."""

    def answer(self, rows: list[Row]) -> Answer:
        """Return these rows under their titles."""


@dataclass(frozen=True, slots=True)
class Text:
    """Comma-separated text.

    Attributes:
        mark: The byte-order mark that it begins with, if any.
        headers: Headers of the answer.
    """

    titles: tuple[str, ...]
    rows: list[Row]
    mark: bytes
    headers: Mapping[str, str]

    @property
    def payload(self) -> Row:
        """Nothing is told beside the lines."""
        return {}

    def answer(self, rows: list[Row]) -> Answer:
        """Return these rows under their titles."""
        titles, lines = _laid_out(self.titles, rows)
        text = io.StringIO()
        cells = [["" if cell is None else str(cell) for cell in line] for line in lines]
        csv.writer(text, lineterminator="\n").writerows([titles, *cells])
        return Answer(200, self.mark + text.getvalue().encode(), len(rows), self.headers)


@dataclass(frozen=True, slots=True)
class Grid:
    """A JSON array of one object, whose `rows` are arrays below one of titles."""

    titles: tuple[str, ...]
    rows: list[Row]
    payload: Row

    def answer(self, rows: list[Row]) -> Answer:
        """Return these rows under their titles."""
        titles, lines = _laid_out(self.titles, rows)
        return to_json([{**self.payload, "rows": [titles, *lines]}], rows=len(rows))


def _laid_out(known: tuple[str, ...], rows: list[Row]) -> tuple[list[str], list[list[Any]]]:
    """Titles and lines: a column that all rows lack is gone, one that all have more is new.

    A row that lacks a value on its own has fewer cells than there are titles.
    """
    everywhere = [name for name in rows[0] if all(name in row for row in rows)] if rows else []
    anywhere = {name for row in rows for name in row} if rows else {*known}
    titles = [name for name in known if name in anywhere]
    titles += [name for name in everywhere if name not in known]
    return titles, [[row[name] for name in titles if name in row] for row in rows]


def text_of(answer: Answer) -> Text:
    """Read comma-separated text."""
    mark = b"\xef\xbb\xbf" if answer.body.startswith(b"\xef\xbb\xbf") else b""
    titles, *lines = csv.reader(io.StringIO(answer.body.removeprefix(mark).decode(), newline=""))
    rows: list[Row] = [dict(zip(titles, line, strict=True)) for line in lines if line]
    return Text(tuple(titles), rows, mark, answer.headers)


def grid_of(answer: Answer) -> Grid | None:
    """Read rows below titles; None for another answer."""
    document = json.loads(answer.body, parse_float=Decimal)
    match document:
        case [{"rows": [[*titles], *lines], **beside}]:
            rows: list[Row] = [dict(zip(titles, line, strict=True)) for line in lines]
            return Grid(tuple(titles), rows, {str(name): value for name, value in beside.items()})
    return None
