"""A world pulled over HTTP into a warehouse, and the project's models built on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.crm.streams import CRM
from affiliate_assets.demo import demo_secrets, write_configuration
from affiliate_assets.landing.configuration import store_networks
from affiliate_assets.landing.night import run_files, run_network
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.networks import all_connectors, api_connectors, file_connectors
from affiliate_assets.sandbox import Sandbox, World
from affiliate_assets.settings import PROJECT_ROOT, Settings, load_settings

START = date(2026, 1, 1)
# A first morning, and a later one between which Awin decides, CJ locks and amounts change.
MORNINGS = (datetime(2026, 3, 2, 3, tzinfo=UTC), datetime(2026, 3, 14, 3, tzinfo=UTC))


def pull(world: World, root: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two mornings over HTTP into the warehouse."""
    *_, (_, settings) = nights(world, root, monkeypatch, MORNINGS)
    return settings


def nights(
    world: World, root: Path, monkeypatch: pytest.MonkeyPatch, mornings: Sequence[datetime]
) -> Iterator[tuple[datetime, Settings]]:
    """Pull a world over HTTP on one morning after another; yields each once it is in the warehouse."""
    # The published limits, with a minute that lasts a second for the networks, and a little longer for the pulls.
    minute, ours = 1.0, 1.1 / 60
    connectors = [
        replace(connector, limits=tuple(RateLimit(limit.calls, limit.per * ours) for limit in connector.limits))
        for connector in api_connectors().values()
        if connector.slug in world.config.networks
    ]
    dropped = [source for slug, source in file_connectors().items() if slug in world.config.networks]
    with Sandbox(world, clock=mornings[0], limit_window=minute) as sandbox:
        configuration = root / "affiliate.toml"
        write_configuration(sandbox, world, configuration, data="data")
        if world.config.agreements:
            lists = (world.write_terms(root / "exports"), world.write_contacts(root / "exports"))
            with configuration.open("a", encoding="utf-8") as file:
                for path in lists:
                    file.write(f'\n[[exports]]\nstream = "{path.stem}"\npath = "exports/{path.name}"\n')
        for name, value in demo_secrets(sandbox).items():
            monkeypatch.setenv(name, value)
        settings = load_settings(configuration)
        exported = None
        for number, morning in enumerate(mornings):
            sandbox.set_clock(morning)
            sandbox.write_exports(root / "exports", since=exported)
            sandbox.write_drops(root / "drop")
            exported = morning
            for connector in connectors:
                night = run_network(
                    settings,
                    connector,
                    requested=None,
                    follow_changes=True,
                    run_id=f"run-{number}",
                    as_of=morning,
                )
                assert night.problems == ()
            for source in (CRM, *dropped):
                assert run_files(settings, source, run_id=f"run-{number}", as_of=morning).problems == ()
            yield morning, settings
        assert sandbox.breaches == []


def build_models(
    settings: Settings, target: Path, monkeypatch: pytest.MonkeyPatch, leave_out: Sequence[str] = ("unit_test",)
) -> None:
    """The project's own `dbt build` with its data tests, but for resources of some types."""
    monkeypatch.setenv("AFFILIATE_WAREHOUSE", str(settings.warehouse))
    with connection(settings.warehouse) as warehouse:
        store_networks(warehouse, all_connectors().values())
    project = str(PROJECT_ROOT / "dbt_project")
    arguments = ["--quiet", "build", "--exclude", *(f"resource_type:{name}" for name in leave_out)]
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(target)]
    outcome = dbtRunner().invoke([*arguments, *places, "--log-path", str(target / "logs")])
    DuckDBConnectionManager.close_all_connections()
    assert outcome.success, outcome.exception or outcome.result
