"""One source's night against networks that answer over HTTP; truth is the world that the sandbox serves."""

from __future__ import annotations

import dataclasses
import math
import re
from datetime import UTC, datetime, timedelta

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.connectors.planning import Span
from affiliate_assets.landing.plan import plan_network
from affiliate_assets.landing.report import read_reports, save_report
from affiliate_assets.sandbox import Sandbox
from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, Brand

from .nights import (
    ACCOUNTS,
    LATER_MORNING,
    MONTH,
    NEXT_MORNING,
    START,
    asked,
    awin_figures,
    cj_figures,
    cj_statuses,
    counts,
    expected_cj_statuses,
    pull_both,
    truth,
    windows_asked,
)
from .support import stored


def test_after_the_backfill_and_after_each_later_night_every_amount_and_status_is_the_worlds(brand: Brand) -> None:
    for morning in (FIRST_MORNING, NEXT_MORNING, LATER_MORNING):
        pull_both(brand, morning)
        awin, cj = truth(brand.world, "awin", morning), truth(brand.world, "cj", morning)
        assert len(awin) > 250
        assert len(cj) > 200
        assert awin_figures(brand) == awin
        assert cj_figures(brand) == {key: (sale, commission) for key, (_, sale, commission) in cj.items()}
        assert cj_statuses(brand) == expected_cj_statuses(brand.world, morning)
    assert brand.sandbox.breaches == []
    assert {call.status for call in brand.sandbox.calls} == {200}


def test_the_backfill_asks_the_fewest_windows_that_cover_the_span(brand: Brand) -> None:
    pull_both(brand, FIRST_MORNING)
    pieces = math.ceil((FIRST_MORNING - START) / MONTH)
    assert pieces == 3
    for account in ACCOUNTS["awin"]:
        assert asked(brand.sandbox.calls, account) == {
            "transaction": pieces,
            "publishers": 1,
            "reports/publisher": 1,
        }
    for account in ACCOUNTS["cj"]:
        assert asked(brand.sandbox.calls, account) == {"PostingDate": pieces}
    assert len(brand.sandbox.calls) == 4 * pieces + 2 + 2
    assert max(windows_asked(brand.sandbox.calls)) <= MONTH


def test_a_night_asks_each_clock_once_and_open_rows_in_one_call(brand: Brand) -> None:
    pull_both(brand, FIRST_MORNING)
    before = len(brand.sandbox.calls)
    pull_both(brand, NEXT_MORNING)
    tonight = brand.sandbox.calls[before:]
    for account in ACCOUNTS["awin"]:
        assert asked(tonight, account) == {
            "transaction": 1,
            "validation": 1,
            "amendment": 1,
            "publishers": 1,
            "reports/publisher": 1,
        }
    for account in ACCOUNTS["cj"]:
        # Fewer than a hundred open rows an account: one call by id is cheaper than two more windows.
        assert asked(tonight, account) in (
            {"PostingDate": 1, "LockingDate": 1, "commissionIds": 1},
            {"PostingDate": 2, "LockingDate": 1},
        )
    assert len(tonight) == 2 * 5 + 2 * 3


def test_the_same_night_again_adds_no_version_and_asks_only_what_may_have_changed(brand: Brand) -> None:
    tables = ("raw_awin.transactions", "valid_awin.transactions", "valid_awin.publishers", "valid_cj.commissions")
    pull_both(brand, FIRST_MORNING)
    before, calls = counts(brand, *tables), len(brand.sandbox.calls)
    for network in ACCOUNTS:
        night = brand.pull(network, FIRST_MORNING)
        assert {name: load.new_versions for name, load in night.loads.items() if load.new_versions} == {}
    assert counts(brand, *tables) == before
    again = brand.sandbox.calls[calls:]
    for account in ACCOUNTS["awin"]:
        assert asked(again, account) == {"publishers": 1}
    for account in ACCOUNTS["cj"]:
        assert set(asked(again, account)) <= {"commissionIds", "PostingDate"}
        assert asked(again, account).total() <= 3


def test_a_backfill_of_old_days_asks_those_days_only(brand: Brand) -> None:
    days = Span(datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC))
    night = brand.pull("awin", FIRST_MORNING, requested=days, follow_changes=False)
    assert night.problems == ()
    for account in ACCOUNTS["awin"]:
        assert asked(brand.sandbox.calls, account) == {"transaction": 1, "reports/publisher": 1}
    assert windows_asked(brand.sandbox.calls) == [timedelta(days=10)] * 2
    dates = brand.query("select min(transaction_date), max(transaction_date) from valid_awin.transactions")
    assert dates[0][0] >= stored(2026, 1, 10)  # type: ignore[operator]
    assert dates[0][1] <= stored(2026, 1, 20)  # type: ignore[operator]


def test_a_tight_budget_costs_time_and_breaks_no_limit(brand: Brand) -> None:
    with Sandbox(brand.world, FIRST_MORNING, limits={"awin": 4}, now=brand.clock) as tight:
        text = brand.settings.config_path.read_text().replace(brand.sandbox.url("awin"), tight.url("awin"))
        brand.settings.config_path.write_text(text)
        brand.settings = load_settings(brand.settings.config_path)
        limits = (RateLimit(4, timedelta(minutes=1)),)
        brand.connectors["awin"] = dataclasses.replace(brand.connectors["awin"], limits=limits)
        night = brand.pull("awin", FIRST_MORNING)
        assert tight.breaches == []
        assert len(tight.calls) == 10
        span = max(call.received_at for call in tight.calls) - min(call.received_at for call in tight.calls)
    assert night.problems == ()
    # Four, four and two: two whole minutes. Each pull that finds no room looks again after a moment, which adds up.
    assert 120 <= span <= 1.05 * 120
    assert sum(window.waited_seconds for window in night.windows) > 120


def test_planning_asks_nobody(brand: Brand) -> None:
    _, plans = plan_network(
        brand.settings, brand.connectors["cj"], requested=None, follow_changes=True, as_of=FIRST_MORNING
    )
    assert {plan.account.account_id: len(plan.questions) for plan in plans} == {"4410927": 3, "4410928": 3}
    assert brand.sandbox.calls == []


def test_a_network_without_an_account_has_its_tables_and_nothing_in_them(brand: Brand) -> None:
    text = brand.settings.config_path.read_text()
    blocks = re.split(r"(?=\[\[accounts\]\])", text)
    brand.settings.config_path.write_text("".join(block for block in blocks if 'network = "cj"' not in block))
    brand.settings = load_settings(brand.settings.config_path)
    night = brand.pull("cj", FIRST_MORNING)
    assert (night.windows, night.problems) == ((), ())
    assert brand.query("select count(*) from valid_cj.commissions") == [(0,)]
    assert brand.query("select count(*) from quarantine.cj__commissions") == [(0,)]


def test_the_report_of_a_run_is_kept_for_whoever_asks_later(brand: Brand) -> None:
    night = brand.pull("awin", FIRST_MORNING)
    save_report(brand.settings, "run-1", "awin", night)
    (report,) = read_reports(brand.settings, "run-1")
    rows = len(truth(brand.world, "awin", FIRST_MORNING))
    assert (report.windows, report.complete, report.requests, report.rejected) == (8, 8, 10, 0)
    assert report.new_versions - rows == brand.query("select count(*) from valid_awin.publishers")[0][0]
    assert str(report).startswith("awin: complete, 8 of 8 windows, 10 calls")
    assert read_reports(brand.settings, "another") == []
