"""Everflow, Network API: how it is asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from affiliate_assets.connectors.answers import documented
from affiliate_assets.connectors.auth import HeaderKeys
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
from affiliate_assets.connectors.listing import Numbered
from affiliate_assets.connectors.lookup import Lookup
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.errors import ContractError
from affiliate_assets.networks.everflow.records import TIME, agrees, clicks_kept, conversions_kept
from affiliate_assets.networks.everflow.schema import (
    AFFILIATE_FIELDS,
    AFFILIATE_FIELDS_DROPPED,
    AFFILIATES,
    CLICK_FIELDS,
    CLICK_FIELDS_DROPPED,
    CLICKS,
    CONVERSION_FIELDS,
    CONVERSION_FIELDS_DROPPED,
    CONVERSIONS,
    OFFER_FIELDS,
    OFFER_FIELDS_DROPPED,
    OFFERS,
)

_COMPARE = "run again; if it stays, compare the answer with Everflow's reference."
_PAGE = 2000
_CLICKS = 10_000
# Names of the tz database that are UTC all year.
_UTC = frozenset({"UTC", "Etc/UTC", "UCT", "Etc/UCT", "Universal", "Etc/Universal", "Zulu", "Etc/Zulu"})


class _Zone(msgspec.Struct):
    timezone_id: int
    timezone: str


class _Zones(msgspec.Struct):
    timezones: list[_Zone]


def _utc_id(answer: Answer) -> int:
    """Everflow's number of UTC."""
    zones = documented(answer, _Zones, "The answer", next_step=_COMPARE).timezones
    found = sorted(zone.timezone_id for zone in zones if zone.timezone in _UTC)
    if not found:
        raise ContractError(
            f"Everflow lists {len(zones)} time zones, and none of them is UTC.",
            next_step="compare /meta/timezones with Everflow's reference; without UTC no window can be asked for.",
        )
    return found[0]


UTC_ID = Lookup(Request("GET", "meta/timezones"), _utc_id)


def _question(account_id: str, start: datetime, end: datetime, **more: Any) -> dict[str, Any]:
    """A report's body: the span in UTC to the second, rounded outwards, and the account's advertiser."""
    return {
        "from": start.strftime(TIME),
        "to": (end + timedelta(microseconds=999_999)).strftime(TIME),
        "timezone_id": UTC_ID,
        **more,
        "query": {"filters": [{"resource_type": "advertiser", "filter_id_value": account_id}]},
    }


def _conversions(account_id: str, window: Window, cursor: str | None) -> Request:
    assert window.start is not None
    assert window.end is not None
    body = _question(account_id, window.start, window.end, show_conversions=True, show_events=True)
    return Request("POST", "networks/reporting/conversions", _page(cursor), json=body)


def _clicks(account_id: str, window: Window, cursor: str | None) -> Request:
    assert window.start is not None
    assert window.end is not None
    body = _question(account_id, window.start, window.end)
    return Request("POST", "networks/reporting/clicks/stream", json=body)


def _listing(path: str) -> Callable[[str, Window, str | None], Request]:
    return lambda account_id, window, cursor: Request("GET", path, _page(cursor))


def _page(cursor: str | None) -> dict[str, str]:
    return {"page": cursor or "1", "page_size": str(_PAGE)}


def _paging(records: str, shape: Callable[[bytes], bytes] = bytes) -> Numbered:
    return Numbered(
        records=(records,),
        size=_PAGE,
        number=("paging", "page"),
        total=("paging", "total_count"),
        told_size=("paging", "page_size"),
        shape=shape,
    )


class _Summary(msgspec.Struct):
    total: int
    payout: Decimal


def _summary(account_id: str, start: datetime, end: datetime) -> Request:
    # Whether the end is included is not stated, so the second before it is named.
    last = end - timedelta(seconds=1)
    body = _question(account_id, start, last, show_conversions=True, show_events=True)
    return Request("POST", "networks/reporting/conversions/summary", json=body)


def _total(answer: Answer) -> Total:
    summary = documented(answer, _Summary, "The answer", next_step=_COMPARE)
    return Total(summary.total, summary.payout)


def _probe(account_id: str) -> Request:
    return Request("GET", "networks/advertisers", _page(None))


CONNECTOR = Connector(
    slug="everflow",
    title="Everflow",
    base_url="https://api.eflow.team/v1",
    auth=HeaderKeys({"X-Eflow-API-Key": "api_key"}),
    # 20 requests a second, averaged over 30 s. The hourly quota is that of granular reports; which reports these are
    # is not told, so every call counts.
    limits=(RateLimit(600, timedelta(seconds=30)), RateLimit(1000, timedelta(hours=1))),
    probe=_probe,
    owner="team:affiliate-data",
    docs_url="https://developers.everflow.io",
    lock_rule="none: approved and rejected may be changed at any time (developers.everflow.io, conversions)",
    streams=(
        ApiStream(
            name="conversions",
            description="One conversion or event; changed in place, so every observed version is kept.",
            request=_conversions,
            paging=_paging("conversions", conversions_kept),
            key=("conversion_id",),
            allowed=CONVERSION_FIELDS,
            dropped=CONVERSION_FIELDS_DROPPED,
            schema=CONVERSIONS,
            # Nothing tells what has changed. 90 days hold a return period of 30 days, a month of approvals and the
            # invoice of the month after; what they cost is in the README.
            clocks=(
                Clock(
                    "conversion",
                    "conversion_unix_timestamp",
                    "new rows, and changes of the last 90 days",
                    timedelta(days=90),
                ),
            ),
            # A year is allowed; shorter windows are less to ask for again.
            max_span=timedelta(days=31),
            # No state is final: what has left the 90 days is read again once a month, as long as Everflow answers.
            open_records=OpenRecords("status", frozenset({"pending", "approved"}), timedelta(days=30)),
            control=ControlTotals(_summary, _total, "payout", frozenset(), timedelta(days=364)),
            agrees=partial(agrees, "conversions", "conversion_unix_timestamp"),
            # 365 days, and a call is made later than it was planned.
            history=timedelta(days=364),
        ),
        ApiStream(
            name="clicks",
            description="One click on a partner's link.",
            request=_clicks,
            # Rows above the cap are dropped without a sign, and there is no paging.
            paging=WholeWindow(cap=_CLICKS, records=("clicks",), shape=clicks_kept),
            key=("transaction_id",),
            allowed=CLICK_FIELDS,
            dropped=CLICK_FIELDS_DROPPED,
            schema=CLICKS,
            clocks=(Clock("click", "unix_timestamp", "new clicks", timedelta(days=1)),),
            # 14 days are documented; whether exactly 14 × 24 hours pass is not.
            max_span=timedelta(days=13),
            agrees=partial(agrees, "clicks", "unix_timestamp"),
            # Three months; older clicks are kept only where a conversion followed.
            history=timedelta(days=89),
        ),
        ApiStream(
            name="affiliates",
            description="One partner of the network account.",
            request=_listing("networks/affiliates"),
            paging=_paging("affiliates"),
            key=("network_affiliate_id",),
            allowed=AFFILIATE_FIELDS,
            dropped=AFFILIATE_FIELDS_DROPPED,
            schema=AFFILIATES,
        ),
        ApiStream(
            name="offers",
            description="One offer of the network account, of whichever advertiser.",
            request=_listing("networks/offers"),
            paging=_paging("offers"),
            key=("network_offer_id",),
            allowed=OFFER_FIELDS,
            dropped=OFFER_FIELDS_DROPPED,
            schema=OFFERS,
        ),
    ),
)
