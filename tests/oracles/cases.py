"""The paths that ours and theirs are compared on."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affiliate_assets.attribution.paths import Paths
from tests.attribution.worlds import NINE, random_rows
from tests.environments import made_of

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venv"
EXACT = 1e-9
# Between two touches, and between the last one and the order: the longest path, of 89 touches, fits into the look-back.
HOURS = 7

# Path, conversions, their value, paths without a conversion.
Rows = list[list[Any]]
Named = dict[str, float]

installed = pytest.mark.skipif(
    not made_of(ENVIRONMENT, HERE / "requirements.txt"), reason="the oracles are not installed: make oracles"
)


def channels_of(path: str) -> list[str]:
    return [name.strip() for name in path.split(">")]


def paths_of(rows: Rows) -> Paths:
    return Paths.of((channels_of(path), conversions, nulls) for path, conversions, _, nulls in rows)


def random_paths(case: int) -> Rows:
    """Without paths that nobody took: ChannelAttribution would divide by zero."""
    draw = np.random.default_rng(case)
    return [
        [" > ".join(touches), conversions, round(float(draw.uniform(1, 90)) * conversions, 2), nulls]
        for touches, conversions, nulls in random_rows(case, channels=5, paths=40)
        if conversions + nulls
    ]


def paths_of_every_set(case: int) -> Rows:
    """Each set of four channels on a path of its own, in a random order, and none without a conversion."""
    draw = np.random.default_rng(case)
    sets = [list(names) for size in range(1, 5) for names in combinations("ABCD", size)]
    return [[" > ".join(draw.permutation(names)), int(draw.integers(1, 9)), 1.0, 0] for names in sets]


NINE_PATHS: Rows = [[path, 3, 3.0, 0] for path in NINE]
RANDOM = [random_paths(case) for case in range(25)]
EVERY_SET = [paths_of_every_set(case) for case in range(5)]
GIVEN = [NINE_PATHS, *RANDOM, *EVERY_SET]
