"""CJ, order restatement: how a decision is told. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from affiliate_assets.connectors.corrections import (
    Action,
    Corrections,
    Instruction,
    Receipt,
    compare_shape,
    not_as_told,
    read_told,
)
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import RecordError

_CANCEL = (
    "mutation ($orders: [OrderCancelRequest!]!) { cancelOrders(cancelledOrders: $orders)"
    " { orders { submissionId } errors { message fields } } }"
)
_RESTATE = (
    "mutation ($orders: [OrderRestateRequest!]!) { restateOrders(restatedOrders: $orders)"
    " { orders { submissionId } errors { message fields } } }"
)

#: Orders of one mutation.
MOST = 10_000


def _order(told: Instruction, at: datetime) -> dict[str, str | int]:
    order: dict[str, str | int] = {
        "enterpriseId": told.details["enterprise_id"],
        "actionTrackerId": int(told.details["action_tracker_id"]),
        "orderId": told.order_id or "",
        "updateTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "correctionReason": told.reason,
    }
    if told.amount is not None:
        # CJ's decimal numbers are texts.
        order |= {"amount": f"{told.amount:f}", "currency": told.currency}
    return order


def _request(account_id: str, instructions: tuple[Instruction, ...], at: datetime) -> Request:
    query = _RESTATE if instructions[0].action == "amend" else _CANCEL
    orders = [_order(told, at) for told in instructions]
    return Request("POST", "graphql", json={"query": query, "variables": {"orders": orders}})


_Reason = Literal[
    "BadDebt", "Bankruptcy", "BookingCanceled", "CannotShipSoldOut", "Compliance", "DuplicateOrder",
    "InvalidCreditCard", "Other", "ReturnedMerchandise", "UnqualifiedLead",
]  # fmt: skip
_Text = Annotated[str, Meta(min_length=1)]


class _Cancelled(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    enterprise_id: _Text
    action_tracker_id: Annotated[int, Meta(ge=0)]
    order_id: _Text
    update_time: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    correction_reason: _Reason


class _Restated(_Cancelled):
    amount: Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class _Cancellations(msgspec.Struct, forbid_unknown_fields=True):
    orders: Annotated[list[_Cancelled], Meta(min_length=1, max_length=MOST)]


class _Restatements(msgspec.Struct, forbid_unknown_fields=True):
    orders: Annotated[list[_Restated], Meta(min_length=1, max_length=MOST)]


class _Cancel(msgspec.Struct, tag_field="query", tag=_CANCEL, forbid_unknown_fields=True):
    variables: _Cancellations


class _Restate(msgspec.Struct, tag_field="query", tag=_RESTATE, forbid_unknown_fields=True):
    variables: _Restatements


def _shape(request: Request) -> None:
    compare_shape(request, _Cancel | _Restate)


class _Told(msgspec.Struct, rename="camel"):
    submission_id: str


class _Result(msgspec.Struct):
    orders: list[_Told] | None = None
    errors: list[dict[str, Any]] | None = None


class _Data(msgspec.Struct):
    data: Annotated[dict[str, _Result], Meta(min_length=1, max_length=1)]


def _read(answer: Answer) -> Receipt:
    """An error names no order; which were taken all the same shows in the pull alone."""
    (result,) = read_told(answer, _Data, "a mutation").data.values()
    if result.errors:
        said = "; ".join(str(one.get("message")) for one in result.errors)
        raise not_as_told(f"CJ reports {len(result.errors)} errors and does not say of which orders: {said}.")
    return Receipt(next((order.submission_id for order in result.orders or ()), None))


def _details(action: Action, records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    tracker = records[0].get("actionTrackerId")
    if not tracker:
        raise RecordError("The commission names no action tracker.", next_step="correct it in CJ's interface.")
    # An original is seen again after its corrections, as it is extended and locks.
    if action == "amend" and any(
        str(record.get("actionType")).startswith("item_") or not record.get("original") for record in records
    ):
        raise RecordError(
            "The commission is told by item, or was corrected before; how its amount is split is for a person to say.",
            next_step="restate it in CJ's interface.",
        )
    return {"action_tracker_id": str(tracker)}


CORRECTIONS = Corrections(
    # What is not corrected locks by itself; a status of a restatement is not described.
    actions=frozenset({"decline", "amend"}),
    reasons={
        "order_cancelled": "BookingCanceled",
        "order_returned": "ReturnedMerchandise",
        "no_such_order": "Other",
        "claimed_elsewhere": "DuplicateOrder",
        "amount_differs": "Other",
    },
    batch=MOST,
    mixed=False,
    by_order=True,
    request=_request,
    shape=_shape,
    read=_read,
    # Corrections are rows of their own, posted up to days later.
    within=timedelta(days=3),
    stream=("commissions", "originalActionId"),
    details=_details,
    settings=("enterprise_id",),
    base_url="https://tracking.api.cj.com",
    source="https://developers.cj.com/docs/advertiser-api-tracking/api-overview",
)
