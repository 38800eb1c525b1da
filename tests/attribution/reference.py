"""The models once more, from their definitions, in exact fractions and as slowly as they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise, permutations

from affiliate_assets.attribution.paths import Row

State = tuple[str, ...]
START: State = ("(start)",)
HALF_LIFE = Decimal(7 * 86400)

# What the touches of a path get, in proportion: by its channels and the seconds from each touch to the order, oldest
# first. All zero where nobody earns the credit.
Weights = Sequence[int | Fraction]
Rule = Callable[[Sequence[str], Sequence[int]], Weights]


def all_to(winner: int, count: int) -> Weights:
    return [int(place == winner % count) for place in range(count)]


def last_non_direct(channels: Sequence[str], _ages: Sequence[int]) -> Weights:
    """The last touch that is not direct; the last one where all are."""
    others = [place for place, channel in enumerate(channels) if channel != "direct"]
    return all_to(others[-1] if others else -1, len(channels))


def position(channels: Sequence[str], _ages: Sequence[int]) -> Weights:
    """40 % for the first, 40 % for the last, 20 % for all between; two touches share evenly."""
    between = len(channels) - 2
    return [40, *[Fraction(20, between)] * between, 40] if between > 0 else [1] * len(channels)


def w_shape(channels: Sequence[str], _ages: Sequence[int]) -> Weights:
    """30 % each for the first, the middle (of two the earlier) and the last, 10 % for all others.

    Without others the three share evenly, and so do two.
    """
    count = len(channels)
    if count <= 3:
        return [1] * count
    peaks = {0, (count - 1) // 2, count - 1}
    return [30 if place in peaks else Fraction(10, count - 3) for place in range(count)]


def time_decay(_channels: Sequence[str], ages: Sequence[int]) -> Weights:
    """2^(-age / half-life), rounded to a millionth and never less."""
    raw = (Decimal(2) ** (-age / HALF_LIFE) * 1_000_000 for age in ages)
    return [max(int(weight.quantize(Decimal(1), ROUND_HALF_UP)), 1) for weight in raw]


def affiliate_last_click(channels: Sequence[str], _ages: Sequence[int]) -> Weights:
    """The last affiliate touch, whatever came after it; nobody without one."""
    places = [place for place, channel in enumerate(channels) if channel == "affiliate"]
    return all_to(places[-1], len(channels)) if places else [0] * len(channels)


RULES: Mapping[str, Rule] = {
    "first": lambda channels, ages: all_to(0, len(channels)),
    "last": lambda channels, ages: all_to(-1, len(channels)),
    "last_non_direct": last_non_direct,
    "linear": lambda channels, ages: [1] * len(channels),
    "position": position,
    "w_shape": w_shape,
    "time_decay": time_decay,
    "affiliate_last_click": affiliate_last_click,
}


def whole_parts(weights: Weights, units: int) -> list[int]:
    """So many units in proportion to weights: all rounded down, then one more each by the largest remainder.

    Of equal remainders the later touch comes first.
    """
    total = sum(weights)
    divided = [divmod(units * weight, total) for weight in weights]
    parts = [int(part) for part, _ in divided]
    by_remainder = sorted(range(len(parts)), key=lambda place: (divided[place][1], place), reverse=True)
    for place in by_remainder[: units - sum(parts)]:
        parts[place] += 1
    return parts


def conversion_probability(rows: Iterable[Row], order: int, removed: str | None = None) -> Fraction:
    """Chance to convert from the start of the chain whose states are the last `order` touches."""
    moves: dict[State, dict[State | bool, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for touches, conversions, nulls in rows:
        states = [START] + [tuple(touches[max(0, end - order) : end]) for end in range(1, len(touches) + 1)]
        for here, there in pairwise(states):
            moves[here][there] += Fraction(conversions + nulls)
        moves[states[-1]][True] += Fraction(conversions)
        moves[states[-1]][False] += Fraction(nulls)
    states = [state for state in moves if sum(moves[state].values()) and removed not in state]
    # x - sum of p(here, there) x(there) = p(here, converted), solved by elimination.
    places = {state: place for place, state in enumerate(states)}
    matrix = [[Fraction(here == there) for there in states] + [Fraction(0)] for here in states]
    for state in states:
        total = sum(moves[state].values())
        for there, often in moves[state].items():
            if there is True:
                matrix[places[state]][-1] += often / total
            elif there is not False and there in places:
                matrix[places[state]][places[there]] -= often / total
    for pivot in range(len(states)):
        swap = next(row for row in range(pivot, len(states)) if matrix[row][pivot])
        matrix[pivot], matrix[swap] = matrix[swap], matrix[pivot]
        matrix[pivot] = [cell / matrix[pivot][pivot] for cell in matrix[pivot]]
        for row in range(len(states)):
            if row != pivot and matrix[row][pivot]:
                factor = matrix[row][pivot]
                matrix[row] = [cell - factor * other for cell, other in zip(matrix[row], matrix[pivot], strict=True)]
    return matrix[places[START]][-1]


def removal_effects(rows: list[Row], order: int) -> dict[str, Fraction]:
    everything = conversion_probability(rows, order)
    channels = sorted({name for touches, *_ in rows for name in touches})
    return {name: 1 - conversion_probability(rows, order, name) / everything for name in channels}


def conversions_of(rows: list[Row], coalition: Collection[str]) -> Fraction:
    return sum((Fraction(row[1]) for row in rows if set(row[0]) <= set(coalition)), Fraction(0))


def rate_of(rows: list[Row], coalition: Collection[str]) -> Fraction:
    ended = sum((Fraction(row[1] + row[2]) for row in rows if set(row[0]) <= set(coalition)), Fraction(0))
    return conversions_of(rows, coalition) / ended if ended else Fraction(0)


def shapley_values(rows: list[Row], worth: Callable[[list[Row], Collection[str]], Fraction]) -> dict[str, Fraction]:
    """What each channel adds when it joins, on average over all orders of joining."""
    channels = sorted({name for touches, *_ in rows for name in touches})
    known: dict[frozenset[str], Fraction] = {}

    def value(coalition: frozenset[str]) -> Fraction:
        if coalition not in known:
            known[coalition] = worth(rows, coalition)
        return known[coalition]

    added: dict[str, Fraction] = defaultdict(Fraction)
    orders = list(permutations(channels))
    for order in orders:
        for place, name in enumerate(order):
            added[name] += value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))
    return {name: total / len(orders) for name, total in added.items()}
