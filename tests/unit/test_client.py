"""What the client hands back, refuses to repeat, and never tells."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affiliate_assets import networks
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import ConfigError, ContractError, NetworkStopped, RetryableError
from affiliate_assets.http.answers import problem_of
from affiliate_assets.http.client import NetworkClient
from affiliate_assets.networks.cj.connector import CONNECTOR as CJ

from .acme import TOKEN
from .support import QUICK, Scripted, account, client, connector, serving

pytestmark = pytest.mark.usefixtures("token")
ASK = Request("GET", "A1/sales")

SAMPLES = Path(networks.__path__[0])


def test_an_answer_carries_body_status_headers_and_the_networks_own_clock(tmp_path: Path) -> None:
    answers = [Scripted(200, b'[{"id":1}]', (("X-Page", "1"),))]
    with serving(answers) as server:
        answer = client(server.url, tmp_path).send(ASK).answer
    assert (answer.status, answer.body, answer.headers["x-page"]) == (200, b'[{"id":1}]', "1")
    assert answer.served_at is not None
    assert abs(answer.served_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert server.tokens == [f"Bearer {TOKEN}"]


def test_a_parameter_may_come_several_times_and_the_account_be_part_of_the_address(tmp_path: Path) -> None:
    question = Request("GET", "sales", {"fields[]": ("id", "price"), "page": "2"})
    with serving([Scripted(200)]) as server:
        client(f"{server.url}/{{account_id}}", tmp_path).send(question)
    assert server.paths == ["/A1/sales?fields%5B%5D=id&fields%5B%5D=price&page=2"]


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
    body = (SAMPLES / "awin/pages/error_404.json").read_bytes()
    with serving([Scripted(400, body)]) as server, pytest.raises(NetworkStopped, match="answered 400"):
        client(server.url, tmp_path).send(ASK)
    assert len(server.paths) == 1


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    with serving([Scripted(200, b"[]")]) as elsewhere:
        moved = Scripted(302, headers=(("Location", f"{elsewhere.url}/steal"),))
        with serving([moved]) as server, pytest.raises(NetworkStopped, match="302"):
            client(server.url, tmp_path).send(ASK)
    assert elsewhere.paths == []


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


@pytest.mark.parametrize("base_url", ["no address", "htp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_a_configuration_error(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        client(base_url, tmp_path).send(ASK)


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
    documented = json.loads((SAMPLES / "cj/pages/error_graphql_200.json").read_bytes())["body"]
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
    assert problem_of(cj_answer((SAMPLES / "cj/pages/empty_window.json").read_bytes()), CJ) is None
