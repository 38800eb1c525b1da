"""CJ's order service: cancel and restate orders, which posts further commission rows.

Choices where CJ's description is silent: an order that is unknown, locked or not alone is refused by an error without
its id; the rows of a correction are posted at once; the enterprise of an account is its company id behind an E.
"""

from decimal import Decimal

from affiliate_assets.sandbox.corrections import Desk, Told
from affiliate_assets.sandbox.people import digest
from affiliate_assets.sandbox.reports import Conversion, LedgerRow, ledger_rows
from affiliate_assets.sandbox.wire import Answer, Ask, Row, to_json

MAX_ORDERS = 10_000
_REASONS = {
    *("BadDebt", "Bankruptcy", "BookingCanceled", "CannotShipSoldOut", "Compliance", "DuplicateOrder"),
    *("InvalidCreditCard", "Other", "ReturnedMerchandise", "UnqualifiedLead"),
}
_NEEDED = {"enterpriseId": str, "actionTrackerId": int, "orderId": str, "updateTime": str}
_POSTED = {
    "BookingCanceled": "BOOKING_CANCELED",
    "ReturnedMerchandise": "RETURNED_MERCHANDISE",
    "DuplicateOrder": "DUPLICATED_ORDER",
}


def corrected_rows(ledger: list[LedgerRow], conversions: list[Conversion], taken: list[Told]) -> list[LedgerRow]:
    """Return the ledger as it is after what was taken, by posting date: no later rows of the world, but new ones."""
    if not taken:
        return ledger
    present = {conversion.number: conversion for conversion in conversions}
    ends: dict[int, int] = {}
    for told in taken:
        ends.setdefault(told.number, told.at)
    rows = [
        row._replace(conversion=present[row.conversion.number])
        for row in ledger
        if row.conversion.number not in ends or row.posted_at <= ends[row.conversion.number]
    ]
    last = max(row.commission_id for row in ledger)
    for told in taken:
        conversion = present[told.number]
        for posted_at, sale, original, _, commission in ledger_rows(conversion):
            if posted_at == told.at and not original:
                last += 3
                reason = _POSTED.get(told.reason, "OTHER_REASON")
                rows.append(LedgerRow(last, conversion, posted_at, sale, original, reason, commission))
    return sorted(rows, key=lambda row: (row.posted_at, row.commission_id))


def take_orders(ask: Ask, at: int, desk: Desk, accounts: dict[str, int]) -> Answer:
    """Cancel or restate orders, or refuse the shape."""
    body = ask.json()
    query = body.get("query", "") if isinstance(body, dict) else ""
    name = next((name for name in ("cancelOrders", "restateOrders") if f" {name}(" in query), "")
    orders = (body.get("variables") or {}).get("orders") if name else None
    if not isinstance(orders, list) or not 1 <= len(orders) <= MAX_ORDERS:
        return to_json({"errors": [{"message": "Validation error: a mutation with 1 to 10000 orders is expected"}]})
    for order in orders:
        problem = _problem(order, name)
        if problem:
            return to_json({"errors": [{"message": f"Validation error: {problem}"}]})
    taken: list[Row] = []
    errors: list[Row] = []
    batch = digest("cj batch", at, len(desk.taken), length=20)
    for order in orders:
        if _take(order, at, desk, accounts):
            taken.append({"submissionId": digest(batch, len(taken))})
        else:
            errors.append({"message": "the order cannot be corrected", "fields": ["orderId"]})
    return to_json({"data": {name: {"orders": taken, "errors": errors or None}}}, rows=len(taken))


def _problem(order: Row, name: str) -> str:
    known = {*_NEEDED, "correctionReason", "status"}
    if name == "restateOrders":
        known |= {"amount", "currency", "discount", "items", "coupon"}
    if not isinstance(order, dict) or not set(_NEEDED) <= set(order) <= known:
        return f"{name} takes {sorted(known)}"
    for field, kind in _NEEDED.items():
        if not isinstance(order[field], kind):
            return f"{field} has the wrong type"
    if order.get("correctionReason") not in {*_REASONS, None}:
        return f"there is no reason {order['correctionReason']}"
    return ""


def _take(order: Row, at: int, desk: Desk, accounts: dict[str, int]) -> bool:
    place = accounts.get(order["enterpriseId"].removeprefix("E"))
    if place is None or order["actionTrackerId"] != 388120:
        return False
    found = desk.of_order(place, order["orderId"], at)
    if len(found) != 1 or found[0].status(at) != "pending" or found[0].steps[-1].at == at:
        return False
    sale = int(Decimal(order["amount"]).scaleb(2)) if "amount" in order else None
    if sale is not None and order.get("currency", found[0].programme.currency) != found[0].programme.currency:
        return False
    desk.take(found[0], "decline" if sale is None else "amend", at, sale, order.get("correctionReason") or "")
    return True
