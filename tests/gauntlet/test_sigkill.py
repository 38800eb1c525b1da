"""A process that pulls is killed with SIGKILL at a random moment; one clean run later nothing shows of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from affiliate_assets.landing import batches
from affiliate_assets.settings import Settings

from .checking import check
from .ground import (
    HASH_KEY,
    NETWORKS,
    Ground,
    connector_of,
    environment,
    ground_of,
    pull,
    sandbox_of,
    settings_for,
)
from .plan import FaultyNight, Plan
from .plans import FEW_PAGES
from .references import References
from .running import Outcome

# Imports take longer than a night: a server that has done them forks the processes that are killed.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["affiliate_assets.landing.night", "affiliate_assets.networks", __name__])
_DEADLINE = 30.0


def pull_in_a_process(settings: Settings, network: str, ground: Ground, at: datetime, secrets: dict[str, str]) -> None:
    os.environ.update(secrets)
    batches.BATCH_BYTES = FEW_PAGES
    pull(settings, connector_of(network, ground, at), "killed", at)


@pytest.mark.parametrize("seed", range(len(NETWORKS)))
def test_a_killed_process_leaves_nothing_that_one_clean_run_does_not_mend(
    seed: int, root: Path, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(f"sigkill {seed}")
    network = NETWORKS[seed]
    ground = ground_of(network, 0)
    day = rng.choice((0, 0, 1))
    at = ground.morning(day)
    for variable, value in environment(ground).items():
        monkeypatch.setenv(variable, value)
    secrets = {**environment(ground), HASH_KEY: os.environ[HASH_KEY]}
    plan = Plan(
        seed,
        ground,
        (network,),
        from_nothing=day == 0,
        nights=[FaultyNight(day, 0.0, [])],
        clean=day + rng.choice((0, 1)),
        attempts=4,
        real_budgets=False,
        revive=True,
        side_by_side=True,
        loads_beside=True,
    )
    if day:
        references.copy(ground, network, (0,), root / network)
    with sandbox_of(ground, at) as sandbox:
        settings = settings_for(sandbox, root / network)
        process = _PROCESSES.Process(target=pull_in_a_process, args=(settings, network, ground, at, secrets))
        process.start()
        calls, deadline = rng.randrange(1, 9), time.monotonic() + _DEADLINE
        while len(sandbox.calls) < calls and process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)
        # While the pages are written, or while they are loaded.
        time.sleep(rng.choice((0.0, rng.random() * 0.05, rng.random() * 0.4)))
        process.kill()
        process.join(_DEADLINE)
        assert process.exitcode in (-signal.SIGKILL, 0)
        morning = ground.morning(plan.clean)
        sandbox.set_clock(morning)
        clean = pull(settings, connector_of(network, ground, morning), "clean", morning)
        outcome = Outcome(plan, sandbox, settings, "", killed=Counter({network: 1}), clean=plan.clean)
        outcome.clean_nights[network] = clean
        check(outcome, references, root)
