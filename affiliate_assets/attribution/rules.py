"""Models whose rule says in advance what a touch gets, for whole channels.

The warehouse computes them order by order in SQL; this is the other way to the same sums, written apart from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from affiliate_assets.attribution.paths import Floats, Paths, summed

Rule = Callable[[Sequence[str]], list[float]]


@dataclass(frozen=True)
class Totals:
    """What each channel is credited with."""

    channels: tuple[str, ...]
    conversions: Floats
    value: Floats


def first(touches: Sequence[str]) -> list[float]:
    return [1.0] + [0.0] * (len(touches) - 1)


def last(touches: Sequence[str]) -> list[float]:
    return [0.0] * (len(touches) - 1) + [1.0]


def last_non_direct(direct: Collection[str] = ("direct",)) -> Rule:
    """The last touch that is not direct; the last one where all are."""

    def rule(touches: Sequence[str]) -> list[float]:
        others = [place for place, channel in enumerate(touches) if channel not in direct]
        winner = others[-1] if others else len(touches) - 1
        return [float(place == winner) for place in range(len(touches))]

    return rule


def linear(touches: Sequence[str]) -> list[float]:
    return [1 / len(touches)] * len(touches)


def position(touches: Sequence[str]) -> list[float]:
    """40 % for the first, 40 % for the last, 20 % for all between; two touches share evenly."""
    between = len(touches) - 2
    if between < 1:
        return linear(touches)
    return [0.4, *[0.2 / between] * between, 0.4]


def w_shape(touches: Sequence[str]) -> list[float]:
    """30 % each for the first, the middle (of two the earlier) and the last, 10 % for all others.

    Without others the three share evenly, and so do two.
    """
    others = len(touches) - 3
    if others < 1:
        return linear(touches)
    peaks = {0, (len(touches) - 1) // 2, len(touches) - 1}
    return [0.3 if place in peaks else 0.1 / others for place in range(len(touches))]


def decay_weights(ages: Sequence[float], half_life: float) -> list[float]:
    """Shares of touches of those ages, each losing half its weight in a half-life; both in the same unit."""
    youngest = min(ages)
    raw = [0.5 ** ((age - youngest) / half_life) for age in ages]
    return [weight / sum(raw) for weight in raw]


def totals(paths: Paths, rule: Rule) -> Totals:
    """Credit of whole channels by a rule that looks at the sequence alone."""
    shares = np.concatenate([np.zeros(0), *(rule(paths.touches(path)) for path in range(len(paths)))])
    owners, size = paths.path_of_step, len(paths.channels)
    return Totals(
        paths.channels,
        summed(paths.steps, shares * paths.conversions[owners], size),
        summed(paths.steps, shares * paths.values[owners], size),
    )
