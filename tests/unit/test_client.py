from __future__ import annotations

import gzip
import json
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import urllib3

from affiliate_assets.connectors.language import Answer, RateLimit, Request
from affiliate_assets.errors import (
    BrokenAnswer,
    ConfigError,
    ContractError,
    NetworkStopped,
    RateLimited,
    RetryableError,
)
from affiliate_assets.http.answers import problem_of
from affiliate_assets.http.client import NetworkClient, RetryBounds
from affiliate_assets.networks.cj.connector import CONNECTOR as CJ

from .support import QUICK, Scripted, account, client, connector, serving

TOKEN = "acme-secret-4711-token"
ASK = Request("GET", "A1/sales")
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)


def retry_after(value: str) -> tuple[tuple[str, str], ...]:
    return (("Retry-After", value),)


def test_an_answer_carries_body_status_headers_and_the_networks_own_clock(tmp_path: Path) -> None:
    answers = [Scripted(200, b'[{"id":1}]', (("X-Page", "1"),))]
    with serving(answers) as server:
        answer = client(server.url, tmp_path).send(ASK).answer
    assert (answer.status, answer.body, answer.headers["x-page"]) == (200, b'[{"id":1}]', "1")
    assert answer.served_at is not None
    assert abs(answer.served_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert server.tokens == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_stops_the_account_after_one_call(tmp_path: Path, status: int) -> None:
    with serving([Scripted(status, b'{"error":"unauthorized"}')]) as server:
        asking = client(server.url, tmp_path)
        with pytest.raises(NetworkStopped) as caught:
            asking.send(ASK)
    assert len(server.paths) == 1
    assert (asking.effort.requests, asking.effort.retries) == (1, 0)
    text = str(caught.value)
    for part in ("network acme", "account A1", str(status), "unauthorized", "Next: check the account's token"):
        assert part in text


def test_a_refused_question_stops_the_account_after_one_call(tmp_path: Path) -> None:
    body = (DATA / "awin/error_404.json").read_bytes()
    with serving([Scripted(400, body)]) as server, pytest.raises(NetworkStopped, match="answered 400"):
        client(server.url, tmp_path).send(ASK)
    assert len(server.paths) == 1


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
    started = time.monotonic()
    bounds = RetryBounds(attempts=5, seconds=2, first_wait=0.01, longest_wait=0.02)
    with serving([Scripted(429, headers=retry_after("3600")), Scripted(200)]) as server:
        asking = client(server.url, tmp_path, bounds)
        with pytest.raises(RateLimited) as first:
            asking.send(ASK)
        with pytest.raises(RateLimited, match=r"lasts 3[56]") as second:
            asking.send(ASK)
    assert time.monotonic() - started < 10
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


def test_a_refused_connection_is_retryable_and_bounded(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    asking = client(f"http://127.0.0.1:{port}", tmp_path)
    with pytest.raises(RetryableError, match="No whole answer") as caught:
        asking.send(ASK)
    assert asking.effort.requests == QUICK.attempts
    assert "check base_url" in str(caught.value)


def test_an_answer_cut_short_is_tried_again(tmp_path: Path) -> None:
    cut = Scripted(200, b"[]", (("Content-Length", "400"), ("Connection", "close")))
    with serving([cut, Scripted(200, b"[1]")]) as server:
        assert client(server.url, tmp_path).send(ASK).answer.body == b"[1]"


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    with serving([Scripted(200, b"[]")]) as elsewhere:
        moved = Scripted(302, headers=(("Location", f"{elsewhere.url}/steal"),))
        with serving([moved]) as server, pytest.raises(NetworkStopped, match="302"):
            client(server.url, tmp_path).send(ASK)
    assert elsewhere.paths == []


@contextmanager
def socket_serving(talk: Callable[[socket.socket, int], None]) -> Iterator[str]:
    """A server that speaks bytes: `talk` gets each connection, its request read, and its number from 0."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        for number in range(100):
            connection, _ = listener.accept()
            with connection:
                if stop.is_set():
                    return
                connection.recv(65536)
                with suppress(OSError):
                    talk(connection, number)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        with suppress(OSError), socket.create_connection(listener.getsockname(), timeout=1):
            pass
        thread.join(timeout=10)
        listener.close()


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n[1]"


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("how", [reset, socket.socket.close])
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConte",
        b"HTTP/1.1 200 OK\r\nServer: x\r\n",
        WHOLE[:-3],
        WHOLE[:-2],
        b"nonsense\r\n\r\n",
    ],
)
def test_a_connection_that_ends_early_is_tried_again(
    tmp_path: Path, sent: bytes, how: Callable[[socket.socket], None]
) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(WHOLE if number else sent)
        time.sleep(0.02)
        if not number:
            how(connection)

    with socket_serving(talk) as url:
        asking = client(url, tmp_path)
        assert asking.send(ASK).answer.body == b"[1]"
    assert (asking.effort.requests, asking.effort.retries) == (2, 1)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_slow_drip_cannot_hold_a_pull(tmp_path: Path, chunked: bool) -> None:
    head = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 100000"

    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"1\r\n[\r\n" if chunked else b"[")
            time.sleep(0.02)

    started = time.monotonic()
    bounds = RetryBounds(attempts=2, seconds=10, first_wait=0.01, longest_wait=0.02, attempt_seconds=0.3)
    with socket_serving(talk) as url, pytest.raises(RetryableError) as caught:
        client(url, tmp_path, bounds).send(ASK)
    assert time.monotonic() - started < 3
    assert caught.value.cause == "timeout"


def test_a_slow_drip_of_headers_cannot_hold_a_pull_either(tmp_path: Path) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            connection.sendall(b"X-More: 1\r\n" if number else b"X")
            time.sleep(0.02)

    started = time.monotonic()
    bounds = RetryBounds(attempts=2, seconds=10, first_wait=0.01, longest_wait=0.02, attempt_seconds=0.1)
    with socket_serving(talk) as url, pytest.raises(RetryableError):
        client(url, tmp_path, bounds).send(ASK)
    assert time.monotonic() - started < 3.5


def test_silence_is_a_timeout(tmp_path: Path) -> None:
    bounds = RetryBounds(attempts=1, seconds=10, attempt_seconds=0.2)
    with socket_serving(lambda connection, number: time.sleep(0.5)) as url, pytest.raises(RetryableError) as caught:
        client(url, tmp_path, bounds).send(ASK)
    assert caught.value.cause == "timeout"


def test_a_chunked_answer_that_ends_early_is_tried_again(tmp_path: Path) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\n[1]\r\n"
        connection.sendall(head + (b"0\r\n\r\n" if number else b""))

    with socket_serving(talk) as url:
        asking = client(url, tmp_path)
        assert asking.send(ASK).answer.body == b"[1]"
    assert asking.effort.retries == 1


ZIPPED = gzip.compress(b"[" + b"1," * 5000 + b"1]")


@pytest.mark.parametrize("broken", [ZIPPED[: len(ZIPPED) // 2], ZIPPED[:-4], ZIPPED[:-8] + b"\0" * 8, b"[1]"])
def test_a_broken_gzip_is_tried_again_and_a_whole_one_read(tmp_path: Path, broken: bytes) -> None:
    encoded = (("Content-Encoding", "gzip"),)
    with serving([Scripted(200, broken, encoded), Scripted(200, ZIPPED, encoded)]) as server:
        asking = client(server.url, tmp_path)
        assert asking.send(ASK).answer.body == gzip.decompress(ZIPPED)
    assert asking.effort.retries == 1


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


def test_a_broken_contract_and_a_bug_of_ours_are_not_asked_for_again(tmp_path: Path) -> None:
    def read(answer: Answer) -> None:
        raise ContractError("The field is gone.", next_step="look.")

    def bug(answer: Answer) -> None:
        raise KeyError("ours")

    with serving([Scripted(200)]) as server:
        asking = client(server.url, tmp_path)
        with pytest.raises(ContractError):
            asking.send(ASK, read)
        with pytest.raises(KeyError):
            asking.send(ASK, bug)
    assert len(server.paths) == asking.effort.requests == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 422])
def test_what_will_not_change_is_asked_once(tmp_path: Path, status: int) -> None:
    with serving([Scripted(status)]) as server, pytest.raises(NetworkStopped):
        client(server.url, tmp_path).send(ASK)
    assert len(server.paths) == 1


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


def test_the_last_call_of_a_window_holds_the_next_one_until_the_network_says(tmp_path: Path) -> None:
    spent = (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1"))
    with serving([Scripted(200, headers=spent), Scripted(200)]) as server:
        client(server.url, tmp_path).send(ASK)
        client(server.url, tmp_path).send(ASK)
    assert 0.95 <= server.moments[1] - server.moments[0] < 3


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
    assert 0.9 <= time.monotonic() - started < 4


@pytest.mark.parametrize("base_url", ["no address", "htp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_a_configuration_error(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        client(base_url, tmp_path).send(ASK)


def test_the_budget_of_the_credential_holds_for_the_calls(tmp_path: Path) -> None:
    limits = (RateLimit(3, timedelta(seconds=0.5)),)
    with serving([Scripted(200)]) as server:
        asking = client(server.url, tmp_path, limits=limits)
        started = time.monotonic()
        for _ in range(7):
            asking.send(ASK)
    assert 1.0 <= time.monotonic() - started < 8
    assert asking.waited_seconds >= 0.8


def test_a_slow_connection_makes_no_later_call_too_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network counts a call when it arrives; the first one waits for its connection."""
    connect = urllib3.connection.HTTPConnection.connect

    def slowly(connection: urllib3.connection.HTTPConnection) -> None:
        time.sleep(0.3)
        connect(connection)

    monkeypatch.setattr(urllib3.connection.HTTPConnection, "connect", slowly)
    with serving([Scripted(200)]) as server:
        asking = client(server.url, tmp_path, limits=(RateLimit(1, timedelta(seconds=0.8)),))
        for _ in range(2):
            asking.send(ASK)
    assert 0.8 <= server.moments[1] - server.moments[0] < 2


@pytest.mark.parametrize(("alone", "most"), [(True, 1), (False, 3)])
def test_where_the_network_wants_it_accounts_ask_one_after_the_other(tmp_path: Path, alone: bool, most: int) -> None:
    with serving([Scripted(200, seconds=0.05)]) as server:
        network = connector(server.url, one_at_a_time=alone)
        clients = [
            NetworkClient(network, account(account_id=name), tmp_path / "b.sqlite", QUICK)
            for name in ("A1", "A2", "A3")
        ]
        start = threading.Barrier(3)

        def pull(asking: NetworkClient) -> None:
            start.wait(10)
            for _ in range(3):
                asking.send(ASK)

        threads = [threading.Thread(target=pull, args=(asking,)) for asking in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    assert len(server.paths) == 9
    assert server.most_at_once <= 1 if alone else server.most_at_once > 1
    assert server.most_at_once <= most


def test_a_call_that_failed_lets_the_next_one_start(tmp_path: Path) -> None:
    with serving([Scripted(500), Scripted(404), Scripted(200)]) as server:
        asking = client(server.url, tmp_path, one_at_a_time=True)
        with pytest.raises(NetworkStopped):
            asking.send(ASK)
        other = client(server.url, tmp_path, one_at_a_time=True)
        started = time.monotonic()
        assert other.send(ASK).answer.status == 200
    assert time.monotonic() - started < 1


def test_accounts_with_one_token_share_a_budget_and_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "another-secret-0815")
    limits = (RateLimit(1, timedelta(seconds=0.6)),)
    with serving([Scripted(200)]) as server:
        network = connector(server.url, limits=limits)
        budgets = tmp_path / "budgets.sqlite"
        first, twin = (NetworkClient(network, account(account_id=name), budgets, QUICK) for name in ("A1", "A2"))
        other = NetworkClient(network, account("env:OTHER_TOKEN", account_id="B1"), budgets, QUICK)
        for asking in (first, twin, other):
            asking.send(ASK)
    assert first.waited_seconds == 0
    assert twin.waited_seconds > 0.5
    assert other.waited_seconds == 0
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert TOKEN.encode() not in content


def test_secrets_are_in_no_message_and_no_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    echo = f"token={TOKEN} Bearer {TOKEN} and {TOKEN} once more".encode()
    caplog.set_level(logging.DEBUG)
    with serving([Scripted(503, echo)]) as server, pytest.raises(RetryableError) as failed:
        client(server.url, tmp_path).send(ASK)
    with serving([Scripted(401, echo)]) as server, pytest.raises(NetworkStopped) as refused:
        client(server.url, tmp_path).send(ASK)
    assert "[redacted]" in str(failed.value)
    for text in (str(failed.value), repr(failed.value), str(refused.value), caplog.text):
        assert TOKEN not in text
        assert text


@pytest.mark.parametrize("value", ["first-half-9\nsecond-half-8", "half-of-it-…"])
def test_a_token_that_is_no_header_value_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    monkeypatch.setenv("ACME_TOKEN", value)
    with serving([Scripted(200)]) as server, pytest.raises(ConfigError) as caught:
        client(server.url, tmp_path).send(ASK)
    text = repr(caught.value) + str(caught.value) + str(caught.value.__cause__) + caplog.text
    assert "half" not in text


def test_a_missing_secret_names_its_reference_and_the_account_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_TOKEN")
    with pytest.raises(ConfigError) as caught:
        client("http://127.0.0.1:9", tmp_path)
    text = str(caught.value)
    assert "env:ACME_TOKEN" in text
    assert "network acme, account A1" in text
    assert "set the environment variable ACME_TOKEN" in text


def test_an_account_without_the_credential_that_the_network_needs_is_told_which(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no credential token"):
        NetworkClient(connector(), account(credentials={}), tmp_path / "b.sqlite", QUICK)


def cj_answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {}, body, None)


def test_graphql_errors_at_status_200_are_never_an_empty_window() -> None:
    documented = json.loads((DATA / "cj/error_graphql_200.json").read_bytes())["body"]
    problem = problem_of(cj_answer(json.dumps(documented).encode()), CJ)
    assert isinstance(problem, ContractError)
    assert "commisionId" in str(problem)
    beside_data = {"errors": [{"message": "Not Authorized"}], "data": {"advertiserCommissions": None}}
    refused = problem_of(cj_answer(json.dumps(beside_data).encode()), CJ)
    assert isinstance(refused, NetworkStopped)
    assert "Not Authorized" in str(refused)


@pytest.mark.parametrize("body", [b"<html>gateway</html>", b"", b"[]", b'{"errors": "text"}'])
def test_a_200_that_is_no_graphql_is_tried_again(body: bytes) -> None:
    assert isinstance(problem_of(cj_answer(body), CJ), RetryableError)


def test_an_empty_window_of_graphql_is_no_problem() -> None:
    assert problem_of(cj_answer((DATA / "cj/empty_window.json").read_bytes()), CJ) is None
