"""Lines of Rakuten's ledger report: articles and discounts of a sale, and what is taken back; amounts as printed."""

import csv
import io
from collections.abc import Iterable
from typing import NamedTuple

from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.people import digest
from affiliate_assets.sandbox.reports import Conversion, LedgerRow
from affiliate_assets.sandbox.times import from_epoch

TITLES = (
    "Transaction ID",
    "Order ID",
    "Transaction Date",
    "Transaction Time",
    "Process Date",
    "Process Time",
    "MID",
    "Publisher ID",
    "Publisher Name",
    "SKU Number",
    "# of Items",
    "Sales",
    "Total Commission",
    "Currency",
)


class Line(NamedTuple):
    """One line; amounts in minor units, signed."""

    conversion: Conversion
    transaction_id: str
    posted_at: int
    sku: str
    items: int
    sale: int
    commission: int

    @property
    def occurred_at(self) -> int:
        """The sale by the network's clock."""
        return self.conversion.occurred_at

    def values(self) -> dict[str, object]:
        """Return the cells by title, in the order of the titles."""
        sale, partner = self.conversion, self.conversion.partner
        currency = sale.programme.currency
        cells = (
            self.transaction_id,
            order_id(sale),
            *_printed(self.occurred_at),
            *_printed(self.posted_at),
            sale.programme.account_id.partition(".")[2],
            partner.publisher_id,
            partner.name,
            self.sku,
            str(self.items),
            f"{to_decimal(self.sale, currency):,f}",
            f"{to_decimal(self.commission, currency):,f}",
            currency,
        )
        return dict(zip(TITLES, cells, strict=True))


def order_id(conversion: Conversion) -> str:
    """Return the order id as received; Rakuten's own where the page sent none."""
    return conversion.order_ref or f"RAN-{conversion.number}"


def lines_of(row: LedgerRow) -> list[Line]:
    """Return the lines that a row of the ledger is shown as; they add up to it.

    Every third sale has two articles, every fifth one a discount as a line of its own; what is taken back is one line.
    """
    number = row.conversion.number
    parts: list[tuple[str, int, int, int]]
    if not row.original:
        # Entered by hand: some name the article, all say that a piece comes back.
        parts = [("" if number % 2 else f"ART-{number % 97}", -1, row.sale, row.commission)]
    elif number % 5 == 0:
        off, less = row.sale // 10, row.commission // 10
        parts = [
            (f"ART-{number % 97}", 1, row.sale + off, row.commission + less),
            ("DISCOUNT", 1, -off, -less),
        ]
    elif number % 3 == 0:
        half, share = row.sale // 3, row.commission // 3
        parts = [
            (f"ART-{number % 97}", 1, row.sale - half, row.commission - share),
            (f"ADD-{number % 13}", 2, half, share),
        ]
    else:
        parts = [(f"ART-{number % 97}", 1, row.sale, row.commission)]
    return [
        Line(row.conversion, _id(row, place), row.posted_at, sku, items, sale, commission)
        for place, (sku, items, sale, commission) in enumerate(parts)
    ]


def text_of(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows as comma-separated text with a byte-order mark."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _id(row: LedgerRow, place: int) -> str:
    return digest("rakuten-transaction", row.commission_id, place, length=32).upper()


def _printed(seconds: int) -> tuple[str, str]:
    """Return an instant as `9/10/26` and `17:45:02`."""
    instant = from_epoch(seconds)
    return f"{instant.month}/{instant.day}/{instant:%y}", f"{instant:%H:%M:%S}"
