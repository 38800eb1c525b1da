"""Checks and columns that several of the brand's own lists share."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from affiliate_assets.connectors.schema import text

_DATE = pa.Check.str_matches(r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")


def rule(says: str, holds: pl.Expr) -> pa.Check:
    """A check of one column that reads others beside it; a row for which it is unknown passes."""
    return pa.Check(lambda data: data.lazyframe.select(holds.fill_null(value=True)), name=says, error=says)


def given(*names: str) -> pl.Expr:
    """Whether one of the columns says something."""
    return pl.any_horizontal(pl.col(name).is_not_null() for name in names)


def needs(name: str, other: str) -> pl.Expr:
    """Whether the other column says something wherever this one does."""
    return pl.col(name).is_null() | pl.col(other).is_not_null()


def _day(name: str) -> pl.Expr:
    return pl.col(name).str.to_date("%Y-%m-%d", strict=False)


def span_of_days(first: str, after: str, *, may_stay_open: bool) -> dict[str, pa.Column]:
    """The columns `valid_from` and `valid_to`: days of the calendar as `2026-01-31`, the second after the first.

    Args:
        first: Description of the first day.
        after: Description of the first day that is not part of it any more.
        may_stay_open: Whether a blank `valid_to` is right.
    """
    return {
        "valid_from": text(
            "valid_from", first, _DATE, rule("a day of the calendar", _day("valid_from").is_not_null()), required=True
        ),
        "valid_to": text(
            "valid_to",
            after,
            _DATE,
            rule("a day of the calendar", pl.col("valid_to").is_null() | _day("valid_to").is_not_null()),
            rule("after valid_from", _day("valid_to") > _day("valid_from")),
            required=not may_stay_open,
        ),
    }
