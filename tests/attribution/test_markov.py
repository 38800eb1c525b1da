from __future__ import annotations

import pytest

from affiliate_assets.attribution import markov
from affiliate_assets.attribution.markov import Chain
from affiliate_assets.attribution.paths import Paths
from tests.attribution.reference import conversion_probability, removal_effects
from tests.attribution.worlds import nine_paths, random_rows


def test_nine_paths_give_the_published_removal_weights() -> None:
    """Paths: tests/test_mam.py of DP6/Marketing-Attribution-Models (Apache-2.0)."""
    weights = Chain.of(nine_paths()).removal().weights
    assert weights * 27 == pytest.approx([10.643154, 8.514523, 7.842324], abs=1e-6)


def test_a_removed_channel_takes_along_what_came_through_it() -> None:
    # Half of all start with A; of those that come to B, two of three convert; of those at A, half go on to B.
    paths = Paths.of([(["A"], 0, 1), (["A", "B"], 1, 0), (["B"], 1, 1)])
    removal = Chain.of(paths).removal()
    assert removal.channels == ("A", "B")
    assert removal.probability == pytest.approx(1 / 2)
    # Without A: 1/2 × 2/3; without B nobody converts.
    assert removal.effects == pytest.approx([1 / 3, 1])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_effects_are_those_of_the_definition_in_exact_fractions(order: int) -> None:
    for case in range(40):
        rows = random_rows(case, channels=4)
        removal = Chain.of(Paths.of(rows), order).removal()
        assert removal.probability == pytest.approx(float(conversion_probability(rows, order)), abs=1e-12), case
        expected = [float(effect) for effect in removal_effects(rows, order).values()]
        assert removal.effects == pytest.approx(expected, abs=1e-12), case


@pytest.mark.parametrize("order", [1, 2, 4])
def test_following_the_moves_ends_where_the_inverse_does(order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [Chain.of(Paths.of(random_rows(case, 6, 30, 12)), order) for case in range(20)]
    inverted = [chain.removal() for chain in cases]
    monkeypatch.setattr(markov, "DENSE_STATES", 0)
    for chain, expected in zip(cases, inverted, strict=True):
        followed = chain.removal()
        assert followed.probability == pytest.approx(expected.probability, abs=1e-12)
        assert followed.effects == pytest.approx(expected.effects, abs=1e-11)


def test_a_longer_memory_tells_paths_apart_that_a_shorter_one_mixes() -> None:
    # B converts after A only; a memory of one touch cannot know.
    paths = Paths.of([(["A", "B"], 4, 0), (["C", "B"], 0, 4)])
    assert Chain.of(paths, 1).removal().effects == pytest.approx([0.5, 1, 0.5])
    assert Chain.of(paths, 2).removal().effects == pytest.approx([1, 1, 0])


def test_other_counts_need_no_new_chain() -> None:
    rows = random_rows(7)
    paths = Paths.of(rows)
    doubled = [(touches, 3 * conversions, nulls + 2) for touches, conversions, nulls in rows]
    again = Chain.of(paths).removal(3 * paths.conversions, paths.nulls + 2)
    assert again.effects == pytest.approx(Chain.of(Paths.of(doubled)).removal().effects)


def test_where_nothing_converted_nobody_earned_it() -> None:
    removal = Chain.of(Paths.of([(["A", "B"], 0, 3)])).removal()
    assert (removal.probability, removal.effects.tolist(), removal.weights.tolist()) == (0, [0, 0], [0, 0])
    empty = Chain.of(Paths.of([])).removal()
    assert (empty.channels, empty.probability, len(empty.weights)) == ((), 0, 0)


@pytest.mark.parametrize("order", [0, 5])
def test_other_orders_are_refused(order: int) -> None:
    with pytest.raises(ValueError, match="order of 1 to 4"):
        Chain.of(nine_paths(), order)
