"""Tables of web analytics as files: nested Parquet of Google Analytics, wide CSV of Snowplow and Segment, and spend."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, Brand

from .test_exports import keyed, landed

MICROSECONDS = 1_768_377_000_123_456
PRIVATE = "203.0.113.9"


@pytest.fixture
def analysed(brand: Brand) -> Brand:
    """The brand, with files of analytics configured too."""
    path = brand.settings.config_path
    streams = {"ga4_events": "parquet", "snowplow_events": "*", "segment_pages": "*", "segment_orders": "*"}
    lines = [
        f'[[exports]]\nstream = "{stream}"\npath = "exports/{stream}_*.{suffix}"\n'
        for stream, suffix in {**streams, "ad_spend": "csv"}.items()
    ]
    path.write_text("\n".join(lines) + path.read_text(encoding="utf-8"), encoding="utf-8")
    return replace(brand, settings=load_settings(path))


def event(name: str, page: str, **more: Any) -> dict[str, Any]:
    """A row of Google's table: parameters as a list of keys and typed values."""
    return {
        "event_date": "20260114",
        "event_timestamp": MICROSECONDS,
        "event_name": name,
        "user_pseudo_id": "Browser.1",
        "event_params": [
            {"key": "ga_session_id", "value": {"string_value": None, "int_value": 7}},
            {"key": "page_location", "value": {"string_value": page, "int_value": None}},
            {"key": "page_referrer", "value": {"string_value": "https://Blog.example/post", "int_value": None}},
        ],
        "device": {"category": "mobile", "ip": PRIVATE},
        "collected_traffic_source": {"manual_source": "awin", "manual_medium": "affiliate", "gclid": None},
        "ecommerce": {"transaction_id": None},
    } | more


def write(brand: Brand, name: str, rows: list[dict[str, Any]]) -> Path:
    path = brand.exports / name
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_events_of_google_analytics_are_read_from_their_nested_table(analysed: Brand) -> None:
    write(
        analysed,
        "ga4_events_20260114.parquet",
        [
            event("page_view", "https://shop.example/?awc=1_2_3"),
            event("purchase", "https://shop.example/thanks", ecommerce={"transaction_id": "O-1"}),
            event("page_view", "https://shop.example/", user_pseudo_id=None, collected_traffic_source=None),
        ],
    )
    night = analysed.load_exports(FIRST_MORNING)
    assert night.problems == ()
    rows = analysed.query(
        "select event_name, occurred_at, visitor_hash, page_url, referrer_host, utm_source, utm_medium, gclid, order_id"
        " from valid_crm.ga4_events order by page_url desc"
    )
    at, visitor = datetime.fromisoformat("2026-01-14 07:50:00.123456"), keyed("browser.1")
    assert rows == [
        ("purchase", at, visitor, "https://shop.example/thanks", "blog.example", "awin", "affiliate", None, "O-1"),
        (
            *("page_view", at, visitor, "https://shop.example/?awc=1_2_3", "blog.example", "awin", "affiliate"),
            *(None, None),
        ),
        ("page_view", at, None, "https://shop.example/", "blog.example", None, None, None, None),
    ]


def test_nothing_of_a_wide_table_lands_but_what_is_declared(analysed: Brand) -> None:
    write(analysed, "ga4_events_1.parquet", [event("page_view", "https://shop.example/")])
    (analysed.exports / "snowplow_events_1.csv").write_text(
        "event_id,app_id,event,derived_tstamp,domain_userid,user_ipaddress,page_url,page_referrer,mkt_source,mkt_medium,"
        f"mkt_campaign\ne1,web,page_view,2026-01-14 07:50:00.123,Browser-2,{PRIVATE},https://shop.example/,,,,\n"
    )
    night = analysed.load_exports(FIRST_MORNING)
    assert night.problems == ()
    assert analysed.query("select count(*) from ops.drift") == [(0,)]
    pages = landed(analysed)
    assert b"shop.example" in pages
    assert PRIVATE.encode() not in pages
    assert b"rowser" not in pages


def test_the_same_day_exported_again_changes_nothing_and_a_late_event_is_added(analysed: Brand) -> None:
    first, late = event("page_view", "https://shop.example/"), event("page_view", "https://shop.example/late")
    write(analysed, "ga4_events_20260114_a.parquet", [first])
    analysed.load_exports(FIRST_MORNING)
    before = analysed.query("select _key, _row_hash from valid_crm.ga4_events")
    write(analysed, "ga4_events_20260114_b.parquet", [first, late])
    analysed.load_exports(FIRST_MORNING)
    after = analysed.query("select _key, _row_hash from valid_crm.ga4_events")
    assert len(before) == 1
    assert len(after) == 2
    assert set(before) < set(after)


def test_segments_tables_lack_columns_that_never_had_a_value(analysed: Brand) -> None:
    (analysed.exports / "segment_pages_1.csv").write_text(
        "id,received_at,timestamp,anonymous_id,context_ip,context_page_url\n"
        f"m1,2026-01-14T08:50:03Z,2026-01-14T08:50:00.250+01:00,Anon,{PRIVATE},https://shop.example/?awc=1_2_3\n"
    )
    at = datetime(2026, 1, 14, 8, 0, tzinfo=UTC)
    write(
        analysed, "segment_orders_1.parquet", [{"id": "m2", "timestamp": at, "anonymous_id": "Anon", "order_id": "O-1"}]
    )
    assert analysed.load_exports(FIRST_MORNING).problems == ()
    assert analysed.query("select event_id, occurred_at, visitor_hash, utm_source from valid_crm.segment_pages") == [
        ("m1", datetime.fromisoformat("2026-01-14 07:50:00.250"), keyed("anon"), None)
    ]
    assert analysed.query("select occurred_at, visitor_hash, order_id from valid_crm.segment_orders") == [
        (datetime.fromisoformat("2026-01-14 08:00:00"), keyed("anon"), "O-1")
    ]


def test_a_table_without_its_pages_or_cut_short_is_refused_by_name(analysed: Brand) -> None:
    rows = [{key: value for key, value in event("page_view", "x").items() if key != "event_params"}]
    write(analysed, "ga4_events_lacking.parquet", rows)
    whole = write(analysed, "ga4_events_whole.parquet", [event("page_view", "y")]).read_bytes()
    (analysed.exports / "ga4_events_cut.parquet").write_bytes(whole[: len(whole) // 2])
    problems = "\n".join(map(str, analysed.load_exports(FIRST_MORNING).problems))
    assert "ga4_events_lacking.parquet" in problems
    assert "event_params.page_location" in problems
    assert "ga4_events_cut.parquet cannot be read as Parquet" in problems
    assert analysed.query("select page_url from valid_crm.ga4_events") == [("y",)]


def test_spend_is_money_and_a_corrected_day_is_another_version(analysed: Brand) -> None:
    head = "day,channel,campaign,currency,cost\n"
    (analysed.exports / "ad_spend_1.csv").write_text(
        head + "2026-01-14,paid,brand,EUR,10.10\n2026-01-14,social,,USD,5\n"
    )
    analysed.load_exports(FIRST_MORNING)
    (analysed.exports / "ad_spend_2.csv").write_text(head + "2026-01-14,paid,brand,EUR,12.345678\n")
    assert analysed.load_exports(FIRST_MORNING).problems == ()
    assert analysed.query("select channel, cost from valid_crm.ad_spend order by cost") == [
        ("social", Decimal("5.000000")),
        ("paid", Decimal("10.100000")),
        ("paid", Decimal("12.345678")),
    ]
