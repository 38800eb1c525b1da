"""How Partnerize's answers are read: wrapped records, items, pages, and the echo of the question.

Query parameters that Partnerize does not know are ignored without an error, so a filter that stopped working would
return everything: `echoes` holds each answer against its question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from affiliate_assets.connectors.answers import value_or_none
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.connectors.paging import Page, contradiction, decoded, field_at, too_large, typed
from affiliate_assets.errors import ContractError

Fields = dict[str, msgspec.Raw]

TIME = "%Y-%m-%dT%H:%M:%SZ"

_objects = msgspec.json.Decoder(list[Fields])
_encoder = msgspec.json.Encoder()
_NULL = msgspec.Raw(b"null")
_NEXT_PAGE = ("hypermedia", "pagination", "next_page")
# How long an answer may be in the making.
_MAKING = timedelta(minutes=10)
_CHANGED = "compare the answer with Partnerize's reference; the connector may need a change."


def unwrapped(records: bytes, name: str) -> list[Fields]:
    """The records without the object of one name that is around each."""
    wrappers = decoded(_objects, records)
    if any(name not in wrapper for wrapper in wrappers):
        raise ContractError(f"A record has no field '{name}'.", next_step=_CHANGED)
    return [typed(wrapper[name], Fields) for wrapper in wrappers]


def items_of(conversion: Fields) -> list[Fields]:
    """One record an item: the item's fields beside those of its conversion, and of its click with `click_` before.

    `conversion_item_ids` names all items of the conversion in this answer, so that one that is gone can be told from
    one that has not changed. Without any readable item, one record without an item: validation refuses it by name.
    """
    shared = {name: value for name, value in conversion.items() if name not in ("click", "conversion_items")}
    click = _object(conversion.get("click"))
    shared |= {f"click_{name}": value for name, value in click.items()}
    items = value_or_none(conversion.get("conversion_items"), list[Fields]) or []
    shared["conversion_item_ids"] = _raw(" ".join(_text(item.get("conversion_item_id")) or "?" for item in items))
    return [{**shared, **_item(item)} for item in items] or [shared]


def _item(item: Fields) -> Fields:
    fields = {"item_meta_data" if name == "meta_data" else name: value for name, value in item.items()}
    codes = [code for code in value_or_none(item.get("voucher_codes"), list[Any]) or [] if isinstance(code, str)]
    return {**fields, "voucher_code": _raw(",".join(codes))}


def click_of(click: Fields) -> Fields:
    """A click with the host of its referer, whose query may name a person."""
    try:
        host = urlsplit(_text(click.get("referer")) or "").hostname
    except ValueError:
        host = None
    return {**click, "referer_host": _raw(host)}


@dataclass(frozen=True, slots=True)
class ConversionPages:
    """Pages of the conversion report by cursor; a record becomes as many as it has items.

    The cursor is `<conversions so far>:<cursor_id>`: what the network counts are conversions, not items.

    Attributes:
        size: Conversions asked for in a page.
    """

    size: int
    # How long a cursor lives is not documented.
    resumable: ClassVar[bool] = False
    proof: ClassVar[str] = "no link to a further page, and as many conversions as the network counts"

    def page(self, body: bytes, cursor: str | None) -> Page:
        before, _, asked = (cursor or "").rpartition(":")
        conversions = unwrapped(field_at(body, ("conversions",)), "conversion_data")
        link = typed(field_at(body, _NEXT_PAGE, default=b"null"), str | None) or None
        following = cursor_id(link) if link else None
        if following is not None and following == asked:
            raise contradiction(f"The page says more follows, but its cursor_id is {following!r} again.")
        here = len(conversions)
        seen = int(before or 0) + here
        count = typed(field_at(body, ("count",)), int | float)
        by_currency = typed(field_at(body, ("total_conversion_count",)), dict[str, int | float] | list[Any])
        totals = sum(by_currency.values()) if isinstance(by_currency, dict) else 0
        for name, told in (("count", count), ("total_conversion_count", totals)):
            _tally(name, int(told), here, seen, last=following is None)
        if link is None and here >= self.size and field_at(body, ("hypermedia",), default=b"null") == b"null":
            raise too_large(f"The page is full with {here} conversions and does not say whether more follow.")
        records = _encoder.encode([item for conversion in conversions for item in items_of(conversion)])
        return Page(records, None if following is None else f"{seen}:{following}")


def _tally(name: str, told: int, here: int, seen: int, *, last: bool) -> None:
    """Whether with cursors the page or the window is counted is not documented: it must be one of the two."""
    if told == here or (told == seen if last else told > seen):
        return
    raise contradiction(f"The answer's {name} is {told}; {here} conversions are on this page, {seen} were read so far.")


def cursor_id(link: str) -> str:
    """The place of the next page in its link."""
    try:
        return parse_qs(urlsplit(link).query)["cursor_id"][0]
    except (ValueError, KeyError):
        raise ContractError("The link to the next page has no cursor_id.", next_step=_CHANGED) from None


@dataclass(frozen=True, slots=True)
class OffsetPages:
    """Pages by offset; the offset is the cursor.

    Attributes:
        records: Field of the wrapped records.
        name: Field around each of them.
        size: Records asked for in a page.
        counted: The number of records is documented, so it must be there; else it is used where it is.
        shape: What a record is turned into.
    """

    records: str
    name: str
    size: int
    counted: bool = False
    shape: Callable[[Fields], Fields] = dict
    resumable: ClassVar[bool] = False

    @property
    def proof(self) -> str:
        return "as many records as the network counts" if self.counted else "no further page by count, link or length"

    def page(self, body: bytes, cursor: str | None) -> Page:
        offset = int(cursor or 0)
        told = _number(body, "offset")
        if told is not None and told != offset:
            raise contradiction(f"Records from {offset} on were asked for, those from {told} on came.")
        rows = unwrapped(field_at(body, (self.records,)), self.name)
        count = _number(body, "count", needed=self.counted)
        seen = offset + len(rows)
        if count is not None:
            more = seen < count
        else:
            linked = field_at(body, _NEXT_PAGE, default=b"null") not in (b"null", b'""')
            limit = _number(body, "limit")
            # An answer that tells nothing of pages is whole, unless it is exactly as long as the page asked for.
            more = linked or (len(rows) == self.size if limit is None else len(rows) >= limit)
        records = _encoder.encode([self.shape(row) for row in rows])
        # A full page without a count may be the last one: an empty page after it is the end, not a fault.
        return Page(records, str(seen) if more and rows else None, count)


def echoes(request: Request, answer: Answer) -> None:
    """Hold a report against its question: zone, window, campaign, and the times of its records.

    Raises:
        ContractError: It answers another question: a filter was ignored.
    """
    params = {name: str(value) for name, value in request.params.items()}
    zone = ZoneInfo(params["timezone"])
    start, end = (_instant(params[name]) for name in ("start_date", "end_date"))
    first, last = (moment.astimezone(zone).replace(tzinfo=None) for moment in (start, end))
    for name, earliest, latest in (("start", first, first), ("end", last - timedelta(seconds=1), last)):
        told = _told(answer.body, f"{name}_date_time")
        utc = _told(answer.body, f"{name}_date_time_utc")
        shift = (start if name == "start" else end).replace(tzinfo=None) - latest
        if told is None or not earliest <= told <= latest:
            raise _ignored(f"{name}_date_time is {told}, {latest} was asked for")
        if utc is not None and not earliest + shift <= utc <= latest + shift:
            raise _ignored(f"{name}_date_time_utc is {utc}, {latest + shift} was asked for")
    clock = params.get("date_type", "conversion_time")
    # Where the clocks go back, local times come twice.
    slack = timedelta(0) if first.replace(tzinfo=None) == start.replace(tzinfo=None) else timedelta(hours=2)
    campaign = request.path.split("/")[3]
    served = answer.served_at and answer.served_at.astimezone(zone).replace(tzinfo=None)
    for row, times in _dated(answer.body, clock):
        known = [time for time in times if time is not None]
        inside = any(first - slack <= time <= last + slack for time in known)
        # A record may be changed while the answer is made; an ignored date type brings others that changed later too.
        just_now = clock == "last_modified" and served is not None and any(time >= served - _MAKING for time in known)
        if known and not inside and not just_now:
            raise _ignored(f"a record's {clock} is {known[0]}, outside of the window asked for")
        if _text(row.get("campaign_id")) not in (None, campaign):
            raise _ignored("a record is of another campaign")


def _dated(body: bytes, clock: str) -> Iterable[tuple[Fields, list[datetime | None]]]:
    """Each record of a report with its times on a clock; one that is no time is judged with its record."""
    if b'"clicks"' in body and field_at(body, ("clicks",), default=b"") != b"":
        for click in unwrapped(field_at(body, ("clicks",)), "click"):
            yield click, [_time(_text(click.get("set_time")))]
        return
    for conversion in unwrapped(field_at(body, ("conversions",)), "conversion_data"):
        items = value_or_none(conversion.get("conversion_items"), list[Fields]) or []
        owners = items if clock == "approved_at" else [conversion]
        if clock == "approved_at" and all(bytes(owner.get(clock, _NULL)) == b"null" for owner in owners):
            raise _ignored(f"a record has no {clock}")
        yield conversion, [_time(_text(owner.get(clock))) for owner in owners]


def _ignored(what: str) -> ContractError:
    return ContractError(
        f"The answer is not to the question that was asked: {what}.",
        next_step="Partnerize ignores parameters it does not know; compare the question with its reference.",
    )


def _told(body: bytes, name: str) -> datetime | None:
    return _time(typed(field_at(body, (name,)), str | None))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(text: str | None) -> datetime | None:
    """A wall-clock time without a zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


def _number(body: bytes, name: str, *, needed: bool = False) -> int | None:
    value = typed(field_at(body, (name,), default=None if needed else b"null"), Decimal | None)
    return None if value is None else int(value)


def _object(value: msgspec.Raw | None) -> Fields:
    found: Fields = value_or_none(value, Fields) or {}
    return found


def _text(value: msgspec.Raw | None) -> str | None:
    found: str | None = value_or_none(value, str)
    return found


def _raw(value: str | None) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(value))
