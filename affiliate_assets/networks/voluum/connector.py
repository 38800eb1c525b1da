"""Voluum, a tracker: how its reports are asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from affiliate_assets.connectors.auth import SessionLogin
from affiliate_assets.connectors.language import ApiStream, Clock, Connector, RateLimit, Request, Window
from affiliate_assets.connectors.listing import Offset
from affiliate_assets.networks.voluum.answers import (
    HOUR,
    SIZE,
    LiveList,
    of_the_campaign,
    told_apart,
    within_what_was_asked,
)
from affiliate_assets.networks.voluum.schema import (
    CLICK_FIELDS,
    CLICK_FIELDS_DROPPED,
    CLICKS,
    CONVERSION_COLUMNS,
    CONVERSION_FIELDS,
    CONVERSION_FIELDS_DROPPED,
    CONVERSIONS,
    VISIT_FIELDS,
    VISIT_FIELDS_DROPPED,
    VISITS,
)


def _whole_hours(window: Window) -> tuple[datetime, datetime]:
    """The window on the wall clock asked for, widened to whole hours: anything else is refused."""
    assert window.start is not None
    assert window.end is not None
    # Instants are moved, not the clock: it may have no such hour.
    start = window.start - _past_the_hour(window.local(window.start))
    past = _past_the_hour(window.local(window.end))
    end = window.end + (timedelta(hours=1) - past if past else past)
    return replace(window, start=start, end=end).walls()


def _past_the_hour(local: datetime) -> timedelta:
    return timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _conversions(account_id: str, window: Window, cursor: str | None) -> Request:
    # Every campaign's: how a filter is understood is not documented.
    start, end = _whole_hours(window)
    params: dict[str, str | tuple[str, ...]] = {
        "from": start.strftime(HOUR),
        "to": end.strftime(HOUR),
        "tz": window.time_zone,
        "column": CONVERSION_COLUMNS,
        # Rows that arrive while pages are read come last.
        "sort": "postbackTimestamp",
        "direction": "ASC",
        "limit": str(SIZE),
        "offset": cursor or "0",
    }
    return Request("GET", "report/conversions", params)


def _live(what: str) -> Callable[[str, Window, str | None], Request]:
    def request(account_id: str, window: Window, cursor: str | None) -> Request:
        params = {"tz": window.time_zone, "limit": str(SIZE)}
        return Request("GET", f"report/live/{what}/{account_id}", params | ({"offset": cursor} if cursor else {}))

    return request


def _probe(account_id: str) -> Request:
    return Request("GET", f"report/live/visits/{account_id}", {"tz": "UTC", "limit": "1"})


CONNECTOR = Connector(
    slug="voluum",
    title="Voluum",
    role="tracker",
    base_url="https://api.voluum.com",
    auth=SessionLogin(
        names=("access_id", "access_key"),
        login=lambda secrets: {"accessId": secrets["access_id"], "accessKey": secrets["access_key"]},
        path="auth/access/session",
        token=("token",),
        header="cwauth-token",
        prefix="",
    ),
    # 15 a second by one official page; by another one a number a minute, which is not published. What is sent within a
    # second may arrive within less, so a third of it is left.
    limits=(RateLimit(10, timedelta(seconds=1)), RateLimit(60, timedelta(minutes=1))),
    probe=_probe,
    correction="negative_lines",
    tells_status=False,
    needs_currency=True,
    lock_rule="none: a correction can be uploaded at any time (doc.voluum.com)",
    owner="team:affiliate-data",
    docs_url="https://developers.voluum.com",
    streams=(
        ApiStream(
            name="conversions",
            description="One conversion, or one correction of it, which is a row of its own.",
            request=_conversions,
            paging=Offset(("rows",), SIZE, ("totalRows",), told_apart, told_size=("limit",)),
            key=("rowId",),
            allowed=CONVERSION_FIELDS,
            dropped=CONVERSION_FIELDS_DROPPED,
            schema=CONVERSIONS,
            # Rows never change; a week is for those that show up late.
            clocks=(Clock("postback", "postback_timestamp", "new conversions and corrections", timedelta(days=7)),),
            # No longest window is documented; one client goes day by day.
            max_span=timedelta(days=1),
            shortest_span=timedelta(hours=1),
            agrees=within_what_was_asked,
        ),
        ApiStream(
            name="visits",
            description="One recent visit through the campaign's link; older ones are no longer shown.",
            request=_live("visits"),
            paging=LiveList(),
            key=("clickId",),
            allowed=VISIT_FIELDS,
            dropped=VISIT_FIELDS_DROPPED,
            schema=VISITS,
            agrees=of_the_campaign,
        ),
        ApiStream(
            name="clicks",
            description="One recent click from the page visited to an offer; older ones are no longer shown.",
            request=_live("clicks"),
            paging=LiveList(),
            key=("clickId", "timestamp"),
            allowed=CLICK_FIELDS,
            dropped=CLICK_FIELDS_DROPPED,
            schema=CLICKS,
            agrees=of_the_campaign,
        ),
    ),
)
