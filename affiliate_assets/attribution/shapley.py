"""Shapley values of channels, and what leaving one of them out costs.

A coalition is a set of channels. It owns the paths whose channels all belong to it, in whatever order they come.
Two games give a coalition its value:

- `conversions`: the conversions of its paths (Zhao, Mahboobi, Bagheri 2018, "Shapley value methods for attribution
  modeling in online advertising"). Each path is a game of its own, so its channels share it evenly: exact for any
  number of channels, never negative, and an order's credit is its own Shapley value.
- `rate`: the conversions of its paths by all its paths. Paths without an order count, so a channel may be worth less
  than nothing. Exact by all 2ⁿ coalitions, or estimated from random orders of joining, with a bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from affiliate_assets.attribution.paths import Floats, Ints, Paths, numbered, summed

# Numbers that one batch of sampled orders may hold at once.
_BATCH = 4_000_000
# Channels that are looked at together to tell sets apart; numbers of sets need the other bits.
_BITS = 30


@dataclass(frozen=True)
class Estimate:
    """Shapley values with the error that none of them exceeds at the stated confidence; exact ones have none."""

    values: Floats
    bound: float


def distinct_sets(paths: Paths) -> Paths:
    """The same journeys with each set of channels as one path; neither game nor leaving one out can tell them apart."""
    coalitions = Coalitions.of(paths)
    amounts = (paths.conversions, paths.nulls)
    return Paths(paths.channels, coalitions.offsets, coalitions.members, *map(coalitions.of_each_set, amounts))


@dataclass(frozen=True)
class Coalitions:
    """The distinct sets of channels of some paths, as flat arrays, and which path has which set."""

    paths: Paths
    offsets: Ints
    members: Ints
    set_of_path: Ints

    @classmethod
    def of(cls, paths: Paths) -> Coalitions:
        is_member = np.zeros((len(paths), len(paths.channels)), dtype=bool)
        is_member[paths.path_of_step, paths.steps] = True
        set_of_path = np.zeros(len(paths), dtype=np.int64)
        for begin in range(0, len(paths.channels), _BITS):
            bits = is_member[:, begin : begin + _BITS] @ (1 << np.arange(_BITS))[: len(paths.channels) - begin]
            set_of_path = numbered(set_of_path * 2**_BITS + bits, len(paths) * 2**_BITS)[1]
        chosen = np.unique(set_of_path, return_index=True)[1]
        distinct = is_member[chosen]
        offsets = np.concatenate([[0], np.cumsum(distinct.sum(axis=1))]).astype(np.int64)
        return cls(paths, offsets, np.nonzero(distinct)[1].astype(np.int64), set_of_path)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> Ints:
        return np.diff(self.offsets)

    def of_each_set(self, amounts: Floats) -> Floats:
        """What the paths of each set have together."""
        return summed(self.set_of_path, amounts, len(self))

    def shared_evenly(self, amounts: Floats) -> Floats:
        """Shapley values of the game `conversions`: what each path brought, shared evenly by its channels."""
        shares = np.repeat(self.of_each_set(amounts) / self.sizes, self.sizes)
        return summed(self.members, shares, len(self.paths.channels))

    def left_out(self, amounts: Floats) -> Floats:
        """What all channels together lose without each one: the amounts of the paths that contain it."""
        return summed(self.members, np.repeat(self.of_each_set(amounts), self.sizes), len(self.paths.channels))

    def rate_exactly(self, conversions: Floats, nulls: Floats) -> Floats:
        """Shapley values of the game `rate`, from the value of all 2ⁿ coalitions."""
        size = len(self.paths.channels)
        owners = np.repeat(np.arange(len(self), dtype=np.int64), self.sizes)
        masks = summed(owners, np.exp2(self.members), len(self)).astype(np.int64)
        worth = [_within(summed(masks, self.of_each_set(part), 2**size)) for part in (conversions, nulls)]
        values = _rate(worth[0], worth[1])
        others = _sizes_of_coalitions(size - 1) if size else np.zeros(0, dtype=np.int64)
        weights = np.array([1 / (size * math.comb(size - 1, joined)) for joined in range(size)])[others]
        result = np.zeros(size)
        for channel in range(size):
            pairs = values.reshape(-1, 2, 2**channel)
            result[channel] = ((pairs[:, 1] - pairs[:, 0]).reshape(-1) * weights).sum()
        return result

    def rate_sampled(
        self, conversions: Floats, nulls: Floats, permutations: int, seed: int, confidence: float = 0.95
    ) -> Estimate:
        """Estimates of the same from random orders in which the channels join, each beside its reverse.

        The pairs are independent, and what a channel adds lies between -1 and 1. The bound holds for all channels at
        once: the smaller of Hoeffding's and the empirical Bernstein bound (Maurer, Pontil 2009, theorem 4) for the
        widest channel.
        """
        pairs, size = permutations // 2, len(self.paths.channels)
        if pairs < 2:
            raise ValueError("a bound needs at least four permutations")
        gained, ended = self.of_each_set(conversions), self.of_each_set(conversions + nulls)
        total, squares = np.zeros(size), np.zeros(size)
        for orders in self._orders(pairs, seed):
            added = (self._added(orders, gained, ended) + self._added(orders[:, ::-1], gained, ended)) / 2
            total += added.sum(axis=0)
            squares += (added**2).sum(axis=0)
        mean = total / pairs
        variance = np.maximum(squares - pairs * mean**2, 0) / (pairs - 1)
        return Estimate(mean, sampling_bound(float(variance.max()), pairs, size, confidence))

    def _orders(self, pairs: int, seed: int) -> Iterator[Ints]:
        generator, size = np.random.default_rng(seed), len(self.paths.channels)
        batch = max(1, _BATCH // max(len(self.members), size, 1))
        for done in range(0, pairs, batch):
            rows = np.broadcast_to(np.arange(size, dtype=np.int64), (min(batch, pairs - done), size))
            yield generator.permuted(rows, axis=1)

    def _added(self, orders: Ints, gained: Floats, ended: Floats) -> Floats:
        """What each channel adds to the rate when it joins, by order of joining. A set counts once it is whole."""
        rows, size = orders.shape
        joins_at = np.argsort(orders, axis=1)
        whole_at = np.maximum.reduceat(joins_at[:, self.members], self.offsets[:-1], axis=1)
        cells = (whole_at + np.arange(rows)[:, None] * size).reshape(-1)
        so_far = [
            summed(cells, np.tile(amounts, rows), rows * size).reshape(rows, size).cumsum(axis=1)
            for amounts in (gained, ended)
        ]
        values = np.divide(so_far[0], so_far[1], out=np.zeros_like(so_far[0]), where=so_far[1] > 0)
        steps = np.diff(values, axis=1, prepend=0)
        added: Floats = np.take_along_axis(steps, joins_at, axis=1)
        return added


def sampling_bound(variance: float, samples: int, channels: int, confidence: float) -> float:
    """Largest error of the means of `channels` samples of numbers between -1 and 1, at the confidence."""
    # Each of two bounds may fail on two sides for each channel; all that together is as unlikely as was asked for.
    failures = 4 * channels / (1 - confidence)
    hoeffding = 2 * math.sqrt(math.log(failures) / (2 * samples))
    bernstein = math.sqrt(2 * variance * math.log(2 * failures) / samples)
    bernstein += 14 * math.log(2 * failures) / (3 * (samples - 1))
    return min(hoeffding, bernstein)


def _within(amounts: Floats) -> Floats:
    """For each coalition, as bits, the amounts of all sets within it."""
    result = amounts.copy()
    for bit in range(len(amounts).bit_length() - 1):
        halves = result.reshape(-1, 2, 2**bit)
        halves[:, 1] += halves[:, 0]
    return result


def _rate(conversions: Floats, nulls: Floats) -> Floats:
    ended = conversions + nulls
    return np.divide(conversions, ended, out=np.zeros_like(ended), where=ended > 0)


def _sizes_of_coalitions(channels: int) -> Ints:
    sizes = np.zeros(1, dtype=np.int64)
    for _ in range(channels):
        sizes = np.concatenate([sizes, sizes + 1])
    return sizes
