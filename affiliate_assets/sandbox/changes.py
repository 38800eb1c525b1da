"""What a planted situation changes of a right sale, beside its amount (`amounts`); declared in `further`."""

from dataclasses import dataclass, replace
from random import Random

from affiliate_assets.sandbox.agreements import CAP, REFUSED_VOUCHER, TIER_MORE
from affiliate_assets.sandbox.config import DAY, HOUR, SHOPS
from affiliate_assets.sandbox.habits import NEVER
from affiliate_assets.sandbox.journeys import AFFILIATE, Landing, draw_landing
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.money import share
from affiliate_assets.sandbox.orders import Order
from affiliate_assets.sandbox.people import COMPANIES, digest
from affiliate_assets.sandbox.reports import Conversion, last_moment, report

#: As many characters of an order id as some trackers keep.
ID_LENGTH = 50


@dataclass
class Draft:
    """An order on its way into the world, with the click and the conversion that it would have by right."""

    rng: Random
    market: Market
    serial: int
    others: list[int]
    order: Order
    landings: list[Landing]
    conversion: Conversion

    @property
    def click(self) -> Landing:
        """The click that the conversion rests on."""
        return self.landings[0]

    def soon(self) -> int:
        """Return an instant within two weeks at which the network can still change the conversion."""
        at, conversion = self.order.ordered_at, self.conversion
        last = min(last_moment(conversion), at + 14 * DAY)
        return at + 2 * DAY + int(self.rng.random() * (last - at - 2 * DAY))

    def sells(self, sale: int) -> None:
        """Let the network report another amount."""
        self.conversion.steps = (self.conversion.steps[0]._replace(sale=sale),)

    def again(self, seconds: int, shown: int = 0) -> Conversion:
        """Let the network book the sale once more, so much later, with the order id written in another way."""
        first, order = self.conversion, self.order
        ways = (order.order_id.lower(), str(order.number))
        visible_at = first.visible_at + max(seconds, shown)
        second = replace(
            first,
            occurred_at=first.occurred_at + seconds,
            visible_at=visible_at,
            steps=(first.steps[0]._replace(at=visible_at),),
            order_ref=ways[self.serial % 2],
        )
        order.conversions.append(second)
        return second


def cancelled_but_approved(draft: Draft) -> None:
    """Cancel the order after the network has approved the sale."""
    order, conversion = draft.order, draft.conversion
    if conversion.habits.approves is not None:
        conversion.final_at = order.ordered_at + 20 * DAY + int(draft.rng.random() * 4 * DAY)
    order.changes = (order.cancelled(conversion.final_at + HOUR + int(draft.rng.random() * 10 * DAY)),)


def double_pixel(draft: Draft) -> None:
    """Fire the pixel again within seconds."""
    draft.again(1 + int(draft.rng.random() * 20))


def double_back_button(draft: Draft) -> None:
    """Come back to the page of thanks some minutes later."""
    draft.again(120 + int(draft.rng.random() * 20 * 60))


def double_batch(draft: Draft) -> None:
    """Report the sale at once, and again with the batch of the next night."""
    draft.again(int(draft.rng.random() * 60), 6 * HOUR + int(draft.rng.random() * 20 * HOUR))


def double_publisher(draft: Draft) -> None:
    """Let the publisher of an earlier click have its commission too."""
    first, count = draft.conversion, len(draft.conversion.declared.publishers)
    at = draft.click[0] - HOUR - int(draft.rng.random() * 3 * DAY)
    other = (first.publisher + 1 + int(draft.rng.random() * (count - 1))) % count
    draft.landings.append((at, AFFILIATE, first.account, other))
    second = draft.again(1, 60)
    second.publisher, second.click_at = other, None if first.click_at is None else at - 1
    second.occurred_at = first.occurred_at


def double_claim(draft: Draft) -> None:
    """Let networks with earlier clicks report the order too."""
    clicked, order = draft.click[0], draft.order
    for other in draft.others:
        clicked -= 600 + int(draft.rng.random() * 5 * DAY)
        click = draw_landing(draft.rng, draft.market, order.shop, clicked, AFFILIATE, other)
        draft.landings.append(click)
        loser = report(draft.rng, draft.market, order, other, click[3], clicked - 1, order.net)
        loser.order_ref = order.order_id.lower()
        order.conversions.append(loser)


def split_shipment(draft: Draft) -> None:
    """Report the two parcels of an order one by one."""
    first, net = draft.conversion, draft.order.net
    part = share(net, 2_000 + int(draft.rng.random() * 2_500))
    draft.sells(net - part)
    second = draft.again(0)
    second.steps = (first.steps[0]._replace(sale=part),)
    first.role = second.role = "part"


def subscription_renewal(draft: Draft) -> None:
    """Report the next month under the first order's id."""
    renewal = draft.again(30 * DAY)
    renewal.role = "renewal"
    if renewal.habits.lock is not None:
        renewal.final_at = renewal.habits.lock(renewal.occurred_at, 1)
    elif renewal.final_at != NEVER:
        renewal.final_at += 30 * DAY


def id_in_comment(draft: Draft) -> None:
    """Send the order id inside of a longer text."""
    order_id = draft.order.order_id
    ways = (f"Order {order_id}, gift wrap", f"{order_id} / click & collect", f"Website order no. {order_id}")
    draft.conversion.order_ref = ways[draft.serial % len(ways)]


def id_not_sent(draft: Draft) -> None:
    """Send no order id at all: the click, the amount and the time are left."""
    draft.conversion.order_ref = None


def id_cut(draft: Draft) -> None:
    """Give the order a long id, of which the network keeps the beginning."""
    draft.order.ending = f"-{digest('basket', draft.order.number, length=64)}"
    draft.conversion.order_ref = draft.order.order_id[:ID_LENGTH]


def shifted_by_zone(draft: Draft) -> None:
    """Let the network read a wall clock west or east of Greenwich as UTC."""
    conversion = draft.conversion
    shift = (-8 * HOUR, 5 * HOUR, -5 * HOUR, 9 * HOUR)[draft.serial % 4]
    conversion.occurred_at += shift
    if shift > 0:
        conversion.visible_at += shift
        conversion.steps = (conversion.steps[0]._replace(at=conversion.visible_at),)
    if conversion.habits.lock is not None:
        conversion.final_at = conversion.habits.lock(conversion.occurred_at, 1)


def wrong_rate(draft: Draft) -> None:
    """Pay another rate than the agreed one."""
    conversion = draft.conversion
    agreed = draft.market.plan(conversion.account, conversion.publisher).rate
    conversion.paid_rate = agreed + (100, 250, -150)[draft.serial % 3]


def wrong_tier(draft: Draft) -> None:
    """Pay the rate of a tier that is far away."""
    conversion = draft.conversion
    conversion.paid_rate = draft.market.plan(conversion.account, conversion.publisher).rate + TIER_MORE


def cap_ignored(draft: Draft) -> None:
    """Pay more than the cap for an order that is dear enough."""
    draft.conversion.is_uncapped = True
    order, plan = draft.order, draft.market.plan(draft.conversion.account, draft.conversion.publisher)
    # Dear enough for the cap to matter.
    order.subtotal += (CAP + 500) * 10_000 // plan.rate
    order.tax = share(order.net + order.shipping, SHOPS[order.shop].tax_rate)
    draft.sells(order.net)


def wrong_base(draft: Draft) -> None:
    """Take the commission of all that the customer paid."""
    draft.conversion.paid_on = draft.order.total


def unauthorised_voucher(draft: Draft) -> None:
    """Let the customer use a voucher that nothing is owed on."""
    draft.order.voucher = REFUSED_VOUCHER


def returning_paid_as_new(draft: Draft) -> None:
    """Pay a returning customer by the rate for new ones."""
    draft.order.returning = True
    conversion = draft.conversion
    conversion.paid_rate = draft.market.plan(conversion.account, conversion.publisher).rate


def self_referral(draft: Draft) -> None:
    """Let the publisher itself be the customer, by an address at its site."""
    site = COMPANIES[draft.conversion.partner.key].site
    draft.order.email = f"orders{draft.order.customer}@{site}"


def last_second_takeover(draft: Draft) -> None:
    """Let another publisher have brought the customer, an hour to some days before."""
    count = len(draft.conversion.declared.publishers)
    other = (draft.conversion.publisher + 1 + int(draft.rng.random() * (count - 1))) % count
    at = draft.order.ordered_at - HOUR - int(draft.rng.random() * 3 * DAY)
    draft.landings.append((at, AFFILIATE, draft.conversion.account, other))


def nothing(draft: Draft) -> None:
    """Leave it as it would be by right."""
