"""What Everflow's rows keep of their nested parts, and which answers are refused as answers to another question."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from affiliate_assets.connectors.language import Answer, Request, Window
from affiliate_assets.errors import BrokenAnswer, ContractError
from affiliate_assets.networks.everflow.connector import CONNECTOR, UTC_ID
from affiliate_assets.networks.everflow.records import clicks_kept, conversions_kept

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, 0, 250, tzinfo=UTC)
CONVERSIONS, CLICKS = CONNECTOR.stream("conversions"), CONNECTOR.stream("clicks")


def answer(body: object) -> Answer:
    return Answer(200, {}, body if isinstance(body, bytes) else json.dumps(body).encode(), None)


def row(at: Any, advertiser: Any = 3) -> dict[str, Any]:
    return {
        "conversion_unix_timestamp": at,
        "unix_timestamp": at,
        "relationship": {"advertiser": {"network_advertiser_id": advertiser}},
    }


def asked(stream: Any = CONVERSIONS) -> Request:
    request = stream.request("3", Window("test", stream.clocks[0].name, START, END), None)
    assert isinstance(request, Request)
    return request


def test_a_span_is_asked_for_in_utc_whole_seconds_outwards_and_for_one_advertiser() -> None:
    body = asked().json
    assert body is not None
    assert (body["from"], body["to"]) == ("2026-03-01 00:00:00", "2026-03-29 01:30:01")
    assert body["timezone_id"] is UTC_ID
    assert body["query"] == {"filters": [{"resource_type": "advertiser", "filter_id_value": "3"}]}
    assert asked().params == {"page": "1", "page_size": "2000"}


@pytest.mark.parametrize("stream", [CONVERSIONS, CLICKS], ids=lambda stream: stream.name)
def test_rows_within_the_span_are_an_answer_at_both_of_its_ends(stream: Any) -> None:
    first, last = int(START.timestamp()), int(END.timestamp()) + 1
    stream.agrees(asked(stream), answer({stream.name: [row(first), row(last)]}))


@pytest.mark.parametrize("stream", [CONVERSIONS, CLICKS], ids=lambda stream: stream.name)
@pytest.mark.parametrize("hours", [-1, 1, 5])
def test_a_row_moved_out_of_the_span_by_another_zone_is_refused(stream: Any, hours: int) -> None:
    at = int(START.timestamp()) - 60 if hours < 0 else int(END.timestamp()) + hours * 3600
    with pytest.raises(ContractError, match=r"1 rows lie outside .* not read as UTC"):
        stream.agrees(asked(stream), answer({stream.name: [row(int(START.timestamp()) + 5), row(at)]}))


def test_rows_of_another_advertiser_are_refused() -> None:
    with pytest.raises(ContractError, match="advertiser 7 came, of 3"):
        CONVERSIONS.agrees(
            asked(), answer({"conversions": [row(int(START.timestamp())), row(int(START.timestamp()), 7)]})
        )


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[",
        b"[]",
        b"\xff",
        b'{"conversions": null}',
        b'{"conversions": [1]}',
        b'{"rows": []}',
        b'{"conversions": []}',
    ],
)
def test_what_is_no_list_of_rows_is_left_to_the_paging(body: bytes) -> None:
    CONVERSIONS.agrees(asked(), answer(body))


@pytest.mark.parametrize("odd", [None, "1", 1.5, {"at": 1}, 0, True])
def test_what_is_no_time_or_id_is_left_to_validation(odd: object) -> None:
    CONVERSIONS.agrees(asked(), answer({"conversions": [row(odd), row(int(START.timestamp()), odd or None)]}))


def test_only_named_parts_of_relationship_are_kept_and_numbers_keep_their_digits() -> None:
    sent = b"""[{"payout": 12.340000000000001, "relationship": {
        "offer": {"network_offer_id": 21, "network_id": 912, "name": "A"},
        "advertiser": {"network_advertiser_id": 3, "name": "B"},
        "affiliate": {"network_affiliate_id": 44, "name": "C"},
        "query_parameters": {"email": "x"}, "usm_data": {"ip": 1},
        "attribution_method": "last_touch"}}, {"relationship": null}, {"relationship": {"offer": "text"}}, {}]"""
    kept = conversions_kept(sent)
    assert b"12.340000000000001" in kept
    assert json.loads(kept) == [
        {
            "payout": 12.340000000000001,
            "relationship": {
                "offer": {"network_offer_id": 21, "name": "A"},
                "advertiser": {"network_advertiser_id": 3},
                "affiliate": {"network_affiliate_id": 44, "name": "C"},
                "attribution_method": "last_touch",
            },
        },
        {"relationship": {}},
        {"relationship": {}},
        {},
    ]
    with pytest.raises(BrokenAnswer):
        conversions_kept(b'{"not": "rows"}')


def test_addresses_of_a_click_lose_query_and_fragment() -> None:
    sent = [
        {"url": "https://s.example/a?email=x#y", "referer": "https://p.example/b#?z"},
        {"url": "", "referer": None},
        {
            "relationship": {
                "geolocation": {"country_code": "US", "city_name": "P"},
                "device_information": {"device_type": "PC"},
            }
        },
    ]
    assert json.loads(clicks_kept(json.dumps(sent).encode())) == [
        {"url": "https://s.example/a", "referer": "https://p.example/b"},
        {"url": "", "referer": None},
        {"relationship": {"geolocation": {"country_code": "US"}, "device_information": {"device_type": "PC"}}},
    ]


@pytest.mark.parametrize(
    ("zones", "number"),
    [
        ([(80, "America/New_York"), (67, "UTC")], 67),
        ([(67, "Europe/London"), (12, "Etc/UTC"), (131, "UTC")], 12),
    ],
)
def test_the_number_of_utc_is_the_one_that_the_network_tells(zones: list[tuple[int, str]], number: int) -> None:
    told = {"timezones": [{"timezone_id": id_, "timezone": name, "label": "more"} for id_, name in zones]}
    assert UTC_ID.read(answer(told)) == number


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"timezones": [{"timezone_id": 67, "timezone": "Europe/London"}]}, ContractError),
        ({"timezones": []}, ContractError),
        ({"zones": []}, BrokenAnswer),
        (b"<html>", BrokenAnswer),
        ({"timezones": [{"timezone_id": "67", "timezone": "UTC"}]}, BrokenAnswer),
    ],
)
def test_a_list_without_utc_ends_the_pull(body: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        UTC_ID.read(answer(body))
