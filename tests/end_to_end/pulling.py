"""A world pulled over HTTP into a warehouse, and the project's models built on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from affiliate_assets.crm.streams import CRM
from affiliate_assets.demo import demo_secrets, write_configuration
from affiliate_assets.landing.configuration import store_networks
from affiliate_assets.landing.night import run_files, run_network
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.networks import all_connectors, api_connectors, file_connectors
from affiliate_assets.sandbox import Sandbox, World
from affiliate_assets.sandbox.config import CLICK_WINDOW, SHOPS
from affiliate_assets.settings import PROJECT_ROOT, Settings, load_settings
from tests.compiled import Compiled, Node, prefixes_of
from tests.waiting import WaitingClock

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
    """Pull a world over HTTP at the published limits, on one morning after another; yields each once it is loaded."""
    connectors = [connector for slug, connector in api_connectors().items() if slug in world.config.networks]
    dropped = [source for slug, source in file_connectors().items() if slug in world.config.networks]
    clock = WaitingClock()
    clock.install(monkeypatch)
    with Sandbox(world, clock=mornings[0], now=clock) as sandbox:
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
            if world.config.causes:
                world.write_incrementality(root / "exports", morning)
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


def decided(world: World) -> pl.Expr:
    """Which records of the truth the brand's files can tell.

    A CRM system exports minutes, so that of an order whose click lies within one of the end of the look-back nobody can
    say on which side of it.
    """
    systems = dict(world.config.systems)
    edge = [
        order.order_id
        for order in world.orders
        if SHOPS[order.shop].name in systems
        and order.click_at is not None
        and order.ordered_at - order.click_at > CLICK_WINDOW - 60
    ]
    return ~((pl.col("side") == "order") & pl.col("record_id").is_in(edge))


class Project:
    """The project's models, built by dbt on the first world of a kind, and by what it compiled then on the others.

    Args:
        target: Folder for what dbt leaves; nobody else may use it.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._compiled: dict[tuple[str, ...], Compiled] = {}

    def build(self, settings: Settings, only: Callable[[Node], bool] = lambda node: True) -> None:
        """Build a world that was pulled; of the data tests that are chosen none may fail."""
        with connection(settings.warehouse) as warehouse:
            store_networks(warehouse, all_connectors().values())
        prefixes = prefixes_of(settings.warehouse)
        if prefixes not in self._compiled:
            self._by_dbt(settings.warehouse)
            self._compiled[prefixes] = Compiled.of(self._target, settings.warehouse)
        else:
            outcomes = self._compiled[prefixes].build(settings.warehouse, only)
            assert {name for name, outcome in outcomes.items() if outcome == "fail"} == set()

    def _by_dbt(self, warehouse: Path) -> None:
        project = str(PROJECT_ROOT / "dbt_project")
        places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(self._target)]
        arguments = ["--quiet", "build", "--exclude", "resource_type:unit_test", *places]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AFFILIATE_WAREHOUSE", str(warehouse))
            outcome = dbtRunner().invoke([*arguments, "--log-path", str(self._target / "logs")])
        DuckDBConnectionManager.close_all_connections()
        assert outcome.success, outcome.exception or outcome.result
