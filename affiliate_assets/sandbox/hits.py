"""What a fault is, and the call that it hits."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any, Literal

from affiliate_assets.sandbox.config import networks
from affiliate_assets.sandbox.wire import Answer, Ask, to_json

Row = dict[str, Any]
Group = Literal["limit", "server", "connection", "body", "paging", "data", "token", "clock"]
ALL = frozenset(networks())
_KEYS = ("commissionId", "id", "publisherId")


@dataclass(slots=True)
class Page:
    """An answer's records, to be changed in place.

    Attributes:
        document: The whole JSON value; fractions are decimals.
        payload: CJ: the object around the records (count, cursor …); empty at Awin.
        rows: The records, at least one; a part of `document`.
    """

    document: Any
    payload: Row
    rows: list[Row]

    def answer(self) -> Answer:
        """Return the answer with its changes."""
        return to_json(self.document, rows=len(self.rows))


@dataclass(slots=True)
class Hit:
    """The call that a fault may hit, with the answer that it would have got.

    Attributes:
        network: The network called.
        ask: The call.
        at: The sandbox's clock.
        answer: The true answer.
        rng: Draws what the fault leaves open, as the row; depends on plan, network and place of the call only.
        pause: Seconds that the forms of a limit tell to wait.
        again: Answers another question as of an instant.
        advance: Moves the sandbox's clock to the next row that the network will show, and returns it.
        kill: Makes the network's token invalid, and answers this call accordingly.
        record: Set by a fault that changes one record: its id.
    """

    network: str
    ask: Ask
    at: int
    answer: Answer
    rng: Random
    pause: int
    again: Callable[[Ask, int], Answer]
    advance: Callable[[], int]
    kill: Callable[[], Answer]
    record: str | None = field(default=None, init=False)

    def page(self) -> Page | None:
        """Return the records of the true answer; None where it is not a list with at least one."""
        if self.answer.status != 200 or not self.answer.rows:
            return None
        document = json.loads(self.answer.body, parse_float=Decimal)
        if isinstance(document, list):
            return Page(document, {}, document)
        for payload in (document.get("data") or {}).values():
            if isinstance(payload, dict) and payload.get("records"):
                return Page(document, payload, payload["records"])
        return None

    def pick(self, rows: list[Row]) -> Row:
        """Draw the row to change and note its id."""
        row = self.rng.choice(rows)
        name = key_of(row)
        self.record = str(row[name]) if name else None
        return row


def key_of(row: Row) -> str | None:
    """Return the name of the field that identifies a record of any kind."""
    return next((name for name in _KEYS if name in row), None)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a network fails.

    Attributes:
        name: How it is asked for.
        description: What the caller meets.
        group: What it strikes.
        apply: Returns the answer to send instead, None where it cannot strike the call (no rows, no paging).
        networks: The networks it makes sense for.
        length: Calls in a row that one outbreak strikes.
    """

    name: str
    description: str
    group: Group
    apply: Callable[[Hit], Answer | None]
    networks: frozenset[str] = ALL
    length: int = 1


def table(*groups: list[Fault]) -> Mapping[str, Fault]:
    """Return all faults by name."""
    return {fault.name: fault for group in groups for fault in group}


def anonymous(ask: Ask) -> Ask:
    """Return a call without its credentials."""
    return replace(
        ask,
        headers={name: value for name, value in ask.headers.items() if name != "authorization"},
        query={name: value for name, value in ask.query.items() if name != "accessToken"},
    )
