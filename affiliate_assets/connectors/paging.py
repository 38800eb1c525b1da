"""How an answer becomes records, and how the next page is asked for.

Records stay the bytes the network sent: `msgspec.Raw` finds their borders without parsing values, so a
number keeps every digit. Only the allow-listed top-level fields survive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from affiliate_assets.errors import ContractError

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
    """

    records: bytes
    cursor: str | None = None


class Paging(Protocol):
    """Splits an answer's body; raises ContractError where it is not what the network documents."""

    def page(self, body: bytes, cursor: str | None) -> Page: ...


@dataclass(frozen=True, slots=True)
class WholeWindow:
    """The body is one JSON array with everything the window holds."""

    def page(self, body: bytes, cursor: str | None) -> Page:
        if body.lstrip()[:1] != b"[":
            raise ContractError("The answer is not a JSON array.", next_step=_LOOK)
        return Page(body)


@dataclass(frozen=True, slots=True)
class BodyCursor:
    """A JSON object that tells in itself whether it is complete.

    Attributes:
        envelope: Names that lead to the object around the records.
        records: Field of the record array.
        complete: Boolean field: nothing follows.
        cursor: Field whose value the next request repeats.
        count: Field with the number of records on this page.
    """

    envelope: tuple[str, ...]
    records: str
    complete: str
    cursor: str
    count: str

    def page(self, body: bytes, cursor: str | None) -> Page:
        try:
            inner = msgspec.Raw(body)
            for name in self.envelope:
                inner = _fields.decode(inner)[name]
            fields = _fields.decode(inner)
            complete = msgspec.json.decode(fields[self.complete], type=bool)
            following = msgspec.json.decode(fields[self.cursor], type=str | int | None)
            count = msgspec.json.decode(fields[self.count], type=int)
            records = bytes(fields[self.records])
            seen = len(_array.decode(records))
        except KeyError as error:
            raise ContractError(f"The answer has no field {error}.", next_step=_LOOK) from None
        except msgspec.DecodeError as error:
            raise ContractError(f"The answer is not the documented JSON: {error}.", next_step=_LOOK) from None
        if seen != count:
            raise ContractError(
                f"The page says {count} records and holds {seen}.",
                next_step="run again; a cut page is not taken.",
            )
        if complete:
            return Page(records)
        if following is None or str(following) == cursor:
            raise ContractError(
                f"The page says more follows, but its cursor is {following!r} again.",
                next_step="run again; if it stays, report the window to the network.",
            )
        return Page(records, str(following))


_LOOK = "compare the landed or logged answer with the network's reference; the connector may need a change."


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

    def lines(self, records: bytes) -> tuple[bytes, int, frozenset[str]]:
        """One JSON object a line, its fields in a fixed order.

        Returns:
            The lines, their number, and fields that the declaration does not know; those are dropped too.

        Raises:
            ContractError: The records are not an array of JSON objects.
        """
        unknown: frozenset[str] = frozenset()
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
            return b"".join(line + b"\n" for line in encoded), len(rows), unknown
        return _encoder.encode_lines(rows), len(rows), unknown

    def _with_unknown_fields(self, records: bytes) -> tuple[list[Any], frozenset[str]]:
        try:
            rows = self._lenient.decode(records)
            names = {name for row in _fields_array.decode(records) for name in row}
        except msgspec.DecodeError as error:
            raise _not_objects(error) from None
        return rows, frozenset(names - self._known)


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


def _not_objects(error: Exception) -> ContractError:
    return ContractError(f"The records are not JSON objects: {error}.", next_step=_LOOK)
