"""What the README shows of the demo's pulls, pulled again without Dagster and dbt."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from affiliate_assets.connectors.planning import Span
from affiliate_assets.crm.streams import CRM
from affiliate_assets.demo import (
    FIRST_MORNING,
    NIGHTS,
    START,
    ZONE,
    build_demo_world,
    demo_secrets,
    write_configuration,
)
from affiliate_assets.landing.night import run_files, run_network
from affiliate_assets.landing.report import read_reports, save_report
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import Sandbox
from affiliate_assets.settings import PROJECT_ROOT, load_settings
from tests.waiting import WaitingClock


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(ZONE)).astimezone(UTC)


def test_the_readme_shows_what_the_demo_pulls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^  ((?:awin|cj|crm): complete, .*)$", readme, re.MULTILINE)
    assert len(shown) == 9
    world, clock = build_demo_world(seed=7, orders_per_day=40), WaitingClock()
    clock.install(monkeypatch)
    pulled, exported, first = [], None, START
    with Sandbox(world, clock=FIRST_MORNING, now=clock) as sandbox:
        write_configuration(sandbox, world, tmp_path / "affiliate.toml", data="data")
        for name, value in demo_secrets(sandbox).items():
            monkeypatch.setenv(name, value)
        settings = load_settings(tmp_path / "affiliate.toml")
        for morning in (FIRST_MORNING, *NIGHTS):
            sandbox.set_clock(morning)
            sandbox.write_exports(tmp_path / "exports", since=exported)
            world.write_incrementality(tmp_path / "exports", morning)
            asked, run_id = Span(midnight(first), midnight(morning.date())), f"{morning:%Y%m%d}"
            for slug in ("awin", "cj"):
                night = run_network(
                    settings, api_connectors()[slug], requested=asked, follow_changes=True, run_id=run_id, as_of=morning
                )
                save_report(settings, run_id, slug, night)
            save_report(settings, run_id, CRM.slug, run_files(settings, CRM, run_id=run_id, as_of=morning))
            pulled += [str(report) for report in read_reports(settings, run_id)]
            exported, first = morning, morning.date()
    assert pulled == shown
