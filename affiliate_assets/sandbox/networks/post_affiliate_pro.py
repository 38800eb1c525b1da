"""Post Affiliate Pro's API version 1 over a world: sessions inside the JSON of a form, grids below a header.

Choices where the description is silent: every account is an installation of its own, which the first part of the path
names where its host does; a session lives for 20 minutes; a filter compares a date as its midnight; a declined sale
keeps its amounts; an upper tier names the sale as its parent, the refund of an upper tier the row of that tier; one
account takes back by rows, the other one declines in silence; 500 calls are allowed, of which panel and tracking take
200; a breach is answered as any other failure, with status 200.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Breach, Click, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.networks.post_affiliate_pro_records import (
    CAMPAIGNS,
    COLUMNS,
    FIRST,
    STEP,
    Kept,
    kept_rows,
    local,
    record,
    row_id,
)
from affiliate_assets.sandbox.people import enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Answer, Ask, Row, Sessions, to_json

_LIFETIME, _MOST = 1_200, 500
_FIELDS = ["name", "value", "values", "error"]
_TRANSACTIONS = "Pap_Merchants_Transaction_TransactionsGrid"
_AFFILIATES = "Pap_Merchants_User_AffiliatesGrid"
_CAMPAIGNS = "Pap_Merchants_Campaign_CampaignsGrid"
_COLUMNS: dict[str, tuple[str, ...]] = {
    _TRANSACTIONS: COLUMNS,
    _AFFILIATES: ("id", "refid", "userid", "username", "firstname", "lastname", "rstatus", "dateinserted", "data2"),
    _CAMPAIGNS: ("id", "name", "rstatus", "isdefault"),
}
_PASSES: dict[str, Callable[[str, str], bool]] = {
    "E": lambda value, bound: value == bound,
    "NE": lambda value, bound: value != bound,
    "L": lambda value, bound: bound.strip("%") in value,
    "NL": lambda value, bound: bound.strip("%") not in value,
    "IN": lambda value, bound: value in bound.split(","),
    "D=": lambda value, bound: value[: len(bound)] == bound,
    "D>": lambda value, bound: value > bound,
    "D<": lambda value, bound: value < bound,
    "D>=": lambda value, bound: value >= bound,
    "D<=": lambda value, bound: value <= bound,
}


class _Refusal(Exception):
    """A request whose element tells an error."""


class PostAffiliateProEmulator:
    """Post Affiliate Pro over a world."""

    def __init__(self, setting: Setting) -> None:
        """Lay all rows out by account."""
        self._setting = setting
        self.sessions = Sessions(setting.secrets["password"], _LIFETIME)
        self._accounts = {account.account_id: account for account in setting.accounts}
        self._kept: dict[str, list[Kept]] = {account_id: [] for account_id in self._accounts}
        for conversion in setting.world.conversions_of(setting.network.slug):
            self._kept[conversion.programme.account_id] += kept_rows(conversion)
        self._seen: tuple[tuple[str, int] | None, list[Row]] = (None, [])

    def token_of(self, ask: Ask) -> str | None:
        """Return the session inside the form's JSON."""
        session = _asked(ask).get("S")
        return session if isinstance(session, str) else None

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer the requests of a call as of an instant: one element each, whatever becomes of them."""
        account_id, _, path = ask.path.strip("/").partition("/")
        if ask.method != "POST" or path != "scripts/server.php" or account_id not in self._accounts:
            return Answer(404)
        asked = _asked(ask)
        requests = asked.get("requests")
        if (asked.get("C"), asked.get("M")) != ("Gpf_Rpc_Server", "run") or not isinstance(requests, list):
            return to_json([{"e": "Invalid request"}])
        elements = [self._element(account_id, request, self.token_of(ask), at) for request in requests]
        return to_json(elements, rows=sum(len(element.get("rows", [0])) - 1 for element in elements))

    def _element(self, account_id: str, request: Row, session: str | None, at: int) -> Row:
        if request.get("C") in ("Gpf_Api_AuthService", "Pap_Api_AuthService"):
            return self._log_in(request, at)
        try:
            if not self.sessions.valid(session, at):
                raise _Refusal("Session expired, please log in again")
            if request.get("C") not in _COLUMNS or request.get("M") != "getRows":
                raise _Refusal(f"Class {request.get('C')} or its method does not exist")
            return self._grid(account_id, request, at)
        except _Refusal as refusal:
            return {"e": str(refusal)}

    def _log_in(self, request: Row, at: int) -> Row:
        told = {row[0]: row[1] for row in request.get("fields", [])[1:]}
        secrets = self._setting.secrets
        known = all(told.get(name) == secrets[name] for name in ("username", "password"))
        if not known or (told.get("roleType"), told.get("isFromApi")) != ("M", "Y"):
            return {"fields": [_FIELDS], "success": "N", "message": "Wrong username or password"}
        fields = [_FIELDS, ["correspondsApi", "N", None, ""], ["S", self.sessions.open(at), None, ""]]
        return {"fields": fields, "success": "Y", "message": "User authenticated"}

    def _grid(self, account_id: str, request: Row, at: int) -> Row:
        grid = str(request["C"])
        columns = [name for (name,) in request.get("columns", [])] or list(_COLUMNS[grid])
        sort, filters = str(request.get("sort_col") or columns[0]), request.get("filters", [])
        for name in (*columns, sort, *(name for name, _, _ in filters)):
            if name not in _COLUMNS[grid]:
                raise _Refusal(f"Unknown column {name}")
        rows = self._rows(grid, account_id, at)
        for name, operator, bound in filters:
            if operator not in _PASSES:
                raise _Refusal(f"Unknown filter operator {operator}")
            rows = [row for row in rows if row[name] is not None and _PASSES[operator](row[name], bound)]
        rows = sorted(rows, key=lambda row: (row[sort] or "", row["id"]), reverse=not request.get("sort_asc", True))
        offset, limit = request.get("offset", 0), request.get("limit", 100)
        if not isinstance(offset, int) or not isinstance(limit, int) or offset < 0 or limit < 1:
            raise _Refusal("Invalid offset or limit")
        shown = rows[offset : offset + min(limit, _MOST, self._setting.page_limit)]
        if grid == _TRANSACTIONS:
            shown = [self._setting.tamper(row["transid"], row) for row in shown]
        return {"rows": [columns, *([row.get(name) for name in columns] for row in shown)], "count": len(rows)}

    def _rows(self, grid: str, account_id: str, at: int) -> list[Row]:
        account, publishers = self._accounts[account_id], self._setting.network.publishers
        if grid == _CAMPAIGNS:
            return [{"id": CAMPAIGNS[account.shop], "name": account.name, "rstatus": "A", "isdefault": "Y"}]
        if grid == _AFFILIATES:
            return [
                {
                    "id": publisher.publisher_id,
                    "userid": publisher.publisher_id,
                    "refid": publisher.key,
                    "username": f"partner@{publisher.site}",
                    "firstname": "Sam",
                    "lastname": "Partner",
                    "rstatus": "A",
                    "dateinserted": "2024-03-01 09:00:00",
                    "data2": publisher.name,
                }
                for publisher in publishers
            ]
        if self._seen[0] != (account_id, at):
            found = [
                record(row, publishers[(row.conversion.publisher + 1) % len(publishers)], at)
                for row in self._kept[account_id]
                if row.visible_at <= at
            ]
            self._seen = ((account_id, at), found)
        return self._seen[1]


def _asked(ask: Ask) -> Mapping[str, Any]:
    try:
        found = json.loads(ask.form().get("D", ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refused(breach: Breach) -> Answer:
    return to_json([{"e": "Request limit reached, too many requests"}])


def _post(account: Account, request: Row, session: str | None) -> Ask:
    asked = {"C": "Gpf_Rpc_Server", "M": "run", "requests": [request], "S": session}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode({"D": json.dumps(asked)}).encode()
    return Ask("POST", f"/{account.account_id}/scripts/server.php", {}, headers, body)


def _login(secrets: Mapping[str, str]) -> Ask:
    told = {**secrets, "roleType": "M", "isFromApi": "Y", "apiVersion": ""}
    fields = [_FIELDS, *([name, value, None, ""] for name, value in told.items())]
    request = {"C": "Gpf_Api_AuthService", "M": "authenticate", "fields": fields}
    return _post(NETWORK.accounts[0], request, None)


def _token(answer: Answer) -> str:
    return str(next(field[1] for field in json.loads(answer.body)[0]["fields"] if field[0] == "S"))


def _listing(
    secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
) -> Ask:
    """Ask from the last row's instant on, because no answer tells its offset; upper tiers and rewards are left out."""
    zone = ZoneInfo(account.zone)
    since = ["dateinserted", "D>=", local(start, zone)] if cursor is None else ["dateinserted", "D>", cursor]
    columns = ("transid", "parenttransid", "totalcost", "dateinserted")
    request = {
        "C": _TRANSACTIONS,
        "M": "getRows",
        "offset": 0,
        "limit": _MOST,
        "columns": [[name] for name in columns],
        "filters": [since, ["dateinserted", "D<", local(end, zone)], ["tier", "E", "1"], ["rtype", "IN", "S,R,H"]],
        "sort_col": "dateinserted",
        "sort_asc": True,
    }
    return _post(account, request, token)


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    (element,) = json.loads(answer.body)
    rows = element["rows"][1:]
    shown = [(transid, parent or transid, Decimal(cost)) for transid, parent, cost, _ in rows]
    return shown, rows[-1][3] if len(rows) < element["count"] else None


def _landing(click: Click) -> dict[str, str]:
    return {"a_aid": click.publisher.publisher_id, "a_bid": click.token[:8]}


def _record_id(conversion: Conversion) -> str:
    return row_id(conversion.number)


NETWORK = Network(
    slug="post_affiliate_pro",
    accounts=(
        Account("post_affiliate_pro", "acme-us", "Acme Home US", "USD", "us", "America/Los_Angeles"),
        Account("post_affiliate_pro", "acme-de", "Acme Home DE", "EUR", "de", "Europe/Berlin"),
    ),
    publishers=enlist(
        {
            "deal-harbour": "aff001",
            "spar-fuchs": "aff002",
            "the-edit": "aff003",
            "porch-living": "aff004",
            "cash-canyon": "aff005",
            "punkte-plus": "aff006",
        },
        spell=lambda name: f"{name} Partners",
    ),
    habits=Habits(
        correction="negative",
        correction_by_account={"acme-de": "in_place"},
        occurs=(1, 20),
        shows=(30, 300),
        approves=(20, 25),
    ),
    limits=(Window(300, 30),),
    refusal=_refused,
    place_per_account=True,
    secrets=("username", "password"),
    emulator=PostAffiliateProEmulator,
    sessions=True,
    rows=RowFields(
        key=("transid",),
        other_keys=("userid", "id"),
        amount=("totalcost",),
        status=("rstatus",),
        order=("t_orderid",),
        text=("name",),
        count="count",
        table="grid",
    ),
    landing=_landing,
    record_id=_record_id,
    first_number=FIRST,
    number_step=STEP,
    probe=Probe(listing=_listing, read=_read, login=_login, token=_token, span=30 * DAY),
)
