"""Shops that keep their orders in a CRM system: its own exports instead of the shop's file.

The forms are those of `salesforce.md` and `hubspot.md`: a table view of HubSpot's deals with its labels, and a report
of Salesforce as a user in Germany gets it. Both write minutes, and every export holds all records.
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY, SHOPS, by_place
from affiliate_assets.sandbox.money import to_decimal, to_text
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.times import from_epoch

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

# A deal that was entered twice is merged so long after its order.
_MERGED_AFTER = 9 * DAY
# Which of so many deals has a double, and beside which one stands an offer that is no order.
_EVERY, _TWICE, _OFFERED = 10, 3, 7

_HUBSPOT_STAGES = {
    "paid": "Paid",
    "partially_refunded": "Partly returned",
    "refunded": "Returned",
    "cancelled": "Closed Lost",
}
_HUBSPOT_TITLES = (
    *("Record ID", "Deal Name", "Deal Stage", "Pipeline", "Amount", "Currency", "Close Date", "Create Date"),
    *("Last Modified Date", "Deal owner", "Order number", "Associated Contact", "Associated Contact IDs"),
    *("Merged object IDs", "Goods discount", "Shipping net", "VAT amount", "Returned gross", "Returned goods"),
    *("Paid by gift card", "Voucher", "Customer kind"),
)
_HUBSPOT_SETTINGS = (
    'columns = {updated_at = "Last Modified Date", merged_ids = "Merged object IDs", discount = "Goods discount",'
    ' shipping = "Shipping net", tax = "VAT amount", refunded = "Returned gross", refunded_subtotal = "Returned goods",'
    ' gift_card = "Paid by gift card", voucher_code = "Voucher", customer_type = "Customer kind"}',
    'amount_is = "gross"',
    'stages = {open = ["New"], paid = ["Paid"], partially_refunded = ["Partly returned"], refunded = ["Returned"]}',
)

_SALESFORCE_STAGES = {
    "paid": "Abgeschlossen und gewonnen",
    "partially_refunded": "Teilweise zurückgegeben",
    "refunded": "Zurückgegeben",
    "cancelled": "Storniert",
}
_SALESFORCE_TITLES = (
    *("Opportunity-Name", "Betrag Währung", "Betrag", "Schlusstermin", "Phase", "Opportunity-ID", "Erstelldatum"),
    *("Letzte Änderung", "E-Mail", "Beschreibung", "Rabatt", "Versand", "Steuer", "Erstattet", "Ware erstattet"),
    *("Gutschein", "Geschenkkarte", "Kundenart"),
)
_SALESFORCE_SETTINGS = (
    'columns = {order_id = "Opportunity-Name", updated_at = "Letzte Änderung", customer_email = "E-Mail",'
    ' discount = "Rabatt", shipping = "Versand", tax = "Steuer", refunded = "Erstattet",'
    ' refunded_subtotal = "Ware erstattet", voucher_code = "Gutschein", gift_card = "Geschenkkarte",'
    ' customer_type = "Kundenart"}',
    'left_out = ["Beschreibung"]',
    'amount_is = "net_goods"',
    'stages = {paid = ["Abgeschlossen und gewonnen"], partially_refunded = ["Teilweise zurückgegeben"],'
    ' refunded = ["Zurückgegeben"], cancelled = ["Storniert"]}',
    'dates = ["%d.%m.%Y %H:%M"]',
    'decimal = ","',
    'thousands = "."',
)


class System(NamedTuple):
    """How a CRM system is exported.

    `pattern` finds its files, `settings` is what `[[exports]]` says of them beside shop, currency, zone and
    `order_id_pattern`, and `write` writes the records of a shop as of an instant.
    """

    pattern: str
    settings: tuple[str, ...]
    write: Callable[["World", int, Path, int], Path]


def write(world: "World", folder: Path, at: int) -> list[Path]:
    """Write the export of each system into a folder of its shop's name, and return the paths."""
    written = []
    for place, stream in by_place(world.config.systems).items():
        own = folder / SHOPS[place].name
        own.mkdir(exist_ok=True)
        written.append(SYSTEMS[stream].write(world, place, own, at))
    return written


def settings(world: "World") -> Iterator[list[str]]:
    """Yield the `[[exports]]` of each system as lines of `affiliate.toml`."""
    style = world.config.style
    for place, stream in by_place(world.config.systems).items():
        shop = SHOPS[place]
        yield [
            "[[exports]]",
            f'stream = "{stream}"',
            f'path = "exports/{shop.name}/{SYSTEMS[stream].pattern}"',
            f'shop = "{shop.name}"',
            f'currency = "{shop.currency}"',
            f'time_zone = "{world.config.time_zone}"',
            f"order_id_pattern = '{style.prefix}{style.separator}[0-9][^ ]*'",
            "is_full = true",
            *SYSTEMS[stream].settings,
        ]


def _orders(world: "World", shop: int, at: int) -> Iterator[Order]:
    return (order for order in world.orders if order.shop == shop and order.ordered_at <= at)


def _hubspot(world: "World", shop: int, folder: Path, at: int) -> Path:
    path = folder / f"hubspot-crm-exports-all-deals-{from_epoch(at):%Y-%m-%d}.csv"
    rows = (row for order in _orders(world, shop, at) for row in _deals(world, order, at))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        _write_quoted(file, [_HUBSPOT_TITLES, *rows])
    os.utime(path, (at, at))
    return path


def _deals(world: "World", order: Order, at: int) -> Iterator[list[str]]:
    """Yield the order's deal, as long as nobody has merged them its double, and an offer that came to nothing."""
    zone, state, currency = ZoneInfo(world.config.time_zone), order.state(at), SHOPS[order.shop].currency
    record, double = 9_100_000_000 + 2 * order.number, 9_100_000_001 + 2 * order.number
    is_double = order.number % _EVERY == _TWICE
    merged_at = order.ordered_at + _MERGED_AFTER
    is_merged = is_double and merged_at <= at
    changed_at = max(state.at, merged_at) if is_merged else state.at
    deal = [
        f"Order {order.order_id} – Müller, Käthe",
        _HUBSPOT_STAGES[state.status],
        "Webshop",
        to_text(order.total, currency),
        currency,
        f"{_local(order.ordered_at, zone):%Y-%m-%d} 01:00",
        f"{_local(order.ordered_at, zone):%Y-%m-%d %H:%M}",
        f"{_local(changed_at, zone):%Y-%m-%d %H:%M}",
        "Ada Example",
        order.order_id,
        f"Käthe Müller ({world.email_of(order.customer)})",
        str(order.customer),
    ]
    amounts = (order.discount, order.shipping, order.tax, state.refunded, state.refunded_subtotal, order.gift_card)
    own = [
        *(to_text(amount, currency) for amount in amounts),
        order.voucher,
        "returning" if order.returning else "new",
    ]
    yield [str(record), *deal, str(double) if is_merged else "", *own]
    if is_double and not is_merged:
        yield [str(double), *deal, "", *own]
    if order.number % _EVERY == _OFFERED:
        yield [str(double), "An offer\nfor, later", "New", *deal[2:9], "", *deal[10:], "", *own]


def _salesforce(world: "World", shop: int, folder: Path, at: int) -> Path:
    path = folder / f"report{at}000.csv"
    zone = ZoneInfo(world.config.time_zone)
    footer = ['"Webshop-Opportunities"', f'"Ada Example  {_local(at, zone):%d.%m.%Y %H:%M}"']
    with path.open("w", encoding="iso-8859-1", newline="") as file:
        _write_quoted(file, [_SALESFORCE_TITLES, *(_opportunity(world, o, at, zone) for o in _orders(world, shop, at))])
        file.write("\n\n\n" + "\n".join(footer) + "\n")
    return path


def _opportunity(world: "World", order: Order, at: int, zone: ZoneInfo) -> list[str]:
    state, currency = order.state(at), SHOPS[order.shop].currency

    def money(amount: int) -> str:
        return f"{to_decimal(amount, currency):,f}".translate({ord(","): ".", ord("."): ","})

    return [
        f"Bestellung {order.order_id} Müller GmbH",
        currency,
        money(order.net),
        f"{_local(order.ordered_at, zone):%d.%m.%Y}",
        _SALESFORCE_STAGES[state.status],
        f"006Q{order.number:011d}",
        f"{_local(order.ordered_at, zone):%d.%m.%Y %H:%M}",
        f"{_local(state.at, zone):%d.%m.%Y %H:%M}",
        world.email_of(order.customer),
        "erste Zeile\r\nzweite Zeile" if order.number % _EVERY == _OFFERED else "",
        *(money(amount) for amount in (order.discount, order.shipping, order.tax)),
        *(money(amount) for amount in (state.refunded, state.refunded_subtotal)),
        order.voucher,
        money(order.gift_card),
        "returning" if order.returning else "new",
    ]


def _local(at: int, zone: ZoneInfo) -> datetime:
    return from_epoch(at).astimezone(zone)


def _write_quoted(file: TextIO, rows: Iterable[Sequence[str]]) -> None:
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)


SYSTEMS = {
    "hubspot_deals": System("hubspot-crm-exports-*.csv", _HUBSPOT_SETTINGS, _hubspot),
    "salesforce_opportunities": System("report*.csv", _SALESFORCE_SETTINGS, _salesforce),
}
