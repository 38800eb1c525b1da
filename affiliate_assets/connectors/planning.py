"""Which windows a pull asks for: everything missing, everything that may have changed, in the fewest calls.

Pure arithmetic on UTC instants. What is known already comes in as `StreamState`, what comes out is a list
of `Window`s, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from affiliate_assets.connectors.language import ApiStream, Clock, Window

_TICK = timedelta(seconds=1)


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
        first_read_at: The network's time when the first window was read completely.
        open_records: Records that may still change.
    """

    complete: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    first_read_at: datetime | None = None
    open_records: tuple[OpenRecord, ...] = ()


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
    wanted = [_clipped(requested, now)] if requested and requested.start < now else []
    if not follow_changes:
        return _windows(first, wanted, stream.max_span, "days asked for")

    wanted += _missing(first, state.complete.get(first.name, ()), start, now)
    windows = _base_windows(stream, first, wanted, state.open_records, now)
    if state.first_read_at is not None:
        for clock in others:
            spans = _missing(clock, state.complete.get(clock.name, ()), state.first_read_at, now)
            windows += _windows(clock, spans, stream.max_span, clock.sees)
    return windows


def _base_windows(
    stream: ApiStream, clock: Clock, wanted: list[Span], open_records: tuple[OpenRecord, ...], now: datetime
) -> list[Window]:
    """New records by date and open records by date or by key, whichever takes fewer calls."""
    plain = _windows(clock, wanted, stream.max_span, clock.sees)
    rule = stream.open_records
    if rule is None:
        return plain
    due = [
        record
        for record in open_records
        if record.read_at <= now - rule.reread_after
        and not any(span.start <= record.dated_at < span.end for span in wanted)
    ]
    if not due:
        return plain
    points = [Span(record.dated_at, record.dated_at + _TICK) for record in due]
    by_date = _windows(clock, [*wanted, *points], stream.max_span, f"{clock.sees}, and open records")
    if rule.keys_per_call:
        keys = sorted(record.key for record in due)
        chunks = [keys[i : i + rule.keys_per_call] for i in range(0, len(keys), rule.keys_per_call)]
        if len(plain) + len(chunks) < len(by_date):
            return [*plain, *(Window("open records", keys=tuple(chunk)) for chunk in chunks)]
    return by_date


def _missing(clock: Clock, complete: Iterable[Span], start: datetime, now: datetime) -> list[Span]:
    """What of [start, now) no complete window covers; the last stretch begins `overlap` earlier."""
    gaps, position = [], start
    for span in _union(complete):
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
    left = _union(spans)
    while left:
        begin = left[0].start
        reach = begin + max_span
        inside = [span for span in left if span.start < reach]
        end = min(reach, inside[-1].end)
        windows.append(Window(reason, clock.name, begin, end))
        left = [Span(max(span.start, end), span.end) for span in left if span.end > end]
    return windows


def _union(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _clipped(span: Span, now: datetime) -> Span:
    return Span(span.start, min(span.end, now))
