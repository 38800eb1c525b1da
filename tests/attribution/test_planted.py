"""How near the models come to what was planted, over several worlds, and that the documentation says so."""

from __future__ import annotations

import re
from statistics import mean

import pytest

from affiliate_assets.sandbox import WorldConfig, build_world
from affiliate_assets.settings import PROJECT_ROOT
from tests.attribution.planted import credited, distance, journeys, planted, scaled

SEEDS = range(8)
# By model, of each seed: the distance to the planted shares, and that of shares scaled to what somebody caused.
Distances = dict[str, list[tuple[float, float]]]


@pytest.fixture(scope="module")
def distances(tmp_path_factory: pytest.TempPathFactory) -> Distances:
    found: Distances = {}
    for seed in SEEDS:
        world = build_world(WorldConfig(seed=seed, days=75, orders_per_day=60, causes=True))
        caused = planted(world)
        for model, shares in credited(journeys(world, tmp_path_factory.mktemp("world"))).items():
            both = distance(shares, caused), distance(scaled(shares), scaled(caused))
            found.setdefault(model, []).append(both)
    return found


@pytest.mark.parametrize("model", ["markov", "shapley, conversions", "shapley, rate", "leave_one_out"])
@pytest.mark.parametrize("scale", [0, 1], ids=["as they are", "scaled"])
def test_a_learned_model_is_nearer_than_last_click_in_the_mean(distances: Distances, model: str, scale: int) -> None:
    assert mean(each[scale] for each in distances[model]) < mean(each[scale] for each in distances["last"])


def test_what_journeys_in_vain_tell_halves_the_distance_in_every_world(distances: Distances) -> None:
    # The game of rates is the one that takes the share of journeys that end in an order for what a channel does.
    for (_, by_rate), (_, by_last) in zip(distances["shapley, rate"], distances["last"], strict=True):
        assert by_rate < by_last / 2


def test_no_model_knows_who_would_have_come_anyway(distances: Distances) -> None:
    for model, of_seeds in distances.items():
        assert all(as_they_are > 0.5 for as_they_are, _ in of_seeds), model


def test_the_documented_figures_are_those_measured(distances: Distances) -> None:
    text = (PROJECT_ROOT / "docs" / "attribution.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`|]+)` \| (0\.\d\d) \| (0\.\d\d) \| (\d) of 8 \| (\d) of 8 \|$", text, re.MULTILINE)
    assert {model for model, *_ in rows} == distances.keys()
    for model, *figures in rows:
        for scale in (0, 1):
            mine, last = ([each[scale] for each in distances[name]] for name in (model, "last"))
            assert float(figures[scale]) == pytest.approx(mean(mine), abs=0.0051), model
            nearer = sum(a < b for a, b in zip(mine, last, strict=True))
            assert int(figures[2 + scale]) == nearer, model
