"""Awin's batch validation: approve, decline and amend pending transactions.

Choices where Awin's description is silent: a batch is worked off at once; a line that cannot be is left out of it, as
only the batch's job would tell; a body that is no array of such lines is refused whole; the answer is the job's id.
"""

import json
from decimal import Decimal
from typing import Any

from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.people import digest
from affiliate_assets.sandbox.wire import Answer, Ask, to_json

MAX_LINES = 40_000
_FIELDS = {
    "approve": {"transactionId"},
    "decline": {"transactionId", "declineReason"},
    "amend": {"transactionId", "amendReason", "currency", "saleAmount", "transactionParts"},
}


def take_batch(place: int, ask: Ask, at: int, desk: Desk) -> Answer:
    """Work a batch off and return its job, or refuse its shape."""
    try:
        lines = json.loads(ask.body, parse_float=Decimal)
        if not isinstance(lines, list) or not 1 <= len(lines) <= MAX_LINES:
            raise ValueError(f"a batch is an array of 1 to {MAX_LINES} lines")
        for line in lines:
            _check(line)
    except (ValueError, KeyError, TypeError) as error:
        return to_json({"error": "exception", "description": f"{error} (400 BAD_REQUEST)"}, 400)
    for line in lines:
        _take(line, place, at, desk)
    return to_json({"jobId": digest("awin job", at, len(desk.taken), length=24)}, rows=len(lines))


def _check(line: dict[str, Any]) -> None:
    fields = _FIELDS[line["action"]]
    told = line["transaction"]
    if set(told) != fields or not isinstance(told["transactionId"], int):
        raise ValueError(f"{line['action']} takes {sorted(fields)}")
    if set(line) != {"action", "transaction"} | ({"approve"} if line["action"] == "amend" else set()):
        raise ValueError("a line has an action and a transaction")
    if line["action"] == "amend":
        amounts = [told["saleAmount"], *(part["amount"] for part in told["transactionParts"])]
        if not all(isinstance(amount, Decimal | int) and amount >= 0 for amount in amounts):
            raise ValueError("an amount is a number")
        if not all(part["commissionGroupCode"] for part in told["transactionParts"]):
            raise ValueError("a part has a commission group")


def _take(line: dict[str, Any], place: int, at: int, desk: Desk) -> None:
    told = line["transaction"]
    conversion = desk.find(place, told["transactionId"], at)
    if conversion is None or conversion.status(at) != "pending":
        return
    if line["action"] == "amend" and told["currency"] != conversion.programme.currency:
        return
    sale = int(Decimal(told["saleAmount"]) * 100) if line["action"] == "amend" else None
    reason = told.get("declineReason") or told.get("amendReason") or ""
    desk.take(conversion, line["action"], at, sale, reason)
    decided = desk.find(place, conversion.number, at)
    if line.get("approve") and decided is not None:
        desk.take(decided, "approve", at)
