"""What a network knows of a sale: one conversion with its time line, and the rows of networks that correct by rows."""

from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Literal, NamedTuple

from affiliate_assets.sandbox.agreements import WHOLE
from affiliate_assets.sandbox.config import Account
from affiliate_assets.sandbox.habits import Correction, Habits
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.money import exchange, share
from affiliate_assets.sandbox.network import Network
from affiliate_assets.sandbox.orders import Change, Order
from affiliate_assets.sandbox.people import Publisher


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
        market: What account and publisher are places in.
        account: Place of the account.
        publisher: Place in the network's publishers.
        order_ref: The order's id as the network received it, None when the page sent none.
        click_at: Click that the network credits, None when it does not tell.
        occurred_at: The sale by the network's clock.
        visible_at: When the network's interface first shows it (posting date).
        steps: States in time order; the first is at `visible_at`.
        final_at: Approval, if not void before, or the lock; `NEVER` without either.
        extended_at: The first lock date, at which it was put off to `final_at`; None if it was not.
        kind: Planted situation, None for an ordinary conversion.
        order: The order meant, None for a conversion without one.
        number: The network's number, given when the world is complete.
        token: A tracker's id of the click; networks find theirs by `World.click_of`.
        role: `part` of an order that is reported in parts, `renewal` of a subscription under its first order's id, or
            a sale of its own.
        paid_rate: Rate in basis points that the network pays, where it is not the agreed one.
        paid_on: Amount that the network takes the commission of, where that is not the sale.
        is_uncapped: Whether the network knows nothing of a cap.
    """

    market: Market
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
    token: str = ""
    role: Literal["sale", "part", "renewal"] = "sale"
    paid_rate: int | None = None
    paid_on: int | None = None
    is_uncapped: bool = False

    @property
    def network(self) -> str:
        """The network's name."""
        return self.programme.network

    @property
    def programme(self) -> Account:
        """The account that it was booked on."""
        return self.market.accounts[self.account]

    @property
    def declared(self) -> Network:
        """The network's declaration."""
        return self.market.network_of(self.account)

    @property
    def habits(self) -> Habits:
        """The network's habits."""
        return self.declared.habits

    @property
    def correction(self) -> Correction:
        """How the account tells a change."""
        return self.habits.corrects(self.programme.account_id)

    @property
    def record_id(self) -> str:
        """The id that the conversion is known by."""
        return self.declared.record_id(self)

    @property
    def partner(self) -> Publisher:
        """The publisher as the network knows it."""
        return self.declared.publishers[self.publisher]

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

    def changed_at(self, at: int) -> int:
        """Return when the record changed last by an instant: it appeared, was changed, or was decided."""
        moments = [self.visible_at, *(step.at for step in self.steps)]
        if not self.steps[-1].void:
            moments.append(self.final_at)
        return max(moment for moment in moments if moment <= at)

    def commission(self, sale: int) -> int:
        """Return the publisher's commission on a sale, in the account's currency."""
        plan = self.market.plan(self.account, self.publisher)
        returning = self.order is not None and self.order.returning
        rate = plan.rate_for(returning=returning) if self.paid_rate is None else self.paid_rate
        basis = sale if self.paid_on is None or not sale else self.paid_on if sale > 0 else -self.paid_on
        commission = share(basis, rate)
        return commission if self.is_uncapped else plan.capped(commission, self.part)

    @property
    def part(self) -> Fraction:
        """The part of its order that it was booked for: all of it, but where it is one of several parcels."""
        return Fraction(self.steps[0].sale, self.order.net) if self.order and self.role == "part" else WHOLE

    def owed(self, amount: int | Fraction) -> int:
        """Return the agreed commission on an amount in the account's currency."""
        plan = self.market.plan(self.account, self.publisher)
        return plan.owed(amount, self.part, returning=self.order is not None and self.order.returning)

    def fee(self, sale: int) -> int:
        """Return the network's fee on a sale, in the account's currency."""
        return share(self.commission(sale), self.declared.fee)

    def usd(self, minor: int) -> int:
        """Return an amount of the account's currency in cents of a dollar, at the rate of the sale's day."""
        return exchange(minor, self.programme.currency, "USD", self.occurred_at)


def report(
    rng: Random, market: Market, order: Order, account: int, publisher: int, click_at: int | None, sale: int
) -> Conversion:
    """Make the conversion that a network books for an order, with its ordinary decision date."""
    habits = market.network_of(account).habits
    occurred_at, visible_at, final_at = habits.date(rng.random, order.ordered_at)
    return Conversion(
        market,
        account,
        publisher,
        order.order_id,
        click_at if habits.tells_click else None,
        occurred_at,
        visible_at,
        (Step(visible_at, sale),),
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
    return conversion.habits.last_change(conversion.occurred_at, conversion.final_at)


class LedgerRow(NamedTuple):
    """A row of a network that corrects by rows: signed sale and commission, and why it corrects the original."""

    commission_id: int
    conversion: Conversion
    posted_at: int
    sale: int
    original: bool
    reason: str | None
    commission: int


_CJ_REASONS = {
    "cancelled": "BOOKING_CANCELED",
    "refunded": "RETURNED_MERCHANDISE",
    "returned in part": "RETURNED_MERCHANDISE",
}


def ledger_rows(conversion: Conversion) -> list[tuple[int, int, bool, str | None, int]]:
    """Return a family's rows as (posted_at, signed sale, original, reason, signed commission).

    They sum to the present state: void families to zero.
    """
    before = conversion.steps[0].sale
    rows: list[tuple[int, int, bool, str | None, int]] = [
        (conversion.visible_at, before, True, None, conversion.commission(before))
    ]
    for step in conversion.steps[1:] if conversion.correction != "in_place" else ():
        reason = _CJ_REASONS.get(step.reason, "OTHER_REASON")
        now = 0 if step.void else step.sale
        amounts = [now - before] if conversion.correction == "negative" else [-before] if step.void else [-before, now]
        earned = conversion.commission(now) - conversion.commission(before)
        for sale in amounts:
            commission = earned if conversion.correction == "negative" else conversion.commission(sale)
            rows.append((step.at, sale, False, reason, commission))
        before = now
    return rows
