"""Commission Factory, merchant API V1: how it is asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from affiliate_assets.connectors.answers import time_or_none
from affiliate_assets.connectors.auth import QueryKeys
from affiliate_assets.connectors.language import (
    Answer,
    ApiStream,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.connectors.paging import WholeWindow, decoded
from affiliate_assets.errors import ContractError
from affiliate_assets.networks.commission_factory.corrections import CORRECTIONS
from affiliate_assets.networks.commission_factory.schema import (
    AFFILIATE_FIELDS,
    AFFILIATE_FIELDS_DROPPED,
    AFFILIATES,
    TRANSACTION_FIELDS,
    TRANSACTION_FIELDS_DROPPED,
    TRANSACTIONS,
)

_TIME = "%Y-%m-%dT%H:%M:%S.000"
_JSON = {"Accept": "application/json"}
# The zone is not documented, nor whether a time of day counts: either moves a bound by at most about a day.
_LEAD = timedelta(days=1)


def _transactions(account_id: str, window: Window, cursor: str | None) -> Request:
    assert window.clock is not None
    begin, end = _wall_clock(window)
    return Request(
        "GET",
        "Transactions",
        {
            "fromDate": (begin - _LEAD).strftime(_TIME),
            "toDate": end.strftime(_TIME),
            "dateProperty": window.clock,
        },
        headers=_JSON,
    )


def _wall_clock(window: Window) -> tuple[datetime, datetime]:
    """The window on the account's clock; longer where that clock shows an hour twice within it."""
    assert window.start is not None
    assert window.end is not None
    begin, end = window.local(window.start), window.local(window.end)
    shown_twice = max((window.end - window.start) - (end - begin), timedelta(0))
    return begin - shown_twice, end + shown_twice


def _affiliates(account_id: str, window: Window, cursor: str | None) -> Request:
    return Request("GET", "Affiliates", headers=_JSON)


def _probe(account_id: str) -> Request:
    return Request("GET", "Affiliates", {"status": "Invited"}, headers=_JSON)


class _Dated(msgspec.Struct, rename="pascal"):
    """A transaction's dates, whatever stands there."""

    date_created: Any = None
    date_modified: Any = None


_records = msgspec.json.Decoder(list[_Dated])


def _agrees(request: Request, answer: Answer) -> None:
    """Refuse an answer with transactions of more than a day beside the dates asked for: its filter was not obeyed.

    What lies less far outside may come from a zone or from whole days: the lead covers that, and a check of the
    stored rows tells it.
    """
    if answer.body.lstrip()[:1] != b"[":
        return
    clock = str(request.params["dateProperty"])
    begin, end = (datetime.fromisoformat(str(request.params[name])) for name in ("fromDate", "toDate"))
    records = decoded(_records, answer.body)
    written = [each.date_created if clock == "DateCreated" else each.date_modified for each in records]
    dates = [date for text in written if (date := time_or_none(text)) is not None]
    outside = [date for date in dates if not begin - _LEAD <= date <= end + _LEAD]
    if outside:
        raise ContractError(
            f"{len(outside)} of {len(dates)} transactions have a {clock} beside the dates asked for, such as"
            f" {outside[0]:%Y-%m-%d}.",
            next_step="compare fromDate, toDate and dateProperty with the reference; the network may ignore them.",
        )


CONNECTOR = Connector(
    slug="commission_factory",
    title="Commission Factory",
    base_url="https://api.commissionfactory.com/V1/Merchant",
    auth=QueryKeys({"apiKey": "api_key"}),
    # Per user account, over all its keys. The third keeps a burst from using up the minute.
    limits=(
        RateLimit(30, timedelta(seconds=60)),
        RateLimit(1000, timedelta(hours=24)),
        RateLimit(1, timedelta(seconds=2)),
    ),
    one_at_a_time=True,
    probe=_probe,
    needs_currency=True,
    corrections=CORRECTIONS,
    correction="in_place",
    tells_status=True,
    tells_payment=True,
    lock_rule="Locked once the validation period of the programme has passed, by itself or by hand"
    " (dev.commissionfactory.com, TransactionStatus2); the merchant branch tells no date",
    owner="team:affiliate-data",
    docs_url="https://dev.commissionfactory.com/V1/Merchant/",
    streams=(
        ApiStream(
            name="transactions",
            description="One transaction as the network reports it; changed in place, every observed version is kept.",
            request=_transactions,
            paging=WholeWindow(),
            key=("Id",),
            allowed=TRANSACTION_FIELDS,
            dropped=TRANSACTION_FIELDS_DROPPED,
            schema=TRANSACTIONS,
            clocks=(
                Clock("DateCreated", "date_created", "new transactions", timedelta(days=1)),
                Clock("DateModified", "date_modified", "changed since", timedelta(days=1)),
            ),
            # No longest window is documented, and the whole of it comes in one answer.
            max_span=timedelta(days=7),
            shortest_span=timedelta(days=1),
            # DateModified should show every change; whether it moves with a payment or a deletion is not stated.
            open_records=OpenRecords("status2", frozenset({"Pending", "Locked", "Approved"}), timedelta(days=7)),
            agrees=_agrees,
            time_zone="Australia/Sydney",
        ),
        ApiStream(
            name="affiliates",
            description="One publisher that is approved, invited or waiting for approval.",
            request=_affiliates,
            paging=WholeWindow(),
            key=("Id",),
            allowed=AFFILIATE_FIELDS,
            dropped=AFFILIATE_FIELDS_DROPPED,
            schema=AFFILIATES,
            time_zone="Australia/Sydney",
        ),
    ),
)
