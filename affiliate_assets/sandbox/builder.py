"""Drawing a world: order after order, each with its journey, its changes and what the networks report."""

from collections import Counter
from datetime import UTC, datetime, time
from random import Random

from affiliate_assets.sandbox.causes import Causes
from affiliate_assets.sandbox.config import CLICK_WINDOW, DAY, HOUR, SHOPS, WorldConfig
from affiliate_assets.sandbox.further import FURTHER, places_for, plant_further
from affiliate_assets.sandbox.journeys import AFFILIATE, Landing, Touches, draw_journey, draw_landing
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.orders import Order, draw_order
from affiliate_assets.sandbox.people import Customer, Visitors
from affiliate_assets.sandbox.registry import market_of
from affiliate_assets.sandbox.reports import Conversion, follow, last_moment, report
from affiliate_assets.sandbox.scenarios import (
    ORDER_KINDS,
    ORPHAN_KINDS,
    accounts_for,
    part_of,
    plant_order,
    plant_orphan,
)
from affiliate_assets.sandbox.times import to_epoch
from affiliate_assets.sandbox.world import World

_HOURS = (1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 5, 5, 6, 7, 8, 8, 7, 4, 2)
_FIRST_ORPHAN = 90_000_001


def build_world(config: WorldConfig | None = None) -> World:
    """Build the world of a configuration; equal configurations give equal worlds."""
    return _Builder(config or WorldConfig()).build()


class _Builder:
    """Draws a world, order by order."""

    def __init__(self, config: WorldConfig) -> None:
        self.config = config
        self.rng = Random(config.seed)
        self.market: Market = market_of(config)
        self.causes = Causes(config.seed, self.market) if config.causes else None
        wanted = (*ORDER_KINDS, *ORPHAN_KINDS) if config.kinds is None else config.kinds
        self.kinds = [kind for kind in wanted if self.places(kind)]
        self.touches, self.visitors = Touches(), Visitors()
        self.customers: list[list[Customer]] = [[] for _ in SHOPS]
        self.customer_count = 0
        self.orders: list[Order] = []
        self.orphans: list[Conversion] = []
        self.serials: Counter[str] = Counter()
        self.deck: list[str] = []

    def build(self) -> World:
        start = to_epoch(datetime.combine(self.config.start, time(), UTC))
        every, slot = self.config.plant_every, 0
        for day in range(self.config.days):
            hours = self.rng.choices(range(24), _HOURS, k=self.config.orders_per_day)
            for at in sorted(start + day * DAY + hour * HOUR + int(self.rng.random() * HOUR) for hour in hours):
                slot += 1
                kind = self.next_kind() if every and slot % every == 0 else None
                if kind is not None and (kind in ORDER_KINDS or kind in FURTHER):
                    self.add_planted(kind, at)
                else:
                    if kind is not None:
                        self.add_orphan(kind, at)
                    self.add_ordinary(at)
                if self.causes is None and self.rng.random() < 0.5:
                    self.add_passer_by(at)
        self.orphans.sort(key=lambda conversion: conversion.occurred_at)
        return World(self.config, self.market, self.orders, self.orphans, self.touches, self.visitors)

    def places(self, kind: str) -> tuple[tuple[int, ...], ...]:
        """Return what a kind is planted on in turn."""
        return places_for(self.market, kind) if kind in FURTHER else accounts_for(self.market, kind)

    def next_kind(self) -> str | None:
        """Deal the kinds in shuffled rounds; the very first is the reversal that takes 58 days to show."""
        if not self.deck:
            self.deck = list(self.kinds)
            self.rng.shuffle(self.deck)
            if not self.serials and "late_reversal" in self.deck:
                self.deck.remove("late_reversal")
                self.deck.append("late_reversal")
        return self.deck.pop() if self.deck else None

    def number(self) -> int:
        return self.config.style.first + len(self.orders)

    def new_customer(self, shop: int) -> Customer:
        customer = Customer(self.customer_count, 0, 0, -1, [])
        self.customer_count += 1
        self.customers[shop].append(customer)
        return customer

    def add_planted(self, kind: str, at: int) -> None:
        serial = self.serials[kind]
        self.serials[kind] += 1
        plant = plant_further if kind in FURTHER else plant_order
        order, landings = plant(self.rng, self.market, kind, serial, self.number(), self.customer_count, at)
        self.finish(order, self.new_customer(order.shop), landings)
        if (kind in FURTHER and FURTHER[kind].foreign) or order.email:
            # A click on a link of another shop must not bring a later order of this one, nor a publisher order again.
            self.customers[order.shop].pop()

    def add_orphan(self, kind: str, at: int) -> None:
        serial = self.serials[kind]
        self.serials[kind] += 1
        sold_at = at + int(self.rng.random() * HOUR)
        conversion, click = plant_orphan(
            self.rng, self.market, kind, serial, _FIRST_ORPHAN + len(self.orphans), sold_at
        )
        self.orphans.append(conversion)
        self.touches.add(self.market.shop_of[conversion.account], self.visitors.add(), click)

    def add_passer_by(self, at: int) -> None:
        """Add touches of a visitor who never orders and so stays anonymous."""
        shop, visitor = self.draw_shop(), self.visitors.add()
        for landing in draw_journey(self.rng, self.market, shop, at - 20 * DAY, at):
            self.touches.add(shop, visitor, landing)

    def draw_shop(self) -> int:
        mark = self.rng.random() * sum(SHOPS[place].share for place in self.market.shops)
        for place in self.market.shops:
            mark -= SHOPS[place].share
            if mark < 0:
                return place
        return 0

    def draw_customer(self, shop: int, at: int) -> Customer:
        known = self.customers[shop]
        if known and self.rng.random() < 0.3:
            customer = known[int(self.rng.random() * len(known))]
            if customer.last_order_at < at - 2 * HOUR:
                return customer
        return self.new_customer(shop)

    def add_ordinary(self, at: int) -> None:
        """Add an order that every party tells the same way."""
        rng, shop = self.rng, self.draw_shop()
        customer = self.draw_customer(shop, at)
        order = draw_order(
            rng,
            self.number(),
            shop,
            customer.number,
            at,
            returning=customer.orders > 0,
            voucher=False,
            shipped=False,
            style=self.market.style,
        )
        landings = draw_journey(rng, self.market, shop, customer.last_order_at, at)
        if self.causes is not None:
            landings = self.causes.staged(landings)
        clicks = [(landing[0], landing[2], landing[3]) for landing in landings if landing[1] == AFFILIATE]
        clicks += [click for click in customer.clicks if at - CLICK_WINDOW <= click[0] <= at]
        clicks = [click for click in clicks if click[0] >= at - CLICK_WINDOW]
        conversion = None
        if clicks:
            order.click_at, account, publisher = max(clicks)
            conversion = report(rng, self.market, order, account, publisher, order.click_at - 1, order.net)
            order.conversions.append(conversion)
        self.draw_changes(order, conversion)
        self.finish(order, customer, landings)

    def draw_changes(self, order: Order, conversion: Conversion | None) -> None:
        """Cancel or refund some orders, early enough for the network to settle it."""
        draw, at = self.rng.random, order.ordered_at
        lot = draw()
        if lot >= 0.17:
            return
        first = at + 2 * DAY
        last = min(at + 18 * DAY, last_moment(conversion)) if conversion else at + 25 * DAY
        middle = first + int(draw() * (last - first) / 2)
        if lot < 0.04:
            order.changes = (order.cancelled(at + 2 * HOUR + int(draw() * 2 * DAY)),)
        elif lot < 0.1:
            order.changes = (order.refunded(middle),)
        else:
            part = order.partly_refunded(middle, part_of(self.rng, order))
            rest = order.refunded(middle + HOUR + int(draw() * (last - middle - HOUR)))
            order.changes = (part,) if lot < 0.16 else (part, rest)
            if conversion is not None:
                kind = "amended_amount" if conversion.correction == "in_place" else "restatement_pair"
                order.kind = conversion.kind = kind
        if conversion is not None:
            follow(conversion, order.changes)

    def finish(self, order: Order, customer: Customer, landings: list[Landing]) -> None:
        """Book the order, its journey, those whom the same journey left unmoved, and now and then a later visit."""
        rng, at = self.rng, order.ordered_at
        if landings:
            if customer.visitor < 0 or rng.random() < 0.3:
                customer.visitor = self.visitors.add(customer.number, at)
            early = (
                self.visitors.add(customer.number, at)
                if len(landings) > 1 and rng.random() < 0.15
                else customer.visitor
            )
            newest = max(landing[0] for landing in landings)
            for landing in landings:
                self.touches.add(order.shop, customer.visitor if landing[0] == newest else early, landing)
        clicks = [(landing[0], landing[2], landing[3]) for landing in landings if landing[1] == AFFILIATE]
        customer.clicks = [click for click in customer.clicks if click[0] > at - CLICK_WINDOW] + clicks
        if customer.visitor >= 0 and rng.random() < 0.15:
            later_at, channel = at + HOUR + int(rng.random() * 20 * DAY), int(rng.random() * 5)
            later = draw_landing(rng, self.market, order.shop, later_at, channel)
            self.touches.add(order.shop, customer.visitor, later)
            if later[1] == AFFILIATE:
                customer.clicks.append((later[0], later[2], later[3]))
        if self.causes is not None:
            order.convinced_by, unmoved = self.causes.decide(landings)
            for _ in range(unmoved):
                visitor, before = self.visitors.add(), self.causes.earlier()
                for landing in landings:
                    self.touches.add(order.shop, visitor, landing, before)
        customer.last_order_at = at
        customer.orders += 1
        self.orders.append(order)
