"""Voluum over a world: a session, the conversion report of all campaigns, and recent visits and clicks of one.

Choices where the description is silent: a session lives for four hours; `to` is excluded; pages hold 100 rows unless
asked for more, and tell their offset; a zone that nobody knows is refused; the live lists reach back two days, newest
first, with the numbers that the report has; every third visit clicks on once; each campaign's revenue is in the
currency of its shop; a correction has the transaction of its sale with a suffix; errors hold an object with code and
message; 60 calls a minute.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from affiliate_assets.sandbox.config import DAY, HOUR
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Click, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.people import digest, enlist
from affiliate_assets.sandbox.reports import Conversion, LedgerRow
from affiliate_assets.sandbox.times import from_epoch, to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, Row, Sessions, number, to_json

_LOGIN, _REPORT, _HEADER = "/auth/access/session", "/report/conversions", "cwauth-token"
_LIVE = re.compile(r"/report/live/(visits|clicks)/([0-9a-f-]+)")
_SESSION, _RECENT = 4 * HOUR, 2 * DAY
_USUAL_ROWS, _MOST_ROWS = 100, 100_000
_PRINTED = "%Y-%m-%d %I:%M:%S %p"
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?(Z?)")
_CORRECTION = re.compile(r"-corr\d+$")
# Columns that come whether they are asked for or not.
_ALWAYS = frozenset({"countryName", "ip"})
_T = TypeVar("_T")


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.answer = to_json({"error": {"code": code, "message": message}}, status)
        super().__init__(message)


class VoluumEmulator:
    """Voluum over a world."""

    def __init__(self, setting: Setting) -> None:
        """Start without a session; a row of the report is posted once and never changes."""
        self._setting = setting
        self._rows: list[LedgerRow] = setting.world.rows_of(setting.network.slug)
        self.sessions = Sessions(setting.secrets["access_key"], _SESSION)

    def token_of(self, ask: Ask) -> str | None:
        """Return the session, or the key of a login."""
        if ask.path == _LOGIN:
            body = ask.json()
            return str(body.get("accessKey")) if isinstance(body, dict) else None
        return ask.headers.get(_HEADER)

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        try:
            if (ask.method, ask.path) == ("POST", _LOGIN):
                return self._log_in(ask, at)
            if not self.sessions.valid(self.token_of(ask), at):
                raise _Refusal(401, "UNAUTHORIZED", "Authentication is required")
            live = _LIVE.fullmatch(ask.path)
            if ask.method == "GET" and ask.path == _REPORT:
                return self._conversions(ask, at)
            if ask.method == "GET" and live is not None:
                return self._recent(ask, live[1], live[2], at)
            raise _Refusal(404, "NOT_FOUND", "No such resource")
        except _Refusal as refusal:
            return refusal.answer

    def _log_in(self, ask: Ask, at: int) -> Answer:
        secrets = self._setting.secrets
        if ask.json() != {"accessId": secrets["access_id"], "accessKey": secrets["access_key"]}:
            raise _Refusal(401, "UNAUTHORIZED", "Wrong access key")
        until = from_epoch(at + _SESSION).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return to_json({"token": self.sessions.open(at), "expirationTimestamp": until})

    def _conversions(self, ask: Ask, at: int) -> Answer:
        zone = _zone(ask)
        start, end = (_hour(ask.query.get(name, ""), zone) for name in ("from", "to"))
        order = ask.query.get("sort", "postbackTimestamp"), ask.query.get("direction", "ASC")
        if order[0] != "postbackTimestamp" or order[1] not in ("ASC", "DESC"):
            raise _Refusal(400, "INVALID_QUERY", "sort or direction is not valid")
        posted = [row for row in self._rows if row.posted_at <= at and start <= row.posted_at < end]
        return self._page(
            ask, posted[:: 1 if order[1] == "ASC" else -1], lambda row: self._row(row, zone, _columns(ask))
        )

    def _row(self, row: LedgerRow, zone: ZoneInfo, columns: set[str]) -> Row:
        conversion, account = row.conversion, row.conversion.programme
        transaction = conversion.order_ref or ""
        click = self._setting.world.click_of(conversion)
        assert click is not None
        whole: Row = {
            "postbackTimestamp": _printed(row.posted_at, zone),
            "transactionId": transaction if row.original else f"{transaction}-corr{row.commission_id}",
            "conversionType": "sale" if row.original else "correction",
            "conversionTypeId": "1" if row.original else "3",
            "conversions": 1,
            "revenue": number(row.commission, account.currency),
            "visitTimestamp": _printed(click.at, zone),
            **_touch(click),
        }
        kept = {name: value for name, value in whole.items() if not columns or name in columns | _ALWAYS}
        return self._setting.tamper(conversion.record_id, kept)

    def _recent(self, ask: Ask, what: str, campaign: str, at: int) -> Answer:
        zone, clicks = _zone(ask), self._setting.world.clicks_of(self._setting.network.slug)
        shown = [click for click in clicks if click.account.account_id == campaign and at - _RECENT < click.at <= at]
        if what == "visits":
            return self._page(ask, shown[::-1], lambda click: {"timestamp": _printed(click.at, zone), **_touch(click)})
        onward = [(click.at + 20 + click.rank % 60, click) for click in shown if click.rank % 3 == 0]
        onward = sorted((entry for entry in onward if entry[0] <= at), key=lambda entry: -entry[0])
        return self._page(ask, onward, lambda entry: {"timestamp": _printed(entry[0], zone), **_touch(entry[1])})

    def _page(self, ask: Ask, found: list[_T], write: Callable[[_T], Row]) -> Answer:
        offset, asked = _whole(ask, "offset", 0), _whole(ask, "limit", _USUAL_ROWS)
        limit = min(asked, _MOST_ROWS, self._setting.page_limit)
        rows = [write(entry) for entry in found[offset : offset + limit]]
        return to_json({"totalRows": len(found), "limit": limit, "offset": offset, "rows": rows}, rows=len(rows))


def _touch(click: Click) -> Row:
    """Return what a row says of its visit."""
    source, account = click.publisher, click.account
    number_of = int(click.token[:4], 16)
    return {
        "clickId": click.token,
        "externalId": f"x{digest(click.token, 'external', length=12)}" if number_of % 2 else "",
        "campaignId": account.account_id,
        "campaignName": account.name,
        "trafficSourceId": source.publisher_id,
        "trafficSourceName": source.name,
        "affiliateNetworkId": "3f9a7c10-1111-4222-8333-444455556666",
        "affiliateNetworkName": "Direct",
        "offerId": f"0d3c1d7a-{account.account_id[9:]}",
        "offerName": account.name,
        "countryCode": account.shop.upper(),
        "countryName": {"us": "United States", "de": "Germany"}[account.shop],
        "deviceName": ("iPhone", "Desktop", "Galaxy S24")[number_of % 3],
        "ip": f"203.0.113.{number_of % 250}",
        "customVariable1": source.key if number_of % 4 else "",
    }


def _printed(at: int, zone: ZoneInfo) -> str:
    return from_epoch(at).astimezone(zone).strftime(_PRINTED)


def _zone(ask: Ask) -> ZoneInfo:
    try:
        return ZoneInfo(ask.query.get("tz", "America/New_York"))
    except (KeyError, ValueError, OSError):
        raise _Refusal(400, "BAD_REQUEST", "tz is not known") from None


def _hour(text: str, zone: ZoneInfo) -> int:
    """Return an instant that is a whole hour of the zone; with Z it is one of UTC."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise _Refusal(400, "BAD_REQUEST", "from and to must be times")
    if any(int(part or 0) for part in found.groups()[1:4]):
        raise _Refusal(400, "BAD_REQUEST", "Time must be rounded to the hour")
    try:
        local = datetime.strptime(found[1], "%Y-%m-%dT%H").replace(tzinfo=UTC if found[5] else zone)
    except ValueError:
        raise _Refusal(400, "BAD_REQUEST", "from and to must be times") from None
    return to_epoch(local)


def _columns(ask: Ask) -> set[str]:
    return set(ask.query.getlist("column")) if isinstance(ask.query, QueryParams) else set()


def _whole(ask: Ask, name: str, otherwise: int) -> int:
    text = ask.query.get(name, str(otherwise))
    if not text.isdecimal():
        raise _Refusal(400, "BAD_REQUEST", f"{name} must be a whole number")
    return int(text)


def _login(secrets: Mapping[str, str]) -> Ask:
    body = json.dumps({"accessId": secrets["access_id"], "accessKey": secrets["access_key"]}).encode()
    return Ask("POST", _LOGIN, {}, {"content-type": "application/json"}, body)


def _token(answer: Answer) -> str:
    return str(json.loads(answer.body)["token"])


def _listing(
    secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
) -> Ask:
    # The report holds all campaigns: it is asked for with the first of them, and for no time at all with the others.
    first = account == NETWORK.accounts[0]
    query = {
        "from": f"{from_epoch(start):%Y-%m-%dT%H}:00:00.000Z",
        "to": f"{from_epoch(end + HOUR - 1 if first else start):%Y-%m-%dT%H}",
        "tz": "UTC",
        "sort": "postbackTimestamp",
        "direction": "ASC",
        "limit": str(_MOST_ROWS),
        "offset": cursor or "0",
    }
    return Ask("GET", _REPORT, query, {_HEADER: token or ""}, b"")


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    body = json.loads(answer.body, parse_float=Decimal)
    shown = [
        (
            f"{row['clickId']}:{row['transactionId']}",
            f"{row['clickId']}:{_CORRECTION.sub('', row['transactionId'])}",
            Decimal(row["revenue"]),
        )
        for row in body["rows"]
    ]
    following = body["offset"] + len(shown)
    return shown, str(following) if following < body["totalRows"] else None


def _record_id(conversion: Conversion) -> str:
    return f"{conversion.token}:{conversion.order_ref or ''}"


NETWORK = Network(
    slug="voluum",
    accounts=(
        Account("voluum", "9b1e0a52-0c1d-4a6e-8f21-5d0a7c3e1001", "Acme Home US", "USD", "us", "America/New_York"),
        Account("voluum", "9b1e0a52-7e44-4b0a-9d55-2f6b8e9c2002", "Acme Home DE", "EUR", "de"),
    ),
    publishers=enlist(
        {
            "search-scout": "5c00f3e8-0001-4222-8333-444455556666",
            "app-rewards": "5c00f3e8-0002-4222-8333-444455556666",
            "deal-harbour": "5c00f3e8-0003-4222-8333-444455556666",
            "setup-stories": "5c00f3e8-0004-4222-8333-444455556666",
            "cash-canyon": "5c00f3e8-0005-4222-8333-444455556666",
            "wohn-magazin": "5c00f3e8-0006-4222-8333-444455556666",
            "spar-fuchs": "5c00f3e8-0007-4222-8333-444455556666",
        },
        spell=lambda name: f"{name} - tracked",
    ),
    habits=Habits(correction="negative", occurs=(1, 5), shows=(20, 120), tells_status=False),
    # By one official page; the number a minute of the other one is not published.
    limits=(Window(15, 1), Window(60, 60)),
    sessions=True,
    secrets=("access_id", "access_key"),
    emulator=VoluumEmulator,
    # The transaction id is a part of what identifies a row: as another value it would be another row.
    rows=RowFields(
        records=("rows",),
        key=("clickId",),
        key_type="word",
        amount=("revenue",),
        text=("trafficSourceName", "campaignName"),
        optional=("externalId",),
        count="totalRows",
        page_parameter="offset",
    ),
    landing=lambda click: {"cid": click.token},
    record_id=_record_id,
    first_row=7_001,
    probe=Probe(listing=_listing, read=_read, changes=(_listing,), login=_login, token=_token),
    tracker=True,
)
