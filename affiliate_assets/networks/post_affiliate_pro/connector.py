"""Post Affiliate Pro, merchant side of API version 1. Sources of every fact: README.md beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from affiliate_assets.connectors.auth import SessionLogin
from affiliate_assets.connectors.language import (
    ApiStream,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.networks.post_affiliate_pro.answers import PAGE, Grid, agrees, problem, session_of
from affiliate_assets.networks.post_affiliate_pro.schema import (
    AFFILIATE_COLUMNS,
    AFFILIATE_FIELDS,
    AFFILIATE_FIELDS_DROPPED,
    AFFILIATES,
    CAMPAIGN_COLUMNS,
    CAMPAIGN_FIELDS,
    CAMPAIGN_FIELDS_DROPPED,
    CAMPAIGNS,
    TRANSACTION_COLUMNS,
    TRANSACTION_FIELDS,
    TRANSACTION_FIELDS_DROPPED,
    TRANSACTIONS,
)

_PATH = "scripts/server.php"
# The server's zone unless its operator chose another.
_ZONE = "America/Los_Angeles"
_KEYS = 100
# A decline or a change of an amount is on no clock.
_TRAILING = timedelta(days=90)

_Filters = list[tuple[str, str, str]]


def _call(request: Mapping[str, object]) -> dict[str, str]:
    """The form of one request; the session is added when it is sent."""
    return {"D": json.dumps({"C": "Gpf_Rpc_Server", "M": "run", "requests": [request]})}


def _login(secrets: Mapping[str, str]) -> dict[str, str]:
    fields = {**secrets, "roleType": "M", "isFromApi": "Y", "apiVersion": ""}
    rows = [["name", "value", "values", "error"], *([name, value, None, ""] for name, value in fields.items())]
    return _call({"C": "Gpf_Api_AuthService", "M": "authenticate", "fields": rows})


def _rows(grid: str, key: str, columns: tuple[str, ...], filters: _Filters, cursor: str | None, limit: int) -> Request:
    """A page of a grid, sorted by a key that is unique, so that no two pages share a row or leave one out."""
    return Request(
        "POST",
        _PATH,
        form=_call(
            {
                "C": grid,
                "M": "getRows",
                "offset": int((cursor or "0").partition(":")[0]),
                "limit": limit,
                "columns": [[name] for name in columns],
                "filters": filters,
                "sort_col": key,
                "sort_asc": True,
            }
        ),
    )


def _day_after(wall: datetime) -> date:
    """The first day that begins no earlier than the wall time."""
    return wall.date() if wall.time() == time() else wall.date() + timedelta(days=1)


def _transactions(account_id: str, window: Window, cursor: str | None) -> Request:
    filters: _Filters
    if window.keys:
        filters = [("transid", "IN", ",".join(window.keys))]
    else:
        assert window.clock is not None
        start, end = window.walls()
        # Whole days: the same whether a filter compares days or instants.
        filters = [(window.clock, "D>=", f"{start.date()}"), (window.clock, "D<", f"{_day_after(end)}")]
    grid = "Pap_Merchants_Transaction_TransactionsGrid"
    return _rows(grid, "transid", TRANSACTION_COLUMNS, filters, cursor, PAGE)


def _affiliates(account_id: str, window: Window, cursor: str | None) -> Request:
    return _rows("Pap_Merchants_User_AffiliatesGrid", "userid", AFFILIATE_COLUMNS, [], cursor, PAGE)


def _campaigns(account_id: str, window: Window, cursor: str | None) -> Request:
    return _rows("Pap_Merchants_Campaign_CampaignsGrid", "id", CAMPAIGN_COLUMNS, [], cursor, PAGE)


def _probe(account_id: str) -> Request:
    return _rows("Pap_Merchants_Campaign_CampaignsGrid", "id", ("id",), [], None, 1)


CONNECTOR = Connector(
    slug="post_affiliate_pro",
    title="Post Affiliate Pro",
    base_url="https://{account_id}.postaffiliatepro.com",
    auth=SessionLogin(("username", "password"), _login, _PATH, session_of, as_form=True, within=("D", "S")),
    # A fifth of what is published: panel, other tools and the tracking of sales count too.
    limits=(RateLimit(100, timedelta(seconds=30)),),
    probe=_probe,
    problem=problem,
    needs_currency=True,
    needs_time_zone=True,
    correction="extra_rows",
    tells_payment=True,
    lock_rule="never: the merchant may decline or refund a commission of any state (vendor's help on refunds)",
    owner="team:affiliate-data",
    docs_url="https://support.qualityunit.com/592426-Pap_Api_TransactionsGrid",
    streams=(
        ApiStream(
            name="transactions",
            description="One commission row: a tier of a sale, a refund or a reward; changed in place as well.",
            request=_transactions,
            paging=Grid("transid"),
            key=("transid",),
            allowed=TRANSACTION_FIELDS,
            dropped=TRANSACTION_FIELDS_DROPPED,
            schema=TRANSACTIONS,
            time_zone=_ZONE,
            clocks=(
                Clock(
                    "dateinserted", "dateinserted", "new rows, refunds, and silent declines of young ones", _TRAILING
                ),
                Clock("dateapproved", "dateapproved", "approvals, payouts, and declines soon after them", _TRAILING),
            ),
            max_span=timedelta(days=31),
            open_records=OpenRecords("rstatus", frozenset({"P"}), timedelta(0), keys_per_call=_KEYS),
            agrees=agrees,
        ),
        ApiStream(
            name="affiliates",
            description="One affiliate of the merchant.",
            request=_affiliates,
            paging=Grid("userid"),
            key=("userid",),
            allowed=AFFILIATE_FIELDS,
            dropped=AFFILIATE_FIELDS_DROPPED,
            schema=AFFILIATES,
            time_zone=_ZONE,
            agrees=agrees,
        ),
        ApiStream(
            name="campaigns",
            description="One campaign, which is a programme.",
            request=_campaigns,
            paging=Grid("id"),
            key=("id",),
            allowed=CAMPAIGN_FIELDS,
            dropped=CAMPAIGN_FIELDS_DROPPED,
            schema=CAMPAIGNS,
            time_zone=_ZONE,
            agrees=agrees,
        ),
    ),
)
