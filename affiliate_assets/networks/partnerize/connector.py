"""Partnerize, brand side: how it is asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from datetime import timedelta

from affiliate_assets.connectors.auth import Basic
from affiliate_assets.connectors.language import (
    ApiStream,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.networks.partnerize.answers import TIME, ConversionPages, OffsetPages, click_of, echoes
from affiliate_assets.networks.partnerize.corrections import CORRECTIONS
from affiliate_assets.networks.partnerize.schema import (
    CAMPAIGN_FIELDS,
    CAMPAIGN_FIELDS_DROPPED,
    CAMPAIGNS,
    CLICK_FIELDS,
    CLICK_FIELDS_DROPPED,
    CLICKS,
    CONVERSION_ITEM_FIELDS,
    CONVERSION_ITEM_FIELDS_DROPPED,
    CONVERSION_ITEMS,
    PUBLISHER_FIELDS,
    PUBLISHER_FIELDS_DROPPED,
    PUBLISHERS,
)

# The documented maximum of the conversion report.
_PAGE = 300


def _window(window: Window) -> dict[str, str]:
    assert window.start is not None
    assert window.end is not None
    return {
        "start_date": window.start.strftime(TIME),
        "end_date": window.end.strftime(TIME),
        "timezone": window.time_zone,
        "limit": str(_PAGE),
    }


def _conversions(account_id: str, window: Window, cursor: str | None) -> Request:
    params = {**_window(window), "include_payment_info": "true"}
    if window.clock != "conversion_time":
        # Without a date type the report goes by the time of the conversion; no word for that is documented.
        params["date_type"] = str(window.clock)
    if cursor is not None:
        params["cursor_id"] = cursor.rpartition(":")[2]
    return Request("GET", f"reporting/report_advertiser/campaign/{account_id}/conversion.json", params)


def _clicks(account_id: str, window: Window, cursor: str | None) -> Request:
    params = {**_window(window), "offset": cursor or "0"}
    return Request("GET", f"reporting/report_advertiser/campaign/{account_id}/click.json", params)


def _publishers(account_id: str, window: Window, cursor: str | None) -> Request:
    return Request("GET", f"campaign/{account_id}/publisher", {"limit": str(_PAGE), "offset": cursor or "0"})


def _campaigns(account_id: str, window: Window, cursor: str | None) -> Request:
    return Request("GET", "campaign", {"limit": str(_PAGE), "offset": cursor or "0"})


def _probe(account_id: str) -> Request:
    return Request("GET", f"campaign/{account_id}")


CONNECTOR = Connector(
    slug="partnerize",
    title="Partnerize",
    base_url="https://api.partnerize.com",
    auth=Basic(username="application_key", password="user_api_key"),
    # Not published, and different for each endpoint; this is a polite ceiling for all of them together.
    limits=(RateLimit(30, timedelta(minutes=1)),),
    probe=_probe,
    owner="team:affiliate-data",
    docs_url="https://api-docs.partnerize.com/brand/",
    corrections=CORRECTIONS,
    correction="in_place",
    tells_payment=True,
    lock_rule=(
        "Not documented: pending items are decided by the brand, or by the campaign's force_approve_period; whether an"
        " approved item can still be changed is not told (Partnerize API reference 1.4.99)."
    ),
    streams=(
        ApiStream(
            name="conversion_items",
            description="One item of a conversion, with its own status; changed in place: every version is kept.",
            request=_conversions,
            paging=ConversionPages(_PAGE),
            agrees=echoes,
            key=("conversion_id", "conversion_item_id"),
            allowed=CONVERSION_ITEM_FIELDS,
            dropped=CONVERSION_ITEM_FIELDS_DROPPED,
            schema=CONVERSION_ITEMS,
            clocks=(
                Clock("conversion_time", "conversion_time", "new conversions", timedelta(days=3)),
                Clock("last_modified", "last_modified", "changed since", timedelta(days=1)),
                Clock("approved_at", "approved_at", "approved since", timedelta(days=1)),
            ),
            # No longest window is documented; a wide one may end in a time-out.
            max_span=timedelta(days=7),
            # Whether an edit of an item always moves last_modified is not documented.
            open_records=OpenRecords("item_status", frozenset({"pending"}), timedelta(days=7)),
        ),
        ApiStream(
            name="clicks",
            description="One click on a publisher's link.",
            request=_clicks,
            paging=OffsetPages("clicks", "click", _PAGE, counted=True, shape=click_of),
            agrees=echoes,
            key=("click_id",),
            allowed=CLICK_FIELDS,
            dropped=CLICK_FIELDS_DROPPED,
            schema=CLICKS,
            clocks=(Clock("set_time", "set_time", "new clicks", timedelta(days=1)),),
            # Offsets count live rows, which shift between pages: small windows keep the pages few.
            max_span=timedelta(days=1),
        ),
        ApiStream(
            name="publishers",
            description="One publisher that takes part in the campaign, or has asked to.",
            request=_publishers,
            paging=OffsetPages("publishers", "publisher", _PAGE),
            key=("publisher_id",),
            allowed=PUBLISHER_FIELDS,
            dropped=PUBLISHER_FIELDS_DROPPED,
            schema=PUBLISHERS,
        ),
        ApiStream(
            name="campaigns",
            description="One campaign, which is a programme, that the credential may see.",
            request=_campaigns,
            paging=OffsetPages("campaigns", "campaign", _PAGE),
            key=("campaign_id",),
            allowed=CAMPAIGN_FIELDS,
            dropped=CAMPAIGN_FIELDS_DROPPED,
            schema=CAMPAIGNS,
        ),
    ),
)
