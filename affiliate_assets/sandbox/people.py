"""Publishers, customers and visitors: who stands behind the numbers of a world."""

import hashlib
from array import array
from dataclasses import dataclass, field
from typing import NamedTuple


class Publisher(NamedTuple):
    """A publisher as one network knows it.

    `key` is equal for the same company on both networks, where its id and the spelling of its name differ.
    `rate` is its commission in basis points; `currency` is what the network pays it in (CJ only).
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


PUBLISHERS: dict[str, tuple[Publisher, ...]] = {
    "awin": (
        Publisher(
            "deal-harbour",
            "330411",
            "Deal Harbour",
            "deal-harbour.example",
            "GB",
            "Discount Code",
            700,
            "",
            "",
        ),
        Publisher("home-notes", "331550", "Home Notes", "home-notes.example", "GB", "Content", 800, "", ""),
        Publisher("cashback-quay", "330888", "Cashback Quay", "cashback-quay.example", "GB", "Cashback", 500, "", ""),
        Publisher("spar-fuchs", "412207", "Spar-Fuchs", "spar-fuchs.example", "DE", "Discount Code", 600, "", ""),
        Publisher("wohn-magazin", "412850", "Wohn-Magazin", "wohn-magazin.example", "DE", "Content", 900, "", ""),
        Publisher("punkte-plus", "413019", "PunktePlus", "punkte-plus.example", "DE", "Cashback", 450, "", ""),
        Publisher("the-edit", "334772", "The Edit", "the-edit.example", "GB", "Content", 1000, "", ""),
    ),
    "cj": (
        Publisher(
            "setup-stories",
            "5290117",
            "Setup Stories",
            "setup-stories.example",
            "US",
            "Content",
            800,
            "USD",
            "100338811",
        ),
        Publisher(
            "deal-harbour",
            "5310044",
            "DealHarbour Ltd",
            "deal-harbour.example",
            "GB",
            "Coupon",
            700,
            "GBP",
            "100441190",
        ),
        Publisher(
            "spar-fuchs",
            "5330981",
            "SPARFUCHS GmbH",
            "spar-fuchs.example",
            "DE",
            "Coupon",
            650,
            "EUR",
            "100502213",
        ),
        Publisher(
            "the-edit",
            "5341207",
            "The Edit Media",
            "the-edit.example",
            "GB",
            "Content",
            950,
            "GBP",
            "100511874",
        ),
        Publisher(
            "cash-canyon",
            "5288450",
            "Cash Canyon",
            "cash-canyon.example",
            "US",
            "Loyalty",
            500,
            "USD",
            "100330975",
        ),
        Publisher(
            "porch-living",
            "5350618",
            "Porch & Living",
            "porch-living.example",
            "US",
            "Content",
            850,
            "USD",
            "100527740",
        ),
    ),
}

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
