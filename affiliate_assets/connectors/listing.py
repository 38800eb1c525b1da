"""Pages of a JSON object that are asked for by link, by number or by offset.

`shape` is the hook for records that are wrapped, keyed by id or given as rows below a header: it turns the raw value
of the records into a raw JSON array of objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from affiliate_assets.connectors.paging import Page, contradiction, decoded, field_at, typed

_array = msgspec.json.Decoder(list[msgspec.Raw])

Shape = Callable[[bytes], bytes]


def as_sent(records: bytes) -> bytes:
    """The records as they are: already an array of objects."""
    return records


@dataclass(frozen=True, slots=True)
class Linked:
    """Each page links the next one; the link is the cursor.

    Attributes:
        records: Names that lead to the records.
        link: Names that lead to the link; missing, null or empty after the last page.
        total: Names that lead to the number of records in the window, where it is told.
        count: Names that lead to the number of records on this page, where it is told.
        resumable: The link names a place in the data, not a row number.
    """

    records: tuple[str, ...]
    link: tuple[str, ...]
    total: tuple[str, ...] = ()
    count: tuple[str, ...] = ()
    shape: Shape = as_sent
    resumable: bool = False
    proof: ClassVar[str] = "no link to a further page"

    def page(self, body: bytes, cursor: str | None) -> Page:
        following = typed(field_at(body, self.link, default=b"null"), str | None) or None
        if following is not None and following == cursor:
            raise contradiction(f"The page links itself as the next one: {following!r}.")
        records = self.shape(field_at(body, self.records))
        return Page(records, following, _number(body, self.total), _number(body, self.count))


@dataclass(frozen=True, slots=True)
class Numbered:
    """Pages are counted; the number of the next one is the cursor.

    The end is the number of pages, else the total, else a page that is not full.

    Attributes:
        records: Names that lead to the records.
        size: Records asked for in a page.
        told_size: Names that lead to the size of a page as the network took it, where it is told; it may be smaller.
        number: Names that lead to the number of this page, where it is told.
        pages: Names that lead to the number of pages, where it is told.
        total: Names that lead to the number of records in the window, where it is told.
        first: Number of the first page.
    """

    records: tuple[str, ...]
    size: int
    number: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    total: tuple[str, ...] = ()
    first: int = 1
    shape: Shape = as_sent
    told_size: tuple[str, ...] = ()
    resumable: ClassVar[bool] = False

    @property
    def proof(self) -> str:
        if self.pages:
            return "as many pages as the network counts"
        return "as many records as the network counts" if self.total else "a page that is not full"

    def page(self, body: bytes, cursor: str | None) -> Page:
        asked = self.first if cursor is None else int(cursor)
        told = _number(body, self.number)
        if told is not None and told != asked:
            raise contradiction(f"Page {asked} was asked for, page {told} came.")
        records = self.shape(field_at(body, self.records))
        pages, total = _number(body, self.pages), _number(body, self.total)
        size = _number(body, self.told_size) or self.size
        if pages is not None:
            more = asked - self.first + 1 < pages
        elif total is not None:
            more = (asked - self.first + 1) * size < total
        else:
            more = len(decoded(_array, records)) >= size
        return Page(records, str(asked + 1) if more else None, total)


@dataclass(frozen=True, slots=True)
class Offset:
    """Each page begins at a record number, which is the cursor.

    Attributes:
        records: Names that lead to the records.
        size: Records asked for in a page.
        total: Names that lead to the number of records in the window; without it a page that is not full is the last.
        told_offset: Names that lead to the number of this page's first record, where it is told.
        told_size: Names that lead to the most records that the page may hold, where it is told. With it and the total,
            a page that lacks records is refused: the next one would begin in their place, and the total still be met.
    """

    records: tuple[str, ...]
    size: int
    total: tuple[str, ...] = ()
    shape: Shape = as_sent
    told_offset: tuple[str, ...] = ()
    told_size: tuple[str, ...] = ()
    resumable: ClassVar[bool] = False

    @property
    def proof(self) -> str:
        return "as many records as the network counts" if self.total else "a page that is not full"

    def page(self, body: bytes, cursor: str | None) -> Page:
        offset = 0 if cursor is None else int(cursor)
        told = _number(body, self.told_offset)
        if told is not None and told != offset:
            raise contradiction(f"Records from number {offset} were asked for, those from {told} came.")
        records = self.shape(field_at(body, self.records))
        total, seen = _number(body, self.total), len(decoded(_array, records))
        size = _number(body, self.told_size)
        if size is not None and total is not None and seen != (due := max(0, min(size, total - offset))):
            raise contradiction(f"The page holds {seen} records, and by its own numbers {due}.")
        more = seen >= self.size if total is None else offset + seen < total
        return Page(records, str(offset + seen) if more else None, total)


def _number(body: bytes, names: tuple[str, ...]) -> int | None:
    """A number in the answer, which some networks write as a text; None without names."""
    if not names:
        return None
    value = typed(field_at(body, names), int | str)
    if isinstance(value, str) and not value.strip().isdecimal():
        raise contradiction(f"The answer's {'.'.join(names)} is {value!r}, not a number.")
    return int(value)
