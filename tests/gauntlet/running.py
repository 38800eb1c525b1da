"""A plan is run: nights with faults, then a clean one."""

from __future__ import annotations

import io
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import duckdb

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.errors import RetryableError
from affiliate_assets.http.tokens import forget_tokens
from affiliate_assets.landing import night as landing_night
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.report import Night
from affiliate_assets.sandbox import Sandbox
from affiliate_assets.settings import Settings

from .disturbance import Doom, Killed
from .ground import NO_LIMITS, WIDE, Mornings, connector_of, pull, sandbox_of, settings_for
from .plan import COMMON, FaultyNight, Plan
from .references import References

# A real budget: so many calls, or as many as let the longest night wait for about two seconds.
TIGHT, TIGHT_WINDOW = 8, timedelta(milliseconds=500)


@dataclass
class Outcome:
    """What came of a plan.

    Attributes:
        nights: Every night that ended by itself, in order, with its network.
        killed: How often a process died, by network.
        refused: Writes that found the disk full, by network.
        twice: Days that were run twice at once.
        clean: Day of the clean night; later than planned where a fault moved the network's clock past it.
    """

    plan: Plan
    sandbox: Sandbox
    settings: Settings
    log: str
    nights: list[tuple[str, Night]] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    twice: list[int] = field(default_factory=list)
    clean: int = 0
    clean_nights: dict[str, Night] = field(default_factory=dict)

    @property
    def mornings(self) -> Mornings:
        before = () if self.plan.from_nothing else (0,)
        return (*before, *(night.day for night in self.plan.nights), self.clean)


@contextmanager
def running(
    plan: Plan, root: Path, references: References, now: Callable[[], float] = time.monotonic
) -> Iterator[Outcome]:
    """Run all nights of a plan below `root`; the networks count their limits by the clock `now`, in seconds."""
    ground = plan.ground
    limit = _tight(plan, references) if plan.real_budgets else WIDE
    limits = dict.fromkeys(NO_LIMITS, limit.calls) if plan.real_budgets else NO_LIMITS
    if not plan.from_nothing:
        for network in plan.networks:
            references.copy(ground, network, (0,), root / network)
    window = TIGHT_WINDOW.total_seconds()
    with sandbox_of(ground, ground.first_morning, limits, window, now) as sandbox, logged() as log:
        outcome = Outcome(plan, sandbox, settings_for(sandbox, root), "")
        last = ground.first_morning
        for night in plan.nights:
            last = max(last, _strike(outcome, night, limit, root))
            if plan.revive:
                sandbox.revive()
        sandbox.clear_faults()
        behind = max(0, math.ceil((last - ground.morning(plan.clean)) / timedelta(days=1)))
        outcome.clean = plan.clean + behind
        at = ground.morning(outcome.clean)
        sandbox.set_clock(at)
        forget_tokens()
        for network in plan.networks:
            settings = settings_for(sandbox, root / network)
            outcome.clean_nights[network] = pull(settings, connector_of(network, ground, at, limit), "clean", at)
        outcome.log = log.getvalue()
        yield outcome


def _tight(plan: Plan, references: References) -> RateLimit:
    longest = max(references.tables(plan.ground, network, (0,)).calls[0] for network in plan.networks)
    return RateLimit(max(TIGHT, longest // 4), TIGHT_WINDOW)


def _strike(outcome: Outcome, night: FaultyNight, limit: RateLimit, root: Path) -> datetime:
    """Run one night with its faults; returns what the network's clock showed last."""
    plan, sandbox = outcome.plan, outcome.sandbox
    at = last = plan.ground.morning(night.day)
    for injection in night.injections:
        sandbox.inject(injection.network, injection.kind, after=injection.after, times=injection.times)
    sandbox.random_faults(plan.seed, night.rate, COMMON)
    # Each night is a process of its own.
    forget_tokens()
    for network in plan.networks:
        sandbox.set_clock(at)
        settings = settings_for(sandbox, root / network, attempts=plan.attempts)
        connector = connector_of(network, plan.ground, at, limit)
        doom = night.doom.get(network, Doom())
        with doom.strikes(), _in_order(plan.side_by_side):
            try:
                if night.at_once:
                    outcome.twice.append(night.day)
                    with ThreadPoolExecutor(2) as pool:
                        runs = [
                            pool.submit(pull, settings, connector, f"faulty-{night.day}-{side}", at) for side in "ab"
                        ]
                        outcome.nights += [(network, run.result()) for run in runs]
                else:
                    outcome.nights.append((network, pull(settings, connector, f"faulty-{night.day}", at)))
            except Killed:
                outcome.killed[network] += 1
            except duckdb.IOException:
                assert doom.warehouse_full
            except RetryableError as error:
                # A load that takes a window back writes its manifest; it fails whole, and the next one does it again.
                if error.cause != "disk" or not doom.full:
                    raise
        outcome.refused[network] += len(set(doom.full) & set(range(1, doom.passed["write"] + 1)))
        last = max(last, sandbox.clock)
    return last


@contextmanager
def _in_order(side_by_side: bool) -> Iterator[None]:
    """Pull the accounts one after another, unless they should meet: only then does a plan end the same each time."""

    def one_by_one(
        tasks: Iterable[Callable[[], list[Manifest]]], meanwhile: Callable[[Callable[[], bool]], object]
    ) -> list[Manifest]:
        found = []
        for task in tasks:
            found += task()
            meanwhile(lambda: False)
        return found

    with nullcontext() if side_by_side else patch.object(landing_night, "side_by_side", one_by_one):
        yield


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged, down to the last detail."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root, locks = logging.getLogger(), logging.getLogger("filelock")
    levels = {logger: logger.level for logger in (root, locks)}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    # Paths of locks, a thousand times.
    locks.setLevel(logging.INFO)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        for logger, level in levels.items():
            logger.setLevel(level)
