"""The property over a range of plans; two modules share the plans, so that two workers can."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from affiliate_assets.landing import batches
from tests.waiting import WaitingClock

from .checking import check
from .ground import environment
from .plan import plan_of
from .references import References
from .running import running

PLANS = int(os.environ.get("GAUNTLET_PLANS", "200"))
# Bytes of a batch where a small world has several.
FEW_PAGES = 4_000
SEED = os.environ.get("GAUNTLET_SEED")


def seeds(half: int) -> list[int]:
    """The numbers of the plans of one half."""
    if SEED is not None:
        return [int(SEED)] if half == 0 else []
    return list(range(half * PLANS // 2, (half + 1) * PLANS // 2))


def run(seed: int, root: Path, references: References, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one plan; a failure names the plan."""
    plan = plan_of(seed)
    for variable, value in environment(plan.ground).items():
        monkeypatch.setenv(variable, value)
    # Calls arrive unevenly on a busy machine: where a limit is tight, both sides read a clock that only waiting moves.
    clock = WaitingClock()
    if plan.real_budgets:
        clock.install(monkeypatch)
    if plan.loads_beside:
        monkeypatch.setattr(batches, "BATCH_BYTES", FEW_PAGES)
    try:
        with running(plan, root, references, clock if plan.real_budgets else time.monotonic) as outcome:
            served = {fault.kind for fault in outcome.sandbox.faults_served}
            assert plan.alone is None or served == {plan.alone}
            check(outcome, references, root)
    except Exception as error:
        error.add_note(f"Run this plan alone: GAUNTLET_SEED={seed} .venv/bin/pytest tests/gauntlet -k plans\n{plan}")
        raise
