from __future__ import annotations

import pytest

from affiliate_assets.attribution import rules
from affiliate_assets.attribution.paths import Paths
from tests.attribution.worlds import nine_paths


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (rules.first, [9, 9, 9]),
        (rules.last, [15, 6, 6]),
        (rules.linear, [10.5, 9, 7.5]),
        (rules.position, [11.1, 8.4, 7.5]),
        # Four of the paths end in B and four in C once a last A is left out; one is nothing but A.
        (rules.last_non_direct({"A"}), [3, 12, 12]),
    ],
)
def test_nine_paths_give_the_published_credits(rule: rules.Rule, expected: list[float]) -> None:
    """Paths: tests/test_mam.py of DP6/Marketing-Attribution-Models (Apache-2.0)."""
    credited = rules.totals(nine_paths(), rule)
    assert credited.channels == ("A", "B", "C")
    assert credited.conversions == pytest.approx(expected)
    assert credited.value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("touches", "shares"),
    [
        ("A", [1]),
        ("AB", [0.5, 0.5]),
        ("ABC", [1 / 3, 1 / 3, 1 / 3]),
        ("ABCD", [0.3, 0.3, 0.1, 0.3]),
        ("ABCDE", [0.3, 0.05, 0.3, 0.05, 0.3]),
    ],
)
def test_a_w_has_three_peaks(touches: str, shares: list[float]) -> None:
    assert rules.w_shape(touches) == pytest.approx(shares)


def test_a_touch_weighs_half_as_much_for_each_half_life() -> None:
    assert rules.decay_weights([14, 7, 0], 7) == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    # Ages beyond what a float can halve still share.
    assert rules.decay_weights([1e6, 1e6 + 7], 7) == pytest.approx([2 / 3, 1 / 3])


def test_value_goes_the_way_of_its_own_path() -> None:
    credited = rules.totals(Paths.of([(["A", "B"], 1, 10.0, 0), (["B"], 3, 90.0, 5)]), rules.linear)
    assert credited.conversions == pytest.approx([0.5, 3.5])
    assert credited.value == pytest.approx([5, 95])
