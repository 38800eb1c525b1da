"""One parsed project and one built brand for all tests of the models."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from filelock import FileLock

from tests.compiled import Compiled, Node
from tests.dbt import brand
from tests.dbt.warehouse import create_warehouse, insert

PROJECT = Path(__file__).parents[2] / "dbt_project"
WITHOUT_UNIT_TESTS = ("--exclude", "resource_type:unit_test")


@dataclass(frozen=True)
class Build:
    """What was built on one warehouse, and how each node ended."""

    warehouse: Path
    target: Path
    success: bool
    outcomes: dict[str, str]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def checksums(self) -> dict[str, tuple[int, str | None]]:
        """Rows and a checksum of each mart."""
        marts = self.query("select table_name from information_schema.tables where table_schema = 'marts'")
        return {
            mart: self.query(
                f"select count(*), md5(string_agg(t::varchar, ';' order by t::varchar)) from marts.{mart} as t"
            )[0]
            for (mart,) in marts
        }

    def with_outcome(self, outcome: str) -> set[str]:
        """Names of the nodes that ended so: warn, fail, error, skipped …"""
        return {name for name, status in self.outcomes.items() if status == outcome}


def network_lines() -> list[dict[str, Any]]:
    """The lines of the networks in `dbt_project.yml`."""
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    return list(settings["vars"]["networks"])


def network_names() -> list[str]:
    """The networks that `dbt_project.yml` lists."""
    return [network["name"] for network in network_lines()]


def tracker_names() -> list[str]:
    """Those whose line says that they are trackers."""
    return [network["name"] for network in network_lines() if network.get("tracker", False)]


def dbt_build(
    warehouse: Path, target: Path, arguments: Sequence[str] = (), command: str = "build", project: Path = PROJECT
) -> Build:
    """Runs `dbt build`, or another command, in this process; nothing is written below the project."""
    before = os.environ.get("AFFILIATE_WAREHOUSE")
    os.environ["AFFILIATE_WAREHOUSE"] = str(warehouse)
    try:
        result = dbtRunner().invoke(
            [
                "--quiet",
                command,
                *arguments,
                "--project-dir",
                str(project),
                "--profiles-dir",
                str(project),
                "--target-path",
                str(target),
                "--log-path",
                str(target / "logs"),
            ]
        )
    finally:
        DuckDBConnectionManager.close_all_connections()
        if before is None:
            del os.environ["AFFILIATE_WAREHOUSE"]
        else:
            os.environ["AFFILIATE_WAREHOUSE"] = before
    assert result.result is not None, result.exception
    outcomes = {run.node.name: str(run.status) for run in result.result.results}
    return Build(warehouse, target, result.success, outcomes)


@pytest.fixture(scope="session")
def first_build(tmp_path_factory: pytest.TempPathFactory, worker_id: str, testrun_uid: str) -> tuple[Build, Compiled]:
    """The brand of `brand.py`, built by dbt with all data tests; what it compiled is read before another command.

    The worker that is first builds it, and every worker works on a copy of its own.
    """
    folder = tmp_path_factory.getbasetemp()
    built = (folder if worker_id == "master" else folder.parent) / f"acme-{testrun_uid}"
    with FileLock(built.with_suffix(".lock")):
        if not (built / "outcome.json").exists():
            built.mkdir()
            brand.write(built / "affiliate.duckdb")
            outcome = dbt_build(built / "affiliate.duckdb", built / "target", WITHOUT_UNIT_TESTS)
            (built / "outcome.json").write_text(json.dumps([outcome.success, outcome.outcomes]), encoding="utf-8")
        own = Path(shutil.copytree(built, tmp_path_factory.mktemp("acme") / "own"))
    success, outcomes = json.loads((own / "outcome.json").read_text(encoding="utf-8"))
    build = Build(own / "affiliate.duckdb", own / "target", success, outcomes)
    return build, Compiled.of(build.target, build.warehouse)


@pytest.fixture(scope="session")
def target(acme: Build) -> Path:
    """One target folder, so that the project is parsed once."""
    return acme.target


@pytest.fixture(scope="session")
def acme(first_build: tuple[Build, Compiled]) -> Build:
    """The brand of `brand.py`."""
    return first_build[0]


@pytest.fixture(scope="session")
def manifest(acme: Build) -> dict[str, Any]:
    """What dbt knows of the whole project."""
    return dict(json.loads((acme.target / "manifest.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def compiled(first_build: tuple[Build, Compiled]) -> Compiled:
    """The whole project, to be built on other warehouses."""
    return first_build[1]


PLACE = "1999-01-01 00:00:00"


@pytest.fixture(scope="session")
def of_the_past(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """What follows differences over nights, as of a past night, which is to be put in for `PLACE`."""
    folder = tmp_path_factory.mktemp("past")
    warehouse = folder / "affiliate.duckdb"
    create_warehouse(warehouse)
    insert(warehouse, "config.order_id_prefixes", {"prefix": "SHOP-"})
    arguments = ("--select", "int_nights__known+", "--vars", f"as_of_night: {PLACE}")
    dbt_build(warehouse, folder / "target", arguments, command="compile")
    return Compiled.of(folder / "target", warehouse)


def rebuilt(compiled: Compiled, warehouse: Path, only: Callable[[Node], bool] = lambda node: True) -> Build:
    """Another warehouse with the same project."""
    outcomes = compiled.build(warehouse, only)
    return Build(warehouse, warehouse.parent, "fail" not in outcomes.values(), outcomes)
