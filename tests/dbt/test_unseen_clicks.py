"""Clicks that no page of the shop shows, on a warehouse of Everflow's records: whose they are, and what they earn."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.compiled import Compiled
from tests.dbt import brand
from tests.dbt.conftest import Build, rebuilt
from tests.dbt.warehouse import insert

LANDING = "https://shop.example/?_ef_transaction_id={}"


def loaded(key: str, **columns: Any) -> brand.Row:
    lineage = {"_page_id": f"page-{key}", "_load_id": "load-1", "_run_id": "run-1", "_row_hash": key}
    return {"_account_id": "3", "_key": key, "_observed_at": "2026-03-01 03:00:00", **lineage, **columns}


def conversion(name: str, click: str | None, order: str | None, **changes: Any) -> brand.Row:
    row = loaded(
        name,
        conversion_id=name,
        transaction_id=click,
        order_id=order,
        status="approved",
        is_event=False,
        conversion_unix_timestamp="2026-01-12 12:00:00",
        sale_amount=Decimal(100),
        payout=Decimal(8),
        revenue=Decimal(10),
        currency_id="EUR",
        network_affiliate_id=44,
    )
    return row | changes


def click(name: str, at: str, **changes: Any) -> brand.Row:
    return loaded(f"{name}-{at}", transaction_id=name, unix_timestamp=at, network_affiliate_id=44) | changes


@pytest.fixture(scope="module")
def build(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Build:
    warehouse = tmp_path_factory.mktemp("clicks") / "affiliate.duckdb"
    brand.begin(warehouse, compiled.prefixes)
    insert(warehouse, "config.accounts", {"network": "everflow", "account_id": "3", "name": "Acme", "currency": "EUR"})
    insert(
        warehouse,
        "valid_crm.orders",
        brand.order("1", "100.00"),
        brand.order("2", "100.00", customer_hash=None),
        brand.order("3", "100.00"),
        brand.order("4", "100.00", customer_hash="customer-1", ordered_at="2026-01-20 12:00:00"),
        brand.order("5", "100.00"),
        brand.order("6", "100.00"),
    )
    insert(
        warehouse,
        "valid_crm.touchpoints",
        brand.touch("mail", "customer-1", "2026-01-11 12:00:00", utm_medium="email"),
        # Whoever refused consent is nobody, whatever the page shows.
        brand.touch("nobody", None, "2026-01-12 11:00:05", landing_url=LANDING.format("guest"), visitor_hash=None),
        # What a page shows is one touch, whoever tells of it besides.
        brand.touch("page", "customer-3", "2026-01-12 11:00:05", landing_url=LANDING.format("shown")),
        brand.touch(
            "page-again",
            "customer-3",
            "2026-01-12 11:10:05",
            landing_url=LANDING.format("shown"),
            visitor_hash="visitor-page",
        ),
    )
    insert(
        warehouse,
        "valid_everflow.conversions",
        conversion("c1", "hidden", "1"),
        conversion("c2", "guest", "2", status="rejected"),
        conversion("c3", "shown", "3"),
        conversion("c5", "elsewhere", "5"),
        conversion("c6a", "viewed", "6", is_view_through=True),
        conversion("c9", "unknown-order", "9999"),
    )
    insert(
        warehouse,
        "valid_everflow.clicks",
        click("hidden", "2026-01-12 11:00:00"),
        click("guest", "2026-01-12 11:00:00", network_affiliate_id=51),
        click("shown", "2026-01-12 11:00:00"),
        click("elsewhere", "2026-01-12 11:00:00", _account_id="4"),
        click("viewed", "2026-01-12 11:00:00"),
        click("unknown-order", "2026-01-12 11:00:00"),
        click("vain", "2026-01-12 11:00:00"),
    )
    return rebuilt(compiled, warehouse, compiled.upstream("fct_attribution_credits"))


def test_a_click_that_a_conversion_tells_is_in_the_paths_of_its_customer(build: Build) -> None:
    assert build.success
    paths = build.query(
        "select order_id, touchpoint_id, touch_number, is_seen_by_shop, credit_fraction::varchar"
        " from marts.fct_attribution_credits where attribution_model = 'linear' and touchpoint_id is not null"
        " order by order_id, touch_number"
    )
    assert paths == [
        ("1", "main:mail", 1, True, "0.500000"),
        ("1", "click:everflow:3:c1", 2, False, "0.500000"),
        ("2", "click:everflow:3:c2", 1, False, "1.000000"),
        ("3", "main:page", 1, True, "1.000000"),
        ("4", "main:mail", 1, True, "0.500000"),
        ("4", "click:everflow:3:c1", 2, False, "0.500000"),
    ]


def test_it_earns_for_its_publisher_what_networks_pay_by(build: Build) -> None:
    assert build.query(
        "select order_id, network, publisher_id, channel, credited_revenue from marts.fct_attribution_credits"
        " where attribution_model = 'affiliate_last_click' and network is not null order by 1"
    ) == [
        ("1", "everflow", "44", "affiliate", Decimal(100)),
        ("2", "everflow", "51", "affiliate", Decimal(100)),
        ("3", "everflow", "44", "affiliate", Decimal(100)),
        ("4", "everflow", "44", "affiliate", Decimal(100)),
    ]


def test_no_mart_shows_a_click_id(build: Build) -> None:
    tables = build.query("select table_name from information_schema.tables where table_schema = 'marts'")
    assert ("fct_attribution_credits",) in tables
    for (table,) in tables:
        shown = str(build.query(f"select * from marts.{table}"))
        assert [name for name in ("hidden", "guest", "shown", "elsewhere") if name in shown] == []
