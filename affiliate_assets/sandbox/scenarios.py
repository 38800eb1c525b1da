"""Planted situations: each makes an order (or a conversion without one) whose verdict is known in advance.

`KINDS` names them all with what becomes of them; a situation that says nothing else stays matched for ever.
"""

from random import Random

from affiliate_assets.sandbox.config import ACCOUNTS, CLICK_WINDOW, DAY, HOUR, SHOP_OF_ACCOUNT
from affiliate_assets.sandbox.journeys import AFFILIATE, Landing, draw_landing, draw_other_touches
from affiliate_assets.sandbox.money import share
from affiliate_assets.sandbox.orders import Order, draw_order
from affiliate_assets.sandbox.reports import Conversion, Step, follow, last_moment, report
from affiliate_assets.sandbox.times import lock_after

#: Kind and the accounts (places in `ACCOUNTS`) that it is planted on, in turn.
_ALL, _AWIN, _CJ = (0, 3, 1, 2), (0, 1), (2, 3)
ORDER_KINDS: dict[str, tuple[int, ...]] = {
    "late_reversal": _AWIN,
    "missing_in_network": _ALL,
    "missing_then_cancelled": _ALL,
    "expired_click": _ALL,
    "tax_included": _ALL,
    "shipping_included": _ALL,
    "discount_ignored": _ALL,
    "refunded_but_approved": _ALL,
    "refunded_but_pending": _ALL,
    "cancelled_but_pending": _ALL,
    "declined_but_paid": _ALL,
    "double_claim": (0, 2),
    "double_claim_settled": (0, 2),
    "id_lower_case": _ALL,
    "id_other_prefix": _ALL,
    "id_no_prefix": _ALL,
    "id_zero_padded": _ALL,
    "id_dashes_spaces": _ALL,
    "late_approval": _ALL,
    "late_decline": _ALL,
    "amended_amount": _AWIN,
    "restatement_pair": _CJ,
}

#: Conversions that belong to no order.
ORPHAN_KINDS: dict[str, tuple[int, ...]] = {"missing_in_crm": _ALL, "void_without_order": _ALL}

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


def write_order_id(kind: str, number: int, serial: int) -> str:
    """Write an order number the way that a kind of `id_…` does; all ways mean `ORD-<number>`."""
    text = str(number)
    ways = {
        "id_lower_case": (f"ord-{text}",),
        "id_other_prefix": (f"ACME-{text}", f"ACME{text}", f"acme-{text}"),
        "id_no_prefix": (text,),
        "id_zero_padded": (f"ORD-{number:010d}", f"{number:012d}"),
        "id_dashes_spaces": (f"ORD {text[:3]} {text[3:]}", f"ORD-{text[:3]}-{text[3:]}", f" ORD-{text} "),
    }[kind]
    return ways[serial % len(ways)]


def plant_order(
    rng: Random, kind: str, serial: int, number: int, customer: int, at: int
) -> tuple[Order, list[Landing]]:
    """Make the order of a planted situation, with its touches and conversions.

    Args:
        rng: The world's source of chance.
        kind: A key of `ORDER_KINDS`.
        serial: How often the kind was planted before; varies the account and the spelling.
        number: The order's number.
        customer: A customer without earlier touches, so that nothing else can claim the order.
        at: Instant of the order.
    """
    draw = rng.random
    accounts = ORDER_KINDS[kind]
    account = accounts[serial % len(accounts)]
    shop = SHOP_OF_ACCOUNT[account]
    order = draw_order(
        rng,
        number,
        shop,
        customer,
        at,
        returning=False,
        voucher=kind == "discount_ignored",
        shipped=kind == "shipping_included",
    )
    order.kind = kind
    clicked = at - 600 - int(draw() ** 2 * 20 * DAY)
    if kind == "missing_in_network" and serial % 3 == 2:
        clicked = at - CLICK_WINDOW + 1
    if kind == "expired_click":
        clicked = at - CLICK_WINDOW - 1
    click = draw_landing(rng, shop, clicked, AFFILIATE, account)
    landings = [click, *draw_other_touches(rng, shop, clicked, at)]
    if kind == "expired_click":
        return order, landings
    order.click_at = clicked
    if kind.startswith("missing"):
        if kind == "missing_then_cancelled":
            order.changes = (order.cancelled(at + 6 * HOUR + int(draw() * 3 * DAY)),)
        return order, landings
    conversion = report(rng, order, account, click[3], clicked - 1, _reported_sale(order, kind))
    order.conversions.append(conversion)
    if kind.startswith("double_claim"):
        earlier = clicked - 600 - int(draw() * 5 * DAY)
        landings.append(draw_landing(rng, shop, earlier, AFFILIATE, 2 - account))
        _claim_twice(rng, order, landings[-1], serial)
    elif kind.startswith("id_"):
        conversion.order_ref = write_order_id(kind, number, serial // len(accounts))
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


def _claim_twice(rng: Random, order: Order, click: Landing, serial: int) -> None:
    """Add the claim of the network whose click came first.

    Now and then CJ does not tell its click although it was the last: then the claim with a known click wins.
    """
    winner = order.conversions[0]
    loser = report(rng, order, click[2], click[3], click[0] - 1, order.net)
    order.conversions.append(loser)
    loser.order_ref = str(order.number) if serial % 2 else f"ord-{order.number}"
    if serial % 4 == 3 and winner.network == "cj":
        winner.click_at = None
        winner, loser = loser, winner
    if order.kind == "double_claim_settled":
        void_at = order.ordered_at + 3 * DAY + int(rng.random() * 6 * DAY)
        loser.steps += (Step(void_at, order.net, "declined", "duplicate order"),)


def _change(rng: Random, kind: str, order: Order, conversion: Conversion) -> None:
    """Plant what happens to the order and its conversion after the sale."""
    draw, at = rng.random, order.ordered_at
    awin = conversion.network == "awin"
    soon = at + 2 * DAY + int(draw() * (min(last_moment(conversion), at + 14 * DAY) - at - 2 * DAY))
    if kind == "refunded_but_approved":
        if awin:
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
    """Plant a decision more than 30 days after the sale; CJ needs its one extension for that."""
    draw, at = rng.random, order.ordered_at
    if conversion.network == "awin":
        conversion.final_at = at + 46 * DAY + int(draw() * 20 * DAY)
        change_at = at + 31 * DAY + int(draw() * 14 * DAY)
        if kind == "late_reversal":
            conversion.final_at = at + 66 * DAY
            change_at = at + 58 * DAY + int(draw() * 6 * HOUR)
    else:
        conversion.extended_at = conversion.final_at
        conversion.final_at = lock_after(conversion.occurred_at, months=2)
        first = max(conversion.extended_at, at + 31 * DAY) + 6 * HOUR
        change_at = first + int(draw() * (conversion.final_at - DAY - first))
    if kind != "late_approval":
        order.changes = (order.refunded(change_at),)
        follow(conversion, order.changes)


def plant_orphan(rng: Random, kind: str, serial: int, number: int, at: int) -> tuple[Conversion, Landing]:
    """Make a conversion that no order stands behind, and the click that it names.

    Args:
        rng: The world's source of chance.
        kind: A key of `ORPHAN_KINDS`.
        serial: How often the kind was planted before; varies the account and the order id.
        number: A number that no order has.
        at: Instant of the alleged sale.
    """
    draw = rng.random
    accounts = ORPHAN_KINDS[kind]
    account = accounts[serial % len(accounts)]
    shop = SHOP_OF_ACCOUNT[account]
    basis = draw_order(rng, number, shop, -1, at, returning=False, voucher=False, shipped=False)
    basis.kind = kind
    click = draw_landing(rng, shop, at - 600 - int(draw() * 3 * DAY), AFFILIATE, account)
    conversion = report(rng, basis, account, click[3], click[0] - 1, basis.net)
    conversion.order = None
    conversion.order_ref = (f"ORD-{number}", f"TEL-{number}", f"ORD-{number}", None)[serial // len(accounts) % 4]
    if kind == "void_without_order":
        last = min(last_moment(conversion), at + 12 * DAY)
        void_at = at + 2 * DAY + int(draw() * (last - at - 2 * DAY))
        word = "deleted" if ACCOUNTS[account].network == "awin" and serial % 8 >= 4 else "declined"
        conversion.steps += (Step(void_at, conversion.steps[0].sale, word, "no such order"),)
    return conversion, click


def part_of(rng: Random, order: Order) -> int:
    """Draw the part of the goods that is given back, in basis points: some cents, never everything."""
    points = 2_000 + int(rng.random() * 5_000)
    return points if 0 < share(order.net, points) < order.net else 5_000
