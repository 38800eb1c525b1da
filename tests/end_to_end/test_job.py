"""The main job as a user runs it: again and at once, interrupted ten times, and with a network that refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import zstandard

from affiliate_assets.sandbox import World, WorldConfig, build_world
from tests.end_to_end.harness import DEADLINE, Brand, brand

# Several runs in a row, each bounded by its own deadline.
pytestmark = pytest.mark.timeout(3_600)
MORNING = datetime(2026, 1, 28, 3, tzinfo=UTC)
NEXT_MORNING = MORNING + timedelta(days=1)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(WorldConfig(seed=11, start=date(2026, 1, 1), days=30, orders_per_day=12))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Brand]:
    """A brand whose first night went through undisturbed."""
    with brand(tmp_path_factory.mktemp("quiet"), world, MORNING) as served:
        first = served.run(now=MORNING)
        assert first.returncode == 0, first.stdout + first.stderr
        yield served


def test_the_same_night_twice_more_and_at_once_changes_no_mart(quiet: Brand) -> None:
    before, calls, noted = quiet.checksums(), len(quiet.sandbox.calls), notes(quiet)
    runs = [quiet.start(now=MORNING), quiet.start(now=MORNING)]
    for run in runs:
        out, err = run.communicate(timeout=DEADLINE)
        assert run.returncode == 0, out + err
    assert quiet.checksums() == before
    assert notes(quiet) == noted
    assert {event for _, _, event in noted} == {"opened"}
    assert len(before) >= 8
    # Nothing is new, so each run reads the day asked for once more for each account, with the publishers, the report
    # and the records that may have changed; the clocks are already read to this very instant.
    asked = quiet.sandbox.calls[calls:]
    assert sum(call.network == "awin" for call in asked) <= 2 * 6
    assert quiet.sandbox.breaches == []


def test_killed_at_ten_points_a_run_ends_in_the_same_marts(quiet: Brand, tmp_path: Path, world: World) -> None:
    # Twelve runs in a row would mostly wait for the minute to pass: both sides forget it between them.
    with brand(tmp_path, world, MORNING, limits={"awin": 10_000, "cj": 10_000}) as broken:
        data = tmp_path / "data"

        def forget_calls() -> None:
            for file in data.glob("state/rate_budgets.sqlite*"):
                file.unlink()

        def pages(network: str, count: int) -> Callable[[], bool]:
            already = len(list(data.glob(f"landing/{network}/*/*/*/*.zst")))
            return lambda: len(list(data.glob(f"landing/{network}/*/*/*/*.zst"))) >= already + count

        def grown(path: Path) -> Callable[[], bool]:
            size = path.stat().st_size if path.exists() else 0
            return lambda: path.exists() and path.stat().st_size > size

        def statements_begun(count: int) -> Callable[[], bool]:
            # dbt writes each statement there as it begins; one more than were built.
            begun = data / "dbt" / "run"
            shutil.rmtree(begun, ignore_errors=True)
            return lambda: len(list(begun.rglob("models/**/*.sql"))) > count

        def versions(pattern: str) -> Callable[[], bool]:
            already = len(list(data.glob(f"published/versions/{pattern}")))
            return lambda: len(list(data.glob(f"published/versions/{pattern}"))) > already

        points: list[Callable[[], Callable[[], bool]]] = [
            lambda: pages("crm", 1),
            lambda: pages("awin", 1),
            lambda: pages("cj", 1),
            lambda: pages("awin", 3),
            lambda: grown(data / "warehouse" / "affiliate.duckdb.wal"),
            lambda: grown(data / "warehouse" / "affiliate.duckdb"),
            lambda: statements_begun(1),
            lambda: statements_begun(25),
            lambda: versions("*"),
            lambda: versions("*/manifest.json"),
        ]
        killed = []
        for point in points:
            forget_calls()
            killed.append(broken.kill_when(point(), now=MORNING))
        forget_calls()
        assert killed == [True] * len(points)
        last = broken.run(now=MORNING)
        assert last.returncode == 0, last.stdout + last.stderr
        assert broken.checksums() == quiet.checksums()


def notes(of: Brand) -> list[tuple[str, str, str]]:
    """What differences did: night, key and event."""
    with duckdb.connect(str(of.root / "data/warehouse/affiliate.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(
            "select as_of::varchar, diff_key, event from ops.difference_nights order by all"
        ).fetchall()


def differences(of: Brand, where: str) -> dict[str, tuple[str, str, bool]]:
    """Status, owner and whether it is suspended of each published difference."""
    with duckdb.connect(str(of.root / "data/published/affiliate.duckdb"), read_only=True) as marts:
        rows = marts.execute(
            f"select diff_key, status, owner, is_suspended from fct_differences where {where} order by diff_key"
        ).fetchall()
    return {key: (status, owner, is_suspended) for key, status, owner, is_suspended in rows}


def test_a_refused_token_stops_its_network_and_nothing_else(quiet: Brand) -> None:
    # Finance decides in the morning about a difference of each network.
    standing = {network: differences(quiet, f"network = '{network}'") for network in ("awin", "cj")}
    chosen = [next(iter(of_network)) for of_network in standing.values()]
    for key in chosen:
        decided = quiet.command("decide", key, "--status", "disputed", "--owner", "finance", now=MORNING)
        assert decided.returncode == 0, decided.stdout + decided.stderr
    quiet.sandbox.set_clock(NEXT_MORNING)
    quiet.sandbox.write_exports(quiet.root / "exports", since=MORNING)
    wrong = Brand(quiet.root, quiet.sandbox, {**quiet.environment, "DEMO_AWIN_TOKEN": "wrong-token-of-somebody"})
    # The other network stumbles, and repeats the credential in its errors.
    quiet.sandbox.inject("cj", "echo_500")
    quiet.sandbox.inject("cj", "echo_200", after=2)
    outcome = wrong.run(now=NEXT_MORNING)
    assert outcome.returncode == 3, outcome.stdout + outcome.stderr
    assert "network awin, account 1001, stream transactions" in outcome.stdout
    assert "check the account's token" in outcome.stdout
    assert "cj: complete" in outcome.stdout
    assert "wrong-token-of-somebody" not in outcome.stdout + outcome.stderr
    with duckdb.connect(str(quiet.root / "data/published/affiliate.duckdb"), read_only=True) as marts:
        states = dict(
            marts.execute(
                "select network, string_agg(distinct completeness, ',')"
                " from rpt_operations_completeness group by network"
            ).fetchall()
        )
    assert states["awin"] == "withheld"
    assert states["cj"] == "in"
    assert len(quiet.sandbox.faults_served) == 2
    # What was decided shows; of the network that is held, differences neither went nor came.
    of_awin, of_cj = (differences(quiet, f"network = '{network}'") for network in ("awin", "cj"))
    assert of_awin == {key: (*(("disputed", "finance") if key in chosen else ("open", None)), True) for key in of_awin}
    assert of_awin.keys() == standing["awin"].keys()
    assert of_cj[chosen[1]][0] in ("disputed", "closed_by_data")
    assert of_cj[chosen[1]][1:] == ("finance", False)
    # Neither in data, nor in Dagster's event log, nor in what its steps printed.
    secrets = ("wrong-token-of-somebody", *(quiet.sandbox.token(network) for network in ("awin", "cj")))
    assert found_in_files(quiet.root, secrets) == []


def found_in_files(root: Path, secrets: tuple[str, ...]) -> list[str]:
    """Files below a folder that hold a secret, whatever they are; tables of a DuckDB file are read as text too."""
    found = []
    for file in (path for path in root.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if file.suffix == ".zst":
            content = zstandard.decompress(content)
        elif file.suffix == ".duckdb":
            with duckdb.connect(str(file), read_only=True) as opened:
                tables = opened.execute(
                    "select database_name, schema_name, table_name from duckdb_tables() where not internal"
                ).fetchall()
                for table in tables:
                    name = ".".join(f'"{part}"' for part in table)
                    content += "\n".join(str(row) for row in opened.execute(f"from {name}").fetchall()).encode()
        found += [f"{file.relative_to(root)}" for secret in secrets if secret.encode() in content]
    return found
