"""How an answer becomes records, and how the next page is asked for.

Records stay the bytes the network sent: `msgspec.Raw` finds their borders without parsing values, so a
number keeps every digit. Only the allow-listed top-level fields survive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from affiliate_assets.errors import BrokenAnswer, ContractError, WindowTooLarge

_ObjectFields = dict[str, msgspec.Raw]
_fields = msgspec.json.Decoder(_ObjectFields)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_fields_array = msgspec.json.Decoder(list[_ObjectFields])
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Page:
    """The records of one answer, as sent, and where the next page begins.

    Attributes:
        records: The raw JSON array of records.
        cursor: What the next request has to carry; None when this page is the last.
        total: Records in the whole window, where the answer tells it.
        count: Records on this page, where the answer tells it.
    """

    records: bytes
    cursor: str | None = None
    total: int | None = None
    count: int | None = None

    def verify(self, seen: int) -> None:
        """Compare the page's own words with the records it holds.

        Raises:
            BrokenAnswer: It holds another number than it says, or none although more follows.
        """
        if self.count is not None and seen != self.count:
            raise contradiction(f"The page says {self.count} records and holds {seen}.")
        if self.cursor is not None and not seen:
            raise contradiction("The page says more follows and holds no record.")


class Paging(Protocol):
    """Splits an answer's body into records.

    `page` raises BrokenAnswer for a body that is cut or contradicts itself, ContractError for one that lacks a
    documented field.

    Attributes:
        proof: How the last page shows that nothing is missing, in words.
        resumable: The cursor names a place in the data, not a row number, so that a later run may go on from it.
    """

    @property
    def proof(self) -> str: ...

    @property
    def resumable(self) -> bool: ...

    def page(self, body: bytes, cursor: str | None) -> Page: ...


@dataclass(frozen=True, slots=True)
class WholeWindow:
    """One JSON array holds everything that the window does: the body, or a part of it.

    Attributes:
        records: Names that lead to the array; none where the body is it.
        shape: Hook that makes the array of something else, or cuts its records.
        cap: Most records that the network puts into an array; one that is full may be cut.
    """

    cap: int | None = None
    records: tuple[str, ...] = ()
    shape: Callable[[bytes], bytes] = bytes
    resumable: ClassVar[bool] = False

    @property
    def proof(self) -> str:
        return "one whole array" if self.cap is None else f"one whole array of less than {self.cap} records"

    def page(self, body: bytes, cursor: str | None) -> Page:
        records = self.shape(field_at(body, self.records))
        if records.lstrip()[:1] != b"[":
            raise BrokenAnswer("The answer is not a JSON array.", next_step=_AGAIN)
        if self.cap is not None and (seen := len(decoded(_array, records))) >= self.cap:
            raise too_large(
                f"The array holds {seen} records, as many as the network puts into one: more may be left out."
            )
        return Page(records)


@dataclass(frozen=True, slots=True)
class BodyCursor:
    """A JSON object that tells in itself what follows.

    Attributes:
        envelope: Names that lead to the object around the records.
        records: Field of the record array.
        cursor: Field whose value the next request repeats.
        complete: Boolean field: nothing follows. Without one, a missing cursor is the end.
        count: Field with the number of records on this page, where there is one.
        total: Field with the number of records in the window, where there is one.
    """

    envelope: tuple[str, ...]
    records: str
    cursor: str
    complete: str | None = None
    count: str | None = None
    total: str | None = None
    resumable: ClassVar[bool] = True

    @property
    def proof(self) -> str:
        return f"{self.complete} is true" if self.complete else "no further cursor"

    def page(self, body: bytes, cursor: str | None) -> Page:
        inner = msgspec.Raw(body)
        for name in self.envelope:
            inner = self._field(decoded(_fields, inner), name)
        fields = decoded(_fields, inner)
        following = typed(self._field(fields, self.cursor), str | int | None)
        complete = following is None if self.complete is None else typed(self._field(fields, self.complete), bool)
        records = bytes(self._field(fields, self.records))
        count = None if self.count is None else typed(self._field(fields, self.count), int)
        total = None if self.total is None else typed(self._field(fields, self.total), int)
        if complete:
            return Page(records, None, total, count)
        if following is None or str(following) == cursor:
            raise contradiction(f"The page says more follows, but its cursor is {following!r} again.")
        return Page(records, str(following), total, count)

    @staticmethod
    def _field(fields: _ObjectFields, name: str) -> msgspec.Raw:
        try:
            return fields[name]
        except KeyError:
            raise ContractError(f"The answer has no field '{name}'.", next_step=_LOOK) from None


_LOOK = "compare the landed or logged answer with the network's reference; the connector may need a change."
_T = TypeVar("_T")


def field_at(body: bytes, names: tuple[str, ...], default: bytes | None = None) -> bytes:
    """The raw JSON value that the names lead to; the whole body without any.

    Raises:
        BrokenAnswer: The body is not JSON.
        ContractError: A name is missing, and there is no default.
    """
    inner = msgspec.Raw(body)
    for name in names:
        fields = decoded(_fields, inner)
        if name not in fields:
            if default is not None:
                return default
            raise ContractError(f"The answer has no field '{name}'.", next_step=_LOOK)
        inner = fields[name]
    return bytes(inner)


def decoded(decoder: msgspec.json.Decoder[_T], body: bytes | msgspec.Raw) -> _T:
    """The decoded body; JSON of another kind than documented may be an error page or half an answer."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenAnswer(f"The answer is not the documented JSON: {error}.", next_step=_AGAIN) from None


def typed(value: msgspec.Raw | bytes, type_: Any) -> Any:
    """The value as a type; raises BrokenAnswer for another one."""
    try:
        return msgspec.json.decode(value, type=type_)
    except msgspec.DecodeError as error:
        raise BrokenAnswer(f"The answer is not the documented JSON: {error}.", next_step=_AGAIN) from None


def too_large(what: str) -> WindowTooLarge:
    """The error for a window that may hold more than its answer shows."""
    next_step = "ask for a shorter window; the connector's max_span is too long for this account."
    return WindowTooLarge(what, next_step=next_step)


def contradiction(what: str) -> BrokenAnswer:
    """The error for an answer that does not agree with itself."""
    return BrokenAnswer(what, next_step="run again; if it stays, report the window to the network.")


_AGAIN = "run again later; if it stays, compare the answer with the network's reference."


@dataclass(frozen=True, slots=True)
class Lines:
    """Records as they are landed.

    Attributes:
        content: One JSON object a line.
        records: How many.
        unknown: Fields that the declaration does not know, with the first value of each as sent, and how many records
            have it. They are not in `content`, and as a value may be personal, it has to be masked before it is kept.
    """

    content: bytes
    records: int
    unknown: Mapping[str, tuple[str, int]]


class AllowedFields:
    """Cuts records down to the top-level fields that may be written.

    Args:
        allowed: Fields to keep, value by value as sent.
        dropped: Documented fields that are left out on purpose (personal or not needed).
    """

    def __init__(self, allowed: frozenset[str], dropped: frozenset[str] = frozenset()) -> None:
        self._dropped = dropped
        self._strict = _decoder(allowed | dropped, strict=True)
        self._lenient = _decoder(allowed, strict=False)
        self._known = allowed | dropped

    def lines(self, records: bytes) -> Lines:
        """One JSON object a line, its fields in a fixed order.

        Raises:
            BrokenAnswer: The records are not an array of JSON objects.
        """
        unknown: Mapping[str, tuple[str, int]] = {}
        try:
            rows = self._strict.decode(records)
            for row in rows if self._dropped else ():
                for name in self._dropped:
                    setattr(row, name, msgspec.UNSET)
        except msgspec.ValidationError:
            rows, unknown = self._with_unknown_fields(records)
        except msgspec.DecodeError as error:
            raise _not_objects(error) from None
        if b"\n" in records or b"\r" in records:
            # Outside strings a line break is only white space, and inside strings JSON escapes it.
            encoded = [_one_line(msgspec.json.encode(row)) for row in rows]
            return Lines(b"".join(line + b"\n" for line in encoded), len(rows), unknown)
        return Lines(_encoder.encode_lines(rows), len(rows), unknown)

    def _with_unknown_fields(self, records: bytes) -> tuple[list[Any], Mapping[str, tuple[str, int]]]:
        found: dict[str, tuple[str, int]] = {}
        try:
            rows = self._lenient.decode(records)
            for row in _fields_array.decode(records):
                for name in row.keys() - self._known:
                    first, count = found.get(name, (bytes(row[name]).decode("utf-8", "replace"), 0))
                    found[name] = first, count + 1
        except msgspec.DecodeError as error:
            raise _not_objects(error) from None
        return rows, found


@cache
def allowed_fields(allowed: frozenset[str], dropped: frozenset[str]) -> AllowedFields:
    """The same cutter for every page of a stream: making its decoders takes longer than a small page."""
    return AllowedFields(allowed, dropped)


def _decoder(names: frozenset[str], *, strict: bool) -> msgspec.json.Decoder[list[Any]]:
    """A decoder of objects whose values stay raw; attribute names equal field names."""
    record = msgspec.defstruct(
        "Record",
        [(name, msgspec.Raw | msgspec.UnsetType, msgspec.UNSET) for name in sorted(names)],
        forbid_unknown_fields=strict,
        gc=False,
    )
    return msgspec.json.Decoder(list[record])  # type: ignore[valid-type]


def _one_line(record: bytes) -> bytes:
    return record.replace(b"\n", b" ").replace(b"\r", b" ")


def _not_objects(error: Exception) -> BrokenAnswer:
    return BrokenAnswer(f"The records are not JSON objects: {error}.", next_step=_AGAIN)
