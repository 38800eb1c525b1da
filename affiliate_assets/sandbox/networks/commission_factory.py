"""Commission Factory's merchant interface over a world: transactions by two clocks, one transaction, affiliates.

Choices where the description is silent: times are in the account's zone, in the question as in the answer, and both
ends of a range are included; a record is modified when it first shows; a range that ends before it begins is empty;
an answer to an error has no body. The key belongs to one account there; here one user has two merchant accounts, and
the first part of the path tells which.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Click, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.networks.commission_factory_records import affiliates, modified_at, transaction
from affiliate_assets.sandbox.networks.commission_factory_uploads import upload
from affiliate_assets.sandbox.people import enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import naive_local
from affiliate_assets.sandbox.wire import Answer, Ask, to_json

_ZONE = "Australia/Sydney"
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?)?")
_STATUSES = ("Approved", "Pending", "Void")
_FINE_STATUSES = ("Approved", "Paid", "Locked", "Pending", "Void")
_RELATIONS = ("Approved", "Invited", "Pending")


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int) -> None:
        self.answer = Answer(status)
        super().__init__(status)


class CommissionFactoryEmulator:
    """Commission Factory over a world."""

    def __init__(self, setting: Setting) -> None:
        """Sort the world's transactions by account."""
        self._setting = setting
        self._accounts = {account.account_id: account for account in setting.accounts}
        mine = setting.world.conversions_of(setting.network.slug)
        self._places = {conversion.programme.account_id: conversion.account for conversion in mine}
        self.desk = Desk(mine, self._index)
        self._index(mine)

    def _index(self, conversions: list[Conversion]) -> None:
        self._mine: dict[str, list[Conversion]] = {account_id: [] for account_id in self._accounts}
        for conversion in conversions:
            self._mine[conversion.programme.account_id].append(conversion)

    def upload(self, account_id: str, kind: str, text: str, at: int) -> int:
        """Take a file that a person uploads in the dashboard; see `commission_factory_uploads`."""
        return upload(kind, text, self._places[account_id], at, self.desk)

    def token_of(self, ask: Ask) -> str | None:
        """Return the key in the query."""
        return ask.query.get("apiKey")

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        try:
            return self._answer(ask, at)
        except _Refusal as refusal:
            return refusal.answer

    def _answer(self, ask: Ask, at: int) -> Answer:
        if self.token_of(ask) != self._setting.secrets["api_key"]:
            raise _Refusal(401)
        account_id, *path = ask.path.strip("/").split("/")
        account = self._accounts.get(account_id)
        if account is None or ask.method != "GET":
            raise _Refusal(404)
        if path == ["Affiliates"]:
            return self._list_affiliates(account, ask)
        if path == ["Transactions"]:
            return self._list_transactions(account, ask, at)
        if len(path) == 2 and path[0] == "Transactions":
            return self._one_transaction(account, path[1], at)
        raise _Refusal(404)

    def _list_affiliates(self, account: Account, ask: Ask) -> Answer:
        wanted = _choice(ask, "status", _RELATIONS)
        listed = affiliates(self._setting.network.publishers, ZoneInfo(account.zone))
        rows = [row for row in listed if wanted in (None, row["Status"])]
        return to_json(rows, rows=len(rows))

    def _one_transaction(self, account: Account, text: str, at: int) -> Answer:
        for conversion in self._mine[account.account_id]:
            if conversion.record_id == text and conversion.visible_at <= at:
                return to_json(self._row(conversion, at), rows=1)
        raise _Refusal(404 if text.isdecimal() else 400)

    def _list_transactions(self, account: Account, ask: Ask, at: int) -> Answer:
        begin, end = _naive(ask, "fromDate"), _naive(ask, "toDate")
        by = _choice(ask, "dateProperty", ("DateCreated", "DateModified")) or "DateCreated"
        coarse, fine = _choice(ask, "status", _STATUSES), _choice(ask, "status2", _FINE_STATUSES)
        date: Callable[[Conversion], int] = (
            (lambda c: c.occurred_at) if by == "DateCreated" else (lambda c: modified_at(c, at))
        )
        zone, rows = ZoneInfo(account.zone), []
        for conversion in self._seen(account, at):
            if not begin <= datetime.fromisoformat(naive_local(date(conversion), zone)) <= end:
                continue
            row = self._row(conversion, at)
            if coarse in (None, row["Status"]) and fine in (None, row["Status2"]) and _fits(ask, row):
                rows.append(row)
        return to_json(rows, rows=len(rows))

    def _seen(self, account: Account, at: int) -> Iterable[Conversion]:
        return (c for c in self._mine[account.account_id] if c.visible_at <= at)

    def _row(self, conversion: Conversion, at: int) -> dict[str, object]:
        zone = ZoneInfo(conversion.programme.zone)
        return self._setting.tamper(conversion.record_id, transaction(conversion, at, zone))


def _naive(ask: Ask, name: str) -> datetime:
    text = ask.query.get(name, "")
    try:
        if _NAIVE.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _Refusal(400)


def _choice(ask: Ask, name: str, words: tuple[str, ...]) -> str | None:
    word = ask.query.get(name)
    if word is not None and word not in words:
        raise _Refusal(400)
    return word


def _fits(ask: Ask, row: Mapping[str, object]) -> bool:
    """Tell whether a transaction passes the filters by publisher and order."""
    filters = {"affiliateId": "AffiliateId", "orderId": "OrderId", "invoiceId": "InvoiceId"}
    return all(str(row[field]) == ask.query[name] for name, field in filters.items() if name in ask.query)


def _ask_for(clock: str) -> Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask]:
    def ask(
        secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
    ) -> Ask:
        zone = ZoneInfo(account.zone)
        query = {
            "apiKey": secrets["api_key"],
            "fromDate": f"{naive_local(start, zone)}.000",
            "toDate": f"{naive_local(end, zone)}.000",
            "dateProperty": clock,
        }
        return Ask("GET", f"/{account.account_id}/Transactions", query, {}, b"")

    return ask


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    rows = json.loads(answer.body, parse_float=Decimal)
    return [(str(row["Id"]), str(row["Id"]), Decimal(row["SaleValue"])) for row in rows], None


def _landing(click: Click) -> dict[str, str]:
    return {"cfclick": click.token}


PROBE = Probe(listing=_ask_for("DateCreated"), read=_read, changes=(_ask_for("DateModified"),))

NETWORK = Network(
    slug="commission_factory",
    accounts=(
        Account("commission_factory", "61204", "Acme Home UK", "GBP", "uk", _ZONE),
        Account("commission_factory", "61377", "Acme Home US", "USD", "us", _ZONE),
    ),
    publishers=enlist(
        {
            "deal-harbour": "40551",
            "home-notes": "40902",
            "cashback-quay": "41877",
            "the-edit": "42016",
            "setup-stories": "42330",
            "cash-canyon": "43118",
            "search-scout": "43790",
        },
        spell=lambda name: f"{name} Pty Ltd",
        kinds={"Content": "Website", "Comparison": "Website"},
    ),
    # Commission Factory shows a sale at once; the validation period is the merchant's choice.
    habits=Habits(
        # No field of a merchant's transaction names the click.
        tells_click=False,
        correction="in_place",
        occurs=(1, 15),
        shows=(5, 120),
        approves=(30, 15),
        void_amount="kept",
        # It tells the shop's own currency beside the account's.
        not_planted=frozenset({"booked_in_other_currency", "booked_at_other_rate", "currency_label_wrong"}),
    ),
    limits=(Window(30, 60), Window(1_000, 86_400)),
    concurrent=1,
    place_per_account=True,
    secrets=("api_key",),
    emulator=CommissionFactoryEmulator,
    rows=RowFields(
        records=("",),
        key=("Id",),
        key_type="number",
        amount=("SaleValue",),
        status=("Status2",),
        order=("OrderId",),
        text=("AffiliateBusinessName", "BusinessName"),
        optional=("CouponCode", "DateApproved"),
    ),
    landing=_landing,
    fee=3_000,
    first_number=88_200_017,
    number_step=7,
    probe=PROBE,
)
