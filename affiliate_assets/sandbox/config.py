"""What a world is made of before anything happens in it: size, shops, accounts, publishers, rates.

Amounts are whole minor units of their currency (cents, yen, fils) and instants whole seconds since 1970 (UTC)
everywhere inside the sandbox; both are turned into `Decimal` and `datetime` where they leave it.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

DAY = 86_400
HOUR = 3_600
CLICK_WINDOW = 30 * DAY

#: Prefixes that somebody may write before an order number; `ORD` is the shop's own.
ORDER_ID_PREFIXES = ("ORD", "ACME")

DEFAULT_NETWORKS = ("awin", "cj")


class Style(NamedTuple):
    """How the shop numbers its orders.

    `prefix` stands before a number, `other_prefixes` are what somebody else may write there; `first` is the first
    number.
    """

    prefix: str = ORDER_ID_PREFIXES[0]
    other_prefixes: tuple[str, ...] = ORDER_ID_PREFIXES[1:]
    separator: str = "-"
    first: int = 500_001

    def order_id(self, number: int) -> str:
        """Write an order's number as the shop does."""
        return f"{self.prefix}{self.separator}{number}"


STYLE = Style()


@dataclass(frozen=True, slots=True)
class WorldConfig:
    """Size and seed of a world.

    A year of a million orders over all networks is `days=365, orders_per_day=2740`; it is drawn in about a minute of
    one core, and takes two gigabytes.

    Attributes:
        seed: Two worlds with equal configuration are equal to the byte.
        start: First day of orders; the day begins at midnight UTC.
        days: Number of days with orders; refunds, decisions and locks go on after the last of them.
        orders_per_day: Orders of all shops together on each day.
        time_zone: Zone of the times in the shop's exports.
        plant_every: Each so-many-th order carries a planted situation; 0 plants none.
        networks: Networks that the brand runs programmes on.
        kinds: Situations that are planted; None for those of `scenarios.KINDS`.
        agreements: Whether commissions follow agreements with caps, tiers and customers (`agreements`), which the
            brand keeps a list of; else each publisher earns its rate.
        more_rate: What all rates are higher than the publishers' usual ones, in basis points.
        style: How the shop numbers its orders.
        causes: Whether touches convince (`causes`): each order has a cause, and journeys that convinced nobody are
            among the touches. Else nothing convinces, and all orders come anyway.
        systems: Shops whose orders are exported by a CRM system (`systems`), by name with its stream.
        items: Whether shops export the lines of their orders (`items`), beside those whose orders a system exports.
        analytics: Shops whose visits are told by web analytics (`analytics`), by name with its stream.
    """

    seed: int = 7
    start: date = date(2026, 1, 1)
    days: int = 75
    orders_per_day: int = 40
    time_zone: str = "Europe/Berlin"
    plant_every: int = 4
    networks: tuple[str, ...] = DEFAULT_NETWORKS
    kinds: tuple[str, ...] | None = None
    agreements: bool = False
    more_rate: int = 0
    style: Style = STYLE
    causes: bool = False
    systems: tuple[tuple[str, str], ...] = ()
    items: bool = False
    analytics: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse sizes that make no world.

        Raises:
            ValueError: A number is out of its range.
        """
        if self.days < 1 or self.orders_per_day < 1 or self.plant_every < 0:
            raise ValueError("days and orders_per_day must be at least 1, plant_every at least 0")
        if len(set(self.networks)) != len(self.networks):
            raise ValueError(f"a network is named twice: {self.networks}")
        if unknown := {name for name, _ in (*self.systems, *self.analytics)} - {shop.name for shop in SHOPS}:
            raise ValueError(f"no shop is named {', '.join(sorted(unknown))}")


class Account(NamedTuple):
    """One programme of the brand on one network; `zone` is that of the network's naive times, if any."""

    network: str
    account_id: str
    name: str
    currency: str
    shop: str
    zone: str = "UTC"
    programme_id: str = ""


class Shop(NamedTuple):
    """One shop of the brand: its currency, tax rate in basis points and share of orders in percent.

    Shares are those of the shops that are always open; the others come on top where they are.
    """

    name: str
    country: str
    currency: str
    tax_rate: int
    share: int


#: Shops are referred to by their place in this list; the last two are open where a network has accounts there.
SHOPS: tuple[Shop, ...] = (
    Shop("de", "DE", "EUR", 1900, 55),
    Shop("uk", "GB", "GBP", 2000, 25),
    Shop("us", "US", "USD", 825, 20),
    Shop("jp", "JP", "JPY", 1000, 15),
    Shop("kw", "KW", "KWD", 0, 10),
)


def by_place(told: tuple[tuple[str, str], ...]) -> dict[int, str]:
    """Return what is told of shops by name, by their places in `SHOPS`."""
    named = dict(told)
    return {place: named[shop.name] for place, shop in enumerate(SHOPS) if shop.name in named}
