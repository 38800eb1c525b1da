"""What a plan costs: against every other choice on small instances, and in time at the published limits."""

from __future__ import annotations

import itertools
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate_assets.connectors.language import OpenRecords, RateLimit
from affiliate_assets.connectors.planning import OpenRecord, StreamState, plan_windows, seconds_at_limit
from affiliate_assets.landing.forecast import duration

from .test_planning import HOUR, at, fewest, hours_of, span, stream

some_spans = st.lists(
    st.tuples(st.integers(0, 24), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=4
)


@given(
    read=some_spans,
    doubtful=some_spans,
    due=st.lists(st.tuples(st.integers(0, 25), st.booleans()), max_size=5, unique_by=lambda record: record[0]),
    others=st.integers(0, 3),
    now=st.integers(12, 26),
    length=st.integers(2, 9),
    per_call=st.integers(0, 4),
)
def test_all_that_is_missing_open_or_in_doubt_takes_the_fewest_calls_that_any_choice_of_dates_and_keys_allows(
    read: list[tuple[int, int]],
    doubtful: list[tuple[int, int]],
    due: list[tuple[int, bool]],
    others: int,
    now: int,
    length: int,
    per_call: int,
) -> None:
    """`due` are open records by their hour, some of them in doubt; `others` are in doubt and of unknown date."""
    declared = stream(span=length * HOUR, open_records=OpenRecords("state", frozenset({"new"}), timedelta(0), per_call))
    records = [(hour, in_doubt) for hour, in_doubt in due if hour < now]
    in_question = [str(hour) for hour, in_doubt in records if in_doubt] + [f"other {n}" for n in range(others)]
    state = StreamState(
        complete={"sold": tuple(span(*pair) for pair in read)},
        open_records=tuple(OpenRecord(str(hour), at(hour), at(0)) for hour, _ in records),
        doubtful={"sold": tuple(span(first, min(last, now)) for first, last in doubtful if first < now)},
        doubtful_keys=tuple(in_question) if per_call else (),
    )
    windows = plan_windows(declared, state, start=at(0), now=at(now))

    known = {cell for first, last in read for cell in range(first, last)}
    wanted = {cell for cell in range(now) if cell not in known}
    wanted |= {cell for first, last in doubtful for cell in range(first, min(last, now))}
    asked = hours_of(windows)
    cells = {cell for first, last in asked for cell in range(int(first), math.ceil(last))}
    keys = {key for window in windows for key in window.keys}
    assert wanted <= cells
    assert all(hour in cells or str(hour) in keys for hour, _ in records)
    assert all(f"other {n}" in keys for n in range(others) if per_call)
    assert all(len(window.keys) <= max(per_call, 0) for window in windows)
    assert len(windows) <= 1.1 * cheapest(wanted, [hour for hour, _ in records], others, length, per_call)


def cheapest(wanted: set[int], due: list[int], others: int, length: int, per_call: int) -> int:
    """Fewest calls over every choice of which due records are read by key and which by date."""
    if not per_call:
        return fewest(frozenset(wanted | set(due)), length)
    return min(
        fewest(frozenset(wanted | set(by_date)), length) + math.ceil((len(due) - len(by_date) + others) / per_call)
        for size in range(len(due) + 1)
        for by_date in itertools.combinations(due, size)
    )


def test_open_records_are_split_between_dates_and_keys_where_that_takes_fewer_calls() -> None:
    declared = stream(span=10 * HOUR, open_records=OpenRecords("state", frozenset({"new"}), timedelta(0), 2))
    # Six beside what is asked for anyway, and two far from it.
    hours = [91, 92, 93, 94, 95, 96, 10, 50]
    state = StreamState(
        complete={"sold": (span(0, 99),)}, open_records=tuple(OpenRecord(str(h), at(h), at(99)) for h in hours)
    )
    assert len(plan_windows(declared, state, start=at(0), now=at(100))) == 2


def test_a_record_in_doubt_whose_date_is_read_anyway_costs_no_call_of_its_own() -> None:
    declared = stream(open_records=OpenRecords("state", frozenset({"new"}), timedelta(0), keys_per_call=100))
    state = StreamState(
        complete={"sold": (span(0, 90),)}, open_records=(OpenRecord("1", at(95), at(96)),), doubtful_keys=("1",)
    )
    assert len(plan_windows(declared, state, start=at(0), now=at(100))) == 1


@pytest.mark.parametrize(
    ("calls", "limits", "seconds"),
    [
        (0, ((20, 60),), 0),
        (20, ((20, 60),), 0),
        (21, ((20, 60),), 60),
        (61, ((20, 60),), 180),
        (25, ((20, 60), (1000, 86400)), 60),
        (1001, ((20, 60), (1000, 86400)), 86400),
        (13, ((5, 1), (7, 3)), 4),
    ],
)
def test_the_time_at_the_limit_is_that_of_calls_sent_as_early_as_the_limit_lets_them(
    calls: int, limits: tuple[tuple[int, int], ...], seconds: float
) -> None:
    declared = [RateLimit(count, timedelta(seconds=per)) for count, per in limits]
    assert seconds_at_limit(calls, declared) == seconds


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59, "59 s"),
        (59.5, "1 min"),
        (60, "1 min"),
        (180, "3 min"),
        (181, "4 min"),
        (3600, "1 h"),
        (4800, "1 h 20 min"),
        (86400, "24 h"),
    ],
)
def test_a_time_is_told_as_a_person_says_it_and_never_too_short(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@given(
    calls=st.integers(0, 60),
    limits=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 20)), min_size=1, max_size=3),
)
def test_no_order_of_calls_is_faster_than_the_time_at_the_limit(calls: int, limits: list[tuple[int, int]]) -> None:
    sent: list[int] = []
    for number in range(calls):
        earliest = [sent[number - count] + per for count, per in limits if number >= count]
        sent.append(max([*earliest, sent[-1] if sent else 0]))
    declared = [RateLimit(count, timedelta(seconds=per)) for count, per in limits]
    assert seconds_at_limit(calls, declared) == (sent[-1] if sent else 0)
