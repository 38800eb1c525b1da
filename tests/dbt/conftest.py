"""One parsed project and one built brand for all tests of the models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from tests.dbt import brand
from tests.dbt.warehouse import create_warehouse

PROJECT = Path(__file__).parents[2] / "dbt_project"


@dataclass(frozen=True)
class Build:
    """A finished dbt command on one warehouse."""

    warehouse: Path
    target: Path
    success: bool
    outcomes: dict[str, str]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

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
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One target folder, so that the project is parsed once."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory, target: Path) -> Build:
    """The brand of `brand.py`, built with all data tests and unit tests."""
    warehouse = tmp_path_factory.mktemp("acme") / "affiliate.duckdb"
    create_warehouse(warehouse)
    brand.fill(warehouse)
    return dbt_build(warehouse, target)
