"""A night of a network that is read from files: what is told of refused files, and what takes it back."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from affiliate_assets.accounts import check_networks
from affiliate_assets.doctor import examine
from affiliate_assets.errors import ConfigError
from affiliate_assets.landing.files import drops_of, land_files, waiting
from affiliate_assets.landing.forecast import told_files
from affiliate_assets.landing.night import run_files
from affiliate_assets.landing.report import Night
from affiliate_assets.networks import file_connectors
from affiliate_assets.settings import load_settings
from tests.networks.cases import sample

SHAREASALE = file_connectors()["shareasale"]
FIRST = datetime(2025, 11, 1, 3, tzinfo=UTC)
SETTINGS = """
[brand]
name = "Files only"
reporting_currency = "EUR"
time_zone = "Europe/Berlin"
start_date = 2025-01-01
[privacy]
hash_key = "env:FILES_HASH_KEY"
"""
ACCOUNT = """
[[accounts]]
network = "shareasale"
account_id = "99120"
files = "drop/*.csv"
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "affiliate.toml").write_text(SETTINGS + ACCOUNT)
    (tmp_path / "drop").mkdir()
    monkeypatch.setenv("AFFILIATE_CONFIG", str(tmp_path / "affiliate.toml"))
    monkeypatch.setenv("FILES_HASH_KEY", "a key for invented customers")
    return tmp_path


def put(root: Path, file: str, name: str | None = None, *, changed: datetime = FIRST) -> Path:
    path = root / "drop" / (name or file)
    path.write_bytes(sample("shareasale", file))
    os.utime(path, (changed.timestamp(), changed.timestamp()))
    return path


def night(days: int = 0) -> Night:
    return run_files(load_settings(), SHAREASALE, run_id=f"run-{days}", as_of=FIRST + timedelta(days=days))


def rows(sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(load_settings().warehouse), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def test_files_of_a_night_are_read_oldest_first_and_dated_by_their_change(root: Path) -> None:
    put(root, "activity_2025_10_25.csv", "a.csv", changed=datetime(2025, 10, 25, tzinfo=UTC))
    put(root, "activity_2025_09_06.csv", "b.csv", changed=datetime(2025, 9, 6, tzinfo=UTC))
    told = night()
    assert told.problems == ()
    assert [window.reason for window in told.windows] == ["file b.csv", "file a.csv"]
    assert rows("select trans_amount::varchar, _observed_at::varchar from valid_shareasale.activity"
                " where trans_id = '200100101' order by _observed_at") == [
        ("150.000000", "2025-09-06 00:00:00"),
        ("120.000000", "2025-10-25 00:00:00"),
    ]  # fmt: skip
    assert not told.standing.held


def test_an_older_file_that_comes_later_does_not_win(root: Path) -> None:
    put(root, "activity_2025_10_25.csv", changed=datetime(2025, 10, 25, tzinfo=UTC))
    night()
    put(root, "activity_2025_09_06.csv", changed=datetime(2025, 9, 6, tzinfo=UTC))
    night(1)
    current = "select trans_amount::int from valid_shareasale.activity where trans_id = '200100101'"
    assert rows(f"{current} order by _observed_at desc limit 1") == [(120,)]


def test_a_refused_file_withholds_its_network_until_it_is_mended_under_its_name(root: Path) -> None:
    put(root, "other_titles.csv", "activity.csv")
    told = night()
    assert told.standing.held
    assert "no column Commission" in told.problems[0]
    assert "network shareasale, account 99120, stream activity" in told.problems[0]
    assert night(1).standing.held
    put(root, "activity_2025_09_06.csv", "activity.csv")
    mended = night(2)
    assert (mended.problems, mended.standing.held) == ((), False)


def test_a_refused_file_that_is_taken_away_withholds_nothing_and_may_come_back(root: Path) -> None:
    path = put(root, "other_titles.csv", "activity.csv")
    assert night().standing.held
    path.unlink()
    assert not night(1).standing.held
    put(root, "other_titles.csv", "activity.csv")
    again = night(2)
    assert again.standing.held
    assert rows("select status, count(*) from ops.windows group by all order by all") == [
        ("abandoned", 1),
        ("failed", 1),
    ]


def test_two_runs_at_once_land_a_file_once(root: Path) -> None:
    put(root, "activity_2025_09_06.csv")
    settings = load_settings()
    drops = drops_of(settings, SHAREASALE)

    def land(number: int) -> int:
        landed = land_files(settings, SHAREASALE, drops, hash_key="key", run_id=f"run-{number}", as_of=FIRST)
        return sum(manifest.status == "complete" for manifest in landed)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(land, range(4))) == [0, 0, 0, 1]


def test_without_the_hash_key_nothing_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "activity_2025_09_06.csv")
    monkeypatch.delenv("FILES_HASH_KEY")
    told = night()
    assert "env:FILES_HASH_KEY" in told.problems[0]
    assert told.windows == ()


def test_the_plan_names_the_files_that_wait(root: Path) -> None:
    put(root, "activity_2025_09_06.csv", changed=datetime(2025, 9, 6, 12, tzinfo=UTC))
    settings = load_settings()
    assert list(told_files(SHAREASALE, waiting(settings, SHAREASALE, drops_of(settings, SHAREASALE)))) == [
        "ShareASale: 1 files to read, no calls",
        "  activity  activity_2025_09_06.csv  (account 99120, exported 2025-09-06 12:00Z)",
    ]
    night()
    assert list(told_files(SHAREASALE, waiting(settings, SHAREASALE, drops_of(settings, SHAREASALE)))) == [
        "ShareASale: 0 files to read, no calls"
    ]


def test_the_doctor_says_what_lies_there(root: Path) -> None:
    def finding() -> tuple[bool, str]:
        (found,) = [each for each in examine() if each.subject == "ShareASale 99120"]
        return found.ok, found.message

    ok, message = finding()
    assert not ok
    assert "no file at drop/*.csv" in message
    put(root, "activity_2025_09_06.csv", changed=datetime(2025, 9, 6, 12, tzinfo=UTC))
    assert finding() == (
        True, "1 files, 1 of them not read yet, the newest activity_2025_09_06.csv of 2025-09-06 12:00 UTC"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (ACCOUNT.replace('files = "drop/*.csv"\n', ""), 'ShareASale is read from files.*files = "drop/shareasale'),
        (ACCOUNT.replace("shareasale", "awin"), "Awin is asked over its API and reads no files.*take `files` out"),
        (ACCOUNT.replace("shareasale", "nowhere"), "'nowhere', which does not exist"),
    ],
)
def test_an_account_that_cannot_be_read_is_refused_with_the_reason(root: Path, account: str, told: str) -> None:
    (root / "affiliate.toml").write_text(SETTINGS + account)
    with pytest.raises(ConfigError, match=told):
        check_networks(load_settings())
