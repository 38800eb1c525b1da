"""Decisions about differences: from the command line and from files, once each, and only what can be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from affiliate_assets.cli import EXIT_CONFIG, EXIT_FAILED, app
from affiliate_assets.crm.streams import CRM
from affiliate_assets.errors import RecordError
from affiliate_assets.landing.decisions import Decision, Taken, decide, take_decisions
from affiliate_assets.landing.night import run_files
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.settings import load_settings
from tests.unit.support import configured

NIGHTS = {1: "2026-03-01 03:00:00", 2: "2026-03-02 03:00:00", 3: "2026-03-03 03:00:00"}
EVENTS = [
    (1, "seen", "opened"),
    (1, "agrees", "opened"),
    (2, "agrees", "closed"),
    (1, "back", "opened"),
    (2, "back", "closed"),
    (3, "back", "reopened"),
]


def note(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Three nights with three differences."""
    create_tables(warehouse, CRM.slug, CRM.streams)
    for number, as_of in NIGHTS.items():
        warehouse.execute("insert into ops.nights values (?, ?, 'r')", [number, as_of])
    for number, key, event in EVENTS:
        warehouse.execute(
            "insert into ops.difference_nights (night_number, as_of, diff_key, event) values (?, ?, ?, ?)",
            [number, NIGHTS[number], key, event],
        )
    warehouse.execute("delete from config.brand")
    warehouse.execute("insert into config.brand (name, as_of) values ('Acme', ?)", [NIGHTS[3]])


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection(tmp_path / "affiliate.duckdb") as opened:
        note(opened)
        yield opened


def decision(key: str = "seen", status: str | None = "accepted", **changes: object) -> Decision:
    values: dict[str, object] = {
        "diff_key": key,
        "status": status,
        "owner": None,
        "note": None,
        "decided_by": "EM",
        "decided_at": datetime(2026, 3, 3, 9, tzinfo=UTC),
        "source": "cli",
    }
    return Decision(**(values | changes))  # type: ignore[arg-type]


def recorded(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return warehouse.execute(
        "select diff_key, status, owner, recorded_at::varchar, refused_because from ops.decisions"
        " order by recorded_at, diff_key, status"
    ).fetchall()


def test_a_decision_is_kept_with_its_moment(warehouse: duckdb.DuckDBPyConnection) -> None:
    decide(warehouse, decision(owner="finance"))
    assert recorded(warehouse) == [("seen", "accepted", "finance", "2026-03-03 09:00:00", None)]


@pytest.mark.parametrize("hour", [0, 3])
def test_a_decision_never_reaches_into_a_night_that_was_built_without_it(
    warehouse: duckdb.DuckDBPyConnection, hour: int
) -> None:
    decide(warehouse, decision(decided_at=datetime(2026, 3, 3, hour, tzinfo=UTC)))
    assert recorded(warehouse) == [("seen", "accepted", None, "2026-03-03 03:00:00.000001", None)]


def test_a_run_under_way_is_not_changed_by_a_decision(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update config.brand set as_of = '2026-03-04 03:00:00'")
    decide(warehouse, decision())
    assert recorded(warehouse)[0][3] == "2026-03-04 03:00:00.000001"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (decision("nowhere"), "No difference 'nowhere' was ever noted. Next: take a diff_key of fct_differences"),
        (decision("agrees"), "The difference 'agrees' is closed: both sides agree. Next: nothing is left"),
        (decision(status="done"), "There is no status 'done'. Next: choose from open, accepted, corrected"),
        (decision(status="closed_by_data"), "There is no status 'closed_by_data'."),
        (decision(status=None), "Nothing is decided. Next: give a status, an owner or a note."),
        (decision(note="ask jo@example.com"), "The note looks like an address. Next: name a team or initials"),
        (decision(owner="jo@example.com"), "The owner looks like an address."),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    warehouse: duckdb.DuckDBPyConnection, wrong: Decision, told: str
) -> None:
    with pytest.raises(RecordError) as refused:
        decide(warehouse, wrong)
    assert str(refused.value).startswith(told)
    assert recorded(warehouse) == []


def test_what_is_settled_is_opened_before_it_is_settled_otherwise(warehouse: duckdb.DuckDBPyConnection) -> None:
    decide(warehouse, decision(status="accepted"))
    with pytest.raises(RecordError, match=r"is settled already, so it cannot become 'written_off'\. Next: open it"):
        decide(warehouse, decision(status="written_off", decided_at=datetime(2026, 3, 3, 10, tzinfo=UTC)))
    decide(warehouse, decision(status=None, owner="finance", decided_at=datetime(2026, 3, 3, 10, 30, tzinfo=UTC)))
    decide(warehouse, decision(status="open", decided_at=datetime(2026, 3, 3, 11, tzinfo=UTC)))
    decide(warehouse, decision(status="written_off", decided_at=datetime(2026, 3, 3, 12, tzinfo=UTC)))
    assert [row[1] for row in recorded(warehouse)] == ["accepted", None, "open", "written_off"]


def test_what_was_settled_in_an_earlier_life_may_be_settled_again(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        "insert into ops.decisions (decision_id, diff_key, status, decided_at, recorded_at)"
        " values ('old', 'back', 'accepted', '2026-03-01 09:00:00', '2026-03-01 09:00:00')"
    )
    decide(warehouse, decision("back"))
    assert len(recorded(warehouse)) == 2


def test_a_line_about_an_earlier_life_settles_nothing_of_this_one(warehouse: duckdb.DuckDBPyConnection) -> None:
    drop(warehouse, ("late", "back", "written_off", "2026-03-01 09:00:00"))
    warehouse.execute("update config.brand set as_of = '2026-03-04 03:00:00'")
    assert take_decisions(warehouse) == Taken(taken=1)
    decide(warehouse, decision("back", decided_at=datetime(2026, 3, 5, 9, tzinfo=UTC)))
    assert [row[1] for row in recorded(warehouse)] == ["written_off", "accepted"]


def drop(warehouse: duckdb.DuckDBPyConnection, *rows: tuple[str, str, str | None, str]) -> None:
    """Lines of files, as they are valid."""
    for decision_id, key, status, at in rows:
        warehouse.execute(
            "insert into valid_crm.decisions (decision_id, diff_key, status, decided_by, decided_at)"
            " values (?, ?, ?, 'EM', ?)",
            [decision_id, key, status, at],
        )


def test_lines_of_files_are_taken_once_in_the_order_of_their_decisions(warehouse: duckdb.DuckDBPyConnection) -> None:
    drop(
        warehouse,
        ("d3", "seen", "written_off", "2026-03-02 12:00:00"),
        ("d2", "seen", "open", "2026-03-02 11:00:00"),
        ("d1", "seen", "accepted", "2026-03-02 10:00:00"),
        ("d1", "seen", "accepted", "2026-03-02 10:00:00"),
        ("d4", "agrees", "accepted", "2026-03-02 10:00:00"),
        ("d5", "nowhere", "accepted", "2026-03-02 10:00:00"),
        ("d6", "back", "accepted", "2026-03-09 10:00:00"),
    )
    warehouse.execute("update config.brand set as_of = '2026-03-04 03:00:00'")
    told = take_decisions(warehouse)
    assert told == Taken(taken=3, refused=1, waiting=2)
    assert str(told) == "Decisions in files: 3 taken, 1 refused, 2 left for a later night."
    before = recorded(warehouse)
    assert {row[3] for row in before} == {"2026-03-04 03:00:00"}
    assert [(row[0], row[4]) for row in before if row[4]] == [("agrees", "closed_by_data")]
    assert take_decisions(warehouse) == Taken(waiting=2)
    assert recorded(warehouse) == before
    # The difference is noted, and the day has come.
    warehouse.execute(
        "insert into ops.difference_nights (night_number, as_of, diff_key, event)"
        " values (4, '2026-03-04 03:00:00', 'nowhere', 'opened')"
    )
    warehouse.execute("update config.brand set as_of = '2026-03-10 03:00:00'")
    assert take_decisions(warehouse) == Taken(taken=2)


def test_a_line_that_comes_with_a_night_that_was_noted_holds_from_the_next(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    drop(warehouse, ("d1", "seen", "accepted", "2026-03-02 10:00:00"))
    assert take_decisions(warehouse) == Taken(taken=1)
    assert recorded(warehouse)[0][3] == "2026-03-03 03:00:00.000001"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = configured(tmp_path, monkeypatch, decisions="decisions_*.csv")
    monkeypatch.setenv("AFFILIATE_CONFIG", str(path))
    monkeypatch.setenv("AFFILIATE_NOW", "2026-03-03T09:00:00Z")
    return path


def test_a_file_of_decisions_is_read_and_its_bad_lines_are_held_back(config: Path) -> None:
    settings = load_settings(config)
    with connection(settings.warehouse) as opened:
        note(opened)
    lines = [
        "diff_key,status,note,decided_by,decided_at",
        "seen,accepted,agreed with the publisher,EM,2026-03-02T10:00:00Z",
        "seen,done,,EM,2026-03-02T10:00:00Z",
        "seen,disputed,call jo@example.com,EM,2026-03-02T10:00:00Z",
        "seen,disputed,,EM,",
    ]
    (config.parent / "decisions_1.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (config.parent / "decisions_2.csv").write_text("\n".join([*lines[:2], "back,open,,EM,2026-03-03T01:00:00Z"]) + "\n")
    night = run_files(settings, CRM, run_id="r1", as_of=datetime(2026, 3, 4, 3, tzinfo=UTC))
    verdict = night.loads["decisions"].verdict
    assert verdict.rejected == 3
    with connection(settings.warehouse) as opened:
        assert take_decisions(opened) == Taken(taken=2)
        assert [row[:2] for row in recorded(opened)] == [("back", "open"), ("seen", "accepted")]


def test_the_command_records_or_says_why_not(config: Path) -> None:
    run = CliRunner().invoke
    nothing = run(app, ["decide", "seen", "--status", "accepted"])
    assert nothing.exit_code == EXIT_CONFIG
    assert "Next: run `affiliate run` first." in nothing.output
    settings = load_settings(config)
    with connection(settings.warehouse) as opened:
        note(opened)
    done = run(app, ["decide", "seen", "--status", "disputed", "--owner", "finance", "--note", "asked", "--by", "EM"])
    assert done.exit_code == 0, done.output
    assert done.output.strip() == "Recorded for seen; it shows from the next night on."
    refused = run(app, ["decide", "agrees", "--status", "accepted"])
    assert refused.exit_code == EXIT_FAILED
    assert refused.output.startswith("The difference 'agrees' is closed: both sides agree. Next:")
    with connection(settings.warehouse) as opened:
        rows = opened.execute("select diff_key, status, owner, note, decided_by, source from ops.decisions").fetchall()
    assert rows == [("seen", "disputed", "finance", "asked", "EM", "cli")]
