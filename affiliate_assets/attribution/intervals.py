"""How far weights would move if the same journeys had happened once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from affiliate_assets.attribution.paths import Floats, Ints, Paths

Weigh = Callable[[Floats, Floats], Floats]
Tally = Callable[[Ints, Floats, Floats], Floats]


@dataclass(frozen=True)
class Interval:
    """Of each channel's weight; both ends belong to it."""

    low: Floats
    high: Floats


def bootstrap(paths: Paths, weigh: Weigh, samples: int, seed: int, confidence: float = 0.95) -> Interval:
    """Percentile intervals over resampled journeys.

    Each sample draws as many journeys as there were, with replacement: a multinomial over paths and whether they ended
    in an order. `weigh` turns the counts drawn, conversions and nulls of each path, into weights.
    """
    observed = _journeys(paths)
    seen = np.flatnonzero(observed)
    drawn_weights = np.empty((samples, len(paths.channels)))
    generator, journeys = np.random.default_rng(seed), int(observed.sum())
    counts = np.zeros_like(observed)
    for sample in range(samples):
        if journeys:
            counts[seen] = generator.multinomial(journeys, observed[seen] / journeys)
        drawn_weights[sample] = weigh(counts[: len(paths)], counts[len(paths) :])
    return _percentiles(drawn_weights, confidence)


def deal(paths: Paths, tally: Tally, size: int, groups: int, seed: int) -> Floats:
    """Deals all journeys to groups at random, evenly, and tallies each group."""
    generator, observed = np.random.default_rng(seed), _journeys(paths).astype(np.int64)
    journeys = generator.permutation(np.repeat(np.arange(len(observed)), observed))
    tallies = np.empty((groups, size))
    for group in range(groups):
        own = journeys[group::groups]
        tallies[group] = tally(own % len(paths), (own < len(paths)).astype(np.float64), np.ones(len(own)))
    return tallies


def bootstrap_groups(
    tallies: Floats, weigh: Callable[[Floats], Floats], samples: int, seed: int, confidence: float = 0.95
) -> Interval:
    """The same from random groups of journeys, which are drawn instead of the journeys.

    Groups of independent journeys vary as the journeys do (Wolter 2007, "Introduction to variance estimation", chapter
    2), and a sample costs as much as there are groups, however many the journeys.
    """
    generator, groups = np.random.default_rng(seed), len(tallies)
    drawn = generator.multinomial(groups, np.full(groups, 1 / groups), samples).astype(np.float64)
    return _percentiles(np.array([weigh(counts @ tallies) for counts in drawn]), confidence)


def _journeys(paths: Paths) -> Floats:
    observed = np.concatenate([paths.conversions, paths.nulls])
    if not np.array_equal(observed, np.rint(observed)):
        raise ValueError("journeys are resampled whole: conversions and nulls have to be whole numbers")
    return observed


def _percentiles(weights: Floats, confidence: float) -> Interval:
    beyond = (1 - confidence) / 2
    low, high = np.quantile(weights, [beyond, 1 - beyond], axis=0)
    return Interval(low, high)
