"""Over many worlds: every planted difference lands in its class, nothing else is flagged, money ties to the cent."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
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
from affiliate_assets.sandbox import Sandbox, World, WorldConfig, build_world
from affiliate_assets.settings import PROJECT_ROOT, Settings, load_settings

SEEDS = range(101, 121)
START = date(2026, 1, 1)
# A first morning, and a later one between which Awin decides, CJ locks and amounts change.
MORNINGS = (datetime(2026, 3, 2, 3, tzinfo=UTC), datetime(2026, 3, 14, 3, tzinfo=UTC))
PLANTED_CLASSES = {
    "missing_in_crm",
    "missing_in_network",
    "amount_mismatch",
    "status_mismatch",
    "duplicate_claim",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One dbt target for all worlds, so that the project is parsed once."""
    return tmp_path_factory.mktemp("dbt")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_is_in_its_true_class(
    seed: int, tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_truth(
        build_world(WorldConfig(seed=seed, start=START, days=75, orders_per_day=15)), tmp_path, target, monkeypatch
    )


def check_truth(
    world: World,
    tmp_path: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    further: Callable[[duckdb.DuckDBPyConnection], None] = lambda warehouse: None,
) -> None:
    """Pull a world, build the models, and compare every record with the truth; `further` looks at the warehouse too."""
    settings = pull(world, tmp_path, monkeypatch)
    build_models(settings, target, monkeypatch)
    truth = world.truth(MORNINGS[-1])
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        found = warehouse.sql(
            """
            select d.side, case d.side when 'order' then 'crm' else d.network end as network, d.record_id,
                   d.class as found_class, d.network_amount, d.network_currency, d.order_amount, d.order_currency
            from marts.fct_reconciliation_diffs d
            left join marts.fct_conversions c on c.conversion_key = d.conversion_key and d.side = 'network'
            -- The truth knows sales; what networks book beside them, tests and extra rewards, claims no order.
            where c.row_kind is null or c.row_kind not in ('bonus', 'test')
            """
        ).pl()
        further(warehouse)
    keys = ["side", "network", "record_id"]
    assert found.select(keys).is_unique().all()
    both = truth.join(found, on=keys, how="full", suffix="_found")
    wrong = both.filter(pl.col("class").ne_missing(pl.col("found_class")))
    assert wrong.is_empty(), wrong.select("side", "record_id", "kind", "class", "found_class").head(10).to_dicts()
    assert set(truth.get_column("class")) >= PLANTED_CLASSES

    assert money(truth, "network", "sale_amount", "currency") == money(
        found, "network", "network_amount", "network_currency"
    )
    assert money(truth, "order", "order_amount", "currency") == money(found, "order", "order_amount", "order_currency")
    shutil.rmtree(tmp_path / "data")


def pull(world: World, root: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two mornings over HTTP into the warehouse."""
    # The published limits, with a minute that lasts a second for the networks, and a little longer for the pulls.
    minute, ours = 1.0, 1.1 / 60
    connectors = [
        replace(connector, limits=tuple(RateLimit(limit.calls, limit.per * ours) for limit in connector.limits))
        for connector in api_connectors().values()
        if connector.slug in world.config.networks
    ]
    dropped = [source for slug, source in file_connectors().items() if slug in world.config.networks]
    with Sandbox(world, clock=MORNINGS[0], limit_window=minute) as sandbox:
        write_configuration(sandbox, world, root / "affiliate.toml", data="data")
        for name, value in demo_secrets(sandbox).items():
            monkeypatch.setenv(name, value)
        settings = load_settings(root / "affiliate.toml")
        exported = None
        for number, morning in enumerate(MORNINGS):
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
        assert sandbox.breaches == []
    return settings


def build_models(settings: Settings, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's own `dbt build` with its data tests."""
    monkeypatch.setenv("AFFILIATE_WAREHOUSE", str(settings.warehouse))
    with connection(settings.warehouse) as warehouse:
        store_networks(warehouse, all_connectors().values())
    project = str(PROJECT_ROOT / "dbt_project")
    arguments = ["--quiet", "build", "--exclude", "resource_type:unit_test"]
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(target)]
    outcome = dbtRunner().invoke([*arguments, *places, "--log-path", str(target / "logs")])
    DuckDBConnectionManager.close_all_connections()
    assert outcome.success, outcome.exception or outcome.result


def money(records: pl.DataFrame, side: str, amount: str, currency: str) -> dict[str, str]:
    """Total by currency, to the cent."""
    totals = (
        records.filter((pl.col("side") == side) & pl.col(amount).is_not_null())
        .group_by(currency)
        .agg(pl.col(amount).sum().round(2))
        .sort(currency)
    )
    return {code: f"{total:.2f}" for code, total in totals.iter_rows()}
