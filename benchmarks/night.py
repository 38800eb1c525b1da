"""All networks of a night side by side, beside each of them alone: `python -m benchmarks.night [MINUTE]`.

Emulated networks enforce their published limits on a clock on which a minute lasts MINUTE seconds (6 by default); ours
are scaled alike. Every pull is a backfill of 60 days with loading and validation, in a thread of its own, without dbt.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

from rich.console import Console

from affiliate_assets.connectors.language import Connector, RateLimit
from affiliate_assets.demo import demo_secrets, write_configuration
from affiliate_assets.landing.night import run_network
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import Sandbox, World, WorldConfig, build_world
from affiliate_assets.settings import load_settings

MORNING = datetime(2026, 3, 2, 3, tzinfo=UTC)
# A little slower than the networks count, so that no call comes too early.
SLACK = 1.02


def pull(world: World, connectors: Iterable[Connector], minute: float) -> float:
    """Seconds until all of these networks are pulled, each from the start, at the same time."""
    chosen = [
        replace(c, limits=tuple(RateLimit(limit.calls, limit.per * (minute * SLACK / 60)) for limit in c.limits))
        for c in connectors
    ]
    root = Path(tempfile.mkdtemp(prefix="night-"))
    try:
        with Sandbox(world, clock=MORNING, limit_window=minute) as sandbox:
            write_configuration(sandbox, world, root / "affiliate.toml", data="data")
            os.environ.update(demo_secrets(sandbox))
            settings = load_settings(root / "affiliate.toml")

            def night(connector: Connector) -> None:
                found = run_network(
                    settings, connector, requested=None, follow_changes=True, run_id="benchmark", as_of=MORNING
                )
                if found.problems:
                    raise SystemExit("\n".join(found.problems))

            started = perf_counter()
            with ThreadPoolExecutor(len(chosen)) as pool:
                list(pool.map(night, chosen))
            seconds = perf_counter() - started
            if sandbox.breaches:
                raise SystemExit(f"{len(sandbox.breaches)} calls broke a limit")
            return seconds
    finally:
        shutil.rmtree(root)


@dataclass(frozen=True, slots=True)
class Sides:
    """Seconds of each network alone, by its title, and of all at once, where a minute of limits is `minute` seconds."""

    minute: float
    alone: dict[str, float]
    together: float

    def page(self) -> list[str]:
        """As a section of the results."""
        slowest = max(self.alone.values())
        return [
            f"## A night of {len(self.alone)} networks",
            "",
            f"A backfill of 60 days from each network at its published limits, a minute of which lasts {self.minute:g}"
            " seconds, with loading and validation, without dbt; files are left out, as they have no limit.",
            "",
            "| network | seconds alone |",
            "| --- | ---: |",
            *(f"| {title} | {seconds:.1f} |" for title, seconds in self._slowest_first()),
            "",
            f"One after the other {sum(self.alone.values()):.1f} s, the slowest {slowest:.1f} s, all side by side"
            f" {self.together:.1f} s: {self.together - slowest:.1f} s beyond the slowest.",
        ]

    def _slowest_first(self) -> list[tuple[str, float]]:
        return sorted(self.alone.items(), key=lambda entry: -entry[1])


def measure(minute: float = 6.0) -> Sides:
    """Each network alone, then all of them; no call may break a limit.

    Raises:
        SystemExit: A network was not pulled whole, or a limit was broken.
    """
    connectors = list(api_connectors().values())
    networks = tuple(connector.slug for connector in connectors)
    world = build_world(WorldConfig(seed=7, start=date(2026, 1, 1), days=60, orders_per_day=20, networks=networks))
    alone = {connector.title: pull(world, [connector], minute) for connector in connectors}
    return Sides(minute, alone, pull(world, connectors, minute))


if __name__ == "__main__":
    Console().print("\n".join(measure(*map(float, sys.argv[1:])).page()), markup=False, soft_wrap=True)
