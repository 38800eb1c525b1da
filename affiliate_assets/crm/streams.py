"""The files a shop sends: their columns, the personal ones, and the typed schema of the valid table."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.files import FileSource, FileStream
from affiliate_assets.connectors.schema import currency, instant, integer, money, text
from affiliate_assets.crm.analytics import ANALYTICS
from affiliate_assets.crm.incrementality import INCREMENTALITY
from affiliate_assets.crm.items import ORDER_ITEMS
from affiliate_assets.crm.systems import SYSTEMS
from affiliate_assets.crm.terms import TERMS

ORDER_STATUSES = ("paid", "partially_refunded", "refunded", "cancelled")
# What a person may make of a difference; the first is how it begins.
DECISION_STATUSES = ("open", "accepted", "corrected", "disputed", "written_off")
# Written without an address of anybody: a team or initials, and a reason.
NO_ADDRESS = r"^[^@]*$"


def _own(names: str) -> dict[str, str]:
    """Titles that are the names of their fields."""
    return {name: name for name in names.split()}


ORDERS = FileStream(
    name="orders",
    description="One order as the shop exports it; exported again whenever it changes.",
    key=("shop", "order_id"),
    columns=_own(
        "order_id shop ordered_at updated_at status currency subtotal discount shipping "
        "tax total refunded refunded_subtotal gift_card item_count voucher_code customer_email customer_type"
    ),
    optional=frozenset({"gift_card", "item_count"}),
    hashed={"customer_email": "customer_hash"},
    schema=pa.DataFrameSchema(
        {
            "order_id": text("order_id", "The shop's order number.", required=True),
            "shop": text("shop", "Shop that took the order.", required=True),
            "ordered_at": instant("ordered_at", "Order placed.", required=True, is_last=True),
            "updated_at": instant("updated_at", "Last change in the shop.", required=True, is_last=True),
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
            "gift_card": money(
                "gift_card", "Part of the total paid with gift cards: a means of payment, no discount.", pa.Check.ge(0)
            ),
            "item_count": integer("item_count", "Pieces sold.", pa.Check.ge(0)),
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

DECISIONS = FileStream(
    name="decisions",
    description="One decision about a difference, as finance keeps it in a sheet; the same line counts once.",
    key=("decision_id",),
    columns=_own("diff_key status owner note decided_by decided_at"),
    optional=frozenset({"status", "owner", "note"}),
    needed=False,
    identity=("diff_key", "status", "owner", "note", "decided_by", "decided_at"),
    schema=pa.DataFrameSchema(
        {
            "decision_id": text("decision_id", "Made of the line's content.", required=True),
            "diff_key": text("diff_key", "Key of the difference, as published.", required=True),
            "status": text("status", "What it becomes; empty keeps it.", pa.Check.isin(DECISION_STATUSES)),
            "owner": text("owner", "Who looks after it, a team or initials.", pa.Check.str_matches(NO_ADDRESS)),
            "note": text("note", "Why; no personal data.", pa.Check.str_matches(NO_ADDRESS)),
            "decided_by": text("decided_by", "Who decided.", pa.Check.str_matches(NO_ADDRESS), required=True),
            "decided_at": instant("decided_at", "When.", required=True),
        },
        strict=True,
    ),
)

CONTACTS = FileStream(
    name="publisher_contacts",
    description="One person or mailbox behind a publisher, by a hash; an order of it is no customer it brought.",
    key=("contact_id",),
    columns=_own("network publisher_id contact_email"),
    hashed={"contact_email": "contact_hash"},
    needed=False,
    identity=("network", "publisher_id", "contact_hash"),
    schema=pa.DataFrameSchema(
        {
            "contact_id": text("contact_id", "Made of the line's content.", required=True),
            "network": text("network", "Slug of the network.", pa.Check.str_matches("^[a-z0-9_]+$"), required=True),
            "publisher_id": text("publisher_id", "The publisher.", required=True),
            "contact_hash": text("contact_hash", "Keyed hash of the contact's e-mail.", required=True),
        },
        strict=True,
    ),
)

CRM = FileSource(
    slug="crm",
    title="the shop",
    streams=(ORDERS, ORDER_ITEMS, TOUCHPOINTS, TERMS, DECISIONS, CONTACTS, INCREMENTALITY, *SYSTEMS, *ANALYTICS),
    owner="team:affiliate-data",
)
