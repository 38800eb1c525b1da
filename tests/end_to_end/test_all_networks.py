"""A brand on every network at once: all of them pulled side by side, every record in its true class."""

from __future__ import annotations

from pathlib import Path

import pytest

from affiliate_assets.networks import all_connectors
from affiliate_assets.sandbox import WorldConfig, build_world
from tests.end_to_end.test_truth import START, check_truth

SEEDS = (201, 202)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_of_every_network_is_in_its_true_class(
    seed: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = tuple(all_connectors())
    world = build_world(WorldConfig(seed=seed, start=START, days=75, orders_per_day=30, networks=networks))
    assert {account.network for account in world.accounts} == set(networks)
    assert {"JPY", "KWD"} <= {account.currency for account in world.accounts}
    check_truth(world, tmp_path, tmp_path_factory.mktemp("dbt"), monkeypatch)
