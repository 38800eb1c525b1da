"""What the brand agreed with each publisher, and the list of it that the brand keeps.

A publisher's place among those of its network tells its plan: rate alone, a cap for each order, a second tier that
nobody's sales of a month reach, or one rate for new customers and another for returning ones.
"""

import csv
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from affiliate_assets.sandbox.config import Account
from affiliate_assets.sandbox.money import share, to_text
from affiliate_assets.sandbox.people import Publisher

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

#: Most commission for one sale of a publisher with a cap, in minor units of whatever currency.
CAP = 1_500
#: Sales of a month from which the second tier holds, in minor units, and the rate that it adds, in basis points.
TIER_FROM, TIER_MORE = 500_000_000, 200
#: What a returning customer brings less, in basis points.
RETURNING_LESS = 200
#: A voucher for the staff; nothing is owed on a sale with it.
REFUSED_VOUCHER = "STAFF50"
CLICK_WINDOW_DAYS = 30

WHOLE = Fraction(1)
PLANS = ("rate", "capped", "tiered", "by_customer")

TERM_COLUMNS = [
    *("term_id", "network", "account_id", "publisher_id", "partner_group", "valid_from", "valid_to"),
    *("rate", "flat_amount", "bonus", "currency", "base", "tier_from", "cap_per_order", "cap_per_month"),
    *("customer_type", "voucher_code", "voucher_allowed", "click_window_days", "network_fee_rate", "validation_days"),
]


class Plan(NamedTuple):
    """What a publisher earns; rates in basis points."""

    name: str
    rate: int

    def rate_for(self, *, returning: bool) -> int:
        """Return the rate for a customer."""
        return self.rate - RETURNING_LESS if returning and self.name == "by_customer" else self.rate

    def capped(self, commission: int, part: Fraction = WHOLE) -> int:
        """Return a signed commission within the cap of an order, or a part's share of it."""
        cap = int(CAP * part + Fraction(1, 2))
        return max(-cap, min(cap, commission)) if self.name == "capped" else commission

    def owed(self, amount: int | Fraction, part: Fraction = WHOLE, *, returning: bool) -> int:
        """Return the commission on an amount in minor units, which is the whole order's or that of a part of it."""
        return self.capped(share(Fraction(amount), self.rate_for(returning=returning)), part)


def plan_of(publisher: Publisher, place: int, more: int) -> Plan:
    """Return the plan of a network's publisher of a place; `more` is what this world's rates are higher."""
    return Plan(PLANS[place % len(PLANS)], publisher.rate + more)


def write(world: "World", folder: Path) -> Path:
    """Write the brand's list of terms, `terms.csv`, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "terms.csv"
    rows = [
        {"valid_from": f"{world.start.date() - timedelta(days=60)}", **row}
        for network in world.market.networks
        if not network.tracker
        for account in network.accounts
        for place, publisher in enumerate(network.publishers)
        for row in _terms(account, publisher, plan_of(publisher, place, world.config.more_rate), network.fee)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, TERM_COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_contacts(world: "World", folder: Path) -> Path:
    """Write the brand's list of mailboxes behind its publishers, `publisher_contacts.csv`, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "publisher_contacts.csv"
    known = {
        (network.slug, publisher.publisher_id, f"partners@{publisher.site}")
        for network in world.market.networks
        for publisher in network.publishers
    }
    known |= {
        (conversion.network, conversion.partner.publisher_id, order.email)
        for order in world.orders
        for conversion in order.conversions
        if order.email
    }
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["network", "publisher_id", "contact_email"])
        writer.writerows(sorted(known))
    return path


def _terms(account: Account, publisher: Publisher, plan: Plan, fee: int) -> list[dict[str, str]]:
    def fraction(basis_points: int) -> str:
        return f"0.{basis_points:04d}"

    of_whom = {
        "network": account.network,
        "account_id": account.account_id,
        "publisher_id": publisher.publisher_id,
        "click_window_days": str(CLICK_WINDOW_DAYS),
        **({"network_fee_rate": fraction(fee)} if fee else {}),
    }
    name = f"{account.network}-{account.account_id}-{publisher.publisher_id}"
    usual = {**of_whom, "term_id": name, "rate": fraction(plan.rate), "base": "net_goods"}
    refused = {
        **of_whom,
        "term_id": f"{name}-staff",
        "voucher_code": REFUSED_VOUCHER,
        "voucher_allowed": "false",
    }
    if plan.name == "capped":
        usual |= {"cap_per_order": to_text(CAP, account.currency), "currency": account.currency}
    if plan.name == "tiered":
        higher = {
            "term_id": f"{name}-more",
            "rate": fraction(plan.rate + TIER_MORE),
            "tier_from": to_text(TIER_FROM, account.currency),
            "currency": account.currency,
        }
        return [usual, usual | higher, refused]
    if plan.name == "by_customer":
        returning = {
            "term_id": f"{name}-returning",
            "rate": fraction(plan.rate_for(returning=True)),
            "customer_type": "returning",
        }
        return [usual | {"customer_type": "new"}, usual | returning, refused]
    return [usual, refused]
