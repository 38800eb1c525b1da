"""What lands is loaded while the pull goes on, and the warehouse ends as if it had been loaded afterwards."""

from __future__ import annotations

import itertools
import logging
import threading
from pathlib import Path

import duckdb
import pytest

from affiliate_assets.errors import InternalError
from affiliate_assets.landing import batches
from affiliate_assets.landing.beside import LoadBeside
from affiliate_assets.landing.extract import side_by_side
from affiliate_assets.landing.load import load_stream
from affiliate_assets.landing.pages import Manifest, manifests
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection, exclusive

from .bench import Bench, sale
from .support import SALES


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "affiliate.duckdb"
    with connection(path) as opened:
        create_tables(opened, "acme", (SALES,))
    return path


@pytest.fixture
def landed(tmp_path: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of the pages of an open window; four of its five pages make two full batches."""
    with connection(warehouse) as opened:
        Bench(tmp_path, opened).land(*([sale(number)] for number in range(11, 16)), status="open")
    ((_, window),) = manifests(tmp_path / "landing", "acme", "sales")
    sizes = [page.bytes for page in window.pages]
    monkeypatch.setattr(batches, "BATCH_BYTES", 2 * sizes[0])
    return sizes


def beside(tmp_path: Path, warehouse: Path, sizes: list[int]) -> LoadBeside:
    found = LoadBeside(warehouse, tmp_path / "landing", "acme", (SALES,))
    for size in sizes:
        found.note(size)
    return found


def ids(warehouse: Path) -> list[int]:
    with connection(warehouse) as opened:
        return [number for (number,) in opened.execute("select id from valid_acme.sales order by id").fetchall()]


def going_on() -> bool:
    return False


def test_full_batches_are_loaded_while_the_pull_goes_on(tmp_path: Path, warehouse: Path, landed: list[int]) -> None:
    loading = beside(tmp_path, warehouse, landed)
    loading.load(going_on)
    assert ids(warehouse) == [11, 12, 13, 14]
    assert (loading.loaded["sales"].pages, loading.loaded["sales"].verdict.accepted) == (4, 4)
    with connection(warehouse) as opened:
        # The window is not over: nothing says that it was read.
        assert opened.execute("select count(*) from ops.windows").fetchall() == [(0,)]
        assert opened.execute("select count(distinct load_id) from ops.pages").fetchall() == [(2,)]
        rest = load_stream(opened, tmp_path / "landing", "acme", SALES)
        assert opened.execute("select records, accepted from ops.windows").fetchall() == [(5, 5)]
    assert (rest.pages, ids(warehouse)) == (1, [11, 12, 13, 14, 15])


def test_the_rest_is_loaded_with_them_once_the_pull_is_over(tmp_path: Path, warehouse: Path, landed: list[int]) -> None:
    beside(tmp_path, warehouse, landed).load(lambda: True)
    assert ids(warehouse) == [11, 12, 13, 14, 15]


def test_what_lands_meanwhile_is_loaded_too(tmp_path: Path, warehouse: Path, landed: list[int]) -> None:
    looks, other = 0, Bench(tmp_path, duckdb.connect(), itertools.count(2))

    def is_over() -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            other.land([sale(21)], [sale(22)], hour=1)
        return False

    beside(tmp_path, warehouse, landed).load(is_over)
    assert ids(warehouse) == [11, 12, 13, 14, 15, 21]


def test_less_than_a_batch_does_not_touch_the_warehouse(tmp_path: Path, warehouse: Path, landed: list[int]) -> None:
    loading = beside(tmp_path, warehouse, landed[:1])
    with exclusive(warehouse):
        loading.load(going_on)
    assert (loading.loaded, ids(warehouse)) == ({}, [])


def test_a_warehouse_that_another_run_holds_is_not_waited_for(
    tmp_path: Path, warehouse: Path, landed: list[int]
) -> None:
    loading = beside(tmp_path, warehouse, landed)
    with exclusive(warehouse):
        loading.load(going_on)
    assert (loading.loaded, ids(warehouse)) == ({}, [])
    # Nothing new has landed since.
    loading.load(going_on)
    assert ids(warehouse) == [11, 12, 13, 14]


def test_what_goes_wrong_is_told_by_the_load_after_the_pull(
    tmp_path: Path, warehouse: Path, landed: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    (page,) = (tmp_path / "landing").rglob("0003.ndjson.zst")
    page.write_bytes(b"changed")
    with caplog.at_level(logging.WARNING):
        beside(tmp_path, warehouse, landed).load(going_on)
    assert "acme" in caplog.text
    assert ids(warehouse) == [11, 12]
    with connection(warehouse) as opened, pytest.raises(InternalError, match="0003"):
        load_stream(opened, tmp_path / "landing", "acme", SALES)


def test_meanwhile_is_called_until_every_account_has_ended() -> None:
    enough, told = threading.Event(), []

    def task() -> list[Manifest]:
        assert enough.wait(60)
        return []

    def meanwhile(is_over: object) -> None:
        assert callable(is_over)
        told.append(is_over())
        if len(told) == 3:
            enough.set()

    assert side_by_side([task, task], meanwhile) == []
    assert told[:3] == [False, False, False]
