"""dbt models as assets: one build of everything, alone in the warehouse."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import dagster_dbt
import duckdb
from dagster_dbt.errors import DagsterDbtError

from affiliate_assets.landing.configuration import store_networks
from affiliate_assets.landing.decisions import take_decisions
from affiliate_assets.landing.warehouse import connection, exclusive
from affiliate_assets.networks import all_connectors
from affiliate_assets.publishing import MARTS
from affiliate_assets.settings import Settings, load_settings

WAREHOUSE_VARIABLE = "AFFILIATE_WAREHOUSE"


def dbt_project(settings: Settings) -> dagster_dbt.DbtProject:
    """The project with a manifest that is no older than its files."""
    _put_dbt_on_path()
    os.environ[WAREHOUSE_VARIABLE] = str(settings.warehouse)
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    project = dagster_dbt.DbtProject(project_dir=settings.dbt_project, profiles_dir=settings.dbt_project)
    if _is_outdated(project.manifest_path, settings.dbt_project):
        project.preparer.prepare(project)
    return project


def _is_outdated(manifest: Path, folder: Path) -> bool:
    if not manifest.is_file():
        return True
    parsed_at = manifest.stat().st_mtime
    rooms = ("models", "macros", "seeds", "tests", "dbt_project.yml", "profiles.yml")
    files = (file for room in rooms for file in [folder / room, *(folder / room).rglob("*")])
    return any(file.stat().st_mtime > parsed_at for file in files if file.exists())


def _put_dbt_on_path() -> None:
    """Let dagster-dbt find the dbt of this very environment, also where it is not activated."""
    scripts = str(Path(sys.executable).parent)
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])


class _Translator(dagster_dbt.DagsterDbtTranslator):
    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: dagster_dbt.DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project).merge_attributes(kinds={"dbt", "duckdb"})
        _, *folders, _ = self.get_resource_props(manifest, unique_id)["fqn"]
        if folders[:1] != ["staging"]:
            return spec
        # A folder of staging holds one source; a network's is looked after by whoever looks after its connector.
        connector = all_connectors().get(folders[1])
        return spec.replace_attributes(group_name=folders[1], owners=[connector.owner] if connector else spec.owners)


def dbt_models(project: dagster_dbt.DbtProject) -> dg.AssetsDefinition:
    """Staging to marts in one `dbt build`; its data tests arrive as asset checks."""

    @dagster_dbt.dbt_assets(
        name="dbt_models",
        manifest=project.manifest_path,
        project=project,
        dagster_dbt_translator=_Translator(
            settings=dagster_dbt.DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True)
        ),
        pool="warehouse",
    )
    def assets(context: dg.AssetExecutionContext, dbt: dagster_dbt.DbtCliResource) -> Iterator[Any]:
        settings = load_settings()
        os.environ[WAREHOUSE_VARIABLE] = str(settings.warehouse)
        with connection(settings.warehouse) as warehouse:
            store_networks(warehouse, all_connectors().values())
            taken = take_decisions(warehouse)
        context.log.info(str(taken))
        with exclusive(settings.warehouse):
            # One target folder for all runs: the lock keeps them apart, and dbt parses only what changed.
            # Unit tests prove the models, not the night's data; `make test` runs them.
            build = dbt.cli(
                ["build", "--exclude", "resource_type:unit_test"], context=context, target_path=settings.data / "dbt"
            )
            # dagster-dbt waits for late events by polling, which takes the processor from dbt; so dbt goes first.
            events, failure = _all_of(build.stream())
            tables = rows_and_columns(settings.warehouse)
        for event in events:
            if isinstance(event, dg.Output):
                told = tables.get(tuple(context.asset_key_for_output(event.output_name).path[-2:]), {})
                event = event.with_metadata({**event.metadata, **told})
            yield event
        if failure is not None:
            raise failure

    return assets


def _all_of(stream: Iterator[Any]) -> tuple[list[Any], DagsterDbtError | None]:
    """What dbt did, also where it failed in the end: a failed check has to be seen."""
    events: list[Any] = []
    try:
        for event in stream:
            events.append(event)
    except DagsterDbtError as error:
        return events, error
    return events, None


def rows_and_columns(warehouse: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """Rows and columns of every table and view, by schema and name; of views, only the rows of marts are counted.

    One connection reads them all; dagster-dbt's own fetching opens one for each model.
    """
    with duckdb.connect(str(warehouse), read_only=True) as reader:
        columns = reader.execute(
            "select schema_name, table_name, list({'name': column_name, 'type': data_type} order by column_index)"
            " from duckdb_columns() where not internal group by all"
        ).fetchall()
        stored = reader.execute(
            "select schema_name, table_name from duckdb_tables() union all"
            " select schema_name, view_name from duckdb_views() where schema_name = ?",
            [MARTS],
        ).fetchall()
        counts = " union all ".join(f"select '{s}', '{t}', count(*) from \"{s}\".\"{t}\"" for s, t in stored)
        rows = {(schema, table): count for schema, table, count in reader.execute(counts).fetchall()}
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for schema, table, fields in columns:
        schema_of = dg.TableSchema([dg.TableColumn(field["name"], type=field["type"]) for field in fields])
        found[schema, table] = {"dagster/column_schema": schema_of}
        if (schema, table) in rows:
            found[schema, table]["dagster/row_count"] = rows[schema, table]
    return found
