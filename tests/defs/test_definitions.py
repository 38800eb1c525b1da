"""What a data engineer sees in the UI: keys, groups, owners, checks, partitions, lineage, schedule."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from affiliate_assets.crm.streams import CRM
from affiliate_assets.defs.build import build_definitions
from affiliate_assets.defs.common import latest_partition
from affiliate_assets.defs.jobs import JOB, RANGE_END, RANGE_START, nightly_tags
from affiliate_assets.defs.models import rows_and_columns
from affiliate_assets.defs.published import _reported
from affiliate_assets.errors import Where
from affiliate_assets.networks import all_connectors
from affiliate_assets.report.page import draw_report
from affiliate_assets.report.tables import MARTS
from affiliate_assets.secrets import redact, resolve
from affiliate_assets.settings import PROJECT_ROOT, load_settings
from tests.unit.reported import BRAND, drawn

EXAMPLE = """
[brand]
name = "Definitions only"
reporting_currency = "EUR"
time_zone = "Europe/Berlin"
start_date = 2026-01-01

[privacy]
hash_key = "env:NEVER_SET"

[[accounts]]
network = "awin"
account_id = "1"
[accounts.credentials]
token = "env:NEVER_SET_EITHER"

[[accounts]]
network = "cj"
account_id = "2"
currency = "EUR"
[accounts.credentials]
token = "env:NEVER_SET_EITHER"
"""


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.Definitions]:
    path = tmp_path_factory.mktemp("definitions") / "affiliate.toml"
    path.write_text(EXAMPLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFFILIATE_CONFIG", str(path))
        yield build_definitions()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_definitions_load_without_any_secret(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]) -> None:
    assert not {"NEVER_SET", "NEVER_SET_EITHER"} & os.environ.keys()
    dg.Definitions.validate_loadable(definitions)
    streams = {(slug, stream.name) for slug, network in all_connectors().items() for stream in network.streams}
    streams |= {(CRM.slug, stream.name) for stream in CRM.streams}
    steps = {f"{step}_{source}/{stream}" for source, stream in streams for step in ("raw", "valid")}
    assert steps == {key for key in specs if key.startswith(("raw_", "valid_"))}
    assert {"marts/fct_conversions", "published/fct_reconciliation_diffs", "operations/night"} <= specs.keys()


def test_loading_definitions_reads_no_secret_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "affiliate.toml").write_text(EXAMPLE)
    monkeypatch.setenv("AFFILIATE_CONFIG", str(tmp_path / "affiliate.toml"))
    values = {"NEVER_SET": "definitions-secret-1", "NEVER_SET_EITHER": "definitions-secret-2"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    dg.Definitions.validate_loadable(build_definitions())
    # Whatever was read is known to the redactor from then on.
    assert [redact(value) for value in values.values()] == list(values.values())
    assert {redact(resolve(f"env:{name}", Where())) for name in values} == {"[redacted]"}


def test_one_record_can_be_followed_by_asset_key(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    way = [
        "raw_awin/transactions",
        "valid_awin/transactions",
        "staging/stg_awin__conversions",
        "intermediate/int_conversions__unioned",
        "intermediate/int_conversions__keyed",
        "marts/fct_conversions",
        "marts/fct_reconciliation_diffs",
        "published/fct_reconciliation_diffs",
        "operations/night",
    ]
    for parent, child in pairwise(way):
        ancestors = graph.get_ancestor_asset_keys(dg.AssetKey.from_user_string(child))
        assert dg.AssetKey.from_user_string(parent) in ancestors, f"{parent} does not lead to {child}"


def test_the_report_follows_the_marts_it_reads_and_the_verdict_follows_it(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    parents = graph.get(dg.AssetKey(["published", "report"])).parent_keys
    assert parents == {dg.AssetKey(["published", mart]) for mart in MARTS}
    # Every one of them is published.
    assert all(graph.get(parent).is_executable for parent in parents)
    assert dg.AssetKey(["published", "report"]) in graph.get(dg.AssetKey(["operations", "night"])).parent_keys


def test_the_metadata_of_the_report_are_small_images_and_a_failure_is_loud(tmp_path: Path) -> None:
    report = drawn(tmp_path)
    metadata = _reported(report, tmp_path / "report.html").metadata or {}
    assert list(metadata) == ["report", *(chart.name for chart in report.charts)]
    for chart in report.charts:
        value = metadata[chart.name]
        assert isinstance(value, dg.MarkdownMetadataValue)
        shown = re.fullmatch(
            r"\*\*[^*]+\*\*\n\n!\[[^\[\]]+\]\(data:image/svg\+xml;base64,([\w+/=]+)\)", value.md_str or ""
        )
        assert shown is not None
        assert base64.b64decode(shown[1]).decode() == chart.image
        assert len(value.md_str or "") < 60_000
    failed = draw_report(tmp_path / "nothing.duckdb", BRAND, run_id="r", as_of=datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(dg.Failure, match="The marts are published, but their report could not be drawn: IOException"):
        _reported(failed, tmp_path / "report.html")


def test_rows_are_told_of_every_table_and_of_marts_that_are_views(tmp_path: Path) -> None:
    warehouse = tmp_path / "affiliate.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "create schema staging; create schema marts; create table marts.fct as select unnest([1, 2, 3]) as n;"
            "create view marts.wide as select n, n * n as square from marts.fct cross join range(2);"
            "create view staging.stg as select n from marts.fct"
        )
    found = rows_and_columns(warehouse)
    assert {key: about.get("dagster/row_count") for key, about in found.items()} == {
        ("marts", "fct"): 3,
        ("marts", "wide"): 6,
        ("staging", "stg"): None,
    }
    columns = found["marts", "wide"]["dagster/column_schema"].columns
    assert [(column.name, column.type) for column in columns] == [("n", "INTEGER"), ("square", "INTEGER")]


def test_every_asset_has_group_owner_kind_and_description(specs: dict[str, dg.AssetSpec]) -> None:
    ours = ("raw_", "valid_", "staging/", "intermediate/", "marts/", "published/", "seeds/")
    built = {key: spec for key, spec in specs.items() if key.startswith(ours)}
    assert len(built) > 40
    for key, spec in built.items():
        assert spec.description, key
        assert spec.group_name not in (None, "default"), key
        assert spec.owners, key
        assert spec.kinds, key


def test_validated_assets_show_columns_and_lineage_before_any_run(specs: dict[str, dg.AssetSpec]) -> None:
    metadata = specs["valid_cj/commissions"].metadata
    columns = {column.name: column for column in metadata["dagster/column_schema"].columns}
    assert columns["sale_amount_usd"].type == "DECIMAL(18,6)"
    assert not columns["commission_id"].constraints.nullable
    lineage = metadata["dagster/column_lineage"].deps_by_column
    assert lineage["action_status"][0].column_name == "record.actionStatus"


def test_networks_are_partitioned_by_day_and_backfilled_in_one_run(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in ("raw_awin/transactions", "raw_cj/commissions"):
        node = graph.get(dg.AssetKey.from_user_string(key))
        assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition)
        assert node.partitions_def.timezone == "Europe/Berlin"
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_a_network_without_an_account_is_shown_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "affiliate.toml").write_text(EXAMPLE.rsplit("[[accounts]]", 1)[0])
    graph = build_definitions(load_settings(tmp_path / "affiliate.toml")).resolve_asset_graph()
    for name in ("raw_cj/commissions", "valid_cj/commissions"):
        node = graph.get(dg.AssetKey.from_user_string(name))
        assert not node.is_executable
        assert node.description is not None
        assert node.description.endswith("Not pulled: no account is configured.")
        assert node.group_name == "cj"
    assert graph.get(dg.AssetKey(["raw_awin", "transactions"])).is_executable
    assert graph.get(dg.AssetKey(["valid_cj", "commissions"])).child_keys


def test_validation_blocks_and_completeness_does_not(definitions: dg.Definitions) -> None:
    checks = {
        (spec.asset_key.to_user_string(), spec.name): spec
        for assets in definitions.assets or ()
        if isinstance(assets, dg.AssetsDefinition)
        for spec in assets.check_specs
    }
    assert checks["valid_awin/transactions", "pandera"].blocking
    assert checks["valid_crm/orders", "pandera"].blocking
    assert not checks["raw_awin/transactions", "complete"].blocking
    assert any(key.startswith("marts/") for key, _ in checks), "dbt tests arrive as checks"


def test_every_data_test_of_the_models_is_a_check_of_an_asset(definitions: dg.Definitions) -> None:
    """A test that Dagster cannot place becomes an observation, with a warning in every run."""
    manifest = json.loads((PROJECT_ROOT / "dbt_project" / "target" / "manifest.json").read_text(encoding="utf-8"))
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    placed = {
        spec.name
        for assets in definitions.assets or ()
        if isinstance(assets, dg.AssetsDefinition)
        for spec in assets.check_specs
    }
    assert len(tests) > 150
    assert tests - placed == set()


def test_the_schedule_is_off_until_somebody_switches_it_on(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def(JOB)
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert schedule.execution_timezone == "Europe/Berlin"


def test_a_night_covers_every_day_that_a_network_never_had(definitions: dg.Definitions, tmp_path: Path) -> None:
    key = dg.AssetKey(["raw_awin", "transactions"])
    (tmp_path / "affiliate.toml").write_text(EXAMPLE)
    settings = load_settings(tmp_path / "affiliate.toml")
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        patch.setenv("AFFILIATE_NOW", "2026-01-05T03:00:00Z")
        assert nightly_tags(settings, instance, [key]) == {RANGE_START: "2026-01-01", RANGE_END: "2026-01-04"}
        for day in ("2026-01-01", "2026-01-02", "2026-01-04"):
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))
        assert nightly_tags(settings, instance, [key]) == {RANGE_START: "2026-01-03", RANGE_END: "2026-01-04"}
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition="2026-01-03"))
        assert nightly_tags(settings, instance, [key]) == {RANGE_START: "2026-01-04", RANGE_END: "2026-01-04"}


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 29, 22, 1, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "2026-10-24"),
        (datetime(2026, 10, 25, 23, 1, tzinfo=UTC), "2026-10-25"),
    ],
)
def test_the_last_whole_day_follows_the_brands_clock_over_summer_time(
    tmp_path: Path, instant: datetime, day: str
) -> None:
    (tmp_path / "affiliate.toml").write_text(EXAMPLE)
    assert latest_partition(load_settings(tmp_path / "affiliate.toml"), instant) == day
