from __future__ import annotations

import multiprocessing
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from affiliate_assets.errors import RetryableError
from affiliate_assets.landing import warehouse as opening
from affiliate_assets.landing.warehouse import connection, exclusive


def add_rows(path: str, rounds: int) -> None:
    for _ in range(rounds):
        with connection(Path(path)) as warehouse:
            (count,) = warehouse.execute("select count(*) from log").fetchall()[0]
            time.sleep(0.02)
            warehouse.execute("insert into log values (?)", [count])


def hold_open(path: str, ready: Event, leave: Event) -> None:
    with duckdb.connect(path, read_only=True) as reader:
        reader.execute("select 1")
        ready.set()
        leave.wait(60)


def hold_lock(path: str, ready: object) -> None:
    with exclusive(Path(path)):
        ready.set()  # type: ignore[attr-defined]
        time.sleep(60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse" / "affiliate.duckdb"
    with connection(file) as warehouse:
        warehouse.execute("create table log (seen integer)")
    return file


def test_the_folder_is_made_and_times_are_utc(path: Path) -> None:
    with connection(path) as warehouse:
        assert warehouse.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_two_processes_and_two_threads_at_once_take_turns(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=add_rows, args=(str(path), 5)) for _ in range(2)]
    threads = [threading.Thread(target=add_rows, args=(str(path), 5)) for _ in range(2)]
    for worker in (*processes, *threads):
        worker.start()
    for worker in (*processes, *threads):
        worker.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    with connection(path) as warehouse:
        seen = [number for (number,) in warehouse.execute("select seen from log order by seen").fetchall()]
    assert seen == list(range(20))


def test_a_reader_from_outside_only_delays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, leave = spawn.Event(), spawn.Event()
    reader = spawn.Process(target=hold_open, args=(str(path), ready, leave))
    reader.start()
    assert ready.wait(60)
    pauses: list[float] = []

    def meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        leave.set()
        reader.join(60)

    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=meanwhile))
    with connection(path) as warehouse:
        warehouse.execute("insert into log values (1)")
    assert len(pauses) == 1


def test_a_reader_that_stays_is_told_after_a_bounded_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OPEN_SECONDS", 0.5)
    spawn = multiprocessing.get_context("spawn")
    ready, leave = spawn.Event(), spawn.Event()
    reader = spawn.Process(target=hold_open, args=(str(path), ready, leave))
    reader.start()
    try:
        assert ready.wait(60)
        with pytest.raises(RetryableError, match="cannot be opened") as caught, connection(path):
            pass
        assert "published file" in str(caught.value)
    finally:
        reader.kill()
        reader.join()


def test_a_run_that_hangs_is_told_after_a_bounded_time_and_its_death_frees_the_lock(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    holder = spawn.Process(target=hold_lock, args=(str(path), ready))
    holder.start()
    try:
        assert ready.wait(20)
        with pytest.raises(RetryableError, match="Another run has held") as caught, exclusive(path, seconds=0.2):
            pass
        assert "Dagster UI" in str(caught.value)
    finally:
        holder.kill()
        holder.join()
    with exclusive(path, seconds=1):
        pass


def test_a_failure_inside_closes_the_file_and_frees_the_lock(path: Path) -> None:
    def fail() -> None:
        with connection(path) as warehouse:
            warehouse.execute("begin")
            warehouse.execute("insert into log values (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with connection(path) as warehouse:
        assert warehouse.execute("select count(*) from log").fetchall() == [(0,)]


def test_what_does_not_fit_into_memory_goes_beside_the_warehouse(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with connection(path) as warehouse:
        warehouse.execute("set memory_limit = '48MB'")
        warehouse.execute("create temp table large as select md5(range::varchar) as text from range(3_000_000)")
        assert list(path.with_name("affiliate.duckdb.tmp").iterdir()) != []
    assert list(elsewhere.iterdir()) == []
    assert not path.with_name("affiliate.duckdb.tmp").exists()
