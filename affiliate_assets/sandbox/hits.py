"""What a fault is, and the call that it hits."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any, Literal
from urllib.parse import quote_plus

from affiliate_assets.sandbox.config import DEFAULT_NETWORKS
from affiliate_assets.sandbox.network import Network, RowFields
from affiliate_assets.sandbox.registry import NETWORKS
from affiliate_assets.sandbox.tables import Table, grid_of, text_of
from affiliate_assets.sandbox.wire import Answer, Ask, Row, to_json

Group = Literal["limit", "server", "connection", "body", "paging", "data", "token", "clock"]


@dataclass(slots=True)
class Page:
    """An answer's records, to be changed in place.

    Attributes:
        document: The whole JSON value; fractions are decimals.
        payload: The object around the records (count, cursor …); empty where the document is the list.
        rows: The records, at least one; a part of `document`.
        name: The records' name in `payload`.
        table: The table that the rows are lines of; None for objects in JSON.
    """

    document: Any
    payload: Row
    rows: list[Row]
    name: str = ""
    table: Table | None = None

    def answer(self) -> Answer:
        """Return the answer with its changes."""
        if self.table is not None:
            return self.table.answer(self.rows)
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
        forget: Ends all sessions, and answers this call accordingly; None where it names none.
        token: The token that the call carries, empty without one.
        record: Set by a fault that changes one record: its id.
        left_out: Filled by a fault that leaves records out: their ids.
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
    forget: Callable[[], Answer | None]
    token: str = ""
    record: str | None = field(default=None, init=False)
    left_out: list[str] = field(default_factory=list, init=False)

    def page(self) -> Page | None:
        """Return the records of the true answer; None where it is not a list with at least one."""
        if self.answer.status != 200 or not self.answer.rows:
            return None
        if self.fields.table:
            table = text_of(self.answer) if self.fields.table == "text" else grid_of(self.answer)
            return Page(table.rows, table.payload, table.rows, table=table) if table and table.rows else None
        try:
            document = json.loads(self.answer.body, parse_float=Decimal)
        except ValueError:
            return None
        for path in self.fields.records:
            parts = path.split(".") if path else []
            found = _lists(document, {}, parts)
            if found is not None:
                return Page(document, *found, name=parts[-1] if parts else "")
        return None

    @property
    def fields(self) -> RowFields:
        """Where the network's records have what is changed."""
        return NETWORKS[self.network].rows

    def pick(self, rows: list[Row]) -> Row:
        """Draw the row to change and note its id."""
        row = self.rng.choice(rows)
        name = self.key_of(row)
        self.record = str(value_at(row, name)) if name else None
        return row

    def leave_out(self, rows: list[Row]) -> None:
        """Note the ids of records that the answer will lack."""
        self.left_out += [str(value_at(row, name)) for row in rows if (name := self.key_of(row)) is not None]

    def key_of(self, row: Row) -> str | None:
        """Return the path of the field that identifies a record of any kind."""
        return next((name for name in (*self.fields.key, *self.fields.other_keys) if has(row, name)), None)


def _lists(value: Any, payload: Row, parts: list[str]) -> tuple[Row, list[Row]] | None:
    """Return the list of records below a path, and the object around it."""
    if len(parts) == 1 and isinstance(value, dict) and _is_keyed(value.get(parts[0])):
        # Records by key are answered as the list that other answers have in their place.
        value[parts[0]] = list(value[parts[0]].values())
    if not parts:
        whole = isinstance(value, list) and value and all(isinstance(row, dict) for row in value)
        return (payload, value) if whole else None
    if not isinstance(value, dict):
        return None
    below = value.values() if parts[0] == "*" else [value.get(parts[0])]
    return next((found for item in below if (found := _lists(item, value, parts[1:])) is not None), None)


def _is_keyed(value: Any) -> bool:
    """Tell whether these are records by their keys."""
    whole = isinstance(value, dict) and bool(value)
    return whole and all(key.isdecimal() and isinstance(record, dict) for key, record in value.items())


def _parent(row: Row, path: str) -> tuple[Row, str]:
    """Return the object that a path ends in, empty where there is none, and the last name."""
    *above, last = path.split(".")
    place: Any = row
    for name in above:
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, dict) else {}, last


def has(row: Row, path: str) -> bool:
    """Tell whether a record has a field, null or not."""
    place, last = _parent(row, path)
    return last in place


def value_at(row: Row, path: str) -> Any:
    """Return the value of a field, None without it."""
    place, last = _parent(row, path)
    return place.get(last)


def put(row: Row, path: str, value: object) -> None:
    """Change a field that a record has."""
    place, last = _parent(row, path)
    place[last] = value


def take(row: Row, path: str) -> None:
    """Take a field out of a record."""
    place, last = _parent(row, path)
    del place[last]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a network fails.

    Attributes:
        name: How it is asked for.
        description: What the caller meets.
        group: What it strikes.
        apply: Returns the answer to send instead, None where it cannot strike the call (no rows, no paging).
        suits: Tells for a network whether it makes sense there.
        length: Calls in a row that one outbreak strikes.
    """

    name: str
    description: str
    group: Group
    apply: Callable[[Hit], Answer | None]
    suits: Callable[[Network], bool] = lambda network: True
    length: int = 1

    @property
    def networks(self) -> frozenset[str]:
        """The networks of the default world that it makes sense for."""
        return frozenset(slug for slug in DEFAULT_NETWORKS if self.suits(NETWORKS[slug]))


def only(*slugs: str) -> Callable[[Network], bool]:
    """Return what is true of the networks named."""
    return lambda network: network.slug in slugs


def table(*groups: list[Fault]) -> Mapping[str, Fault]:
    """Return all faults by name."""
    return {fault.name: fault for group in groups for fault in group}


def anonymous(ask: Ask, secrets: Iterable[str]) -> Ask:
    """Return a call without its credentials.

    Args:
        ask: The call.
        secrets: Texts that must not stay in it.
    """
    words = [word for word in secrets if word]

    def clean(values: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in values.items() if not any(word in value for word in words)}

    headers = {name: value for name, value in clean(ask.headers).items() if name != "authorization"}
    body, path = ask.body, ask.path
    for word in words:
        for text in {word, quote_plus(word)}:
            body, path = body.replace(text.encode(), b"revoked"), path.replace(text, "revoked")
    return replace(ask, headers=headers, query=clean(ask.query), body=body, path=path)
