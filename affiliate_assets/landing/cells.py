"""One cell of a dropped file → the value that lands: numbers, moments, parts of a text, as the stream declares them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.schema import duckdb_type_of, path_of, reading_of
from affiliate_assets.export_settings import ANY_MOMENT, told_by
from affiliate_assets.landing.rows import plain

UNIX_MS = "unix_ms"
_NUMBERS = frozenset({"DECIMAL(18,6)", "BIGINT"})
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?")
_ADDRESS = re.compile(r"[^\s@;,:()<>\[\]\"']+@[^\s@;,:()<>\[\]\"']+")


@dataclass(frozen=True)
class Cells:
    """How the cells of a stream are read."""

    stream: FileStream

    def value(self, name: str, text: str, moment: date | time | None, is_number: bool) -> object:
        """What a cell holds of a field: text, None for nothing, or a list for what is not written as declared.

        Args:
            name: The field.
            text: The cell, without blanks around it.
            moment: The date or time of a cell of a spreadsheet that is one.
            is_number: It is a cell of a spreadsheet that holds a number.
        """
        if not text:
            return None
        if moment is not None:
            form = self._forms.get(name, "iso")
            return text if form in ("iso", "unix", "unix_us") else moment.strftime(form)
        if name in self.stream.found:
            return self._found(self.stream.found[name], text)
        if name in self.stream.addresses:
            return self._address(text)
        if name in self._numbers and not is_number:
            return self.number(text)
        if name in self._forms and self.stream.format.moments:
            return self._moment(text)
        return text

    def number(self, text: str) -> object:
        """The shortest exact text of a number; in a list, as it came, where it is not written as declared."""
        found = self._written.fullmatch(text)
        if found is None:
            return [text]
        sign, whole, fraction = found.groups()
        thousands = self.stream.format.thousands
        digits = whole.replace(thousands, "") if thousands else whole
        return plain(Decimal(f"{sign}{digits}.{fraction or '0'}"))

    @cached_property
    def _numbers(self) -> set[str]:
        """Fields that are numbers."""
        columns = self.stream.schema.columns.values()
        return {path_of(column)[0] for column in columns if duckdb_type_of(column) in _NUMBERS}

    @cached_property
    def _forms(self) -> dict[str, str]:
        """How the fields that are instants, or parts of one, are written."""
        columns = self.stream.schema.columns.values()
        forms = {path_of(c)[0]: reading_of(c).form for c in columns if duckdb_type_of(c) == "TIMESTAMP"}
        for name, parts in self.stream.joined.items():
            forms.update(zip(parts, forms.get(name, "iso").split(" ", len(parts) - 1), strict=False))
        return forms

    @cached_property
    def _written(self) -> re.Pattern[str]:
        """How a number is written in this file."""
        form = self.stream.format
        whole = rf"\d{{1,3}}(?:{re.escape(form.thousands)}\d{{3}})+|\d+" if form.thousands else r"\d+"
        return re.compile(rf"([+-]?)({whole})(?:{re.escape(form.decimal)}(\d+))?")

    def _moment(self, text: str) -> object:
        """The moment in ISO 8601; without an offset where the cell has none."""
        # Programs put several kinds of space between a date and its time.
        text = " ".join(text.split())
        if _ISO.fullmatch(text):
            return text
        for form in self.stream.format.moments:
            if form == UNIX_MS:
                if re.fullmatch(r"\d{12,14}", text):
                    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text))).isoformat()
                continue
            try:
                read = datetime.strptime(text, form)  # noqa: DTZ007
            except ValueError:
                continue
            return _as_told(read, form)
        return [text]

    @staticmethod
    def _found(pattern: str, text: str) -> str | None:
        found = re.search(pattern, text)
        return found.group(found.re.groups and 1) if found else None

    @staticmethod
    def _address(text: str) -> str | None:
        addresses = {address.lower() for address in _ADDRESS.findall(text)}
        return addresses.pop() if len(addresses) == 1 else None


def _as_told(moment: datetime, form: str) -> str:
    """The moment without the seconds, or the time, that its form does not tell."""
    told = told_by(form)
    if told.time() == time():
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds" if told.second == ANY_MOMENT.second else "minutes")
