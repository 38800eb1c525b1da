"""What all emulated networks share on the wire: requests, answers, exact numbers, limits, tampering."""

import base64
import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

from affiliate_assets.sandbox.money import to_text
from affiliate_assets.sandbox.people import digest

Row = dict[str, Any]
_MARK = "\ue000"
_MARKED = re.compile(f'"{_MARK}(-?[0-9.]+)"')


class _Delete:
    def __repr__(self) -> str:
        return "DELETE"


#: As a value for `tamper`: the field is left out of the answer.
DELETE: Final = _Delete()


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as an emulator reads it: `path` below the network's base, header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def bearer(self) -> str | None:
        """Return the bearer token, None without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    def basic(self) -> tuple[str, str] | None:
        """Return user and password of Basic authentication, None without them."""
        scheme, _, text = self.headers.get("authorization", "").partition(" ")
        try:
            user, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
        except ValueError:
            return None
        return (user, password) if scheme.lower() == "basic" and colon else None

    def form(self) -> dict[str, str]:
        """Return the fields of a form in the body; the last of equal names counts."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """Return the body's JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Delivery(Enum):
    """How an answer's bytes travel, and where they stop."""

    WHOLE = auto()
    #: Reset (RST) instead of any byte.
    RESET_BEFORE = auto()
    #: Reset once half of the body has arrived.
    RESET_INSIDE = auto()
    #: The whole body, whose end is told by nothing but the connection's: reset instead of closed.
    RESET_AT_END = auto()
    #: Whole; the connection is kept, and reset as soon as another call comes over it.
    RESET_AFTER = auto()
    #: Closed in order (FIN) with half of the body missing against Content-Length.
    CLOSED_INSIDE = auto()
    #: The whole body in chunks, then closed without the chunk that ends it.
    UNENDED = auto()
    #: Whole, in pieces with a pause before each.
    DRIP = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `rows` counts the records in it, `date_shift` is added to its Date, in seconds."""

    status: int
    body: bytes = b""
    rows: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE
    date_shift: int = 0


class Emulator(Protocol):
    """One network over a world."""

    def token_of(self, ask: Ask) -> str | None:
        """Return the token that a request carries, by any of the network's ways."""

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""


def number(minor: int, currency: str = "EUR") -> str:
    """Return an amount that `to_json` writes as a JSON number with its exact digits: `84.0`, `5.88`, yen `8400`."""
    text = to_text(minor, currency)
    if "." in text:
        text = text.rstrip("0")
    return _MARK + (f"{text}0" if text.endswith(".") else text)


def unmarked(text: str) -> str:
    """Return the digits of what `number` made, other text as it is."""
    return text.removeprefix(_MARK)


def to_json(value: object, status: int = 200, rows: int = 0) -> Answer:
    """Return a JSON answer; what `number` made and decimals become JSON numbers, never binary floats."""
    text = json.dumps(value, ensure_ascii=False, default=_decimal)
    body = _MARKED.sub(r"\1", text).encode()
    return Answer(status, body, rows, {"Content-Type": "application/json"})


def _decimal(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{_MARK}{value:f}"
    raise TypeError(f"no JSON form for {type(value).__name__}")


class Sessions:
    """Session tokens that end some seconds after they were opened, by the sandbox's clock."""

    def __init__(self, secret: str, lifetime: int) -> None:
        """Start without any; the tokens' text follows from the secret."""
        self._secret, self._lifetime = secret, lifetime
        self._opened: dict[str, int] = {}
        self._count = 0

    def open(self, at: int) -> str:
        """Open a session and return its token."""
        self._count += 1
        token = f"sandbox-session-{digest(self._secret, at, self._count)}"
        self._opened[token] = at
        return token

    def valid(self, token: str | None, at: int) -> bool:
        """Tell whether a session is open at an instant."""
        opened_at = self._opened.get(token or "")
        return opened_at is not None and opened_at <= at < opened_at + self._lifetime

    def clear(self) -> None:
        """End all sessions."""
        self._opened.clear()


class Tampering:
    """Changed fields of single records, by network and record id."""

    def __init__(self) -> None:
        """Start with nothing changed."""
        self._changes: dict[tuple[str, str], dict[str, object]] = {}

    def add(self, network: str, record_id: str, changes: Mapping[str, object]) -> None:
        """Change fields of a record in all later answers; dots lead into objects and lists."""
        self._changes.setdefault((network, record_id), {}).update(changes)

    def touches(self, network: str, record_id: str) -> bool:
        """Tell whether `apply` would change the record."""
        return (network, record_id) in self._changes

    def clear(self) -> None:
        """Forget all changes."""
        self._changes.clear()

    def apply(self, network: str, record_id: str, record: Row) -> Row:
        """Return the record as it is to be sent."""
        changes = self._changes.get((network, record_id))
        if not changes:
            return record
        record = copy.deepcopy(record)
        for path, value in changes.items():
            *parents, last = path.split(".")
            target: object = record
            for name in parents:
                target = target[int(name)] if isinstance(target, list) else _child(target, name)
            if isinstance(target, list):
                target[int(last)] = value
            elif isinstance(target, dict) and value is DELETE:
                target.pop(last, None)
            elif isinstance(target, dict):
                target[last] = value
        return record


def _child(target: object, name: str) -> object:
    if not isinstance(target, dict) or name not in target:
        raise KeyError(f"no field {name!r} to change a part of")
    child: object = target[name]
    return child
