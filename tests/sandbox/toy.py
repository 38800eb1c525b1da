"""A tiny network of the tests: sessions, negative lines, no status, three windows, yen and dinar."""

import json
from collections.abc import Mapping
from decimal import Decimal

from affiliate_assets.sandbox.config import Account
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Breach, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.people import enlist
from affiliate_assets.sandbox.times import zulu
from affiliate_assets.sandbox.wire import Answer, Ask, Sessions, number, to_json


class ToyEmulator:
    """Log in at `/login`, list rows by posting date at `/<account>/rows`."""

    def __init__(self, setting: Setting) -> None:
        """Index nothing: the world is small."""
        self._setting = setting
        self.sessions = Sessions(setting.secrets["password"], lifetime=900)

    def token_of(self, ask: Ask) -> str | None:
        """Return the session."""
        return ask.query.get("session")

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        if ask.path == "/login":
            right = ask.form() == dict(self._setting.secrets)
            return to_json({"session": self.sessions.open(at)}) if right else to_json({"error": "login"}, 401)
        if not self.sessions.valid(self.token_of(ask), at):
            return to_json({"error": "session"}, 401)
        rows = [
            row
            for row in self._setting.world.rows_of("toy")
            if row.conversion.programme.account_id == ask.path.split("/")[1]
            and row.posted_at <= at
            and ask.query["from"] <= zulu(row.posted_at) < ask.query["to"]
        ]
        first = int(ask.query.get("page", 0)) * self._setting.page_limit
        page = rows[first : first + self._setting.page_limit]
        records = [
            self._setting.tamper(
                str(row.commission_id),
                {
                    "row": str(row.commission_id),
                    "sale": row.conversion.record_id,
                    "order": row.conversion.order_ref,
                    "publisher": row.conversion.partner.name,
                    "amount": number(row.sale, row.conversion.programme.currency),
                    "share": number(row.commission, row.conversion.programme.currency),
                },
            )
            for row in page
        ]
        more = first + len(page) < len(rows)
        return to_json(
            {"total": len(rows), "next": first // self._setting.page_limit + 1 if more else None, "rows": records},
            rows=len(records),
        )


def _login(secrets: Mapping[str, str]) -> Ask:
    body = "&".join(f"{name}={value}" for name, value in secrets.items()).encode()
    return Ask("POST", "/login", {}, {"content-type": "application/x-www-form-urlencoded"}, body)


def _token(answer: Answer) -> str:
    return str(json.loads(answer.body)["session"])


def _listing(
    secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
) -> Ask:
    query = {"session": token or "", "from": zulu(start), "to": zulu(end)}
    return Ask("GET", f"/{account.account_id}/rows", query | ({"page": cursor} if cursor else {}), {}, b"")


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    body = json.loads(answer.body, parse_float=Decimal)
    found = [(row["row"], row["sale"], Decimal(row["amount"])) for row in body["rows"]]
    return found, None if body["next"] is None else str(body["next"])


def _refusal(breach: Breach) -> Answer:
    return to_json({"error": "one at a time" if breach.concurrent else f"wait {breach.wait}"}, 200)


NETWORK = Network(
    slug="toy",
    accounts=(
        Account("toy", "J1", "Acme Home JP", "JPY", "jp"),
        Account("toy", "K1", "Acme Home KW", "KWD", "kw"),
        Account("toy", "D1", "Acme Home DE", "EUR", "de"),
    ),
    publishers=enlist({"deal-harbour": "d1", "kurashi-note": "k1", "souq-savings": "s1"}, spell=str.upper),
    habits=Habits("negative", tells_status=False, tells_click=False),
    limits=(Window(5, 60), Window(7, 86_400), Window(1, 60, path="^/export")),
    refusal=_refusal,
    concurrent=1,
    sessions=True,
    secrets=("username", "password"),
    emulator=ToyEmulator,
    rows=RowFields(
        records=("rows",),
        key=("row",),
        amount=("amount",),
        order=("order",),
        text=("publisher",),
        count="total",
        page_parameter="page",
    ),
    landing=lambda click: {"toy": click.token},
    record_id=lambda conversion: f"T-{conversion.number}",
    probe=Probe(listing=_listing, read=_read, login=_login, token=_token),
)
