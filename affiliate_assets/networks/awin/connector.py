"""Awin, advertiser API: how it is asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from affiliate_assets.connectors.answers import documented
from affiliate_assets.connectors.auth import BearerToken
from affiliate_assets.connectors.language import (
    Answer,
    ApiStream,
    Clock,
    Connector,
    ControlTotals,
    OpenRecords,
    RateLimit,
    Request,
    Total,
    Window,
)
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.networks.awin.corrections import CORRECTIONS
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


class _PublisherTotals(msgspec.Struct, rename="camel"):
    """A line of the report by publisher; `total…` adds pending, confirmed and bonus, but not declined."""

    total_no: int
    declined_no: int
    total_value: Decimal
    declined_value: Decimal


def _report(account_id: str, start: datetime, end: datetime) -> Request:
    # Whether the last day is included is not stated; as for transactions, it is read as included.
    last = end - timedelta(days=1)
    return Request(
        "GET",
        f"advertisers/{account_id}/reports/publisher",
        {
            "startDate": f"{start:%Y-%m-%d}",
            "endDate": f"{last:%Y-%m-%d}",
            "timezone": "UTC",
            "dateType": "transaction",
        },
    )


def _total(answer: Answer) -> Total:
    lines = documented(
        answer,
        list[_PublisherTotals],
        "The report by publisher",
        next_step="run again; if it stays, compare the answer with Awin's reference.",
    )
    return Total(
        sum(line.total_no + line.declined_no for line in lines),
        sum((line.total_value + line.declined_value for line in lines), Decimal(0)),
    )


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
    tells_payment=True,
    asks_for_utc=True,
    lock_rule="approved by itself at the end of the validation period, which the contract sets (Access plan: 67 days);"
    " only a pending transaction can be amended or declined",
    owner="team:affiliate-data",
    docs_url="https://help.awin.com/apidocs",
    corrections=CORRECTIONS,
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
                # Older accounts may not know it; a transaction is amended while it is pending, at most 75 days.
                Clock("amendment", "amendment_date", "amended since", timedelta(days=1), instead=timedelta(days=75)),
            ),
            # 31 days are documented; whether exactly 31 × 24 hours pass is not.
            max_span=timedelta(days=30),
            # The three clocks show every change but a deletion and a payment, which none is documented to carry.
            open_records=OpenRecords(
                "commission_status",
                frozenset({"pending"}),
                timedelta(days=7),
                payable=frozenset({"approved"}),
                paid="paid_to_publisher",
            ),
            # About 400 days a report. Its columns have none for deleted transactions.
            control=ControlTotals(_report, _total, "sale_amount", frozenset({"deleted"}), timedelta(days=390)),
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
