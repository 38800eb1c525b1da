"""A simulated brand, from the networks' HTTP answers to published marts, on this machine alone."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from affiliate_assets.errors import InternalError
from affiliate_assets.sandbox import NETWORKS, Account, Sandbox, World, WorldConfig, analytics, build_world, systems
from affiliate_assets.settings import CONFIG_VARIABLE, NOW_VARIABLE, PROJECT_ROOT, load_settings
from affiliate_assets.summary import print_summary

START = date(2026, 1, 1)
BACKFILL_DAYS = 60
ZONE = "Europe/Berlin"
FOLDER = PROJECT_ROOT / "data" / "demo"
CONFIG = FOLDER / "affiliate.toml"
# The backfill's morning, then two later mornings with a status change in between.
FIRST_MORNING = datetime(2026, 3, 2, 3, tzinfo=UTC)
NIGHTS = (FIRST_MORNING + timedelta(days=1), FIRST_MORNING + timedelta(days=4))
_HASH_KEY = "DEMO_HASH_KEY"


def build_demo_world(seed: int, orders_per_day: int, *, every_network: bool = False) -> World:
    """The world of the demo: long enough for the backfill and both nights."""
    days = (NIGHTS[-1].date() - START).days + 1
    config = WorldConfig(seed=seed, start=START, days=days, orders_per_day=orders_per_day, causes=True)
    return build_world(replace(config, networks=tuple(NETWORKS)) if every_network else config)


def write_configuration(sandbox: Sandbox, world: World, path: Path, data: str) -> None:
    """Write an `affiliate.toml` that points every account of the world at the sandbox."""
    lines = [
        "[brand]",
        'name = "Acme Home (simulated)"',
        'reporting_currency = "EUR"',
        f'time_zone = "{ZONE}"',
        f"start_date = {START}",
        "",
        "[paths]",
        f'data = "{data}"',
        "",
        "[privacy]",
        f'hash_key = "env:{_HASH_KEY}"',
        "",
        "[matching]",
        f"order_id_prefixes = [{', '.join(f'{prefix!r}' for prefix in world.order_id_prefixes)}]",
    ]
    further = {"order_items": world.config.items, "incrementality": world.config.causes}
    for stream in ("orders", "touchpoints", *(stream for stream, has_it in further.items() if has_it)):
        lines += ["", "[[exports]]", f'stream = "{stream}"', f'path = "exports/{stream}_*.csv"']
    for block in (*systems.settings(world), *analytics.settings(world)):
        lines += ["", *block]
    for account in world.accounts:
        lines += [
            "",
            "[[accounts]]",
            f'network = "{account.network}"',
            f'account_id = "{account.account_id}"',
            f'name = "{account.name}"',
            f'currency = "{account.currency}"',
            *_way_to(sandbox, account),
            *([] if account.zone == "UTC" else [f'time_zone = "{account.zone}"']),
            "[accounts.credentials]",
            *(f'{name} = "env:{_variable(account.network, name)}"' for name in sandbox.credentials(account.network)),
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _way_to(sandbox: Sandbox, account: Account) -> list[str]:
    """Where an account is asked, or where its files are dropped, beside the exports of the shop."""
    if NETWORKS[account.network].export is None:
        return [f'base_url = "{sandbox.base_url(account)}"']
    return [f'files = "drop/{account.network}/{account.account_id}/*.csv"']


def _variable(network: str, name: str) -> str:
    return f"DEMO_{network}_{name}".upper()


def demo_secrets(sandbox: Sandbox) -> dict[str, str]:
    """The environment that the written configuration refers to."""
    secrets = {
        _variable(network, name): value
        for network in sandbox.networks
        for name, value in sandbox.credentials(network).items()
    }
    return {**secrets, _HASH_KEY: "a key for invented customers"}


def run_demo(world: World, console: Console) -> None:
    """Backfill and two nights through Dagster, then the summary.

    Raises:
        InternalError: A run failed; the message names the step.
    """
    from affiliate_assets.defs.execution import run_job

    _forget_earlier_demo()
    with Sandbox(world, clock=FIRST_MORNING) as sandbox:
        write_configuration(sandbox, world, CONFIG, data="..")
        os.environ.update(demo_secrets(sandbox), **{CONFIG_VARIABLE: str(CONFIG)})
        exported: datetime | None = None
        backfill = (START, START + timedelta(days=BACKFILL_DAYS - 1))
        for morning, days in ((FIRST_MORNING, backfill), *((night, None) for night in NIGHTS)):
            sandbox.set_clock(morning)
            sandbox.write_exports(FOLDER / "exports", since=exported)
            world.write_incrementality(FOLDER / "exports", morning)
            sandbox.write_drops(FOLDER / "drop")
            exported = morning
            what = f"backfill of {BACKFILL_DAYS} days" if days else "nightly run"
            with _now(morning):
                outcome = run_job(days=days)
            console.print(f"{morning:%Y-%m-%d}  {what}", style="bold")
            for report in outcome.reports:
                console.print(f"  {report}")
                for problem in report.problems:
                    console.print(f"    {problem}")
            if outcome.failed_step:
                raise InternalError(f"The run failed at {outcome.failed_step}", next_step="look at it with `make ui`.")
        console.print(f"Calls beyond a published limit: {len(sandbox.breaches)}")
    world.write_truth(FOLDER / "truth")
    print_summary(load_settings(CONFIG), console)
    console.print("dbt docs         make docs")
    console.print("Dagster UI       make ui")


def serve(world: World, port: int, clock: datetime, console: Console) -> None:
    """Serve the demo's networks until interrupted, with its configuration and exports written."""
    with Sandbox(world, clock=clock, port=port) as sandbox:
        write_configuration(sandbox, world, CONFIG, data="..")
        sandbox.write_exports(FOLDER / "exports")
        world.write_incrementality(FOLDER / "exports", clock)
        sandbox.write_drops(FOLDER / "drop")
        console.print(f"Networks served on 127.0.0.1:{port}, clock {clock.isoformat()}. In another shell:")
        shown = {**demo_secrets(sandbox), CONFIG_VARIABLE: str(CONFIG), NOW_VARIABLE: clock.isoformat()}
        for name, value in shown.items():
            console.print(f"  export {name}='{value}'")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            console.print("stopped")


def _forget_earlier_demo() -> None:
    """Remove what an earlier demo left, and nothing of a real brand."""
    if not CONFIG.is_file():
        return
    data = load_settings(CONFIG).data
    for name in ("landing", "warehouse", "published", "state", "demo"):
        shutil.rmtree(data / name, ignore_errors=True)


@contextmanager
def _now(instant: datetime) -> Iterator[None]:
    os.environ[NOW_VARIABLE] = instant.isoformat()
    try:
        yield
    finally:
        del os.environ[NOW_VARIABLE]
