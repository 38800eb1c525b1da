"""Which windows a pull asks for: everything missing, everything that may have changed, in the fewest calls.

Pure arithmetic on UTC instants. What is known already comes in as `StreamState`, what comes out is a list
of `Window`s, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from affiliate_assets.connectors.language import ApiStream, Clock, RateLimit, Window

_TICK, _DAY = timedelta(seconds=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open stretch of time [start, end), UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """A record whose state is not terminal: its key, its date on the first clock, when it was last read."""

    key: str
    dated_at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the warehouse knows of one stream of one account.

    Attributes:
        complete: Spans read completely, by clock name.
        first_read_at: What the first run that read a window completely took for the present.
        open_records: Records that may still change.
        doubtful: Spans read completely whose records are not all trusted, by clock name: one of them is in
            quarantine or flagged, or the network's own report counts more. Or spans whose last reading did not end.
        doubtful_keys: Records in quarantine or flagged, by key.
    """

    complete: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    first_read_at: datetime | None = None
    open_records: tuple[OpenRecord, ...] = ()
    doubtful: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    doubtful_keys: tuple[str, ...] = ()


def plan_windows(
    stream: ApiStream,
    state: StreamState,
    *,
    start: datetime,
    now: datetime,
    requested: Span | None = None,
    follow_changes: bool = True,
) -> list[Window]:
    """The windows to ask for, in the order they should be asked.

    Args:
        stream: The stream's declaration.
        state: What is known already.
        start: First instant ever wanted.
        now: The present instant.
        requested: A span to read on the first clock whatever is known; its part after `now` is dropped.
        follow_changes: Also read what is missing up to now and what may have changed since. Without it
            only `requested` is read, as a backfill of old days wants.

    Returns:
        Windows no longer than the stream's `max_span`.
    """
    if not stream.clocks:
        return [Window("whole listing")] if follow_changes else []
    first, *others = stream.clocks
    if stream.day_is_whole_after is not None:
        start, now = _midnight(start), _midnight(now - stream.day_is_whole_after)
        requested = requested and Span(_midnight(requested.start), _midnight(requested.end + _DAY - _TICK))
    if stream.history is not None:
        start, state = max(start, now - stream.history), _reachable(state, now - stream.history)
    wanted = [_clipped(requested, now)] if requested and requested.start < now else []
    if not follow_changes:
        return _windows(first, wanted, stream.max_span, "days asked for")

    wanted += _missing(first, state.complete.get(first.name, ()), start, now)
    wanted += state.doubtful.get(first.name, ())
    windows = _base_windows(stream, first, wanted, state, now)
    # At the instant of the first reading nothing can have changed since.
    if state.first_read_at is not None and state.first_read_at < now:
        for clock in others:
            # What had changed before is in what was read first, but for what the clock tells late or not at all.
            since = max(start, state.first_read_at - clock.overlap)
            spans = _missing(clock, state.complete.get(clock.name, ()), since, now)
            spans += state.doubtful.get(clock.name, ())
            windows += _windows(clock, spans, stream.max_span, clock.sees)
    return windows


def cover(stream: ApiStream, spans: Iterable[Span], reason: str) -> list[Window]:
    """The fewest windows on the stream's first clock that cover the spans."""
    return _windows(stream.clocks[0], spans, stream.max_span, reason)


def _base_windows(
    stream: ApiStream, clock: Clock, wanted: list[Span], state: StreamState, now: datetime
) -> list[Window]:
    """New records by date; open and doubtful ones by date or by key, in the fewest calls.

    Windows that hold nothing but due records are given up one after another, those with the fewest records first:
    these records are then asked for by key. The cheapest of all these plans is taken.
    """
    rule = stream.open_records
    if rule is None:
        return _windows(clock, wanted, stream.max_span, clock.sees)
    dates = {record.key: record.dated_at for record in state.open_records}
    due = {record.key for record in state.open_records if record.read_at <= now - rule.reread_after}
    doubtful = set(state.doubtful_keys) if rule.keys_per_call else set()

    def plan(by_date: set[str]) -> tuple[list[Window], set[str]]:
        points = [Span(dates[key], dates[key] + _TICK) for key in by_date]
        reason = f"{clock.sees}, and open records" if points else clock.sees
        windows = _windows(clock, [*wanted, *points], stream.max_span, reason)
        keys = {key for key in due | doubtful if key not in dates or not _holds(windows, dates[key])}
        return windows, keys

    by_date = {key for key in due if not any(span.start <= dates[key] < span.end for span in wanted)}
    windows, keys = plan(by_date)
    if not rule.keys_per_call:
        return windows
    best = [*windows, *_by_key(keys, rule.keys_per_call)]
    inside = [
        {key for key in by_date if _holds([window], dates[key])} for window in windows if not _asked(window, wanted)
    ]
    for group in sorted(inside, key=len):
        by_date -= group
        windows, keys = plan(by_date)
        candidate = [*windows, *_by_key(keys, rule.keys_per_call)]
        if len(candidate) < len(best):
            best = candidate
    return best


def _holds(windows: Iterable[Window], instant: datetime) -> bool:
    return any(w.start is not None and w.end is not None and w.start <= instant < w.end for w in windows)


def _asked(window: Window, wanted: Iterable[Span]) -> bool:
    """Whether the window holds anything that is wanted for its own sake."""
    assert window.start is not None
    assert window.end is not None
    return any(span.start < window.end and window.start < span.end for span in wanted)


def _by_key(keys: Iterable[str], keys_per_call: int) -> list[Window]:
    ordered = sorted(keys)
    if not ordered:
        return []
    chunks = [ordered[i : i + keys_per_call] for i in range(0, len(ordered), keys_per_call)]
    return [Window("open records", keys=tuple(chunk)) for chunk in chunks]


def _missing(clock: Clock, complete: Iterable[Span], start: datetime, now: datetime) -> list[Span]:
    """What of [start, now) no complete window covers; the last stretch begins `overlap` earlier."""
    gaps, position = [], start
    for span in union(complete):
        if span.start > position:
            gaps.append(Span(position, min(span.start, now)))
        position = max(position, span.end)
    if position < now:
        gaps.append(Span(max(start, position - clock.overlap), now))
    return [gap for gap in gaps if gap.start < gap.end]


def _windows(clock: Clock, spans: Iterable[Span], max_span: timedelta, reason: str) -> list[Window]:
    """The fewest windows that cover the spans: from the left, each as long as it may be.

    Starting every window at the leftmost instant not yet covered is optimal for covering a line with
    pieces of one length; a window ends early where nothing more is wanted within its reach.
    """
    windows: list[Window] = []
    left = union(spans)
    while left:
        begin = left[0].start
        reach = begin + max_span
        inside = [span for span in left if span.start < reach]
        end = min(reach, inside[-1].end)
        windows.append(Window(reason, clock.name, begin, end))
        left = [Span(max(span.start, end), span.end) for span in left if span.end > end]
    return windows


def union(spans: Iterable[Span]) -> list[Span]:
    """The same instants in as few spans as possible, in order."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def seconds_at_limit(calls: int, limits: Iterable[RateLimit]) -> float:
    """How long so many calls take at the published limits, from an unused budget to the last call."""
    rules = [(limit.calls, limit.per.total_seconds()) for limit in limits]
    sent: list[float] = []
    for number in range(calls):
        sent.append(max((sent[number - size] + per for size, per in rules if number >= size), default=0.0))
    return sent[-1] if sent else 0.0


def _midnight(instant: datetime) -> datetime:
    """The beginning of the day in UTC."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _reachable(state: StreamState, earliest: datetime) -> StreamState:
    """The state without what lies before the instant, which the network no longer answers."""
    doubtful = {
        clock: tuple(Span(max(span.start, earliest), span.end) for span in spans if span.end > earliest)
        for clock, spans in state.doubtful.items()
    }
    records = tuple(record for record in state.open_records if record.dated_at >= earliest)
    return replace(state, open_records=records, doubtful=doubtful)


def _clipped(span: Span, now: datetime) -> Span:
    return Span(span.start, min(span.end, now))
