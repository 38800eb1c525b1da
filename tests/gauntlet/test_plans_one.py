"""Random plans of faults over whole nights of all networks; half of the plans, see `plans`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from .ground import NETWORKS
from .plan import ABLE, NAMED, plan_of
from .plans import run, seeds
from .references import References

# What `make test` and `make gauntlet` run where nothing else is asked for.
FEW, FULL = 200, 5_000


@pytest.mark.parametrize("seed", seeds(0))
def test_after_the_faults_one_clean_run_leaves_what_a_run_without_faults_leaves(
    seed: int, root: Path, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(seed, root, references, monkeypatch)


def test_every_fault_has_a_plan_of_its_own_at_every_network() -> None:
    alone = [plan for plan in map(plan_of, range(FULL)) if plan.alone]
    assert {(plan.networks[0], plan.alone) for plan in alone} == set(NAMED)
    assert {network for network, _ in NAMED} == set(NETWORKS)


def test_every_fault_and_every_network_has_its_share_of_few_plans() -> None:
    plans = [plan_of(seed) for seed in range(FEW)]
    assert {plan.alone for plan in plans if plan.alone} == set(ABLE)
    struck = Counter(network for plan in plans for network in plan.networks)
    assert min(struck.values()) > FEW / len(NETWORKS) / 2, struck
    assert struck.keys() == set(NETWORKS)
