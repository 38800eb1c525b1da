"""The world: everything that happens to a brand, its customers and its networks, as one time line.

It is drawn once (`builder`); every question afterwards names an instant and gets the state as of then.
"""

import os
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import UTC, datetime, time
from functools import cached_property
from pathlib import Path

import polars as pl

from affiliate_assets.sandbox import agreements, exports, shares, truth, truth_file
from affiliate_assets.sandbox.config import DAY, Account, WorldConfig
from affiliate_assets.sandbox.journeys import AFFILIATE, Touches
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.network import Click, Network
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.people import Publisher, Visitors, digest, email_of
from affiliate_assets.sandbox.reports import Conversion, LedgerRow, ledger_rows
from affiliate_assets.sandbox.times import from_epoch, to_epoch
from affiliate_assets.sandbox.trackers import watch


class World:
    """A finished world; read-only.

    Attributes:
        config: What it was built from.
        market: Where the brand sells.
        accounts: The brand's accounts.
        orders: All orders in time order.
        orphans: Conversions without an order, in time order.
        conversions: All conversions that networks claim, in the order of their numbers per network.
        touches: All touches.
        visitors: All browsers.
        emails: Addresses of customers who have no ordinary one.
        has_gift_cards: Whether any order was paid with a gift card.
        order_id_prefixes: What has to be stripped from an order id before comparing.
        start: First instant with orders.
        end: First instant without any more new orders; changes of older ones go on.
    """

    def __init__(
        self,
        config: WorldConfig,
        market: Market,
        orders: list[Order],
        orphans: list[Conversion],
        touches: Touches,
        visitors: Visitors,
    ):
        """Number what was built and index it by time."""
        self.config, self.market = config, market
        self.accounts: list[Account] = list(market.accounts)
        self.order_id_prefixes = (config.style.prefix, *config.style.other_prefixes)
        self.start: datetime = datetime.combine(config.start, time(), UTC)
        self.end: datetime = from_epoch(to_epoch(self.start) + config.days * DAY)
        self.orders, self.orphans, self.touches, self.visitors = orders, orphans, touches, visitors
        touches.sort()
        self.conversions = [conversion for order in orders for conversion in order.conversions] + orphans
        self.conversions.sort(key=lambda conversion: conversion.visible_at)
        self._of: dict[str, list[Conversion]] = {network.slug: [] for network in market.networks}
        self._seen = {
            network.slug: watch(config.seed, network, market, orders, touches, visitors)
            for network in market.networks
            if network.tracker
        }
        watched = [conversion for seen in self._seen.values() for conversion in seen.conversions]
        watched.sort(key=lambda conversion: conversion.visible_at)
        for conversion in (*self.conversions, *watched):
            mine, network = self._of[conversion.network], conversion.declared
            conversion.number = network.first_number + network.number_step * len(mine)
            mine.append(conversion)
        self._rows = {network.slug: self._number_rows(network) for network in market.networks}
        moments = [order.ordered_at for order in orders]
        moments += [change.at for order in orders for change in order.changes]
        self._order_moments = array("q", sorted(moments))
        self.has_gift_cards = any(order.gift_card for order in orders)
        self.emails = {order.customer: order.email for order in orders if order.email}

    def _number_rows(self, network: Network) -> list[LedgerRow]:
        mine = self._of[network.slug]
        if all(network.habits.corrects(account.account_id) == "in_place" for account in network.accounts):
            return []
        posted = [
            (row[0], conversion.number, conversion, row) for conversion in mine for row in ledger_rows(conversion)
        ]
        posted.sort(key=lambda entry: entry[:2])
        first, step = network.first_row, network.row_step
        return [LedgerRow(first + step * place, c, *row) for place, (_, _, c, row) in enumerate(posted)]

    @property
    def ledger(self) -> list[LedgerRow]:
        """CJ's commission rows by commission id."""
        return self._rows.get("cj", [])

    def conversions_of(self, network: str) -> list[Conversion]:
        """Return a network's conversions by number."""
        return self._of[network]

    def rows_of(self, network: str) -> list[LedgerRow]:
        """Return the rows of a network that corrects by rows, by posting date; none where all comes in place."""
        return self._rows[network]

    @cached_property
    def _clicks(self) -> dict[str, list[Click]]:
        touches, found = self.touches, {network.slug: list[Click]() for network in self.market.networks}
        for rank, place in enumerate(touches.order):
            if touches.channel[place] == AFFILIATE:
                click = self.click_at(rank)
                found[click.account.network].append(click)
        return found | {slug: seen.clicks for slug, seen in self._seen.items()}

    @cached_property
    def _click_places(self) -> dict[tuple[int, str, str, str], Click]:
        return {
            (click.at, click.account.network, click.account.account_id, click.publisher.key): click
            for clicks in self._clicks.values()
            for click in clicks
        }

    def click_at(self, rank: int) -> Click:
        """Return the affiliate click behind the touch of a place in time."""
        touches, place = self.touches, self.touches.order[rank]
        account = touches.account[place]
        publisher = self.market.network_of(account).publishers[touches.publisher[place]]
        token = digest(self.config.seed, "touch", rank)
        return Click(touches.at[place] - 1, token, rank, self.market.accounts[account], publisher)

    def tracked_at(self, rank: int) -> list[Click]:
        """Return what trackers saw of the touch of a place in time."""
        return [seen.by_rank[rank] for seen in self._seen.values() if rank in seen.by_rank]

    def clicks_of(self, network: str) -> list[Click]:
        """Return the clicks on a network's links that ended at the shop, in time order."""
        return self._clicks[network]

    def click_of(self, conversion: Conversion) -> Click | None:
        """Return the click that a conversion is credited to, None where the network does not tell."""
        if conversion.click_at is None:
            return None
        programme = conversion.programme
        key = conversion.click_at, conversion.network, programme.account_id, conversion.partner.key
        return self._click_places.get(key)

    def email_of(self, customer: int) -> str:
        """Return the address of a customer."""
        return self.emails.get(customer) or email_of(customer)

    def visitor_id(self, visitor: int) -> str:
        """Return the id that a browser shows."""
        return digest(self.config.seed, "visitor", visitor, length=20)

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
        return next(declared.publishers for declared in self.market.networks if declared.slug == network)

    def planted(self) -> dict[str, int]:
        """Return how often each kind was planted."""
        kinds = Counter(order.kind for order in self.orders if order.kind)
        kinds.update(conversion.kind for conversion in self.orphans if conversion.kind)
        return dict(sorted(kinds.items()))

    def truth(self, as_of: datetime) -> pl.DataFrame:
        """Return the verdict on every conversion and order known at an instant; see `truth.SCHEMA`."""
        return truth.as_of(self, to_epoch(as_of))

    def causal_shares(self, as_of: datetime) -> pl.DataFrame:
        """Return the orders known at an instant that would not exist without each party; see `shares.SCHEMA`."""
        return shares.as_of(self, to_epoch(as_of))

    def write_truth(self, folder: Path) -> Path:
        """Write `truth.parquet` with the interval in which each verdict holds, and return its path."""
        return truth_file.write(self, folder)

    def write_exports(self, folder: Path, as_of: datetime, since: datetime | None = None) -> tuple[Path, ...]:
        """Write the shop's files of orders and touches as of an instant, and return their paths.

        Those of CRM systems and of web analytics come behind them; the systems' are whole, whatever `since` is.
        """
        return exports.write(self, folder, to_epoch(as_of), None if since is None else to_epoch(since))

    def write_terms(self, folder: Path) -> Path:
        """Write the brand's list of what it agreed with its publishers, and return its path."""
        return agreements.write(self, folder)

    def write_contacts(self, folder: Path) -> Path:
        """Write the brand's list of mailboxes behind its publishers, and return its path."""
        return agreements.write_contacts(self, folder)

    def write_incrementality(self, folder: Path, as_of: datetime) -> Path:
        """Write what experiments have measured by an instant, and return its path; see `shares.write`."""
        return shares.write(self, folder, to_epoch(as_of))

    def write_drops(self, folder: Path, as_of: datetime) -> list[Path]:
        """Write what networks that are read by file would export at an instant, and return the paths.

        Each account has a folder of its own, `<network>/<account>`; the files' time of change is the instant.
        """
        at, written = to_epoch(as_of), []
        for network in self.market.networks:
            for account in network.accounts if network.export else ():
                own = folder / network.slug / account.account_id
                own.mkdir(parents=True, exist_ok=True)
                assert network.export is not None
                written.append(network.export(self, account, own, at))
                os.utime(written[-1], (at, at))
        return written
