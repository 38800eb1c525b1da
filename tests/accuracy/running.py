"""One world measured in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

from tests.accuracy import worlds
from tests.accuracy.measuring import Measured, measure


def measure_one(manner: str, seed: int, folder: str, *, shuffled: bool) -> tuple[str, int, Measured]:
    """Measure the world of a manner and seed in a folder that all processes share."""
    build = worlds.ordinary if manner == "ordinary" else worlds.other
    root = Path(folder) / f"{manner}-{seed}"
    # Each process has a dbt target of its own, so that the project is parsed once in it.
    target = Path(folder) / f"dbt-{os.getpid()}"
    return manner, seed, measure(build(seed), root, target, shuffled=shuffled)
