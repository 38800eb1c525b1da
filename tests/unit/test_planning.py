from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pandera.polars as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate_assets.connectors.language import ApiStream, Clock, OpenRecords, Request, Window
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.connectors.planning import OpenRecord, Span, StreamState, plan_windows

BASE = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def stream(
    *, span: timedelta = 30 * DAY, overlap: timedelta = timedelta(0), open_records: OpenRecords | None = None
) -> ApiStream:
    return ApiStream(
        name="sales",
        description="A sale.",
        key=("id",),
        schema=pa.DataFrameSchema({}),
        request=lambda account, window, cursor: Request("GET", "sales"),
        paging=WholeWindow(),
        allowed=frozenset({"id"}),
        clocks=(Clock("sold", "sold_at", "new sales", overlap), Clock("decided", "decided_at", "decisions", overlap)),
        max_span=span,
        open_records=open_records,
    )


def at(hours: float) -> datetime:
    return BASE + hours * HOUR


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


def hours_of(windows: list[Window], clock: str = "sold") -> list[tuple[float, float]]:
    return [((w.start - BASE) / HOUR, (w.end - BASE) / HOUR) for w in windows if w.clock == clock and w.start and w.end]


def fewest(cells: frozenset[int], length: int) -> int:
    """Fewest pieces of `length` cells that cover the cells: every start of the next piece is tried."""

    @cache
    def best(left: tuple[int, ...]) -> int:
        if not left:
            return 0
        starts = range(left[0] - length + 1, left[0] + 1)
        return 1 + min(best(tuple(cell for cell in left if cell >= start + length)) for start in starts)

    return best(tuple(sorted(cells)))


spans_read = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=5
)


@given(read=spans_read, now=st.integers(1, 40), length=st.integers(2, 9), overlap=st.integers(0, 6))
def test_what_is_missing_is_asked_for_completely_in_the_fewest_windows_and_none_is_too_long(
    read: list[tuple[int, int]], now: int, length: int, overlap: int
) -> None:
    state = StreamState(complete={"sold": tuple(span(*pair) for pair in read)})
    windows = plan_windows(stream(span=length * HOUR, overlap=overlap * HOUR), state, start=at(0), now=at(now))

    known = {cell for first, last in read for cell in range(first, last)}
    wanted = {cell for cell in range(now) if cell not in known}
    newest = max((last for _, last in read), default=0)
    if newest < now:
        wanted |= set(range(max(0, newest - overlap), now))
    asked = hours_of(windows)
    assert all(0 < last - first <= length for first, last in asked)
    assert wanted <= {cell for first, last in asked for cell in range(int(first), int(last))}
    assert len(asked) == fewest(frozenset(wanted), length)
    assert all(last <= now for _, last in asked)


@given(
    dates=st.lists(st.integers(0, 300), min_size=1, max_size=25, unique=True),
    per_call=st.integers(1, 10),
    length=st.integers(10, 60),
)
def test_open_records_are_read_by_date_or_by_key_whichever_takes_fewer_calls(
    dates: list[int], per_call: int, length: int
) -> None:
    declared = stream(span=length * HOUR, open_records=OpenRecords("state", frozenset({"new"}), timedelta(0), per_call))
    records = tuple(OpenRecord(str(hour), at(hour), at(400)) for hour in dates)
    state = StreamState(complete={"sold": (span(0, 400),)}, open_records=records)
    windows = plan_windows(declared, state, start=at(0), now=at(400))

    by_key = -(-len(dates) // per_call)
    assert len(windows) <= min(by_key, fewest(frozenset(dates), length))
    assert all(len(window.keys) <= per_call for window in windows)
    asked, keys = hours_of(windows), [key for window in windows for key in window.keys]
    assert len(keys) == len(set(keys))
    for hour in dates:
        assert any(first <= hour < last for first, last in asked) or str(hour) in keys


def test_a_span_in_doubt_is_read_again_on_its_own_clock_and_only_there() -> None:
    state = StreamState(
        complete={"sold": (span(0, 100),), "decided": (span(0, 100),)},
        first_read_at=at(0),
        doubtful={"sold": (span(10, 20),), "decided": (span(40, 44),)},
    )
    windows = plan_windows(stream(span=10 * HOUR), state, start=at(0), now=at(100))
    assert hours_of(windows) == [(10, 20)]
    assert hours_of(windows, "decided") == [(40, 44)]


def test_records_in_doubt_are_asked_for_by_key_where_the_network_takes_keys() -> None:
    declared = stream(open_records=OpenRecords("state", frozenset({"new"}), timedelta(0), keys_per_call=2))
    state = StreamState(complete={"sold": (span(0, 100),)}, doubtful_keys=("3", "1", "2"))
    windows = plan_windows(declared, state, start=at(0), now=at(100))
    assert [window.keys for window in windows] == [("1", "2"), ("3",)]


def test_doubt_is_no_business_of_a_backfill() -> None:
    declared = stream(open_records=OpenRecords("state", frozenset({"new"}), timedelta(0), keys_per_call=2))
    state = StreamState(complete={"sold": (span(0, 100),)}, doubtful={"sold": (span(0, 9),)}, doubtful_keys=("1",))
    windows = plan_windows(declared, state, start=at(0), now=at(100), requested=span(50, 60), follow_changes=False)
    assert hours_of(windows) == [(50, 60)]
    assert len(windows) == 1


def test_sixty_days_in_pieces_of_thirty_take_two_calls() -> None:
    windows = plan_windows(stream(), StreamState(), start=BASE, now=BASE + 60 * DAY)
    assert [(w.start, w.end) for w in windows] == [
        (BASE, BASE + 30 * DAY),
        (BASE + 30 * DAY, BASE + 60 * DAY),
    ]


def test_one_second_more_than_two_pieces_takes_a_third() -> None:
    windows = plan_windows(stream(), StreamState(), start=BASE, now=BASE + 60 * DAY + timedelta(seconds=1))
    assert len(windows) == 3


def test_a_gap_between_complete_windows_is_pulled_again_without_its_neighbours() -> None:
    state = StreamState(complete={"sold": (span(0, 100), span(124, 400))})
    windows = plan_windows(stream(overlap=48 * HOUR), state, start=at(0), now=at(400))
    assert hours_of(windows) == [(100, 124)]


def test_the_newest_stretch_begins_earlier_by_the_overlap_and_never_before_the_start() -> None:
    declared = stream(overlap=48 * HOUR)
    later = plan_windows(declared, StreamState(complete={"sold": (span(0, 100),)}), start=at(0), now=at(124))
    assert hours_of(later) == [(52, 124)]
    early = plan_windows(declared, StreamState(complete={"sold": (span(0, 10),)}), start=at(0), now=at(24))
    assert hours_of(early) == [(0, 24)]


def test_a_failed_window_is_unknown_to_the_state_and_so_asked_for_again() -> None:
    first = plan_windows(stream(span=10 * HOUR), StreamState(), start=at(0), now=at(30))
    complete = StreamState(complete={"sold": (span(0, 10), span(20, 30))})
    assert hours_of(first) == [(0, 10), (10, 20), (20, 30)]
    assert hours_of(plan_windows(stream(span=10 * HOUR), complete, start=at(0), now=at(30))) == [(10, 20)]


def test_without_following_changes_only_the_days_asked_for_are_read() -> None:
    declared = stream(open_records=OpenRecords("state", frozenset({"new"}), timedelta(0)))
    state = StreamState(first_read_at=at(0), open_records=(OpenRecord("1", at(3), at(4)),))
    windows = plan_windows(declared, state, start=at(0), now=at(500), requested=span(24, 72), follow_changes=False)
    assert hours_of(windows) == [(24, 72)]
    assert len(windows) == 1
    assert windows[0].reason == "days asked for"


def test_days_asked_for_are_cut_at_now_and_nothing_is_asked_of_the_future() -> None:
    half = plan_windows(stream(), StreamState(), start=at(0), now=at(36), requested=span(24, 72), follow_changes=False)
    assert hours_of(half) == [(24, 36)]
    none = plan_windows(stream(), StreamState(), start=at(0), now=at(20), requested=span(24, 72), follow_changes=False)
    assert none == []


def test_days_asked_for_are_read_again_even_though_they_are_complete() -> None:
    state = StreamState(complete={"sold": (span(0, 500),)})
    windows = plan_windows(stream(), state, start=at(0), now=at(500), requested=span(24, 48))
    assert hours_of(windows) == [(24, 48)]


def test_a_record_read_recently_rests_until_reread_after_has_passed() -> None:
    declared = stream(open_records=OpenRecords("state", frozenset({"pending"}), 7 * DAY))
    state = StreamState(
        complete={"sold": (span(0, 1000),)},
        open_records=(OpenRecord("rests", at(10), at(1000) - 6 * DAY), OpenRecord("due", at(900), at(1000) - 7 * DAY)),
    )
    assert hours_of(plan_windows(declared, state, start=at(0), now=at(1000))) == [(900, 900 + 1 / 3600)]


def test_an_open_record_that_a_new_window_covers_anyway_costs_no_extra_call() -> None:
    declared = stream(open_records=OpenRecords("state", frozenset({"new"}), timedelta(0), keys_per_call=100))
    state = StreamState(complete={"sold": (span(0, 90),)}, open_records=(OpenRecord("1", at(95), at(96)),))
    assert hours_of(plan_windows(declared, state, start=at(0), now=at(100))) == [(90, 100)]


def test_a_window_that_is_gone_on_with_counts_as_read() -> None:
    # What `stream_state` tells of a window that this run resumes: its span, as if it were complete.
    begun = StreamState(complete={"sold": (span(0, 10),)}, first_read_at=at(30))
    assert hours_of(plan_windows(stream(span=10 * HOUR), begun, start=at(0), now=at(30))) == [(10, 20), (20, 30)]


def test_the_other_clocks_are_followed_from_the_first_reading_on() -> None:
    state = StreamState(complete={"sold": (span(0, 100),)}, first_read_at=at(100))
    windows = plan_windows(stream(), state, start=at(0), now=at(124))
    assert hours_of(windows, "decided") == [(100, 124)]
    before = plan_windows(stream(), StreamState(), start=at(0), now=at(124))
    assert hours_of(before, "decided") == []


def test_a_clock_that_tells_late_is_read_from_its_overlap_before_the_first_reading_on() -> None:
    late = stream(overlap=60 * HOUR)
    state = StreamState(complete={"sold": (span(0, 100),)}, first_read_at=at(100))
    assert hours_of(plan_windows(late, state, start=at(0), now=at(124)), "decided") == [(40, 124)]
    assert hours_of(plan_windows(late, state, start=at(70), now=at(124)), "decided") == [(70, 124)]
    read = StreamState(complete={"sold": (span(0, 124),), "decided": (span(40, 124),)}, first_read_at=at(100))
    assert hours_of(plan_windows(late, read, start=at(0), now=at(125)), "decided") == [(64, 125)]


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        (datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN), 23),
        (datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN), 25),
        (datetime(2026, 10, 24, tzinfo=BERLIN), datetime(2026, 10, 27, tzinfo=BERLIN), 73),
    ],
)
def test_days_of_a_clock_change_in_berlin_are_covered_to_the_hour(first: datetime, last: datetime, hours: int) -> None:
    asked = Span(first.astimezone(UTC), last.astimezone(UTC))
    windows = plan_windows(
        stream(span=10 * HOUR), StreamState(), start=BASE, now=BASE + 365 * DAY, requested=asked, follow_changes=False
    )
    assert [w.end for w in windows[:-1]] == [w.start for w in windows[1:]]
    assert windows[0].start == asked.start
    assert windows[-1].end == asked.end
    assert sum((w.end - w.start for w in windows if w.start and w.end), timedelta(0)) == hours * HOUR


def test_a_listing_without_clocks_is_read_whole_each_night_and_left_alone_by_a_backfill() -> None:
    listing = ApiStream(
        name="publishers",
        description="A publisher.",
        key=("id",),
        schema=pa.DataFrameSchema({}),
        request=lambda account, window, cursor: Request("GET", "publishers"),
        paging=WholeWindow(),
        allowed=frozenset({"id"}),
    )
    assert [str(w) for w in plan_windows(listing, StreamState(), start=at(0), now=at(9))] == ["whole listing"]
    quiet = plan_windows(listing, StreamState(), start=at(0), now=at(9), requested=span(1, 2), follow_changes=False)
    assert quiet == []


def test_nothing_is_planned_that_the_network_no_longer_answers() -> None:
    rule = OpenRecords("state", frozenset({"new"}), timedelta(0))
    declared = replace(stream(span=100 * HOUR, open_records=rule), history=10 * HOUR)
    state = StreamState(
        complete={"sold": (span(0, 30),), "decided": (span(0, 30),)},
        first_read_at=at(5),
        open_records=(OpenRecord("old", at(19.9), at(20)), OpenRecord("young", at(21), at(22))),
        doubtful={"sold": (span(2, 4), span(18, 20.5))},
    )
    assert hours_of(plan_windows(declared, StreamState(), start=at(0), now=at(30))) == [(20, 30)]
    windows = plan_windows(declared, state, start=at(0), now=at(30))
    assert [(first, round(last, 2)) for first, last in hours_of(windows)] == [(20, 21.0)]
    asked = plan_windows(declared, state, start=at(0), now=at(30), requested=span(1, 3), follow_changes=False)
    assert hours_of(asked) == [(1, 3)]


def test_whole_days_are_asked_for_alone_once_they_have_been_over_for_long_enough() -> None:
    days = replace(stream(span=DAY), day_is_whole_after=12 * HOUR)
    asked = plan_windows(days, StreamState(), start=at(5), now=at(24 * 3 + 11))
    assert hours_of(asked) == [(0, 24), (24, 48)]
    asked = plan_windows(days, StreamState(), start=at(5), now=at(24 * 3 + 12))
    assert hours_of(asked) == [(0, 24), (24, 48), (48, 72)]


def test_whole_days_that_were_read_are_not_asked_for_again_unless_wanted() -> None:
    days = replace(stream(span=DAY), day_is_whole_after=12 * HOUR)
    state = StreamState({"sold": (span(0, 24),), "decided": (span(0, 48),)}, first_read_at=at(0))
    assert hours_of(plan_windows(days, state, start=at(0), now=at(61))) == [(24, 48)]
    wanted = plan_windows(days, state, start=at(0), now=at(61), requested=span(3, 23), follow_changes=False)
    assert hours_of(wanted) == [(0, 24)]
