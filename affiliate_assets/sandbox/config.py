"""What a world is made of before anything happens in it: size, shops, accounts, publishers, rates.

Amounts are whole cents and instants whole seconds since 1970 (UTC) everywhere inside the sandbox; both are
turned into `Decimal` and `datetime` where they leave it.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

DAY = 86_400
HOUR = 3_600
CLICK_WINDOW = 30 * DAY

#: Prefixes that somebody may write before an order number; `ORD` is the shop's own.
ORDER_ID_PREFIXES = ("ORD", "ACME")


@dataclass(frozen=True, slots=True)
class WorldConfig:
    """Size and seed of a world.

    Attributes:
        seed: Two worlds with equal configuration are equal to the byte.
        start: First day of orders; the day begins at midnight UTC.
        days: Number of days with orders; refunds, decisions and locks go on after the last of them.
        orders_per_day: Orders of all shops together on each day.
        time_zone: Zone of the times in the shop's exports.
        plant_every: Each so-many-th order carries a planted situation; 0 plants none.
    """

    seed: int = 7
    start: date = date(2026, 1, 1)
    days: int = 75
    orders_per_day: int = 40
    time_zone: str = "Europe/Berlin"
    plant_every: int = 4

    def __post_init__(self) -> None:
        """Refuse sizes that make no world.

        Raises:
            ValueError: A number is out of its range.
        """
        if self.days < 1 or self.orders_per_day < 1 or self.plant_every < 0:
            raise ValueError("days and orders_per_day must be at least 1, plant_every at least 0")


class Account(NamedTuple):
    """One programme of the brand on one network."""

    network: str
    account_id: str
    name: str
    currency: str


class Shop(NamedTuple):
    """One shop of the brand: its currency, tax rate in basis points and share of orders in percent."""

    name: str
    country: str
    currency: str
    tax_rate: int
    share: int
    accounts: tuple[int, ...]


#: Accounts are referred to by their place in this list.
ACCOUNTS: tuple[Account, ...] = (
    Account("awin", "1001", "Acme Home DE", "EUR"),
    Account("awin", "1002", "Acme Home UK", "GBP"),
    Account("cj", "4410927", "Acme Home DE", "EUR"),
    Account("cj", "4410928", "Acme Home US", "USD"),
)

SHOPS: tuple[Shop, ...] = (
    Shop("de", "DE", "EUR", 1900, 55, (0, 2)),
    Shop("uk", "GB", "GBP", 2000, 25, (1,)),
    Shop("us", "US", "USD", 825, 20, (3,)),
)

SHOP_OF_ACCOUNT: tuple[int, ...] = (0, 1, 0, 2)


def networks() -> tuple[str, ...]:
    """Return the networks of the world, in the order of their first account."""
    return tuple(dict.fromkeys(account.network for account in ACCOUNTS))
