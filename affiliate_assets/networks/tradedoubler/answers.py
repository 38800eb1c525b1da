"""How Tradedoubler's answers are read: pages by offset, their currency, and what shows that a filter was ignored."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from affiliate_assets.connectors.answers import time_or_none
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.connectors.listing import Offset
from affiliate_assets.connectors.paging import Page, decoded, field_at, typed
from affiliate_assets.errors import AffiliateError, BrokenAnswer, ContractError
from affiliate_assets.http.answers import snippet
from affiliate_assets.networks.tradedoubler.schema import TRANSACTION_FIELDS, TRANSACTION_FIELDS_DROPPED

# The most that the network gives.
PAGE = 100
# `YYYYMMDD`; how a time of day would be spelled is not documented.
DAY = "%Y%m%d"
_LEAST, _MOST = timedelta(days=1), timedelta(days=2)

PAGES = Offset(records=("items",), size=PAGE, total=("total",), told_offset=("offset",), told_size=("limit",))

_SPELLING = {name.lower(): name for name in TRANSACTION_FIELDS | TRANSACTION_FIELDS_DROPPED}
_rows = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


@dataclass(frozen=True, slots=True)
class Transactions:
    """Pages of transactions: each gets the currency of its page, and field names in one spelling."""

    resumable: ClassVar[bool] = False
    proof: ClassVar[str] = PAGES.proof

    def page(self, body: bytes, cursor: str | None) -> Page:
        page = PAGES.page(body, cursor)
        currency = msgspec.Raw(field_at(body, ("reportCurrencyCode",)))
        rows = [{**_spelled(row), "reportCurrencyCode": currency} for row in decoded(_rows, page.records)]
        return replace(page, records=msgspec.json.encode(rows))


def _spelled(row: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The record with documented names in one spelling: the reference writes `timeofTransaction` here and there."""
    spelled = {_SPELLING.get(name.lower(), name): value for name, value in row.items()}
    return {**spelled, **{name: value for name, value in row.items() if name in spelled}}


def problem(answer: Answer) -> AffiliateError | None:
    """A page of HTML with status 200 is a login, a gateway or a maintenance page, and never an empty window."""
    if 200 <= answer.status < 300 and answer.body.lstrip()[:1] == b"<":
        return BrokenAnswer(
            f"Tradedoubler answered {answer.status} with a page instead of JSON: {snippet(answer.body)}.",
            next_step="run again later; if it stays, check base_url, and that the API client still exists.",
        )
    return None


def currency(answer: Answer) -> str:
    """The currency that a programme tracks in."""
    code = typed(field_at(answer.body, ("currencyCode",)), Any)
    if not isinstance(code, str) or not re.fullmatch(r"[A-Z]{3}", code):
        raise ContractError(
            f"The programme's currencyCode is {snippet(str(code).encode())}, not a currency.",
            next_step="look at the programme in Tradedoubler's interface; without its currency, amounts are converted.",
        )
    return code


class _Row(msgspec.Struct, rename="camel"):
    """What tells whether a record answers the question, whatever stands there."""

    program_id: Any = None
    time_of_transaction: Any = None
    time_of_last_modified: Any = None


_told = msgspec.json.Decoder(list[_Row])


def agrees(request: Request, answer: Answer) -> None:
    """Refuse transactions of another programme, or dated two days and more beside the days asked for.

    Whether a filter that the network does not know is refused is not documented. Up to a day may come from the zone,
    and a row that was never changed says nothing of the clock of changes.
    """
    rows = decoded(_told, field_at(answer.body, ("items",)))
    asked = request.params["programId"]
    others = {row.program_id for row in rows if isinstance(row.program_id, int) and str(row.program_id) != asked}
    if others:
        raise ContractError(
            f"Programme {asked} was asked for, and transactions of {min(others)} came.", next_step=_COMPARE
        )
    first, last = (datetime.fromisoformat(str(request.params[name])) for name in ("fromDate", "toDate"))
    changed = "lastModified" in request.params
    for row in rows:
        date = time_or_none(row.time_of_last_modified if changed else row.time_of_transaction)
        if date is not None and not first - _LEAST <= date < last + _MOST:
            raise ContractError(
                f"{first:%Y-%m-%d} to {last:%Y-%m-%d} was asked for, and a transaction of {date:%Y-%m-%d} came.",
                next_step=_COMPARE,
            )


_COMPARE = "compare programId, fromDate, toDate and lastModified with the reference; the network may ignore them."
