"""What holds of the data-driven models on any paths, on ten thousand random sets of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from affiliate_assets.attribution.markov import Chain
from affiliate_assets.attribution.paths import Floats, Paths, as_shares
from affiliate_assets.attribution.shapley import Coalitions
from tests.attribution.worlds import random_rows, without_repeats

CASES = 10_000


@pytest.fixture(scope="module")
def cases() -> list[Paths]:
    return [Paths.of(random_rows(case)) for case in range(CASES)]


def shares(paths: Paths) -> dict[str, Callable[[Floats], Floats]]:
    """How the models without weights over chains split any amounts of the paths."""
    coalitions = Coalitions.of(paths)
    return {
        "shapley": coalitions.shared_evenly,
        "leave_one_out": lambda amounts: as_shares(coalitions.left_out(amounts)) * amounts.sum(),
    }


def alone(paths: Paths) -> set[int]:
    """Channels that converted without any other."""
    return {
        int(paths.steps[begin])
        for begin, end, conversions in zip(paths.offsets, paths.offsets[1:], paths.conversions, strict=False)
        if conversions and len(set(paths.steps[begin:end])) == 1
    }


def test_shapley_and_leaving_one_out_split_all_conversions(cases: list[Paths]) -> None:
    for case, paths in enumerate(cases):
        for split in shares(paths).values():
            credited = split(paths.conversions)
            assert abs(credited.sum() - paths.conversions.sum()) < 1e-7, case
            assert credited.min() >= 0, case
            assert all(credited[channel] > 0 for channel in alone(paths)), case


def test_markov_splits_everything_and_agrees_with_what_was_observed(cases: list[Paths]) -> None:
    for case, paths in enumerate(cases):
        chain = Chain.of(paths, 1 + case % 2)
        journeys = float(paths.conversions.sum() + paths.nulls.sum())
        removal = chain.removal()
        assert abs(removal.probability - paths.conversions.sum() / journeys) < 1e-12, case
        assert abs(removal.weights.sum() - 1) < 1e-12, case
        assert removal.effects.min() >= -1e-12, case
        assert removal.effects.max() <= 1 + 1e-12, case
        assert all(removal.effects[channel] > 1e-6 for channel in alone(paths)), case


def test_repeating_a_channel_changes_nothing_for_markov(cases: list[Paths]) -> None:
    for case, paths in enumerate(cases[: CASES // 2]):
        collapsed = Chain.of(without_repeats(paths)).removal()
        assert abs(Chain.of(paths).removal().effects - collapsed.effects).max() < 1e-10, case
