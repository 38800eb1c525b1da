from __future__ import annotations

import numpy as np
import pytest

from affiliate_assets.attribution.paths import Paths
from affiliate_assets.attribution.shapley import Coalitions, distinct_sets, sampling_bound
from tests.attribution.reference import conversions_of, rate_of, shapley_values
from tests.attribution.worlds import nine_paths, random_rows


def test_nine_paths_give_the_published_shapley_values() -> None:
    """Paths: tests/test_mam.py of DP6/Marketing-Attribution-Models (Apache-2.0)."""
    paths = nine_paths()
    assert Coalitions.of(paths).shared_evenly(paths.conversions) == pytest.approx([10.5, 9, 7.5])


def test_both_games_are_those_of_all_orders_of_joining() -> None:
    for case in range(60):
        rows = random_rows(case, channels=6 if case % 10 == 0 else 5)
        paths = Paths.of(rows)
        coalitions = Coalitions.of(paths)
        by_conversions = [float(value) for value in shapley_values(rows, conversions_of).values()]
        assert coalitions.shared_evenly(paths.conversions) == pytest.approx(by_conversions, abs=1e-12), case
        by_rate = [float(value) for value in shapley_values(rows, rate_of).values()]
        assert coalitions.rate_exactly(paths.conversions, paths.nulls) == pytest.approx(by_rate, abs=1e-12), case


def test_sampled_values_stay_within_their_bound() -> None:
    missed = 0
    for case in range(100):
        paths = Paths.of(random_rows(case, channels=9, paths=20))
        coalitions = Coalitions.of(paths)
        exact = coalitions.rate_exactly(paths.conversions, paths.nulls)
        estimate = coalitions.rate_sampled(paths.conversions, paths.nulls, 200, case)
        missed += bool(np.abs(estimate.values - exact).max() > estimate.bound)
        assert estimate.values.sum() == pytest.approx(exact.sum()), "what all are worth together is never sampled"
    assert missed <= 5


def test_more_samples_come_closer_and_the_same_seed_comes_to_the_same() -> None:
    paths = Paths.of(random_rows(3, channels=12, paths=60))
    coalitions = Coalitions.of(paths)
    exact = coalitions.rate_exactly(paths.conversions, paths.nulls)
    few, many = (coalitions.rate_sampled(paths.conversions, paths.nulls, count, 1) for count in (40, 40_000))
    assert many.bound < few.bound / 10
    assert np.abs(many.values - exact).max() < np.abs(few.values - exact).max()
    again = coalitions.rate_sampled(paths.conversions, paths.nulls, 40, 1)
    assert np.array_equal(again.values, few.values)


def test_the_bound_is_the_smaller_of_two() -> None:
    # Hoeffding: 2 √(ln(4·2/0.05) / 2000); empirical Bernstein with hardly any variance: 14 ln(8·2/0.05) / (3·999).
    assert sampling_bound(1.0, 1000, 2, 0.95) == pytest.approx(0.100749, abs=1e-6)
    assert sampling_bound(0.0, 1000, 2, 0.95) == pytest.approx(0.026946, abs=1e-6)


def test_leaving_one_out_loses_every_path_that_contains_it() -> None:
    paths = Paths.of([(["A"], 4, 0), (["A", "B", "A"], 2, 5), (["C"], 0, 9)])
    assert Coalitions.of(paths).left_out(paths.conversions).tolist() == [6, 2, 0]


def test_sets_of_many_channels_are_told_apart() -> None:
    names = [f"c{number:03d}" for number in range(100)]
    rows = [([names[place], names[-1 - place], names[place]], 1, 0) for place in range(100)]
    paths = Paths.of(rows)
    assert len(Coalitions.of(paths)) == 50
    assert Coalitions.of(paths).shared_evenly(paths.conversions).tolist() == [1.0] * 100


def test_a_bound_from_one_pair_is_refused() -> None:
    paths = nine_paths()
    with pytest.raises(ValueError, match="four permutations"):
        Coalitions.of(paths).rate_sampled(paths.conversions, paths.nulls, 2, 1)


def test_only_the_set_of_channels_matters() -> None:
    paths = Paths.of([(["A", "B"], 1, 2), (["B", "A", "B"], 3, 4), (["A"], 2, 0)])
    merged = distinct_sets(paths)
    counted = {merged.touches(path): (merged.conversions[path], merged.nulls[path]) for path in (0, 1)}
    assert (len(merged), counted) == (2, {("A", "B"): (4, 6), ("A",): (2, 0)})
