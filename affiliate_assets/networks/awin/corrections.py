"""Awin, batch validation: how a decision is told. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from affiliate_assets.connectors.corrections import (
    Action,
    Corrections,
    Instruction,
    Receipt,
    compare_shape,
    exact_json,
    read_told,
)
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import RecordError

#: Lines of one batch.
MOST = 40_000


def _line(told: Instruction) -> dict[str, Any]:
    transaction: dict[str, Any] = {"transactionId": int(told.record_id)}
    if told.action == "decline":
        transaction["declineReason"] = told.reason
    if told.action != "amend":
        return {"action": told.action, "transaction": transaction}
    transaction |= {
        "amendReason": told.reason,
        "currency": told.currency,
        "saleAmount": told.amount,
        # The parts have to sum up to the sale amount.
        "transactionParts": [{"amount": told.amount, "commissionGroupCode": told.details["commission_group"]}],
    }
    return {"action": "amend", "approve": False, "transaction": transaction}


def _request(account_id: str, instructions: tuple[Instruction, ...], at: datetime) -> Request:
    return Request(
        "POST",
        f"advertisers/{account_id}/transactions/batch",
        headers={"Content-Type": "application/json"},
        content=exact_json([_line(told) for told in instructions]),
    )


_Text = Annotated[str, Meta(min_length=1)]
# A JSON number; only its shape is looked at here.
_Number = Annotated[float, Meta(ge=0)]


class _Shape(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    transaction_id: Annotated[int, Meta(gt=0)]


class _Declined(_Shape):
    decline_reason: _Text


class _Part(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    amount: _Number
    commission_group_code: _Text


class _Amended(_Shape):
    amend_reason: _Text
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    sale_amount: _Number
    transaction_parts: Annotated[list[_Part], Meta(min_length=1)]

    def __post_init__(self) -> None:
        parts = sum((Decimal(str(part.amount)) for part in self.transaction_parts), Decimal(0))
        if parts != Decimal(str(self.sale_amount)):
            raise ValueError("the parts do not sum up to the sale amount")


class _Approve(msgspec.Struct, tag_field="action", tag="approve", forbid_unknown_fields=True):
    transaction: _Shape


class _Decline(msgspec.Struct, tag_field="action", tag="decline", forbid_unknown_fields=True):
    transaction: _Declined


class _Amend(msgspec.Struct, tag_field="action", tag="amend", forbid_unknown_fields=True):
    approve: bool
    transaction: _Amended


def _shape(request: Request) -> None:
    compare_shape(request, Annotated[list[_Approve | _Decline | _Amend], Meta(min_length=1, max_length=MOST)])


class _Job(msgspec.Struct, rename="camel"):
    job_id: str | None = None


def _read(answer: Answer) -> Receipt:
    """The batch is worked off later: what became of each line shows in the pull alone."""
    return Receipt(read_told(answer, _Job, "a batch").job_id)


def _details(action: Action, records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    record = records[0]
    if action != "amend":
        return {}
    parts = record.get("transactionParts") or []
    codes = [part.get("commissionGroupCode") for part in parts]
    if len(codes) != 1 or not codes[0]:
        raise RecordError(
            f"The transaction has {len(codes)} parts; how an amount is split over them is for a person to say.",
            next_step="amend it in Awin's interface.",
        )
    return {"commission_group": codes[0]}


CORRECTIONS = Corrections(
    actions=frozenset({"approve", "decline", "amend"}),
    # Awin takes a text; these are its interface's own words where the reference shows one.
    reasons={
        "order_confirmed": "",
        "order_cancelled": "order cancelled",
        "order_returned": "order returned",
        "no_such_order": "no such order",
        "claimed_elsewhere": "duplicate order",
        "amount_differs": "sale amount corrected",
    },
    batch=MOST,
    request=_request,
    shape=_shape,
    read=_read,
    # Not published; Awin works batches off in minutes, and advises half a day before an invoice run.
    within=timedelta(hours=24),
    stream=("transactions", "id"),
    details=_details,
    source="https://help.awin.com/apidocs/approve-decline-amend-batch-transactions-for-a-given-advertiser",
)
