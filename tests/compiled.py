"""The project's models and tests as dbt has compiled them, run on another warehouse without dbt.

Nine tenths of a `dbt build` on little data are dbt's own work. A suite that needs the same project on thirty
warehouses lets dbt build the first one and runs what it compiled there on the others. What only dbt does (contracts,
unit tests, skipping after a failure) is proved by the builds that go through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

Node = dict[str, Any]


@dataclass(frozen=True)
class Compiled:
    """Everything of one build.

    Attributes:
        nodes: Models and data tests by their unique id, as in dbt's manifest.
        seeds: Tables by schema and name.
        prefixes: Of order ids, in the warehouse that dbt built. They are read while the project is compiled, so the
            SQL holds for warehouses that have the same.
    """

    nodes: dict[str, Node]
    seeds: dict[tuple[str, str], pa.Table]
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, target: Path, warehouse: Path) -> Compiled:
        """What dbt has left in its target folder and warehouse; whole only after a `dbt build` of everything."""
        nodes = msgspec.json.decode((target / "manifest.json").read_bytes())["nodes"]
        built = {key: node for key, node in nodes.items() if node["resource_type"] in ("model", "test")}
        seeds = [(node["schema"], node["alias"]) for node in nodes.values() if node["resource_type"] == "seed"]
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            there = set(connection.execute("select schema_name, table_name from duckdb_tables()").fetchall())
            tables = {
                (schema, name): connection.table(f"{schema}.{name}").to_arrow_table()
                for schema, name in seeds
                if (schema, name) in there
            }
        return cls(built, tables, prefixes_of(warehouse))

    def build(self, warehouse: Path, only: Callable[[Node], bool] = lambda node: True) -> dict[str, str]:
        """Build on another warehouse.

        Args:
            warehouse: A file of the same name as the first one, since SQL names its database so.
            only: Which models and tests to run; seeds are put in where they are missing.

        Returns:
            Outcome by name, in dbt's words: success of a model; pass, warn or fail of a test.
        """
        assert prefixes_of(warehouse) == self.prefixes
        wanted = [node for node in self._in_order() if only(node)]
        with self._seeded(warehouse) as connection:
            outcomes = {node["name"]: _built(connection, node) for node in wanted if node["resource_type"] == "model"}
            tests = {node["name"]: _tested(connection, node) for node in wanted if node["resource_type"] == "test"}
        return outcomes | tests

    def put_in(self, place: str, value: str) -> Compiled:
        """The same with another value where the SQL was compiled with `place`; what was not selected is left out."""
        nodes = {
            key: node | {"compiled_code": node["compiled_code"].replace(place, value)}
            for key, node in self.nodes.items()
            if node.get("compiled_code")
        }
        return replace(self, nodes=nodes)

    def upstream(self, *names: str) -> Callable[[Node], bool]:
        """Chooses models and all models that they are built from."""
        found: set[str] = set()
        waiting = [key for key, node in self.nodes.items() if node["name"] in names]
        assert len(waiting) == len(names)
        while waiting:
            key = waiting.pop()
            found.add(key)
            waiting += [parent for parent in self._parents(key) if parent not in found]
        return lambda node: node["unique_id"] in found

    def _parents(self, key: str) -> list[str]:
        return [parent for parent in self.nodes[key].get("depends_on", {}).get("nodes", ()) if parent in self.nodes]

    def _in_order(self) -> Iterator[Node]:
        for key in TopologicalSorter({key: self._parents(key) for key in self.nodes}).static_order():
            yield self.nodes[key]

    @contextmanager
    def _seeded(self, warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(warehouse)) as connection:
            schemas = {node["schema"] for node in self.nodes.values() if node["resource_type"] == "model"}
            for schema in schemas | {schema for schema, _ in self.seeds}:
                connection.execute(f"create schema if not exists {schema}")
            for (schema, name), table in self.seeds.items():
                connection.register("seed", table)
                connection.execute(f"create table if not exists {schema}.{name} as from seed")
            yield connection


def prefixes_of(warehouse: Path) -> tuple[str, ...]:
    """What the brand of a warehouse puts before its order ids."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select prefix from config.order_id_prefixes order by prefix").fetchall()
    return tuple(prefix for (prefix,) in rows)


def models(node: Node) -> bool:
    """Chooses every model and no test."""
    return bool(node["resource_type"] == "model")


def claims(node: Node) -> bool:
    """Chooses the tests that stand in files of their own, and no model."""
    return bool(node["resource_type"] == "test" and "test_metadata" not in node)


def _built(connection: duckdb.DuckDBPyConnection, node: Node) -> str:
    config = node["config"]
    if node["language"] == "python":
        place: dict[str, Any] = {}
        exec(node["compiled_code"], place)
        made = place["model"](place["dbtObj"](connection.table), connection)
        connection.register("made", made)
        text = "from made"
    elif config["contract"]["enforced"]:
        text = f"select {', '.join(node['columns'])} from (\n{node['compiled_code']}\n)"
    else:
        text = node["compiled_code"]
    connection.execute(f"create or replace {config['materialized']} {node['relation_name']} as {text}")
    return "success"


def _tested(connection: duckdb.DuckDBPyConnection, node: Node) -> str:
    config = node["config"]
    count = f"(select {config['fail_calc']} from (\n{node['compiled_code']}\n))"
    [(fails, warns)] = connection.execute(
        f"select {count} {config['error_if']}, {count} {config['warn_if']}"
    ).fetchall()
    if fails and config["severity"].lower() == "error":
        return "fail"
    return "warn" if warns else "pass"
