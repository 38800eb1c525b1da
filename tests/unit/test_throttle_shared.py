"""Threads and processes that wait for one budget together, in real time."""

from __future__ import annotations

import multiprocessing
import threading
import time
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest
from pyrate_limiter import Limiter, RateItem
from pyrate_limiter.limiter import SingleBucketFactory

from affiliate_assets.connectors.language import Priority, Request
from affiliate_assets.http.client import NetworkClient, RetryBounds
from affiliate_assets.http.throttle import CredentialBudget

from .support import Scripted, account, connector, serving
from .test_throttle import limit, most_within

# Moments are noted after the call was let through: on a busy machine a little later, so windows are counted
# this much shorter. A budget that does not hold lets everything through at once.
BUSY = 0.8


def limiter(budget: CredentialBudget) -> Limiter:
    return Limiter(SingleBucketFactory(budget, schedule_leak=False), buffer_ms=0)


def send_all(path: str, calls: int, sent: multiprocessing.Queue[float]) -> None:
    gate = limiter(CredentialBudget(Path(path), "acme:token", [limit(5, 1)]))
    for _ in range(calls):
        gate.try_acquire("call", blocking=True)
        sent.put(time.time())


def test_several_limits_hold_at_once(tmp_path: Path) -> None:
    gate = limiter(CredentialBudget(tmp_path / "b.sqlite", "c", [limit(2, 0.2), limit(5, 1.5)]))
    sent = []
    for _ in range(7):
        gate.try_acquire("call", blocking=True)
        sent.append(time.time())
    assert most_within(sent, 0.2 * BUSY) <= 2
    assert most_within(sent, 1.5 * BUSY) <= 5


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
    moments = sorted(sent.get(timeout=60) for _ in range(12))
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    assert most_within(moments, BUSY) <= 5


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
    took: list[float] = []
    # Other work of the machine only adds to the time, so the best of three rounds counts. A breach counts in each.
    while len(took) < 3 and min(took, default=2 * ideal) > 1.05 * ideal:
        arrivals = arrivals_of_four(tmp_path / str(len(took)), calls)
        gaps = [later - earlier for earlier, later in zip(arrivals, arrivals[per:], strict=False)]
        assert min(gaps) >= window
        took.append(arrivals[-1] - arrivals[0])
    assert min(took) <= 1.05 * ideal


def arrivals_of_four(folder: Path, calls: int) -> list[float]:
    """When the calls of four processes that begin together reach the server, in seconds."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(4)
    with serving([Scripted(200)]) as server:
        workers = [spawn.Process(target=pull, args=(server.url, str(folder), calls // 4, ready)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=90)
            assert worker.exitcode == 0
    assert len(server.moments) == calls
    return sorted(server.moments)


def test_an_interactive_call_overtakes_the_backfill_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    rules = [limit(2, 0.8)]
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
    late = threading.Thread(target=call, args=("interactive",))
    late.start()
    for thread in [*threads, late]:
        thread.join(timeout=60)
    assert len(order) == 9
    # Of the six that waited before it, at most the ones of a window may have gone while it came.
    assert order.index("interactive") in (2, 3, 4)


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
    # It would have slept for a minute.
    assert time.monotonic() - killed < 50


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
    while not order:
        time.sleep(0.005)
    urgent = threading.Thread(target=work, args=(Priority.INTERACTIVE, 1))
    urgent.start()
    for thread in [*threads, urgent]:
        thread.join(timeout=60)
    assert len(order) == 13
    assert most == [1]
    assert order.index(Priority.INTERACTIVE) < 9
