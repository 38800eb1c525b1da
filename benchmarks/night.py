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
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

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


def main() -> int:
    minute = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    connectors = list(api_connectors().values())
    networks = tuple(connector.slug for connector in connectors)
    world = build_world(WorldConfig(seed=7, start=date(2026, 1, 1), days=60, orders_per_day=20, networks=networks))
    alone = {connector.title: pull(world, [connector], minute) for connector in connectors}
    together = pull(world, connectors, minute)
    table = Table("network", "seconds alone", title=f"a backfill of 60 days, a minute lasting {minute:g} s")
    for title, seconds in sorted(alone.items(), key=lambda entry: -entry[1]):
        table.add_row(title, f"{seconds:.1f}")
    console = Console()
    console.print(table)
    slowest = max(alone.values())
    console.print(
        f"one after the other {sum(alone.values()):.1f} s, slowest {slowest:.1f} s, side by side {together:.1f} s"
    )
    console.print(f"side by side beyond the slowest: {together - slowest:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
