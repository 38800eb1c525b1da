"""OAuth 2: one token for all accounts of a credential, renewed in time and once."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from affiliate_assets.connectors.auth import OAuth2
from affiliate_assets.errors import CredentialRefused, NetworkStopped
from affiliate_assets.http.client import NetworkClient

from .logins import ASK, SECRETS, Asked, Service, basic_header, oauth, proving

pytestmark = pytest.mark.usefixtures("login_secrets")

GRANTS: list[tuple[OAuth2, str, dict[str, str], bool]] = [
    (oauth(scope="a b"), "POST", {"grant_type": "client_credentials", "scope": "a b"}, True),
    (
        oauth(client_in="form", fields={"audience": "api"}),
        "POST",
        {
            "grant_type": "client_credentials",
            "audience": "api",
            "client_id": SECRETS["CLIENT_ID"],
            "client_secret": SECRETS["CLIENT_SECRET"],
        },
        False,
    ),
    (
        oauth("password"),
        "POST",
        {"grant_type": "password", "username": SECRETS["USERNAME"], "password": SECRETS["PASSWORD"]},
        True,
    ),
    (oauth("refresh_token"), "POST", {"grant_type": "refresh_token", "refresh_token": SECRETS["REFRESH"]}, True),
    (
        oauth(client_in="query"),
        "GET",
        {
            "grant_type": "client_credentials",
            "client_id": SECRETS["CLIENT_ID"],
            "client_secret": SECRETS["CLIENT_SECRET"],
        },
        False,
    ),
]


@pytest.mark.parametrize(("auth", "method", "fields", "in_basic"), GRANTS)
def test_a_token_is_fetched_once_and_used(
    service: Service, tmp_path: Path, auth: OAuth2, method: str, fields: dict[str, str], in_basic: bool
) -> None:
    asking = proving(service, auth, tmp_path)
    for _ in range(3):
        asking.send(ASK)
    (login,) = service.logins()
    assert login.method == method
    assert (login.form if method == "POST" else dict(parse_qsl(urlsplit(login.path).query))) == fields
    header = basic_header(SECRETS["CLIENT_ID"], SECRETS["CLIENT_SECRET"])
    assert login.headers.get("Authorization") == (header if in_basic else None)
    assert [asked.bearer for asked in service.asked[1:]] == ["living-token-1"] * 3
    assert asking.effort.requests == 4
    lines = [json.loads(line) for line in (tmp_path / "calls.ndjson").read_text().splitlines()]
    assert [(line["purpose"], line["path"]) for line in lines[:2]] == [("token", "/token"), ("page", "/A1/sales")]
    assert lines[0]["correlation_id"] != lines[1]["correlation_id"]


@pytest.mark.parametrize(("life", "logins"), [(3600, 1), (1, 3)])
def test_a_token_is_renewed_before_it_runs_out(service: Service, tmp_path: Path, life: float, logins: int) -> None:
    service.expires_in = life
    asking = proving(service, oauth(), tmp_path)
    for number in range(3):
        if number and life == 1:
            time.sleep(0.95)
        asking.send(ASK)
    assert len(service.logins()) == logins
    assert asking.effort.retries == 0
    assert [asked.bearer for asked in service.asked if asked.bare != "/token"][-1] == f"living-token-{logins}"


def test_a_token_that_dies_in_the_middle_is_renewed_once_by_four_accounts_together(
    service: Service, tmp_path: Path
) -> None:
    accounts = [proving(service, oauth(), tmp_path, f"A{number}") for number in range(4)]
    for asking in accounts:
        asking.send(ASK)
    assert len(service.logins()) == 1
    service.living = "killed"
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def pull(asking: NetworkClient) -> None:
        start.wait(10)
        try:
            for _ in range(5):
                asking.send(ASK)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=pull, args=(asking,)) for asking in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert len(service.logins()) == 2
    assert sum(asking.effort.retries for asking in accounts) == 0


def test_a_renewed_token_that_is_refused_too_ends_the_account(service: Service, tmp_path: Path) -> None:
    service.living, service.given = "nobody-has-it", 1

    def useless(asked: Asked) -> tuple[int, object]:
        return 200, {"access_token": f"useless-token-{len(service.logins())}", "token_type": "bearer"}

    service.on_token = useless
    with pytest.raises(CredentialRefused, match="401"):
        proving(service, oauth(), tmp_path).send(ASK)
    assert len(service.logins()) == 2
    assert len(service.asked) == 4


def test_a_credential_is_renewed_once_a_call_whatever_happens_between(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = iter([401, 503, 401])

    def answer(asked: Asked) -> tuple[int, object]:
        service.asked.append(asked)
        return service.grant(asked) if asked.bare == "/token" else (next(statuses), {})

    monkeypatch.setattr(service, "answer", answer)
    with pytest.raises(CredentialRefused):
        proving(service, oauth(), tmp_path).send(ASK)
    assert len(service.logins()) == 2


@pytest.mark.parametrize(
    "told",
    [
        (400, {"error": "invalid_grant", "error_description": "no such user client-secret-5&="}),
        (401, {"error": "invalid_client"}),
        (200, {"error": "invalid_scope"}),
        (200, {"token": "elsewhere"}),
        (200, ["unexpected"]),
    ],
)
def test_a_refused_login_ends_all_accounts_after_one_question(
    service: Service, tmp_path: Path, told: tuple[int, object], caplog: pytest.LogCaptureFixture
) -> None:
    service.on_token = lambda asked: told
    for number in range(3):
        with pytest.raises(CredentialRefused) as caught:
            proving(service, oauth("password", client_in="form"), tmp_path, f"A{number}").send(ASK)
        text = str(caught.value) + repr(caught.value.evidence) + caplog.text
        assert "check the account's" in text
        assert "secret-" not in text
    assert len(service.asked) == 1


def test_a_login_that_fails_in_passing_is_tried_again(service: Service, tmp_path: Path) -> None:
    def once_down(asked: Asked) -> tuple[int, object]:
        return service.grant(asked) if len(service.logins()) > 1 else (503, {})

    service.on_token = once_down
    asking = proving(service, oauth(), tmp_path)
    assert asking.send(ASK).answer.status == 200
    assert (asking.effort.requests, asking.effort.retries) == (3, 1)


@pytest.mark.parametrize("told", [b"", b"<html>We are back soon.</html>", b'{"access_token": "living-tok'])
def test_a_login_answered_with_no_json_is_tried_again(service: Service, tmp_path: Path, told: bytes) -> None:
    def once_broken(asked: Asked) -> tuple[int, object]:
        return service.grant(asked) if len(service.logins()) > 1 else (200, told)

    service.on_token = once_broken
    asking = proving(service, oauth(), tmp_path)
    assert asking.send(ASK).answer.status == 200
    assert (asking.effort.requests, asking.effort.retries) == (3, 1)


def test_a_right_that_is_missing_is_no_reason_to_renew(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = proving(service, oauth(), tmp_path)
    asking.send(ASK)
    monkeypatch.setattr(service, "answer", lambda asked: (403, {"error": "scope"}))
    with pytest.raises(NetworkStopped) as caught:
        asking.send(ASK)
    assert not isinstance(caught.value, CredentialRefused)
    assert len(service.logins()) == 1


def test_a_token_got_by_password_is_renewed_by_its_refresh_token_while_that_lives(
    service: Service, tmp_path: Path
) -> None:
    alive = {"refresh-1", "refresh-2"}

    def grant(asked: Asked) -> tuple[int, object]:
        if asked.form["grant_type"] == "refresh_token" and asked.form["refresh_token"] not in alive:
            return 400, {"error": "invalid_grant"}
        status, told = service.grant(asked)
        assert isinstance(told, dict)
        # The third token comes without a refresh token: the second one goes on.
        return status, told if service.given == 3 else {**told, "refresh_token": f"refresh-{service.given}"}

    service.on_token = grant
    asking = proving(service, oauth("password"), tmp_path)
    for number in range(5):
        asking.send(ASK)
        service.living = "killed"
        if number == 2:
            alive.clear()
    assert [(login.form["grant_type"], login.form.get("refresh_token")) for login in service.logins()] == [
        ("password", None),
        ("refresh_token", "refresh-1"),
        ("refresh_token", "refresh-2"),
        ("refresh_token", "refresh-2"),
        ("password", None),
        ("refresh_token", "refresh-4"),
        ("password", None),
    ]
    assert asking.effort.retries == 0
