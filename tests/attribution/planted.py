"""Journeys of a simulated brand, read from the files of its shop, and the shares of its orders that were planted."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl

from affiliate_assets.attribution.models import MODELS, Settings
from affiliate_assets.attribution.paths import Floats, Paths
from affiliate_assets.sandbox import World
from tests.attribution.reference import RULES, Rule

LOOKBACK = timedelta(days=30)
Shares = dict[str, float]
Journeys = tuple[list[list[str]], list[list[str]]]
PLAIN = Settings(bootstrap_samples=0)
BY_RULE = ("first", "last", "last_non_direct", "linear")
LEARNED = {
    "markov": ("markov", PLAIN),
    "markov, 3 touches": ("markov", Settings(bootstrap_samples=0, markov_order=3)),
    "shapley, conversions": ("shapley", PLAIN),
    "shapley, rate": ("shapley", Settings(bootstrap_samples=0, shapley_game="rate")),
    "leave_one_out": ("leave_one_out", PLAIN),
}
# Whose credits of orders are not the model's word on whole channels.
IN_ORDERS = ("markov", "shapley, rate", "leave_one_out")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def channel_of(touch: Mapping[str, str]) -> str:
    """The channel as the shop tags it; an untagged visit came from a search, or by typing the address."""
    tagged = {"affiliate": "affiliate", "cpc": "paid", "email": "email", "": ""}[touch["utm_medium"]]
    return tagged or ("organic" if touch["referrer"] else "direct")


def journeys(world: World, folder: Path) -> Journeys:
    """Channels of the journey of each order, of none where nothing was seen, and of each visitor who never ordered."""
    orders, touches = map(read, world.write_exports(folder, world.end))
    of_customer: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    of_visitor: dict[str, list[str]] = defaultdict(list)
    for touch in touches:
        at, channel = datetime.fromisoformat(touch["occurred_at"]), channel_of(touch)
        if touch["customer_email"]:
            of_customer[touch["customer_email"]].append((at, channel))
        else:
            of_visitor[touch["visitor_id"]].append(channel)
    led = []
    for order in orders:
        ordered_at = datetime.fromisoformat(order["ordered_at"])
        seen = of_customer[order["customer_email"]]
        led.append([channel for at, channel in seen if ordered_at - LOOKBACK <= at <= ordered_at])
    return led, list(of_visitor.values())


def planted(world: World) -> Shares:
    """Share of all orders by channel; those that come anyway are `unattributed`, as orders without a touch are."""
    frame = world.causal_shares(world.end).filter(pl.col("level") == "channel")
    caused = frame.group_by("channel").agg(pl.col("orders").sum())
    return {
        name.replace("not_caused", "unattributed"): float(orders) / len(world.orders)
        for name, orders in caused.iter_rows()
    }


def _by_rule(counts: Mapping[tuple[str, ...], list[int]], rule: Rule) -> Shares:
    """Orders by channel; no rule here asks for the age of a touch."""
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for path, (orders, _) in counts.items():
        weights = rule(path, [0] * len(path))
        for channel, weight in zip(path, weights, strict=True):
            found[channel] += Fraction(orders) * weight / sum(weights)
    return {channel: float(credit) for channel, credit in found.items()}


def credited(seen: Journeys) -> dict[str, Shares]:
    """Credit by rule, by weights of whole channels, and by these weights in each order; as shares of all orders."""
    led, _ = seen
    counts: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for ended, of_kind in enumerate(seen):
        for journey in of_kind:
            counts[tuple(journey)][ended] += 1
    nothing, _ = counts.pop((), [0, 0])
    paths = Paths.of((path, orders, nulls) for path, (orders, nulls) in counts.items())
    found = {name: _by_rule(counts, RULES[name]) for name in BY_RULE}
    for name, (model, settings) in LEARNED.items():
        weights = _named(paths, MODELS[model](paths, settings).weights)
        found[name] = {channel: weight * (len(led) - nothing) for channel, weight in weights.items()}
        if name in IN_ORDERS:
            found[f"{name}, in each order"] = _in_each_order(counts, weights)
    return {
        name: {**{channel: share / len(led) for channel, share in shares.items()}, "unattributed": nothing / len(led)}
        for name, shares in found.items()
    }


def _named(paths: Paths, shares: Floats) -> Shares:
    return dict(zip(paths.channels, map(float, shares), strict=True))


def _in_each_order(counts: Mapping[tuple[str, ...], list[int]], weights: Shares) -> Shares:
    """The channels of an order share it by weight; evenly where none has any."""
    found: Shares = defaultdict(float)
    for path, (orders, _) in counts.items():
        channels = sorted(set(path))
        total = sum(weights[channel] for channel in channels)
        for channel in channels:
            found[channel] += orders * (weights[channel] / total if total else 1 / len(channels))
    return found


def distance(given: Shares, caused: Shares) -> float:
    """Half the sum of all differences: 0 if they agree, 1 if they have nothing in common."""
    return sum(abs(given.get(name, 0) - caused.get(name, 0)) for name in {*given, *caused}) / 2


def scaled(shares: Shares) -> Shares:
    """Shares of what somebody has, whatever comes anyway."""
    named = {name: share for name, share in shares.items() if name != "unattributed"}
    total = sum(named.values())
    return {name: share / total for name, share in named.items()}
