"""What holds of the project's files: documented, under contract and portable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from affiliate_assets.report.tables import MARTS
from tests.dbt.conftest import PROJECT, Build, network_names, tracker_names

# What Postgres, Spark, Snowflake or BigQuery would refuse.
NOT_PORTABLE = {
    "QUALIFY": r"\bqualify\b",
    "ASOF": r"\basof\b",
    "FILTER (": r"\bfilter\s*\(",
    "EXCLUDE": r"\bexclude\b",
    "REPLACE in a star": r"\*\s*replace\s*\(",
    "GROUP BY ALL": r"\b(group|order)\s+by\s+all\b",
    "UNION BY NAME": r"\bby\s+name\b",
    "list lambda": r"->|\blambda\b",
    "arg_max": r"\barg_m(ax|in)\b",
    "reader function": r"\bread_(json|csv|parquet)\w*\b",
    "cast by colons": r"::",
    "named window": r"\bwindow\s+\w+\s+as\b",
    "DISTINCT ON": r"\bdistinct\s+on\b",
    "strftime": r"\bstr[fp]time\b",
    "semi or anti join": r"\b(semi|anti)\s+join\b",
}

FLOATS = r"\b(double|float|real)\b"

PERSONAL = re.compile(r"e_?mail|phone|visitor|click_id|landing|url|ip_|click_ref|first_name|last_name|address")


def nodes(manifest: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] in kinds]


def is_mart(node: dict[str, Any]) -> bool:
    return node["resource_type"] == "model" and node["path"].startswith("marts/")


def sql_files() -> list[Path]:
    return sorted([*PROJECT.glob("models/**/*.sql"), *PROJECT.glob("tests/**/*.sql")])


def without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", text, flags=re.DOTALL).lower()


def test_every_model_and_seed_states_its_grain_and_describes_every_column(
    manifest: dict[str, Any], acme: Build
) -> None:
    built: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in acme.query("select schema_name, table_name, column_name from duckdb_columns()"):
        built.setdefault((schema, table), set()).add(column)
    for node in nodes(manifest, "model", "seed"):
        assert node["description"].startswith("One row per"), node["name"]
        described = {name for name, column in node["columns"].items() if column["description"].strip()}
        assert described == built[node["schema"], node["name"]], node["name"]


def test_a_column_is_described_in_one_place(manifest: dict[str, Any]) -> None:
    texts = [path.read_text(encoding="utf-8") for path in PROJECT.glob("models/**/_*__models.yml")]
    descriptions = [
        line.strip() for text in texts for line in text.splitlines() if line.startswith("        description:")
    ]
    assert len(descriptions) > 300
    assert all(re.fullmatch(r"description: \"\{\{ doc\('\w+'\) \}\}\"", line) for line in descriptions)


def test_every_mart_is_under_contract_and_public(manifest: dict[str, Any]) -> None:
    marts = [node for node in nodes(manifest, "model") if is_mart(node)]
    assert len(marts) == len(list(PROJECT.glob("models/marts/**/*.sql")))
    for node in marts:
        assert node["config"]["contract"]["enforced"], node["name"]
        assert node["access"] == "public", node["name"]
        assert all(column["data_type"] for column in node["columns"].values()), node["name"]


def test_every_mart_is_read_by_somebody_named_or_by_another_mart(manifest: dict[str, Any]) -> None:
    read = {parent for exposure in manifest["exposures"].values() for parent in exposure["depends_on"]["nodes"]}
    unread = {node["name"] for node in nodes(manifest, "model") if is_mart(node) and node["unique_id"] not in read}
    assert unread == set()


def test_the_exposure_of_the_report_names_the_marts_it_reads(manifest: dict[str, Any]) -> None:
    [exposure] = [one for one in manifest["exposures"].values() if one["name"] == "report"]
    assert {name.rsplit(".", 1)[-1] for name in exposure["depends_on"]["nodes"]} == set(MARTS)


def test_the_grain_of_every_mart_is_tested(manifest: dict[str, Any]) -> None:
    tested = {
        node["attached_node"]
        for node in nodes(manifest, "test")
        if (node.get("test_metadata") or {}).get("name") in {"unique", "one_row_per"}
    }
    marts = {node["name"] for node in nodes(manifest, "model") if is_mart(node)}
    untested = marts - {name.rsplit(".", 1)[-1] for name in tested}
    assert untested == set()


def test_only_staging_and_the_configuration_read_sources(manifest: dict[str, Any]) -> None:
    for node in nodes(manifest, "model"):
        if node["path"].startswith("staging/"):
            continue
        validated = {name for name in node["depends_on"]["nodes"] if name.startswith("source.") and ".valid_" in name}
        assert validated == set(), node["name"]


def test_a_mart_that_is_a_view_reads_marts_alone(manifest: dict[str, Any]) -> None:
    """It is published as a view into a file in which there is nothing else."""
    views = [node for node in nodes(manifest, "model") if is_mart(node) and node["config"]["materialized"] == "view"]
    assert views
    for node in views:
        assert all(is_mart(manifest["nodes"][name]) for name in node["depends_on"]["nodes"]), node["name"]


def test_no_mart_holds_personal_data_or_the_time_of_the_run(manifest: dict[str, Any]) -> None:
    for node in nodes(manifest, "model"):
        if not is_mart(node):
            continue
        personal = {column for column in node["columns"] if PERSONAL.search(column)}
        assert personal == set(), node["name"]
        assert ("as_of" in node["columns"]) <= (node["path"].startswith("marts/operations/")), node["name"]


def test_money_is_decimal_everywhere(acme: Build) -> None:
    floats = acme.query(
        """
        select table_name, column_name from duckdb_columns()
        where schema_name in ('staging', 'intermediate', 'marts', 'seeds')
          and data_type in ('DOUBLE', 'FLOAT')
        """
    )
    assert floats == []
    amounts = acme.query(
        """
        select distinct data_type from duckdb_columns()
        where schema_name = 'marts'
          and regexp_matches(column_name, 'amount|commission$|_cost$|_fee$|revenue|_reporting$')
        """
    )
    assert amounts == [("DECIMAL(18,6)",)]


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: path.stem)
def test_sql_is_portable(path: Path) -> None:
    text = without_comments(path.read_text(encoding="utf-8"))
    found = [name for name, pattern in NOT_PORTABLE.items() if re.search(pattern, text)]
    assert found == []
    assert not re.search(FLOATS, text)


def test_a_networks_staging_has_exactly_the_canonical_columns(acme: Build) -> None:
    columns: dict[str, set[tuple[str, str]]] = {}
    for table, column, data_type in acme.query("select table_name, column_name, data_type from duckdb_columns()"):
        columns.setdefault(table, set()).add((column, data_type))
    for table, found in columns.items():
        staging = re.fullmatch(r"stg_([a-z0-9_]+?)__(\w+)", table)
        if staging and staging[1] in network_names():
            assert found == columns[f"int_{staging[2]}__unioned"], table
    for network in network_names():
        for entity in ("conversions", "conversion_events", "publishers", "quarantine"):
            assert f"stg_{network}__{entity}" in columns


def test_every_network_feeds_the_union_of_each_entity_it_offers(manifest: dict[str, Any]) -> None:
    models = {node["name"]: node for node in nodes(manifest, "model")}
    # A tracker logs once more what the networks report.
    trackers = tracker_names()
    for name in models:
        staging = re.fullmatch(r"stg_([a-z0-9_]+?)__(\w+)", name)
        if staging and staging[1] in network_names():
            read = models[f"int_{staging[2]}__unioned"]["depends_on"]["nodes"]
            is_left_out = staging[1] in trackers and staging[2] in ("conversions", "conversion_events", "publishers")
            assert (f"model.affiliate_assets.{name}" in read) != is_left_out, name


def test_no_shared_file_of_the_project_names_a_network() -> None:
    names = re.compile(rf"\b(?:stg_|status_map__|')({'|'.join(network_names())})(?:__|'|\b)")
    shared = [*PROJECT.glob("models/intermediate/**/*.sql"), *PROJECT.glob("models/marts/**/*.sql")]
    shared += [
        # A folder of tests holds what one network alone has to keep.
        *PROJECT.glob("tests/*.sql"),
        *PROJECT.glob("tests/generic/*.sql"),
        *PROJECT.glob("macros/**/*.sql"),
        PROJECT / "models/_loader__sources.yml",
    ]
    found = {path.name for path in shared if names.search(without_comments(path.read_text(encoding="utf-8")))}
    assert found == set()


def test_every_mapping_model_has_unit_tests(manifest: dict[str, Any]) -> None:
    networks = network_names()
    models = {node["name"] for node in nodes(manifest, "model")}
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    # Unions and renamings have nothing to decide.
    plain = {
        *(f"stg_{network}__publishers" for network in networks),
        *(f"stg_{network}__programmes" for network in networks if f"stg_{network}__programmes" in models),
        *(f"stg_{network}__quarantine" for network in [*networks, "crm"] if network != "awin"),
        "stg_crm__decisions",
        "stg_crm__publisher_contacts",
        "int_conversion_events__unioned",
        "int_conversions__unioned",
        "int_publishers__unioned",
        "int_programmes__unioned",
        "int_clicks__unioned",
        "int_quarantine__unioned",
        "int_networks__declared",
        "status_map",
        "int_conversions__duplicate_links",
        "int_conversions__deduplicated",
        "int_orders__keyed",
        "conversion_events",
        "fct_orders",
        "dim_currencies",
        "dim_networks",
        "dim_programmes",
        "fct_duplicate_claims",
        # Written in Python; tests/attribution proves them.
        *(name for name in models if name.startswith("int_weights__")),
    }
    assert plain <= models
    assert models - tested - plain == set()


def test_every_asset_check_of_several_models_names_the_one_it_belongs_to(manifest: dict[str, Any]) -> None:
    models = {node["name"] for node in nodes(manifest, "model")}
    for node in nodes(manifest, "test"):
        refs = {ref["name"] for ref in node["refs"]}
        if node.get("attached_node") or len(refs) < 2:
            continue
        named = node["config"]["meta"]["dagster"]["ref"]["name"]
        assert named in refs & models, node["name"]


def test_every_model_has_a_group_and_owners(manifest: dict[str, Any]) -> None:
    for node in nodes(manifest, "model", "seed"):
        dagster = node["config"]["meta"]["dagster"]
        # A staging model belongs to the group of its folder, which the assets show.
        assert dagster.get("group") or node["path"].startswith("staging/"), node["name"]
        assert "team:affiliate-data" in dagster["owners"], node["name"]
