"""Our data-driven models beside independent implementations, on their data and on random paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from affiliate_assets.attribution.markov import Chain
from affiliate_assets.attribution.paths import Floats, Paths
from affiliate_assets.attribution.shapley import Coalitions
from tests.oracles.cases import EVERY_SET, EXACT, GIVEN, Named, installed, paths_of

pytestmark = installed


def named(channels: Iterable[str], numbers: Floats) -> Named:
    return dict(zip(channels, numbers.tolist(), strict=True))


def closed_form(transitions: dict[str, Any], removed: str | None = None) -> float:
    """Chance to convert by their transition matrix, solved apart from our chain."""
    moves = transitions["moves"]
    code = next((code for code, name in transitions["names"].items() if name == removed), None)

    def is_removed(state: str) -> bool:
        return code in state.split()

    states = sorted({origin for origin, *_ in moves if not is_removed(origin)})
    matrix, gains = np.eye(len(states)), np.zeros(len(states))
    for origin, target, chance in moves:
        if origin in states and target == "(conversion)":
            gains[states.index(origin)] += chance
        elif origin in states and target in states:
            matrix[states.index(origin), states.index(target)] -= chance
    return float(np.linalg.solve(matrix, gains)[states.index("(start)")])


def assert_chains_agree(paths: Paths, theirs: dict[str, Any]) -> None:
    for order in (1, 2):
        ours, transitions = Chain.of(paths, order).removal(), theirs[f"transitions_{order}"]
        probability = closed_form(transitions)
        assert ours.probability == pytest.approx(probability, abs=EXACT)
        effects = [1 - closed_form(transitions, channel) / probability for channel in ours.channels]
        assert ours.effects == pytest.approx(effects, abs=EXACT)


def test_channel_attribution_agrees_on_its_own_paths(answers: dict[str, Any]) -> None:
    rows, theirs = answers["shipped"]["rows"], answers["shipped"]["channel_attribution"]
    paths = paths_of(rows)
    assert len(paths) == 10_000
    assert paths.conversions.sum() == 19_785
    assert sum(value for _, _, value, _ in rows) == pytest.approx(74_802.97, abs=0.01)
    assert_chains_agree(paths, theirs)


def test_its_simulation_misses_what_its_own_chain_says(answers: dict[str, Any]) -> None:
    paths = paths_of(answers["shipped"]["rows"])
    removal = Chain.of(paths).removal()
    assert removal.probability == pytest.approx(0.22384513559686, abs=1e-14)
    exact = named(removal.channels, removal.weights * 19_785)
    assert (exact["delta"], exact["mi"]) == (pytest.approx(4.61, abs=0.005), pytest.approx(1.72, abs=0.005))
    simulated = answers["shipped"]["channel_attribution"]["simulated"]
    large = [channel for channel in exact if exact[channel] > 1000]
    assert len(large) == 6
    assert [simulated[channel] for channel in large] == pytest.approx([exact[channel] for channel in large], rel=0.07)


def test_channel_attribution_agrees_on_other_paths(answers: dict[str, Any]) -> None:
    for rows, told in zip(GIVEN, answers["given"], strict=True):
        assert_chains_agree(paths_of(rows), told["channel_attribution"])


def test_removal_effects_are_those_of_marketing_attribution_models(answers: dict[str, Any]) -> None:
    for rows, told in zip(GIVEN, answers["given"], strict=True):
        removal, theirs = Chain.of(paths_of(rows)).removal(), told["marketing_attribution_models"]["removal_effects"]
        assert named(removal.channels, removal.effects) == pytest.approx(theirs, abs=EXACT)


def test_shapley_is_that_of_marketing_attribution_models_where_every_set_was_seen(answers: dict[str, Any]) -> None:
    """Its set of channels is worth the rate of exactly that set: 1 for all of them here, whoever joins first."""
    for rows, told in zip(EVERY_SET, answers["given"][-len(EVERY_SET) :], strict=True):
        theirs = told["marketing_attribution_models"]["shapley"]
        assert shapley(paths_of(rows)) == pytest.approx(theirs, abs=EXACT)


def shapley(paths: Paths) -> Named:
    return named(paths.channels, Coalitions.of(paths).shared_evenly(paths.conversions))


def test_the_nine_paths_are_credited_as_published(answers: dict[str, Any]) -> None:
    theirs, paths = answers["given"][0]["marketing_attribution_models"], paths_of(GIVEN[0])
    total = sum(theirs["removal_effects"].values())
    weights = {channel: 27 * effect / total for channel, effect in theirs["removal_effects"].items()}
    assert weights == pytest.approx({"A": 10.643154, "B": 8.514523, "C": 7.842324}, abs=1e-6)
    # By default the set {B, C}, which no path has, is worth nothing to it.
    assert theirs["shapley"] == pytest.approx({"A": 13.5, "B": 7.5, "C": 6})
    assert shapley(paths) == pytest.approx({"A": 10.5, "B": 9, "C": 7.5})
    assert theirs["shapley_of_ordered_pairs"] == pytest.approx({"A": 10.5, "B": 9, "C": 7.5})
