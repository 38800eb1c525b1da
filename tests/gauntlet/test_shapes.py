"""A network whose documented shape changes fails alone, with the field named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from affiliate_assets.connectors.schema import path_of
from affiliate_assets.landing.report import Night
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import NETWORKS as EMULATED
from affiliate_assets.sandbox import Sandbox

from .excuses import columns_of
from .ground import NETWORKS, Ground, connector_of, environment, ground_of, pull, sandbox_of, settings_for
from .references import References, current_rows

FOR_EVER = 1_000_000


class Bases:
    """Data folders after one night of all networks of a world, in one warehouse."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def copy(self, ground: Ground, root: Path) -> None:
        base = self._folder / ground.name
        if not base.exists():
            with sandbox_of(ground, ground.morning(0)) as sandbox:
                assert [night.problems for night in nights(sandbox, ground, base, 0).values() if night.problems] == []
        shutil.copytree(base / "data", root / "data")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bases]:
    with TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as folder:
        yield Bases(Path(folder))


def nights(sandbox: Sandbox, ground: Ground, root: Path, day: int) -> dict[str, Night]:
    """Pull all networks of a world side by side."""
    at = ground.morning(day)
    settings = settings_for(sandbox, root)
    with ThreadPoolExecutor(len(ground.networks)) as pool:
        runs = {
            network: pool.submit(pull, settings, connector_of(network, ground, at), f"night-{day}", at)
            for network in ground.networks
        }
        return {network: run.result() for network, run in runs.items()}


@pytest.mark.parametrize("kind", ["retyped_field", "renamed_field"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_whose_shape_changes_fails_alone_with_the_field_named(
    network: str, kind: str, bases: Bases, references: References, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = ground_of(network, 0)
    for variable, value in environment(ground).items():
        monkeypatch.setenv(variable, value)
    bases.copy(ground, root)
    with sandbox_of(ground, ground.morning(1)) as sandbox:
        sandbox.inject(network, kind, times=FOR_EVER)
        found = nights(sandbox, ground, root, 1)
        warehouse_file = settings_for(sandbox, root).warehouse
        assert {served.kind for served in sandbox.faults_served} == {kind}

    standing = found[network].standing
    assert standing.held or any(drift.breaks for drift in standing.drift)
    told = " ".join(found[network].problems)
    assert any(name in told for name in _names(network)), told

    with duckdb.connect(str(warehouse_file), read_only=True) as warehouse:
        for other in ground.networks:
            if other != network:
                assert found[other].problems == ()
                assert not found[other].standing.held
                assert _plain(current_rows(warehouse, other)) == _plain(references.tables(ground, other, (0, 1)).rows)


def _names(network: str) -> set[str]:
    """What the sale amount is called: by the network, where it is landed, and in the table."""
    sent = EMULATED[network].rows.amount
    streams = api_connectors()[network].streams
    columns = {
        (stream.name, name): stream.schema.columns[name] for stream in streams for name in columns_of(stream, sent)
    }
    return {*sent, *(name for _, name in columns), *(".".join(path_of(column)) for column in columns.values())}


def _plain(tables: dict[str, dict[tuple[str, str], dict[str, object]]]) -> dict[str, dict[tuple[str, str], object]]:
    return {
        stream: {key: {name: row[name] for name in row if name != "_run_id"} for key, row in rows.items()}
        for stream, rows in tables.items()
    }
