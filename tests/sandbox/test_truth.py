"""The truth against an independent reading of exports and answers, at ordinary and at awkward instants."""

from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest

from affiliate_assets.sandbox import World, WorldConfig, build_world
from affiliate_assets.sandbox.scenarios import KINDS

from .reference import reconcile, told, utc


def awkward_instants(world: World, seed: int, count: int) -> list[datetime]:
    """Return instants at, right before and shortly after something happens."""
    rng = Random(seed)
    moments = [change.at for order in world.orders for change in order.changes]
    moments += [order.ordered_at for order in world.orders]
    moments += [conversion.visible_at for conversion in world.conversions]
    moments += [conversion.occurred_at for conversion in world.orphans]
    moments += [order.ordered_at + 3_600 for order in world.orders if order.kind == "missing_in_network"]
    return [
        utc(1970, 1, 1) + timedelta(seconds=rng.choice(moments) + rng.choice((-1, 0, 1, 30, 200))) for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(10))
def test_no_difference_but_the_planted_ones(seed: int, tmp_path: Path) -> None:
    """At every clock the rules, applied to what is handed out, give the planted verdicts and amounts."""
    world = build_world(WorldConfig(seed=seed, days=60, orders_per_day=15))
    clocks = [utc(2026, 1, 31, 3), utc(2026, 3, 3, 3), utc(2026, 6, 30), *awkward_instants(world, seed, 3)]
    for now in clocks:
        assert told(world, now) == reconcile(world, now, tmp_path), now


@pytest.mark.parametrize("start", [date(2025, 10, 10), date(2026, 3, 1), date(2027, 12, 20)])
def test_no_difference_over_clock_changes_and_new_year(start: date, tmp_path: Path) -> None:
    """Summer time in both zones and the turn of the year leave the verdicts alone."""
    world = build_world(WorldConfig(seed=1, start=start, days=40, orders_per_day=20))
    for days in (20, 41, 80):
        now = world.start + timedelta(days=days, hours=1, minutes=30)
        assert told(world, now) == reconcile(world, now, tmp_path), now


def test_one_row_per_record(world: World, now: datetime) -> None:
    """Every conversion and order known by then has exactly one row, nothing else has."""
    frame, at = world.truth(now), now.timestamp()
    assert not frame.select("side", "network", "account_id", "record_id").is_duplicated().any()
    assert frame.filter(pl.col("side") == "order").height == sum(order.ordered_at <= at for order in world.orders)
    assert frame.filter(pl.col("side") == "network").height == sum(c.visible_at <= at for c in world.conversions)


def test_every_class_occurs(world: World, tmp_path: Path) -> None:
    """Both sides show all of their classes at some instant."""
    seen = set(pl.read_parquet(world.write_truth(tmp_path)).select("side", "class").rows())
    both = {"matched", "amount_mismatch", "status_mismatch", "not_yet_comparable"}
    assert seen == {("network", name) for name in both | {"missing_in_crm", "duplicate_claim"}} | {
        ("order", name) for name in both | {"missing_in_network", "not_affiliate"}
    }


def test_what_is_too_early_says_so_with_and_without_an_order(world: World, tmp_path: Path) -> None:
    """A record that cannot be compared yet has no other cause, whatever it turns out to be."""
    early = pl.read_parquet(world.write_truth(tmp_path)).filter(pl.col("class") == "not_yet_comparable")
    assert set(early["side"]) == {"network", "order"}
    assert "void_without_order" in set(early["kind"])
    assert set(early["root_cause"]) == {"too_early"}


def test_an_order_whose_conversion_is_dated_to_tomorrow_is_not_tracked_yet() -> None:
    """Whatever was planted in it: for the network it is not there."""
    world = build_world(WorldConfig(seed=4, days=20, orders_per_day=20, plant_every=1, kinds=("shifted_by_zone",)))
    shifted = [order for order in world.orders if order.kind == "shifted_by_zone"]
    later = [order for order in shifted if order.conversions[0].visible_at > order.ordered_at + 4 * 3_600]
    assert later
    for order in later:
        frame = world.truth(utc(1970, 1, 1) + timedelta(seconds=order.ordered_at + 2 * 3_600))
        mine = frame.filter(pl.col("record_id") == order.order_id)
        assert mine.select("side", "class", "root_cause").rows() == [("order", "missing_in_network", "not_tracked")]


def test_planted_kinds_end_as_announced(world: World) -> None:
    """Long after the last event each kind stands where `KINDS` says; ordinary records are no differences."""
    frame = world.truth(utc(2027, 1, 1))
    for kind, (network, order) in KINDS.items():
        mine = frame.filter(pl.col("kind") == kind)
        for side, expected in (("network", network), ("order", order)):
            classes = set(mine.filter(pl.col("side") == side)["class"])
            also = {"matched"} if (kind, side) == ("double_claim", "network") else set()
            assert classes == ({expected} | also if expected else set()), (kind, side)
    ordinary = frame.filter(pl.col("kind").is_null())
    assert set(ordinary["class"]) == {"matched", "not_affiliate"}


def test_intervals_are_the_truth_of_every_instant(world: World, tmp_path: Path) -> None:
    """The written intervals, cut at an instant, are the truth as of that instant."""
    intervals = pl.read_parquet(world.write_truth(tmp_path))
    for now in awkward_instants(world, 9, 12):
        at = pl.lit(now.replace(tzinfo=None))
        cut = intervals.filter(
            (pl.col("valid_from") <= at) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > at))
        )
        truth = world.truth(now)
        keys = ["side", "network", "account_id", "record_id"]
        assert cut.select(truth.columns).sort(keys).equals(truth.sort(keys)), now
