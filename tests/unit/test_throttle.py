"""The budget of a credential by a clock that only the test moves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrate_limiter import RateItem

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.errors import BudgetSpent
from affiliate_assets.http.throttle import CredentialBudget


class Watch(CredentialBudget):
    """A budget whose clock stands until a test moves it."""

    at = 1_000_000

    def now(self) -> int:
        return self.at


def limit(calls: int, seconds: float) -> RateLimit:
    return RateLimit(calls, timedelta(seconds=seconds))


def wait_of(budget: Watch, item: RateItem) -> int:
    """Milliseconds until the call may go, with the waiter waking whenever it is told to."""
    started = budget.at
    while not budget.put(item):
        budget.at += budget.waiting(item)
        assert budget.at - started < 1_000_000
    return budget.at - started


def most_within(moments: list[float], span: float) -> int:
    return max(sum(first <= moment < first + span for moment in moments) for first in moments)


@given(
    steps=st.lists(st.tuples(st.integers(0, 900), st.booleans()), min_size=4, max_size=20),
    first=st.tuples(st.integers(1, 3), st.integers(200, 300)),
    second=st.tuples(st.integers(4, 6), st.integers(1900, 2500)),
)
@hypothesis.settings(max_examples=25)
def test_no_rolling_window_of_any_limit_is_broken_however_late_a_waiter_wakes(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, bool]],
    first: tuple[int, int],
    second: tuple[int, int],
) -> None:
    """New calls ask and waiting ones wake, or oversleep, at arbitrary times; what goes out obeys both limits."""
    rules = (first, second)
    path = tmp_path_factory.mktemp("budget") / "b.sqlite"
    budget = Watch(path, "c", [limit(calls, ms / 1000) for calls, ms in rules])
    waiting: list[RateItem] = []
    let_through: list[float] = []
    for step, waiters_wake in steps:
        budget.at += step
        due = [item for item in waiting if waiters_wake and budget.waiting(item) == 0]
        asleep = [item for item in waiting if not any(item is other for other in due)]
        waiting = asleep
        for item in [*due, RateItem("call", budget.at)]:
            if budget.put(item):
                let_through.append(budget.at)
            else:
                waiting.append(item)
    for calls, ms in rules:
        assert most_within(let_through, ms) <= calls


def test_waiting_calls_go_out_as_soon_as_the_window_allows(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(2, 1)])
    assert [budget.put(RateItem("call", 0)) for _ in range(2)] == [True, True]
    assert 1000 <= wait_of(budget, RateItem("call", 0)) <= 1030


def test_a_restart_forgets_no_call(tmp_path: Path) -> None:
    rules = [limit(2, 60)]
    before = CredentialBudget(tmp_path / "b.sqlite", "c", rules)
    assert [before.put(RateItem("call", 0)) for _ in range(2)] == [True, True]
    del before
    after = CredentialBudget(tmp_path / "b.sqlite", "c", rules, patience=30)
    with pytest.raises(BudgetSpent) as caught:
        after.put(RateItem("call", 0))
    assert caught.value.retry_after is not None
    assert 55 < caught.value.retry_after <= 60.2


def test_two_credentials_have_budgets_of_their_own(tmp_path: Path) -> None:
    rules = [limit(1, 60)]
    one, other = (CredentialBudget(tmp_path / "b.sqlite", name, rules) for name in ("one", "other"))
    assert one.put(RateItem("call", 0))
    assert other.put(RateItem("call", 0))
    assert not one.put(RateItem("call", 0))
    one.pause(30)
    other.flush()
    assert other.put(RateItem("call", 0))


def test_a_pause_holds_new_calls_and_those_already_waiting(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(1, 1)])
    assert budget.put(RateItem("call", 0))
    waiter = RateItem("call", 0)
    assert not budget.put(waiter)
    budget.pause(10)
    newcomer = RateItem("call", 0)
    assert not budget.put(newcomer)
    assert wait_of(budget, waiter) == 10_000
    assert wait_of(budget, newcomer) >= 1000


def test_a_shorter_pause_does_not_end_a_longer_one(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(5, 1)])
    budget.pause(10)
    budget.pause(1)
    assert wait_of(budget, RateItem("call", 0)) == 10_000


def test_the_log_of_calls_keeps_what_the_longest_window_needs(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(100, 60), limit(10, 1)])
    assert budget.put(RateItem("call", 0))
    budget.at += 30_000
    budget.leak()
    assert budget.count() == 1
    budget.at += 600_000
    budget.leak()
    assert budget.count() == 0


def test_among_equals_the_first_to_come_goes_first(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(1, 1)])
    assert budget.put(RateItem("call", 0))
    first, second = RateItem("call", 0), RateItem("call", 0)
    assert not budget.put(first)
    budget.at += 1
    assert not budget.put(second)
    for _ in range(3):
        budget.at += 500
        for item in (second, first):
            if budget.put(item):
                assert item is first
                assert not budget.put(second)
                return
    pytest.fail("nobody went")


def test_a_spent_day_ends_at_once_and_says_when_it_goes_on(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(10, 1), limit(3, 86_400)], patience=300)
    budget.at = 1_772_420_000_000
    for _ in range(3):
        assert budget.put(RateItem("call", 0))
    assert budget.headroom() == 0
    with pytest.raises(BudgetSpent, match="2026-03-03 02:53:20 UTC") as caught:
        budget.put(RateItem("call", 0))
    assert caught.value.retry_after == pytest.approx(86_400, abs=1)
    budget.at += 86_000_000
    with pytest.raises(BudgetSpent):
        budget.put(RateItem("call", 0))
    budget.at += 110_000
    assert wait_of(budget, RateItem("call", 0)) <= 290_200


def test_a_call_given_up_leaves_no_ticket_behind(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(1, 1)], patience=5)
    assert budget.put(RateItem("call", 0))
    waiter = RateItem("call", 0)
    assert not budget.put(waiter)
    budget.pause(60)
    with pytest.raises(BudgetSpent, match="asked for a pause"):
        budget.put(waiter)
    budget.at += 60_000
    assert budget.put(RateItem("call", 0))


def test_headroom_is_of_the_tightest_window(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(3, 1), limit(5, 60)])
    assert budget.headroom() == 3
    for _ in range(3):
        assert budget.put(RateItem("call", 0))
    assert budget.headroom() == 0
    budget.at += 1_100
    assert budget.headroom() == 2


@pytest.mark.parametrize(
    ("answered_ms", "connected_ms", "wait"),
    [(100, 0, 60_150), (600, 0, 60_600), (50_000, 0, 60_750), (400, 300, 60_450), (50_000, 300, 61_050)],
)
def test_a_call_that_arrived_late_counts_later_but_not_without_bounds(
    tmp_path: Path, answered_ms: int, connected_ms: int, wait: int
) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(1, 60)])
    assert budget.put(RateItem("call", 0))
    assert budget.done(answered_ms, connected_ms) == 0
    assert wait_of(budget, RateItem("call", 0)) == wait
