"""Aggregated paths: each distinct sequence of channels, once, with how often it ended in an order and how often not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Row = tuple[Sequence[str], float, float]


@dataclass(frozen=True)
class Paths:
    """Distinct paths as flat arrays: the touches of path `p` are `steps[offsets[p]:offsets[p + 1]]`.

    channels: Names, sorted; a step is an index into them.
    conversions: Orders that ended the path.
    nulls: How often the path ended without an order.
    """

    channels: tuple[str, ...]
    offsets: Ints
    steps: Ints
    conversions: Floats
    nulls: Floats

    def __post_init__(self) -> None:
        counts = {len(self.offsets) - 1, len(self.conversions), len(self.nulls)}
        if len(counts) != 1:
            raise ValueError("conversions and nulls need one number for each path")
        if len(self) and self.lengths.min() < 1:
            raise ValueError("a path without a touch says nothing about channels")
        if min(self.conversions.min(initial=0), self.nulls.min(initial=0)) < 0:
            raise ValueError("a path cannot have ended less than zero times")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Paths:
        """From (touches, conversions, nulls); the same sequence may come more than once."""
        listed = list(rows)
        channels = tuple(sorted({name for touches, *_ in listed for name in touches}))
        codes = {name: code for code, name in enumerate(channels)}
        lengths = [len(touches) for touches, *_ in listed]
        return cls(
            channels,
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            np.array([codes[name] for touches, *_ in listed for name in touches], dtype=np.int64),
            np.array([row[1] for row in listed], dtype=np.float64),
            np.array([row[2] for row in listed], dtype=np.float64),
        )

    @property
    def lengths(self) -> Ints:
        return np.diff(self.offsets)

    @property
    def path_of_step(self) -> Ints:
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def touches(self, path: int) -> tuple[str, ...]:
        return tuple(self.channels[code] for code in self.steps[self.offsets[path] : self.offsets[path + 1]])


def summed(codes: Ints, amounts: Floats, size: int) -> Floats:
    """The amounts of each code from 0 to `size` - 1, added up."""
    return np.bincount(codes, weights=amounts, minlength=size).astype(np.float64, copy=False)


def numbered(keys: Ints, space: int) -> tuple[Ints, Ints]:
    """The distinct keys, sorted, and for each key its place among them; keys lie from 0 to `space` - 1."""
    if space > 4 * len(keys) + 1024:
        known, places = np.unique(keys, return_inverse=True)
        return known, places.reshape(-1).astype(np.int64)
    is_there = np.zeros(space, dtype=bool)
    is_there[keys] = True
    known = np.flatnonzero(is_there).astype(np.int64)
    return known, (np.cumsum(is_there, dtype=np.int64) - 1)[keys]


def as_shares(effects: Floats) -> Floats:
    """Effects as shares of their sum. All zero where there is nothing to share."""
    total = float(effects.sum())
    return effects / total if total else np.zeros_like(effects)
