"""Awin, advertiser API: how it is asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from datetime import timedelta

from affiliate_assets.connectors.language import (
    ApiStream,
    BearerToken,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.networks.awin.schema import (
    PUBLISHER_FIELDS,
    PUBLISHERS,
    TRANSACTION_FIELDS,
    TRANSACTION_FIELDS_DROPPED,
    TRANSACTIONS,
)

_TIME = "%Y-%m-%dT%H:%M:%S"


def _transactions(account_id: str, window: Window, cursor: str | None) -> Request:
    assert window.start is not None
    assert window.end is not None
    assert window.clock is not None
    return Request(
        "GET",
        f"advertisers/{account_id}/transactions/",
        {
            "startDate": window.start.strftime(_TIME),
            "endDate": window.end.strftime(_TIME),
            "timezone": "UTC",
            "dateType": window.clock,
        },
    )


def _publishers(account_id: str, window: Window, cursor: str | None) -> Request:
    return Request("GET", f"advertisers/{account_id}/publishers")


def _probe(account_id: str) -> Request:
    return Request("GET", "accounts", {"type": "advertiser"})


CONNECTOR = Connector(
    slug="awin",
    title="Awin",
    base_url="https://api.awin.com",
    auth=BearerToken(),
    # Per user, so shared by all accounts and tools that use the same token.
    limits=(RateLimit(20, timedelta(minutes=1)),),
    probe=_probe,
    owner="team:affiliate-data",
    docs_url="https://help.awin.com/apidocs",
    streams=(
        ApiStream(
            name="transactions",
            description="One transaction as Awin reports it; changed in place, so every observed version is kept.",
            request=_transactions,
            paging=WholeWindow(),
            key=("id",),
            allowed=TRANSACTION_FIELDS,
            dropped=TRANSACTION_FIELDS_DROPPED,
            schema=TRANSACTIONS,
            clocks=(
                Clock("transaction", "transaction_date", "new transactions", timedelta(days=3)),
                Clock("validation", "validation_date", "approved or declined since", timedelta(days=1)),
                Clock("amendment", "amendment_date", "amended since", timedelta(days=1)),
            ),
            # 31 days are documented; whether exactly 31 × 24 hours pass is not.
            max_span=timedelta(days=30),
            # The three clocks show every change but a deletion, which no clock is documented to carry.
            open_records=OpenRecords("commission_status", frozenset({"pending"}), timedelta(days=7)),
        ),
        ApiStream(
            name="publishers",
            description="One publisher with an active relationship to the advertiser.",
            request=_publishers,
            paging=WholeWindow(),
            key=("id",),
            allowed=PUBLISHER_FIELDS,
            schema=PUBLISHERS,
        ),
    ),
)
