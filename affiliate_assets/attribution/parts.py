"""Weights that are binary floats, turned into whole parts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def whole_parts(weights: Sequence[float], units: int) -> list[int]:
    """Splits whole units in proportion to the weights, by largest remainder; of equal remainders the first wins.

    The parts always add up to the units, unless no weight is positive: then nobody gets anything. A weight below zero
    counts as none.
    """
    exact = [Fraction(max(weight, 0.0)) for weight in weights]
    total = sum(exact, Fraction(0))
    if not total:
        return [0] * len(exact)
    shares = [units * weight / total for weight in exact]
    parts = [share.numerator // share.denominator for share in shares]
    remainders = sorted(range(len(shares)), key=lambda place: (parts[place] - shares[place], place))
    for place in remainders[: units - sum(parts)]:
        parts[place] += 1
    return parts


def decimal_parts(weights: Sequence[float], total: Decimal, places: int) -> list[Decimal]:
    """Splits a decimal that has at most that many places into decimals that add up to it."""
    units = total.scaleb(places)
    if units != units.to_integral_value():
        raise ValueError(f"{total} has more than {places} decimal places")
    return [Decimal(part).scaleb(-places) for part in whole_parts(weights, int(units))]
