"""Columns of ShareASale's activity report, and the typed valid table."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import instant, integer, money, text, word

MOMENT, DAY = "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"
FLAGS = ("0", "1")
TYPES = ("Sale", "Lead")

# The report has at least three more columns, whose titles no source tells.
COLUMNS = {
    "Trans ID": "trans_id",
    "User ID": "user_id",
    "Merchant ID": "merchant_id",
    "Trans Date": "trans_date",
    "Trans Amount": "trans_amount",
    "Commission": "commission",
    "Comment": "comment",
    "Voided": "voided",
    "Pending Date": "pending_date",
    "Locked": "locked",
    "Aff Comment": "aff_comment",
    "Banner Page": "banner_page",
    "Reversal Date": "reversal_date",
    "Click Date": "click_date",
    "Click Time": "click_time",
    "Banner Id": "banner_id",
    "SKU List": "sku_list",
    "Quantity List": "quantity_list",
    "Lock Date": "lock_date",
    "Paid Date": "paid_date",
    "Trans Type": "trans_type",
}

ACTIVITY = pa.DataFrameSchema(
    {
        "trans_id": text("trans_id", "The network's number of the transaction.", required=True),
        "user_id": text("user_id", "The publisher.", required=True),
        "merchant_id": text("merchant_id", "The programme.", required=True),
        "trans_date": instant("trans_date", "The sale.", required=True, form=MOMENT),
        "trans_amount": money("trans_amount", "Sale amount in US dollars.", required=True),
        "commission": money("commission", "The publisher's commission in US dollars.", required=True),
        "comment": text("comment", "Free text of the shop's tag; often holds the order number."),
        "voided": word("voided", "1 for a transaction taken back.", FLAGS),
        "pending_date": text("pending_date", "As written; its form is not documented."),
        "locked": word("locked", "1 once it can no longer be changed.", FLAGS),
        "aff_comment": text("aff_comment", "The publisher's own reference."),
        "banner_host": text("banner_host", "Host of the page with the link."),
        "reversal_date": instant("reversal_date", "Day it was taken back.", form=DAY),
        "clicked_at": instant("clicked_at", "Click that the sale is credited to.", form=MOMENT),
        "banner_id": integer("banner_id", "The creative."),
        "sku_list": text("sku_list", "Article numbers."),
        "quantity_list": text("quantity_list", "How many of each."),
        "lock_date": instant("lock_date", "Day from which it can no longer be changed.", form=DAY),
        "paid_date": instant("paid_date", "Day the commission was paid.", form=DAY),
        "trans_type": word("trans_type", "Sale or Lead.", TYPES),
    },
    strict=True,
)
