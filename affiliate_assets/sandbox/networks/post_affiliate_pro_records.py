"""Post Affiliate Pro's rows: a sale, the commission of its second tier, refunds as rows, rewards; all values are text.

Ids are hexadecimal and tell the family apart by their last digits, which is nothing a client may know: 00 the sale,
01 to 07 refunds of it, 08 its second tier, 09 to 0f refunds of that, 10 a recurring commission, 11 a signup bonus.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY
from affiliate_assets.sandbox.money import to_text
from affiliate_assets.sandbox.people import Publisher
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Row

FIRST, STEP = 0x7F3A0000, 0x20
#: Campaigns by shop.
CAMPAIGNS = {"us": "11111111", "de": "22222222"}
COLUMNS = (
    "id", "transid", "parenttransid", "t_orderid", "productid", "userid", "campaignid", "bannerid", "channel", "rtype",
    "tier", "commtypeid", "rstatus", "payoutstatus", "payouthistoryid", "dateinserted", "dateapproved", "totalcost",
    "commission", "originalcurrencyid", "originalcurrencyvalue", "originalcurrencyrate", "firstclicktime",
    "lastclicktime", "firstclickreferer", "firstclickip", "firstclickdata1", "firstclickdata2", "lastclickreferer",
    "lastclickip", "lastclickdata1", "lastclickdata2", "clickcount", "trackmethod", "data1", "data2", "data3", "data4",
    "data5", "couponid", "countrycode", "ip", "refererurl", "merchantnote", "systemnote",
)  # fmt: skip
_TIER, _RECURRING, _BONUS = 0x08, 0x10, 0x11
_PAID_AFTER = 30 * DAY


class Kept(NamedTuple):
    """A row that is kept: its id, what it is, when it is dated and since when it shows, and its first amounts."""

    row_id: int
    conversion: Conversion
    rtype: str
    tier: int
    dated_at: int
    visible_at: int
    sale: int
    commission: int


def place_of(conversion: Conversion) -> int:
    """Return the conversion's place among those of the network."""
    return (conversion.number - FIRST) // STEP


def _upper(conversion: Conversion, sale: int) -> int:
    """Return the second tier's part of the commission on a sale; one sale in five has one."""
    return conversion.commission(sale) // 8 if place_of(conversion) % 5 == 0 else 0


def kept_rows(conversion: Conversion) -> Iterator[Kept]:
    """Yield everything that is ever booked for a conversion.

    Where refunds are rows, each change of a sale is one, with a row for each tier.
    """
    c, first = conversion, conversion.steps[0].sale
    yield Kept(c.number, c, "S", 1, c.occurred_at, c.visible_at, first, c.commission(first) - _upper(c, first))
    tiered = place_of(c) % 5 == 0
    if tiered:
        yield Kept(c.number + _TIER, c, "S", 2, c.occurred_at, c.visible_at, first, _upper(c, first))
    before = first
    for place, step in enumerate(c.steps[1:] if c.correction != "in_place" else (), 1):
        now = 0 if step.void else step.sale
        sale, upper = now - before, _upper(c, now) - _upper(c, before)
        earned = c.commission(now) - c.commission(before)
        rtype = "H" if c.number // STEP % 7 == 0 else "R"
        yield Kept(c.number + place, c, rtype, 1, step.at, step.at, sale, earned - upper)
        if tiered:
            yield Kept(c.number + place + _TIER, c, rtype, 2, step.at, step.at, sale, upper)
        before = now
    if place_of(c) % 50 == 9:
        again = c.visible_at + 28 * DAY
        yield Kept(c.number + _RECURRING, c, "U", 1, again, again, first, 150)
    if place_of(c) % 50 == 21:
        yield Kept(c.number + _BONUS, c, "B", 1, c.occurred_at + 60, c.visible_at + 60, 0, 500)


def parent_of(row: Kept) -> int | None:
    """Return the row that a row names as its parent."""
    if row.rtype in ("R", "H"):
        return row.conversion.number + (_TIER if row.tier == 2 else 0)
    return row.conversion.number if row.tier == 2 else None


def _state(row: Kept, at: int) -> tuple[str, int | None]:
    """Return a row's letter, and when it was approved."""
    c = row.conversion
    if row.rtype != "S":
        return "A", row.dated_at
    step = c.step(at)
    if step.void and c.correction == "in_place":
        return "D", None
    # A sale that a row takes back stays what it was.
    approved = at >= c.final_at and not (step.void and step.at < c.final_at)
    return ("A", c.final_at) if approved else ("P", None)


def _amounts(row: Kept, at: int) -> tuple[int, int]:
    c = row.conversion
    if row.rtype != "S" or c.correction != "in_place":
        return row.sale, row.commission
    sale = c.step(at).sale
    upper = _upper(c, sale)
    return sale, upper if row.tier == 2 else c.commission(sale) - upper


def local(seconds: int, zone: ZoneInfo) -> str:
    """Return an instant on the server's wall clock."""
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")


def record(row: Kept, parent: Publisher, at: int) -> Row:
    """Return a row as of an instant, with every column that can be asked for; `parent` earns on the second tier."""
    c, account = row.conversion, row.conversion.programme
    zone = ZoneInfo(account.zone)
    letter, approved_at = _state(row, at)
    paid = letter == "A" and approved_at is not None and at >= approved_at + _PAID_AFTER
    (sale, commission), above = _amounts(row, at), parent_of(row)
    clicked = None if c.click_at is None or row.rtype != "S" else local(c.click_at, zone)
    partner = c.partner if row.tier == 1 else parent
    known: Row = {
        "id": row_id(row.row_id),
        "transid": row_id(row.row_id),
        "parenttransid": None if above is None else row_id(above),
        "t_orderid": None if row.rtype == "B" else c.order_ref,
        "productid": "",
        "userid": partner.publisher_id,
        "campaignid": CAMPAIGNS[account.shop],
        "bannerid": "",
        "rtype": row.rtype,
        "tier": str(row.tier),
        "rstatus": letter,
        "payoutstatus": "P" if paid else "U",
        "payouthistoryid": "pay00001" if paid else None,
        "dateinserted": local(row.dated_at, zone),
        "dateapproved": None if approved_at is None else local(approved_at, zone),
        "totalcost": to_text(sale, account.currency),
        "commission": to_text(commission, account.currency),
        "firstclicktime": clicked,
        "lastclicktime": clicked,
        "clickcount": "1" if clicked else None,
        "trackmethod": "1",
        "data1": partner.key,
        "countrycode": account.shop.upper(),
        "ip": f"203.0.113.{place_of(c) % 250}",
        "refererurl": f"https://www.{partner.site}/offers?visitor=1",
        "merchantnote": "returned" if row.rtype in ("R", "H") else "",
        "systemnote": "",
    }
    return {name: known.get(name) for name in COLUMNS}


def row_id(number: int) -> str:
    """Return a number as an id."""
    return f"{number:08x}"
