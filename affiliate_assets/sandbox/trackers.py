"""What a tracker sees of a world that is drawn without it: touches that came by its links, and orders after them.

A tracker's link stands behind the paid clicks of a shop and behind those of the publishers that it lists. The last of
them within 30 days before an order gets a conversion; corrections follow the order. None of it is a claim, so the truth
knows nothing of it.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from affiliate_assets.sandbox.config import CLICK_WINDOW
from affiliate_assets.sandbox.journeys import AFFILIATE, PAID_SEARCH, Touches
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.network import Click, Network
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.people import Visitors, digest
from affiliate_assets.sandbox.reports import Conversion, follow, report

#: The company that a tracker books paid search on, where it lists it.
PAID = "search-scout"

# Every so-many-th order reaches the tracker without its id.
_WITHOUT_ID = 9


@dataclass(frozen=True, slots=True)
class Seen:
    """What one tracker saw.

    Attributes:
        clicks: Its clicks in time order.
        conversions: Its conversions in the order of their orders.
        by_rank: Its clicks by the place of their touch in time.
    """

    clicks: list[Click] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)
    by_rank: dict[int, Click] = field(default_factory=dict)


def watch(
    seed: int, tracker: Network, market: Market, orders: Iterable[Order], touches: Touches, visitors: Visitors
) -> Seen:
    """Return what a tracker saw of sorted touches and of orders."""
    seen, places = Seen(), {publisher.key: place for place, publisher in enumerate(tracker.publishers)}
    campaigns = {shop: place for place, shop in enumerate(market.shop_of) if market.network_of(place) is tracker}
    of_customer: dict[int, list[tuple[int, int]]] = {}
    for rank, touch in enumerate(touches.order):
        key, campaign = _source(market, touches, touch), campaigns.get(touches.shop[touch])
        if campaign is None or key not in places:
            continue
        token = digest(seed, tracker.slug, "visit", rank)
        publisher = tracker.publishers[places[key]]
        click = Click(touches.at[touch] - 1, token, rank, market.accounts[campaign], publisher)
        seen.clicks.append(click)
        seen.by_rank[rank] = click
        customer = visitors.customer[touches.visitor[touch]]
        if customer >= 0:
            of_customer.setdefault(customer, []).append((touches.at[touch], rank))
    without_id: set[str] = set()
    for order in orders:
        mine = of_customer.get(order.customer, [])
        last = bisect_right(mine, (order.ordered_at, -1)) - 1
        if last < 0 or mine[last][0] < order.ordered_at - CLICK_WINDOW or order.shop not in campaigns:
            continue
        click = seen.by_rank[mine[last][1]]
        rng, place = Random(f"{seed}:{tracker.slug}:{order.number}"), places[click.publisher.key]
        conversion = report(rng, market, order, campaigns[order.shop], place, click.at, order.net)
        conversion.kind, conversion.token = None, click.token
        if order.number % _WITHOUT_ID == 0:
            if click.token in without_id:
                # Of two conversions on one click without an id, the second is thrown away.
                continue
            without_id.add(click.token)
            conversion.order_ref = None
        follow(conversion, order.changes)
        seen.conversions.append(conversion)
    return seen


def _source(market: Market, touches: Touches, touch: int) -> str | None:
    if touches.channel[touch] == PAID_SEARCH:
        return PAID
    if touches.channel[touch] != AFFILIATE:
        return None
    return market.network_of(touches.account[touch]).publishers[touches.publisher[touch]].key
