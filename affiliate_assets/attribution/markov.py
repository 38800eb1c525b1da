"""Markov chains over channels: what is lost when a channel is taken away.

The chain moves from touch to touch as often as the paths did, and ends in an order or in none (Anderl, Becker, von
Wangenheim, Schumann 2016, "Mapping the customer journey"). Its state is the last `order` channels. The removal effect
of a channel is the share of conversions that is lost when every state containing it leads to no order.

Nothing is simulated. The probability of an order from each state solves (I - Q) x = r, with Q the moves between states
and r the moves into an order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affiliate_assets.attribution.paths import Floats, Ints, Paths, as_shares, numbered, summed

MAX_ORDER = 4
# Beyond this size following the moves step by step is quicker than a dense inverse.
DENSE_STATES = 300
# Chance, after so many steps, that a path has not ended yet: the error that is left by following them.
UNFINISHED = 1e-13


@dataclass(frozen=True)
class Removal:
    """probability: of an order, from the start. effects: of each channel, as a fraction of the probability."""

    channels: tuple[str, ...]
    probability: float
    effects: Floats

    @property
    def weights(self) -> Floats:
        return as_shares(self.effects)


@dataclass(frozen=True)
class Chain:
    """What a chain is made of, apart from how often each path was taken.

    State 0 is the start; a state ends in `channel_of[state]`. `origins` and `targets` are its distinct moves, sorted by
    origin; `move_of_step` says which one each step of the paths is, `last_states` where each path ends.
    """

    paths: Paths
    channel_of: Ints
    origins: Ints
    targets: Ints
    move_of_step: Ints
    last_states: Ints

    @classmethod
    def of(cls, paths: Paths, order: int = 1) -> Chain:
        if not 1 <= order <= MAX_ORDER:
            raise ValueError(f"a chain has an order of 1 to {MAX_ORDER}, not {order}")
        base = len(paths.channels) + 1
        place = np.arange(len(paths.steps), dtype=np.int64) - np.repeat(paths.offsets[:-1], paths.lengths)
        memory = np.zeros(len(paths.steps), dtype=np.int64)
        for back in range(order):
            earlier = np.roll(paths.steps, back) + 1
            memory += np.where(place >= back, earlier, 0) * base**back
        known, state_of_step = numbered(memory, base**order)
        state_of_step += 1
        from_state = np.where(place == 0, 0, np.roll(state_of_step, 1))
        size = len(known) + 1
        moves, move_of_step = numbered(from_state * size + state_of_step, size**2)
        return cls(
            paths,
            np.concatenate([[-1], known % base - 1]).astype(np.int64),
            moves // size,
            moves % size,
            move_of_step,
            state_of_step[paths.offsets[1:] - 1],
        )

    def __len__(self) -> int:
        return len(self.channel_of)

    @property
    def tally_size(self) -> int:
        return len(self.origins) + 2 * len(self)

    def tally(self, chosen: Ints, gained: Floats, ended: Floats) -> Floats:
        """All that the chain has to know of those paths: how often each move was made, what was gained from each state
        in the end, and how often each was the end. Tallies of disjoint journeys add up.
        """
        lengths = self.paths.lengths[chosen]
        first = np.cumsum(lengths) - lengths
        steps = np.arange(int(lengths.sum())) + np.repeat(self.paths.offsets[chosen] - first, lengths)
        ends = self.last_states[chosen]
        return np.concatenate(
            [
                summed(self.move_of_step[steps], np.repeat(ended, lengths), len(self.origins)),
                summed(ends, gained, len(self)),
                summed(ends, ended, len(self)),
            ]
        )

    def removal(self, conversions: Floats | None = None, nulls: Floats | None = None) -> Removal:
        """Of conversions. Other counts than the paths' own are for resampling."""
        converted = self.paths.conversions if conversions is None else conversions
        ended = converted + (self.paths.nulls if nulls is None else nulls)
        everything = np.arange(len(self.paths), dtype=np.int64)
        return self.removal_of(self.tally(everything, converted, ended))

    def removal_of(self, tally: Floats) -> Removal:
        size = len(self)
        often, gained, ended = np.split(tally, [len(self.origins), len(self.origins) + size])
        left = summed(self.origins, often, size) + ended
        # A state that no counted path visits is never reached.
        per_visit = 1 / np.where(left > 0, left, 1)
        chances = often * per_visit[self.origins]
        gains = gained * per_visit
        solve = self._inverted if size <= DENSE_STATES else self._followed
        total, lost = solve(chances, gains)
        effects = lost / total if total else np.zeros_like(lost)
        return Removal(self.paths.channels, total, effects)

    def _inverted(self, chances: Floats, gains: Floats) -> tuple[float, Floats]:
        """Gain from the start, and how much of it passes through each channel, by the fundamental matrix N.

        Of the visits to the states S of a channel, N[start, S] N[S, S]⁻¹ are the first ones, each worth what follows.
        """
        size = len(self)
        stay = np.eye(size)
        stay[self.origins, self.targets] -= chances
        visits = np.linalg.inv(stay)
        worth = visits @ gains
        lost = np.zeros(len(self.paths.channels))
        by_channel = np.argsort(self.channel_of, kind="stable")
        bounds = np.searchsorted(self.channel_of[by_channel], np.arange(len(lost) + 1))
        for channel in range(len(lost)):
            own = by_channel[bounds[channel] : bounds[channel + 1]]
            first = np.linalg.solve(visits[np.ix_(own, own)].T, visits[0, own])
            lost[channel] = first @ worth[own]
        return float(worth[0]), lost

    def _followed(self, chances: Floats, gains: Floats) -> tuple[float, Floats]:
        """The same by x ← Q x + r from zero, for all channels at once, until hardly a path is unfinished.

        What is still missing after t steps is at most the chance Qᵗ1 that a path lasts longer than that, times the
        largest gain; so the error is known, not guessed. A state whose last touch is the removed channel gains nothing,
        which is enough: one that contains it further back was reached through such a state.
        """
        size, channels = len(self), len(self.paths.channels)
        kept = np.ones((size, channels + 1))
        kept[np.arange(1, size), self.channel_of[1:] + 1] = 0
        starts = np.flatnonzero(np.diff(self.origins, prepend=-1))
        movers = self.origins[starts]

        def moved(state_values: Floats) -> Floats:
            result = np.zeros_like(state_values)
            result[movers] = np.add.reduceat(state_values[self.targets] * chances[:, None], starts, axis=0)
            return result

        column = gains[:, None]
        worth, unfinished = kept * column, np.ones((size, 1))
        while unfinished.max() > UNFINISHED:
            worth, unfinished = kept * (moved(worth) + column), moved(unfinished)
        return float(worth[0, 0]), worth[0, 0] - worth[0, 1:]
