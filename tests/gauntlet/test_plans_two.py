"""Random plans of faults over whole nights of all networks; half of the plans, see `plans`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .plans import run, seeds
from .references import References


@pytest.mark.parametrize("seed", seeds(1))
def test_after_the_faults_one_clean_run_leaves_what_a_run_without_faults_leaves(
    seed: int, root: Path, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(seed, root, references, monkeypatch)
