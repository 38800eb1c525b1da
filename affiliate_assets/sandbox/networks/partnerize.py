"""Partnerize's brand interface over a world: conversions with items by cursor, clicks by offset, and both listings.

Choices where Partnerize's description is silent: both ends of a window are included; `count` of a cursor page counts
the page, `total_conversion_count` the window; rows come by id, and `cursor_id` is the id of the last one; the
listings tell count, offset and limit as clicks do; a campaign of somebody else answers 403; the allowance is 30 calls
a minute for all endpoints together. Filters by currency, status and pivot are not offered.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Click, Network, RowFields, Setting, Window
from affiliate_assets.sandbox.networks.partnerize_bulk import update_in_bulk
from affiliate_assets.sandbox.networks.partnerize_probe import PROBE
from affiliate_assets.sandbox.networks.partnerize_records import (
    campaign_record,
    click_record,
    conversion_id,
    conversion_record,
    items_at,
    modified_at,
    publisher_record,
    wall_clock,
)
from affiliate_assets.sandbox.networks.partnerize_refusals import too_many, unauthorised
from affiliate_assets.sandbox.people import enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch, to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, Row, number, to_json

_PAGE = 300
_REPORTS = "/reporting/report_advertiser/campaign/"


class _Refusal(Exception):
    """A request that is answered with an error of the first generation."""

    def __init__(self, status: int, message: str, kind: str) -> None:
        self.answer = to_json({"error": {"message": message, "type": kind}}, status)
        super().__init__(message)


class PartnerizeEmulator:
    """Partnerize over a world."""

    def __init__(self, setting: Setting) -> None:
        """Sort the world's conversions and clicks by campaign."""
        self._setting = setting
        self._accounts = {account.account_id: account for account in setting.accounts}
        self.desk = Desk(setting.world.conversions_of("partnerize"), self._index, by_rows=True)
        self._index(setting.world.conversions_of("partnerize"))
        self._clicks: dict[str, list[Click]] = {account: [] for account in self._accounts}
        for click in setting.world.clicks_of("partnerize"):
            self._clicks[click.account.account_id].append(click)

    def _index(self, conversions: list[Conversion]) -> None:
        self._conversions: dict[str, list[Conversion]] = {account: [] for account in self._accounts}
        for conversion in conversions:
            self._conversions[conversion.programme.account_id].append(conversion)

    def token_of(self, ask: Ask) -> str | None:
        """Return the user's key, which is the password."""
        proof = ask.basic()
        return proof[1] if proof else None

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        secrets = self._setting.secrets
        if ask.basic() != (secrets["application_key"], secrets["user_api_key"]):
            return unauthorised(ask)
        try:
            return self._answer(ask, at)
        except _Refusal as refusal:
            return refusal.answer

    def _answer(self, ask: Ask, at: int) -> Answer:
        parts = ask.path.strip("/").split("/")
        if ask.method == "GET" and parts == ["campaign"]:
            return self._list(ask, "campaigns", "campaign", [campaign_record(each) for each in self._setting.accounts])
        if ask.method == "GET" and parts[0] == "campaign" and len(parts) == 2:
            return to_json({"campaign": campaign_record(self._account(parts[1]))}, rows=1)
        if ask.method == "GET" and parts[0] == "campaign" and parts[2:] == ["publisher"]:
            self._account(parts[1])
            rows = [publisher_record(publisher) for publisher in self._setting.network.publishers]
            return self._list(ask, "publishers", "publisher", rows)
        if ask.method == "POST" and parts[:3] == ["v3", "brand", "campaigns"] and parts[4:] == ["conversions", "bulk"]:
            return update_in_bulk(self._account(parts[3]), ask, at, self.desk)
        reports: dict[str, Callable[[Account, Ask, int], Answer]] = {
            "conversion.json": self._report_conversions,
            "click.json": self._report_clicks,
        }
        known = ask.path.startswith(_REPORTS) and len(parts) == 5 and parts[4] in reports
        if ask.method != "GET" or not known:
            raise _Refusal(404, "No route found for this address", "not_found")
        return reports[parts[4]](self._account(parts[3]), ask, at)

    def _account(self, campaign_id: str) -> Account:
        if campaign_id not in self._accounts:
            raise _Refusal(403, "You do not have access to this campaign", "forbidden")
        return self._accounts[campaign_id]

    def _list(self, ask: Ask, name: str, inner: str, rows: list[Row]) -> Answer:
        offset, limit = _whole(ask, "offset", 0), self._limit(ask)
        page = [{inner: self._setting.tamper(str(row[f"{inner}_id"]), row)} for row in rows[offset : offset + limit]]
        told = {"count": len(rows), "offset": offset, "limit": limit, "execution_time": "0.08001 seconds"}
        return to_json({name: page, **told}, rows=len(page))

    def _report_conversions(self, account: Account, ask: Ask, at: int) -> Answer:
        zone = _zone(ask)
        start, end = _window(ask, at)
        dates = _DATES.get(ask.query.get("date_type", ""), _DATES[""])
        found = [
            conversion
            for conversion in self._conversions[account.account_id]
            if conversion.visible_at <= at and any(start <= moment <= end for moment in dates(conversion, at))
        ]
        found.sort(key=lambda conversion: conversion.number)
        after, limit = _whole(ask, "cursor_id", 0), self._limit(ask)
        rest = [conversion for conversion in found if conversion.number > after]
        page = rest[:limit]
        paid = ask.query.get("include_payment_info") == "true"
        rows = [
            {
                "conversion_data": self._setting.tamper(
                    conversion_id(each),
                    conversion_record(each, self._setting.world.click_of(each), at, zone, paid=paid),
                )
            }
            for each in page
        ]
        pagination: dict[str, str | None] = {"first_page": _link(account, "conversion", ask, None), "next_page": None}
        if len(rest) > limit:
            pagination["next_page"] = _link(account, "conversion", ask, str(page[-1].number))
        body = {
            **_totals(account, found, at),
            **_told(start, end, zone),
            "limit": limit,
            "meta_data": [],
            "count": len(rows),
            "execution_time": "0.41207 seconds",
            "conversions": rows,
            "hypermedia": {"pagination": pagination},
        }
        if len(rest) > limit:
            body["cursor_id"] = page[-1].number
        return to_json(body, rows=len(rows))

    def _report_clicks(self, account: Account, ask: Ask, at: int) -> Answer:
        zone = _zone(ask)
        start, end = _window(ask, at)
        found = [each for each in self._clicks[account.account_id] if each.at <= at and start <= each.at <= end]
        offset, limit = _whole(ask, "offset", 0), self._limit(ask)
        records = [click_record(each, zone) for each in found[offset : offset + limit]]
        rows = [{"click": self._setting.tamper(str(record["click_id"]), record)} for record in records]
        body = {
            "unique_click_count": len(found),
            **_told(start, end, zone),
            "limit": limit,
            "offset": offset,
            "count": len(found),
            "execution_time": "0.20110 seconds",
            "clicks": rows,
        }
        return to_json(body, rows=len(rows))

    def _limit(self, ask: Ask) -> int:
        return max(1, min(_whole(ask, "limit", _PAGE), _PAGE, self._setting.page_limit))


#: The moments of a conversion that a date type looks at; another word than these is ignored.
_DATES: Mapping[str, Callable[[Conversion, int], list[int]]] = {
    "": lambda conversion, at: [conversion.occurred_at],
    "last_modified": lambda conversion, at: [modified_at(conversion, at)],
    "approved_at": lambda conversion, at: [
        item.approved_at for item in items_at(conversion, at) if item.approved_at is not None
    ],
}


def _whole(ask: Ask, name: str, default: int) -> int:
    try:
        return int(ask.query.get(name, default))
    except ValueError:
        raise _Refusal(400, f"The value of {name} is not a number", "invalid_type") from None


def _zone(ask: Ask) -> ZoneInfo:
    try:
        return ZoneInfo(ask.query.get("timezone", "Europe/London"))
    except (KeyError, ValueError):
        raise _Refusal(400, "The timezone is not known", "invalid_value") from None


def _window(ask: Ask, at: int) -> tuple[int, int]:
    """Return first and last second of a report; naive times are in the zone asked for."""
    if "start_date" not in ask.query:
        raise _Refusal(400, "Parameter 'start_date' is required", "required_property")
    zone, moments = _zone(ask), []
    for name in ("start_date", "end_date"):
        try:
            moment = datetime.fromisoformat(ask.query.get(name, from_epoch(at).isoformat()))
        except ValueError:
            raise _Refusal(400, "Invalid date format.", "invalid_property_format") from None
        moments.append(to_epoch(moment if moment.tzinfo else moment.replace(tzinfo=zone)))
    return moments[0], moments[1]


def _told(start: int, end: int, zone: ZoneInfo) -> dict[str, object]:
    utc = ZoneInfo("UTC")
    return {
        "start_date_time_utc": wall_clock(start, utc),
        "end_date_time_utc": wall_clock(end, utc),
        "start_date_time": wall_clock(start, zone),
        "end_date_time": wall_clock(end, zone),
    }


def _totals(account: Account, found: list[Conversion], at: int) -> dict[str, object]:
    """Return the totals of a window by currency; without conversions there is no currency."""
    names = ("total_conversion_count", "total_commission_value", "total_publisher_commission", "total_value")
    if not found:
        return {name: {} for name in names}
    items = [item for conversion in found for item in items_at(conversion, at)]
    sums = (sum(item.cost for item in items), sum(item.commission for item in items), sum(item.sale for item in items))
    values = (len(found), *(number(each, account.currency) for each in sums))
    return {name: {account.currency: value} for name, value in zip(names, values, strict=True)}


def _link(account: Account, report: str, ask: Ask, cursor_id: str | None) -> str:
    query = {name: value for name, value in ask.query.items() if name != "cursor_id"}
    if cursor_id is not None:
        query["cursor_id"] = cursor_id
    return f"{_REPORTS}{account.account_id}/{report}.json?{urlencode(query)}"


NETWORK = Network(
    slug="partnerize",
    accounts=(
        Account("partnerize", "1101l551", "Acme Home UK", "GBP", "uk"),
        Account("partnerize", "1101l552", "Acme Home DE", "EUR", "de"),
        Account("partnerize", "1101l553", "Acme Home KW", "KWD", "kw"),
    ),
    publishers=enlist(
        {
            "deal-harbour": "1100l77120",
            "the-edit": "1100l77121",
            "home-notes": "1100l77122",
            "spar-fuchs": "1011l77123",
            "wohn-magazin": "1011l77124",
            "souq-savings": "1100l77125",
            "search-scout": "1100l77126",
        },
        spell=lambda name: f"{name} Ltd",
    ),
    habits=Habits("in_place", occurs=(2, 40), shows=(30, 300), approves=(15, 30), void_amount="zero"),
    limits=(Window(30, 60),),
    refusal=too_many,
    fee=1_000,
    secrets=("application_key", "user_api_key"),
    emulator=PartnerizeEmulator,
    rows=RowFields(
        records=("conversions", "clicks", "publishers", "campaigns"),
        key=("conversion_data.conversion_id",),
        key_type="word",
        other_keys=("click.click_id", "publisher.publisher_id", "campaign.campaign_id"),
        amount=("conversion_data.conversion_value.value",),
        status=("conversion_data.conversion_value.conversion_status", "publisher.campaign_status", "click.status"),
        order=("conversion_data.conversion_reference",),
        text=("conversion_data.publisher_name", "click.publisher_name", "publisher.company_name", "campaign.title"),
        optional=("conversion_data.customer_type", "click.country", "publisher.vertical_name"),
        count="count",
        page_parameter="cursor_id",
    ),
    landing=lambda click: {"clickref": click.token},
    record_id=conversion_id,
    first_number=9_001,
    probe=PROBE,
)
