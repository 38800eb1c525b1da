"""TUNE's rows as they are sent: a conversion, its adjustments, a goal beside it, a test row; all values are text.

Ids are numeric and tell the family apart from each other by their last two digits, which is nothing a client may know:
00 the conversion, 01 to 49 its adjustments, 50 a goal beside it, 90 a test row.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.money import to_text
from affiliate_assets.sandbox.people import digest
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Row

NO_TIME = "0000-00-00 00:00:00"
#: Offers by shop.
OFFERS = {"us": "14", "de": "18"}
_RARE = 50
_GOAL, _TEST = 50, 90
_GOAL_PAYOUT = 200
_MARGIN = 120


class Kept(NamedTuple):
    """A row that the network keeps: its id, when it is dated, and since when it shows."""

    row_id: int
    conversion: Conversion
    dated_at: int
    visible_at: int


def kept_rows(conversion: Conversion) -> Iterator[Kept]:
    """Yield everything that is ever booked for a conversion.

    Every other adjustment is dated back to its conversion.
    """
    number = conversion.number
    yield Kept(number, conversion, conversion.occurred_at, conversion.visible_at)
    for place, step in enumerate(conversion.steps[1:], 1):
        if not step.void and _difference(conversion, place):
            yield Kept(number + place, conversion, step.at if number // 100 % 2 else conversion.occurred_at, step.at)
    if number // 100 % _RARE == 7:
        yield Kept(number + _GOAL, conversion, conversion.occurred_at + 300, conversion.visible_at + 300)
    if number // 100 % _RARE == 13:
        yield Kept(number + _TEST, conversion, conversion.occurred_at + 60, conversion.visible_at + 60)


def changed_by_hand(row: Kept, at: int) -> list[int]:
    """Return when somebody changed a row by an instant: refused it, or, one time in three, approved it."""
    conversion, kind = row.conversion, row.row_id % 100
    if kind == _TEST:
        return []
    moments = [step.at for step in conversion.steps if step.void and step.at > row.visible_at]
    by_hand = conversion.number // 100 % 3 == 0
    if by_hand and kind in (0, _GOAL) and not conversion.steps[-1].void:
        moments.append(conversion.final_at)
    return [moment for moment in moments if moment <= at]


def local(seconds: int, zone: ZoneInfo) -> str:
    """Return an instant on the network's wall clock."""
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")


def _difference(conversion: Conversion, place: int) -> int:
    return conversion.steps[place].sale - conversion.steps[place - 1].sale


def record(row: Kept, ad_id: str, at: int) -> Row:
    """Return a row as of an instant, with every field that can be asked for."""
    conversion, kind = row.conversion, row.row_id % 100
    account, partner = conversion.programme, conversion.partner
    zone, void, status = ZoneInfo(account.zone), conversion.step(at).void, conversion.status(at)
    sale, payout, order = (
        conversion.steps[0].sale,
        conversion.commission(conversion.steps[0].sale),
        conversion.order_ref,
    )
    word = {"reversed": "rejected"}.get(status, status)
    code = "43" if status == "approved" else "12" if conversion.step(at).reason == "duplicate order" else "31"
    session = NO_TIME if conversion.click_at is None else local(conversion.click_at, zone)
    goal, goal_name = "0", "Sale"
    if kind == _GOAL:
        sale, payout, goal, goal_name = 0, _GOAL_PAYOUT, "7", "Sign-up"
    elif kind == _TEST:
        sale, payout, order, word, void = 100, 10, None, "approved", ""
        code, ad_id = str(21 + conversion.number // 100 % 3), digest("tune", "test", row.row_id, length=30)
    elif kind:
        before, now = conversion.steps[kind - 1].sale, conversion.steps[kind].sale
        sale, payout = now - before, conversion.commission(now) - conversion.commission(before)
        word, code, session = "rejected" if void else "approved", "52", NO_TIME
    if void:
        sale = payout = 0

    def money(minor: int) -> str:
        whole, _, part = to_text(minor, account.currency).partition(".")
        return f"{whole}.{part:0<5}"

    return {
        "Stat": {
            "tune_event_id": str(row.row_id),
            "id": str(row.row_id),
            "ad_id": ad_id,
            "offer_id": OFFERS[account.shop],
            "affiliate_id": partner.publisher_id,
            "advertiser_id": "31",
            "goal_id": goal,
            "datetime": local(row.dated_at, zone),
            "session_datetime": session,
            "conversion_status": word,
            "status": word,
            "status_code": code,
            "payout": money(payout),
            "revenue": money(payout * _MARGIN // 100),
            "sale_amount": money(sale),
            "currency": account.currency,
            "advertiser_info": order or "",
            "affiliate_info1": partner.key if conversion.number // 100 % 4 else "",
            "affiliate_info2": "",
            "source": "",
            "ip": f"203.0.113.{conversion.number // 100 % 250}",
            "refer": f"https://www.{partner.site}/offers",
        },
        "Offer": {"name": account.name},
        "Affiliate": {"company": partner.name},
        "Goal": {"name": goal_name},
        "Advertiser": {"company": "Acme"},
    }
