"""ShareASale, closed: no interface answers any more, and somebody drops its activity report, whole, now and then.

Choices where the description is silent: the known columns only; Pending Date is the day a sale first showed; a lock
date is shown from the start, and kept once a sale is void.
"""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.money import to_text
from affiliate_assets.sandbox.network import Account, Click, Network, RowFields, Setting
from affiliate_assets.sandbox.people import enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch
from affiliate_assets.sandbox.wire import Answer, Ask
from affiliate_assets.sandbox.world import World

_ZONE = ZoneInfo("America/Chicago")
_TITLES = (
    "Trans ID|User ID|Merchant ID|Trans Date|Trans Amount|Commission|Comment|Voided|Pending Date|Locked|Aff Comment|"
    "Banner Page|Reversal Date|Click Date|Click Time|Banner Id|SKU List|Quantity List|Lock Date|Paid Date|"
    "Merchant Organization|Merchant Website|Trans Type"
)


class Closed:
    """What is left of the interface."""

    def __init__(self, setting: Setting) -> None:
        """Take nothing."""

    def token_of(self, ask: Ask) -> str | None:
        """Return nothing: nobody logs in."""
        return None

    def answer(self, ask: Ask, at: int) -> Answer:
        """Say that there is nothing."""
        return Answer(404)


def export(world: World, account: Account, folder: Path, at: int) -> Path:
    """Write an account's report as of an instant."""
    path = folder / f"activity_{from_epoch(at):%Y%m%dT%H%M%SZ}.csv"
    mine = [c for c in world.conversions_of("shareasale") if c.programme == account and c.visible_at <= at]
    lines = [_TITLES, *("|".join(_cells(conversion, at)) for conversion in mine)]
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("utf-8"))
    return path


def _local(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, _ZONE)


def _day(seconds: int) -> str:
    return f"{_local(seconds):%m/%d/%Y}"


def _time(seconds: int) -> str:
    return f"{_local(seconds):%I:%M:%S %p}"


def _cells(conversion: Conversion, at: int) -> list[str]:
    step, status = conversion.step(at), conversion.status(at)
    clicked = conversion.click_at
    is_void = bool(step.void)
    return [
        conversion.record_id,
        conversion.partner.publisher_id,
        conversion.programme.account_id,
        f"{_day(conversion.occurred_at)} {_time(conversion.occurred_at)}",
        to_text(step.sale, "USD"),
        to_text(conversion.commission(step.sale), "USD"),
        f"Sale - {conversion.order_ref}" if conversion.order_ref else "Sale - ",
        "1" if is_void else "",
        _day(conversion.visible_at),
        "1" if status == "approved" else "0",
        conversion.partner.key if conversion.number % 3 else "",
        f"https://{conversion.partner.site}/",
        _day(step.at) if is_void else "",
        "" if clicked is None else _day(clicked),
        "" if clicked is None else _time(clicked),
        str(5_500 + conversion.number % 7),
        f"SKU-{conversion.number % 50}",
        "1",
        _day(conversion.final_at),
        "",
        "Acme Home",
        "acme-home.example",
        "Sale",
    ]


def _landing(click: Click) -> dict[str, str]:
    return {"sscid": click.token}


NETWORK = Network(
    slug="shareasale",
    accounts=(Account("shareasale", "99120", "Acme Home US", "USD", "us", "America/Chicago"),),
    publishers=enlist(
        {
            "setup-stories": "880011",
            "cash-canyon": "880015",
            "porch-living": "880101",
            "app-rewards": "880222",
            "deal-harbour": "880340",
        },
        spell=lambda name: f"{name} LLC",
    ),
    habits=Habits(correction="in_place", occurs=(1, 10), shows=(10, 300), approves=(35, 10), void_amount="kept"),
    limits=(),
    secrets=(),
    emulator=Closed,
    rows=RowFields(),
    landing=_landing,
    export=export,
    first_number=200_100_101,
)
