"""Partnerize, bulk update of conversions: how a decision is told. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from affiliate_assets.connectors.corrections import (
    Action,
    Corrections,
    Instruction,
    Receipt,
    compare_shape,
    exact_json,
    not_as_told,
    read_told,
)
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import RecordError

_WORDS = {"approve": "approved", "decline": "rejected"}

#: Conversions or items of one call.
MOST = 100_000


def _request(account_id: str, instructions: tuple[Instruction, ...], at: datetime) -> Request:
    """A call names conversions or items, not both: a status is the conversion's, a value an item's."""
    body: dict[str, dict[str, Any]]
    if instructions[0].action == "amend":
        items = {
            told.details["conversion_item_id"]: {"item_value": told.amount, "reason": told.reason}
            for told in instructions
        }
        body = {"conversion_items": items}
    else:
        conversions = {}
        for told in instructions:
            reason = {"reason": told.reason} if told.reason else {}
            conversions[told.record_id] = {"status": _WORDS[told.action], **reason}
        body = {"conversions": conversions}
    return Request(
        "POST",
        f"v3/brand/campaigns/{account_id}/conversions/bulk",
        headers={"Content-Type": "application/json"},
        content=exact_json(body),
    )


_Reason = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9 :\-_.,;#]+$", max_length=255)]
_Id = Annotated[str, Meta(min_length=1)]


class _Conversion(msgspec.Struct, forbid_unknown_fields=True):
    status: Literal["approved", "rejected", "pending", "fraudulent"]
    reason: _Reason | UnsetType = UNSET


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    # A JSON number; only its shape is looked at here.
    item_value: Annotated[float, Meta(ge=0)]
    reason: _Reason


class _Conversions(msgspec.Struct, forbid_unknown_fields=True):
    conversions: Annotated[dict[_Id, _Conversion], Meta(min_length=1, max_length=MOST)]


class _Items(msgspec.Struct, forbid_unknown_fields=True):
    conversion_items: Annotated[dict[_Id, _Item], Meta(min_length=1, max_length=MOST)]


def _shape(request: Request) -> None:
    compare_shape(request, _Items if (request.content or b"").startswith(b'{"conversion_items"') else _Conversions)


def _read(answer: Answer) -> Receipt:
    """A job is made of it: what became of each line shows in the pull alone."""
    job = read_told(answer, dict[str, Any], "a bulk update")
    if answer.status != 202:
        raise not_as_told(f"The answer to a bulk update has the status {answer.status}, not 202.")
    named = job.get("job_id")
    return Receipt(named if isinstance(named, str) else None)


def _details(action: Action, records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    record = records[0]
    status = (record.get("conversion_value") or {}).get("conversion_status")
    if action == "approve" and status != "pending":
        raise RecordError(
            f"The conversion is {status or 'of no status'}; approved as a whole, its rejected items would be too.",
            next_step="approve the items that are owed in Partnerize's console.",
        )
    if action != "amend":
        return {}
    items = str(record.get("conversion_item_ids") or "").split()
    if len(items) != 1 or items == ["?"]:
        raise RecordError(
            f"The conversion has {len(items)} items; how an amount is split over them is for a person to say.",
            next_step="amend it in Partnerize's console.",
        )
    return {"conversion_item_id": items[0]}


CORRECTIONS = Corrections(
    actions=frozenset({"approve", "decline", "amend"}),
    # Texts of the characters that Partnerize takes; it has no list of them.
    reasons={
        "order_confirmed": "",
        "order_cancelled": "cancelled order",
        "order_returned": "returned order",
        "no_such_order": "no such order",
        "claimed_elsewhere": "order credited elsewhere",
        "amount_differs": "order value corrected",
    },
    batch=MOST,
    mixed=False,
    request=_request,
    shape=_shape,
    read=_read,
    # A job; how long it takes is not told.
    within=timedelta(hours=24),
    stream=("conversion_items", "conversion_id"),
    details=_details,
    source="https://api-docs.partnerize.com/brand (1.4.99: v3-conversion-bulk-update)",
)
