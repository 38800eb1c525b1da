"""Awin's report by publisher equals the sums over the transactions that the same sandbox shows."""

import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from affiliate_assets.sandbox import DELETE, Sandbox, World

from .http_client import Reply, awin
from .reference import utc
from .test_awin import rows, window

DAYS = {"startDate": "2026-01-01", "endDate": "2026-01-30", "timezone": "UTC"}
#: The same span as `DAYS` for transactions, whose window takes its last second in.
SPAN = window(utc(2026, 1, 1), utc(2026, 1, 30, 23, 59, 59))
COLUMNS = {"pending": "pending", "approved": "confirmed", "declined": "declined"}
FIELDS = re.findall(
    r"\w+",
    "advertiserId publisherId publisherName region currency impressions clicks pendingNo pendingValue pendingComm "
    "confirmedNo confirmedValue confirmedComm bonusNo bonusValue bonusComm totalNo totalValue totalComm "
    "declinedNo declinedValue declinedComm",
)


def report(sandbox: Sandbox, account: str = "1001", **query: str) -> Reply:
    """Ask for the report; no status is expected."""
    return awin(sandbox, f"/advertisers/{account}/reports/publisher", **query)


def sums(transactions: list[dict[str, Any]]) -> dict[int, dict[str, Decimal]]:
    """Return the report's numbers by publisher, from transactions."""
    found: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in transactions:
        if row["commissionStatus"] not in COLUMNS:
            continue
        column = COLUMNS[row["commissionStatus"]]
        if "bonus" in row["type"].lower() and column != "declined":
            column = "bonus"
        for name in (column,) if column == "declined" else (column, "total"):
            mine = found[row["publisherId"]]
            mine[f"{name}No"] += 1
            mine[f"{name}Value"] += row["saleAmount"]["amount"]
            mine[f"{name}Comm"] += row["commissionAmount"]["amount"]
    return {publisher: dict(numbers) for publisher, numbers in found.items()}


def told(reply: Reply) -> dict[int, dict[str, Decimal]]:
    """Return the report's numbers other than zero by publisher."""
    assert reply.status == 200, reply.body
    return {
        row["publisherId"]: {
            name: value for name, value in row.items() if re.search("(No|Value|Comm)$", name) and value
        }
        for row in reply.json()
    }


@pytest.mark.parametrize("account", ["1001", "1002"])
@pytest.mark.parametrize("now", [utc(2026, 1, 20, 5), utc(2026, 2, 20, 3), utc(2026, 6, 1)])
def test_the_report_equals_the_transactions(sandbox: Sandbox, account: str, now: datetime) -> None:
    """At any clock, for each account."""
    sandbox.set_clock(now)
    transactions = rows(sandbox, account, **SPAN)
    assert told(report(sandbox, account, **DAYS)) == sums(transactions)
    assert len(transactions) > 15


def test_the_report_has_the_published_fields(sandbox: Sandbox) -> None:
    """Names of the sample, JSON numbers, zero without fraction, in the account's currency."""
    reply = report(sandbox, "1002", **DAYS)
    for row in reply.json():
        assert sorted(row) == sorted(FIELDS)
        assert (row["advertiserId"], row["currency"], row["bonusValue"]) == (1002, "GBP", 0)
        assert 0 < row["clicks"] < row["impressions"]
    values = re.findall(rb'"\w+(?:Value|Comm)": ([^,}]+)', reply.body)
    assert all(re.fullmatch(rb"0|\d+\.\d{1,2}", value) for value in values)
    assert b"0" in values


def test_the_report_shows_what_was_tampered_with(sandbox: Sandbox) -> None:
    """Status, amounts, publisher and type of a changed record count as its transaction shows them."""
    first, second, third, fourth, fifth, *_ = rows(sandbox, **SPAN)
    others = sorted({row["publisherId"] for row in rows(sandbox, **SPAN)} - {third["publisherId"]})
    sandbox.tamper("awin", str(first["id"]), commissionStatus="deleted")
    sandbox.tamper(
        "awin", str(second["id"]), **{"saleAmount.amount": Decimal("1000.125"), "commissionStatus": "approved"}
    )
    sandbox.tamper("awin", str(third["id"]), publisherId=others[0])
    sandbox.tamper("awin", str(fourth["id"]), type="Bonus", commissionStatus="pending")
    sandbox.tamper("awin", str(fifth["id"]), type="Performance bonus", commissionStatus="declined")
    numbers = told(report(sandbox, **DAYS))
    assert numbers == sums(rows(sandbox, **SPAN))
    assert sum(row.get("bonusNo", 0) for row in numbers.values()) == 1
    sandbox.tamper("awin", str(first["id"]), commissionStatus="approved", **{"saleAmount.amount": "many"})
    sandbox.tamper("awin", str(second["id"]), saleAmount=DELETE)
    assert report(sandbox, **DAYS).status == 200


def test_both_days_are_included_in_the_zone_asked_for(sandbox: Sandbox) -> None:
    """One day is startDate = endDate; the zone decides where it begins; validation dates can be asked for."""
    for zone in ("UTC", "America/New_York"):
        span = {"startDate": "2026-01-10T00:00:00", "endDate": "2026-01-10T23:59:59", "timezone": zone}
        day = {"startDate": "2026-01-10", "endDate": "2026-01-10", "timezone": zone}
        assert told(report(sandbox, **day)) == sums(rows(sandbox, **span)) != {}
    decided = rows(sandbox, **SPAN, dateType="validation")
    assert told(report(sandbox, **DAYS, dateType="validation")) == sums(decided) != {}


@pytest.mark.parametrize(
    "change",
    [
        {"startDate": None},
        {"endDate": None},
        {"endDate": "2025-12-31"},
        {"endDate": "2027-02-05"},
        {"startDate": "2026-01-01T00:00:00"},
        {"startDate": "2026-02-30"},
        {"startDate": "0001-01-01"},
        {"endDate": "9999-12-31"},
        {"dateType": "amendment"},
        {"timezone": "Mars/Olympus"},
    ],
)
def test_bad_parameters_are_refused(sandbox: Sandbox, change: dict[str, str | None]) -> None:
    """Each answers 400 with Awin's error object."""
    query = {name: value for name, value in {**DAYS, **change}.items() if value is not None}
    reply = report(sandbox, **query)
    assert (reply.status, set(reply.json())) == (400, {"error", "description"})


def test_400_days_are_accepted(sandbox: Sandbox) -> None:
    """The longest report is 400 days; no transactions give an empty list; other reports are not there."""
    assert told(report(sandbox, **{**DAYS, "endDate": "2027-02-04"}))
    assert report(sandbox, startDate="2024-01-01", endDate="2024-01-31").json() == []
    assert awin(sandbox, "/advertisers/1001/reports/creative", **DAYS).status == 404
    assert report(sandbox, "9", **DAYS).status == 403


def test_reports_count_against_the_limit(world: World) -> None:
    """They share the calls of the token with everything else."""
    with Sandbox(world, utc(2026, 2, 20), limits={"awin": 2}) as sandbox:
        assert [report(sandbox, **DAYS).status for _ in range(3)] == [200, 200, 429]


def test_rows_left_out_show_in_the_report_only(sandbox: Sandbox) -> None:
    """An answer that lost rows looks whole; the report still counts them."""
    true = rows(sandbox, **SPAN)
    sandbox.inject("awin", "rows_left_out")
    got = rows(sandbox, **SPAN)
    assert len(got) < len(true)
    assert told(report(sandbox, **DAYS)) == sums(true) != sums(got)
