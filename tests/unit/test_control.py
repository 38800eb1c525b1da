"""The network's own report beside what was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.connectors.planning import Span
from affiliate_assets.landing.control import control_span
from affiliate_assets.landing.pages import Manifest, Status
from tests.conftest import FIRST_MORNING, Brand

from .acme import CONTROL, DAY, MORNING, STREAM, TOKEN, AcmeBrand, acme_brand, sale
from .support import Scripted, manifest, stored

NEXT_MORNING = FIRST_MORNING + timedelta(days=1)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AcmeBrand]:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, replace(STREAM, control=CONTROL)) as brand:
        brand.network.records = [sale(1, "2026-02-12"), sale(2, "2026-02-22"), sale(3, "2026-03-01")]
        yield brand


def read(start: datetime, end: datetime, as_of: datetime = MORNING, status: Status = "complete") -> Manifest:
    return manifest(f"{start:%m%d}", window_start=start, window_end=end, as_of=as_of, started_at=as_of, status=status)


def at(day: int, hour: int = 0, month: int = 2) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_a_report_covers_the_whole_days_that_the_windows_reach() -> None:
    assert control_span(CONTROL, [read(at(1), at(10)), read(at(10), at(20))]) == Span(at(1), at(20))
    assert control_span(CONTROL, [read(at(1, 7), at(10, 5))]) == Span(at(2), at(10))


def test_a_report_reaches_back_over_what_earlier_nights_read_as_far_as_there_is_no_gap() -> None:
    tonight = [read(at(18), at(20))]
    assert control_span(CONTROL, tonight, [Span(at(1, 7), at(10)), Span(at(9), at(19))]) == Span(at(2), at(20))
    assert control_span(CONTROL, tonight, [Span(at(1), at(10)), Span(at(11), at(19))]) == Span(at(11), at(20))
    assert control_span(CONTROL, [read(at(1, 23), at(3)), read(at(15, 23), at(20))]) == Span(at(16), at(20))


def test_a_day_that_is_not_over_when_the_windows_are_read_is_left_out() -> None:
    assert control_span(CONTROL, [read(at(20), at(28, 12), as_of=at(26, 3))]) == Span(at(20), at(26))


@pytest.mark.parametrize(
    "windows",
    [
        [],
        [read(at(1, 1), at(2))],
        [read(at(1), at(1, 23))],
        [read(at(1), at(10)), read(at(10), at(20), status="incomplete")],
        [read(at(1), at(10), status="failed")],
    ],
)
def test_without_a_whole_day_or_with_a_window_missing_no_report_is_asked(windows: list[Manifest]) -> None:
    assert control_span(CONTROL, windows) is None


def test_a_report_is_no_longer_than_the_network_allows_and_keeps_the_newest_days() -> None:
    short = replace(CONTROL, max_span=timedelta(days=7))
    assert control_span(short, [read(at(1), at(20, 6))]) == Span(at(13), at(20))


def test_a_report_that_agrees_is_kept_beside_what_was_found(acme: AcmeBrand) -> None:
    assert acme.pull().problems == ()
    assert acme.network.asked[-1].startswith("/A1/report?start=2026-02-10T00%3A00%3A00")
    ((agrees, expected, found, expected_amount, found_amount, first, last, call_id),) = acme.query(
        "select agrees, expected_records, found_records, expected_amount, found_amount, span_start, span_end, call_id"
        " from ops.control_totals"
    )
    assert (agrees, expected, found) == (True, 3, 3)
    assert expected_amount == found_amount == Decimal("31.5")
    assert (first, last) == (stored(2026, 2, 10), stored(2026, 3, 2))
    assert acme.query(f"select purpose, outcome from ops.api_calls where call_id = '{call_id}'") == [("control", "ok")]


def test_a_report_of_more_records_takes_the_proof_back_and_holds_the_network(acme: AcmeBrand) -> None:
    acme.network.report = (4, "31.5")
    night = acme.pull()
    (problem,) = night.problems
    for part in ("network acme, account A1, stream sales", "counts 4 records", "3 were read", "Next: "):
        assert part in problem
    assert {window.status for window in night.windows} == {"incomplete"}
    assert acme.query("select distinct status, proof from ops.windows") == [("incomplete", None)]
    assert acme.held()[0]
    assert "not proved complete" in str(acme.held()[1])


def test_a_report_that_counts_more_lets_the_next_run_read_its_days_again_and_then_releases(acme: AcmeBrand) -> None:
    acme.network.report = (4, "31.5")
    acme.pull()
    first = len(acme.network.asked)
    acme.network.report = None
    night = acme.pull(MORNING + DAY)
    assert night.problems == ()
    assert acme.network.spans(first) == [
        ("2026-02-10T00", "2026-02-20T00"),
        ("2026-02-20T00", "2026-03-02T00"),
        ("2026-03-02T00", "2026-03-03T03"),
    ]
    assert acme.held() == (False, None)
    quiet = len(acme.network.asked)
    assert acme.pull(MORNING + 2 * DAY).problems == ()
    assert acme.network.spans(quiet) == [("2026-03-03T03", "2026-03-04T03")]


@pytest.mark.parametrize("report", [(2, "31.5"), (3, "999.99"), (3, "0"), (0, "0")])
def test_fewer_records_or_another_amount_in_the_report_hold_nothing(acme: AcmeBrand, report: tuple[int, str]) -> None:
    acme.network.report = report
    assert acme.pull().problems == ()
    assert acme.held() == (False, None)
    assert acme.query("select agrees, expected_records, found_records, expected_amount from ops.control_totals") == [
        (True, report[0], 3, Decimal(report[1]))
    ]


def test_records_that_the_report_leaves_out_by_their_state_are_not_counted(acme: AcmeBrand) -> None:
    acme.network.records.append(sale(4, "2026-02-13", state="void"))
    acme.network.report = (3, "31.5")
    acme.pull()
    assert acme.query("select found_records, found_amount from ops.control_totals") == [(3, Decimal("31.5"))]


@pytest.mark.parametrize("changes", [{"id": "absent"}, {"price": {"amount": "much", "currency": "EUR"}}])
def test_a_record_in_quarantine_was_read_and_is_not_missing(acme: AcmeBrand, changes: dict[str, object]) -> None:
    acme.network.records.append(sale(4, "2026-02-13") | changes)
    if changes.get("id") == "absent":
        del acme.network.records[-1]["id"]
    acme.network.report = (4, "31.5")
    acme.pull()
    assert acme.query("select agrees, expected_records, found_records from ops.control_totals") == [(True, 4, 4)]
    assert acme.query("select distinct status from ops.windows") == [("complete",)]


def test_a_report_that_cannot_be_had_leaves_the_windows_their_own_proof(acme: AcmeBrand) -> None:
    acme.network.instead = lambda path: Scripted(503, b"down") if "/report" in path else None
    night = acme.pull()
    assert night.problems == ()
    assert acme.query("select distinct status from ops.windows") == [("complete",)]
    assert acme.query("select count(*) from ops.control_totals") == [(0,)]
    assert acme.held() == (False, None)


@pytest.mark.parametrize(("instead", "retries"), [(None, 0), (Scripted(503, b"down"), 1), (Scripted(404), 0)])
def test_what_a_report_costs_counts_whether_it_is_had_or_not(
    acme: AcmeBrand, instead: Scripted | None, retries: int
) -> None:
    acme.network.instead = lambda path: instead if "/report" in path else None
    night = acme.pull()
    assert sum("/report" in path for path in acme.network.asked) == retries + 1
    assert sum(window.requests for window in night.windows) == len(acme.network.asked)
    assert acme.query("select sum(requests), sum(retries) from ops.windows") == [(len(acme.network.asked), retries)]


def test_what_a_report_waits_for_the_budget_counts_whether_it_is_had_or_not(acme: AcmeBrand) -> None:
    # The two windows and the first try of the report fill the budget; the second try waits for it.
    acme.connector = replace(acme.connector, limits=(RateLimit(3, timedelta(seconds=0.5)),))
    acme.network.instead = lambda path: Scripted(503, b"down") if "/report" in path else None
    night = acme.pull()
    assert sum(window.waited_seconds for window in night.windows) > 0.2
    assert acme.query("select sum(waited_seconds) > 0.2 from ops.windows") == [(True,)]


@pytest.mark.parametrize("answered", [True, False])
def test_what_a_report_missed_is_read_again_or_agreed_on_before_the_network_is_released(
    acme: AcmeBrand, answered: bool
) -> None:
    acme.pull()
    # Two backfills of days that an earlier night has read completely; the report of the first knows more.
    acme.network.report = (9, "94.5")
    acme.pull(requested=Span(at(12), at(14)), follow_changes=False)
    assert acme.held()[0]
    acme.network.report = None
    if not answered:
        acme.network.instead = lambda path: Scripted(503, b"down") if "/report" in path else None
    acme.pull(MORNING + timedelta(hours=1), requested=Span(at(20), at(22)), follow_changes=False)
    acme.network.instead = lambda path: None
    before = len(acme.network.asked)
    acme.pull(MORNING + DAY)
    if not answered:
        assert acme.network.spans(before)[:2] == [
            ("2026-02-10T00", "2026-02-20T00"),
            ("2026-02-20T00", "2026-03-02T00"),
        ]
    assert acme.query("select agrees from ops.control_totals order by as_of desc limit 1") == [(True,)]
    assert acme.held() == (False, None)


def test_rows_that_awin_leaves_out_without_a_word_are_read_again_in_the_same_night(
    brand: Brand,
) -> None:
    brand.sandbox.inject("awin", "rows_left_out")
    night = brand.pull("awin", FIRST_MORNING)
    (served,) = brand.sandbox.faults_served
    assert served.network == "awin"
    # The days in question are read once more at once, and nothing is left to tell.
    assert night.problems == ()
    told = brand.query(
        "select distinct account_id, message, made_good_at is not null from ops.windows where status = 'incomplete'"
    )
    ((_, message, is_made_good),) = told
    assert "own report counts" in str(message)
    assert is_made_good
    assert brand.query("select held, reasons from ops.standings where network = 'awin'") == [(False, None)]

    assert brand.pull("awin", NEXT_MORNING).problems == ()
    assert brand.query("select held, reasons from ops.standings where network = 'awin'") == [(False, None)]
    known = brand.query("select count(distinct _key) from valid_awin.transactions")[0][0]
    visible = [c for c in brand.world.conversions if c.network == "awin" and c.visible_at <= NEXT_MORNING.timestamp()]
    assert known == len(visible)
    latest = brand.query(
        "select account_id, agrees, expected_records = found_records, expected_amount = found_amount"
        " from ops.control_totals qualify row_number() over (partition by account_id order by as_of desc) = 1"
    )
    assert sorted(latest) == [("1001", True, True, True), ("1002", True, True, True)]
