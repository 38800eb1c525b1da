from __future__ import annotations

import json
import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affiliate_assets.connectors.language import Answer, RateLimit, Request
from affiliate_assets.errors import ConfigError, ContractError, NetworkStopped, RateLimited, RetryableError
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
        answer = client(server.url, tmp_path).send(ASK)
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
        assert asking.send(ASK).status == 200
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
        assert asking.send(ASK).status == 200
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
        assert client(server.url, tmp_path).send(ASK).body == b"[1]"


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    with serving([Scripted(200, b"[]")]) as elsewhere:
        moved = Scripted(302, headers=(("Location", f"{elsewhere.url}/steal"),))
        with serving([moved]) as server, pytest.raises(NetworkStopped, match="302"):
            client(server.url, tmp_path).send(ASK)
    assert elsewhere.paths == []


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
    assert asking.waited_seconds >= 1


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
