from __future__ import annotations

import multiprocessing
import threading
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrate_limiter import Limiter, RateItem
from pyrate_limiter.limiter import SingleBucketFactory

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.http.throttle import CredentialBudget


class Watch(CredentialBudget):
    """A budget whose clock stands until a test moves it."""

    at = 1_000_000

    def now(self) -> int:
        return self.at


# Moments are noted after the call was let through: on a busy machine a little later, so windows are counted
# this much shorter. A budget that does not hold lets everything through at once.
BUSY = 0.8


def limit(calls: int, seconds: float) -> RateLimit:
    return RateLimit(calls, timedelta(seconds=seconds))


def limiter(budget: CredentialBudget) -> Limiter:
    return Limiter(SingleBucketFactory(budget, schedule_leak=False), buffer_ms=0)


def most_within(moments: list[float], span: float) -> int:
    return max(sum(first <= moment < first + span for moment in moments) for first in moments)


def send_all(path: str, calls: int, sent: multiprocessing.Queue[float]) -> None:
    gate = limiter(CredentialBudget(Path(path), "acme:token", [limit(5, 1)]))
    for _ in range(calls):
        gate.try_acquire("call", blocking=True)
        sent.put(time.time())


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
    waiter = RateItem("call", 0)
    assert not budget.put(waiter)
    wait = budget.waiting(waiter)
    assert 1000 <= wait <= 1200
    budget.at += wait
    assert budget.put(waiter)


def test_several_limits_hold_at_once(tmp_path: Path) -> None:
    gate = limiter(CredentialBudget(tmp_path / "b.sqlite", "c", [limit(2, 0.2), limit(5, 1.5)]))
    sent = []
    for _ in range(7):
        gate.try_acquire("call", blocking=True)
        sent.append(time.time())
    assert most_within(sent, 0.2 * BUSY) <= 2
    assert most_within(sent, 1.5 * BUSY) <= 5
    assert sent[-1] - sent[0] < 4


def test_threads_that_share_a_budget_keep_it_together(tmp_path: Path) -> None:
    gate = limiter(CredentialBudget(tmp_path / "b.sqlite", "c", [limit(4, 0.5)]))
    sent: list[float] = []

    def work() -> None:
        for _ in range(3):
            gate.try_acquire("call", blocking=True)
            sent.append(time.time())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 12
    assert most_within(sorted(sent), 0.5 * BUSY) <= 4


def test_two_processes_share_one_budget(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    sent: multiprocessing.Queue[float] = spawn.Queue()
    workers = [spawn.Process(target=send_all, args=(str(tmp_path / "b.sqlite"), 6, sent)) for _ in range(2)]
    for worker in workers:
        worker.start()
    moments = sorted(sent.get(timeout=30) for _ in range(12))
    for worker in workers:
        worker.join(timeout=10)
        assert worker.exitcode == 0
    assert most_within(moments, BUSY) <= 5
    assert moments[-1] - moments[0] < 8


def test_a_restart_forgets_no_call(tmp_path: Path) -> None:
    rules = [limit(2, 60)]
    before = CredentialBudget(tmp_path / "b.sqlite", "c", rules)
    assert [before.put(RateItem("call", 0)) for _ in range(2)] == [True, True]
    del before
    after = CredentialBudget(tmp_path / "b.sqlite", "c", rules)
    waiter = RateItem("call", 0)
    assert not after.put(waiter)
    assert after.waiting(waiter) > 55_000


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
    budget.at += budget.waiting(waiter)
    assert not budget.put(waiter)
    assert budget.waiting(waiter) + budget.at >= 1_000_000 + 10_000
    newcomer = RateItem("call", 0)
    assert not budget.put(newcomer)
    due = sorted(budget.at + budget.waiting(item) for item in (waiter, newcomer))
    assert due[0] >= 1_010_000
    assert all(later - earlier >= 1000 for earlier, later in pairwise(due))


def test_a_shorter_pause_does_not_end_a_longer_one(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(5, 1)])
    budget.pause(10)
    budget.pause(1)
    waiter = RateItem("call", 0)
    assert not budget.put(waiter)
    assert budget.waiting(waiter) == 10_000


def test_the_log_of_calls_keeps_what_the_longest_window_needs(tmp_path: Path) -> None:
    budget = Watch(tmp_path / "b.sqlite", "c", [limit(100, 60), limit(10, 1)])
    assert budget.put(RateItem("call", 0))
    budget.at += 30_000
    budget.leak()
    assert budget.count() == 1
    budget.at += 600_000
    budget.leak()
    assert budget.count() == 0
