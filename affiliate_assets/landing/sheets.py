"""A file's rows of cells with their line numbers, whatever it is written in: CSV in any encoding, or XLSX."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

from affiliate_assets.connectors.files import FileFormat
from affiliate_assets.errors import RecordError

SPREADSHEETS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_CHUNK = 1 << 20
_ZIPPED = b"PK\x03\x04"
_AGAIN = "nothing of it was taken."
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


def rows_of(file: Path, form: FileFormat) -> Iterator[Row]:
    """The rows of a file from its first line on, blank ones with no cells.

    Raises:
        RecordError: The file cannot be read to its end.
    """
    if file.suffix.lower() in SPREADSHEETS:
        yield from _sheet_rows(file, form)
    else:
        yield from _text_rows(file, form)


def _text_rows(file: Path, form: FileFormat) -> Iterator[Row]:
    with file.open("rb") as opened:
        # An encoding that fits everything would read it as text.
        if opened.read(len(_ZIPPED)) == _ZIPPED:
            raise RecordError(
                f"{file.name} is a spreadsheet or a zip by its content, not text.",
                next_step=f"give a spreadsheet the ending .xlsx, or unpack the zip; {_AGAIN}",
            )
    encoding = _encoding_of(file, form.encodings)
    with file.open(encoding=encoding, newline="") as opened:
        lines = _Lines(opened)
        reader = (
            csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote, strict=True)
            if form.quote
            else csv.reader(lines, delimiter=form.delimiter, quoting=csv.QUOTE_NONE, strict=True)
        )
        before: Row | None = None
        try:
            for cells in reader:
                if before is not None:
                    yield before
                before = Row(reader.line_num, cells if any(cell.strip() for cell in cells) else [])
        except UnicodeError as error:
            place = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
            raise RecordError(
                f"{file.name} is not {_spoken(encoding)}{place}.",
                next_step=f"export the file again as {_spoken(encoding)}; {_AGAIN}",
            ) from None
        except csv.Error as error:
            raise RecordError(
                f"{file.name} cannot be read as CSV at line {reader.line_num}: {error}.",
                next_step=f"mend the quotes in that line or export again; {_AGAIN}",
            ) from None
    if before is None:
        return
    if form.needs_newline and not lines.ended:
        raise RecordError(
            f"{file.name} ends within line {before.line}.", next_step=f"export the file again, it was cut; {_AGAIN}"
        )
    yield before


class _Lines:
    """Hands out the lines of a text, and knows whether the last one had an end."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.ended = True

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.ended = line.endswith(("\n", "\r"))
            yield line


def _encoding_of(file: Path, encodings: tuple[str, ...]) -> str:
    """The first encoding that fits the whole file; the last one is not tried, it is told where reading fails."""
    for encoding in encodings[:-1]:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with file.open("rb") as opened:
                while chunk := opened.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeError:
            continue
        return encoding
    return encodings[-1]


def _spoken(encoding: str) -> str:
    return "UTF-8" if encoding.startswith("utf-8") else encoding


def _sheet_rows(file: Path, form: FileFormat) -> Iterator[Row]:
    try:
        with CalamineWorkbook.from_path(str(file)) as book:
            names = book.sheet_names
            name = form.sheet or (names[0] if names else "")
            if name not in names:
                raise RecordError(
                    f"{file.name} has no sheet {name!r}, only {', '.join(names)}.",
                    next_step=f"export it with that sheet; {_AGAIN}",
                )
            table = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except PasswordError:
        raise RecordError(
            f"{file.name} is protected by a password.", next_step=f"save it without one; {_AGAIN}"
        ) from None
    except (CalamineError, ZipError, OSError) as error:
        raise RecordError(
            f"{file.name} cannot be read as a spreadsheet: {error}.",
            next_step=f"export the file again, it may have been cut; {_AGAIN}",
        ) from None
    for number, values in enumerate(table, start=1):
        cells = [_text(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        moments = {place: value for place, value in enumerate(values) if isinstance(value, date | time)}
        numbers = frozenset(place for place, value in enumerate(values) if isinstance(value, int | float))
        yield Row(number, cells, moments, numbers, is_open=True)


def _text(value: object) -> str:
    """A cell as text: a number as its shortest exact decimal, a date in ISO 8601."""
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
    return value.isoformat(" ") if value.time() != _AT_MIDNIGHT else value.date().isoformat()


# The text of a binary number is the shortest that reads back as the same one; no arithmetic is done with it.
_WRITTEN: dict[type, Callable[..., str]] = {
    bool: lambda value: str(value).lower(),
    float: lambda value: plain(Decimal(repr(value))),
    int: str,
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: str,
}
