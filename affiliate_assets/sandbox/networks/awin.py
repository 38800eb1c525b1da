"""Awin's advertiser interface over a world: accounts, transactions by three clocks, publishers and their report.

Choices where Awin's description is silent: the end of a window is included, so that neighbouring windows
share a second; exactly 31 days are accepted; a report takes both of its days in and at most 400 of them;
`timezone` defaults to UTC; an account of somebody else answers 403; the wording of errors other than 401
follows the one 404 body that has been seen.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.clocks import Clock
from affiliate_assets.sandbox.config import Account
from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Network, Probe, RowFields, Window
from affiliate_assets.sandbox.networks.awin_batch import take_batch
from affiliate_assets.sandbox.networks.awin_records import amended_at, decided_at, transaction
from affiliate_assets.sandbox.networks.awin_report import of_conversion, of_record, publisher_report
from affiliate_assets.sandbox.people import Publisher
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import to_epoch, zulu
from affiliate_assets.sandbox.wire import Answer, Ask, Tampering, to_json

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

MAX_WINDOW = timedelta(days=31)
MAX_REPORT = timedelta(days=400)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCKS = ("transaction", "validation", "amendment")
STATUSES = ("pending", "approved", "declined", "deleted")


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, description: str, error: str = "exception") -> None:
        self.answer = to_json({"error": error, "description": description}, status)
        super().__init__(description)


def _bad(description: str) -> _Refusal:
    return _Refusal(400, f"{description} (400 BAD_REQUEST)")


class AwinEmulator:
    """Awin over a world."""

    def __init__(self, world: "World", token: str, tampering: Tampering) -> None:
        """Index the world's transactions by id and by each clock."""
        self._token, self._tampering = token, tampering
        self._publishers = world.publishers("awin")
        self._accounts = {
            account.account_id: place for place, account in enumerate(world.accounts) if account.network == "awin"
        }
        self._declared = world.accounts
        self.desk = Desk(world.conversions_of("awin"), self._index)
        self._index(world.conversions_of("awin"))

    def _index(self, mine: list[Conversion]) -> None:
        self._by_id = {conversion.number: conversion for conversion in mine}
        clocks: dict[str, Callable[[Conversion], int | None]] = {
            "transaction": lambda conversion: conversion.occurred_at,
            "validation": decided_at,
            "amendment": amended_at,
        }
        self._clocks = {
            (place, name): Clock(clock, (conversion for conversion in mine if conversion.account == place))
            for place in self._accounts.values()
            for name, clock in clocks.items()
        }

    def token_of(self, ask: Ask) -> str | None:
        """Return the token of the header, or the one that Awin also takes from the query."""
        return ask.bearer() or ask.query.get("accessToken")

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        try:
            return self._answer(ask, at)
        except _Refusal as refusal:
            return refusal.answer

    def _answer(self, ask: Ask, at: int) -> Answer:
        if self.token_of(ask) != self._token:
            raise _Refusal(401, "Full authentication is required to access this resource", "unauthorized")
        parts = ask.path.strip("/").split("/")
        if ask.method == "GET" and parts == ["accounts"]:
            return self._list_accounts(ask)
        if ask.method == "POST" and parts[:1] == ["advertisers"] and parts[2:] == ["transactions", "batch"]:
            return take_batch(self._place(parts[1]), ask, at, self.desk)
        answers: dict[tuple[str, ...], Callable[[int, Ask, int], Answer]] = {
            ("transactions",): self._list_transactions,
            ("publishers",): self._list_publishers,
            ("reports", "publisher"): self._report_publishers,
        }
        found = answers.get(tuple(parts[2:]))
        if ask.method != "GET" or parts[0] != "advertisers" or found is None:
            raise _Refusal(404, "Not Found (404 NOT_FOUND)")
        return found(self._place(parts[1]), ask, at)

    def _place(self, account_id: str) -> int:
        place = self._accounts.get(account_id)
        if place is None:
            raise _Refusal(403, "Access to this account is denied (403 FORBIDDEN)")
        return place

    def _list_accounts(self, ask: Ask) -> Answer:
        wanted = ask.query.get("type", "advertiser") == "advertiser"
        accounts = [
            {
                "accountId": int(account_id),
                "accountName": self._declared[place].name,
                "accountType": "advertiser",
                "userRole": "Admin",
            }
            for account_id, place in self._accounts.items()
            if wanted
        ]
        return to_json({"userId": 118204, "accounts": accounts}, rows=len(accounts))

    def _list_publishers(self, place: int, ask: Ask, at: int) -> Answer:
        publishers = [
            {
                "id": int(publisher.publisher_id),
                "name": publisher.name,
                "primaryRegion": publisher.region,
                "salesRegions": None if publisher.kind == "Content" else [publisher.region],
                "primaryType": publisher.kind,
            }
            for publisher in self._publishers
        ]
        return to_json(publishers, rows=len(publishers))

    def _list_transactions(self, place: int, ask: Ask, at: int) -> Answer:
        zone = _zone(ask.query.get("timezone", "UTC"))
        basket = ask.query.get("showBasketProducts", "false").lower() == "true"
        found: Iterable[Conversion]
        by_ids = "ids" in ask.query
        found = self._by_ids(place, ask.query["ids"]) if by_ids else self._by_window(place, ask, at, zone)
        wanted = _choice(ask.query.get("status"))
        publishers = {part.strip() for part in ask.query.get("publisherId", "").split(",") if part.strip()}
        rows = []
        for conversion in found:
            if conversion.visible_at > at or (publishers and conversion.partner.publisher_id not in publishers):
                continue
            record = transaction(conversion, at, zone, basket=basket)
            if wanted is None or record["commissionStatus"] == wanted:
                rows.append(self._tampering.apply("awin", str(conversion.number), record))
        return to_json(rows, rows=len(rows))

    def _report_publishers(self, place: int, ask: Ask, at: int) -> Answer:
        zone = _zone(ask.query.get("timezone", "UTC"))
        start, end = _day(ask, "startDate"), _day(ask, "endDate") + timedelta(days=1)
        if not timedelta() < end - start <= MAX_REPORT:
            raise _bad("The date range must be 1 to 400 days long")
        name = ask.query.get("dateType", "transaction")
        if name not in ("transaction", "validation"):
            raise _bad(f"Unknown dateType {name}")
        bounds = to_epoch(start.replace(tzinfo=zone)), to_epoch(end.replace(tzinfo=zone)) - 1
        sold = []
        for conversion in self._clocks[place, name].between(bounds[0], min(bounds[1], at)):
            if conversion.visible_at > at:
                continue
            number = str(conversion.number)
            if self._tampering.touches("awin", number):
                record = transaction(conversion, at, zone, basket=False)
                sold.append(of_record(self._tampering.apply("awin", number, record)))
            else:
                sold.append(of_conversion(conversion, at))
        account = self._declared[place]
        rows = publisher_report(sold, int(account.account_id), account.currency, self._publishers)
        return to_json(rows, rows=len(rows))

    def _by_ids(self, place: int, text: str) -> list[Conversion]:
        try:
            numbers = [int(part) for part in text.split(",") if part.strip()]
        except ValueError:
            raise _bad("ids must be numbers") from None
        known = (self._by_id.get(number) for number in dict.fromkeys(numbers))
        return [conversion for conversion in known if conversion is not None and conversion.account == place]

    def _by_window(self, place: int, ask: Ask, at: int, zone: ZoneInfo) -> Iterable[Conversion]:
        start, end = _local(ask, "startDate"), _local(ask, "endDate")
        if end < start:
            raise _bad("endDate is before startDate")
        if end - start > MAX_WINDOW:
            raise _bad("The date range must not be longer than 31 days")
        name = ask.query.get("dateType", "transaction")
        clock = self._clocks.get((place, name))
        if clock is None:
            raise _bad(f"Unknown dateType {name}")
        bounds = to_epoch(start.replace(tzinfo=zone)), to_epoch(end.replace(tzinfo=zone))
        # What has not happened yet has no date on any clock.
        return clock.between(bounds[0], min(bounds[1], at))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise _bad(f"Unknown timezone {name}") from None


def _local(ask: Ask, name: str) -> datetime:
    text = ask.query.get(name)
    if text is None:
        raise _bad(f"Required parameter {name} is missing")
    try:
        if _NAIVE.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _bad(f"{name} must be given as yyyy-MM-ddTHH:mm:ss")


def _day(ask: Ask, name: str) -> datetime:
    text = ask.query.get(name)
    if text is None:
        raise _bad(f"Required parameter {name} is missing")
    try:
        day = datetime.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not 1970 < day.year < 9999:
        raise _bad(f"{name} must be given as yyyy-MM-dd")
    return day


def _choice(status: str | None) -> str | None:
    if status is not None and status not in STATUSES:
        raise _bad(f"Unknown status {status}")
    return status


def _ask_for(clock: str) -> Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask]:
    def ask(
        secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
    ) -> Ask:
        days = {"startDate": zulu(start)[:-1], "endDate": zulu(end)[:-1], "timezone": "UTC", "dateType": clock}
        headers = {"authorization": f"Bearer {secrets['token']}"}
        return Ask("GET", f"/advertisers/{account.account_id}/transactions/", days, headers, b"")

    return ask


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    rows = json.loads(answer.body, parse_float=Decimal)
    return [(str(row["id"]), str(row["id"]), Decimal(row["saleAmount"]["amount"])) for row in rows], None


_PUBLISHERS = (
    Publisher("deal-harbour", "330411", "Deal Harbour", "deal-harbour.example", "GB", "Discount Code", 700, "", ""),
    Publisher("home-notes", "331550", "Home Notes", "home-notes.example", "GB", "Content", 800, "", ""),
    Publisher("cashback-quay", "330888", "Cashback Quay", "cashback-quay.example", "GB", "Cashback", 500, "", ""),
    Publisher("spar-fuchs", "412207", "Spar-Fuchs", "spar-fuchs.example", "DE", "Discount Code", 600, "", ""),
    Publisher("wohn-magazin", "412850", "Wohn-Magazin", "wohn-magazin.example", "DE", "Content", 900, "", ""),
    Publisher("punkte-plus", "413019", "PunktePlus", "punkte-plus.example", "DE", "Cashback", 450, "", ""),
    Publisher("the-edit", "334772", "The Edit", "the-edit.example", "GB", "Content", 1000, "", ""),
)

NETWORK = Network(
    slug="awin",
    accounts=(
        Account("awin", "1001", "Acme Home DE", "EUR", "de"),
        Account("awin", "1002", "Acme Home UK", "GBP", "uk"),
    ),
    publishers=_PUBLISHERS,
    habits=Habits("in_place", occurs=(3, 30), shows=(20, 150), approves=(20, 25), void_words=("declined", "deleted")),
    limits=(Window(20, 60),),
    limited_by_token=True,
    fee=3_000,
    secrets=("token",),
    emulator=lambda setting: AwinEmulator(setting.world, setting.secrets["token"], setting.tampering),
    rows=RowFields(
        records=("",),
        key=("id",),
        other_keys=("publisherId",),
        amount=("saleAmount.amount", "totalValue"),
        status=("commissionStatus",),
        order=("orderRef",),
        text=("siteName", "publisherName", "name"),
        optional=("voucherCode", "primaryType"),
        key_type="number",
    ),
    landing=lambda click: {"awc": f"{click.account.account_id}_{click.at}_{click.token}"},
    first_number=2_104_550_101,
    number_step=3,
    probe=Probe(listing=_ask_for("transaction"), read=_read, changes=tuple(map(_ask_for, _CLOCKS))),
)
