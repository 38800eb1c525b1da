"""Everflow's Network API over a world: conversions with events, their summary, the clicks stream, and listings.

Choices where the description is silent: both ends of a span are included, to the second; a day as an end includes the
day; a time that comes twice in a day is the first; rows older than 365 days and, without a conversion, clicks older
than 92 days are not there; a filter on something else than offer, advertiser, affiliate or status is ignored; a
rejected row keeps its amounts; the summary counts what the list shows; UTC has another number than in the reference's
examples, so that a number nobody looked up shows.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.clocks import Clock
from affiliate_assets.sandbox.config import DAY, HOUR
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.money import to_decimal
from affiliate_assets.sandbox.network import Account, Breach, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.networks import everflow_records as records
from affiliate_assets.sandbox.people import enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch, to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, to_json

UTC_ID = 131
ZONES = {67: "America/Sao_Paulo", 80: "America/New_York", 90: "America/Los_Angeles", UTC_ID: "UTC"}
MOST_ROWS, USUAL_ROWS, MOST_CLICKS = 2_000, 50, 10_000
_REACH, _CLICKS_KEPT = 365 * DAY, 92 * DAY
_LIMIT = 600
_KEY = "x-eflow-api-key"
_TIME = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_DAY_LENGTH = 10


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        self.answer = to_json({"error": message}, status)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A conversion or an event in the list, with its payout and revenue in minor units."""

    at: int
    conversion: Conversion
    row: dict[str, object]
    sale: int
    payout: int
    revenue: int


class EverflowEmulator:
    """Everflow over a world."""

    def __init__(self, setting: Setting) -> None:
        """Find the click behind each conversion."""
        self._setting, world = setting, setting.world
        self._mine = Clock(lambda conversion: conversion.occurred_at, world.conversions_of("everflow"))
        self._tokens: dict[int, str] = {}
        self._converts: dict[str, int] = {}
        for conversion in world.conversions_of("everflow"):
            click = world.click_of(conversion)
            if click is not None:
                self._tokens[conversion.number] = click.token
                known = self._converts.get(click.token, conversion.visible_at)
                self._converts[click.token] = min(known, conversion.visible_at)

    def token_of(self, ask: Ask) -> str | None:
        """Return the key in the header."""
        return ask.headers.get(_KEY)

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        try:
            if self.token_of(ask) != self._setting.secrets["api_key"]:
                raise _Refusal(401, "Invalid API key")
            return self._answer(ask, at)
        except _Refusal as refusal:
            return refusal.answer

    def _answer(self, ask: Ask, at: int) -> Answer:
        made_at = to_epoch(self._setting.world.start) - DAY
        accounts = self._setting.accounts
        match ask.method, ask.path:
            case "GET", "/meta/timezones":
                return to_json({"timezones": [{"timezone_id": n, "timezone": name} for n, name in ZONES.items()]})
            case "GET", "/networks/affiliates":
                partners = [records.affiliate_row(partner, made_at) for partner in self._setting.network.publishers]
                return self._page(ask, "affiliates", partners)
            case "GET", "/networks/offers":
                return self._page(ask, "offers", [records.offer_row(account, made_at) for account in accounts])
            case "GET", "/networks/advertisers":
                rows: list[dict[str, object]] = [
                    {"network_advertiser_id": int(account.account_id), "name": account.name} for account in accounts
                ]
                return self._page(ask, "advertisers", rows)
            case "POST", "/networks/reporting/conversions":
                return self._page(ask, "conversions", [entry.row for entry in self._entries(ask, at)])
            case "POST", "/networks/reporting/conversions/summary":
                return self._summary(ask, at)
            case "POST", "/networks/reporting/clicks/stream":
                return self._clicks(ask, at)
        raise _Refusal(404, "Not found")

    def _page(self, ask: Ask, name: str, rows: list[dict[str, object]]) -> Answer:
        """Return one page; a size beyond the most is cut without a word but the size that is told."""
        page = _whole(ask.query.get("page", "1"))
        size = min(_whole(ask.query.get("page_size", str(USUAL_ROWS))), MOST_ROWS, self._setting.page_limit)
        shown = rows[(page - 1) * size : page * size]
        told = {"page": page, "page_size": size, "total_count": len(rows)}
        return to_json({name: shown, "paging": told}, rows=len(shown))

    def _entries(self, ask: Ask, at: int) -> Iterator[_Entry]:
        body = _body(ask)
        if not isinstance(body.get("show_conversions"), bool) or not isinstance(body.get("show_events"), bool):
            raise _Refusal(400, "show_conversions and show_events are required")
        start, end = _span(body, 365)
        fits, start = _filter(body), max(start, at - _REACH)
        for entry in self._visible(start - HOUR, end, at):
            wanted = body["show_events" if entry.row.get("is_event") else "show_conversions"]
            if wanted and start <= entry.at <= end and fits(entry.row):
                yield entry

    def _visible(self, start: int, end: int, at: int) -> Iterator[_Entry]:
        """Yield what shows of conversions sold in a span, events after the conversions that they follow."""
        for conversion in self._mine.between(start, end):
            if conversion.visible_at > at:
                continue
            token = self._tokens.get(conversion.number)
            sale = conversion.step(at).sale
            payout = conversion.commission(sale)
            row = self._setting.tamper(conversion.record_id, records.conversion_row(conversion, token, at))
            yield _Entry(conversion.occurred_at, conversion, row, sale, payout, records.revenue_of(payout))
            happens_at = records.event_at(conversion)
            if records.has_event(conversion) and happens_at <= at:
                yield _Entry(happens_at, conversion, records.event_row(conversion, token), 0, *records.event_money())

    def _summary(self, ask: Ask, at: int) -> Answer:
        counts: Counter[str] = Counter()
        money: dict[str, Decimal] = dict.fromkeys(("payout", "revenue", "gross_sales"), Decimal(0))
        for entry in self._entries(ask, at):
            currency, status = entry.conversion.programme.currency, str(entry.row.get("status"))
            if status == "rejected":
                status = "rejected_scrub" if entry.row.get("is_scrub") else "rejected_manual"
            counts[status] += 1
            amounts = {"payout": entry.payout, "revenue": entry.revenue, "gross_sales": entry.sale}
            for name, amount in amounts.items():
                money[name] += to_decimal(amount, currency)
        words = ("pending", "approved", "invalid", "rejected_scrub", "rejected_manual")
        return to_json({"total": counts.total(), **{word: counts[word] for word in words}, **money})

    def _clicks(self, ask: Ask, at: int) -> Answer:
        body = _body(ask)
        start, end = _span(body, 14)
        fits, rows = _filter(body), []
        for click in self._setting.world.clicks_of("everflow"):
            converted = self._converts.get(click.token, at + 1) <= at
            if start <= click.at <= min(end, at) and (converted or click.at >= at - _CLICKS_KEPT):
                row = records.click_row(click, converted)
                if fits(row):
                    rows.append(self._setting.tamper(click.token, row))
        shown = rows[:MOST_CLICKS]
        return to_json({"clicks": shown}, rows=len(shown))


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise _Refusal(400, "page and page_size must be positive numbers")
    return int(text)


def _body(ask: Ask) -> dict[str, Any]:
    body = ask.json()
    if not isinstance(body, dict):
        raise _Refusal(400, "Invalid JSON")
    return body


def _span(body: dict[str, Any], most_days: int) -> tuple[int, int]:
    """Return the span asked for, both ends included."""
    zone = ZONES.get(body.get("timezone_id", 0))
    if zone is None:
        raise _Refusal(400, "Invalid timezone_id")
    ends = []
    for name in ("from", "to"):
        text = str(body.get(name))
        if not _TIME.fullmatch(text):
            raise _Refusal(400, f"Invalid {name}")
        try:
            local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            raise _Refusal(400, f"Invalid {name}") from None
        if name == "to" and len(text) == _DAY_LENGTH:
            local += timedelta(days=1, seconds=-1)
        ends.append(to_epoch(local))
    start, end = ends
    if not 0 <= end - start <= most_days * DAY:
        raise _Refusal(400, "Invalid date range")
    return start, end


def _filter(body: dict[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether a row passes; values of one kind are alternatives."""
    wanted: dict[str, set[str]] = {}
    for entry in (body.get("query") or {}).get("filters", []):
        wanted.setdefault(str(entry.get("resource_type")), set()).add(str(entry.get("filter_id_value")))

    def fits(row: Mapping[str, Any]) -> bool:
        parties = row["relationship"]
        told = {name: str(parties[name][f"network_{name}_id"]) for name in ("offer", "advertiser", "affiliate")}
        told["status"] = str(row.get("status"))
        return all(told[name] in values for name, values in wanted.items() if name in told)

    return fits


def _refused(breach: Breach) -> Answer:
    message = "Too many concurrent requests" if breach.concurrent else "Too many requests"
    headers = {"Content-Type": "application/json", "X-RateLimit-Limit": str(_LIMIT), "X-RateLimit-Remaining": "0"}
    return Answer(429, json.dumps({"error": message}).encode(), headers=headers)


def _listing(
    secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
) -> Ask:
    body = {
        "from": from_epoch(start).strftime("%Y-%m-%d %H:%M:%S"),
        "to": from_epoch(end - 1).strftime("%Y-%m-%d %H:%M:%S"),
        "timezone_id": UTC_ID,
        "show_conversions": True,
        "show_events": True,
        "query": {"filters": [{"resource_type": "advertiser", "filter_id_value": account.account_id}]},
    }
    query = {"page": cursor or "1", "page_size": str(MOST_ROWS)}
    headers = {_KEY: secrets["api_key"]}
    return Ask("POST", "/networks/reporting/conversions", query, headers, json.dumps(body).encode())


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    body = json.loads(answer.body, parse_float=Decimal)
    paging = body["paging"]
    rows = [row for row in body["conversions"] if not row["is_event"]]
    more = paging["page"] * paging["page_size"] < paging["total_count"]
    shown = [(row["conversion_id"], row["conversion_id"], Decimal(row["sale_amount"])) for row in rows]
    return shown, str(paging["page"] + 1) if more else None


PROBE = Probe(listing=_listing, read=_read)

NETWORK = Network(
    slug="everflow",
    accounts=(
        Account("everflow", "3", "Acme Home US", "USD", "us"),
        Account("everflow", "7", "Acme Home Kuwait", "KWD", "kw"),
    ),
    publishers=enlist(
        {
            "deal-harbour": "44",
            "setup-stories": "51",
            "cash-canyon": "58",
            "the-edit": "63",
            "porch-living": "70",
            "souq-savings": "77",
            "app-rewards": "82",
        },
        spell=lambda name: f"{name} (EF)",
    ),
    habits=Habits(correction="in_place", approves=(25, 20), void_amount="kept"),
    # 20 a second over 30 s, the lower of two published numbers; the quota of granular reports counts all reports.
    limits=(Window(_LIMIT, 30), Window(1_000, 3_600, path=r"/networks/reporting/")),
    concurrent=10,
    refusal=_refused,
    secrets=("api_key",),
    emulator=EverflowEmulator,
    rows=RowFields(
        records=("conversions", "clicks", "affiliates", "offers"),
        key=("conversion_id",),
        key_type="word",
        other_keys=("transaction_id", "network_offer_id", "network_affiliate_id"),
        amount=("sale_amount",),
        status=("status",),
        order=("order_id",),
        text=("relationship.affiliate.name", "name"),
        optional=("coupon_code", "account_status"),
        page_parameter="page",
    ),
    landing=lambda click: {"_ef_transaction_id": click.token},
    record_id=records.id_of,
    probe=PROBE,
)
