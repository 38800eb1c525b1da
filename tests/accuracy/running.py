"""One world measured in a process of its own."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from tests.accuracy import worlds
from tests.accuracy.measuring import Measured, measure
from tests.end_to_end.pulling import Project


def measure_one(manner: str, seed: int, folder: str, *, shuffled: bool) -> tuple[str, int, Measured]:
    """Measure the world of a manner and seed in a folder that all processes share."""
    build = worlds.ordinary if manner == "ordinary" else worlds.other
    root = Path(folder) / f"{manner}-{seed}"
    return manner, seed, measure(build(seed), root, project_of(folder), shuffled=shuffled)


@cache
def project_of(folder: str) -> Project:
    """One for each process, so that the project is parsed once in it."""
    return Project(Path(folder) / f"dbt-{os.getpid()}")
