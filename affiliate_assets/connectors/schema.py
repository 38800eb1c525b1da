"""Typed columns of a stream: one line a column, from the path in the network's record to its checks.

A schema is an ordinary `pandera.polars.DataFrameSchema`; the path and the DuckDB type ride in the
column's metadata, so that one declaration serves extraction, validation and the asset catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandera.polars as pa
import polars as pl

MONEY = pl.Decimal(18, 6)


# What networks write where there is no time.
NO_TIME = frozenset({"0", "0000-00-00 00:00:00", "0000-00-00"})
# What networks write where there is no number, flag or time.
NO_VALUE = frozenset({"{}", "[]"})


@dataclass(frozen=True, slots=True)
class Reading:
    """How the text of a value is read.

    Attributes:
        empty: Texts that mean that there is no value.
        grouping: Character between thousands, left out of a number that is written so throughout.
        form: Of an instant: `iso`, `unix` (seconds), `unix_us` (microseconds) or a pattern of DuckDB's strptime.
        is_last: Of an instant in `iso`: a text without seconds, or without a time, is the last it can mean.
    """

    empty: frozenset[str] = frozenset()
    grouping: str = ""
    form: str = "iso"
    is_last: bool = False


def _column(
    dtype: pl.DataType | type[pl.DataType],
    duckdb_type: str,
    path: str,
    description: str,
    required: bool,
    checks: Iterable[pa.Check],
    known_words: frozenset[str] = frozenset(),
    reading: Reading | None = None,
) -> pa.Column:
    metadata = {
        "path": path,
        "duckdb_type": duckdb_type,
        "known_words": known_words,
        "reading": reading or Reading(),
    }
    return pa.Column(dtype, checks=list(checks), nullable=not required, description=description, metadata=metadata)


def text(
    path: str, description: str, *checks: pa.Check, required: bool = False, empty: Iterable[str] = ()
) -> pa.Column:
    """A string; NULL for an empty one and for those in `empty`, such as `n/a`."""
    reading = Reading(empty=frozenset(empty))
    return _column(pl.String, "VARCHAR", path, description, required, checks, reading=reading)


def word(path: str, description: str, known: Iterable[str], *, required: bool = False) -> pa.Column:
    """A string from a list the network documents; an unknown word is kept and reported, never guessed."""
    return _column(pl.String, "VARCHAR", path, description, required, (), frozenset(known))


def money(path: str, description: str, *checks: pa.Check, required: bool = False, grouping: str = "") -> pa.Column:
    """An amount below ten billions, DECIMAL(18,6), exact from the text of the number or string."""
    return _column(MONEY, "DECIMAL(18,6)", path, description, required, checks, reading=Reading(NO_VALUE, grouping))


def integer(path: str, description: str, *checks: pa.Check, required: bool = False, grouping: str = "") -> pa.Column:
    """A whole number of up to 64 bits."""
    return _column(pl.Int64, "BIGINT", path, description, required, checks, reading=Reading(NO_VALUE, grouping))


def flag(path: str, description: str, *, required: bool = False) -> pa.Column:
    """True or false."""
    return _column(pl.Boolean, "BOOLEAN", path, description, required, (), reading=Reading(NO_VALUE))


def instant(
    path: str,
    description: str,
    *checks: pa.Check,
    required: bool = False,
    form: str = "iso",
    is_last: bool = False,
) -> pa.Column:
    """A UTC timestamp; an offset in the text is applied, a naive text is in the zone of the page it came on.

    `form` is `iso`, `unix` (seconds), `unix_us` (microseconds) or a pattern of DuckDB's strptime. What networks write
    where there is no time (zero, a date of zeros) is NULL. A local time that the clock shows twice is read as the later
    one. With `is_last`, a minute or a day is read as its last second, though not beyond the moment of the export: an
    order comes after the clicks that led to it.
    """
    reading = Reading(NO_TIME | NO_VALUE, form=form, is_last=is_last)
    return _column(pl.Datetime("us"), "TIMESTAMP", path, description, required, checks, reading=reading)


def currency(path: str, description: str, *, required: bool = False) -> pa.Column:
    """An ISO 4217 code."""
    return text(path, description, pa.Check.str_matches(r"^[A-Z]{3}$"), required=required)


def path_of(column: pa.Column) -> tuple[str, ...]:
    """The names that lead to the column's value in the record."""
    return tuple(str(_metadata(column)["path"]).split("."))


def duckdb_type_of(column: pa.Column) -> str:
    return str(_metadata(column)["duckdb_type"])


def known_words_of(column: pa.Column) -> frozenset[str]:
    """The documented words of the column; empty where any text is fine."""
    words = _metadata(column)["known_words"]
    assert isinstance(words, frozenset)
    return words


def reading_of(column: pa.Column) -> Reading:
    """How the column's text is read."""
    reading = _metadata(column)["reading"]
    assert isinstance(reading, Reading)
    return reading


def _metadata(column: pa.Column) -> dict[str, object]:
    assert column.metadata is not None
    return dict(column.metadata)
