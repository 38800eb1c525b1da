"""Shops whose visits are told by web analytics: tables of page events instead of the shop's file of visits.

The shapes are those of the documented tables: Google Analytics 4's export to BigQuery as Parquet, Snowplow's
`atomic.events` and Segment's `pages` and `order_completed` as CSV. None of them knows a customer; a browser that was
there when an order was made is known by the order's id.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from affiliate_assets.sandbox.config import SHOPS, by_place
from affiliate_assets.sandbox.landings import landing
from affiliate_assets.sandbox.times import from_epoch, zulu

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

_TEXT = pa.string()
_GA4 = pa.schema(
    [
        ("event_date", _TEXT),
        ("event_timestamp", pa.int64()),
        ("event_name", _TEXT),
        (
            "event_params",
            pa.list_(
                pa.struct([("key", _TEXT), ("value", pa.struct([("string_value", _TEXT), ("int_value", pa.int64())]))])
            ),
        ),
        ("user_pseudo_id", _TEXT),
        ("stream_id", _TEXT),
        (
            "collected_traffic_source",
            pa.struct(
                [
                    (name, _TEXT)
                    for name in ("manual_source", "manual_medium", "manual_campaign_name", "gclid", "dclid", "srsltid")
                ]
            ),
        ),
        ("ecommerce", pa.struct([("transaction_id", _TEXT)])),
    ]
)
_SNOWPLOW = (
    *("app_id", "collector_tstamp", "derived_tstamp", "event", "event_id", "domain_userid", "user_ipaddress"),
    *("page_url", "page_referrer", "mkt_medium", "mkt_source", "mkt_campaign", "tr_orderid"),
)
_SEGMENT = (
    *("id", "received_at", "timestamp", "anonymous_id", "context_ip", "context_page_url", "context_page_referrer"),
    *("context_campaign_source", "context_campaign_medium", "context_campaign_name"),
)
_SEGMENT_ORDERS = ("id", "received_at", "timestamp", "anonymous_id", "order_id")


class Page(NamedTuple):
    """A landing as a browser logs it."""

    event_id: str
    at: int
    visitor: str
    source: str
    medium: str
    campaign: str
    url: str
    referrer: str


class Purchase(NamedTuple):
    """An order as the browser logs it that was there."""

    event_id: str
    at: int
    visitor: str
    order_id: str


def write(world: "World", folder: Path, at: int, since: int | None = None) -> list[Path]:
    """Write the events of each shop's analytics between two instants, and return the paths."""
    stamp, first = from_epoch(at).strftime("%Y%m%dT%H%M%SZ"), -1 if since is None else since
    written = []
    for place, stream in by_place(world.config.analytics).items():
        pages = [page for page in _pages(world, place, at) if page.at > first]
        purchases = [purchase for purchase in _purchases(world, place, at) if purchase.at > first]
        for name, write_table in _TABLES[stream].items():
            path = folder / f"{name}_{SHOPS[place].name}_{stamp}{_SUFFIXES.get(name, '.csv')}"
            write_table(path, SHOPS[place].name, pages, purchases)
            written.append(path)
    return written


def settings(world: "World") -> Iterator[list[str]]:
    """Yield the `[[exports]]` of each table as lines of `affiliate.toml`."""
    for stream in dict.fromkeys(by_place(world.config.analytics).values()):
        for name in _TABLES[stream]:
            path = f'path = "exports/{name}_*{_SUFFIXES.get(name, ".csv")}"'
            yield ["[[exports]]", f'stream = "{name}"', path]


def _pages(world: "World", shop: int, at: int) -> Iterator[Page]:
    touches = world.touches
    for rank, place in enumerate(touches.order):
        if touches.at[place] > at:
            break
        if touches.shop[place] == shop:
            visitor = world.visitor_id(touches.visitor[place])
            yield Page(f"P{rank + 1:09d}", touches.at[place], visitor, *landing(world, place, rank))


def _purchases(world: "World", shop: int, at: int) -> Iterator[Purchase]:
    visitors, orders = world.visitors, defaultdict(list)
    for order in world.orders:
        if order.shop == shop and order.ordered_at <= at:
            orders[order.customer, order.ordered_at].append(order.order_id)
    for number, (customer, known_at) in enumerate(zip(visitors.customer, visitors.known_at, strict=True)):
        for order_id in orders.get((customer, known_at), ()):
            yield Purchase(f"O{number + 1:09d}-{order_id}", known_at, world.visitor_id(number), order_id)


def _ga4(path: Path, shop: str, pages: Sequence[Page], purchases: Sequence[Purchase]) -> None:
    rows = [row for page in pages for row in _ga4_page(shop, page)]
    rows += [
        _ga4_event(shop, "purchase", bought.at, bought.visitor, "https://www.acme-home.example/thanks", "")
        | {"ecommerce": {"transaction_id": bought.order_id}}
        for bought in purchases
    ]
    pq.write_table(pa.Table.from_pylist(rows, _GA4), path)


def _ga4_page(shop: str, page: Page) -> Iterator[dict[str, Any]]:
    """Yield what is logged as a page opens: only one of the events has the tags, and Google's click id is cut off."""
    address = urlsplit(page.url)
    query = dict(parse_qsl(address.query))
    gclid = query.pop("gclid", None)
    url = address._replace(query=urlencode(query)).geturl()
    tags = {
        "manual_source": page.source or None,
        "manual_medium": page.medium or None,
        "manual_campaign_name": page.campaign or None,
        "gclid": gclid,
    }
    yield _ga4_event(shop, "session_start", page.at, page.visitor, url, page.referrer)
    yield _ga4_event(shop, "page_view", page.at, page.visitor, url, page.referrer) | {"collected_traffic_source": tags}
    yield _ga4_event(shop, "scroll", page.at + 20, page.visitor, url, page.referrer)


def _ga4_event(shop: str, name: str, at: int, visitor: str, url: str, referrer: str) -> dict[str, Any]:
    texts = {"page_location": url, "page_referrer": referrer}
    params = [{"key": "ga_session_id", "value": {"string_value": None, "int_value": at}}]
    params += [{"key": key, "value": {"string_value": text, "int_value": None}} for key, text in texts.items() if text]
    return {
        "event_date": f"{from_epoch(at):%Y%m%d}",
        "event_timestamp": at * 1_000_000,
        "event_name": name,
        "event_params": params,
        "user_pseudo_id": visitor,
        "stream_id": shop,
        "collected_traffic_source": None,
        "ecommerce": None,
    }


def _snowplow(path: Path, shop: str, pages: Sequence[Page], purchases: Sequence[Purchase]) -> None:
    rows = []
    for page in pages:
        told = [page.url, page.referrer, page.medium, page.source, page.campaign, ""]
        row = [shop, _moment(page.at + 2), _moment(page.at), "page_view", page.event_id, page.visitor, "203.0.113.9"]
        ping = [shop, _moment(page.at + 12), _moment(page.at + 10), "page_ping", f"{page.event_id}-10", *row[5:]]
        # Its trackers send again what was not confirmed.
        again = [[*row, *told]] if page.event_id.endswith("3") else []
        rows += [[*row, *told], *again, [*ping, *told]]
    for bought in purchases:
        moment = _moment(bought.at)
        row = [shop, moment, moment, "transaction", bought.event_id, bought.visitor, "203.0.113.9"]
        rows.append([*row, "https://www.acme-home.example/thanks", "", "", "", "", bought.order_id])
    _write_csv(path, _SNOWPLOW, rows)


def _segment_pages(path: Path, shop: str, pages: Sequence[Page], purchases: Sequence[Purchase]) -> None:
    rows = []
    for page in pages:
        call = [page.event_id, zulu(page.at + 1), zulu(page.at), page.visitor, "203.0.113.9"]
        rows.append([*call, page.url, page.referrer, page.source, page.medium, page.campaign])
    _write_csv(path, _SEGMENT, rows)


def _segment_orders(path: Path, shop: str, pages: Sequence[Page], purchases: Sequence[Purchase]) -> None:
    rows = [[b.event_id, zulu(b.at + 1), zulu(b.at), b.visitor, b.order_id] for b in purchases]
    _write_csv(path, _SEGMENT_ORDERS, rows)


def _moment(at: int) -> str:
    """An instant as Snowplow's loaders write it, in UTC."""
    return f"{from_epoch(at):%Y-%m-%d %H:%M:%S}.000"


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


_Writer = Callable[[Path, str, Sequence[Page], Sequence[Purchase]], None]
_TABLES: dict[str, dict[str, _Writer]] = {
    "ga4_events": {"ga4_events": _ga4},
    "snowplow_events": {"snowplow_events": _snowplow},
    "segment_pages": {"segment_pages": _segment_pages, "segment_orders": _segment_orders},
}
_SUFFIXES = {"ga4_events": ".parquet"}
