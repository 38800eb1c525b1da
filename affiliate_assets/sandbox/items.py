"""The lines of the shop's orders, where the shop exports them: what was sold, and what of it came back."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import SHOPS
from affiliate_assets.sandbox.money import share, to_text
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.times import with_offset

COLUMNS = [
    "order_id",
    "shop",
    "line_id",
    "updated_at",
    "sku",
    "category",
    "quantity",
    "subtotal",
    "discount",
    "tax",
    "refunded_quantity",
    "refunded_subtotal",
]
_CATEGORIES = ("Lighting", "Kitchen", "Textiles", "Garden")
_MOST = 4
# Lines that an order of a kind has at least.
_LEAST = {"line_left_out": 2, "line_alone": 3}


class Item(NamedTuple):
    """A line of an order; amounts in minor units, `subtotal` before discount and both without tax."""

    sku: str
    category: str
    quantity: int
    subtotal: int
    discount: int

    @property
    def net(self) -> int:
        """What the line adds to the order's net goods."""
        return self.subtotal - self.discount


def items_of(order: Order) -> list[Item]:
    """Return the lines of an order, the same ones each time; they add up to it."""
    # Of a chance of their own, so that a world has the same orders with and without lines.
    rng = Random(f"{order.number}:items")
    weights = [1 + rng.randrange(9) for _ in range(max(_LEAST.get(order.kind or "", 1), 1 + rng.randrange(_MOST)))]
    subtotals, discounts = (_split(amount, weights) for amount in (order.subtotal, order.discount))
    return [
        Item(f"ART-{100 + rng.randrange(900)}", rng.choice(_CATEGORIES), 1 + rng.randrange(3), subtotal, discount)
        for subtotal, discount in zip(subtotals, discounts, strict=True)
    ]


def _split(amount: int, weights: list[int]) -> list[int]:
    ends = [amount * sum(weights[: place + 1]) // sum(weights) for place in range(len(weights))]
    return [end - before for before, end in pairwise([0, *ends])]


def rows(orders: Iterable[Order], at: int, zone: ZoneInfo) -> Iterator[list[str]]:
    """Yield the lines of orders as they stand at an instant; what came back is of the first of them."""
    for order in orders:
        shop, state = SHOPS[order.shop], order.state(at)
        left = state.refunded_subtotal
        for number, item in enumerate(items_of(order), 1):
            back = min(left, item.net)
            left -= back
            amounts = (item.subtotal, item.discount, share(item.net, shop.tax_rate))
            yield [
                order.order_id,
                shop.name,
                str(number),
                with_offset(state.at, zone),
                item.sku,
                item.category,
                str(item.quantity),
                *(to_text(amount, shop.currency) for amount in amounts),
                str(item.quantity if back == item.net else min(back, 1)),
                to_text(back, shop.currency),
            ]
