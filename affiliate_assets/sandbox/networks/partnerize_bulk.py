"""Partnerize's bulk update: the status of conversions, or values of items.

Choices where the description is silent: the job is done at once; a line that cannot be is left out of it; the answer
names the job. Values of items are taken for conversions of one item alone.
"""

import json
import re
from decimal import Decimal

from affiliate_assets.sandbox.config import Account
from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.money import exponent
from affiliate_assets.sandbox.networks.partnerize_records import conversion_id, items_at
from affiliate_assets.sandbox.people import digest
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Answer, Ask, Row, to_json

MAX_LINES = 100_000
_TEXT = re.compile(r"[a-zA-Z0-9 :\-_.,;#]+")
_STATUSES = ("approved", "rejected", "pending", "fraudulent")


def update_in_bulk(account: Account, ask: Ask, at: int, desk: Desk) -> Answer:
    """Work a bulk update off and return its job, or refuse its shape."""
    try:
        body = json.loads(ask.body, parse_float=Decimal)
        ((name, lines),) = body.items()
        if name not in ("conversions", "conversion_items") or not 1 <= len(lines) <= MAX_LINES:
            raise ValueError("one of conversions and conversion_items, of at most 100000")
        for line in lines.values():
            _check(name, line)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        told = {"property": "", "message": str(error), "code": "validation_error", "type": "validation"}
        return to_json({"error": {"errors": [told], "message": "Validation error", "code": "400"}}, 400)
    for key, line in lines.items():
        _take(account, name, key, line, at, desk)
    return to_json({"job_id": digest("partnerize job", at, len(desk.taken), length=20)}, 202, rows=len(lines))


def _check(name: str, line: Row) -> None:
    known = {"status", "reason"} | ({"item_value"} if name == "conversion_items" else set())
    if not line or not set(line) <= known:
        raise ValueError(f"a line of {name} takes {sorted(known)}")
    if line.get("status", "approved") not in _STATUSES:
        raise ValueError("the status is not known")
    if "reason" in line and not (_TEXT.fullmatch(line["reason"]) and len(line["reason"]) <= 255):
        raise ValueError("the reason has other characters or is too long")
    if "item_value" in line and not isinstance(line["item_value"], Decimal | int):
        raise ValueError("the value of an item is a number")


def _take(account: Account, name: str, key: str, line: Row, at: int, desk: Desk) -> None:
    digits = key.rpartition("l")[2]
    if not digits.isdecimal():
        return
    number = int(digits) if name == "conversions" else int(digits) // 10
    found = desk.find(None, number, at)
    if found is None or found.programme.account_id != account.account_id or found.status(at) != "pending":
        return
    if name == "conversions" and conversion_id(found) == key:
        action = {"approved": "approve", "rejected": "decline", "fraudulent": "decline"}.get(line.get("status", ""))
        if action == "approve":
            desk.take(found, "approve", at)
        elif action == "decline":
            desk.take(found, "decline", at, reason=line.get("reason", ""))
    elif name == "conversion_items" and "item_value" in line and _is_whole(found, at):
        sale = int(Decimal(line["item_value"]).scaleb(exponent(found.programme.currency)))
        desk.take(found, "amend", at, sale, line.get("reason", ""))


def _is_whole(conversion: Conversion, at: int) -> bool:
    return len(items_at(conversion, at)) == 1
