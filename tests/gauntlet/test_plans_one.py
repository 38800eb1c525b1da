"""Random plans of faults over whole nights of all networks; half of the plans, see `plans`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .ground import References
from .plan import NAMED, plan_of
from .plans import PLANS, SEED, run, seeds


@pytest.mark.parametrize("seed", seeds(0))
def test_after_the_faults_one_clean_run_leaves_what_a_run_without_faults_leaves(
    seed: int, root: Path, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(seed, root, references, monkeypatch)


@pytest.mark.skipif(SEED is not None or PLANS < 200, reason="too few plans for every fault")
def test_every_fault_has_a_plan_of_its_own_at_every_network() -> None:
    alone = [plan for plan in map(plan_of, range(PLANS)) if plan.alone]
    assert {(plan.networks[0], plan.alone) for plan in alone} == set(NAMED)
