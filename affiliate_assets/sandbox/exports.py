"""The files that the brand has: orders and touches as of an instant, and what its CRM systems and web analytics export.

UTF-8 with byte order mark, comma, decimal points, local times with their offset.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox import analytics, items, systems
from affiliate_assets.sandbox.config import SHOPS, by_place
from affiliate_assets.sandbox.landings import landing
from affiliate_assets.sandbox.money import to_text
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.times import from_epoch, with_offset

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

ORDER_COLUMNS = [
    "order_id",
    "shop",
    "ordered_at",
    "updated_at",
    "status",
    "currency",
    "subtotal",
    "discount",
    "shipping",
    "tax",
    "total",
    "refunded",
    "refunded_subtotal",
    "voucher_code",
    "customer_email",
    "customer_type",
]
TOUCH_COLUMNS = [
    "touch_id",
    "shop",
    "occurred_at",
    "visitor_id",
    "customer_email",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "landing_url",
    "referrer",
]


def write(world: "World", folder: Path, at: int, since: int | None = None) -> tuple[Path, ...]:
    """Write the files as of an instant.

    Args:
        world: The world.
        folder: Folder of the files; made if missing.
        at: Instant of the export.
        since: Only rows that appeared or changed after this instant; None for all.

    Returns:
        The paths of `orders_<instant>.csv` and `touchpoints_<instant>.csv`, and those of `order_items_<instant>.csv`,
        of systems and of analytics, where the world has them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = from_epoch(at).strftime("%Y%m%dT%H%M%SZ")
    orders, touches = folder / f"orders_{stamp}.csv", folder / f"touchpoints_{stamp}.csv"
    # A shop without gift cards exports no column for them.
    columns = [*ORDER_COLUMNS, "gift_card"] if world.has_gift_cards else ORDER_COLUMNS
    _write_csv(orders, columns, order_rows(world, at, since))
    _write_csv(touches, TOUCH_COLUMNS, touch_rows(world, at, since))
    lines = _items(world, folder, stamp, at, since)
    return orders, touches, *lines, *systems.write(world, folder, at), *analytics.write(world, folder, at, since)


def _items(world: "World", folder: Path, stamp: str, at: int, since: int | None) -> list[Path]:
    if not world.config.items:
        return []
    path = folder / f"order_items_{stamp}.csv"
    _write_csv(path, items.COLUMNS, items.rows(shop_orders(world, at, since), at, ZoneInfo(world.config.time_zone)))
    return [path]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def shop_orders(world: "World", at: int, since: int | None = None) -> Iterator[Order]:
    """Yield the orders whose shop exports them itself, and that appeared or changed since an instant."""
    elsewhere = by_place(world.config.systems)
    for order in world.orders:
        if order.ordered_at > at:
            break
        if order.shop not in elsewhere and (since is None or order.state(at).at > since):
            yield order


def order_rows(world: "World", at: int, since: int | None = None) -> Iterator[list[str]]:
    """Yield the lines of the order file."""
    zone = ZoneInfo(world.config.time_zone)
    for order in shop_orders(world, at, since):
        row = _order_row(order, at, zone, world.email_of(order.customer))
        gift_card = to_text(order.gift_card, SHOPS[order.shop].currency)
        yield [*row, gift_card] if world.has_gift_cards else row


def _order_row(order: Order, at: int, zone: ZoneInfo, email: str) -> list[str]:
    state, shop = order.state(at), SHOPS[order.shop]
    amounts = (
        order.subtotal,
        order.discount,
        order.shipping,
        order.tax,
        order.total,
        state.refunded,
        state.refunded_subtotal,
    )
    return [
        order.order_id,
        shop.name,
        with_offset(order.ordered_at, zone),
        with_offset(state.at, zone),
        state.status,
        shop.currency,
        *(to_text(amount, shop.currency) for amount in amounts),
        order.voucher,
        email,
        "returning" if order.returning else "new",
    ]


def touch_rows(world: "World", at: int, since: int | None = None) -> Iterator[list[str]]:
    """Yield the lines of the touch file.

    A touch carries the customer's address once its visitor is known; one that becomes known is sent again.
    """
    zone = ZoneInfo(world.config.time_zone)
    touches, visitors, elsewhere = world.touches, world.visitors, by_place(world.config.analytics)
    for rank, place in enumerate(touches.order):
        touched_at = touches.at[place]
        if touched_at > at:
            break
        if touches.shop[place] in elsewhere:
            continue
        visitor = touches.visitor[place]
        customer, known_at = visitors.customer[visitor], visitors.known_at[visitor]
        known = customer >= 0 and known_at <= at
        if since is not None and touched_at <= since and not (known and known_at > since):
            continue
        yield [
            f"T{rank + 1:09d}",
            SHOPS[touches.shop[place]].name,
            with_offset(touched_at, zone),
            world.visitor_id(visitor),
            world.email_of(customer) if known else "",
            *landing(world, place, rank),
        ]
