"""Corrections as two people use them: drafted from the published marts, released, sent, and shown by the next night."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from affiliate_assets.cli import EXIT_PARTIAL
from affiliate_assets.sandbox import WorldConfig, build_world
from affiliate_assets.settings import PROJECT_ROOT
from tests.end_to_end.harness import AFFILIATE, DEADLINE, Brand, brand

MORNING = datetime(2026, 2, 10, 3, tzinfo=UTC)


def command(served: Brand, now: datetime, *words: str, status: int = 0) -> str:
    ended = subprocess.run(
        [AFFILIATE, "corrections", *words],
        env={**served.environment, "AFFILIATE_NOW": now.isoformat()},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        cwd=PROJECT_ROOT,
        check=False,
    )
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended.stdout


def tell_enterprise_ids(path: Path) -> None:
    """Let the CJ accounts tell what the sandbox knows them by."""
    lines, account = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        lines.append(line)
        if line.startswith("account_id"):
            account = line.split('"')[1]
        if line.startswith("token") and account.startswith("44109"):
            lines += ["[accounts.corrections]", f'enterprise_id = "E{account}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def agreed_awin(root: Path) -> str:
    """A pending Awin conversion that agrees with its order."""
    with duckdb.connect(str(root / "data" / "published" / "affiliate.duckdb"), read_only=True) as marts:
        (key,) = marts.execute(
            "select d.diff_key from fct_reconciliation_diffs d join fct_conversions c using (conversion_key)"
            " where d.side = 'network' and c.network = 'awin' and c.status = 'pending' and d.reason = 'agrees'"
            " order by all limit 1"
        ).fetchone() or ("",)
    return str(key)


@pytest.mark.timeout(3_600)
def test_two_people_a_night_and_a_proof(tmp_path: Path) -> None:
    world = build_world(WorldConfig(seed=11, start=date(2026, 1, 1), days=45, orders_per_day=12))
    with brand(tmp_path, world, MORNING) as served:
        tell_enterprise_ids(tmp_path / "affiliate.toml")
        first = served.run(now=MORNING)
        assert first.returncode == 0, first.stdout + first.stderr
        noon = MORNING + timedelta(hours=9)
        drafted = command(served, noon, "draft", "--by", "Ada", "--network", "awin", "--network", "cj")
        count = int(drafted.splitlines()[-1].split()[0])
        assert count > 0
        command(served, noon, "release", "--all", "--by", "Grace")
        served.sandbox.set_clock(noon)
        assert f"{count} of {count} sent" in command(served, noon, "send", "--confirm")
        # One more is answered as ever and not followed.
        served.sandbox.desks.ignore("awin")
        one = agreed_awin(tmp_path)
        command(served, noon, "draft", "--by", "Ada", "--action", "approve", "--difference", one)
        command(served, noon, "release", "--all", "--by", "Grace")
        assert "1 of 1 sent" in command(served, noon, "send", "--confirm")
        night = MORNING + timedelta(days=3)
        served.sandbox.set_clock(night)
        for file in (tmp_path / "data").glob("state/rate_budgets.sqlite*"):
            file.unlink()
        served.sandbox.write_exports(tmp_path / "exports")
        result = served.run(now=night)
        assert result.returncode == 0, result.stdout + result.stderr
        told = command(served, night, "settle", status=EXIT_PARTIAL)
        assert told == f"{count} taken, 1 not taken within their time, 0 not proved yet.\n"
        with duckdb.connect(str(tmp_path / "data" / "published" / "affiliate.duckdb"), read_only=True) as marts:
            assert marts.execute(
                "select correction_outcome, count(*) from rpt_corrections group by all order by all"
            ).fetchall() == [("not_taken", 1), ("taken", count)]
