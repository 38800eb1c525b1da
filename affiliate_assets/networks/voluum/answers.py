"""What Voluum's rows say of themselves and of the question: which row it is, when, and of which campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.connectors.listing import Offset
from affiliate_assets.connectors.paging import Page, decoded, field_at
from affiliate_assets.errors import ContractError
from affiliate_assets.networks.voluum.schema import PRINTED

#: How a question names a time: whole hours.
HOUR = "%Y-%m-%dT%H"
_KEY = ("clickId", "transactionId", "conversionTypeId")
_LOOK = "compare the answer with Voluum's reference; the connector may need a change."
#: Rows asked for in a page.
SIZE = 10_000
_records = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


@dataclass(frozen=True, slots=True)
class LiveList:
    """Recent visits or clicks: with pages where the answer counts them like the report, else what there is.

    Attributes:
        records: Name that leads to the rows.
        total: Name that leads to their number, where it is told.
    """

    records: tuple[str, ...] = ("rows",)
    total: tuple[str, ...] = ("totalRows",)
    proof: ClassVar[str] = "as many records as the network counts, where it counts"
    resumable: ClassVar[bool] = False

    def page(self, body: bytes, cursor: str | None) -> Page:
        if field_at(body, self.total, default=b"null") == b"null":
            return Page(field_at(body, self.records))
        size = () if field_at(body, ("limit",), default=b"null") == b"null" else ("limit",)
        return Offset(self.records, SIZE, self.total, told_size=size).page(body, cursor)


def told_apart(records: bytes) -> bytes:
    """The rows with `rowId`: click, transaction and type, of which the last two may be empty or null.

    A row that lacks one of them has none, and fails validation.

    Raises:
        ContractError: Two rows of the page agree in all three, so that one of them would be lost.
    """
    rows = decoded(_records, records)
    seen: Counter[str] = Counter()
    for row in rows:
        # What the network calls by our own name is not it.
        row.pop("rowId", None)
        parts = [_text(row.get(name)) for name in _KEY]
        if parts[0] and None not in parts:
            name = " ".join(part for part in parts if part is not None)
            seen[name] += 1
            row["rowId"] = msgspec.Raw(msgspec.json.encode(name))
    twice = sum(count > 1 for count in seen.values())
    if twice:
        raise ContractError(
            f"{twice} conversions come twice on one page by click, transaction and type.", next_step=_LOOK
        )
    return msgspec.json.encode(rows)


def _text(value: msgspec.Raw | None) -> str | None:
    """The text, empty for null; None where there is no field or something else than a text or number."""
    if value is None:
        return None
    try:
        found = msgspec.json.decode(value, type=str | int | None)
    except msgspec.DecodeError:
        return None
    return "" if found is None else str(found)


def within_what_was_asked(request: Request, answer: Answer) -> None:
    """Refuse conversions of other hours than were asked for: a parameter that is not understood may be passed over.

    Whether the hour that ends the span is included is not known, so it may be there.
    """
    start, end = (_at(str(request.params[name]), HOUR) for name in ("from", "to"))
    for row in _rows(answer):
        try:
            at = _at(row["postbackTimestamp"], PRINTED)
        except (KeyError, TypeError, ValueError):
            continue
        if not start <= at < end + timedelta(hours=1):
            raise ContractError(
                f"Asked for postbacks from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, one of {at} came.",
                next_step="compare `from`, `to` and `tz` with Voluum's reference.",
            )


def _at(text: str, form: str) -> datetime:
    """A time of the wall clock asked for; the zone is the same on both sides of a comparison."""
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def of_the_campaign(request: Request, answer: Answer) -> None:
    """Refuse visits or clicks of another campaign than the one that the path names."""
    asked = request.path.rpartition("/")[2]
    strangers = {found for row in _rows(answer) if isinstance(found := row.get("campaignId"), str) and found != asked}
    if strangers:
        raise ContractError(f"Campaign {min(strangers)} came, {asked} was asked for.", next_step=_LOOK)


def _rows(answer: Answer) -> Iterator[dict[str, Any]]:
    """The rows that are objects; what is no JSON is left to the paging."""
    try:
        rows = msgspec.json.decode(answer.body)["rows"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return
    yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict))
