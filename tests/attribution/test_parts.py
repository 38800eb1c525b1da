from __future__ import annotations

from decimal import Decimal

import pytest

from affiliate_assets.attribution.parts import decimal_parts, whole_parts


@pytest.mark.parametrize(
    ("weights", "units", "parts"),
    [
        ([1, 1, 1], 100, [34, 33, 33]),
        ([0.2, 0.3, 0.5], 10, [2, 3, 5]),
        ([0.1, 0.2], 3, [1, 2]),
        ([1, 0, 3], 3, [1, 0, 2]),
        ([-1, 1], 7, [0, 7]),
        ([0, 0], 7, [0, 0]),
        ([], 7, []),
        ([1e-300, 1e300], 5, [0, 5]),
    ],
)
def test_whole_parts_by_largest_remainder(weights: list[float], units: int, parts: list[int]) -> None:
    assert whole_parts(weights, units) == parts


def test_decimals_add_up_to_the_last_place() -> None:
    parts = decimal_parts([0.1, 0.7, 1 / 3], Decimal("19785"), 6)
    assert sum(parts) == 19785
    assert all(part.as_tuple().exponent == -6 for part in parts)
    with pytest.raises(ValueError, match="more than 2 decimal places"):
        decimal_parts([1], Decimal("0.125"), 2)
