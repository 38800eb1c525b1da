"""The files a shop sends: their columns, the personal ones, and the typed schema of the valid table."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.files import FileSource, FileStream
from affiliate_assets.connectors.schema import currency, instant, money, text

ORDER_STATUSES = ("paid", "partially_refunded", "refunded", "cancelled")


def _own(names: str) -> dict[str, str]:
    """Titles that are the names of their fields."""
    return {name: name for name in names.split()}


ORDERS = FileStream(
    name="orders",
    description="One order as the shop exports it; exported again whenever it changes.",
    key=("shop", "order_id"),
    columns=_own(
        "order_id shop ordered_at updated_at status currency subtotal discount shipping "
        "tax total refunded refunded_subtotal voucher_code customer_email customer_type"
    ),
    hashed={"customer_email": "customer_hash"},
    schema=pa.DataFrameSchema(
        {
            "order_id": text("order_id", "The shop's order number.", required=True),
            "shop": text("shop", "Shop that took the order.", required=True),
            "ordered_at": instant("ordered_at", "Order placed.", required=True),
            "updated_at": instant("updated_at", "Last change in the shop.", required=True),
            "status": text("status", "State in the shop.", pa.Check.isin(ORDER_STATUSES), required=True),
            "currency": currency("currency", "Currency of all amounts of the order.", required=True),
            "subtotal": money("subtotal", "Goods, net of tax, before discount.", pa.Check.ge(0), required=True),
            "discount": money("discount", "Discount on the goods, positive.", pa.Check.ge(0), required=True),
            "shipping": money("shipping", "Shipping, net of tax.", pa.Check.ge(0), required=True),
            "tax": money("tax", "Tax.", pa.Check.ge(0), required=True),
            "total": money("total", "subtotal - discount + shipping + tax.", pa.Check.ge(0), required=True),
            "refunded": money("refunded", "Given back, gross.", pa.Check.ge(0), required=True),
            "refunded_subtotal": money(
                "refunded_subtotal", "Part of subtotal - discount given back.", pa.Check.ge(0), required=True
            ),
            "voucher_code": text("voucher_code", "Voucher."),
            "customer_hash": text("customer_hash", "Keyed hash of the customer's e-mail."),
            "customer_type": text("customer_type", "New or returning."),
        },
        strict=True,
    ),
)

TOUCHPOINTS = FileStream(
    name="touchpoints",
    description="One visit with its source, as the web analytics exports it.",
    key=("shop", "touch_id"),
    columns=_own(
        "touch_id shop occurred_at visitor_id customer_email utm_source utm_medium utm_campaign landing_url referrer"
    ),
    hashed={"customer_email": "customer_hash", "visitor_id": "visitor_hash"},
    hosts={"referrer": "referrer_host"},
    schema=pa.DataFrameSchema(
        {
            "touch_id": text("touch_id", "Id of the visit.", required=True),
            "shop": text("shop", "Shop that was visited."),
            "occurred_at": instant("occurred_at", "Arrival on the landing page.", required=True),
            "visitor_hash": text("visitor_hash", "Keyed hash of the visitor id.", required=True),
            "customer_hash": text("customer_hash", "Keyed hash of the customer's e-mail, once known."),
            "utm_source": text("utm_source", "Campaign source."),
            "utm_medium": text("utm_medium", "Campaign medium."),
            "utm_campaign": text("utm_campaign", "Campaign."),
            "landing_url": text("landing_url", "Address of the landing page with its click ids."),
            "referrer_host": text("referrer_host", "Host of the page before."),
        },
        strict=True,
    ),
)

CRM = FileSource(slug="crm", title="the shop", streams=(ORDERS, TOUCHPOINTS), owner="team:affiliate-data")
