"""The words in which a network declares how it is told what the brand decides: approve, decline, amend."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec

from affiliate_assets.connectors.answers import documented
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import BrokenAnswer, InternalError, RecordError

_T = TypeVar("_T")
# It may be taken all the same: asking again could tell it twice.
_PULL = "wait for the next pull, which shows whether it was taken."

Action = Literal["approve", "decline", "amend"]
#: Why the brand decides so; each network has its own code for it.
Ground = Literal[
    "order_confirmed", "order_cancelled", "order_returned", "no_such_order", "claimed_elsewhere", "amount_differs"
]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One decision on one conversion, as it was drafted.

    Attributes:
        record_id: The network's id of the conversion.
        reason: The network's own code or text for the ground; empty where the action takes none.
        order_id: The order as the network reported it.
        occurred_at: The sale (UTC).
        status: The conversion's status at drafting.
        sale_amount: Its sale amount at drafting, in `currency`.
        amount: The sale amount it is to have; None unless it is amended.
        details: What else the network's call needs, from its own record.
    """

    network: str
    account_id: str
    record_id: str
    action: Action
    ground: Ground
    reason: str
    order_id: str | None
    occurred_at: datetime
    status: str
    sale_amount: Decimal
    currency: str
    amount: Decimal | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def instruction_id(self) -> str:
        """The same for the same decision on the same state of the same conversion, whoever drafts it and when."""
        parts = (
            self.network,
            self.account_id,
            self.record_id,
            self.action,
            self.status,
            f"{self.sale_amount.normalize():f}",
            "" if self.amount is None else f"{self.amount.normalize():f}",
            self.currency,
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the network's answer to a batch says.

    Attributes:
        reference: Its own name of the batch, where it gives one.
        refused: Why it refuses single instructions, by record id.
    """

    reference: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


def _no_details(action: Action, records: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    return {}


def never_read(answer: Answer) -> Receipt:
    """Stands where nothing answers, as a person uploads the file."""
    raise InternalError("A file for upload by hand has no answer.", next_step="report this as a bug.")


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """How a network is told.

    Attributes:
        actions: What it can be told.
        reasons: Its code or text for each ground, a closed list; a ground that is missing cannot be told.
        batch: Most instructions in one call, as published.
        mixed: Whether one call may hold different actions.
        by_order: The call names the order, not the conversion: nothing else of the account may have the same one.
        settings: What the account has to tell under `[accounts.corrections]`, added to the details.
        base_url: Where the calls go, if elsewhere than the questions and unless the account overrides that.
        request: Builds the call from account id, instructions and present (UTC); the same for the same arguments.
        shape: Compares a call with the shape as published, however it was built; raises RecordError where it differs.
        read: Takes the receipt from a successful answer; raises BrokenAnswer where it is not the documented one.
        within: How long after the call the change may take to show in what is pulled.
        stream: Stream of the network's own records, and the field in them that holds the conversion's id.
        details: Takes from these records, each as it was read last and the newest first, what the action's call needs;
            raises RecordError where the call cannot tell it.
        source: Where the shape is published.
        by_hand: Who does what where no call is published: the request's path is then the name of a file, its content
            the file's, and nothing is ever sent. Empty where there is a call.
    """

    actions: frozenset[Action]
    reasons: Mapping[Ground, str]
    batch: int
    request: Callable[[str, tuple[Instruction, ...], datetime], Request]
    shape: Callable[[Request], None]
    read: Callable[[Answer], Receipt] = never_read
    within: timedelta
    stream: tuple[str, str]
    details: Callable[[Action, Sequence[Mapping[str, Any]]], Mapping[str, str]] = _no_details
    source: str
    mixed: bool = True
    by_order: bool = False
    settings: tuple[str, ...] = ()
    base_url: str = ""
    by_hand: str = ""


def compare_shape(request: Request, shape: Any) -> None:
    """Compare the body of a call, or its query where it has none, with a shape in the words of msgspec.

    Raises:
        RecordError: It differs.
    """
    try:
        if request.content is not None:
            msgspec.json.decode(request.content, type=shape)
        else:
            body = request.json if request.json is not None else dict(request.form or request.params)
            msgspec.convert(body, type=shape)
    except msgspec.DecodeError as error:
        raise RecordError(
            f"The call is not of the shape that the network publishes: {error}.",
            next_step="settle it in the network's interface, and report what was told.",
        ) from None


def read_told(answer: Answer, shape: type[_T], told: str) -> _T:
    """Decode the answer to what was told, e.g. "a batch", in a shape in the words of msgspec.

    Raises:
        BrokenAnswer: It is not of that shape.
    """
    return documented(answer, shape, f"The answer to {told}", next_step=_PULL)


def not_as_told(what: str) -> BrokenAnswer:
    """The error for an answer that does not say that what was told is taken."""
    return BrokenAnswer(what, next_step=_PULL)


def exact_json(value: Any) -> bytes:
    """JSON with every decimal as a number of exactly its digits, and in the order it was given."""
    if isinstance(value, Decimal):
        return f"{value:f}".encode()
    if isinstance(value, Mapping):
        inner = (json.dumps(str(name)).encode() + b": " + exact_json(part) for name, part in value.items())
        return b"{" + b", ".join(inner) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + b", ".join(exact_json(part) for part in value) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()
