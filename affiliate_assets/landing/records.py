"""A dropped file's rows → records: titles, footer, numbers, personal values, identity."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from affiliate_assets.connectors.files import FileFormat, FileStream
from affiliate_assets.errors import RecordError
from affiliate_assets.landing.cells import Cells
from affiliate_assets.landing.rows import Row
from affiliate_assets.landing.sheets import rows_of
from affiliate_assets.landing.typed import BROKEN

Record = dict[str, object]
_NOTHING_TAKEN = "nothing of it was taken."


@dataclass
class DroppedFile:
    """One file of a stream, read as its declaration says.

    Attributes:
        unknown: After `records`, the titles that the declaration does not know: a value, and in how many records.
        proof: After `check`, how it is known that nothing is missing.
    """

    path: Path
    stream: FileStream
    account_id: str
    hash_key: str
    unknown: dict[str, tuple[str, int]] = field(default_factory=dict)
    proof: str = "the whole file was read"
    _titles: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Read the file once to its end.

        Raises:
            RecordError: It cannot be read, lacks a column, is cut, is of another account, or its footer says other
                things than its lines; it is refused whole.
        """
        totals = self.stream.format.totals
        summed = totals.field if totals is not None else None
        lines, amount = 0, Decimal(0)
        footer: list[Row] | None = None
        for body in self._body():
            if isinstance(body, list):
                footer = body
                continue
            lines += 1
            record = self._values(body)
            if record is None:
                continue
            self._check_owner(body, record)
            if summed is not None and isinstance(value := record[summed], str):
                amount += _decimal(value) or 0
        if footer is None and self.stream.format.needs_footer:
            raise RecordError(
                f"{self.path.name} has no footer below its {lines} lines.",
                next_step=f"export the file again, it was cut; {_NOTHING_TAKEN}",
            )
        if footer is not None:
            self.proof = "the whole file was read to its footer"
        if totals is not None:
            text = "\n".join(" ".join(row.cells) for row in footer or [])
            told = self._told(totals.records, text)
            if told is not None and _decimal(told) != lines:
                raise self._another_total("lines", told, str(lines))
            told = self._told(totals.amount, text)
            if told is not None and _decimal(self._cells.number(told)) != amount:
                raise self._another_total(str(summed), told, str(amount))
            self.proof = "its own footer counts the same"

    def records(self) -> Iterator[Record]:
        """The file's records; a line with the wrong number of cells keeps only its number and the reason."""
        alike: Counter[str] = Counter()
        for body in self._body():
            if isinstance(body, list):
                continue
            values = self._values(body)
            if values is None:
                # Which value stands where is unknown, so none may be written: one could be personal.
                width = len(self._titles)
                yield {BROKEN: f"{self.path.name} line {body.line}: {len(body.cells)} fields instead of {width}"}
                continue
            self._note_unknown(body)
            yield self._record(values, alike)

    def _body(self) -> Iterator[Row | list[Row]]:
        """Every row below the titles, then the rows of the footer in one list if there is one."""
        rows = rows_of(self.path, self.stream.format, self.stream.columns)
        self._find_titles(rows)
        form, footer = self.stream.format, list[Row]()
        for row in rows:
            if footer:
                self._check_below(row)
                footer.append(row)
            elif _begins_footer(row, form):
                footer.append(row)
            elif row.cells:
                yield row
        # Blank lines at the end of a file are no footer.
        if any(row.cells for row in footer):
            yield footer

    def _find_titles(self, rows: Iterator[Row]) -> None:
        """Take the rows up to the titles; the last of those looked at is told where none is."""
        missing: list[str] = sorted(self._required)
        line = 1
        for _, row in zip(range(self.stream.format.preamble + 1), rows, strict=False):
            titles = [" ".join(cell.split()) for cell in row.cells]
            lacking = sorted(self._required - {self.stream.columns.get(title, "") for title in titles})
            if not lacking:
                self._titles = self._checked(titles, row.line)
                return
            if len(lacking) <= len(missing):
                missing, line = lacking, row.line
        named = ", ".join(self._title_of(name) for name in missing)
        raise RecordError(
            f"The header of {self.path.name} (line {line}) has no column {named}.",
            next_step=f"export the file again with all columns; {_NOTHING_TAKEN}",
        )

    def _title_of(self, name: str) -> str:
        return next(title for title, field_name in self.stream.columns.items() if field_name == name)

    def _checked(self, titles: list[str], line: int) -> list[str]:
        names = [self.stream.columns[title] for title in titles if title in self.stream.columns]
        for name, count in Counter(names).items():
            if count > 1:
                raise RecordError(
                    f"The header of {self.path.name} (line {line}) has two columns for {name}.",
                    next_step=f"export the file again with one of them; {_NOTHING_TAKEN}",
                )
        return titles

    @cached_property
    def _required(self) -> set[str]:
        return set(self.stream.columns.values()) - self.stream.optional

    @cached_property
    def _cells(self) -> Cells:
        return Cells(self.stream)

    def _values(self, row: Row) -> Record | None:
        """The values of a row by field; None where it does not fit the titles."""
        cells, width = row.cells, len(self._titles)
        if len(cells) < width and row.is_open:
            cells = [*cells, *[""] * (width - len(cells))]
        if len(cells) != width:
            return None
        values: Record = dict.fromkeys(self.stream.columns.values())
        for place, title in enumerate(self._titles):
            name = self.stream.columns.get(title)
            if name is not None:
                moment, is_number = row.moments.get(place), place in row.numbers
                values[name] = self._cells.value(name, cells[place].strip(), moment, is_number)
        return values

    @cached_property
    def _joined_into(self) -> dict[str, str]:
        return {part: name for name, parts in self.stream.joined.items() for part in parts}

    def _record(self, values: Mapping[str, object], alike: Counter[str]) -> Record:
        stream = self.stream
        record: Record = {}
        for name in sorted(values):
            value = values[name]
            if name in stream.hashed:
                record[stream.hashed[name]] = None if value is None else keyed_hash(str(value), self.hash_key)
            elif name in stream.hosts:
                record[stream.hosts[name]] = None if value is None else _host(str(value))
            elif name not in self._joined_into:
                record[name] = value
        for name, parts in stream.joined.items():
            record[name] = " ".join(str(values[part]) for part in parts if values[part] is not None) or None
        if stream.identity:
            told = json.dumps([record[name] for name in stream.identity])
            digest = hashlib.sha256(told.encode()).hexdigest()[:32]
            alike[digest] += 1
            (key,) = stream.key
            record[key] = f"{digest}-{alike[digest]}"
        return record

    def _note_unknown(self, row: Row) -> None:
        if self.stream.is_wide:
            return
        for place, title in enumerate(self._titles):
            if title and title not in self.stream.columns and title not in self.stream.dropped:
                value = row.cells[place] if place < len(row.cells) else ""
                first, count = self.unknown.get(title, (value, 0))
                self.unknown[title] = (first, count + 1)

    def _check_owner(self, row: Row, values: Mapping[str, object]) -> None:
        if self.stream.owned_by is not None and values[self.stream.owned_by] not in (None, self.account_id):
            raise RecordError(
                f"{self.path.name} line {row.line} is not of account {self.account_id}.",
                next_step=f"put the file into the folder of its account; {_NOTHING_TAKEN}",
            )

    def _check_below(self, row: Row) -> None:
        filled = sum(bool(cell.strip()) for cell in row.cells)
        if len(row.cells) == len(self._titles) and filled > len(self._titles) / 2:
            raise RecordError(
                f"{self.path.name} has a record below its footer, at line {row.line}.",
                next_step=f"export the file again, or take the lines above it out; {_NOTHING_TAKEN}",
            )

    def _told(self, pattern: str | None, text: str) -> str | None:
        if pattern is None:
            return None
        found = re.search(pattern, text)
        if found is None:
            raise RecordError(
                f"The footer of {self.path.name} does not tell its total.",
                next_step=f"export the file again, it may have been cut; {_NOTHING_TAKEN}",
            )
        return found.group(1)

    def _another_total(self, what: str, told: str, found: str) -> RecordError:
        return RecordError(
            f"The footer of {self.path.name} tells {told} for {what}, and its lines come to {found}.",
            next_step=f"export the file again, lines are missing or changed; {_NOTHING_TAKEN}",
        )


def _begins_footer(row: Row, form: FileFormat) -> bool:
    if not row.cells:
        return form.blank_line_ends
    return form.footer is not None and re.search(form.footer, row.cells[0]) is not None


def _decimal(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) else None


def keyed_hash(value: str, key: str) -> str:
    """HMAC-SHA-256 of a personal value, lower case and trimmed, so that both sides of a join agree."""
    return hmac.new(key.encode(), value.strip().lower().encode(), hashlib.sha256).hexdigest()


def _host(url: str) -> str | None:
    """The host that a URL names; None where it names none that can be read: whoever visits a shop may send anything."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
