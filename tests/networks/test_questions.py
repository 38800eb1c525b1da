"""What is asked of each network: whole windows in its own writing, every clock, nothing beyond its limits."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pyrate_limiter import RateItem

from affiliate_assets.connectors.language import ApiStream, Window
from affiliate_assets.connectors.planning import OpenRecord, Span, StreamState, plan_windows, union
from affiliate_assets.http.throttle import CredentialBudget
from tests.networks.cases import CONNECTORS, Written, cases_of, per_clock, per_network, per_stream, stream_of
from tests.networks.playing import as_text

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
START = datetime(2025, 6, 1, tzinfo=UTC)
UNITS = {name: timedelta(**{f"{name}s": 1}) for name in ("second", "minute", "hour", "day")}
# Changes of the clock, in UTC, and the zone that changes; a year's and a leap day's end.
EDGES = {
    "Berlin, spring": ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    "Berlin, hour before spring": ("Europe/Berlin", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
    "Berlin, autumn": ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "Berlin, hour told twice": ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    "Los Angeles, spring": ("America/Los_Angeles", datetime(2026, 3, 8, 10, tzinfo=UTC)),
    "Los Angeles, autumn": ("America/Los_Angeles", datetime(2026, 11, 1, 9, tzinfo=UTC)),
    "Los Angeles, hour told twice": ("America/Los_Angeles", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
    "end of a year": ("UTC", datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)),
    "leap day": ("UTC", datetime(2028, 2, 29, tzinfo=UTC)),
}


def asked_text(slug: str, name: str, window: Window) -> str:
    stream = stream_of(slug, name)
    account_id = cases_of(slug).accounts[0].account_id
    return as_text(
        stream.request(account_id, window, None) if stream.job is None else stream.job.submit(account_id, window)
    )


def named(written: Written, pattern: str, text: str, zone: str, fold: int) -> datetime:
    """The instant that the question names."""
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in {text}"
    value = " ".join(found.groups())
    if written.form in ("unix", "unix_ms"):
        return datetime.fromtimestamp(int(value) / (1000 if written.form == "unix_ms" else 1), UTC)
    if written.form == "iso":
        instant = datetime.fromisoformat(value)
        assert instant.tzinfo is not None, f"{value} tells no offset"
        return instant.astimezone(UTC)
    local = datetime.strptime(value, written.form).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return local.astimezone(UTC)


def covered(slug: str, name: str, clock: str, window: Window) -> tuple[datetime, datetime | None]:
    """What the network reads the question as, by its reference."""
    written = cases_of(slug).windows[name][clock]
    text, unit = asked_text(slug, name, window), UNITS[written.unit]
    zone = window.time_zone if written.zone == "account" else written.zone
    start = named(written, written.start, text, zone, fold=0)
    if written.end is None:
        return start, None
    end = named(written, written.end, text, zone, fold=1)
    return start, end + unit if written.last == "included" else end


@per_clock
@pytest.mark.parametrize("edge", EDGES)
def test_a_question_covers_its_window_and_little_more(slug: str, name: str, clock: str, edge: str) -> None:
    zone, instant = EDGES[edge]
    stream, written = stream_of(slug, name), cases_of(slug).windows[name][clock]
    # A day of 25 hours may exceed a whole day by an hour.
    # So may a naive time in the hour that its clock tells twice.
    twice = written.zone == "account" and ("autumn" in edge or "twice" in edge)
    slack = 2 * UNITS[written.unit] + (timedelta(hours=1) if written.unit == "day" or twice else timedelta(0))
    span = min(stream.max_span, timedelta(hours=25))
    if stream.day_is_whole_after is not None:
        instant = midnight(instant)
    for begin, finish in ((instant, instant + span), (instant - span, instant)):
        start, end = covered(slug, name, clock, Window("test", clock, begin, finish, time_zone=zone))
        assert begin - slack < start <= begin
        assert end is None or finish <= end < finish + slack


@per_clock
def test_a_question_is_about_its_clock_and_not_about_its_reason(slug: str, name: str, clock: str) -> None:
    stream = stream_of(slug, name)
    span = (NOW - timedelta(hours=5), NOW)
    texts = {other.name: asked_text(slug, name, Window("test", other.name, *span)) for other in stream.clocks}
    assert len(set(texts.values())) == len(texts)
    assert texts[clock] == asked_text(slug, name, Window("another reason", clock, *span))


@per_stream
def test_a_cursor_is_in_the_next_question(slug: str, name: str) -> None:
    stream, cases = stream_of(slug, name), cases_of(slug)
    for pull in cases.pulls_of(name):
        if len(pull.pages) > 1 and stream.job is None:
            account_id, cursor = cases.accounts[0].account_id, "4242"
            window = Window("test", pull.window.clock, pull.window.start, pull.window.end, pull.window.keys)
            first, second = stream.request(account_id, window, None), stream.request(account_id, window, cursor)
            assert "4242" in as_text(second)
            assert first != second


@per_stream
def test_open_records_are_asked_for_by_key_where_the_network_can(slug: str, name: str) -> None:
    stream = stream_of(slug, name)
    rule = stream.open_records
    if rule is not None and rule.keys_per_call:
        keys = tuple(f"9{number:05}" for number in range(rule.keys_per_call))
        text = asked_text(slug, name, Window("open", keys=keys))
        assert all(key in text for key in keys)


def midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0)


def reach(stream: ApiStream) -> tuple[datetime, datetime]:
    """From when to when the stream is read: whole days only where the network is asked for days."""
    after = stream.day_is_whole_after
    return (START, NOW) if after is None else (midnight(START), midnight(NOW - after))


def plan(slug: str, name: str, state: StreamState) -> list[Window]:
    return plan_windows(stream_of(slug, name), state, start=START, now=NOW)


@per_stream
def test_the_first_pull_leaves_no_gap_and_no_window_is_too_long(slug: str, name: str) -> None:
    stream, windows = stream_of(slug, name), plan(slug, name, StreamState())
    if not stream.clocks:
        assert [str(window) for window in windows] == ["whole listing"]
        return
    spans = [Span(window.start, window.end) for window in windows if window.start and window.end]
    assert all(span.end - span.start <= stream.max_span for span in spans)
    # Some networks answer for so many days only.
    start, now = reach(stream)
    first = start if stream.history is None else max(start, now - stream.history)
    assert union(spans) == [Span(first, now)]


@per_stream
def test_a_night_asks_every_clock(slug: str, name: str) -> None:
    stream = stream_of(slug, name)
    yesterday = reach(stream)[1] - timedelta(days=1)
    complete = {clock.name: (Span(START, yesterday),) for clock in stream.clocks}
    windows = plan(slug, name, StreamState(complete, first_read_at=START))
    assert {window.clock for window in windows} == ({clock.name for clock in stream.clocks} or {None})
    for clock in stream.clocks:
        first = min(window.start for window in windows if window.clock == clock.name and window.start)
        assert first <= yesterday - clock.overlap


@per_stream
def test_an_open_record_is_read_again(slug: str, name: str) -> None:
    stream = stream_of(slug, name)
    rule = stream.open_records
    if rule is None:
        return
    dated, read = NOW - timedelta(days=200), NOW - rule.reread_after - timedelta(days=1)
    complete = {clock.name: (Span(START, NOW - timedelta(days=1)),) for clock in stream.clocks}
    state = StreamState(complete, START, (OpenRecord("17", dated, read),))
    windows = plan(slug, name, state)
    assert any("17" in w.keys or (w.start and w.end and w.start <= dated < w.end) for w in windows)
    closed = plan(slug, name, StreamState(complete, START))
    assert not any("17" in w.keys or (w.start and w.end and w.start <= dated < w.end) for w in closed)


class Watch(CredentialBudget):
    """A budget whose clock stands until a test moves it."""

    at = 1_700_000_000_000

    def now(self) -> int:
        return self.at

    def call(self) -> int:
        """When the next call may go, with the caller waking whenever it is told to."""
        item = RateItem("call", self.at)
        while not self.put(item):
            self.at += max(1, self.waiting(item))
        return self.at


def budgets(slug: str, folder: Path) -> Iterator[tuple[int, int, Watch]]:
    for number, limit in enumerate(CONNECTORS[slug].limits):
        watch = Watch(folder / f"{number}.sqlite", "c", CONNECTORS[slug].limits, patience=1e9)
        yield limit.calls, int(limit.per.total_seconds() * 1000), watch


@per_network
def test_no_rolling_window_of_any_limit_holds_more_calls_than_published(slug: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    for calls, per, watch in budgets(slug, tmp_path):
        with watch._slots.transaction() as log:
            before = [watch.at - per + 1 + (per - 2) * number // calls for number in range(calls)]
            for moment in before:
                watch._slots.take(log, moment)
        moments = list(before)
        for _ in range(12):
            watch.at += chance.randrange(0, max(1, per // (2 * calls)))
            moments.append(watch.call())
        assert max(sum(first <= moment < first + per for moment in moments) for first in moments) <= calls


@per_network
def test_every_limit_is_obeyed_by_an_unused_budget(slug: str, tmp_path: Path) -> None:
    limits = CONNECTORS[slug].limits
    tightest = min(limit.calls for limit in limits)
    watch = Watch(tmp_path / "b.sqlite", "c", limits, patience=1e9)
    moments = [watch.call() for _ in range(min(3 * tightest, 120))]
    for limit in limits:
        per = limit.per.total_seconds() * 1000
        assert max(sum(first <= moment < first + per for moment in moments) for first in moments) <= limit.calls


@per_network
def test_a_used_up_budget_is_free_again_when_its_window_is_over(slug: str, tmp_path: Path) -> None:
    for calls, per, watch in budgets(slug, tmp_path):
        started = watch.at
        with watch._slots.transaction() as log:
            for _ in range(calls):
                watch._slots.take(log, started)
        assert per <= watch.call() - started <= per + 200
