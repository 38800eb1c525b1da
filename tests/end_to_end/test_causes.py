"""A brand whose touches convince: its differences are found as ever, and its models stand beside the planted shares."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

from affiliate_assets.sandbox import World, WorldConfig, build_world
from tests.end_to_end.pulling import START, Project
from tests.end_to_end.test_truth import check_truth


def test_a_world_with_causes_is_reconciled_and_its_shares_come_to_the_marts(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build_world(WorldConfig(seed=1, start=START, days=75, orders_per_day=15, causes=True))

    def marts(warehouse: duckdb.DuckDBPyConnection) -> None:
        rows = warehouse.sql("from marts.rpt_attribution_against_measured where measured_to_date = '2026-02-01'").pl()
        distances = warehouse.sql("from marts.rpt_attribution_distance").pl()
        check_measured(world, rows)
        # Two whole months, both levels.
        assert distances.group_by("attribution_model").len().get_column("len").unique().to_list() == [4]
        assert distances.get_column("distance_fraction").cast(pl.Float64).is_between(0.01, 1).all()
        assert distances.get_column("scaled_distance_fraction").is_not_null().all()

    check_truth(world, tmp_path, project, monkeypatch, marts)


def check_measured(world: World, rows: pl.DataFrame) -> None:
    """Each measured share of January is the planted one, to the millionth that is cut off."""
    zone = ZoneInfo(world.config.time_zone)
    end = world.start.astimezone(zone).replace(month=2, day=1, hour=0) - timedelta(seconds=1)
    caused = world.causal_shares(end).with_columns(
        pl.when(pl.col("channel") == "not_caused")
        .then(pl.lit("unattributed"))
        .otherwise(pl.col("channel"))
        .alias("channel")
    )
    orders = sum(order.ordered_at <= end.timestamp() for order in world.orders)
    assert rows.get_column("span_orders").unique().to_list() == [orders]
    for level, key in (("channel", ["channel"]), ("publisher", ["network", "publisher_id"])):
        planted = caused.filter((pl.col("level") == level) & ((level == "channel") | pl.col("network").is_not_null()))
        parts = planted.group_by(key).agg((pl.col("orders").cast(pl.Float64).sum() / orders).alias("planted"))
        found = rows.filter((pl.col("comparison_level") == level) & (pl.col("channel") != "not_measured"))
        for _, of_model in found.group_by("attribution_model"):
            both = of_model.join(parts, on=key, how="full", suffix="_planted")
            gap = (pl.col("measured_fraction").cast(pl.Float64).fill_null(0) - pl.col("planted").fill_null(0)).abs()
            assert of_model.height >= parts.height
            assert both.filter(gap > 0.00001).is_empty(), both.filter(gap > 0.00001)
