"""Touches: landings on the shops' pages, kept as columns because there are many of them."""

from array import array
from dataclasses import dataclass, field
from random import Random

from affiliate_assets.sandbox.config import DAY, HOUR
from affiliate_assets.sandbox.market import Market

AFFILIATE, PAID_SEARCH, EMAIL, ORGANIC, DIRECT = range(5)
_CHANNELS = (AFFILIATE,) * 28 + (PAID_SEARCH,) * 22 + (EMAIL,) * 14 + (ORGANIC,) * 20 + (DIRECT,) * 16
_OTHER_CHANNELS = (PAID_SEARCH,) * 3 + (EMAIL,) * 2 + (ORGANIC,) * 3 + (DIRECT,) * 2
_COUNTS = (0,) * 5 + (1,) * 25 + (2,) * 25 + (3,) * 20 + (4,) * 12 + (5,) * 8 + (6,) * 5

#: A touch on its way into a journey: (instant, channel, account or -1, publisher or -1).
Landing = tuple[int, int, int, int]


@dataclass(slots=True)
class Touches:
    """All touches of a world, one column each; `order` lists them by time once the world is complete."""

    at: "array[int]" = field(default_factory=lambda: array("q"))
    shop: "array[int]" = field(default_factory=lambda: array("b"))
    visitor: "array[int]" = field(default_factory=lambda: array("q"))
    channel: "array[int]" = field(default_factory=lambda: array("b"))
    account: "array[int]" = field(default_factory=lambda: array("b"))
    publisher: "array[int]" = field(default_factory=lambda: array("b"))
    order: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, shop: int, visitor: int, landing: Landing, before: int = 0) -> None:
        """Append one touch, so many seconds before its landing."""
        self.at.append(landing[0] - before)
        self.shop.append(shop)
        self.visitor.append(visitor)
        self.channel.append(landing[1])
        self.account.append(landing[2])
        self.publisher.append(landing[3])

    def sort(self) -> None:
        """Put the touches in time order; equal instants keep the order in which they were added."""
        self.order = array("q", sorted(range(len(self.at)), key=self.at.__getitem__))


def draw_landing(rng: Random, market: Market, shop: int, at: int, channel: int, account: int | None = None) -> Landing:
    """Draw the account and publisher of a touch where its channel has them."""
    if channel != AFFILIATE:
        return at, channel, -1, -1
    if account is None:
        accounts = market.accounts_of[shop]
        if not accounts:
            return at, DIRECT, -1, -1
        account = accounts[int(rng.random() * len(accounts))]
    return at, channel, account, int(rng.random() * len(market.network_of(account).publishers))


def draw_journey(rng: Random, market: Market, shop: int, after: int, ordered_at: int) -> list[Landing]:
    """Draw the touches that lead to an order, oldest first, all later than `after`.

    The last one lies within two hours before the order, the others up to 40 days earlier. An order placed
    right after the customer's last one has none.
    """
    draw = rng.random
    last = ordered_at - 60 - int(draw() * 2 * HOUR)
    count = _COUNTS[int(draw() * 100)]
    if last <= after or count == 0:
        return []
    span = min(40 * DAY, last - after - 1)
    times = sorted([last, *(last - int(draw() ** 2 * span) for _ in range(count - 1))])
    return [draw_landing(rng, market, shop, at, _CHANNELS[int(draw() * 100)]) for at in times]


def draw_other_touches(rng: Random, market: Market, shop: int, first: int, ordered_at: int) -> list[Landing]:
    """Draw up to two touches without any affiliate between an instant and the order."""
    draw = rng.random
    count = int(draw() * 3)
    times = [first + 30 + int(draw() * max(1, ordered_at - first - 60)) for _ in range(count)]
    return [draw_landing(rng, market, shop, at, _OTHER_CHANNELS[int(draw() * 10)]) for at in times if at < ordered_at]
