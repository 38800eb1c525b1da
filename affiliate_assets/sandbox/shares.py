"""What orders and revenue would not exist without each party: the truth, and the file in which a brand keeps it.

An order that several parties convinced has an equal part of each: any one of them was enough, and this is the Shapley
value of that game. So the parts of all parties, with those orders that come anyway, are all orders. What is lost if one
party alone goes is told beside it; it is less, since the others that convinced the same customer still do.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from affiliate_assets.sandbox.causes import Party
from affiliate_assets.sandbox.config import SHOPS
from affiliate_assets.sandbox.journeys import AFFILIATE, DIRECT, EMAIL, ORGANIC, PAID_SEARCH
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.times import from_epoch, to_epoch

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

NOT_CAUSED = "not_caused"
CHANNELS = {AFFILIATE: "affiliate", PAID_SEARCH: "paid", EMAIL: "email", ORGANIC: "organic", DIRECT: "direct"}
#: Columns of the causal shares. The level `channel` has a row for each channel and currency, the level `publisher` one
#: for each publisher of each account, and for each channel without publishers; of both, all rows make all orders and
#: their commissionable amount. `lost_orders` and `lost_revenue` are what is lost if the row's party alone goes; without
#: a party (`not_caused`) they are NULL.
SCHEMA: dict[str, pl.DataType] = {
    "level": pl.String(),
    "channel": pl.String(),
    "network": pl.String(),
    "account_id": pl.String(),
    "publisher_id": pl.String(),
    "currency": pl.String(),
    "orders": pl.Decimal(18, 6),
    "revenue": pl.Decimal(18, 6),
    "lost_orders": pl.Int64(),
    "lost_revenue": pl.Decimal(18, 6),
}
COLUMNS = ["channel", "network", "account_id", "publisher_id", "valid_from", "valid_to", "share", "method", "note"]

_NOBODY: Party = (-1, -1, -1)
_ORDER = 1_000_000


@dataclass(slots=True)
class _Tally:
    """Millionths of orders and minor units of a currency."""

    orders: int = 0
    revenue: int = 0
    lost_orders: int = 0
    lost_revenue: int = 0


def as_of(world: "World", at: int) -> pl.DataFrame:
    """Return the causal shares of all orders placed by an instant, at what they are worth then; see `SCHEMA`."""
    tallies = _tallies(world.orders, at)
    rows = [
        (
            level,
            *_names(world.market, party),
            currency,
            Decimal(tally.orders) / _ORDER,
            to_decimal(tally.revenue, currency),
            None if party == _NOBODY else tally.lost_orders,
            None if party == _NOBODY else to_decimal(tally.lost_revenue, currency),
        )
        for (level, party, currency), tally in sorted(tallies.items())
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _tallies(orders: Iterable[Order], at: int) -> dict[tuple[str, Party, str], _Tally]:
    tallies: dict[tuple[str, Party, str], _Tally] = {}
    for order in orders:
        if order.ordered_at > at:
            break
        currency, revenue = SHOPS[order.shop].currency, order.commissionable(at)
        parties = order.convinced_by or (_NOBODY,)
        channels = [_channel(party) for party in parties]
        for level, named in (("publisher", parties), ("channel", channels)):
            for name, part, worth in zip(named, _even(_ORDER, len(parties)), _even(revenue, len(parties)), strict=True):
                tally = tallies.setdefault((level, name, currency), _Tally())
                tally.orders += part
                tally.revenue += worth
            if len(set(named)) == 1:
                alone = tallies[level, named[0], currency]
                alone.lost_orders += 1
                alone.lost_revenue += revenue
    return tallies


def _channel(party: Party) -> Party:
    return party[0], -1, -1


def _even(whole: int, parts: int) -> list[int]:
    """Split a whole number; what is left over goes to the first, one each."""
    share, rest = divmod(whole, parts)
    return [share + (place < rest) for place in range(parts)]


def _names(market: Market, party: Party) -> tuple[str, str | None, str | None, str | None]:
    """Return channel, network, account and publisher."""
    channel, account, publisher = party
    if account < 0:
        return CHANNELS.get(channel, NOT_CAUSED), None, None, None
    network, programme = market.network_of(account), market.accounts[account]
    return CHANNELS[channel], network.slug, programme.account_id, network.publishers[publisher].publisher_id


def write(world: "World", folder: Path, at: int) -> Path:
    """Write `incrementality_<instant>.csv`: what experiments of each whole calendar month would have measured.

    One line for each channel, for each publisher of each account, and for the orders that come anyway; shares of all
    orders of the month. Whoever convinced nobody has a share of 0. Months are those of the shop's zone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"incrementality_{from_epoch(at).strftime('%Y%m%dT%H%M%SZ')}.csv"
    zone = ZoneInfo(world.config.time_zone)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for first, following in _months(world.start.date(), from_epoch(at).astimezone(zone).date()):
            begins, ends = (to_epoch(datetime.combine(day, time(), zone)) for day in (first, following))
            orders = [order for order in world.orders if begins <= order.ordered_at < ends]
            span = (first.isoformat(), following.isoformat())
            writer.writerows([*who, *span, share, "hold-out", ""] for *who, share in _lines(world.market, orders, ends))
    return path


def _months(start: date, end: date) -> list[tuple[date, date]]:
    """Whole months from a day's to the last that has ended, as their first day and the next one's."""
    found, first = [], start.replace(day=1)
    while (following := _next_month(first)) <= end:
        found.append((first, following))
        first = following
    return found


def _next_month(first: date) -> date:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def _lines(market: Market, orders: Sequence[Order], at: int) -> list[tuple[str, ...]]:
    """Return channel, network, account, publisher and share of everybody who was measured."""
    if not orders:
        return []
    parts: dict[tuple[str, Party], int] = {}
    for (level, party, _), tally in _tallies(orders, at).items():
        parts[level, party] = parts.get((level, party), 0) + tally.orders
    # A share is cut to a millionth; what that leaves goes to the orders that come anyway.
    channels = [(channel, -1, -1) for channel in CHANNELS]
    publishers = [
        (AFFILIATE, account, place)
        for accounts in market.accounts_of
        for account in accounts
        for place in range(len(market.network_of(account).publishers))
    ]
    measured = [
        (_names(market, party), parts.get((level, party), 0) // len(orders))
        for level, parties in (("channel", channels), ("publisher", publishers))
        for party in parties
    ]
    anyway = _ORDER - sum(share for _, share in measured[: len(channels)])
    measured.append((("unattributed", None, None, None), anyway))
    return [(*(name or "" for name in who), f"{Decimal(share) / _ORDER:.6f}") for who, share in measured]
