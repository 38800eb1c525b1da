"""The verdict on every record, told from what was planted; nothing is looked up by order id.

Sides: `network` has one row per conversion (where rows correct: per family of them), `order` one per order. A
conversion knows its order and an order its conversions because the world made them together.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from affiliate_assets.sandbox.config import HOUR, SHOPS
from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

_MONEY = pl.Decimal(18, 6)

#: Columns of the truth. `network` and `account_id` of the side `order` are `crm` and the shop; its network
#: amounts are those of the conversion that won the order. `sale_amount` is in `currency` as the network shows
#: it now (a void Awin transaction keeps its amount, a void family of rows sums to zero); the publisher's
#: commission of CJ is the dollar view. `network_status` of a network without a status is `untracked_status`
#: while something is owed, `reversed` once its rows cancel out.
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


def as_of(world: "World", at: int) -> pl.DataFrame:
    """Return one row per conversion and per order known at an instant."""
    newest = world.newest_order_at(at)
    rows: list[Verdict] = []
    for order in world.orders:
        if order.ordered_at > at:
            break
        rows += judge_order(order, at)
    rows += (judge_orphan(conversion, at, newest) for conversion in world.orphans if conversion.visible_at <= at)
    return _frame(rows)


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
    return _network_row(conversion, at, verdict, None, None)


def judge_order(order: Order, at: int) -> list[Verdict]:
    """Judge an order placed by `at` and the conversions that name it and are visible by then."""
    known = [conversion for conversion in order.conversions if conversion.visible_at <= at]
    expected_void = order.state(at).status in ("cancelled", "refunded")
    amount = order.commissionable(at)
    live = [conversion for conversion in known if not conversion.step(at).void]
    winner = max(live, key=lambda conversion: conversion.click_at or -1, default=None)
    rows, told, reason = [], "", None
    for conversion in known:
        why = None
        if conversion is winner:
            same = conversion.step(at).sale == amount
            verdict = told = "status_mismatch" if expected_void else "matched" if same else "amount_mismatch"
        elif conversion in live:
            verdict = "duplicate_claim"
        elif expected_void:
            verdict = "matched"
        elif winner is not None:
            verdict, why = "matched", "void_settled_elsewhere"
        else:
            verdict = "status_mismatch"
        rows.append(_network_row(conversion, at, verdict, why, amount))
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
        )
    )
    return rows


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
    )


def _frame(rows: Iterable[Verdict]) -> pl.DataFrame:
    columns = list(zip(*map(_in_whole_units, rows), strict=True)) or [()] * len(SCHEMA)
    return pl.DataFrame(
        {name: pl.Series(name, values, dtype) for (name, dtype), values in zip(SCHEMA.items(), columns, strict=True)}
    )


def _in_whole_units(row: Verdict) -> tuple[object, ...]:
    def amount(minor: int | None, currency: str | None) -> Decimal | None:
        return None if minor is None else to_decimal(minor, currency or row.currency)

    sale, earned, due = row.sale_amount, row.publisher_commission, row.order_amount
    currency = row.publisher_commission_currency
    return (*row[:9], amount(sale, None), amount(earned, currency), currency, amount(due, None), row.currency)


def intervals(world: "World") -> Iterator[tuple[int, int | None, Verdict]]:
    """Yield every verdict with the instants of its first and of the next one's validity (None: none)."""
    for order in world.orders:
        moments = {order.ordered_at, order.ordered_at + HOUR, *(change.at for change in order.changes)}
        for conversion in order.conversions:
            moments |= _moments(conversion)
        later = sorted(moment for moment in moments if moment >= order.ordered_at)
        yield from _runs((moment, judge_order(order, moment)) for moment in later)
    for conversion in world.orphans:
        moments = _moments(conversion)
        known = world.first_order_moment_from(conversion.occurred_at)
        if known is not None and known > conversion.visible_at:
            moments.add(known)
        yield from _runs(
            (moment, [judge_orphan(conversion, moment, world.newest_order_at(moment))]) for moment in sorted(moments)
        )


def _moments(conversion: Conversion) -> set[int]:
    moments = {conversion.visible_at, conversion.final_at}
    moments.update(step.at for step in conversion.steps)
    return moments


def _runs(states: Iterable[tuple[int, list[Verdict]]]) -> Iterator[tuple[int, int | None, Verdict]]:
    """Join equal verdicts that follow each other."""
    current: dict[tuple[str, str], tuple[int, Verdict]] = {}
    for moment, verdicts in states:
        for verdict in verdicts:
            key = verdict.side, verdict.record_id
            held = current.get(key)
            if held is not None and held[1] == verdict:
                continue
            if held is not None:
                yield held[0], moment, held[1]
            current[key] = moment, verdict
    for since, verdict in current.values():
        yield since, None, verdict


def write(world: "World", folder: Path) -> Path:
    """Write `truth.parquet`: `SCHEMA` with `valid_from` and `valid_to` (UTC, half-open, NULL is open)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "truth.parquet"
    runs = list(intervals(world))
    instant = pl.Datetime("us")
    frame = _frame(run[2] for run in runs).with_columns(
        pl.Series("valid_from", [from_epoch(run[0]).replace(tzinfo=None) for run in runs], instant),
        pl.Series(
            "valid_to",
            [None if run[1] is None else from_epoch(run[1]).replace(tzinfo=None) for run in runs],
            instant,
        ),
    )
    frame.sort("side", "network", "account_id", "record_id", "valid_from").write_parquet(path)
    return path
