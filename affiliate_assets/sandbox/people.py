"""Publishers, customers and visitors: who stands behind the numbers of a world."""

import hashlib
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Publisher(NamedTuple):
    """A publisher as one network knows it.

    `key` is equal for the same company on all networks, where its id and the spelling of its name differ.
    `rate` is its commission in basis points; `currency` is what it is paid in where the network pays in its own.
    """

    key: str
    publisher_id: str
    name: str
    site: str
    region: str
    kind: str
    rate: int
    currency: str
    site_id: str


class Company(NamedTuple):
    """A company behind publishers: its name, site and country, what it does, and its usual commission and currency."""

    name: str
    site: str
    region: str
    kind: str
    rate: int
    currency: str


#: Companies by the key that is equal on all networks.
COMPANIES: dict[str, Company] = {
    "deal-harbour": Company("Deal Harbour", "deal-harbour.example", "GB", "Coupon", 700, "GBP"),
    "home-notes": Company("Home Notes", "home-notes.example", "GB", "Content", 800, "GBP"),
    "cashback-quay": Company("Cashback Quay", "cashback-quay.example", "GB", "Cashback", 500, "GBP"),
    "spar-fuchs": Company("Spar-Fuchs", "spar-fuchs.example", "DE", "Coupon", 600, "EUR"),
    "wohn-magazin": Company("Wohn-Magazin", "wohn-magazin.example", "DE", "Content", 900, "EUR"),
    "punkte-plus": Company("PunktePlus", "punkte-plus.example", "DE", "Cashback", 450, "EUR"),
    "the-edit": Company("The Edit", "the-edit.example", "GB", "Content", 1000, "GBP"),
    "setup-stories": Company("Setup Stories", "setup-stories.example", "US", "Content", 800, "USD"),
    "cash-canyon": Company("Cash Canyon", "cash-canyon.example", "US", "Cashback", 500, "USD"),
    "porch-living": Company("Porch & Living", "porch-living.example", "US", "Content", 850, "USD"),
    "kurashi-note": Company("暮らしノート", "kurashi-note.example", "JP", "Content", 750, "JPY"),
    "point-machi": Company("ポイント街", "point-machi.example", "JP", "Cashback", 400, "JPY"),
    "souq-savings": Company("Souq Savings", "souq-savings.example", "KW", "Coupon", 650, "KWD"),
    "maison-claire": Company("Maison Claire", "maison-claire.example", "FR", "Content", 900, "EUR"),
    "app-rewards": Company("App Rewards", "app-rewards.example", "US", "Network", 550, "USD"),
    "search-scout": Company("Search Scout", "search-scout.example", "GB", "Comparison", 350, "GBP"),
}


def enlist(
    ids: Mapping[str, str],
    *,
    spell: Callable[[str], str] = str,
    kinds: Mapping[str, str] | None = None,
    rates: Mapping[str, int] | None = None,
) -> tuple[Publisher, ...]:
    """Return companies as publishers of a network.

    Args:
        ids: The network's publisher ids by the key of the company.
        spell: Writes a company's name as the network has it.
        kinds: The network's words for kinds of publishers, where they differ.
        rates: Commission in basis points by key, where it differs.
    """
    kinds, rates = kinds or {}, rates or {}
    return tuple(
        Publisher(
            key,
            publisher_id,
            spell(COMPANIES[key].name),
            COMPANIES[key].site,
            COMPANIES[key].region,
            kinds.get(COMPANIES[key].kind, COMPANIES[key].kind),
            rates.get(key, COMPANIES[key].rate),
            COMPANIES[key].currency,
            "",
        )
        for key, publisher_id in ids.items()
    )


_FIRST = (
    "anna",
    "ben",
    "carla",
    "david",
    "emma",
    "felix",
    "grace",
    "henry",
    "ida",
    "jonas",
    "kate",
    "leo",
    "mia",
    "noah",
)
_LAST = (
    "adler",
    "brown",
    "clark",
    "diaz",
    "evans",
    "fischer",
    "green",
    "hughes",
    "jung",
    "klein",
    "lopez",
    "meyer",
    "novak",
)


def digest(*parts: object, length: int = 32) -> str:
    """Return a stable hexadecimal text of the given parts."""
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=(length + 1) // 2).hexdigest()[:length]


def email_of(customer: int) -> str:
    """Return the address of a customer."""
    return f"{_FIRST[customer % 14]}.{_LAST[customer // 14 % 13]}{customer}@mail.example"


@dataclass(slots=True)
class Visitors:
    """Browsers seen on the shops' pages, by number: the customer behind each and since when that is known.

    A visitor stays anonymous (customer -1) until an order is placed from a journey that this browser took
    part in.
    """

    customer: "array[int]" = field(default_factory=lambda: array("q"))
    known_at: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, customer: int = -1, known_at: int = 0) -> int:
        """Add a visitor and return its number."""
        self.customer.append(customer)
        self.known_at.append(known_at)
        return len(self.customer) - 1


@dataclass(slots=True)
class Customer:
    """What the builder remembers of a customer between two orders.

    `clicks` holds the affiliate clicks as (instant, account, publisher), oldest first.
    """

    number: int
    last_order_at: int
    orders: int
    visitor: int
    clicks: list[tuple[int, int, int]]
