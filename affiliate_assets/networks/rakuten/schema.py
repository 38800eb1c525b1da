"""Lines of the ledger report of Rakuten Advertising: columns by title, typed columns, checks.

All values are texts. Amounts have commas between thousands and the line's currency; a refund is a line of its own
with a negative amount. Times are those of `tz=GMT`.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.delimited import BROKEN, Titled
from affiliate_assets.connectors.schema import currency, instant, integer, money, text

_PRINTED = "%m/%d/%y %H:%M:%S"

# The columns that the report must have, in any order. Their titles are those of an English dashboard.
REPORT = Titled(
    columns={
        "Order ID": "order_id",
        "Transaction Date": "transaction_date",
        "Transaction Time": "transaction_time",
        "Process Date": "process_date",
        "Process Time": "process_time",
        "MID": "mid",
        "Publisher ID": "publisher_id",
        "Publisher Name": "publisher_name",
        "SKU Number": "sku_number",
        "# of Items": "items",
        "Sales": "sales",
        "Total Commission": "total_commission",
        "Transaction ID": "transaction_id",
        "Currency": "currency",
    },
    joined={
        "transaction_at": ("transaction_date", "transaction_time"),
        "process_at": ("process_date", "process_time"),
        # Whether the transaction id alone tells the lines of an order apart is not known.
        "line_id": ("transaction_id", "sku_number", "process_date", "process_time"),
    },
    optional=frozenset({"sku_number"}),
    unique="line_id",
)

LEDGER = pa.DataFrameSchema(
    {
        "line_id": text("line_id", "Transaction id, SKU and process time: what tells lines apart.", required=True),
        "transaction_id": text("transaction_id", "Rakuten's id of the transaction.", required=True),
        "order_id": text("order_id", "Advertiser's order number; a cancellation has that of its sale."),
        "transaction_at": instant("transaction_at", "Sale.", required=True, form=_PRINTED),
        "process_at": instant(
            "process_at", "Arrival at Rakuten; a cancellation has its own.", required=True, form=_PRINTED
        ),
        "mid": text("mid", "Advertiser.", pa.Check.str_matches(r"^\d+$"), required=True),
        "publisher_id": text("publisher_id", "Publisher's site (SID).", required=True),
        "publisher_name": text("publisher_name", "Its name."),
        "sku_number": text("sku_number", "Article; a discount may be a line with an article of its own."),
        "items": integer("items", "Pieces; negative where they come back.", grouping=","),
        "sales": money("sales", "Sale without its refunds; negative on a cancellation.", required=True, grouping=","),
        "total_commission": money("total_commission", "The publisher's commission.", required=True, grouping=","),
        "currency": currency("currency", "Currency of both amounts."),
    },
    strict=True,
)

LEDGER_FIELDS = frozenset({*(str(column.metadata["path"]) for column in LEDGER.columns.values()), BROKEN})
# They are kept as one instant each.
LEDGER_FIELDS_DROPPED = frozenset({"transaction_date", "transaction_time", "process_date", "process_time"})
