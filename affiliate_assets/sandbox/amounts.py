"""By what the amount of a planted sale is wrong: one function for each situation, declared in `further`."""

from affiliate_assets.sandbox.changes import Draft, split_shipment
from affiliate_assets.sandbox.config import SHOPS
from affiliate_assets.sandbox.items import items_of
from affiliate_assets.sandbox.money import share
from affiliate_assets.sandbox.rates import market_exchange
from affiliate_assets.sandbox.reports import Step, follow


def _given_back(draft: Draft) -> int:
    """Give back less than half of the goods, and return their amount."""
    order = draft.order
    order.changes = (order.partly_refunded(draft.soon(), 1_500 + int(draft.rng.random() * 2_500)),)
    return order.changes[0].refunded_subtotal


def tax_and_shipping_included(draft: Draft) -> None:
    """Report all that the customer paid."""
    draft.sells(draft.order.total)


def gift_card_taken_off(draft: Draft) -> None:
    """Let the page tell the network what was left to pay of the goods."""
    order = draft.order
    order.gift_card = share(order.net, 2_000 + int(draft.rng.random() * 5_000))
    draft.sells(order.net - order.gift_card)


def line_left_out(draft: Draft) -> None:
    """Report all lines but the last, as a page that sends what is in stock."""
    draft.sells(draft.order.net - items_of(draft.order)[-1].net)


def line_alone(draft: Draft) -> None:
    """Report one line of several, as a page that sends the first article."""
    draft.sells(items_of(draft.order)[0].net)


def rounded_differently(draft: Draft) -> None:
    """Report a smallest unit more or less."""
    draft.sells(draft.order.net + (1 if draft.serial % 2 else -1))


def reported_as_zero(draft: Draft) -> None:
    """Report no amount, as a page that sends none."""
    draft.sells(0)


def refund_ignored(draft: Draft) -> None:
    """Give a part back that the network never hears of."""
    _given_back(draft)


def refund_of_parts_ignored(draft: Draft) -> None:
    """Give a part of an order back that was reported parcel by parcel, and let the network never hear of it."""
    split_shipment(draft)
    _given_back(draft)


def refund_netted_twice(draft: Draft) -> None:
    """Take a part that was given back off twice."""
    back, order = _given_back(draft), draft.order
    draft.conversion.steps += (Step(order.changes[0].at, order.net - 2 * back, "", "returned in part"),)


def refund_netted_gross(draft: Draft) -> None:
    """Take what was given back off with its tax."""
    _given_back(draft)
    change, order = draft.order.changes[0], draft.order
    draft.conversion.steps += (Step(change.at, order.net - change.refunded, "", "returned in part"),)


def commission_not_netted(draft: Draft) -> None:
    """Take a part that was given back off the sale, and not off the commission."""
    _given_back(draft)
    follow(draft.conversion, draft.order.changes)
    draft.conversion.paid_on = draft.order.net


def booked_in_other_currency(draft: Draft) -> None:
    """Book the sale on an account of another currency, at the rate of the day."""
    draft.sells(_told_by_account(draft, 0))


def booked_at_other_rate(draft: Draft) -> None:
    """Do the same at a rate that the network keeps a margin of."""
    draft.sells(_told_by_account(draft, 300))


def _told_by_account(draft: Draft, markup: int) -> int:
    order = draft.order
    wanted = draft.conversion.programme.currency
    return market_exchange(order.net, SHOPS[order.shop].currency, wanted, order.ordered_at, markup)


def currency_label_wrong(draft: Draft) -> None:
    """Leave the number as it is: only its currency is that of the account."""


def amount_in_other_currency(draft: Draft) -> None:
    """Report the amount that it is worth in another currency, as if it were in the order's."""
    order = draft.order
    mine = SHOPS[order.shop].currency
    wanted = "EUR" if mine != "EUR" else "USD"
    draft.sells(market_exchange(order.net, mine, wanted, order.ordered_at))
