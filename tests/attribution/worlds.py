"""Paths that tests agree on: hand-written ones, and random ones by number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from affiliate_assets.attribution.paths import Paths, Row

# Every order of up to three channels that begins with each of them; three orders each.
NINE = ("A", "A > B", "A > B > C", "B", "B > A", "B > C > A", "C", "C > A", "C > B > A")


def nine_paths() -> Paths:
    return Paths.of((path.split(" > "), 3, 0) for path in NINE)


def random_rows(case: int, channels: int = 6, paths: int = 8, longest: int = 6) -> list[Row]:
    """A few paths over up to so many channels; some never convert, some always do, at least one does."""
    generator = np.random.default_rng(case)
    names = [f"c{number}" for number in range(int(generator.integers(1, channels + 1)))]
    rows: list[Row] = []
    for _ in range(int(generator.integers(1, paths + 1))):
        touches = [names[code] for code in generator.integers(0, len(names), generator.integers(1, longest + 1))]
        conversions, nulls = (int(number) for number in generator.integers(0, 5, 2))
        rows.append((touches, conversions, nulls))
    touches, conversions, nulls = rows[0]
    return [(touches, conversions + 1, nulls), *rows[1:]]


def without_repeats(paths: Paths) -> Paths:
    """The same paths with repetitions of a channel in a row taken as one touch."""
    owners = paths.path_of_step
    is_new = np.ones(len(paths.steps), dtype=bool)
    is_new[1:] = (paths.steps[1:] != paths.steps[:-1]) | (owners[1:] != owners[:-1])
    lengths = np.bincount(owners[is_new], minlength=len(paths))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return replace(paths, offsets=offsets, steps=paths.steps[is_new])
