"""The world: everything that happens to a brand, its customers and its networks, as one time line.

It is drawn once (`builder`); every question afterwards names an instant and gets the state as of then.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import UTC, datetime, time
from pathlib import Path

import polars as pl

from affiliate_assets.sandbox import exports, truth
from affiliate_assets.sandbox.config import (
    ACCOUNTS,
    DAY,
    ORDER_ID_PREFIXES,
    Account,
    WorldConfig,
)
from affiliate_assets.sandbox.journeys import Touches
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.people import PUBLISHERS, Publisher, Visitors
from affiliate_assets.sandbox.reports import Conversion, LedgerRow, ledger_rows
from affiliate_assets.sandbox.times import from_epoch, to_epoch

_FIRST_AWIN, _FIRST_ACTION = 2_104_550_101, 1_886_200_501
#: Close below a power of ten, so that ids of both lengths occur and text order is not number order.
_FIRST_COMMISSION = 999_999_000


class World:
    """A finished world; read-only.

    Attributes:
        config: What it was built from.
        accounts: The brand's accounts as (network, account_id, name, currency).
        orders: All orders in time order.
        orphans: Conversions without an order, in time order.
        conversions: All conversions in the order of their numbers per network.
        ledger: CJ's commission rows by commission id.
        touches: All touches.
        visitors: All browsers.
        order_id_prefixes: What has to be stripped from an order id before comparing.
        start: First instant with orders.
        end: First instant without any more new orders; changes of older ones go on.
    """

    def __init__(
        self,
        config: WorldConfig,
        orders: list[Order],
        orphans: list[Conversion],
        touches: Touches,
        visitors: Visitors,
    ):
        """Number what was built and index it by time."""
        self.config = config
        self.accounts: list[Account] = list(ACCOUNTS)
        self.order_id_prefixes = ORDER_ID_PREFIXES
        self.start: datetime = datetime.combine(config.start, time(), UTC)
        self.end: datetime = from_epoch(to_epoch(self.start) + config.days * DAY)
        self.orders, self.orphans, self.touches, self.visitors = orders, orphans, touches, visitors
        touches.sort()
        self.conversions = [conversion for order in orders for conversion in order.conversions] + orphans
        self.conversions.sort(key=lambda conversion: conversion.visible_at)
        awin, action = _FIRST_AWIN, _FIRST_ACTION
        for conversion in self.conversions:
            if conversion.network == "awin":
                conversion.number = awin
                awin += 3
            else:
                conversion.number = action
                action += 2
        posted = [(row[0], c.number, c, row) for c in self.conversions if c.network == "cj" for row in ledger_rows(c)]
        posted.sort(key=lambda entry: entry[:2])
        self.ledger = [LedgerRow(_FIRST_COMMISSION + 3 * i, c, *row) for i, (_, _, c, row) in enumerate(posted)]
        moments = [order.ordered_at for order in orders]
        moments += [change.at for order in orders for change in order.changes]
        self._order_moments = array("q", sorted(moments))

    def newest_order_at(self, at: int) -> int:
        """Return the latest order or order change known at an instant, 0 before the first."""
        place = bisect_right(self._order_moments, at)
        return self._order_moments[place - 1] if place else 0

    def first_order_moment_from(self, at: int) -> int | None:
        """Return the first order or order change at or after an instant, None after the last."""
        place = bisect_left(self._order_moments, at)
        return self._order_moments[place] if place < len(self._order_moments) else None

    def publishers(self, network: str) -> tuple[Publisher, ...]:
        """Return the publishers of a network; equal `key` means the same company on another network."""
        return PUBLISHERS[network]

    def planted(self) -> dict[str, int]:
        """Return how often each kind was planted."""
        kinds = Counter(order.kind for order in self.orders if order.kind)
        kinds.update(conversion.kind for conversion in self.orphans if conversion.kind)
        return dict(sorted(kinds.items()))

    def truth(self, as_of: datetime) -> pl.DataFrame:
        """Return the verdict on every conversion and order known at an instant; see `truth.SCHEMA`."""
        return truth.as_of(self, to_epoch(as_of))

    def write_truth(self, folder: Path) -> Path:
        """Write `truth.parquet` with the interval in which each verdict holds, and return its path."""
        return truth.write(self, folder)

    def write_exports(self, folder: Path, as_of: datetime, since: datetime | None = None) -> tuple[Path, Path]:
        """Write the shop's files of orders and touches as of an instant, and return their paths."""
        return exports.write(self, folder, to_epoch(as_of), None if since is None else to_epoch(since))
