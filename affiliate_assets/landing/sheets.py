"""A file's rows of cells with their line numbers, whatever it is written in: CSV in any encoding, XLSX, or Parquet."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Iterator
from datetime import date, time
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError

from affiliate_assets.connectors.files import FileFormat
from affiliate_assets.errors import RecordError
from affiliate_assets.landing.parquet import parquet_rows
from affiliate_assets.landing.rows import Row, text_of

SPREADSHEETS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_CHUNK = 1 << 20
_ZIPPED = b"PK\x03\x04"
_AGAIN = "nothing of it was taken."


def rows_of(file: Path, form: FileFormat, titles: Collection[str] = ()) -> Iterator[Row]:
    """The rows of a file from its first line on, blank ones with no cells; of Parquet, the columns of those titles.

    Raises:
        RecordError: The file cannot be read to its end.
    """
    if file.suffix.lower() == ".parquet":
        yield from parquet_rows(file, titles)
    elif file.suffix.lower() in SPREADSHEETS:
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
        cells = [text_of(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        moments = {place: value for place, value in enumerate(values) if isinstance(value, date | time)}
        numbers = frozenset(place for place, value in enumerate(values) if isinstance(value, int | float))
        yield Row(number, cells, moments, numbers, is_open=True)
