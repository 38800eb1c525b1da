"""A relation is replaced whole or not at all, and leaves nothing beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.dbt.conftest import Build, dbt_build

# A table under contract, one in Python, one without either, and a view.
MODELS = ("fct_orders", "int_weights__markov", "int_orders__keyed", "int_page_events__unioned")


@pytest.fixture
def built(acme: Build, tmp_path: Path) -> Build:
    return Build(Path(shutil.copy(acme.warehouse, tmp_path / "affiliate.duckdb")), tmp_path / "target", True, {})


def run_models(build: Build, *models: str) -> Build:
    return dbt_build(build.warehouse, build.target, ("--select", *models), command="run")


def relations(build: Build) -> dict[str, str]:
    return dict(build.query("select table_schema || '.' || table_name, table_type from information_schema.tables"))


def test_what_was_another_kind_of_relation_becomes_what_it_is_now(acme: Build, built: Build) -> None:
    before = relations(built)
    with duckdb.connect(str(built.warehouse)) as connection:
        for name, kind in before.items():
            if name.partition(".")[2] in MODELS:
                other = "view" if kind == "BASE TABLE" else "table"
                connection.execute(f"drop {'table' if other == 'view' else 'view'} {name}")
                connection.execute(f"create {other} {name} as select 1 as one")
        # What a run leaves that is killed while a model in Python is built.
        connection.execute("create table intermediate.int_weights__markov__dbt_tmp as select 1 as one")
    assert run_models(built, *MODELS).outcomes == dict.fromkeys(MODELS, "success")
    assert relations(built) == before
    assert built.checksums() == acme.checksums()


def test_a_model_that_fails_leaves_what_was_built_before(acme: Build, built: Build) -> None:
    with duckdb.connect(str(built.warehouse)) as connection:
        # What the contract refuses fails while the rows are written, a lost column in Python.
        connection.execute("update intermediate.int_orders__keyed set order_key = null")
        connection.execute("alter table intermediate.int_paths__aggregated rename path to lost")
    before = relations(built)
    failed = run_models(built, "fct_orders", "int_weights__markov")
    assert set(failed.outcomes.values()) == {"error"}
    assert relations(built) == before
    assert built.checksums() == acme.checksums()
