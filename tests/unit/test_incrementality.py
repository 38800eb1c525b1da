"""Measured shares from a file: what contradicts itself is held back, and a later file replaces a measurement."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from affiliate_assets.crm.streams import CRM
from affiliate_assets.landing.night import run_files
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.settings import load_settings
from tests.unit.support import configured

HEAD = "channel,network,account_id,publisher_id,valid_from,valid_to,share,method,note\n"
FIRST = [
    "affiliate,,,,2026-01-01,2026-02-01,0.2,hold-out,\n",
    "unattributed,,,,2026-01-01,2026-02-01,0.7,hold-out,\n",
    "affiliate,awin,1001,77,2026-01-01,2026-02-01,0.05,geo test,one region\n",
]
WRONG = {
    "no share": "affiliate,,,,2026-01-01,2026-02-01,,hold-out,\n",
    "more than all": "paid,,,,2026-01-01,2026-02-01,1.01,hold-out,\n",
    "less than nothing": "paid,,,,2026-01-01,2026-02-01,-0.01,hold-out,\n",
    "no day": "paid,,,,2026-02-30,2026-03-31,0.1,hold-out,\n",
    "an empty span": "paid,,,,2026-02-01,2026-02-01,0.1,hold-out,\n",
    "a network of nobody": "affiliate,awin,,,2026-01-01,2026-02-01,0.1,hold-out,\n",
    "a publisher of no network": "affiliate,,,77,2026-01-01,2026-02-01,0.1,hold-out,\n",
    "an account of no network": "affiliate,,1001,,2026-01-01,2026-02-01,0.1,hold-out,\n",
    "an address": "paid,,,,2026-01-01,2026-02-01,0.1,hold-out,ask jo@shop.example\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    configured(tmp_path, monkeypatch, incrementality="incrementality_*.csv")
    return tmp_path


def night(folder: Path, day: int) -> int:
    """Read what lies there; how many records were held back."""
    settings = load_settings(folder / "affiliate.toml")
    outcome = run_files(settings, CRM, run_id=f"r{day}", as_of=datetime(2026, 3, day, 3, tzinfo=UTC))
    return outcome.loads["incrementality"].verdict.rejected


def drop(folder: Path, day: int, *lines: str) -> None:
    file = folder / f"incrementality_{day}.csv"
    file.write_text(HEAD + "".join(lines), encoding="utf-8")
    exported = datetime(2026, 3, day, 1, tzinfo=UTC).timestamp()
    os.utime(file, (exported, exported))


def measured(folder: Path, what: str) -> list[tuple[object, ...]]:
    with connection(load_settings(folder / "affiliate.toml").warehouse) as warehouse:
        return warehouse.execute(what).fetchall()


def test_a_measurement_is_taken_and_a_later_file_replaces_it(folder: Path) -> None:
    drop(folder, 1, *FIRST)
    assert night(folder, 2) == 0
    drop(folder, 3, "affiliate,awin,1001,77,2026-01-01,2026-02-01,0.04,second test,\n")
    assert night(folder, 4) == 0
    rows = measured(
        folder,
        """
        select coalesce(publisher_id, channel), list(share::varchar order by _observed_at)
        from valid_crm.incrementality group by _key, publisher_id, channel order by 1
        """,
    )
    assert rows == [("77", ["0.050000", "0.040000"]), ("affiliate", ["0.200000"]), ("unattributed", ["0.700000"])]


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_what_contradicts_itself_is_held_back(folder: Path, line: str) -> None:
    drop(folder, 1, *FIRST, line)
    assert night(folder, 2) == 1
    assert measured(folder, "select count(*) from valid_crm.incrementality") == [(3,)]
