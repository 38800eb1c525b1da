"""Typed columns of a stream: one line a column, from the path in the network's record to its checks.

A schema is an ordinary `pandera.polars.DataFrameSchema`; the path and the DuckDB type ride in the
column's metadata, so that one declaration serves extraction, validation and the asset catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandera.polars as pa
import polars as pl

MONEY = pl.Decimal(18, 6)


def _column(
    dtype: pl.DataType | type[pl.DataType],
    duckdb_type: str,
    path: str,
    description: str,
    required: bool,
    checks: Iterable[pa.Check],
    known_words: frozenset[str] = frozenset(),
) -> pa.Column:
    metadata = {"path": path, "duckdb_type": duckdb_type, "known_words": known_words}
    return pa.Column(dtype, checks=list(checks), nullable=not required, description=description, metadata=metadata)


def text(path: str, description: str, *checks: pa.Check, required: bool = False) -> pa.Column:
    """A string."""
    return _column(pl.String, "VARCHAR", path, description, required, checks)


def word(path: str, description: str, known: Iterable[str], *, required: bool = False) -> pa.Column:
    """A string from a list the network documents; an unknown word is kept and reported, never guessed."""
    return _column(pl.String, "VARCHAR", path, description, required, (), frozenset(known))


def money(path: str, description: str, *checks: pa.Check, required: bool = False) -> pa.Column:
    """An amount, DECIMAL(18,6), exact from the text of the number or string."""
    return _column(MONEY, "DECIMAL(18,6)", path, description, required, checks)


def integer(path: str, description: str, *checks: pa.Check, required: bool = False) -> pa.Column:
    """A whole number of up to 64 bits."""
    return _column(pl.Int64, "BIGINT", path, description, required, checks)


def flag(path: str, description: str, *, required: bool = False) -> pa.Column:
    """True or false."""
    return _column(pl.Boolean, "BOOLEAN", path, description, required, ())


def instant(path: str, description: str, *checks: pa.Check, required: bool = False) -> pa.Column:
    """A UTC timestamp; an offset in the text is applied, a naive text must already be UTC."""
    return _column(pl.Datetime("us"), "TIMESTAMP", path, description, required, checks)


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


def _metadata(column: pa.Column) -> dict[str, object]:
    assert column.metadata is not None
    return dict(column.metadata)
