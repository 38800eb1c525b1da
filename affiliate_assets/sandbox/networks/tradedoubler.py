"""Tradedoubler's advertiser interface over a world: password grant with short tokens, pages by offset, two clocks.

Choices where its description is silent: naive times and the dates asked for are on Swedish time; a row that was never
changed has no time of a last change, and is found by that clock at the time of its arrival; what is paid moves no
clock; dates with a time of day are refused; at most 93 days are answered; errors are JSON with `error` and
`error_description`, as is usual for OAuth 2; a programme of somebody else answers 404.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from affiliate_assets.sandbox.clocks import Clock
from affiliate_assets.sandbox.config import DAY
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Breach, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.networks.tradedoubler_records import ZONE, lead, program, source, transaction
from affiliate_assets.sandbox.people import enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Answer, Ask, Row, Sessions, to_json

LIFETIME, REFRESH_LIFETIME = 899, 7 * DAY
PAGE, MOST, WIDEST = 20, 100, timedelta(days=93)
_DAY = re.compile(r"\d{8}")
_STATUSES = {"P": "pending", "A": "approved", "D": "reversed"}
_SORTS = ("timeOfTransaction", "timeOfCreate", "orderNumber", "leadNumber")


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, error: str, description: str) -> None:
        self.answer = to_json({"error": error, "error_description": description}, status)
        super().__init__(description)


def _bad(description: str) -> _Refusal:
    return _Refusal(400, "invalid_request", description)


class TradedoublerEmulator:
    """Tradedoubler over a world."""

    def __init__(self, setting: Setting) -> None:
        """Index the world's transactions by programme and date."""
        self._setting, self._secrets = setting, setting.secrets
        self.sessions = Sessions(setting.secrets["client_secret"], LIFETIME)
        self._refresh = Sessions(setting.secrets["password"], REFRESH_LIFETIME)
        self._programs = {account.account_id: account for account in setting.accounts}
        mine: dict[str, list[Conversion]] = {account_id: [] for account_id in self._programs}
        for conversion in setting.world.conversions_of("tradedoubler"):
            mine[conversion.programme.account_id].append(conversion)
        self._mine = mine
        self._sold = {name: Clock(lambda c: c.occurred_at, found) for name, found in mine.items()}
        self._found: tuple[object, list[tuple[Conversion, bool]]] = (None, [])

    def token_of(self, ask: Ask) -> str | None:
        """Return the bearer token."""
        return ask.bearer()

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        try:
            if ask.path == "/uaa/oauth/token":
                return self._grant(ask, at)
            if not self.sessions.valid(ask.bearer(), at):
                raise _Refusal(401, "invalid_token", "Access token expired or unknown")
            return self._answer(ask, at)
        except _Refusal as refusal:
            return refusal.answer

    def _grant(self, ask: Ask, at: int) -> Answer:
        if ask.method != "POST":
            raise _Refusal(405, "method_not_allowed", "Request method not supported")
        if ask.basic() != (self._secrets["client_id"], self._secrets["client_secret"]):
            raise _Refusal(401, "invalid_client", "Bad client credentials")
        form = ask.form()
        known = (form.get("username"), form.get("password")) == (self._secrets["username"], self._secrets["password"])
        grants = {"password": known, "refresh_token": self._refresh.valid(form.get("refresh_token"), at)}
        if not grants.get(form.get("grant_type", ""), False):
            raise _Refusal(400, "invalid_grant", "Bad credentials")
        return to_json(
            {
                "access_token": self.sessions.open(at),
                "token_type": "bearer",
                "refresh_token": self._refresh.open(at),
                "expires_in": LIFETIME,
                "scope": "read",
                "tduser": "sandbox",
                "created": at,
            }
        )

    def _answer(self, ask: Ask, at: int) -> Answer:
        parts = ask.path.strip("/").split("/")
        if ask.method != "GET" or parts[0] != "advertiser":
            raise _Refusal(404, "not_found", "No such resource")
        if ask.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise _Refusal(415, "unsupported_media_type", "Content-Type must be application/json")
        if parts[1:] == ["report", "transactions"]:
            return self._transactions(ask, at)
        if parts[1:] == ["programs"]:
            return _page(ask, self._setting.page_limit, [program(account) for account in self._programs.values()], {})
        if len(parts) in (3, 4) and parts[1] == "programs" and parts[2] in self._programs:
            if parts[3:] == []:
                whole = program(self._programs[parts[2]])
                return to_json({name: whole[name] for name in whole if name not in ("sourceStatus", "categoryIds")})
            if parts[3:] == ["sources"]:
                rows = [source(publisher) for publisher in self._setting.network.publishers]
                return _page(ask, self._setting.page_limit, rows, {})
        raise _Refusal(404, "not_found", "No such resource")

    def _transactions(self, ask: Ask, at: int) -> Answer:
        first, last = _date(ask, "fromDate"), _date(ask, "toDate")
        if not timedelta() <= last - first < WIDEST:
            raise _bad("The dates are in the wrong order or too far apart")
        if ask.query.get("sortBy", _SORTS[0]) not in _SORTS or ask.query.get("status", "P") not in _STATUSES:
            raise _bad("Unknown value of sortBy or status")
        named = ask.query.get("programId")
        if named is not None and named not in self._programs:
            raise _Refusal(404, "not_found", "No such program")
        programs = [named] if named is not None else list(self._programs)
        currency = ask.query.get("reportCurrencyCode")
        if currency is None:
            raise _bad("reportCurrencyCode is missing")
        changed = ask.query.get("lastModified", "false").lower() == "true"
        start, end = _midnight(first), _midnight(last + timedelta(days=1)) - 1
        key = (tuple(programs), start, end, changed, at)
        if self._found[0] != key:
            found = [row for name in programs for row in self._between(name, start, end, at, changed=changed)]
            self._found = (key, sorted(found, key=lambda row: (row[0].occurred_at, row[0].number, row[1])))
        rows = [self._row(c, at, currency, is_lead=is_lead) for c, is_lead in self._found[1]]
        status = ask.query.get("status")
        rows = [row for row in rows if status is None or row()["status"] == status]
        if ask.query.get("sortOrder", "asc") == "desc":
            rows.reverse()
        return _page(ask, self._setting.page_limit, rows, {"reportCurrencyCode": currency})

    def _between(self, name: str, start: int, end: int, at: int, *, changed: bool) -> Iterator[tuple[Conversion, bool]]:
        """Yield conversions, and whether the lead beside the sale is meant: it never changes."""
        found = self._mine[name] if changed else self._sold[name].between(start, end)
        for c in found:
            if c.visible_at <= at:
                if not changed or start <= c.changed_at(at) <= end:
                    yield c, False
                if c.number % 50 == 0 and (not changed or start <= c.visible_at <= end):
                    yield c, True

    def _row(self, c: Conversion, at: int, currency: str, *, is_lead: bool) -> Callable[[], Row]:
        """Return what makes the row, so that only those of the page are made."""
        if is_lead:
            return lambda: lead(c, currency)
        return lambda: self._setting.tamper(c.record_id, transaction(c, at, currency))


def _page(ask: Ask, page_limit: int, rows: list[Any], beside: Mapping[str, object]) -> Answer:
    try:
        offset, limit = int(ask.query.get("offset", 0)), int(ask.query.get("limit", PAGE))
    except ValueError:
        raise _bad("offset and limit are numbers") from None
    if offset < 0 or limit < 1:
        raise _bad("offset and limit are not negative")
    limit = min(limit, MOST, page_limit)
    shown = [row() if callable(row) else row for row in rows[offset : offset + limit]]
    return to_json({"limit": limit, "offset": offset, "total": len(rows), **beside, "items": shown}, rows=len(shown))


def _date(ask: Ask, name: str) -> date:
    text = ask.query.get(name, "")
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _bad(f"{name} must be given as YYYYMMDD")


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def _refused(breach: Breach) -> Answer:
    return Answer(429, b"API rate limit exceeded", headers={"Content-Type": "text/plain"})


def _login(secrets: Mapping[str, str]) -> Ask:
    pair = base64.b64encode(f"{secrets['client_id']}:{secrets['client_secret']}".encode()).decode()
    form = {"grant_type": "password", "username": secrets["username"], "password": secrets["password"]}
    return Ask("POST", "/uaa/oauth/token", {}, {"authorization": f"Basic {pair}"}, urlencode(form).encode())


def _token(answer: Answer) -> str:
    return str(json.loads(answer.body)["access_token"])


def _by(
    clock: Mapping[str, str],
) -> Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask]:
    def ask(
        secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
    ) -> Ask:
        days = (datetime.fromtimestamp(instant, ZONE).strftime("%Y%m%d") for instant in (start, end - 1))
        query = {
            "programId": account.account_id,
            **dict(zip(("fromDate", "toDate"), days, strict=True)),
            "reportCurrencyCode": account.currency,
            "offset": cursor or "0",
            "limit": "100",
            **clock,
        }
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return Ask("GET", "/advertiser/report/transactions", query, headers, b"")

    return ask


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    page = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)
    rows = [
        (str(row["transactionId"]), str(row["transactionId"]), row["orderValue"])
        for row in page["items"]
        if row["eventTypeId"] == 5
    ]
    following = page["offset"] + len(page["items"])
    return rows, str(following) if following < page["total"] else None


NETWORK = Network(
    slug="tradedoubler",
    accounts=(
        Account("tradedoubler", "310454", "Acme Home DE", "EUR", "de"),
        Account("tradedoubler", "310455", "Acme Home GB", "GBP", "uk"),
    ),
    publishers=enlist(
        {
            "deal-harbour": "2210031",
            "spar-fuchs": "2214400",
            "the-edit": "2216018",
            "home-notes": "2216992",
            "cashback-quay": "2219999",
            "maison-claire": "2220417",
        },
        spell=lambda name: f"{name.replace('-', '')} EU",
    ),
    habits=Habits("in_place", occurs=(1, 20), shows=(60, 900), approves=(30, 30)),
    limits=(Window(60, 60),),
    refusal=_refused,
    secrets=("client_id", "client_secret", "username", "password"),
    emulator=TradedoublerEmulator,
    sessions=True,
    rows=RowFields(
        records=("items",),
        key=("transactionId",),
        other_keys=("sourceId", "id"),
        amount=("orderValue",),
        status=("status",),
        order=("orderNumber",),
        text=("sourceName", "name"),
        optional=("voucherCode",),
        key_type="number",
        count="total",
        page_parameter="offset",
    ),
    landing=lambda click: {"TDUID" if click.rank % 10 == 0 else "tduid": click.token},
    first_number=910_000_000_101,
    number_step=3,
    probe=Probe(listing=_by({}), changes=(_by({"lastModified": "true"}),), read=_read, login=_login, token=_token),
)
