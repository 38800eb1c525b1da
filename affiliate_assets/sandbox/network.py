"""What an emulated network declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from affiliate_assets.sandbox.config import DAY, SHOPS, Account
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.people import Publisher
from affiliate_assets.sandbox.wire import Answer, Ask, Emulator, Row, Tampering

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from affiliate_assets.sandbox.reports import Conversion
    from affiliate_assets.sandbox.world import World

__all__ = ["Account", "Breach", "Click", "Network", "Probe", "RowFields", "Setting", "Window"]


class Window(NamedTuple):
    """At most so many calls within any span of so many seconds; `path` (a regular expression) tells which."""

    calls: int
    seconds: int
    path: str = ""


class Breach(NamedTuple):
    """A call beyond a limit: real seconds until the next may come, the window broken, the sandbox's clock."""

    wait: int
    window: Window | None
    at: int
    concurrent: bool = False


class Click(NamedTuple):
    """A click on a publisher's link: the network's instant, its id, and its place among all touches."""

    at: int
    token: str
    rank: int
    account: Account
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class Setting:
    """What an emulator works on."""

    world: "World"
    network: "Network"
    accounts: tuple[Account, ...]
    secrets: Mapping[str, str]
    tampering: Tampering
    page_limit: int

    def tamper(self, record_id: str, record: Row) -> Row:
        """Return a record as it is to be sent."""
        return self.tampering.apply(self.network.slug, record_id, record)


@dataclass(frozen=True, slots=True)
class RowFields:
    """Where the faults of rows find what they change; of several names the first one present counts.

    Attributes:
        records: Dotted paths to the list of records; empty text is the body itself, `*` any name.
        key: Fields that identify a conversion or row.
        other_keys: Fields that identify records of other lists.
        key_type: What the key is by right; a word is a text of more than digits, which no number can stand for.
        amount_type: What the sale amount is by right.
        count: Field beside the records that counts them, empty without one.
        count_type: What it is by right.
        page_parameter: Query parameter that names the page, empty without one.
        table: The records are lines below titles, which the fields name; no value has a type. A text is
            comma-separated, a grid is JSON.
    """

    records: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    other_keys: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    key_type: Literal["string", "number", "word"] = "string"
    amount_type: Literal["string", "number"] = "number"
    count: str = ""
    count_type: Literal["string", "number"] = "number"
    page_parameter: str = ""
    table: Literal["", "text", "grid"] = ""


#: Row id, the conversion's record id, and the sale amount shown.
Shown = tuple[str, str, "Decimal"]


@dataclass(frozen=True, slots=True)
class Probe:
    """How a check asks a network without knowing it; `Network`'s documentation lists the arguments.

    Attributes:
        listing: (secrets, token, account, start, end, cursor) → one page of an account's conversions or rows by
            their sale or posting date, from `start` up to `end`; the first cursor is None.
        read: What an answer shows, and the cursor of the next page.
        changes: As `listing`, by other dates: together they list whatever changed between two instants; empty
            where the network has no such clocks.
        login: (secrets) → the call that opens a session, None without sessions.
        token: The token in the answer to it.
        span: Widest window of one call, in seconds.
    """

    listing: Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask]
    read: Callable[[Answer], tuple[list[Shown], str | None]]
    changes: tuple[Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask], ...] = ()
    login: Callable[[Mapping[str, str]], Ask] | None = None
    token: Callable[[Answer], str] | None = None
    span: int = 30 * DAY


def _plain_429(breach: Breach) -> Answer:
    return Answer(429)


def _number_of(conversion: "Conversion") -> str:
    return str(conversion.number)


@dataclass(frozen=True, slots=True)
class Network:
    """One network: the brand's accounts on it, its habits, its limits and what answers for it.

    Attributes:
        slug: Name in addresses and records.
        accounts: The brand's accounts.
        publishers: The publishers, with the network's ids and spellings.
        habits: How it dates, shows, decides and corrects.
        limits: Published limits; all hold at once.
        secrets: Names of the credentials, as a connector asks for them.
        emulator: Makes what answers.
        rows: What faults of rows change.
        landing: Query parameters that a click adds to the page landed on.
        refusal: The answer to a call beyond a limit.
        limited_by_token: Whether each token has limits of its own.
        concurrent: Most calls under way at once; 0 for any number.
        sessions: Whether the emulator keeps `sessions` that can be lost.
        place_per_account: Whether each account is asked at a place of its own: the first part of the path.
        fee: The network's fee in basis points of the commission, 0 where none is reported.
        record_id: The id that a conversion is known by.
        first_number: Number of the first conversion.
        number_step: Distance of the numbers.
        first_row: Number of the first row, where rows correct.
        row_step: Distance of those.
        probe: How checks ask it.
        export: (world, account, folder, instant) → the file dropped for an account, of a network that is read by file.
        tracker: Whether it only watches what the others report; its conversions are no claims.
    """

    slug: str
    accounts: tuple[Account, ...]
    publishers: tuple[Publisher, ...]
    habits: Habits
    limits: tuple[Window, ...]
    secrets: tuple[str, ...]
    emulator: Callable[[Setting], Emulator]
    rows: RowFields
    landing: Callable[[Click], dict[str, str]]
    refusal: Callable[[Breach], Answer] = _plain_429
    limited_by_token: bool = False
    concurrent: int = 0
    sessions: bool = False
    place_per_account: bool = False
    fee: int = 0
    record_id: Callable[["Conversion"], str] = field(default=_number_of)
    first_number: int = 1_000_001
    number_step: int = 1
    first_row: int = 1_000_001
    row_step: int = 1
    probe: Probe | None = None
    export: Callable[["World", Account, "Path", int], "Path"] | None = None
    tracker: bool = False

    def __post_init__(self) -> None:
        """Refuse accounts that fit no shop.

        Raises:
            ValueError: An account belongs to another network, an unknown shop, or has another currency than it.
        """
        currencies = {shop.name: shop.currency for shop in SHOPS}
        for account in self.accounts:
            if account.network != self.slug or currencies.get(account.shop) != account.currency:
                raise ValueError(f"{account} does not fit network {self.slug} or its shop")
