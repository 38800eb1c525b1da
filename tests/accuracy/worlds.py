"""The worlds that are measured: of every kind, over every network, in two manners that have nothing in common."""

from __future__ import annotations

from affiliate_assets.networks import all_connectors
from affiliate_assets.sandbox import EVERY_KIND, Style, World, WorldConfig, build_world
from tests.end_to_end.pulling import START

SYSTEMS = (("uk", "hubspot_deals"), ("us", "salesforce_opportunities"))


def ordinary(seed: int) -> World:
    """A world as the sandbox usually has it, with all kinds."""
    return build_world(
        WorldConfig(
            seed=seed,
            start=START,
            days=75,
            orders_per_day=16,
            plant_every=2,
            networks=tuple(all_connectors()),
            kinds=EVERY_KIND,
            agreements=True,
        )
    )


def other(seed: int) -> World:
    """A world of another manner: rates that are no half percents, other order ids, fewer differences, more orders, and
    two shops whose orders are kept in CRM systems."""
    return build_world(
        WorldConfig(
            seed=seed,
            start=START,
            days=75,
            orders_per_day=24,
            plant_every=3,
            networks=tuple(all_connectors()),
            kinds=EVERY_KIND,
            agreements=True,
            more_rate=37,
            style=Style(prefix="W", other_prefixes=("SHOP24", "WEB"), separator="", first=8_100_001),
            systems=SYSTEMS,
        )
    )
