"""Whose claim keeps an order by each policy that a brand can configure, beside what the world knows of the claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import duckdb
import pytest

from affiliate_assets.sandbox import World
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.settings import Settings
from tests.accuracy import worlds
from tests.compiled import models
from tests.end_to_end.pulling import MORNINGS, Project, pull

AT = int(MORNINGS[-1].timestamp())
# Networks that tell when they booked a sale, beside when it was made.
BOOKING = ("cj", "impact", "rakuten", "tradedoubler")
Claimant = tuple[str, str]
Rank = Callable[[Conversion], tuple[object, ...]]


@pytest.fixture(scope="module")
def world() -> World:
    return worlds.ordinary(401)


@pytest.fixture(scope="module")
def pulled(world: World, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        return pull(world, tmp_path_factory.mktemp("brand"), patch)


def claims(order: Order) -> list[Conversion]:
    known = [conversion for conversion in order.conversions if conversion.visible_at <= AT]
    return [conversion for conversion in known if not conversion.step(AT).void and conversion.role != "renewal"]


def contested(world: World) -> dict[str, tuple[Order, list[Conversion]]]:
    """Orders that several claim, by id."""
    found = ((order, claims(order)) for order in world.orders if order.ordered_at <= AT)
    return {order.order_id: (order, each) for order, each in found if len(set(map(claimant, each))) > 1}


def claimant(conversion: Conversion) -> Claimant:
    return conversion.network, conversion.partner.publisher_id


def clicked(conversion: Conversion) -> int:
    """The later the click, the lower; last of all are claims without one."""
    return -(conversion.click_at or 0)


def reported(conversion: Conversion) -> int:
    """When it was booked, where the network tells it; else the sale."""
    return conversion.visible_at if conversion.network in BOOKING else conversion.occurred_at


def winners(world: World, rank: Rank) -> dict[str, set[Claimant]]:
    """Who may keep each contested order: the claimants of the lowest rank."""
    kept = {}
    for order_id, (_, each) in contested(world).items():
        lowest = min(map(rank, each))
        kept[order_id] = {claimant(conversion) for conversion in each if rank(conversion) == lowest}
    return kept


def found(settings: Settings, project: Project, *, winner: str, further: str) -> dict[str, tuple[Claimant, set[str]]]:
    """Who keeps each order that several claim, and by which rules the others lost."""
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute(f"update config.matching set winner = '{winner}'")
        warehouse.execute("delete from config.network_priority")
        warehouse.execute("delete from config.voucher_owners")
        warehouse.execute(further)
    project.build(settings, models)
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        rows = warehouse.execute(
            """
            select split_part(loser.order_key, ':', 2), kept.network, kept.publisher_id,
                   list(distinct loser.lost_by_rule)
            from intermediate.int_claims__ranked as loser
            join marts.fct_conversions as kept on kept.conversion_key = loser.winner_conversion_key
            where loser.claim_rank > 1
            group by all
            """
        ).fetchall()
    return {order_id: ((network, publisher), set(rules)) for order_id, network, publisher, rules in rows}


def check(expected: dict[str, set[Claimant]], told: dict[str, tuple[Claimant, set[str]]], rule: str) -> None:
    wrong = {order: (told.get(order), may) for order, may in expected.items() if order not in told}
    wrong |= {order: (told[order], may) for order, may in expected.items() if told[order][0] not in may}
    assert wrong == {}
    assert sum(rule in rules for _, rules in told.values()) >= 5


@pytest.mark.timeout(1_200)
def test_the_configured_policy_says_whose_order_it_is(world: World, pulled: Settings, project: Project) -> None:
    assert len(contested(world)) > 30
    told = found(pulled, project, winner="last_click", further="select 1")
    check(winners(world, lambda c: (clicked(c),)), told, "last click before the order")

    networks = sorted(world.config.networks, reverse=True)
    positions = ", ".join(f"('{network}', {place})" for place, network in enumerate(networks))
    told = found(
        pulled,
        project,
        winner="priority",
        further=f"insert into config.network_priority (network, position) values {positions}",
    )
    check(winners(world, lambda c: (networks.index(c.network), clicked(c))), told, "priority of the networks")

    told = found(pulled, project, winner="first_reported", further="select 1")
    check(winners(world, lambda c: (reported(c), clicked(c))), told, "earliest recorded")

    owners = voucher_owners(world)
    listed = ", ".join(
        f"(' {code.lower()}', '{network}', '{publisher}')" for code, (network, publisher) in owners.items()
    )
    told = found(
        pulled, project, winner="voucher_owner",
        further=f"insert into config.voucher_owners (code, network, publisher_id) values {listed}",
    )  # fmt: skip

    def by_voucher(conversion: Conversion) -> tuple[object, ...]:
        assert conversion.order is not None
        return owners.get(conversion.order.voucher) != claimant(conversion), clicked(conversion)

    check(winners(world, by_voucher), told, "owner of the voucher")


def voucher_owners(world: World) -> dict[str, Claimant]:
    """Each voucher given to whoever lost most orders on which it was used."""
    lost: dict[str, Counter[Claimant]] = {}
    last = winners(world, lambda c: (clicked(c),))
    for order_id, (order, each) in contested(world).items():
        if order.voucher:
            losers = {claimant(conversion) for conversion in each} - last[order_id]
            lost.setdefault(order.voucher, Counter()).update(sorted(losers))
    return {code: counts.most_common(1)[0][0] for code, counts in lost.items() if counts}
