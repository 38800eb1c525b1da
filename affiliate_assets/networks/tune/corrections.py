"""TUNE, status of conversions: how a decision is told. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

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

_WORDS = {"approve": "approved", "decline": "rejected"}


def _request(account_id: str, instructions: tuple[Instruction, ...], at: datetime) -> Request:
    (told,) = instructions
    params = {"tune_event_id": told.record_id, "status": _WORDS[told.action]}
    return Request("GET", "Apiv3/json", {"Target": "Conversion", "Method": "updateStatus", **params})


class _Question(msgspec.Struct, rename={"target": "Target", "method": "Method"}, forbid_unknown_fields=True):
    target: Literal["Conversion"]
    method: Literal["updateStatus"]
    tune_event_id: Annotated[str, Meta(min_length=1)]
    status: Literal["approved", "pending", "rejected"]


def _shape(request: Request) -> None:
    compare_shape(request, _Question)


class _Response(msgspec.Struct):
    data: Any = None


class _Answer(msgspec.Struct):
    response: _Response


def _read(answer: Answer) -> Receipt:
    """`response.data` is true where the status was updated; errors have been told from it before."""
    if read_told(answer, _Answer, "a change of status").response.data is not True:
        raise not_as_told("The network does not say that the status was updated.")
    return Receipt()


CORRECTIONS = Corrections(
    # Conversion::updateField would amend; which fields it takes is not readable in the reference.
    actions=frozenset({"approve", "decline"}),
    # The call takes no reason.
    reasons=dict.fromkeys(
        ("order_confirmed", "order_cancelled", "order_returned", "no_such_order", "claimed_elsewhere"), ""
    ),
    batch=1,
    request=_request,
    shape=_shape,
    read=_read,
    # Pending conversions are read every night, and what was changed by hand has a clock of its own.
    within=timedelta(hours=24),
    stream=("conversions", "tune_event_id"),
    source="https://developers.tune.com/network/conversion-updatestatus/",
)
