"""What is asked for again, after which wait, and how often."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from affiliate_assets.connectors.language import Answer, RateLimit, Request
from affiliate_assets.errors import BrokenAnswer, RateLimited, RetryableError
from affiliate_assets.http.answers import problem_of
from affiliate_assets.http.client import RetryBounds

from .support import QUICK, WHOLE, Scripted, client, connector, serving, socket_serving

pytestmark = pytest.mark.usefixtures("token")
ASK = Request("GET", "A1/sales")


def retry_after(value: str) -> tuple[tuple[str, str], ...]:
    return (("Retry-After", value),)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again_and_counted(tmp_path: Path, status: int) -> None:
    with serving([Scripted(status), Scripted(status), Scripted(200, b"[]")]) as server:
        asking = client(server.url, tmp_path)
        assert asking.send(ASK).answer.status == 200
    assert (len(server.paths), asking.effort.requests, asking.effort.retries) == (3, 3, 2)


def test_attempts_are_bounded_and_the_last_failure_is_told(tmp_path: Path) -> None:
    down = Scripted(503, b"<html>Down for maintenance</html>")
    with serving([down]) as server, pytest.raises(RetryableError, match="Down for maintenance") as caught:
        client(server.url, tmp_path).send(ASK)
    assert len(server.paths) == QUICK.attempts
    assert "network acme, account A1" in str(caught.value)


def test_too_many_calls_without_a_hint_are_tried_again(tmp_path: Path) -> None:
    with serving([Scripted(429), Scripted(200)]) as server:
        asking = client(server.url, tmp_path)
        assert asking.send(ASK).answer.status == 200
    assert asking.effort.retries == 1


def test_retry_after_in_seconds_is_waited_for(tmp_path: Path) -> None:
    started = time.monotonic()
    with serving([Scripted(429, headers=retry_after("1")), Scripted(200)]) as server:
        asking = client(server.url, tmp_path)
        asking.send(ASK)
    assert time.monotonic() - started >= 1
    assert len(server.paths) == 2


def test_retry_after_longer_than_the_bounds_ends_this_call_and_the_next_at_once(tmp_path: Path) -> None:
    bounds = RetryBounds(attempts=5, seconds=2, first_wait=0.01, longest_wait=0.02)
    with serving([Scripted(429, headers=retry_after("3600")), Scripted(200)]) as server:
        asking = client(server.url, tmp_path, bounds)
        with pytest.raises(RateLimited) as first:
            asking.send(ASK)
        with pytest.raises(RateLimited, match=r"lasts 3[56]") as second:
            asking.send(ASK)
    assert first.value.retry_after == 3600
    assert "run again when it is over" in str(second.value)
    assert len(server.paths) == asking.effort.requests == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("Mon, 02 Mar 2026 03:00:30 GMT", 30.0), ("Mon, 02 Mar 2026 02:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_read_in_both_forms_against_the_networks_clock(value: str, seconds: float | None) -> None:
    answer = Answer(429, {"retry-after": value}, b"", datetime(2026, 3, 2, 3, tzinfo=UTC))
    problem = problem_of(answer, connector())
    assert isinstance(problem, RateLimited)
    assert problem.retry_after == seconds


def test_a_network_whose_clock_is_ten_minutes_fast_is_waited_for_as_it_means(tmp_path: Path) -> None:
    theirs = datetime.now(UTC) + timedelta(minutes=10)
    hint = (("X-RateLimit-Reset", str(int(theirs.timestamp()) + 1)), ("Date", format_datetime(theirs, usegmt=True)))
    bare = b"".join(f"{name}: {value}\r\n".encode() for name, value in hint)

    def talk(connection: socket.socket, number: int) -> None:
        limited = b"HTTP/1.1 429 No\r\nContent-Length: 0\r\nConnection: close\r\n" + bare + b"\r\n"
        connection.sendall(WHOLE if number else limited)

    started = time.monotonic()
    with socket_serving(talk) as url:
        assert client(url, tmp_path).send(ASK).answer.status == 200
    # Not at once, and not the ten minutes more.
    assert 0.9 <= time.monotonic() - started < 300


def test_a_refused_connection_is_retryable_and_bounded(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    asking = client(f"http://127.0.0.1:{port}", tmp_path)
    with pytest.raises(RetryableError, match="No whole answer") as caught:
        asking.send(ASK)
    assert asking.effort.requests == QUICK.attempts
    assert "check base_url" in str(caught.value)


def test_a_body_broken_three_times_is_asked_for_no_more(tmp_path: Path) -> None:
    def read(answer: Answer) -> None:
        raise BrokenAnswer("This is no JSON.", next_step="wait.")

    bounds = RetryBounds(attempts=9, seconds=10, first_wait=0.01, longest_wait=0.02)
    with serving([Scripted(200, b"<html>")]) as server, pytest.raises(BrokenAnswer, match="no JSON"):
        client(server.url, tmp_path, bounds).send(ASK, read)
    assert len(server.paths) == 3


def test_a_reader_that_breaks_once_gets_another_answer(tmp_path: Path) -> None:
    def read(answer: Answer) -> int:
        try:
            return len(json.loads(answer.body))
        except ValueError:
            raise BrokenAnswer("This is no JSON.", next_step="wait.") from None

    with serving([Scripted(200, b"[1, 2"), Scripted(200, b"[1, 2]")]) as server:
        assert client(server.url, tmp_path).send(ASK, read).value == 2


def test_waits_are_drawn_from_nothing_up_to_a_bound_that_doubles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[list[float]] = [[] for _ in range(5)]
    bounds = RetryBounds(attempts=6, seconds=1e9, first_wait=1, longest_wait=6)
    with serving([Scripted(500)]) as server:
        for _ in range(40):
            slept: list[float] = []
            monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
            with pytest.raises(RetryableError):
                client(server.url, tmp_path, bounds).send(ASK)
            for wait, drawn in zip(slept, waits, strict=True):
                drawn.append(wait)
    for bound, drawn in zip((1, 2, 4, 6, 6), waits, strict=True):
        assert 0 <= min(drawn) < bound / 4
        assert bound * 3 / 4 < max(drawn) <= bound


def test_the_time_in_all_is_bounded_but_the_budget_is_not_held_against_it(tmp_path: Path) -> None:
    bounds = RetryBounds(attempts=50, seconds=0.6, first_wait=0.2, longest_wait=0.2)
    with serving([Scripted(500)]) as server, pytest.raises(RetryableError):
        client(server.url, tmp_path, bounds).send(ASK)
    assert 2 <= len(server.paths) < 50
    patient = RetryBounds(attempts=4, seconds=0.6, first_wait=0.001, longest_wait=0.001)
    limits = (RateLimit(1, timedelta(seconds=0.4)),)
    with serving([Scripted(500), Scripted(500), Scripted(500), Scripted(200)]) as server:
        asking = client(server.url, tmp_path / "other", patient, limits=limits)
        assert asking.send(ASK).answer.status == 200
    assert asking.waited_seconds > 0.6


@pytest.mark.parametrize(
    ("windows", "base"),
    [((60,), 7.5), ((2, 60, 86_400), 7.5), ((86_400, 3_600), 60.0), ((2,), 1.0)],
)
def test_a_limit_used_up_by_others_is_waited_out_by_the_longest_window_that_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: tuple[int, ...], base: float
) -> None:
    bounds = RetryBounds(attempts=2, seconds=1e9, first_wait=1, longest_wait=60)
    limits = tuple(RateLimit(1000, timedelta(seconds=seconds)) for seconds in windows)
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    with serving([Scripted(429)]) as server:
        for number in range(60):
            with pytest.raises(RateLimited):
                client(server.url, tmp_path / str(number), bounds, limits=limits).send(ASK)
    assert base * 3 / 4 < max(slept) <= base
