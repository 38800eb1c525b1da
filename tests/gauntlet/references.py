"""What a network's tables hold after nights without any fault."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from affiliate_assets.landing.tables import LOAD_COLUMNS
from affiliate_assets.networks import api_connectors

from .ground import Ground, Mornings, connector_of, environment, pull, sandbox_of, settings_for

Key = tuple[str, str]
Row = dict[str, Any]


@dataclass
class Tables:
    """The current version of every record by stream, and how many calls the nights took that led there.

    Attributes:
        calls: Of each night.
    """

    rows: dict[str, dict[Key, Row]]
    calls: list[int] = field(default_factory=list)


def current_rows(warehouse: duckdb.DuckDBPyConnection, network: str) -> dict[str, dict[Key, Row]]:
    """The typed columns of the current version of each record, and `_run_id`, by stream."""
    found: dict[str, dict[Key, Row]] = {}
    dropped = ", ".join(set(LOAD_COLUMNS) - {"_account_id", "_key", "_run_id"})
    for stream in [stream.name for stream in api_connectors()[network].streams]:
        rows = warehouse.execute(
            f"""
            select * exclude (age, {dropped}) from (
                select *, row_number() over (
                    partition by _account_id, _key order by _observed_at desc, _fetched_at desc, _row_hash desc) as age
                from valid_{network}.{stream}
            ) where age = 1
            """
        )
        names = [column[0] for column in rows.description]
        records = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        found[stream] = {(record.pop("_account_id"), record.pop("_key")): record for record in records}
    return found


@dataclass(frozen=True)
class References:
    """Nights without faults, kept in a folder that the workers of one test session share."""

    folder: Path

    def tables(self, ground: Ground, network: str, mornings: Mornings) -> Tables:
        """What the network's tables hold after these nights, from an empty folder."""
        return pickle.loads((self._node(ground, network, mornings) / "tables.pickle").read_bytes())

    def copy(self, ground: Ground, network: str, mornings: Mornings, root: Path) -> None:
        """Put the data folder as these nights leave it below `root`."""
        shutil.copytree(self._node(ground, network, mornings) / "data", root / "data")

    def _node(self, ground: Ground, network: str, mornings: Mornings) -> Path:
        node = self.folder / f"{ground.name}-{network}-{'-'.join(map(str, mornings))}"
        if (node / "tables.pickle").exists():
            return node
        calls: list[int] = []
        before = None
        if mornings[1:]:
            before = self._node(ground, network, mornings[:-1])
            calls = self.tables(ground, network, mornings[:-1]).calls
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(node.with_suffix(".lock")):
            if (node / "tables.pickle").exists():
                return node
            shutil.rmtree(node, ignore_errors=True)
            node.mkdir()
            if before is not None:
                shutil.copytree(before / "data", node / "data")
            at = ground.morning(mornings[-1])
            with pytest.MonkeyPatch.context() as patched, sandbox_of(ground, at) as sandbox:
                for name, value in environment(ground).items():
                    patched.setenv(name, value)
                settings = settings_for(sandbox, node)
                night = pull(settings, connector_of(network, ground, at), f"reference-{len(mornings)}", at)
                assert night.problems == ()
                assert not night.standing.held
                calls = [*calls, len(sandbox.calls)]
            with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
                rows = current_rows(warehouse, network)
            part = node / "tables.part"
            part.write_bytes(pickle.dumps(Tables(rows, calls)))
            part.rename(node / "tables.pickle")
        return node
