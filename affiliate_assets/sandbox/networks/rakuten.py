"""Rakuten Advertising's reporting service over a world: one saved report as comma-separated text, token in the query.

Choices where the description is silent: `start_date` and `end_date` are whole days of Greenwich and both included; the
report is called `affiliate-ledger` and has the columns of `rakuten_lines`, never a summary; other zones, languages and
reports are refused with 400, a wrong token with 401; 20 calls a minute; an order without an id has one that Rakuten
makes. The numbers of networks other than 1 (the US) are invented.
"""

from collections.abc import Callable, Mapping
from csv import reader
from datetime import date, timedelta
from decimal import Decimal

from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Breach, Click, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.networks.rakuten_lines import TITLES, Line, lines_of, order_id, text_of
from affiliate_assets.sandbox.people import digest, enlist
from affiliate_assets.sandbox.times import from_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, to_json

_PATH = "/en/reports/affiliate-ledger/filters"
_RANGES = {"yesterday": 1, "last-7-days": 7, "last-30-days": 30}


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.answer = to_json({"message": message, "error": "REQUEST_PARAM_INVALID"}, 400)


class RakutenEmulator:
    """Lists the lines of an advertiser by the day of the sale or of their arrival."""

    def __init__(self, setting: Setting) -> None:
        """Make the lines of each network number."""
        self._setting = setting
        self._lines: dict[str, list[Line]] = {account.account_id.partition(".")[0]: [] for account in setting.accounts}
        for row in setting.world.rows_of(setting.network.slug):
            self._lines[row.conversion.programme.account_id.partition(".")[0]] += lines_of(row)

    def token_of(self, ask: Ask) -> str | None:
        """Return the token in the query."""
        return ask.query.get("token")

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        if self.token_of(ask) != self._setting.secrets["token"]:
            return Answer(401)
        if (ask.method, ask.path) != ("GET", _PATH):
            return Answer(404)
        try:
            return self._report(ask, at)
        except _Refusal as refusal:
            return refusal.answer

    def _report(self, ask: Ask, at: int) -> Answer:
        lines = self._lines.get(ask.query.get("network", ""))
        by = ask.query.get("date_type", "transaction")
        if lines is None or by not in ("transaction", "process") or ask.query.get("tz") != "GMT":
            raise _Refusal("network, date_type or tz is not valid")
        first, last = _days(ask, at)
        seen = []
        for line in lines:
            day = from_epoch(line.occurred_at if by == "transaction" else line.posted_at).date()
            if line.posted_at <= at and first <= day <= last:
                seen.append(self._setting.tamper(line.transaction_id, line.values()))
        body = text_of([TITLES, *(tuple(str(value) for value in row.values()) for row in seen)])
        return Answer(200, body, len(seen), {"Content-Type": "text/csv"})


def _days(ask: Ask, at: int) -> tuple[date, date]:
    today = from_epoch(at).date()
    if (name := ask.query.get("date_range", "custom")) != "custom":
        if name not in _RANGES:
            raise _Refusal("date_range is not known")
        return today - timedelta(days=_RANGES[name]), today - timedelta(days=1)
    try:
        return date.fromisoformat(ask.query.get("start_date", "")), date.fromisoformat(ask.query.get("end_date", ""))
    except ValueError:
        raise _Refusal("start_date and end_date must be given as YYYY-MM-DD") from None


def _ask_for(clock: str) -> Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask]:
    def ask(
        secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
    ) -> Ask:
        query = {
            "start_date": f"{from_epoch(start):%Y-%m-%d}",
            "end_date": f"{from_epoch(end):%Y-%m-%d}",
            "include_summary": "N",
            "network": account.account_id.partition(".")[0],
            "tz": "GMT",
            "date_type": clock,
            "token": secrets["token"],
        }
        return Ask("GET", _PATH, query, {}, b"")

    return ask


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    _, *rows = reader(answer.body.decode("utf-8-sig").splitlines())
    shown = [dict(zip(TITLES, row, strict=True)) for row in rows]
    return [
        (
            row["Transaction ID"],
            f"{row['Order ID']}:{row['Publisher ID']}",
            Decimal(row["Sales"].replace(",", "")),
        )
        for row in shown
    ], None


def _refusal(breach: Breach) -> Answer:
    """A breach is told by 403, without headers or body."""
    return Answer(403)


def _landing(click: Click) -> dict[str, str]:
    site = digest("rakuten-site", click.publisher.publisher_id, length=11)
    return {
        "ranMID": click.account.account_id.partition(".")[2],
        "ranEAID": site,
        "ranSiteID": f"{site}-{click.token}",
    }


NETWORK = Network(
    slug="rakuten",
    accounts=(
        Account("rakuten", "1.40771", "Acme Home US", "USD", "us"),
        Account("rakuten", "41.60218", "Acme Home JP", "JPY", "jp"),
    ),
    publishers=enlist(
        {
            "deal-harbour": "3712204",
            "the-edit": "3714410",
            "setup-stories": "3715008",
            "cash-canyon": "3719001",
            "porch-living": "3720377",
            "kurashi-note": "3800117",
            "point-machi": "3800452",
        },
        spell=lambda name: f"{name}, Inc.",
    ),
    habits=Habits(
        correction="negative",
        occurs=(2, 30),
        shows=(60, 900),
        tells_status=False,
        tells_click=False,
        # It puts an id of its own where the page sends none.
        not_planted=frozenset({"id_not_sent", "no_order_named"}),
    ),
    limits=(Window(20, 60),),
    refusal=_refusal,
    secrets=("token",),
    emulator=RakutenEmulator,
    rows=RowFields(
        key=("Transaction ID",), amount=("Sales",), order=("Order ID",), text=("Publisher Name",), table="text"
    ),
    landing=_landing,
    record_id=lambda conversion: f"{order_id(conversion)}:{conversion.partner.publisher_id}",
    first_number=6_310_001,
    number_step=3,
    first_row=5_000_000_011,
    row_step=2,
    probe=Probe(listing=_ask_for("transaction"), read=_read, changes=(_ask_for("process"),)),
)
