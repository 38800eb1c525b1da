"""The verdict on every record, told from what was planted; nothing is looked up by order id.

Sides: `network` has one row per conversion (where rows correct: per family of them), `order` one per order. A
conversion knows its order and an order its conversions because the world made them together.
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from affiliate_assets.sandbox import labels
from affiliate_assets.sandbox.config import HOUR, SHOPS
from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.reports import Conversion

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

_MONEY = pl.Decimal(18, 6)

#: Columns of the truth. `network` and `account_id` of the side `order` are `crm` and the shop; its network
#: amounts are those of the conversion that won the order. `sale_amount` is in `currency` as the network shows
#: it now (a void Awin transaction keeps its amount, a void family of rows sums to zero); the publisher's
#: commission of CJ is the dollar view. `network_status` of a network without a status is `untracked_status`
#: while something is owed, `reversed` once its rows cancel out. `root_cause` is what the planted kind is called where
#: the record differs; `commission_reason` says of a sale that is counted and whose order is known whether it is paid as
#: agreed, and `expected_commission` what is owed on it; where it is paid in another currency than the order's, nobody
#: can tell. `signal` is what is suspicious about a record.
SCHEMA: dict[str, pl.DataType] = {
    "side": pl.String(),
    "network": pl.String(),
    "account_id": pl.String(),
    "record_id": pl.String(),
    "order_id": pl.String(),
    "class": pl.String(),
    "reason": pl.String(),
    "kind": pl.String(),
    "network_status": pl.String(),
    "sale_amount": _MONEY,
    "publisher_commission": _MONEY,
    "publisher_commission_currency": pl.String(),
    "order_amount": _MONEY,
    "currency": pl.String(),
    "root_cause": pl.String(),
    "commission_reason": pl.String(),
    "expected_commission": _MONEY,
    "signal": pl.String(),
}


#: Network status, sale amount, publisher's commission and its currency.
_Amounts = tuple[str | None, int | None, int | None, str | None]


class Verdict(NamedTuple):
    """One record's row of the truth; amounts in minor units, names as in `SCHEMA`."""

    side: str
    network: str
    account_id: str
    record_id: str
    order_id: str | None
    verdict: str
    reason: str | None
    kind: str | None
    network_status: str | None
    sale_amount: int | None
    publisher_commission: int | None
    publisher_commission_currency: str | None
    order_amount: int | None
    currency: str
    root_cause: str = "no_difference"
    commission_reason: str | None = None
    expected_commission: int | None = None
    signal: str | None = None


def as_of(world: "World", at: int) -> pl.DataFrame:
    """Return one row per conversion and per order known at an instant."""
    newest = world.newest_order_at(at)
    rows: list[Verdict] = []
    for order in world.orders:
        if order.ordered_at > at:
            break
        rows += judge_order(order, at)
    rows += (judge_orphan(conversion, at, newest) for conversion in world.orphans if conversion.visible_at <= at)
    return frame_of(rows)


def judge_orphan(conversion: Conversion, at: int, newest: int) -> Verdict:
    """Judge a conversion without an order.

    Args:
        conversion: The conversion, visible by `at`.
        at: Instant of the question.
        newest: Latest order or order change known then.
    """
    if conversion.step(at).void:
        return _network_row(conversion, at, "matched", "void_without_order", None)
    verdict = "not_yet_comparable" if conversion.occurred_at > newest else "missing_in_crm"
    cause = labels.ORDER_UNKNOWN if conversion.order_ref else labels.ORDER_ID_MISSING
    row = _network_row(conversion, at, verdict, None, None)
    return row._replace(root_cause=cause if verdict == "missing_in_crm" else _cause(None, verdict))


def judge_order(order: Order, at: int) -> list[Verdict]:
    """Judge an order placed by `at` and the conversions that name it and are visible by then."""
    known = [conversion for conversion in order.conversions if conversion.visible_at <= at]
    expected_void = order.state(at).status in ("cancelled", "refunded")
    amount = order.commissionable(at)
    live = [conversion for conversion in known if not conversion.step(at).void and conversion.role != "renewal"]
    winner = max(live, key=lambda conversion: conversion.click_at or -1, default=None)
    sold = 0
    if winner is not None:
        sold = sum(conversion.step(at).sale for conversion in live if conversion.role == "part")
        sold = sold or winner.step(at).sale
    same = sold == amount and (winner is None or winner.programme.currency == SHOPS[order.shop].currency)
    rows, told, reason = [], "", None
    for conversion in known:
        why = None
        if conversion is winner or (conversion.role == "part" and conversion in live):
            verdict = told = "status_mismatch" if expected_void else "matched" if same else "amount_mismatch"
        elif conversion.role == "renewal":
            verdict = "matched"
        elif conversion in live:
            verdict = "duplicate_claim"
        elif expected_void:
            verdict = "matched"
        elif winner is not None:
            verdict, why = "matched", "void_settled_elsewhere"
        else:
            verdict = "status_mismatch"
        row = _network_row(conversion, at, verdict, why, amount)
        if verdict != "duplicate_claim" and conversion.role != "renewal" and not conversion.step(at).void:
            # Parts share what is left of their order.
            due = Fraction(amount * conversion.step(at).sale, sold) if conversion.role == "part" else amount
            reason_, owed = _judge_commission(order, conversion, at, due)
            row = row._replace(commission_reason=reason_, expected_commission=owed)
        rows.append(row)
    if not told and known:
        told = "matched" if expected_void else "status_mismatch"
    elif not told and order.click_at is None:
        told = "not_affiliate"
    elif not told and expected_void:
        told, reason = "matched", "nothing_owed"
    elif not told:
        told = "not_yet_comparable" if order.ordered_at > at - HOUR else "missing_in_network"
    shop = SHOPS[order.shop]
    amounts: _Amounts = _amounts(winner, at) if winner else (None, None, None, None)
    rows.append(
        Verdict(
            "order",
            "crm",
            shop.name,
            order.order_id,
            order.order_id,
            told,
            reason,
            order.kind,
            *amounts,
            amount,
            shop.currency,
            _cause(order.kind, told),
            signal=labels.SIGNALS.get(order.kind or ""),
        )
    )
    return rows


def _cause(kind: str | None, verdict: str) -> str:
    """Return what a record's difference is called: that of its kind, where its class leaves a choice."""
    return labels.CAUSES_OF_CLASSES.get(verdict) or labels.CAUSES[kind or ""]


def _judge_commission(order: Order, conversion: Conversion, at: int, amount: int | Fraction) -> tuple[str, int | None]:
    """Return whether the commission of a counted sale is as agreed, else why not, and what is owed on an amount."""
    kind, sale = order.kind or "", conversion.step(at).sale
    paid_in = conversion.habits.commission_currency or conversion.programme.currency
    if paid_in != SHOPS[order.shop].currency:
        return "currency_differs", None
    void = order.state(at).status in ("cancelled", "refunded")
    nothing = void or kind in ("unauthorised_voucher", "late_conversion")
    owed = 0 if nothing else conversion.owed(amount)
    if conversion.commission(sale) == owed:
        return "as_agreed", owed
    return "order_void" if void else labels.REASONS.get(kind, "wrong_base"), owed


def _amounts(conversion: Conversion, at: int) -> _Amounts:
    """Return status, sale, publisher's commission and its currency as the network shows them."""
    state = conversion.step(at)
    status = conversion.status(at)
    habits = conversion.habits
    if not habits.tells_status and not state.void:
        status = "untracked_status"
    gone = state.void and (conversion.correction != "in_place" or habits.void_amount == "zero")
    sale = 0 if gone else state.sale
    commission = conversion.commission(sale)
    if habits.commission_currency == "USD":
        return status, sale, conversion.usd(commission), "USD"
    return status, sale, commission, conversion.programme.currency


def _network_row(conversion: Conversion, at: int, verdict: str, reason: str | None, amount: int | None) -> Verdict:
    account = conversion.programme
    order_id = conversion.order.order_id if conversion.order else None
    return Verdict(
        "network",
        account.network,
        account.account_id,
        conversion.record_id,
        order_id,
        verdict,
        reason,
        conversion.kind,
        *_amounts(conversion, at),
        amount,
        account.currency,
        _cause(conversion.kind, verdict) if conversion.order else "no_difference",
        signal=labels.SIGNALS.get(conversion.kind or ""),
    )


def frame_of(rows: Iterable[Verdict]) -> pl.DataFrame:
    columns = list(zip(*map(_in_whole_units, rows), strict=True)) or [()] * len(SCHEMA)
    return pl.DataFrame(
        {name: pl.Series(name, values, dtype) for (name, dtype), values in zip(SCHEMA.items(), columns, strict=True)}
    )


def _in_whole_units(row: Verdict) -> tuple[object, ...]:
    def amount(minor: int | None, currency: str | None) -> Decimal | None:
        return None if minor is None else to_decimal(minor, currency or row.currency)

    sale, earned, due = row.sale_amount, row.publisher_commission, row.order_amount
    currency = row.publisher_commission_currency
    return (
        *row[:9],
        amount(sale, None),
        amount(earned, currency),
        currency,
        amount(due, None),
        *row[13:16],
        amount(row.expected_commission, None),
        row.signal,
    )
