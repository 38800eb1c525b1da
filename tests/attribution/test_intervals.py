from __future__ import annotations

import numpy as np
import pytest

from affiliate_assets.attribution.intervals import bootstrap, bootstrap_groups, deal
from affiliate_assets.attribution.markov import Chain
from affiliate_assets.attribution.paths import Floats, Paths, as_shares

SHARED = Paths.of([(["A"], 300, 0), (["B"], 100, 0)])


def by_path(conversions: Floats, nulls: Floats) -> Floats:
    return as_shares(conversions)


def test_an_interval_is_as_wide_as_theory_says() -> None:
    interval = bootstrap(SHARED, by_path, 4000, seed=1)
    # 0.75 ± 1.96 √(0.75 · 0.25 / 400)
    assert interval.low == pytest.approx([0.7076, 0.2076], abs=0.004)
    assert interval.high == pytest.approx([0.7924, 0.2924], abs=0.004)


def test_a_seed_repeats_and_another_does_not() -> None:
    first, again, other = (bootstrap(SHARED, by_path, 50, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.low, again.low)
    assert not np.array_equal(first.low, other.low)


def test_as_many_journeys_are_drawn_as_there_were() -> None:
    drawn = []

    def weigh(conversions: Floats, nulls: Floats) -> Floats:
        drawn.append((conversions.sum() + nulls.sum(), nulls[0]))
        return as_shares(conversions)

    bootstrap(Paths.of([(["A"], 3, 0), (["B"], 2, 4)]), weigh, 20, seed=1)
    assert {total for total, _ in drawn} == {9}
    assert {never for _, never in drawn} == {0}, "what never happened is never drawn"


def test_part_of_a_journey_is_refused() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        bootstrap(Paths.of([(["A"], 0.5, 0)]), by_path, 10, seed=1)


def test_groups_of_journeys_vary_as_the_journeys_do() -> None:
    generator = np.random.default_rng(5)
    rows = [(["A", "B"][: int(generator.integers(1, 3))], 1, 0, 2) for _ in range(3000)]
    paths = Paths.of([*rows, (["B"], 800, 100)])
    chain = Chain.of(paths)
    one_by_one = bootstrap(paths, lambda own, nulls: chain.removal(own, nulls).weights, 400, seed=1)
    tallies = deal(paths, chain.tally, chain.tally_size, 300, seed=1)
    in_groups = bootstrap_groups(tallies, lambda tally: chain.removal_of(tally).weights, 400, seed=1)
    width = one_by_one.high - one_by_one.low
    assert in_groups.high - in_groups.low == pytest.approx(width, rel=0.2)
    assert in_groups.low == pytest.approx(one_by_one.low, abs=0.15 * width.max())


def test_every_journey_is_dealt_to_one_group() -> None:
    paths = Paths.of([(["A", "B", "A"], 5, 2), (["B"], 0, 3)])
    chain = Chain.of(paths, 2)
    tallies = deal(paths, chain.tally, chain.tally_size, 4, seed=1)
    assert chain.removal_of(tallies.sum(axis=0)).effects == pytest.approx(chain.removal().effects)
    # Each journey ends once, and ten journeys go to four groups.
    assert sorted(tallies[:, -len(chain) :].sum(axis=1)) == [2, 2, 3, 3]
