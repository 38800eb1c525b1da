from __future__ import annotations

import multiprocessing
import threading
import time
from datetime import timedelta
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrate_limiter import Limiter, RateItem
from pyrate_limiter.limiter import SingleBucketFactory

from affiliate_assets.connectors.language import Priority, RateLimit, Request
from affiliate_assets.errors import BudgetSpent
from affiliate_assets.http.client import NetworkClient, RetryBounds
from affiliate_assets.http.throttle import CredentialBudget

from .support import Scripted, account, connector, serving


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


def wait_of(budget: Watch, item: RateItem) -> int:
    """Milliseconds until the call may go, with the waiter waking whenever it is told to."""
    started = budget.at
    while not budget.put(item):
        budget.at += budget.waiting(item)
        assert budget.at - started < 1_000_000
    return budget.at - started


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
    assert 1000 <= wait_of(budget, RateItem("call", 0)) <= 1030


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


def pull(url: str, folder: str, calls: int, ready: Barrier) -> None:
    limits = (limit(20, 4), limit(1000, 3600))
    asking = NetworkClient(
        connector(url, limits=limits), account("env:ACME_TOKEN"), Path(folder) / "b.sqlite", RetryBounds(attempts=1)
    )
    ready.wait(60)
    for _ in range(calls):
        asking.send(Request("GET", "A1/sales"))


def test_four_processes_use_the_limit_to_the_full_and_never_break_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted by the server, as a rolling window: no breach, and at most 1.05 × the time that the limit allows."""
    monkeypatch.setenv("ACME_TOKEN", "budget-token-0001")
    calls, per, window = 100, 20, 4.0
    ideal = (calls - 1) // per * window
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(4)
    with serving([Scripted(200)]) as server:
        workers = [spawn.Process(target=pull, args=(server.url, str(tmp_path), calls // 4, ready)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=90)
            assert worker.exitcode == 0
        arrivals = sorted(server.moments)
    assert len(arrivals) == calls
    gaps = [later - earlier for earlier, later in zip(arrivals, arrivals[per:], strict=False)]
    assert min(gaps) >= window
    assert arrivals[-1] - arrivals[0] <= 1.05 * ideal


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


def test_an_interactive_call_overtakes_the_backfill_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    rules = [limit(2, 0.4)]
    gates = {
        name: limiter(CredentialBudget(path, "c", rules, priority=priority))
        for name, priority in (("backfill", Priority.BACKFILL), ("interactive", Priority.INTERACTIVE))
    }
    order: list[str] = []
    lock = threading.Lock()

    def call(name: str) -> None:
        gates[name].try_acquire("call", blocking=True)
        with lock:
            order.append(name)

    threads = [threading.Thread(target=call, args=("backfill",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(order) < 2:
        time.sleep(0.005)
    time.sleep(0.1)
    late = threading.Thread(target=call, args=("interactive",))
    late.start()
    for thread in [*threads, late]:
        thread.join(timeout=20)
    assert len(order) == 9
    assert order.index("interactive") in (2, 3)


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


def wait_for_ever(path: str, asking: Event) -> None:
    budget = CredentialBudget(Path(path), "c", [limit(1, 1)], priority=Priority.INTERACTIVE)
    assert budget.put(RateItem("call", 0))
    assert not budget.put(RateItem("call", 0))
    asking.set()
    time.sleep(60)


def test_a_killed_waiter_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    budget = CredentialBudget(path, "c", [limit(1, 1)], priority=Priority.BACKFILL)
    spawn = multiprocessing.get_context("spawn")
    asking = spawn.Event()
    worker = spawn.Process(target=wait_for_ever, args=(str(path), asking))
    worker.start()
    assert asking.wait(30)
    worker.kill()
    worker.join(10)
    killed = time.monotonic()
    limiter(budget).try_acquire("call", blocking=True)
    assert time.monotonic() - killed < 4


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


def test_one_at_a_time_means_no_two_calls_under_way(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    under_way: list[int] = []
    most = [0]
    order: list[int] = []

    def work(priority: Priority, calls: int) -> None:
        budget = CredentialBudget(path, "c", [limit(1000, 1)], priority=priority, one_at_a_time=True)
        gate = limiter(budget)
        for _ in range(calls):
            gate.try_acquire("call", blocking=True)
            under_way.append(1)
            most[0] = max(most[0], len(under_way))
            order.append(priority)
            time.sleep(0.03)
            under_way.pop()
            budget.done()

    threads = [threading.Thread(target=work, args=(Priority.BACKFILL, 4)) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.06)
    urgent = threading.Thread(target=work, args=(Priority.INTERACTIVE, 1))
    urgent.start()
    for thread in [*threads, urgent]:
        thread.join(timeout=20)
    assert len(order) == 13
    assert most == [1]
    assert order.index(Priority.INTERACTIVE) < 9
