"""Who convinces: shares add up, are what a brand would lose, and come out of journeys in their true proportion."""

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from affiliate_assets.sandbox import World, WorldConfig, build_world
from affiliate_assets.sandbox.causes import DECIDED, Causes, Party
from affiliate_assets.sandbox.config import SHOPS
from affiliate_assets.sandbox.journeys import AFFILIATE, DIRECT, EMAIL, PAID_SEARCH, Landing
from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.people import COMPANIES
from affiliate_assets.sandbox.times import to_epoch

from .reference import reconcile, told, utc

NAMES = ("channel", "network", "account_id", "publisher_id")


@pytest.fixture(scope="module")
def moved() -> World:
    """A world whose touches convince."""
    return build_world(WorldConfig(seed=4, days=70, orders_per_day=30, causes=True))


@pytest.fixture
def tiny() -> World:
    """Four orders of one morning, whose causes are written by hand: A, B and the newsletter."""
    world = build_world(WorldConfig(days=1, orders_per_day=4, plant_every=0))
    home = world.market.accounts_of[0][0]
    a, b, newsletter = (AFFILIATE, home, 0), (AFFILIATE, home, 1), (EMAIL, -1, -1)
    for order, parties in zip(world.orders, ((), (a,), (a, newsletter), (a, b)), strict=True):
        order.convinced_by = parties
    return world


def summed(frame: pl.DataFrame, level: str, column: str, *by: str) -> dict[tuple[object, ...], Decimal]:
    """Sums of a column of one level."""
    grouped = frame.filter(pl.col("level") == level).group_by(by).agg(pl.col(column).sum())
    return {tuple(row[:-1]): row[-1] for row in grouped.iter_rows()}


@pytest.mark.parametrize("day", [5, 40, 300])
def test_shares_of_both_levels_are_all_orders_and_their_worth(moved: World, day: int) -> None:
    """At any instant, also after refunds, nothing is lost in splitting, and publishers make their channel."""
    now = moved.start + timedelta(days=day)
    frame, at = moved.causal_shares(now), to_epoch(now)
    orders: Counter[str] = Counter()
    worth: Counter[str] = Counter()
    for order in moved.orders:
        if order.ordered_at <= at:
            orders[SHOPS[order.shop].currency] += 1
            worth[SHOPS[order.shop].currency] += order.commissionable(at)
    for level in ("channel", "publisher"):
        assert summed(frame, level, "orders", "currency") == {(name,): count for name, count in orders.items()}
        assert summed(frame, level, "revenue", "currency") == {
            (name,): to_decimal(minor, name) for name, minor in worth.items()
        }
    for column in ("orders", "revenue"):
        assert summed(frame, "channel", column, "channel", "currency") == summed(
            frame, "publisher", column, "channel", "currency"
        )
    assert 0 < summed(frame, "channel", "orders", "channel")["not_caused",] < sum(orders.values())


def test_removing_a_publisher_loses_what_was_told(tiny: World) -> None:
    """Without A one order goes and two stay, as the newsletter or B convinces the same customer."""
    frame = tiny.causal_shares(tiny.end)
    home = tiny.market.accounts_of[0][0]
    network, account = tiny.market.network_of(home), tiny.accounts[home]
    a, b = (network.publishers[place].publisher_id for place in (0, 1))
    shares = summed(frame, "publisher", "orders", "channel", "publisher_id")
    assert shares == {
        ("not_caused", None): 1,
        ("affiliate", a): 2,
        ("affiliate", b): Decimal("0.5"),
        ("email", None): Decimal("0.5"),
    }
    lost = summed(frame, "publisher", "lost_orders", "channel", "publisher_id")
    assert (lost["affiliate", a], lost["affiliate", b], lost["email", None]) == (1, 0, 0)
    # Without the whole channel, the order of A and B goes too.
    assert summed(frame, "channel", "lost_orders", "channel")["affiliate",] == 2
    alone = frame.filter((pl.col("level") == "publisher") & (pl.col("publisher_id") == a))
    only = tiny.orders[1]
    assert alone.get_column("lost_revenue").sum() == to_decimal(only.net, SHOPS[only.shop].currency)
    assert set(alone.get_column("account_id")) == {account.account_id}


def test_parts_are_the_mean_of_what_each_party_adds(moved: World) -> None:
    """The parts of an order are Shapley values: what a party adds, over all orders of joining."""
    shared = [order for order in moved.orders if len(order.convinced_by) > 1]
    assert len(shared) > 20
    expected: Counter[Party] = Counter()
    for order in moved.orders:
        for party, value in joined(order.convinced_by).items():
            expected[party] += value
    market = moved.market
    found = summed(moved.causal_shares(utc(2027, 1, 1)), "publisher", "orders", *NAMES)
    for (channel, account, place), value in expected.items():
        name = {AFFILIATE: "affiliate", EMAIL: "email", PAID_SEARCH: "paid"}.get(channel, "organic")
        who: tuple[object, ...] = (name, None, None, None)
        if account >= 0:
            network = market.network_of(account)
            who = (name, network.slug, market.accounts[account].account_id, network.publishers[place].publisher_id)
        assert abs(Fraction(found[who]) - value) < Fraction(len(moved.orders), 1_000_000)


def joined(parties: Sequence[Party]) -> dict[Party, Fraction]:
    """What each party adds to an order that exists as soon as one of them is there, over all orders of joining."""
    ways = list(permutations(parties))
    return {party: Fraction(sum(way[0] == party for way in ways), len(ways)) for party in parties}


def test_vouchers_are_nearly_always_last_and_convince_nobody(moved: World) -> None:
    """Voucher and cashback pages are paid for many orders, and no order would be missing without them."""
    closing = {key for key, company in COMPANIES.items() if company.kind in ("Coupon", "Cashback")}
    paid = Counter(
        conversion.partner.key in closing
        for order in moved.orders
        if order.kind is None
        for conversion in order.conversions
    )
    assert paid[True] > paid[False]
    at_the_end: Counter[bool] = Counter()
    for journey in vain_journeys(moved, closing):
        at_the_end.update(all(journey[place:]) for place, is_closing in enumerate(journey) if is_closing)
    # Some shoppers wander, and planted situations begin with their click.
    assert at_the_end[True] > 4 * at_the_end[False] > 0
    closers = {
        publisher.publisher_id
        for network in moved.market.networks
        for publisher in network.publishers
        if publisher.key in closing
    }
    caused = summed(moved.causal_shares(utc(2027, 1, 1)), "publisher", "orders", "publisher_id")
    assert len(caused) > 5
    assert not closers & {publisher for (publisher,) in caused}


def vain_journeys(world: World, closing: set[str]) -> list[list[bool]]:
    """Of each touch of browsers that never ordered, in time order, whether it came from a voucher or cashback page."""
    touches, found = world.touches, dict[int, list[bool]]()
    for place in touches.order:
        if world.visitors.customer[touches.visitor[place]] < 0:
            is_closing = touches.channel[place] == AFFILIATE and (
                world.market.network_of(touches.account[place]).publishers[touches.publisher[place]].key in closing
            )
            found.setdefault(touches.visitor[place], []).append(is_closing)
    return list(found.values())


def test_journeys_end_in_orders_as_often_as_their_parties_are_strong(moved: World) -> None:
    """Orders, causes and vain journeys come in the proportions of the strengths."""
    causes = Causes(3, moved.market)
    strengths = causes.strengths
    strong, other = sorted(strengths, key=strengths.__getitem__)[-2:]
    landings: list[Landing] = [(1, *strong), (2, DIRECT, -1, -1), (3, *other)]
    drawn = [causes.decide(landings) for _ in range(20_000)]
    orders, vain = len(drawn), sum(unmoved for _, unmoved in drawn)
    undecided = 1 - DECIDED
    order_rate = 1 - undecided * (1 - strengths[strong]) * (1 - strengths[other])
    assert orders / (orders + vain) == pytest.approx(order_rate, abs=0.01)
    found = Counter(parties for parties, _ in drawn)
    by_strong_alone = undecided * strengths[strong] * (1 - strengths[other]) / order_rate
    assert found[()] / orders == pytest.approx(DECIDED / order_rate, abs=0.01)
    assert found[(strong,)] / orders == pytest.approx(by_strong_alone, abs=0.015)
    assert causes.decide([]) == ((), 0)


def test_strengths_are_uneven_and_of_the_seed(moved: World) -> None:
    """In each account a few convince and most hardly; another seed has others."""
    strengths = Causes(4, moved.market).strengths
    for accounts in moved.market.accounts_of:
        for account in accounts:
            mine = sorted(strength for (_, place, _), strength in strengths.items() if place == account)
            assert mine[-1] > 0.3
            assert mine[len(mine) // 2] < mine[-1] / 2
    assert strengths == Causes(4, moved.market).strengths != Causes(5, moved.market).strengths


@pytest.mark.parametrize("seed", [0, 1])
def test_causes_change_no_verdict(seed: int, tmp_path: Path) -> None:
    """Who is last, and what networks claim, is judged as ever."""
    world = build_world(WorldConfig(seed=seed, days=60, orders_per_day=15, causes=True))
    assert min(world.planted().values()) >= 3
    for now in (utc(2026, 1, 31, 3), utc(2026, 3, 3, 3), utc(2026, 6, 30)):
        assert told(world, now) == reconcile(world, now, tmp_path), now


def test_without_causes_every_order_comes_anyway(world: World) -> None:
    """A world that was not asked for causes has none."""
    assert set(world.causal_shares(world.end)["channel"]) == {"not_caused"}


def test_the_file_has_the_shares_of_whole_months(moved: World, tmp_path: Path) -> None:
    """The brand's file tells of each month that has ended what the truth of its orders is; no share is left out."""
    path = moved.write_incrementality(tmp_path, utc(2026, 3, 3, 3))
    assert path.name == "incrementality_20260303T030000Z.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["valid_from"], row["valid_to"]) for row in rows} == {
        ("2026-01-01", "2026-02-01"),
        ("2026-02-01", "2026-03-01"),
    }
    january = [row for row in rows if row["valid_from"] == "2026-01-01"]
    end = utc(2026, 1, 31, 22, 59, 59)
    orders = sum(order.ordered_at <= end.timestamp() for order in moved.orders)
    for level, named in (("channel", False), ("publisher", True)):
        mine = {
            tuple(row[name] for name in NAMES): Decimal(row["share"])
            for row in january
            if bool(row["network"]) == named
        }
        truth = summed(moved.causal_shares(end), level, "orders", *NAMES)
        for who, share in mine.items():
            name = "not_caused" if who[0] == "unattributed" else who[0]
            told_ = truth.get((name, *(part or None for part in who[1:])), Decimal(0))
            assert abs(share - told_ / orders) <= Decimal("0.000006"), who
        if not named:
            assert sum(mine.values()) == 1
    # Accounts and publishers that convinced nobody were measured too.
    assert sum(bool(row["network"]) for row in january) == sum(
        len(moved.market.network_of(account).publishers)
        for accounts in moved.market.accounts_of
        for account in accounts
    )
