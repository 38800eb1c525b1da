from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affiliate_assets import secrets
from affiliate_assets.errors import RetryableError
from affiliate_assets.http.circuit import CircuitBreaker


class Watch:
    """Unix seconds that stand until a test moves them."""

    def __init__(self) -> None:
        self.at = 1_772_420_000.0

    def __call__(self) -> float:
        return self.at

    def later(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(self.at + seconds, UTC)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def breaker(folder: Path, watch: Watch, account: str = "A1", **changes: float) -> CircuitBreaker:
    return CircuitBreaker(folder / "c.sqlite", "acme", account, now=watch, **changes)  # type: ignore[arg-type]


def test_the_last_failure_in_a_row_opens_and_a_success_forgets_those_before(tmp_path: Path, watch: Watch) -> None:
    circuits = breaker(tmp_path, watch)
    for _ in range(2):
        circuits.failed("sales", "503")
    circuits.succeeded("sales")
    for _ in range(2):
        circuits.failed("sales", "503")
    assert circuits.open_until("sales") is None
    circuits.failed("sales", "504 this time")
    assert circuits.open_until("sales") == watch.later(300)
    (state,) = circuits.states()
    assert (state.state, state.failures, state.reason) == ("open", 3, "504 this time")
    assert (state.opened_at, state.retry_at) == (watch.later(0), watch.later(300))


def test_operations_and_accounts_have_circuits_of_their_own(tmp_path: Path, watch: Watch) -> None:
    circuits, other = breaker(tmp_path, watch, failures=1), breaker(tmp_path, watch, "B1", failures=1)
    circuits.failed("sales", "down")
    assert circuits.open_until("sales") is not None
    assert circuits.open_until("publishers") is None
    assert other.open_until("sales") is None
    assert other.states() == []


def test_after_the_time_exactly_one_of_many_makes_the_trial(tmp_path: Path, watch: Watch) -> None:
    breaker(tmp_path, watch, failures=1).failed("sales", "down")
    watch.at += 300
    told: list[datetime | None] = []
    start = threading.Barrier(6)

    def ask() -> None:
        own = breaker(tmp_path, watch)
        start.wait(10)
        told.append(own.open_until("sales"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert told.count(None) == 1
    assert told.count(watch.later(300)) == 5
    assert breaker(tmp_path, watch).states()[0].state == "half_open"


def test_a_good_trial_closes_for_everybody(tmp_path: Path, watch: Watch) -> None:
    one, other = breaker(tmp_path, watch, failures=1), breaker(tmp_path, watch, failures=1)
    one.failed("sales", "down")
    watch.at += 300
    assert other.open_until("sales") is None
    other.succeeded("sales")
    assert one.open_until("sales") is None
    (state,) = one.states()
    assert (state.state, state.failures, state.opened_at, state.retry_at) == ("closed", 0, None, None)


def test_each_failed_trial_doubles_the_time_up_to_sixteen_times(tmp_path: Path, watch: Watch) -> None:
    circuits = breaker(tmp_path, watch, failures=1, seconds=10)
    opened = watch.later(0)
    circuits.failed("sales", "down")
    for wait in (10, 20, 40, 80, 160, 160, 160):
        assert circuits.open_until("sales") == watch.later(wait)
        watch.at += wait
        assert circuits.open_until("sales") is None
        circuits.failed("sales", "still down")
    assert circuits.states()[0].opened_at == opened
    watch.at += 160
    assert circuits.open_until("sales") is None
    circuits.succeeded("sales")
    circuits.failed("sales", "down again")
    assert circuits.open_until("sales") == watch.later(10)


def test_a_trial_that_died_is_made_again_by_another(tmp_path: Path, watch: Watch) -> None:
    circuits = breaker(tmp_path, watch, failures=1, seconds=10)
    circuits.failed("sales", "down")
    watch.at += 10
    assert circuits.open_until("sales") is None
    assert circuits.open_until("sales") == watch.later(10)
    watch.at += 10
    assert circuits.open_until("sales") is None


def test_a_trial_that_is_given_back_may_be_made_at_once_and_costs_no_longer_wait(tmp_path: Path, watch: Watch) -> None:
    circuits, other = (breaker(tmp_path, watch, failures=1, seconds=10) for _ in range(2))
    circuits.failed("sales", "down")
    watch.at += 10
    assert circuits.open_until("sales") is None
    circuits.released("sales")
    (state,) = circuits.states()
    assert (state.state, state.failures, state.reason) == ("open", 1, "down")
    assert other.open_until("sales") is None
    assert circuits.open_until("sales") == watch.later(10)
    other.failed("sales", "still down")
    assert circuits.open_until("sales") == watch.later(20)


def test_nothing_is_given_back_where_no_trial_is_under_way(tmp_path: Path, watch: Watch) -> None:
    circuits = breaker(tmp_path, watch, failures=1)
    circuits.released("sales")
    assert circuits.states() == []
    circuits.failed("sales", "down")
    circuits.released("sales")
    assert circuits.open_until("sales") == watch.later(300)
    circuits.succeeded("sales")
    circuits.released("sales")
    assert circuits.states()[0].state == "closed"


def test_failures_of_calls_that_were_under_way_do_not_prolong_it(tmp_path: Path, watch: Watch) -> None:
    circuits = breaker(tmp_path, watch, failures=1, seconds=10)
    circuits.failed("sales", "down")
    until = circuits.open_until("sales")
    watch.at += 5
    circuits.failed("sales", "down")
    assert circuits.open_until("sales") == until
    assert circuits.states()[0].failures == 2


def test_reasons_are_kept_without_secrets(tmp_path: Path, watch: Watch) -> None:
    secrets.register("circuit-secret-77")
    circuits = breaker(tmp_path, watch)
    circuits.failed("sales", "refused circuit-secret-77")
    assert circuits.states()[0].reason == "refused [redacted]"
    assert b"circuit-secret-77" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_disk_that_refuses_is_said_as_such(tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "c.sqlite").mkdir()
    with pytest.raises(RetryableError, match=r"c\.sqlite cannot be read or written") as caught:
        breaker(tmp_path, watch)
    assert caught.value.cause == "disk"


def test_it_stays_open_over_a_restart(tmp_path: Path, watch: Watch) -> None:
    breaker(tmp_path, watch, failures=1).failed("sales", "down")
    assert breaker(tmp_path, watch).open_until("sales") == watch.later(0) + timedelta(seconds=300)
