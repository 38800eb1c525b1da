"""impact.com, brand API: how a decision is told. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from affiliate_assets.connectors.corrections import (
    Corrections,
    Instruction,
    Receipt,
    compare_shape,
    not_as_told,
    read_told,
)
from affiliate_assets.connectors.language import Answer, Request

_HEADERS = {"Accept": "application/json", "IR-Version": "14"}


def _request(account_id: str, instructions: tuple[Instruction, ...], at: datetime) -> Request:
    (told,) = instructions
    path = f"Advertisers/{account_id.rpartition('.')[0]}/Actions"
    if told.amount is None:
        form = {"ActionId": told.record_id, "DispositionCode": told.reason}
        return Request("DELETE", path, form=form, headers=_HEADERS)
    form = {"ActionId": told.record_id, "Reason": told.reason, "Amount": f"{told.amount:f}"}
    return Request("PUT", path, form=form, headers=_HEADERS)


_ActionId = Annotated[str, Meta(pattern=r"^\d+\.\d+\.\d+$")]


class _Reversal(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    action_id: _ActionId
    disposition_code: Literal[
        "REJECTED", "CONS_INFO_INVALID", "CONS_ERROR", "CONS_FRAUD", "ITEM_RETURNED", "ITEM_OUT_OF_STOCK",
        "ORDER_ERROR", "PUB_ACT_DISPUTE", "NOT_COMPLIANCE_TERMS", "MP_RETURNED", "OTHER", "CREDITED_DIFFERENT_MP",
        "ADV_ACT_DISPUTE", "TEST_ACTION",
    ]  # fmt: skip


class _Modification(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    action_id: _ActionId
    reason: Literal[
        "ORDER_UPDATE", "ITEM_RETURNED", "CONS_FRAUD", "CONS_ERROR", "ORDER_ERROR", "PUB_ACT_DISPUTE",
        "ADV_ACT_DISPUTE", "NOT_COMPLIANCE_TERMS", "ITEM_OUT_OF_STOCK", "TEST_ACTION", "PARTNER_NOT_ACTIVE",
        "CREDITED_DIFFERENT_MP", "OTHER",
    ]  # fmt: skip
    amount: Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$")]


def _shape(request: Request) -> None:
    compare_shape(request, _Reversal if request.method == "DELETE" else _Modification)


class _Queued(msgspec.Struct, rename="pascal"):
    status: str
    queued_uri: str | None = None


def _read(answer: Answer) -> Receipt:
    """It is worked off later: what became of it shows in the pull alone."""
    queued = read_told(answer, _Queued, "a modification")
    if queued.status != "QUEUED":
        raise not_as_told(f"The network answers a modification with {queued.status!r}, not QUEUED.")
    return Receipt(queued.queued_uri)


CORRECTIONS = Corrections(
    # An action is approved by its locking date; the API has no call for it.
    actions=frozenset({"decline", "amend"}),
    reasons={
        "order_cancelled": "ORDER_ERROR",
        "order_returned": "ITEM_RETURNED",
        "no_such_order": "REJECTED",
        "claimed_elsewhere": "CREDITED_DIFFERENT_MP",
        "amount_differs": "ORDER_UPDATE",
    },
    batch=1,
    request=_request,
    shape=_shape,
    read=_read,
    # Queued; how long is not told.
    within=timedelta(hours=24),
    stream=("actions", "Id"),
    source="https://integrations.impact.com/brand-api-reference (OpenAPI v14: ActionModificationRequest,"
    " ActionReversalRequest, QueuedResponse)",
)
