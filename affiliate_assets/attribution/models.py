"""The data-driven models by name, each with what it says of every channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from affiliate_assets.attribution.intervals import Interval, Weigh, bootstrap, bootstrap_groups, deal
from affiliate_assets.attribution.markov import Chain
from affiliate_assets.attribution.paths import Floats, Paths, as_shares
from affiliate_assets.attribution.shapley import Coalitions, distinct_sets

# With more distinct paths than this, journeys are resampled in groups, unless all tallies would not fit into memory.
MANY_PATHS = 20_000
GROUPS = 1000
MANY_TALLIES = 20_000_000

Game = Literal["conversions", "rate"]


@dataclass(frozen=True)
class Settings:
    """What a brand may choose.

    markov_order: Touches that the chain remembers, 1 to 4.
    shapley_game: What a coalition is worth, `conversions` or `rate`.
    shapley_exact_up_to: Channels up to which the game `rate` looks at all coalitions; with more it samples.
    shapley_permutations: Orders of joining to sample.
    bootstrap_samples: Samples for the intervals; 0 leaves them out.
    confidence: Of intervals and bounds.
    """

    markov_order: int = 1
    shapley_game: Game = "conversions"
    shapley_exact_up_to: int = 16
    shapley_permutations: int = 2000
    bootstrap_samples: int = 200
    confidence: float = 0.95
    seed: int = 1

    def __post_init__(self) -> None:
        if self.shapley_game not in ("conversions", "rate"):
            raise ValueError(f"shapley_game is conversions or rate, not {self.shapley_game}")
        if not 0 <= self.shapley_exact_up_to <= 24:
            raise ValueError("shapley_exact_up_to is at most 24: each further channel doubles the coalitions")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence is a fraction of one, not {self.confidence}")


@dataclass(frozen=True)
class Weighted:
    """One model's word on every channel.

    effects: Fraction of the conversions (of the rate of conversion, in the game `rate`) that the model ascribes to the
        channel before it shares: removal effect, Shapley value, or what is lost without the channel.
    weights: Shares of the conversions. They add up to 1, or are all zero where nothing converted.
    interval: Of the weights; None if none was asked for.
    bound: Error of the effects that sampling has left; 0 where nothing was sampled.
    """

    channels: tuple[str, ...]
    effects: Floats
    weights: Floats
    interval: Interval | None
    bound: float


def markov(paths: Paths, settings: Settings) -> Weighted:
    """Removal effects of a Markov chain, exactly."""
    chain = Chain.of(paths, settings.markov_order)
    effects = chain.removal().effects
    samples, seed, confidence = settings.bootstrap_samples, settings.seed, settings.confidence
    if samples and len(paths) > MANY_PATHS and chain.tally_size * GROUPS <= MANY_TALLIES:
        tallies = deal(paths, chain.tally, chain.tally_size, GROUPS, seed)
        interval = bootstrap_groups(tallies, lambda tally: chain.removal_of(tally).weights, samples, seed, confidence)
        return Weighted(paths.channels, effects, as_shares(effects), interval, 0.0)
    return _weighted(paths, settings, effects, lambda own, nulls: chain.removal(own, nulls).effects)


def shapley(paths: Paths, settings: Settings) -> Weighted:
    """Shapley values: exact, unless the game is `rate` and there are too many channels for it."""
    paths = distinct_sets(paths)
    coalitions = Coalitions.of(paths)
    if settings.shapley_game == "conversions":
        return _by_conversions(paths, settings, coalitions.shared_evenly)
    if len(paths.channels) <= settings.shapley_exact_up_to:
        effects = coalitions.rate_exactly(paths.conversions, paths.nulls)
        return _weighted(paths, settings, effects, coalitions.rate_exactly)

    def sampled(conversions: Floats, nulls: Floats) -> Floats:
        return coalitions.rate_sampled(conversions, nulls, settings.shapley_permutations, settings.seed).values

    estimate = coalitions.rate_sampled(
        paths.conversions, paths.nulls, settings.shapley_permutations, settings.seed, settings.confidence
    )
    return _weighted(paths, settings, estimate.values, sampled, estimate.bound)


def leave_one_out(paths: Paths, settings: Settings) -> Weighted:
    """What is lost if every path with the channel ends without an order."""
    paths = distinct_sets(paths)
    return _by_conversions(paths, settings, Coalitions.of(paths).left_out)


MODELS: dict[str, Callable[[Paths, Settings], Weighted]] = {
    "markov": markov,
    "shapley": shapley,
    "leave_one_out": leave_one_out,
}


def _by_conversions(paths: Paths, settings: Settings, share: Callable[[Floats], Floats]) -> Weighted:
    total = float(paths.conversions.sum())
    effects = share(paths.conversions) / (total or 1.0)
    return _weighted(paths, settings, effects, lambda conversions, _nulls: share(conversions))


def _weighted(paths: Paths, settings: Settings, effects: Floats, again: Weigh, bound: float = 0.0) -> Weighted:
    """A channel that is worth less than nothing has no share."""

    def weights(conversions: Floats, nulls: Floats) -> Floats:
        return as_shares(np.maximum(again(conversions, nulls), 0))

    interval = None
    if settings.bootstrap_samples:
        interval = bootstrap(paths, weights, settings.bootstrap_samples, settings.seed, settings.confidence)
    return Weighted(paths.channels, effects, as_shares(np.maximum(effects, 0)), interval, bound)
