"""What Voluum's rows say of themselves and of the question, where the samples do not reach."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from affiliate_assets.connectors.language import Answer, Request, Window
from affiliate_assets.errors import BrokenAnswer, ContractError
from affiliate_assets.networks.voluum.answers import LiveList, of_the_campaign, told_apart, within_what_was_asked
from affiliate_assets.networks.voluum.connector import CONNECTOR

KEY = {"clickId": "c", "transactionId": "t", "conversionTypeId": "1"}


def row_ids(*rows: dict[str, Any]) -> list[str | None]:
    return [row.get("rowId") for row in json.loads(told_apart(json.dumps(rows).encode()))]


def test_a_row_is_told_by_click_transaction_and_type() -> None:
    others = ({"transactionId": ""}, {"conversionTypeId": "2"}, {"conversionTypeId": None}, {"conversionTypeId": 7})
    assert row_ids(KEY, *({**KEY, **other} for other in others)) == ["c t 1", "c  1", "c t 2", "c t ", "c t 7"]


@pytest.mark.parametrize("name", KEY)
@pytest.mark.parametrize("how", ["missing", "object"])
def test_a_row_that_lacks_a_part_is_not_told_by_the_rest(name: str, how: str) -> None:
    row: dict[str, Any] = {**KEY, name: {"id": 1}}
    if how == "missing":
        del row[name]
    assert row_ids({**row, "rowId": "sent by somebody"}) == [None]


def test_two_rows_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(ContractError, match="1 conversions come twice"):
        row_ids(KEY, {**KEY, "revenue": -1}, {**KEY, "transactionId": "u"})


def test_money_keeps_its_digits() -> None:
    sent = b'[{"clickId": "c", "transactionId": "", "conversionTypeId": "1", "revenue": 12.340000000000000001}]'
    assert b"12.340000000000000001" in told_apart(sent)


def answer(body: Any) -> Answer:
    return Answer(200, {}, json.dumps(body).encode(), None)


@pytest.mark.parametrize(
    ("printed", "is_asked_for"),
    [
        ("2026-09-10 11:59:59 AM", False),
        ("2026-09-10 12:00:00 PM", True),
        ("2026-09-11 12:00:00 AM", True),
        ("2026-09-11 01:59:59 AM", True),
        ("2026-09-11 02:00:00 AM", False),
        ("at noon", True),
    ],
)
def test_a_conversion_of_another_hour_is_refused(printed: str, is_asked_for: bool) -> None:
    request = Request("GET", "report/conversions", {"from": "2026-09-10T12", "to": "2026-09-11T01"})
    told = answer({"rows": [{"postbackTimestamp": printed}, {}, "no row"]})
    if is_asked_for:
        within_what_was_asked(request, told)
    else:
        with pytest.raises(ContractError, match="Asked for postbacks"):
            within_what_was_asked(request, told)


def test_a_visit_of_another_campaign_is_refused() -> None:
    request = Request("GET", "report/live/visits/a")
    of_the_campaign(request, answer({"rows": [{"campaignId": "a"}, {"campaignId": None}, {}]}))
    with pytest.raises(ContractError, match="Campaign b came, a was asked for"):
        of_the_campaign(request, answer({"rows": [{"campaignId": "a"}, {"campaignId": "b"}]}))


def test_a_live_list_has_pages_only_where_it_counts() -> None:
    whole = LiveList().page(b'{"rows": [{}, {}], "limit": 1}', None)
    assert (whole.records, whole.cursor, whole.total) == (b"[{}, {}]", None, None)
    first = LiveList().page(b'{"rows": [{}, {}], "totalRows": 3}', None)
    assert (first.cursor, first.total) == ("2", 3)
    assert LiveList().page(b'{"rows": [{}], "totalRows": 3, "limit": 2}', "2").cursor is None
    with pytest.raises(BrokenAnswer):
        LiveList().page(b'{"rows": [{}], "totalRows": 3, "limit": 2}', None)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin"])
def test_a_question_names_whole_hours_of_its_zone(zone: str) -> None:
    """Also around the changes of the clock and where zones differ from UTC by half an hour."""
    (stream, *_) = CONNECTOR.streams
    for day in (
        datetime(2026, 3, 8, tzinfo=UTC),
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 10, 25, tzinfo=UTC),
    ):
        for minutes in range(0, 720, 7):
            start = day + timedelta(minutes=minutes)
            window = Window("test", "postback", start, start + timedelta(hours=1), time_zone=zone)
            params = stream.request("a", window, None).params
            first, last = (datetime.strptime(str(params[name]), "%Y-%m-%dT%H") for name in ("from", "to"))  # noqa: DTZ007
            assert params["tz"] == zone
            assert first <= window.local(start)
            # In the hour that a clock tells twice, the later time may be told as the earlier one.
            assert last >= window.local(start + timedelta(hours=1))
            assert last - first <= timedelta(hours=4)
