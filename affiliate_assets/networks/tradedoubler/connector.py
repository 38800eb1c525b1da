"""Tradedoubler, Advertiser Management API: how it is asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from affiliate_assets.connectors.auth import OAuth2
from affiliate_assets.connectors.language import (
    ApiStream,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.connectors.lookup import Lookup
from affiliate_assets.networks.tradedoubler.answers import (
    DAY,
    PAGE,
    PAGES,
    Transactions,
    agrees,
    currency,
    problem,
)
from affiliate_assets.networks.tradedoubler.schema import (
    PROGRAM_FIELDS,
    PROGRAM_FIELDS_DROPPED,
    PROGRAMS,
    SOURCE_FIELDS,
    SOURCE_FIELDS_DROPPED,
    SOURCES,
    TRANSACTION_FIELDS,
    TRANSACTION_FIELDS_DROPPED,
    TRANSACTIONS,
)

_JSON = {"Content-Type": "application/json"}


def _ask(path: str, cursor: str | None, params: dict[str, Any]) -> Request:
    paged = {**params, "offset": cursor or "0", "limit": str(PAGE)}
    return Request("GET", f"advertiser/{path}", paged, headers=_JSON)


@cache
def _currency(account_id: str) -> Lookup:
    """The programme's own currency: in any other one, the amounts are converted."""
    return Lookup(Request("GET", f"advertiser/programs/{account_id}", headers=_JSON), currency)


def _transactions(account_id: str, window: Window, cursor: str | None) -> Request:
    assert window.start is not None
    assert window.end is not None
    # Whole days, both of them included.
    last = max(window.start, window.end - timedelta(seconds=1))
    params: dict[str, Any] = {
        "programId": account_id,
        "fromDate": f"{window.local(window.start):{DAY}}",
        "toDate": f"{window.local(last):{DAY}}",
        "reportCurrencyCode": _currency(account_id),
        # What is added while pages are read comes late in this order, and moves nothing out of reach.
        "sortBy": "timeOfTransaction",
        "sortOrder": "asc",
    }
    if window.clock == "lastModified":
        params["lastModified"] = "true"
    return _ask("report/transactions", cursor, params)


def _sources(account_id: str, window: Window, cursor: str | None) -> Request:
    return _ask(f"programs/{account_id}/sources", cursor, {"sortBy": "created", "sortOrder": "asc"})


def _programs(account_id: str, window: Window, cursor: str | None) -> Request:
    return _ask("programs", cursor, {"sortBy": "id", "sortOrder": "asc"})


def _probe(account_id: str) -> Request:
    return Request("GET", f"advertiser/programs/{account_id}", headers=_JSON)


CONNECTOR = Connector(
    slug="tradedoubler",
    title="Tradedoubler",
    base_url="https://connect.tradedoubler.com",
    auth=OAuth2("password", "uaa/oauth/token"),
    # Per API client; breached, 429 comes as plain text and without any header.
    limits=(RateLimit(60, timedelta(minutes=1)),),
    limited_by=frozenset({"client_id"}),
    probe=_probe,
    problem=problem,
    correction="in_place",
    tells_status=True,
    lock_rule="once it is no longer pending: decided by hand, or by itself at the end of the event's pending period,"
    " usually up to 90 days (Advertiser Management API, Pending Sales: error 9996 for anything else)",
    owner="team:affiliate-data",
    docs_url="https://github.com/tradedoubler/publicapi-docs",
    streams=(
        ApiStream(
            name="transactions",
            description="One sale or lead as the network reports it; changed in place, so every version is kept.",
            request=_transactions,
            paging=Transactions(),
            key=("transactionId",),
            allowed=TRANSACTION_FIELDS,
            dropped=TRANSACTION_FIELDS_DROPPED,
            schema=TRANSACTIONS,
            # The programme's own zone where it is another one: `time_zone` of the account.
            time_zone="Europe/Stockholm",
            clocks=(
                # Offline sales are dated back, and whether the other clock shows a row never changed is not stated.
                Clock("transaction", "time_of_transaction", "new transactions", timedelta(days=30)),
                Clock("lastModified", "time_of_last_modified", "changed since", timedelta(days=2)),
            ),
            # No longest window is documented.
            max_span=timedelta(days=30),
            shortest_span=timedelta(days=1),
            # Whether a decision that comes by itself moves the time of the last change is not stated.
            open_records=OpenRecords("status", frozenset({"P"}), timedelta(days=7)),
            agrees=agrees,
        ),
        ApiStream(
            name="sources",
            description="One publisher's site that has applied to the programme.",
            request=_sources,
            paging=PAGES,
            key=("sourceId",),
            allowed=SOURCE_FIELDS,
            dropped=SOURCE_FIELDS_DROPPED,
            schema=SOURCES,
            time_zone="Europe/Stockholm",
        ),
        ApiStream(
            name="programs",
            description="One programme of the advertiser, also those that no account here reads.",
            request=_programs,
            paging=PAGES,
            key=("id",),
            allowed=PROGRAM_FIELDS,
            dropped=PROGRAM_FIELDS_DROPPED,
            schema=PROGRAMS,
            time_zone="Europe/Stockholm",
        ),
    ),
)
