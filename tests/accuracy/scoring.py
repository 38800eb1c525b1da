"""How often the models are right: per class, per cause, per reason of a commission, and per planted kind."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

#: What has to be reached.
GOAL = 0.995


# What is true is among the reasons that come to the same cent, though another one was named.
_EITHER_REASON = pl.col("fitting_reasons").list.contains(pl.col("commission_reason")).fill_null(value=False)


@dataclass(frozen=True)
class Score:
    """Of one label: how many records have it by truth, how many were found to have it, and how many of both."""

    label: str
    planted: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.planted if self.planted else 1.0

    @property
    def is_good(self) -> bool:
        return min(self.precision, self.recall) >= GOAL


def by_label(beside: pl.DataFrame, column: str) -> list[Score]:
    """The scores of every value that a column or its `…_found` has; a record of one side alone counts against it."""
    found = f"{column}_found"
    labels = sorted(set(beside[column].drop_nulls()) | set(beside[found].drop_nulls()))
    return [
        Score(
            label,
            beside.filter(pl.col(column) == label).height,
            beside.filter(pl.col(found) == label).height,
            beside.filter((pl.col(column) == label) & (pl.col(found) == label)).height,
        )
        for label in labels
    ]


def classes(beside: pl.DataFrame) -> list[Score]:
    """The scores of each class, over conversions and orders."""
    return by_label(beside, "class")


def causes(beside: pl.DataFrame) -> list[Score]:
    """The scores of each root cause; where two come to the same cent, either is right."""
    equal = (pl.col("fitting_causes") > 1) & (pl.col("root_cause_found") != "unexplained")
    proposed = pl.when(equal).then("root_cause").otherwise("root_cause_found").alias("root_cause_found")
    return by_label(beside.with_columns(proposed), "root_cause")


def reasons(beside: pl.DataFrame) -> list[Score]:
    """The scores of why a commission is as it is, over the sales of which the truth knows it; either of two equal ones
    is right."""
    known = beside.filter(pl.col("commission_reason").is_not_null())
    proposed = pl.when(_EITHER_REASON).then("commission_reason").otherwise("commission_reason_found")
    return by_label(known.with_columns(proposed.alias("commission_reason_found")), "commission_reason")


def signals(beside: pl.DataFrame) -> list[Score]:
    """The scores of what is suspicious about a conversion."""
    return by_label(beside.filter(pl.col("side") == "network"), "signal")


def kinds(beside: pl.DataFrame) -> pl.DataFrame:
    """One row per planted kind: records, how many of them have everything right, and what stays unexplained."""
    is_right = (
        pl.col("class").eq_missing(pl.col("class_found"))
        & (pl.col("root_cause").eq_missing(pl.col("root_cause_found")) | (pl.col("fitting_causes") > 1))
        & (
            pl.col("commission_reason").is_null()
            | pl.col("commission_reason").eq_missing(pl.col("commission_reason_found"))
            | _EITHER_REASON
        )
    )
    # An order repeats what its conversion says.
    residual = pl.when(pl.col("side") == "network").then("residual_units")
    units = residual.fill_null(0) + pl.col("unexplained_units").fill_null(0)
    return (
        beside.with_columns(pl.col("kind").fill_null("none"), is_right=is_right.fill_null(value=False), units=units)
        .group_by("kind")
        .agg(records=pl.len(), right=pl.col("is_right").sum(), units=pl.col("units").sum().round(0).cast(pl.Int64))
        .sort("kind")
    )
