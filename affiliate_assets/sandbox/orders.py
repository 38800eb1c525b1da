"""Orders as the shop's own system holds them, as a time line of states."""

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from affiliate_assets.sandbox.config import SHOPS, STYLE, Style
from affiliate_assets.sandbox.money import share

if TYPE_CHECKING:
    from affiliate_assets.sandbox.reports import Conversion

_VOUCHERS = ("WELCOME10", "SPRING15", "THANKYOU5", "HOME20")


class Change(NamedTuple):
    """A later state of an order: status and what was given back so far (gross, and of the net goods)."""

    at: int
    status: str
    refunded: int
    refunded_subtotal: int


@dataclass(slots=True)
class Order:
    """One order; amounts in cents, `changes` in time order.

    `click_at` is the customer's last affiliate click within 30 days before the order, None without one.
    `kind` names the planted situation, None for an ordinary order. `style` and `ending` make the order's id,
    `gift_card` is what was paid with one, and `email` is the customer's address where it is not an ordinary one.
    `convinced_by` holds the parties (`causes`) without which nobody would have ordered, any one of them being enough;
    it is empty for an order that comes anyway.
    """

    number: int
    shop: int
    customer: int
    ordered_at: int
    subtotal: int
    discount: int
    shipping: int
    tax: int
    voucher: str
    returning: bool
    click_at: int | None = None
    changes: tuple[Change, ...] = ()
    kind: str | None = None
    conversions: list["Conversion"] = field(default_factory=list)
    style: Style = STYLE
    ending: str = ""
    email: str = ""
    gift_card: int = 0
    convinced_by: tuple[tuple[int, int, int], ...] = ()

    @property
    def order_id(self) -> str:
        """The order's id as the shop writes it."""
        return self.style.order_id(self.number) + self.ending

    @property
    def net(self) -> int:
        """Goods value that commission is due on before any refund: subtotal less discount."""
        return self.subtotal - self.discount

    @property
    def total(self) -> int:
        """What the customer paid."""
        return self.subtotal - self.discount + self.shipping + self.tax

    def state(self, at: int) -> Change:
        """Return the state at an instant not before the order."""
        state = Change(self.ordered_at, "paid", 0, 0)
        for change in self.changes:
            if change.at > at:
                break
            state = change
        return state

    def commissionable(self, at: int) -> int:
        """Return the amount that commission is due on at an instant."""
        state = self.state(at)
        return 0 if state.status == "cancelled" else self.net - state.refunded_subtotal

    def cancelled(self, at: int) -> Change:
        """Return the change that cancels the order; nothing was charged, so nothing is refunded."""
        return Change(at, "cancelled", 0, 0)

    def refunded(self, at: int) -> Change:
        """Return the change that gives everything back."""
        return Change(at, "refunded", self.total, self.net)

    def partly_refunded(self, at: int, basis_points: int) -> Change:
        """Return the change that gives back a part of the goods, with the tax on it."""
        goods = share(self.net, basis_points)
        return Change(at, "partially_refunded", goods + share(goods, SHOPS[self.shop].tax_rate), goods)


def draw_order(
    rng: Random,
    number: int,
    shop: int,
    customer: int,
    ordered_at: int,
    *,
    returning: bool,
    voucher: bool,
    shipped: bool,
    style: Style = STYLE,
) -> Order:
    """Draw the amounts of an order.

    Args:
        rng: The world's source of chance.
        number: The order's number, unique over all shops.
        shop: Place of the shop in `SHOPS`.
        customer: The customer's number.
        ordered_at: Instant of the order.
        returning: Whether the customer has ordered before.
        voucher: Force a discount.
        shipped: Force a shipping fee.
        style: How the shop numbers its orders.
    """
    draw = rng.random
    subtotal = 1_500 + int(draw() ** 2 * 38_000) + int(draw() * 99)
    code, discount = "", 0
    if voucher or draw() < 0.3:
        code = _VOUCHERS[int(draw() * 4)]
        discount = share(subtotal, 500 + int(draw() * 1_500))
    shipping = (395, 495, 690)[int(draw() * 3)] if shipped or draw() < 0.6 else 0
    tax = share(subtotal - discount + shipping, SHOPS[shop].tax_rate)
    return Order(number, shop, customer, ordered_at, subtotal, discount, shipping, tax, code, returning, style=style)
