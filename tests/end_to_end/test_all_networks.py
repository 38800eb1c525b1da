"""A brand on every network at once: all of them pulled side by side, every record in its true class."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from affiliate_assets.networks import all_connectors
from affiliate_assets.sandbox import World, WorldConfig, build_world
from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.times import to_epoch
from tests.end_to_end.pulling import MORNINGS, START, Project
from tests.end_to_end.test_truth import check_truth


@pytest.mark.parametrize(("seed", "causes"), [(201, False), (202, True)])
def test_every_record_of_every_network_is_in_its_true_class(
    seed: int, causes: bool, tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = tuple(all_connectors())
    world = build_world(
        WorldConfig(seed=seed, start=START, days=75, orders_per_day=30, networks=networks, causes=causes)
    )
    assert {account.network for account in world.accounts} == set(networks)
    assert {"JPY", "KWD"} <= {account.currency for account in world.accounts}
    check_truth(world, tmp_path, project, monkeypatch, lambda found: check_trackers(world, found))


def check_trackers(world: World, warehouse: duckdb.DuckDBPyConnection) -> None:
    """What a tracker saw is there, to the cent and to the click, and it claims nothing."""
    trackers = [network for network in world.market.networks if network.tracker]
    assert trackers
    at = to_epoch(MORNINGS[-1])
    for tracker in trackers:
        slug = tracker.slug
        known = [c for c in world.conversions_of(slug) if c.visible_at <= at]
        brought = {
            c.record_id: to_decimal(c.commission(0 if c.step(at).void else c.step(at).sale), c.programme.currency)
            for c in known
        }
        found = warehouse.sql(f"select conversion_id, publisher_commission from staging.stg_{slug}__conversions")
        assert dict(found.fetchall()) == brought
        touches = (
            f"select click_id, epoch(clicked_at)::bigint from intermediate.int_clicks__unioned where network = '{slug}'"
        )
        seen = dict(warehouse.sql(touches).fetchall())
        assert {c.token for c in known} < seen.keys()
        assert seen.items() <= {(click.token, click.at) for click in world.clicks_of(slug)}
        for mart in ("fct_conversions", "conversion_events", "dim_publishers"):
            assert warehouse.sql(f"select 1 from marts.{mart} where network = '{slug}'").fetchall() == []
