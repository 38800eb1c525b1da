"""The suite looks closely at every network."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.networks.cases import NETWORKS

LEAST = 60


def test_every_network_gets_at_least_sixty_checks() -> None:
    listed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-o",
            "addopts=-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "tests/networks",
        ],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: Counter[str] = Counter()
    for parameters in re.findall(r"^tests/networks/[^:\n]+::\w+\[(.+)\]$", listed, re.MULTILINE):
        words = re.split(r"-", parameters)
        found.update({slug for slug in NETWORKS if slug in words})
    assert set(found) == set(NETWORKS)
    assert min(found.values()) >= LEAST, found
