"""Situations that are planted where a configuration asks for them; `FURTHER` declares each with what becomes of it."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from affiliate_assets.sandbox import amounts, changes
from affiliate_assets.sandbox.agreements import PLANS
from affiliate_assets.sandbox.config import CLICK_WINDOW, DAY, HOUR, SHOPS
from affiliate_assets.sandbox.journeys import AFFILIATE, Landing, draw_landing, draw_other_touches
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.money import exponent
from affiliate_assets.sandbox.orders import Order, draw_order
from affiliate_assets.sandbox.reports import report
from affiliate_assets.sandbox.scenarios import FURTHER_ORPHAN_KINDS, ORDER_KINDS, ORPHAN_KINDS, accounts_for


class Further(NamedTuple):
    """One kind: the last verdicts of its records, what it changes, and what it needs.

    Attributes:
        network: Class of the conversions that are wrong, None without any.
        order: Class of the order.
        change: Makes the situation of a sale that is right.
        plan: Plan of the publisher, empty for any.
        voucher: Whether the order has a discount.
        shipped: Whether shipping was charged.
        taxed: Whether the shop takes tax.
        clicked: Seconds from the click to the order; None for up to twenty days.
        foreign: Whether the account's currency is another than the order's.
        reports: Whether a network reports the order.
        seen: Whether the shop knows the click.
        items: Whether the shop exports the lines of its orders.
    """

    network: str | None
    order: str
    change: Callable[[changes.Draft], None]
    plan: str = ""
    voucher: bool = False
    shipped: bool = False
    taxed: bool = False
    clicked: int | None = None
    foreign: bool = False
    reports: bool = True
    seen: bool = True
    items: bool = False


_AMOUNT = ("amount_mismatch", "amount_mismatch")
_DUPLICATE = ("duplicate_claim", "matched")
_SAME = ("matched", "matched")

FURTHER: dict[str, Further] = {
    "lost_by_consent": Further(None, "missing_in_network", changes.nothing, reports=False),
    "untracked_visit": Further(None, "not_affiliate", changes.nothing, reports=False, seen=False),
    "tax_and_shipping_included": Further(*_AMOUNT, amounts.tax_and_shipping_included, shipped=True, taxed=True),
    "gift_card_taken_off": Further(*_AMOUNT, amounts.gift_card_taken_off),
    "line_left_out": Further(*_AMOUNT, amounts.line_left_out, items=True),
    "line_alone": Further(*_AMOUNT, amounts.line_alone, items=True),
    "rounded_differently": Further(*_AMOUNT, amounts.rounded_differently),
    "reported_as_zero": Further(*_AMOUNT, amounts.reported_as_zero),
    "refund_ignored": Further(*_AMOUNT, amounts.refund_ignored),
    "refund_of_parts_ignored": Further(*_AMOUNT, amounts.refund_of_parts_ignored),
    "refund_netted_twice": Further(*_AMOUNT, amounts.refund_netted_twice),
    "refund_netted_gross": Further(*_AMOUNT, amounts.refund_netted_gross, taxed=True),
    "booked_in_other_currency": Further(*_AMOUNT, amounts.booked_in_other_currency, foreign=True),
    "booked_at_other_rate": Further(*_AMOUNT, amounts.booked_at_other_rate, foreign=True),
    "currency_label_wrong": Further(*_AMOUNT, amounts.currency_label_wrong, foreign=True),
    "amount_in_other_currency": Further(*_AMOUNT, amounts.amount_in_other_currency),
    "cancelled_but_approved": Further("status_mismatch", "status_mismatch", changes.cancelled_but_approved),
    "double_pixel": Further(*_DUPLICATE, changes.double_pixel),
    "double_back_button": Further(*_DUPLICATE, changes.double_back_button),
    "double_batch": Further(*_DUPLICATE, changes.double_batch),
    "double_publisher": Further(*_DUPLICATE, changes.double_publisher),
    "double_claim_three": Further(*_DUPLICATE, changes.double_claim),
    "double_claim_voucher": Further(*_DUPLICATE, changes.double_claim, voucher=True),
    "split_shipment": Further(*_SAME, changes.split_shipment),
    "subscription_renewal": Further(*_SAME, changes.subscription_renewal),
    "id_in_comment": Further(*_SAME, changes.id_in_comment),
    "id_not_sent": Further(*_SAME, changes.id_not_sent),
    "id_cut": Further(*_SAME, changes.id_cut),
    "shifted_by_zone": Further(*_SAME, changes.shifted_by_zone, clicked=12 * HOUR),
    "late_conversion": Further(*_SAME, changes.nothing, clicked=CLICK_WINDOW + 3 * DAY),
    "wrong_rate": Further(*_SAME, changes.wrong_rate, plan="rate"),
    "wrong_tier": Further(*_SAME, changes.wrong_tier, plan="tiered"),
    "cap_ignored": Further(*_SAME, changes.cap_ignored, plan="capped"),
    "wrong_base": Further(*_SAME, changes.wrong_base, plan="rate", shipped=True, taxed=True),
    "commission_not_netted": Further(*_SAME, amounts.commission_not_netted, plan="rate"),
    "unauthorised_voucher": Further(*_SAME, changes.unauthorised_voucher, plan="rate", voucher=True),
    "returning_paid_as_new": Further(*_SAME, changes.returning_paid_as_new, plan="by_customer"),
    "self_referral": Further(*_SAME, changes.self_referral),
    "last_second_takeover": Further(*_SAME, changes.last_second_takeover, clicked=8),
}


#: All kinds that there are.
EVERY_KIND: tuple[str, ...] = (*ORDER_KINDS, *ORPHAN_KINDS, *FURTHER, *FURTHER_ORPHAN_KINDS)


def places_for(market: Market, kind: str) -> tuple[tuple[int, ...], ...]:
    """Return what a further kind is planted on in turn: those of `accounts_for` that have what it needs."""
    needs = FURTHER[kind]
    return tuple(
        places
        for places in accounts_for(market, kind)
        if (not needs.taxed or SHOPS[market.shop_of[places[0]]].tax_rate)
        and (not needs.items or market.shop_of[places[0]] in market.itemised)
        and (not needs.foreign or _foreign_shops(market, kind, places[0]))
        and (kind != "late_conversion" or market.network_of(places[0]).habits.tells_click)
        and (kind != "cancelled_but_approved" or market.network_of(places[0]).habits.tells_status)
        and (kind != "amount_in_other_currency" or exponent(market.accounts[places[0]].currency) == exponent("EUR"))
        and (kind != "reported_as_zero" or _keeps_zero(market, places[0]))
    )


def _keeps_zero(market: Market, account: int) -> bool:
    habits = market.network_of(account).habits
    return habits.void_amount == "kept" and habits.corrects(market.accounts[account].account_id) == "in_place"


def _foreign_shops(market: Market, kind: str, account: int) -> list[int]:
    mine = market.accounts[account].currency
    return [
        place
        for place in market.shops
        if SHOPS[place].currency != mine
        and (kind != "currency_label_wrong" or exponent(SHOPS[place].currency) == exponent(mine))
    ]


def plant_further(
    rng: Random, market: Market, kind: str, serial: int, number: int, customer: int, at: int
) -> tuple[Order, list[Landing]]:
    """Make the order of a further kind, with its touches and conversions; arguments as those of `plant_order`."""
    needs, places = FURTHER[kind], places_for(market, kind)
    account, *others = places[serial % len(places)]
    shop = market.shop_of[account]
    if needs.foreign:
        shops = _foreign_shops(market, kind, account)
        shop = shops[serial // len(places) % len(shops)]
    order = draw_order(
        rng,
        number,
        shop,
        customer,
        at,
        returning=False,
        voucher=needs.voucher,
        shipped=needs.shipped,
        style=market.style,
    )
    order.kind = kind
    clicked = at - (600 + int(rng.random() ** 2 * 20 * DAY) if needs.clicked is None else needs.clicked)
    click = draw_landing(rng, market, shop, clicked, AFFILIATE, account)
    if needs.plan:
        publishers = market.network_of(account).publishers
        able = [place for place in range(len(publishers)) if PLANS[place % len(PLANS)] == needs.plan]
        click = (*click[:3], able[serial // len(places) % len(able)])
    landings = [click, *draw_other_touches(rng, market, shop, clicked, at)]
    if not needs.seen:
        return order, landings[1:]
    if clicked >= at - CLICK_WINDOW:
        order.click_at = clicked
    if not needs.reports:
        return order, landings
    conversion = report(rng, market, order, account, click[3], clicked - 1, order.net)
    order.conversions.append(conversion)
    needs.change(changes.Draft(rng, market, serial, others, order, landings, conversion))
    return order, landings
