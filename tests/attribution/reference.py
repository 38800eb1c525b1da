"""The models once more, from their definitions, in exact fractions and as slowly as they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from fractions import Fraction
from itertools import pairwise, permutations

from affiliate_assets.attribution.paths import Row

State = tuple[str, ...]
START: State = ("(start)",)


def conversion_probability(rows: Iterable[Row], order: int, removed: str | None = None) -> Fraction:
    """Chance to convert from the start of the chain whose states are the last `order` touches."""
    moves: dict[State, dict[State | bool, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for touches, conversions, _, nulls in rows:
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
    ended = sum((Fraction(row[1] + row[3]) for row in rows if set(row[0]) <= set(coalition)), Fraction(0))
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
