"""TUNE's network API (version 3) over a world: the conversion report, what was changed by hand, offers, partners.

Choices where the description is silent: every account is a network of its own, which the first part of the path names
where TUNE's host does; BETWEEN and the last day of an updated range are included; a conversion that is rejected loses
its amounts, and its adjustments with it; an adjustment names transaction and order and is approved at once; a page
holds 100 rows where no limit is named; one account answers rows as a list, the other one as a map.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY
from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Breach, Click, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.networks.tune_query import Refusal, filters, many, natural, only, passes
from affiliate_assets.sandbox.networks.tune_records import OFFERS, Kept, changed_by_hand, kept_rows, local, record
from affiliate_assets.sandbox.people import digest, enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Answer, Ask, Row, to_json

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PAGE = 100


class TuneEmulator:
    """TUNE over a world."""

    def __init__(self, setting: Setting) -> None:
        """Lay all rows out by account, and name the transaction of each conversion."""
        self._setting = setting
        self._accounts = {account.account_id: account for account in setting.accounts}
        mine = setting.world.conversions_of(setting.network.slug)
        self.desk = Desk(mine, self._index, by_rows=True)
        self._index(mine)
        self._ad_ids: dict[int, str] = {}
        taken: set[str] = set()
        for conversion in mine:
            click = setting.world.click_of(conversion)
            token = _ad_id(click) if click else ""
            if not token or token in taken:
                token = digest("tune", "session", conversion.number, length=30)
            taken.add(token)
            self._ad_ids[conversion.number] = token

    def _index(self, conversions: list[Conversion]) -> None:
        self._rows: dict[str, list[Kept]] = {account_id: [] for account_id in self._accounts}
        for conversion in conversions:
            self._rows[conversion.programme.account_id] += kept_rows(conversion)

    def token_of(self, ask: Ask) -> str | None:
        """Return the token in the query."""
        return ask.query.get("NetworkToken")

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant; every error comes with HTTP 200."""
        try:
            data, rows = self._answer(ask, at)
        except Refusal as refusal:
            return to_json(_failed(refusal.message, ask, refusal.data))
        return to_json(
            _wrapped(ask, {"status": 1, "httpStatus": 200, "data": data, "errors": [], "errorMessage": None}), rows=rows
        )

    def _answer(self, ask: Ask, at: int) -> tuple[object, int]:
        token = self.token_of(ask)
        if token != self._setting.secrets["network_token"]:
            raise Refusal(f"NetworkToken {token or ''} is not authenticated")
        account_id, _, path = ask.path.strip("/").partition("/")
        account = self._accounts.get(account_id)
        if account is None or ask.method != "GET" or path != "Apiv3/json":
            raise Refusal("Invalid network or method")
        asked = f"{ask.query.get('Target')}::{ask.query.get('Method')}"
        answers: dict[str, Callable[[Account, Ask, int], tuple[object, int]]] = {
            "Report::getConversions": self._report,
            "Conversion::findUpdatedConversions": self._updated,
            "Conversion::updateStatus": self._update_status,
            "Offer::findAll": self._offers,
            "Affiliate::findAll": self._affiliates,
        }
        if asked not in answers:
            raise Refusal(f"Invalid target or method {asked}")
        return answers[asked](account, ask, at)

    def _report(self, account: Account, ask: Ask, at: int) -> tuple[object, int]:
        rows = [self._row(row, at) for row in self._seen(account, at)]
        for field, (conditional, values) in filters(ask).items():
            rows = [row for row in rows if passes(row, field, conditional, values)]
        if "sort[Stat.datetime]" in ask.query:
            rows.sort(key=lambda row: (str(row["Stat"].get("datetime")), str(row["Stat"].get("tune_event_id"))))
        fields = many(ask, "fields")
        cut = [only(row, fields) for row in rows]
        return self._page(ask, cut, None if account is self._setting.accounts[0] else [str(n) for n in range(len(cut))])

    def _updated(self, account: Account, ask: Ask, at: int) -> tuple[object, int]:
        bounds = [ask.query.get(name, "") for name in ("start_date", "end_date")]
        if not all(_DAY.fullmatch(bound) for bound in bounds):
            raise Refusal("start_date and end_date must be given as YYYY-MM-DD", {"error_code": 1})
        zone, found = ZoneInfo(account.zone), []
        for row in self._seen(account, at):
            days = [local(moment, zone)[:10] for moment in changed_by_hand(row, at)]
            if any(bounds[0] <= day <= bounds[1] for day in days):
                found.append({"Conversion": {**self._row(row, at)["Stat"]}})
        keys = [str(row["Conversion"]["tune_event_id"]) for row in found]
        fields = {f"Conversion.{name}" for name in many(ask, "fields")}
        return self._page(ask, [only(row, fields) for row in found] if fields else found, keys)

    def _update_status(self, account: Account, ask: Ask, at: int) -> tuple[object, int]:
        status, text = ask.query.get("status"), ask.query.get("tune_event_id", "")
        found = self.desk.find(None, int(text), at) if text.isdecimal() else None
        if found is None or found.programme is not account or status not in ("approved", "rejected"):
            raise Refusal("Conversion not found or status not supported", {"error_code": 1})
        if found.status(at) == "pending":
            self.desk.take(found, "approve" if status == "approved" else "decline", at)
        return True, 1

    def _offers(self, account: Account, ask: Ask, at: int) -> tuple[object, int]:
        offer = {
            "id": OFFERS[account.shop],
            "name": account.name,
            "advertiser_id": "31",
            "currency": account.currency,
            "status": "active",
        }
        return self._listing(ask, "Offer", [offer])

    def _affiliates(self, account: Account, ask: Ask, at: int) -> tuple[object, int]:
        partners = [
            {
                "id": publisher.publisher_id,
                "company": publisher.name,
                "country": publisher.region,
                "website": f"https://{publisher.site}",
                "status": "active",
                "phone": "555-0100",
            }
            for publisher in self._setting.network.publishers
        ]
        return self._listing(ask, "Affiliate", partners)

    def _listing(self, ask: Ask, model: str, records: list[Row]) -> tuple[object, int]:
        fields = set(many(ask, "fields"))
        rows = [
            {model: {name: value for name, value in row.items() if not fields or name in fields}} for row in records
        ]
        return self._page(ask, rows, [str(row["id"]) for row in records])

    def _page(self, ask: Ask, rows: list[Row], keys: list[str] | None) -> tuple[object, int]:
        number, limit = natural(ask, "page", 1), natural(ask, "limit", _PAGE)
        size = min(limit, self._setting.page_limit)
        chosen = slice((number - 1) * size, number * size)
        shown = rows[chosen]
        data = {
            "page": number,
            "current": len(shown),
            "count": len(rows),
            "pageCount": -(-len(rows) // size),
            "data": dict(zip(keys[chosen], shown, strict=True)) if keys is not None and shown else shown,
        }
        return data, len(shown)

    def _seen(self, account: Account, at: int) -> Iterable[Kept]:
        return (row for row in self._rows[account.account_id] if row.visible_at <= at)

    def _row(self, row: Kept, at: int) -> Row:
        return self._setting.tamper(str(row.row_id), record(row, self._ad_ids[row.conversion.number], at))


def _ad_id(click: Click) -> str:
    return f"102{click.token}"[:30]


def _wrapped(ask: Ask | None, response: Row) -> Row:
    query = ask.query if ask else {}
    echo = {"Target": query.get("Target"), "Format": "json", "Service": "HasOffers", "Version": "3"}
    return {"request": {**echo, "Method": query.get("Method")}, "response": response}


def _failed(message: str, ask: Ask | None = None, data: object = "") -> Row:
    errors = [{"publicMessage": message}]
    failure = {"status": -1, "httpStatus": 200, "data": data, "errors": errors, "errorMessage": message}
    return _wrapped(ask, failure)


def _refused(breach: Breach) -> Answer:
    return to_json(_failed("User has exceeded API rate limit"))


def _listing(
    secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
) -> Ask:
    zone = ZoneInfo(account.zone)
    names = ("tune_event_id", "status_code", "goal_id", "sale_amount")
    query = {
        "NetworkToken": secrets["network_token"],
        "Target": "Report",
        "Method": "getConversions",
        **{f"fields[{place}]": f"Stat.{name}" for place, name in enumerate(names)},
        "filters[Stat.datetime][conditional]": "BETWEEN",
        "filters[Stat.datetime][values][0]": local(start, zone),
        "filters[Stat.datetime][values][1]": local(end, zone),
        "sort[Stat.datetime]": "asc",
        "limit": "1000",
        "page": cursor or "1",
    }
    return Ask("GET", f"/{account.account_id}/Apiv3/json", query, {}, b"")


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    data = json.loads(answer.body)["response"]["data"]
    rows = data["data"].values() if isinstance(data["data"], dict) else data["data"]
    shown = [
        (str(stat["tune_event_id"]), str(int(stat["tune_event_id"]) // 100 * 100), Decimal(stat["sale_amount"]))
        for stat in (row["Stat"] for row in rows)
        if stat["status_code"] not in ("21", "22", "23") and stat["goal_id"] == "0"
    ]
    return shown, str(data["page"] + 1) if data["page"] < data["pageCount"] else None


def _landing(click: Click) -> dict[str, str]:
    return {"transaction_id": _ad_id(click)}


def _record_id(conversion: Conversion) -> str:
    return str(conversion.number)


NETWORK = Network(
    slug="tune",
    accounts=(
        Account("tune", "acmeus", "Acme Home US", "USD", "us", "America/New_York"),
        Account("tune", "acmede", "Acme Home DE", "EUR", "de", "Europe/Berlin"),
    ),
    publishers=enlist(
        {
            "deal-harbour": "1002",
            "spar-fuchs": "1005",
            "the-edit": "1008",
            "porch-living": "1011",
            "cash-canyon": "1014",
            "app-rewards": "1017",
            "wohn-magazin": "1020",
        },
        spell=lambda name: f"{name} (direct)",
    ),
    habits=Habits(correction="negative", occurs=(1, 30), shows=(10, 240), approves=(14, 30)),
    limits=(Window(50, 10),),
    refusal=_refused,
    place_per_account=True,
    secrets=("network_token",),
    emulator=TuneEmulator,
    rows=RowFields(
        records=("response.data.data",),
        key=("Stat.tune_event_id",),
        amount=("Stat.sale_amount",),
        amount_type="string",
        status=("Stat.status",),
        order=("Stat.advertiser_info",),
        text=("Affiliate.company",),
        optional=("Offer.name",),
        page_parameter="page",
    ),
    landing=_landing,
    record_id=_record_id,
    first_number=731_000_000_100,
    number_step=100,
    probe=Probe(listing=_listing, read=_read, span=30 * DAY),
)
