"""Awin's report by publisher: sums over the transactions of some days.

Choices where Awin's description is silent: deleted transactions are in no column; a transaction whose `type`
tells of a bonus counts as bonus while it is pending or approved, and as declined once declined; publishers
without any transaction in the days have no row; rows run by publisher id. Clicks and impressions are made up
from the number of transactions.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.people import Publisher
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import unmarked

Column = Literal["pending", "confirmed", "bonus", "declined"]
_COLUMNS: dict[object, Column] = {"pending": "pending", "approved": "confirmed", "declined": "declined"}
_TOTAL: tuple[Column, ...] = ("pending", "confirmed", "bonus")
_CLICKS, _IMPRESSIONS = 40, 15


class Sold(NamedTuple):
    """What one transaction adds to the report; without a column it adds nothing."""

    publisher_id: str
    column: Column | None
    sale: Decimal
    commission: Decimal


def of_conversion(conversion: Conversion, at: int) -> Sold:
    """Return what a transaction adds as of an instant."""
    status, sale = conversion.status(at), conversion.step(at).sale
    column = _COLUMNS.get("declined" if status == "reversed" else status)
    commission = to_decimal(conversion.commission(sale))
    return Sold(conversion.partner.publisher_id, column, to_decimal(sale), commission)


def of_record(record: dict[str, object]) -> Sold:
    """Return what a transaction adds as it is sent; amounts that are no numbers count as zero."""
    column = _COLUMNS.get(record.get("commissionStatus"))
    if column in _TOTAL and "bonus" in str(record.get("type")).lower():
        column = "bonus"
    sale, commission = _amount(record.get("saleAmount")), _amount(record.get("commissionAmount"))
    return Sold(str(record.get("publisherId")), column, sale, commission)


def _amount(money: object) -> Decimal:
    value = money.get("amount") if isinstance(money, dict) else None
    try:
        amount = Decimal(unmarked(str(value)))
    except InvalidOperation:
        return Decimal()
    return amount if amount.is_finite() else Decimal()


@dataclass(slots=True)
class _Sums:
    count: dict[str, int] = field(default_factory=dict)
    sale: dict[str, Decimal] = field(default_factory=dict)
    commission: dict[str, Decimal] = field(default_factory=dict)

    def add(self, column: str, sold: Sold) -> None:
        self.count[column] = self.count.get(column, 0) + 1
        self.sale[column] = self.sale.get(column, Decimal()) + sold.sale
        self.commission[column] = self.commission.get(column, Decimal()) + sold.commission

    def fields(self, column: str) -> dict[str, object]:
        return {
            f"{column}No": self.count.get(column, 0),
            f"{column}Value": _number(self.sale.get(column)),
            f"{column}Comm": _number(self.commission.get(column)),
        }


def _number(amount: Decimal | None) -> object:
    """Return an amount as the report writes it: 0, 84.0, 5.88."""
    if not amount:
        return 0
    whole, _, rest = f"{amount:f}".partition(".")
    return Decimal(f"{whole}.{rest.rstrip('0') or '0'}")


def publisher_report(
    sold: Iterable[Sold], advertiser_id: int, currency: str, publishers: Iterable[Publisher]
) -> list[dict[str, object]]:
    """Return one row for each of the publishers that something was sold through."""
    sums: dict[str, _Sums] = {}
    for one in sold:
        if one.column is not None:
            mine = sums.setdefault(one.publisher_id, _Sums())
            mine.add(one.column, one)
            if one.column in _TOTAL:
                mine.add("total", one)
    rows = []
    for publisher in sorted(publishers, key=lambda publisher: int(publisher.publisher_id)):
        found = sums.get(publisher.publisher_id)
        if found is None:
            continue
        clicks = _CLICKS * sum(found.count.get(column, 0) for column in ("total", "declined"))
        row: dict[str, object] = {
            "advertiserId": advertiser_id,
            "publisherId": int(publisher.publisher_id),
            "publisherName": publisher.name,
            "region": publisher.region,
            "currency": currency,
            "impressions": _IMPRESSIONS * clicks,
            "clicks": clicks,
        }
        for column in ("pending", "confirmed", "bonus", "total", "declined"):
            row |= found.fields(column)
        rows.append(row)
    return rows
