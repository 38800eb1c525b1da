"""Planted situations: each makes an order (or a conversion without one) whose verdict is known in advance.

`KINDS` names them all with what becomes of them; a situation that says nothing else stays matched for ever.
"""

from random import Random

from affiliate_assets.sandbox.config import CLICK_WINDOW, DAY, HOUR, Style
from affiliate_assets.sandbox.habits import NEVER
from affiliate_assets.sandbox.journeys import AFFILIATE, Landing, draw_landing, draw_other_touches
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.money import share
from affiliate_assets.sandbox.orders import Order, draw_order
from affiliate_assets.sandbox.reports import Conversion, Step, follow, last_moment, report

#: Kinds of orders; those of `double_claim…` need a shop with accounts on several networks.
ORDER_KINDS: tuple[str, ...] = (
    "late_reversal",
    "missing_in_network",
    "missing_then_cancelled",
    "expired_click",
    "tax_included",
    "shipping_included",
    "discount_ignored",
    "refunded_but_approved",
    "refunded_but_pending",
    "cancelled_but_pending",
    "declined_but_paid",
    "double_claim",
    "double_claim_settled",
    "id_lower_case",
    "id_other_prefix",
    "id_no_prefix",
    "id_zero_padded",
    "id_dashes_spaces",
    "late_approval",
    "late_decline",
    "amended_amount",
    "restatement_pair",
)

#: Conversions that belong to no order.
ORPHAN_KINDS: tuple[str, ...] = ("missing_in_crm", "void_without_order")

#: The same, which are planted where they are asked for.
FURTHER_ORPHAN_KINDS: tuple[str, ...] = ("test_order", "other_shop_order", "no_order_named")

#: Every kind with the last verdict of its records as (network side, order side); None where there is no
#: record.
KINDS: dict[str, tuple[str | None, str | None]] = {
    **dict.fromkeys(ORDER_KINDS, ("matched", "matched")),
    "missing_in_network": (None, "missing_in_network"),
    "missing_then_cancelled": (None, "matched"),
    "expired_click": (None, "not_affiliate"),
    "tax_included": ("amount_mismatch", "amount_mismatch"),
    "shipping_included": ("amount_mismatch", "amount_mismatch"),
    "discount_ignored": ("amount_mismatch", "amount_mismatch"),
    "refunded_but_approved": ("status_mismatch", "status_mismatch"),
    "refunded_but_pending": ("status_mismatch", "status_mismatch"),
    "cancelled_but_pending": ("status_mismatch", "status_mismatch"),
    "declined_but_paid": ("status_mismatch", "status_mismatch"),
    "double_claim": ("duplicate_claim", "matched"),
    "missing_in_crm": ("missing_in_crm", None),
    "void_without_order": ("matched", None),
}


def accounts_for(market: Market, kind: str) -> tuple[tuple[int, ...], ...]:
    """Return what a kind is planted on in turn: an account, or those that claim an order together."""
    if kind == "double_claim_three":
        return tuple(places for places in market.claims if len(places) > 2)
    if kind.startswith("double_claim"):
        return market.claims
    return tuple((place,) for place in market.planted_on(kind))


def write_order_id(kind: str, number: int, serial: int, style: Style) -> str:
    """Write an order number the way that a kind of `id_…` does; all ways mean the order of that number."""
    text, prefix, between = str(number), style.prefix, style.separator
    other = style.other_prefixes[0]
    ways = {
        "id_lower_case": (f"{prefix}{between}{text}".lower(),),
        "id_other_prefix": (f"{other}-{text}", f"{other}{text}", f"{other}-{text}".lower()),
        "id_no_prefix": (text,),
        "id_zero_padded": (f"{prefix}{between}{number:010d}", f"{number:012d}"),
        "id_dashes_spaces": (
            f"{prefix} {text[:3]} {text[3:]}",
            f"{prefix}{between}{text[:3]}-{text[3:]}",
            f" {prefix}{between}{text} ",
        ),
    }[kind]
    return ways[serial % len(ways)]


def plant_order(
    rng: Random, market: Market, kind: str, serial: int, number: int, customer: int, at: int
) -> tuple[Order, list[Landing]]:
    """Make the order of a planted situation, with its touches and conversions.

    Args:
        rng: The world's source of chance.
        market: Where the brand sells.
        kind: One of `ORDER_KINDS`.
        serial: How often the kind was planted before; varies the account and the spelling.
        number: The order's number.
        customer: A customer without earlier touches, so that nothing else can claim the order.
        at: Instant of the order.
    """
    draw = rng.random
    accounts = accounts_for(market, kind)
    account, *others = accounts[serial % len(accounts)]
    shop = market.shop_of[account]
    order = draw_order(
        rng,
        number,
        shop,
        customer,
        at,
        returning=False,
        voucher=kind == "discount_ignored",
        shipped=kind == "shipping_included",
        style=market.style,
    )
    order.kind = kind
    clicked = at - 600 - int(draw() ** 2 * 20 * DAY)
    if kind == "missing_in_network" and serial % 3 == 2:
        clicked = at - CLICK_WINDOW + 1
    if kind == "expired_click":
        clicked = at - CLICK_WINDOW - 1
    click = draw_landing(rng, market, shop, clicked, AFFILIATE, account)
    landings = [click, *draw_other_touches(rng, market, shop, clicked, at)]
    if kind == "expired_click":
        return order, landings
    order.click_at = clicked
    if kind.startswith("missing"):
        if kind == "missing_then_cancelled":
            order.changes = (order.cancelled(at + 6 * HOUR + int(draw() * 3 * DAY)),)
        return order, landings
    conversion = report(rng, market, order, account, click[3], clicked - 1, _reported_sale(order, kind))
    order.conversions.append(conversion)
    if kind.startswith("double_claim"):
        for other in others:
            clicked -= 600 + int(draw() * 5 * DAY)
            landings.append(draw_landing(rng, market, shop, clicked, AFFILIATE, other))
            _claim_too(rng, market, order, landings[-1], serial)
        _settle_claims(rng, order, serial)
    elif kind.startswith("id_"):
        conversion.order_ref = write_order_id(kind, number, serial // len(accounts), market.style)
    else:
        _change(rng, kind, order, conversion)
    return order, landings


def _reported_sale(order: Order, kind: str) -> int:
    extra = {
        "tax_included": order.tax,
        "shipping_included": order.shipping,
        "discount_ignored": order.discount,
    }
    return order.net + extra.get(kind, 0)


def _claim_too(rng: Random, market: Market, order: Order, click: Landing, serial: int) -> None:
    """Add the claim of a network whose click came earlier."""
    loser = report(rng, market, order, click[2], click[3], click[0] - 1, order.net)
    order.conversions.append(loser)
    loser.order_ref = str(order.number) if serial % 2 else order.order_id.lower()


def _settle_claims(rng: Random, order: Order, serial: int) -> None:
    """Let the losers be void where the kind says so.

    Now and then a network does not tell its click although it was the last: then the latest known click wins.
    """
    last, *others = order.conversions
    if serial % 4 == 3 and last.habits.hides_click and all(other.click_at is not None for other in others):
        last.click_at = None
    if order.kind == "double_claim_settled":
        winner = max(order.conversions, key=lambda conversion: conversion.click_at or -1)
        for loser in order.conversions:
            if loser is not winner:
                void_at = order.ordered_at + 3 * DAY + int(rng.random() * 6 * DAY)
                loser.steps += (Step(void_at, order.net, "declined", "duplicate order"),)


def _change(rng: Random, kind: str, order: Order, conversion: Conversion) -> None:
    """Plant what happens to the order and its conversion after the sale."""
    draw, at = rng.random, order.ordered_at
    habits = conversion.habits
    soon = at + 2 * DAY + int(draw() * (min(last_moment(conversion), at + 14 * DAY) - at - 2 * DAY))
    if kind == "refunded_but_approved":
        if habits.approves is not None:
            conversion.final_at = at + 20 * DAY + int(draw() * 4 * DAY)
        order.changes = (order.refunded(conversion.final_at + HOUR + int(draw() * 14 * DAY)),)
    elif kind == "refunded_but_pending":
        order.changes = (order.refunded(soon),)
    elif kind == "cancelled_but_pending":
        order.changes = (order.cancelled(at + 2 * HOUR + int(draw() * 3 * DAY)),)
    elif kind == "declined_but_paid":
        conversion.steps += (Step(soon, conversion.steps[0].sale, "declined", "rules broken"),)
    elif kind in ("amended_amount", "restatement_pair"):
        order.changes = (order.partly_refunded(soon, 2_000 + int(draw() * 5_000)),)
        follow(conversion, order.changes)
    elif kind.startswith("late_"):
        _change_late(rng, kind, order, conversion)


def _change_late(rng: Random, kind: str, order: Order, conversion: Conversion) -> None:
    """Plant a decision more than 30 days after the sale; a lock has to be put off once for that."""
    draw, at, habits = rng.random, order.ordered_at, conversion.habits
    if habits.lock is None:
        decided_at = at + 46 * DAY + int(draw() * 20 * DAY)
        change_at = at + 31 * DAY + int(draw() * 14 * DAY)
        if kind == "late_reversal":
            decided_at = at + 66 * DAY
            change_at = at + 58 * DAY + int(draw() * 6 * HOUR)
        conversion.final_at = NEVER if habits.approves is None else decided_at
    else:
        conversion.extended_at = conversion.final_at
        conversion.final_at = habits.lock(conversion.occurred_at, 2)
        first = max(conversion.extended_at, at + 31 * DAY) + 6 * HOUR
        change_at = first + int(draw() * (conversion.final_at - DAY - first))
    if kind != "late_approval":
        order.changes = (order.refunded(change_at),)
        follow(conversion, order.changes)


def plant_orphan(
    rng: Random, market: Market, kind: str, serial: int, number: int, at: int
) -> tuple[Conversion, Landing]:
    """Make a conversion that no order stands behind, and the click that it names.

    Args:
        rng: The world's source of chance.
        market: Where the brand sells.
        kind: One of `ORPHAN_KINDS`.
        serial: How often the kind was planted before; varies the account and the order id.
        number: A number that no order has.
        at: Instant of the alleged sale.
    """
    draw = rng.random
    accounts = market.planted_on(kind)
    account = accounts[serial % len(accounts)]
    shop = market.shop_of[account]
    basis = draw_order(rng, number, shop, -1, at, returning=False, voucher=False, shipped=False)
    basis.kind = kind
    click = draw_landing(rng, market, shop, at - 600 - int(draw() * 3 * DAY), AFFILIATE, account)
    conversion = report(rng, market, basis, account, click[3], click[0] - 1, basis.net)
    conversion.order = None
    own, turn = market.style.order_id(number), serial // len(accounts)
    if kind in FURTHER_ORPHAN_KINDS:
        conversion.order_ref = {"test_order": f"TEST-{number}", "other_shop_order": f"NORTH-{number}"}.get(kind)
    else:
        conversion.order_ref = (own, f"TEL-{number}", own, None)[turn % 4]
    if kind == "void_without_order":
        last = min(last_moment(conversion), at + 12 * DAY)
        void_at = at + 2 * DAY + int(draw() * (last - at - 2 * DAY))
        words = conversion.habits.void_words
        word = words[-1] if serial % 8 >= 4 else words[0]
        conversion.steps += (Step(void_at, conversion.steps[0].sale, word, "no such order"),)
    return conversion, click


def part_of(rng: Random, order: Order) -> int:
    """Draw the part of the goods that is given back, in basis points: some cents, never everything."""
    points = 2_000 + int(rng.random() * 5_000)
    return points if 0 < share(order.net, points) < order.net else 5_000
