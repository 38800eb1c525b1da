"""Deadlines of a world, from what networks tell and from published calendars, beside those of the models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from affiliate_assets.demo import ZONE
from affiliate_assets.sandbox import World
from affiliate_assets.sandbox.money import exchange
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import to_epoch

HOURS_BEFORE = 72
# Partnerize approves what is pending after so many days; the emulated campaigns tell it.
_PARTNERIZE_DAYS = 45


def lock_of(conversion: Conversion, at: int) -> tuple[int, int] | None:
    """The earliest and the latest instant that is right as a deadline, None where nobody can name one."""
    if conversion.network == "cj":
        first = conversion.extended_at
        lock = first if first is not None and at < first else conversion.final_at
        return lock, lock
    if conversion.network == "impact":
        return conversion.final_at, conversion.final_at
    if conversion.network == "shareasale":
        # It tells the day alone, on a clock in Chicago: its beginning is safe.
        day = datetime.fromtimestamp(conversion.final_at, ZoneInfo("America/Chicago"))
        begins = day.replace(hour=0, minute=0, second=0, microsecond=0)
        return to_epoch(begins), to_epoch(begins + timedelta(days=1))
    if conversion.network == "rakuten":
        sold = datetime.fromtimestamp(conversion.occurred_at, ZoneInfo("America/Los_Angeles"))
        years, month = divmod(sold.month + 1, 12)
        lock = to_epoch(datetime(sold.year + years, month + 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")))
        return lock, lock
    if conversion.network == "partnerize":
        # Whether its days are those of a calendar or of 24 hours is not told: over a change of clocks both are right.
        sold = datetime.fromtimestamp(conversion.occurred_at, ZoneInfo(ZONE))
        locks = (
            to_epoch(sold + timedelta(days=_PARTNERIZE_DAYS)),
            conversion.occurred_at + _PARTNERIZE_DAYS * 86_400,
        )
        return min(locks), max(locks)
    return None


def deadlines(world: World, beside: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """One row per conversion that is still open and has a deadline, with what the models say of it.

    `euro_units` is the wrong commission in cents of a euro, 0 of what is right.
    """
    rows = list(_open(world, to_epoch(at)))
    told = pl.DataFrame(
        rows,
        schema={
            "network": pl.String(),
            "record_id": pl.String(),
            "earliest": pl.Int64(),
            "latest": pl.Int64(),
            "commission": pl.Int64(),
        },
        orient="row",
    )
    wrong = (
        ~pl.col("class").is_in(["matched", "not_yet_comparable"])
        | pl.col("commission_reason").is_in(["as_agreed", "currency_differs"]).not_().fill_null(value=False)
    ) & (pl.col("root_cause") != "declined_although_owed")
    return (
        told.join(beside.filter(pl.col("side") == "network"), on=["network", "record_id"])
        .with_columns(
            hours_left=(pl.col("earliest") - to_epoch(at)) // 3_600,
            is_right=pl.col("locks_at_found").is_between(pl.col("earliest"), pl.col("latest")).fill_null(value=False),
            euro_units=pl.when(wrong).then("commission").otherwise(0),
        )
        .select(
            pl.lit(world.config.seed).alias("world"),
            "network",
            "record_id",
            "kind",
            "hours_left",
            "is_right",
            "locks_at_found",
            "euro_units",
            "is_on_work_list",
        )
    )


def _open(world: World, at: int) -> Iterator[tuple[str, str, int, int, int]]:
    for conversion in world.conversions:
        if conversion.visible_at > at or conversion.step(at).void or conversion.status(at) != "pending":
            continue
        lock = lock_of(conversion, at)
        if lock is not None and lock[0] > at:
            cents = exchange(conversion.commission(conversion.step(at).sale), conversion.programme.currency, "EUR", at)
            yield conversion.network, conversion.record_id, *lock, cents


def flagged_in_time(open_ones: pl.DataFrame) -> tuple[int, int]:
    """Cents of wrong commission that locks in 72 hours or later, and how many of them are on the work list in time.

    Of several nights each conversion counts once: on the work list on any of them is in time.
    """
    later = open_ones.filter((pl.col("hours_left") >= HOURS_BEFORE) & (pl.col("euro_units") > 0))
    each = later.group_by("world", "network", "record_id").agg(
        pl.col("euro_units").max(), flagged=(pl.col("is_on_work_list") & pl.col("is_right")).any()
    )
    return int(each["euro_units"].sum()), int(each.filter("flagged")["euro_units"].sum())
