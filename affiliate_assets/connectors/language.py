"""The words of a network's declaration: frozen values, no behaviour but their own arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from affiliate_assets.connectors.auth import Auth
from affiliate_assets.connectors.jobs import AsyncJob as AsyncJob
from affiliate_assets.connectors.jobs import JobStatus as JobStatus
from affiliate_assets.connectors.paging import Paging
from affiliate_assets.connectors.source import Network as Network
from affiliate_assets.connectors.source import Source as Source
from affiliate_assets.connectors.source import Stream as Stream
from affiliate_assets.errors import AffiliateError

if TYPE_CHECKING:
    from affiliate_assets.connectors.corrections import Corrections


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request before authentication.

    Attributes:
        path: Relative to the connector's base URL, or an absolute URL that the network told (a next link, the
            result of a job); to another host it goes without credentials.
        params: The query; a tuple repeats its parameter, once for each text in it.
        form: Fields of an `application/x-www-form-urlencoded` body.
        content: A body as it is to be sent, where its digits matter or it is no object. At most one of `json`, `form`
            and `content` is given.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    params: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, whole. `served_at` is the network's own clock (Date header), UTC."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    served_at: datetime | None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `calls` in any rolling `per`, for one credential."""

    calls: int
    per: timedelta


class Priority(IntEnum):
    """Who goes first where calls of one credential wait for its budget; the lower value."""

    INTERACTIVE = 0
    RECONCILIATION = 1
    BACKFILL = 2


@dataclass(frozen=True, slots=True)
class Window:
    """One question to a network: a span on one of its clocks, or a list of record keys.

    Attributes:
        clock: The clock's name in the stream's declaration; None for a whole listing.
        start: First instant asked for (UTC).
        end: Instant after the last one asked for (UTC).
        reason: Why it is asked, in words for the operator.
        keys: Record keys asked for instead of a span.
        time_zone: Zone in which the network reads and writes naive times; told when the question is asked.
    """

    reason: str
    clock: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    keys: tuple[str, ...] = ()
    time_zone: str = "UTC"

    def local(self, instant: datetime) -> datetime:
        """The instant on the network's wall clock, without a zone."""
        return instant.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)

    def walls(self) -> tuple[datetime, datetime]:
        """Start and end for a network that compares naive times: a superset where the clock tells an hour twice.

        What happens after a start in the first of these hours may be told earlier than it, and what happens before an
        end in the second one later.
        """
        assert self.start is not None
        assert self.end is not None
        zone = ZoneInfo(self.time_zone)
        start, end = self.start.astimezone(zone), self.end.astimezone(zone)
        earlier = start - _set_back(start) if start.fold == 0 else start
        later = end + _set_back(end) if end.fold == 1 else end
        return earlier.replace(tzinfo=None), later.replace(tzinfo=None)

    def __str__(self) -> str:
        if self.keys:
            return f"{len(self.keys)} records by id"
        if self.start is None or self.end is None:
            return "whole listing"
        return f"{self.clock} {self.start:%Y-%m-%dT%H:%MZ}/{self.end:%Y-%m-%dT%H:%MZ}"


def _set_back(local: datetime) -> timedelta:
    """By how much the clock is set back that tells this time twice; zero for any other time."""
    first, second = (local.replace(fold=fold).utcoffset() or timedelta(0) for fold in (0, 1))
    return max(first - second, timedelta(0))


@dataclass(frozen=True, slots=True)
class Clock:
    """One of a network's times that a window can be read against.

    Attributes:
        name: The network's own word for it.
        column: Column of the valid table that carries it.
        sees: What becomes visible through it, in words.
        overlap: How far before the last complete window the next one starts, for rows that show up late.
        instead: Where the network may refuse this clock: how far back the first clock is read in its place.
    """

    name: str
    column: str
    sees: str
    overlap: timedelta
    instead: timedelta | None = None


@dataclass(frozen=True, slots=True)
class OpenRecords:
    """Which records may still change, and how they are read again until they end.

    Attributes:
        column: Column of the valid table that holds the state.
        words: The network's words of a state that is not terminal.
        reread_after: A record not read for this long is read again; zero means in every nightly pull.
        keys_per_call: How many keys one call may name; 0 where the network has no such call.
        payable: Words of a state that ends when the commission is paid, where no clock shows that.
        paid: Boolean column that tells whether it was paid.
    """

    column: str
    words: frozenset[str]
    reread_after: timedelta
    keys_per_call: int = 0
    payable: frozenset[str] = frozenset()
    paid: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """What a network's own report says of the records of one span: how many, and their money."""

    records: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """An independent total of the records that a span on the first clock holds.

    Attributes:
        request: Builds the question from account id, start and end; whole days in UTC.
        read: The answer's total; raises BrokenAnswer or ContractError where it is not the documented report.
        amount: Column of the valid table that the report sums.
        excluded: Words of the stream's state column whose records the report leaves out.
        max_span: Longest span one report covers.
    """

    request: Callable[[str, datetime, datetime], Request]
    read: Callable[[Answer], Total]
    amount: str
    excluded: frozenset[str]
    max_span: timedelta


@dataclass(frozen=True, kw_only=True)
class ApiStream(Stream):
    """A kind of record that a network's API returns.

    Attributes:
        request: Builds the request of one page from account id, window and cursor (None on page one).
        paging: How an answer is split into records and what comes next.
        allowed: Top-level fields that may be written; all others are dropped before the first write.
        dropped: Documented fields left out on purpose: personal, or not needed.
        clocks: The clocks which together see every change; the first one dates the record. Empty for a
            listing that is read whole.
        max_span: Longest window the network accepts.
        open_records: The records that must be read until they end; None for a listing.
        control: The network's own total of a span, where it offers one.
        job: Set where the network prepares the records first; `request` is then not asked.
        day_is_whole_after: Set where the network is asked for whole days: each day of UTC is asked for alone, once it
            has been over for this long.
        agrees: Raises ContractError where an answer echoes another question than the one asked.
        shortest_span: Where the network names no longest window: one that times out is asked for in halves, down to
            this length. None where a time-out tells nothing of the length.
        history: How far back the network answers; None where no bound is told. Nothing older is planned.
    """

    request: Callable[[str, Window, str | None], Request]
    paging: Paging
    allowed: frozenset[str]
    dropped: frozenset[str] = frozenset()
    clocks: tuple[Clock, ...] = ()
    max_span: timedelta = timedelta(days=30)
    open_records: OpenRecords | None = None
    control: ControlTotals | None = None
    job: AsyncJob | None = None
    day_is_whole_after: timedelta | None = None
    agrees: Callable[[Request, Answer], None] = lambda request, answer: None
    shortest_span: timedelta | None = None
    history: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Connector(Network):
    """A network that is asked over its API.

    Attributes:
        base_url: Where the API lives, unless the account overrides it; `{account_id}` in it is the account's.
        auth: How a request proves who asks.
        limits: The published limits, each read as a rolling window of one credential.
        limited_by: The secrets that name whom the limits count, where that is not the whole credential.
        one_at_a_time: The network wants no two calls of a credential at the same time.
        limit_statuses: Status codes by which the network says that its limit is reached.
        streams: What is pulled.
        problem: Tells an error from an answer where status codes do not; None means no objection.
        probe: A cheap request that proves credentials and account.
        corrections: How what the brand decides is told to the network; None where it cannot be.
    """

    streams: tuple[ApiStream, ...]
    base_url: str
    auth: Auth
    limits: tuple[RateLimit, ...]
    probe: Callable[[str], Request]
    limited_by: frozenset[str] = frozenset()
    one_at_a_time: bool = False
    limit_statuses: frozenset[int] = frozenset({429})
    problem: Callable[[Answer], AffiliateError | None] = lambda answer: None
    corrections: Corrections | None = None

    def stream(self, name: str) -> ApiStream:
        """The stream of that name.

        Raises:
            KeyError: There is none.
        """
        return {stream.name: stream for stream in self.streams}[name]
