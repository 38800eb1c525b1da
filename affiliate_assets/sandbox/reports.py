"""What a network knows of a sale: one conversion with its time line, and CJ's ledger rows made from it.

Rules taken from the networks' descriptions: Awin changes a transaction in place and only while it is pending;
CJ adds rows (one that takes the earlier state back, one with the new state) and only before the lock.
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from affiliate_assets.sandbox.config import ACCOUNTS, DAY
from affiliate_assets.sandbox.money import convert, share, usd_rate
from affiliate_assets.sandbox.orders import Change, Order
from affiliate_assets.sandbox.people import PUBLISHERS, Publisher
from affiliate_assets.sandbox.times import lock_after


class Step(NamedTuple):
    """A state of a conversion from an instant on: sale in cents, and the word and reason if void."""

    at: int
    sale: int
    void: str = ""
    reason: str = ""


@dataclass(slots=True)
class Conversion:
    """One conversion of one account.

    Attributes:
        account: Place in `ACCOUNTS`.
        publisher: Place in the network's publishers.
        order_ref: The order's id as the network received it, None when the page sent none.
        click_at: Click that the network credits, None when it does not tell.
        occurred_at: The sale by the network's clock.
        visible_at: When the network's interface first shows it (CJ: posting date).
        steps: States in time order; the first is at `visible_at`.
        final_at: Awin: approval, if not void before; CJ: the lock.
        extended_at: CJ: the first lock date, at which it was put off to `final_at`; None if it was not.
        kind: Planted situation, None for an ordinary conversion.
        order: The order meant, None for a conversion without one.
        number: The network's id (Awin transaction, CJ original action), given when the world is complete.
    """

    account: int
    publisher: int
    order_ref: str | None
    click_at: int | None
    occurred_at: int
    visible_at: int
    steps: tuple[Step, ...]
    final_at: int
    extended_at: int | None = None
    kind: str | None = None
    order: Order | None = None
    number: int = 0

    @property
    def network(self) -> str:
        """The network's name."""
        return ACCOUNTS[self.account].network

    @property
    def partner(self) -> Publisher:
        """The publisher as the network knows it."""
        return PUBLISHERS[self.network][self.publisher]

    def step(self, at: int) -> Step:
        """Return the state at an instant not before the conversion is visible."""
        state = self.steps[0]
        for later in self.steps[1:]:
            if later.at > at:
                break
            state = later
        return state

    def status(self, at: int) -> str:
        """Return pending, approved, reversed or deleted at an instant."""
        state = self.step(at)
        if state.void:
            return "deleted" if state.void == "deleted" else "reversed"
        return "pending" if at < self.final_at else "approved"

    def commission(self, sale: int) -> int:
        """Return the publisher's commission on a sale, in the account's currency."""
        return share(sale, self.partner.rate)

    def usd(self, cents: int) -> int:
        """Return an amount of the account's currency in dollars, at the rate of the sale's day."""
        currency = ACCOUNTS[self.account].currency
        return convert(cents, usd_rate(currency, self.occurred_at), 10_000)


def report(rng: Random, order: Order, account: int, publisher: int, click_at: int | None, sale: int) -> Conversion:
    """Make the conversion that a network books for an order, with its ordinary decision date.

    Awin rows appear within three minutes and are approved 20 to 45 days after the sale; CJ posts within 25
    minutes and locks on the 11th of the following month. Both stay within the hour that an order may wait for
    its conversion.
    """
    draw = rng.random
    if ACCOUNTS[account].network == "awin":
        occurred_at = order.ordered_at + 3 + int(draw() * 30)
        visible_at = occurred_at + 20 + int(draw() * 150)
        final_at = occurred_at + 20 * DAY + int(draw() * 25 * DAY)
    else:
        occurred_at = order.ordered_at + int(draw() * 20)
        visible_at = occurred_at + 120 + int(draw() * 1_380)
        final_at = lock_after(occurred_at)
    steps = (Step(visible_at, sale),)
    return Conversion(
        account,
        publisher,
        order.order_id,
        click_at,
        occurred_at,
        visible_at,
        steps,
        final_at,
        kind=order.kind,
        order=order,
    )


def follow(conversion: Conversion, changes: tuple[Change, ...]) -> None:
    """Let the network settle each change of the order at the same instant."""
    order, steps = conversion.order, list(conversion.steps)
    assert order is not None
    for change in changes:
        if change.status == "partially_refunded":
            steps.append(Step(change.at, order.net - change.refunded_subtotal, "", "returned in part"))
        else:
            steps.append(Step(change.at, steps[-1].sale, "declined", change.status))
    conversion.steps = tuple(steps)


def last_moment(conversion: Conversion) -> int:
    """Return the last instant at which an ordinary change can still be settled."""
    if conversion.network == "awin":
        return conversion.occurred_at + 19 * DAY
    return conversion.final_at - DAY // 2


class LedgerRow(NamedTuple):
    """One CJ commission row: signed sale amount in cents, and why it corrects the original."""

    commission_id: int
    conversion: Conversion
    posted_at: int
    sale: int
    original: bool
    reason: str | None


_CJ_REASONS = {
    "cancelled": "BOOKING_CANCELED",
    "refunded": "RETURNED_MERCHANDISE",
    "returned in part": "RETURNED_MERCHANDISE",
}


def ledger_rows(conversion: Conversion) -> list[tuple[int, int, bool, str | None]]:
    """Return a family's rows as (posted_at, signed sale, original, reason); they sum to the present state."""
    rows: list[tuple[int, int, bool, str | None]] = [(conversion.visible_at, conversion.steps[0].sale, True, None)]
    before = conversion.steps[0].sale
    for step in conversion.steps[1:]:
        reason = _CJ_REASONS.get(step.reason, "OTHER_REASON")
        rows.append((step.at, -before, False, reason))
        if not step.void:
            rows.append((step.at, step.sale, False, reason))
            before = step.sale
    return rows
