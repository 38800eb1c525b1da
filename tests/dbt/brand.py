"""A small brand written by hand: every row of it is there for one finding, named beside it.

The brand reports in EUR and lives at 2026-03-02 03:00 UTC. Awin account 1001 tells its currency; CJ
account 5001 is configured in USD. Orders are of the shop `main`, at noon unless said otherwise; a commission
is a tenth of the sale.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.dbt.warehouse import create_warehouse, insert

Row = dict[str, Any]

AS_OF = "2026-03-02 03:00:00"


def awin(number: int, order: str | None, sale: str, status: str = "pending", **changes: Any) -> Row:
    row: Row = {
        "_account_id": "1001",
        "_key": str(number),
        "_row_hash": f"awin-{number}",
        "_observed_at": "2026-03-01 03:00:00",
        "_page_id": f"page-awin-{number}",
        "_load_id": "load-1",
        "_run_id": "run-1",
        "id": number,
        "advertiser_id": 1001,
        "publisher_id": 77,
        "site_name": "Deal Harbour",
        "commission_status": status,
        "type": "Commission group transaction",
        "order_ref": order,
        "click_date": "2026-01-12 11:00:00",
        "transaction_date": "2026-01-12 12:00:00",
        "sale_amount": Decimal(sale),
        "sale_currency": "EUR",
        "commission_amount": Decimal(sale) / 10,
        "commission_currency": "EUR",
        "amended": False,
        "paid_to_publisher": False,
    }
    return row | changes


def cj(commission: str, family: str, order: str | None, sale: str, status: str = "new", **changes: Any) -> Row:
    row: Row = {
        "_account_id": "5001",
        "_key": commission,
        "_row_hash": f"cj-{commission}",
        "_observed_at": "2026-03-01 03:00:00",
        "_page_id": f"page-cj-{commission}",
        "_load_id": "load-1",
        "_run_id": "run-1",
        "commission_id": commission,
        "original_action_id": family,
        "original": True,
        "order_id": order,
        "publisher_id": "88",
        "publisher_name": "Home Notes",
        "action_type": "item_sale",
        "click_date": "2026-01-12 11:00:00",
        "event_date": "2026-01-12 12:00:00",
        "posting_date": "2026-01-12 12:30:00",
        "locking_date": "2026-03-11 10:00:00",
        "action_status": status,
        "validation_status": "AUTOMATED",
        "sale_amount_adv_currency": Decimal(sale),
        "pub_commission_amount_usd": Decimal(sale) / 10,
    }
    return row | changes


def order(number: str, subtotal: str, status: str = "paid", **changes: Any) -> Row:
    row: Row = {
        "_account_id": "main",
        "_key": number,
        "_row_hash": f"order-{number}",
        "_observed_at": "2026-03-01 03:00:00",
        "_page_id": "page-orders",
        "_load_id": "load-1",
        "_run_id": "run-1",
        "order_id": number,
        "shop": "main",
        "ordered_at": "2026-01-12 12:00:00",
        "updated_at": "2026-01-12 12:00:00",
        "status": status,
        "currency": "EUR",
        "subtotal": Decimal(subtotal),
        "discount": Decimal(0),
        "shipping": Decimal("4.90"),
        "tax": Decimal("19.00"),
        "total": Decimal(subtotal) + Decimal("23.90"),
        "refunded": Decimal(0),
        "refunded_subtotal": Decimal(0),
        "customer_hash": f"customer-{number}",
        "customer_type": "new",
    }
    return row | changes


def touch(name: str, customer: str | None, at: str, **changes: Any) -> Row:
    row: Row = {
        "_account_id": "main",
        "_key": name,
        "_row_hash": f"touch-{name}",
        "_observed_at": "2026-03-01 03:00:00",
        "_page_id": "page-touches",
        "_load_id": "load-1",
        "_run_id": "run-1",
        "touch_id": name,
        "shop": "main",
        "occurred_at": at,
        "visitor_hash": f"visitor-{name}",
        "customer_hash": customer,
        "landing_url": "https://shop.example/",
    }
    return row | changes


# Advertiser, Unix seconds of the click, and its id.
AWC = "https://shop.example/?awc=1001_{}_{}"
CJEVENT = "https://shop.example/sale?CJEVENT={}"

AWIN = (
    awin(1, "1001", "100.00", "approved", paid_to_publisher=True, validation_date="2026-02-01 00:00:00"),
    # The network was told tax and shipping too: 90.00 + 18.00.
    awin(2, "1002", "108.00"),
    awin(3, "1003", "50.00", "approved"),
    awin(4, "1004", "60.00", "declined", decline_reason="Returned"),
    # Claimed twice; CJ had the later click.
    awin(5, "1005", "70.00", click_date="2026-01-12 09:00:00"),
    # Claimed twice without a click; 62 was recorded first.
    awin(61, "1006", "20.00", click_date=None, transaction_date="2026-01-12 12:01:00"),
    awin(62, "1006", "20.00", click_date=None, transaction_date="2026-01-12 12:00:30"),
    # Void, and settled by CJ.
    awin(7, "1007", "30.00", "declined"),
    # Written differently: prefix, case, dashes, leading zeros.
    awin(8, "shop-00/1008", "15.50"),
    # A word that nobody has mapped.
    awin(9, "1009", "12.00", "suspended"),
    awin(90, "9999", "11.00"),
    awin(91, "9998", "11.00", transaction_date="2026-03-02 02:30:01"),
    awin(92, "9997", "11.00", "declined"),
    awin(93, None, "0.00", "approved", type="Bonus", commission_amount=Decimal("25.00")),
    # Kronor: no rate in the seed.
    awin(10, "1010", "500.00", sale_currency="SEK", commission_currency="SEK"),
    # Pounds on the network, euro on the order and in the tracked amount.
    awin(
        11,
        "1011",
        "86.00",
        sale_currency="GBP",
        commission_currency="GBP",
        commission_amount=Decimal("8.60"),
        tracked_amount=Decimal("100.00"),
        tracked_currency="EUR",
    ),
    # First seen pending with another amount, then amended and approved.
    awin(
        12,
        "1012",
        "80.00",
        _observed_at="2026-01-13 03:00:00",
        _row_hash="awin-12-a",
        _page_id="page-awin-12-a",
    ),
    awin(
        12,
        "1012",
        "60.00",
        "approved",
        amended=True,
        old_sale_amount=Decimal("80.00"),
        amend_reason="Returned",
    ),
)

CJ = (
    cj("501", "f5", "1005", "70.00", click_date="2026-01-12 09:30:00"),
    cj("701", "f7", "1007", "30.00"),
    # Restated from 120.00 to 80.00.
    cj("2001", "f20", "2001", "120.00"),
    cj(
        "2002",
        "f20",
        "2001",
        "-120.00",
        original=False,
        correction_reason="RETURNED_MERCHANDISE",
        posting_date="2026-01-20 00:00:00",
    ),
    cj(
        "2003",
        "f20",
        "2001",
        "80.00",
        original=False,
        correction_reason="RETURNED_MERCHANDISE",
        posting_date="2026-01-20 00:00:00",
    ),
    # Taken back whole, as the order was.
    cj("2101", "f21", "2002", "40.00"),
    cj(
        "2102",
        "f21",
        "2002",
        "-40.00",
        original=False,
        correction_reason="BOOKING_CANCELED",
        posting_date="2026-01-20 00:00:00",
    ),
    # Declined, although the order stands; what was paid for has not been taken back yet.
    cj("2201", "f22", "2003", "40.00", validation_status="DECLINED"),
    # Pending when first seen, locked later on the same row.
    cj("2301", "f23", "2004", "10.00", _observed_at="2026-01-13 03:00:00", _row_hash="cj-2301-a"),
    cj("2301", "f23", "2004", "10.00", "locked"),
)

ORDERS = (
    order("1001", "110.00", discount=Decimal("10.00")),
    order("1002", "90.00"),
    order("1003", "50.00", "cancelled"),
    order("1004", "60.00"),
    order("1005", "70.00", currency="USD"),
    order("1006", "20.00"),
    order("1007", "30.00", currency="USD"),
    order("1008", "25.50", "partially_refunded", refunded_subtotal=Decimal("10.00")),
    order("1009", "12.00"),
    order("1010", "500.00", currency="SEK"),
    order("1011", "100.00"),
    order("1012", "60.00"),
    order("2001", "80.00", currency="USD"),
    order("2002", "40.00", "cancelled", currency="USD"),
    order("2003", "40.00", currency="USD"),
    order("2004", "10.00", currency="USD"),
    # Clicked on an affiliate link, and no network knows.
    order("3001", "33.00"),
    order("3002", "33.00", "refunded", refunded_subtotal=Decimal("33.00")),
    order("3003", "33.00", ordered_at="2026-03-02 02:30:00", updated_at="2026-03-02 02:30:00"),
    order("3004", "33.00", ordered_at="2026-03-02 02:00:00", updated_at="2026-03-02 02:00:00"),
    # Clicked 30 days before to the second, and a second more.
    order("3005", "33.00", ordered_at="2026-02-20 12:00:00"),
    order("3006", "33.00", ordered_at="2026-02-20 12:00:00"),
    # No affiliate click, but other touches; and none at all.
    order("3007", "100.00"),
    order("3008", "10.00", customer_hash=None),
)

TOUCHES = (
    touch("t1", "customer-3001", "2026-01-02 08:00:00", landing_url=AWC.format(1767340800, "aa")),
    touch("t2", "customer-3002", "2026-01-02 08:00:00", landing_url=CJEVENT.format("bb")),
    touch("t3", "customer-3003", "2026-03-01 08:00:00", landing_url=CJEVENT.format("cc")),
    # The browser is known by a later visit only.
    touch("t4", None, "2026-03-01 08:00:00", landing_url=CJEVENT.format("dd"), visitor_hash="browser"),
    touch("t4-login", "customer-3004", "2026-03-02 02:10:00", visitor_hash="browser"),
    touch("t5", "customer-3005", "2026-01-21 12:00:00", landing_url=AWC.format(1768996800, "ee")),
    touch("t6", "customer-3006", "2026-01-21 11:59:59", landing_url=AWC.format(1768996799, "ff")),
    # Mail 14 days before, an advertisement 7 days before, and a visit by name at the second of the order.
    touch("p1", "customer-3007", "2025-12-29 12:00:00", utm_medium="email", utm_source="klaviyo"),
    touch("p2", "customer-3007", "2026-01-05 12:00:00", landing_url="https://shop.example/?gclid=g1"),
    touch("p3", "customer-3007", "2026-01-12 12:00:00"),
    # An affiliate click of the customer whose order Awin reports.
    touch("q1", "customer-1001", "2026-01-12 11:00:00", landing_url=AWC.format(1768215600, "gg")),
    touch(
        "q1-again",
        "customer-1001",
        "2026-01-12 11:05:00",
        landing_url=AWC.format(1768215600, "gg"),
        visitor_hash="visitor-q1",
    ),
)


def term(name: str, network: str, **changes: Any) -> Row:
    row: Row = {
        "_account_id": "main",
        "_key": name,
        "_row_hash": f"term-{name}",
        "_observed_at": "2026-01-01 03:00:00",
        "_page_id": "page-terms",
        "_load_id": "load-1",
        "_run_id": "run-1",
        "term_id": name,
        "network": network,
        "valid_from": "2026-01-01",
    }
    return row | changes


# A tenth of the goods for everybody.
TERMS = (
    term("awin-all", "awin", rate=Decimal("0.1"), base="net_goods"),
    term("cj-all", "cj", rate=Decimal("0.1"), base="net_goods"),
)


def call(row: Row, network: str, stream: str) -> tuple[Row, Row]:
    """The page a record came from, and the call that brought that page."""
    name = row["_page_id"].removeprefix("page-")
    where = {"network": network, "account_id": row["_account_id"], "stream": stream, "window_id": f"window-{network}"}
    page = where | {"page_id": row["_page_id"], "page": 1, "records": 1, "call_id": f"call-{name}", "load_id": "load-1"}
    request = where | {
        "call_id": f"call-{name}",
        "correlation_id": f"question-{name}",
        "page": 1,
        "purpose": "page",
        "method": "GET",
        "path": "/transactions/",
        "attempt": 1,
        "status": 200,
        "bytes": 1200,
        "duration_ms": 250,
        "waited_ms": 0,
        "headroom": 19,
        "outcome": "ok",
        "as_of": AS_OF,
    }
    return page, request


def window(network: str, account: str, stream: str, pages: int) -> Row:
    return {
        "window_id": f"window-{network}",
        "network": network,
        "account_id": account,
        "stream": stream,
        "clock": "transaction",
        "window_start": "2026-01-01 00:00:00",
        "window_end": AS_OF,
        "keys": 0,
        "status": "complete",
        "proof": "payload complete",
        "pages": pages,
        "records": pages,
        "accepted": pages,
        "quarantined": 0,
        "as_of": AS_OF,
        "started_at": AS_OF,
        "finished_at": AS_OF,
    }


def measured(key: str, channel: str, share: str, publisher: str | None = None) -> Row:
    return {
        "_account_id": "exports",
        "_key": key,
        "_row_hash": key,
        "_observed_at": "2026-03-01 03:00:00",
        "measurement_id": key,
        "channel": channel,
        "network": "awin" if publisher else None,
        "publisher_id": publisher,
        "valid_from": "2026-01-01",
        "valid_to": "2026-02-01",
        "share": Decimal(share),
    }


# A hold-out test of January: of one publisher, its channel, and what comes anyway.
MEASURED = [
    measured("m-1", "affiliate", "0.2"),
    measured("m-2", "unattributed", "0.7"),
    measured("m-3", "affiliate", "0.05", publisher="77"),
]


def begin(warehouse: Path, prefixes: Iterable[str] = ("SHOP-",)) -> None:
    """Writes a new warehouse of the brand, without any account or row."""
    create_warehouse(warehouse)
    insert(
        warehouse,
        "config.brand",
        {
            "name": "Acme",
            "reporting_currency": "EUR",
            "time_zone": "Europe/Berlin",
            "start_date": "2026-01-01",
            "as_of": AS_OF,
        },
    )
    insert(warehouse, "config.order_id_prefixes", *({"prefix": prefix} for prefix in prefixes))


def write(warehouse: Path) -> None:
    """Writes a new warehouse with all of the brand."""
    begin(warehouse)
    for network, stream, records in (("awin", "transactions", AWIN), ("cj", "commissions", CJ)):
        pages = {row["_page_id"]: call(row, network, stream) for row in records}
        insert(warehouse, "ops.pages", *(page for page, _ in pages.values()))
        insert(warehouse, "ops.api_calls", *(request for _, request in pages.values()))
        insert(warehouse, "ops.windows", window(network, records[0]["_account_id"], stream, len(pages)))
    insert(warehouse, "ops.standings", {"network": "awin", "held": False}, {"network": "cj", "held": False})
    insert(
        warehouse,
        "config.accounts",
        {"network": "awin", "account_id": "1001", "name": "Acme EU", "currency": None},
        {"network": "cj", "account_id": "5001", "name": "Acme US", "currency": "USD"},
    )
    insert(warehouse, "valid_awin.transactions", *AWIN)
    insert(
        warehouse,
        "valid_awin.publishers",
        {
            "_account_id": "1001",
            "_key": "77",
            "_row_hash": "p",
            "_observed_at": "2026-03-01 03:00:00",
            "id": 77,
            "name": "Deal Harbour Ltd",
            "primary_region": "GB",
            "primary_type": "Discount Code",
        },
    )
    insert(warehouse, "valid_cj.commissions", *CJ)
    insert(warehouse, "valid_crm.orders", *ORDERS)
    insert(warehouse, "valid_crm.touchpoints", *TOUCHES)
    insert(warehouse, "valid_crm.terms", *TERMS)
    insert(warehouse, "valid_crm.incrementality", *MEASURED)
