"""The lines of the shop's orders: what was sold, and what came back."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.schema import instant, integer, money, text

_COLUMNS = (
    *("order_id", "shop", "line_id", "updated_at", "sku", "category", "quantity"),
    *("subtotal", "discount", "tax", "refunded_quantity", "refunded_subtotal"),
)
_NOT_LESS = pa.Check.ge(0)

ORDER_ITEMS = FileStream(
    name="order_items",
    description="One line of an order as the shop exports it; exported again whenever it changes.",
    key=("shop", "order_id", "line_id"),
    columns={name: name for name in _COLUMNS},
    optional=frozenset({"sku", "category", "discount", "tax", "refunded_quantity", "refunded_subtotal"}),
    needed=False,
    schema=pa.DataFrameSchema(
        {
            "order_id": text("order_id", "The shop's order number.", required=True),
            "shop": text("shop", "Shop that took the order.", required=True),
            "line_id": text("line_id", "The shop's id of the line within the order.", required=True),
            "updated_at": instant("updated_at", "Last change in the shop.", required=True, is_last=True),
            "sku": text("sku", "Article."),
            "category": text("category", "Category of the article."),
            "quantity": integer("quantity", "Pieces sold.", _NOT_LESS, required=True),
            "subtotal": money("subtotal", "All pieces, net of tax, before discount.", _NOT_LESS, required=True),
            "discount": money("discount", "Discount on the line, positive.", _NOT_LESS),
            "tax": money("tax", "Tax on the line.", _NOT_LESS),
            "refunded_quantity": integer("refunded_quantity", "Pieces that came back.", _NOT_LESS),
            "refunded_subtotal": money("refunded_subtotal", "Part of subtotal - discount given back.", _NOT_LESS),
        },
        strict=True,
    ),
)
