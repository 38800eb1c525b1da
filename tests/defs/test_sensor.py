"""Files that arrive: when a run starts, for which sources, and that the same file never starts two."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from affiliate_assets.crm.streams import CRM
from affiliate_assets.defs.build import build_definitions
from affiliate_assets.defs.jobs import ARRIVALS
from affiliate_assets.defs.sensors import SENSOR, SETTLES_AFTER
from affiliate_assets.landing.night import run_files
from affiliate_assets.networks import file_connectors
from affiliate_assets.sandbox.exports import ORDER_COLUMNS
from affiliate_assets.settings import load_settings
from tests.networks.cases import sample

SETTINGS = """
[brand]
name = "Files only"
reporting_currency = "EUR"
time_zone = "Europe/Berlin"
start_date = 2026-01-01

[privacy]
hash_key = "env:SENSOR_HASH_KEY"

[[exports]]
stream = "orders"
path = "exports/orders_*.csv"

[[accounts]]
network = "awin"
account_id = "1"
[accounts.credentials]
token = "env:NEVER_SET"

[[accounts]]
network = "shareasale"
account_id = "99120"
files = "drop/shareasale/*"
"""
ORDER = "O-1,de,2026-01-14T10:22:05+01:00,2026-01-14T10:22:05+01:00,paid,EUR,1.00,0,0,0,1.00,0,0,,a@b.example,new"


@dataclass
class Watched:
    """A brand with a sensor on its folders, ticked by hand."""

    root: Path
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    cursor: str | None = None

    def drop(self, name: str, content: bytes, *, age: float = 3600) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (time.time() - age, time.time() - age))
        return path

    def tick(self) -> list[dg.RunRequest]:
        repository = self.definitions.get_repository_def()
        with dg.build_sensor_context(
            self.instance, cursor=self.cursor, repository_def=repository, definitions=None
        ) as context:
            told = self.definitions.resolve_sensor_def(SENSOR).evaluate_tick(context)
        self.cursor = told.cursor
        self.skipped = told.skip_message
        return list(told.run_requests or [])


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.Definitions]:
    path = tmp_path_factory.mktemp("sensor") / "affiliate.toml"
    path.write_text(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFFILIATE_CONFIG", str(path))
        patch.setenv("SENSOR_HASH_KEY", "a key for invented customers")
        yield build_definitions()


@pytest.fixture
def watched(definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    (tmp_path / "affiliate.toml").write_text(SETTINGS)
    monkeypatch.setenv("AFFILIATE_CONFIG", str(tmp_path / "affiliate.toml"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watched(tmp_path, definitions, instance)


def activity() -> bytes:
    return sample("shareasale", "activity_2025_09_06.csv")


def orders(number: int = 1) -> bytes:
    return f"{','.join(ORDER_COLUMNS)}\r\n{ORDER.replace('O-1', f'O-{number}')}\r\n".encode()


def sources_of(request: dg.RunRequest) -> set[str]:
    keys = {key.to_user_string() for key in request.asset_selection or ()}
    return {key.removeprefix("raw_").partition("/")[0] for key in keys if key.startswith("raw_")}


def test_it_is_off_until_somebody_switches_it_on(watched: Watched) -> None:
    sensor = watched.definitions.resolve_sensor_def(SENSOR)
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert sensor.minimum_interval_seconds == SETTLES_AFTER
    assert sensor.job_name == ARRIVALS


def test_its_job_asks_no_network_and_builds_everything(watched: Watched) -> None:
    job = watched.definitions.resolve_job_def(ARRIVALS)
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert {"raw_crm/orders", "valid_shareasale/activity", "marts/fct_conversions", "operations/night"} <= keys
    assert not any("awin/" in key for key in keys if key.startswith(("raw_", "valid_")))
    assert job.partitions_def is None


def test_without_files_nothing_starts(watched: Watched) -> None:
    assert watched.tick() == []
    assert watched.skipped == "No file has arrived."


def test_a_settled_file_starts_one_run_of_its_source_alone(watched: Watched) -> None:
    watched.drop("drop/shareasale/activity.csv", activity())
    (request,) = watched.tick()
    assert sources_of(request) == {"shareasale"}
    keys = {key.to_user_string() for key in request.asset_selection or ()}
    assert {"staging/stg_awin__conversions", "published/fct_conversions", "operations/night"} <= keys
    assert request.tags["affiliate/sources"] == "shareasale"
    assert watched.tick() == []


def test_files_of_several_sources_start_one_run_together(watched: Watched) -> None:
    watched.drop("drop/shareasale/activity.csv", activity())
    watched.drop("exports/orders_1.csv", orders())
    (request,) = watched.tick()
    assert sources_of(request) == {"crm", "shareasale"}


def test_a_file_that_is_still_written_waits(watched: Watched) -> None:
    watched.drop("drop/shareasale/activity.csv", activity()[:100], age=1)
    assert watched.tick() == []
    assert watched.skipped == "1 files are still being written."
    # Grown since, though its time of change says otherwise.
    watched.drop("drop/shareasale/activity.csv", activity(), age=SETTLES_AFTER + 1)
    assert watched.tick() == []
    assert len(watched.tick()) == 1


def test_a_clock_that_is_ahead_delays_a_file_by_one_tick(watched: Watched) -> None:
    watched.drop("drop/shareasale/activity.csv", activity(), age=-7200)
    assert watched.tick() == []
    assert len(watched.tick()) == 1


def test_the_same_content_starts_no_second_run(watched: Watched) -> None:
    path = watched.drop("drop/shareasale/activity.csv", activity())
    (first,) = watched.tick()
    os.utime(path, (time.time() - 100, time.time() - 100))
    watched.drop("drop/shareasale/copy.csv", activity())
    for _ in range(3):
        assert watched.tick() == []
    # Should the cursor be lost, the run is the same one, which Dagster starts once.
    watched.cursor = None
    path.with_name("copy.csv").unlink()
    (again,) = watched.tick()
    assert again.run_key == first.run_key


def test_other_content_under_the_same_name_starts_another_run(watched: Watched) -> None:
    watched.drop("exports/orders_1.csv", orders(1))
    (first,) = watched.tick()
    watched.drop("exports/orders_1.csv", orders(2), age=60)
    found = watched.tick() + watched.tick()
    assert [sources_of(request) for request in found] == [{"crm"}]
    assert found[0].run_key != first.run_key


@pytest.mark.parametrize("source", [CRM, file_connectors()["shareasale"]], ids=lambda source: source.slug)
def test_what_a_night_has_read_already_starts_nothing(watched: Watched, source: object) -> None:
    drops: dict[str, Callable[[], Path]] = {
        "crm": lambda: watched.drop("exports/orders_1.csv", orders()),
        "shareasale": lambda: watched.drop("drop/shareasale/activity.csv", activity()),
    }
    drops[source.slug]()  # type: ignore[attr-defined]
    night = run_files(load_settings(), source, run_id="r", as_of=datetime(2026, 3, 1, tzinfo=UTC))  # type: ignore[arg-type]
    assert [window.status for window in night.windows] == ["complete"]
    assert watched.tick() == []


def test_a_refused_file_starts_one_run_and_its_mended_content_another(watched: Watched) -> None:
    watched.drop("drop/shareasale/activity.csv", sample("shareasale", "other_titles.csv"))
    assert len(watched.tick()) == 1
    run_files(load_settings(), file_connectors()["shareasale"], run_id="r", as_of=datetime(2026, 3, 1, tzinfo=UTC))
    assert watched.tick() == []
    watched.drop("drop/shareasale/activity.csv", activity(), age=60)
    assert len(watched.tick() + watched.tick()) == 1


def test_what_a_program_keeps_beside_a_file_is_no_file(watched: Watched) -> None:
    for name in (".activity.csv.swp", "~$activity.xlsx"):
        watched.drop(f"drop/shareasale/{name}", b"x")
    assert watched.tick() == []
