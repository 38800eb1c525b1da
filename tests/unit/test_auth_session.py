"""A session that is opened with a login of the network's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from affiliate_assets.connectors.auth import SessionLogin
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import AffiliateError, ContractError, CredentialRefused
from affiliate_assets.secrets import redact, register

from .logins import ASK, SECRETS, Asked, Service, proving

pytestmark = pytest.mark.usefixtures("login_secrets")


def session_error(answer: Answer) -> AffiliateError | None:
    """A network that says with 200 that the session is over."""
    if answer.body == b'{"e": "session"}':
        return CredentialRefused("The session is over.", next_step="log in.")
    return None if answer.body == b"[]" else ContractError("What is this?", next_step="look.")


@pytest.mark.parametrize("as_form", [False, True])
def test_a_session_is_opened_and_opened_again_when_it_dies(
    service: Service, tmp_path: Path, as_form: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = SessionLogin(
        ("username", "password"),
        lambda secrets: {"id": secrets["username"], "key": secrets["password"]},
        "token",
        ("data", "session"),
        header="cwauth-token",
        prefix="",
        as_form=as_form,
    )

    def log_in(asked: Asked) -> tuple[int, object]:
        service.grant(asked)
        return 200, {"data": {"session": service.living}}

    def answer(asked: Asked) -> tuple[int, object]:
        service.asked.append(asked)
        if asked.bare == "/token":
            return log_in(asked)
        return 200, [] if asked.headers.get("cwauth-token") == service.living else {"e": "session"}

    monkeypatch.setattr(service, "answer", answer)
    asking = proving(service, auth, tmp_path, problem=session_error)
    asking.send(ASK)
    service.living = "killed"
    asking.send(ASK)
    asking.send(ASK)
    assert len(service.logins()) == 2
    login = service.logins()[0]
    body = login.form if as_form else json.loads(login.body)
    assert body == {"id": SECRETS["USERNAME"], "key": SECRETS["PASSWORD"]}


def test_a_login_without_a_session_in_its_answer_is_refused(service: Service, tmp_path: Path) -> None:
    service.on_token = lambda asked: (200, {"success": "N", "message": "wrong password"})
    auth = SessionLogin(("password",), dict, "token", ("session",))
    with pytest.raises(CredentialRefused, match="no session at session"):
        proving(service, auth, tmp_path).send(ASK)


class Desk:
    """A network that is asked everything at one address, with the session inside what is asked."""

    def __init__(self, service: Service, as_form: bool) -> None:
        self.service, self.as_form = service, as_form
        self.logins: list[Asked] = []
        self.read: list[dict[str, object]] = []

    def answer(self, asked: Asked) -> tuple[int, object]:
        told = json.loads(asked.form["D"] if self.as_form else asked.body)
        with self.service.lock:
            if told.get("login"):
                self.logins.append(asked)
                self.service.given += 1
                self.service.living = f'living "session" {self.service.given}'
                return 200, [{"S": self.service.living}]
            self.read.append(told)
            session = told["proof"]["S"] if "proof" in told else told.get("S")
            return 200, [] if session == self.service.living else {"e": "session"}


def first_session(body: bytes) -> str:
    return str(json.loads(body)[0]["S"])


def in_body(as_form: bool, within: tuple[str, ...]) -> SessionLogin:
    def login(secrets: Mapping[str, str]) -> dict[str, str]:
        told = {"login": secrets["username"], "password": secrets["password"]}
        return {"D": json.dumps(told)} if as_form else told

    return SessionLogin(("username", "password"), login, "A1/sales", first_session, as_form=as_form, within=within)


@pytest.mark.parametrize(
    ("within", "request_"),
    [
        (("D", "S"), Request("POST", "A1/sales", form={"D": '{"ask": "é & 1=2"}', "other": ""})),
        (("D", "proof", "S"), Request("POST", "A1/sales", form={"D": '{"ask": "é & 1=2", "proof": {"v": 1}}'})),
        (("S",), Request("POST", "A1/sales", json={"ask": "é & 1=2"})),
        (("proof", "S"), Request("POST", "A1/sales", json={"ask": "é & 1=2", "proof": {"v": 1}})),
    ],
)
def test_a_session_goes_into_the_body_and_nowhere_else(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, within: tuple[str, ...], request_: Request
) -> None:
    desk = Desk(service, as_form=request_.form is not None)
    monkeypatch.setattr(service, "answer", desk.answer)
    asking = proving(service, in_body(desk.as_form, within), tmp_path, problem=session_error)
    asking.send(request_)
    service.living = "killed"
    asking.send(request_)
    asking.send(request_)
    assert len(desk.logins) == 2
    assert [told["ask"] for told in desk.read] == ["é & 1=2"] * 4
    assert "living" not in repr(request_)
    assert "living" not in (tmp_path / "calls.ndjson").read_text()


def test_many_accounts_renew_a_session_that_died_at_200_once(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(service, as_form=True)
    monkeypatch.setattr(service, "answer", desk.answer)
    ask = Request("POST", "A1/sales", form={"D": '{"ask": 1}'})
    clients = [
        proving(service, in_body(True, ("D", "S")), tmp_path, f"A{number}", problem=session_error)
        for number in range(6)
    ]
    clients[0].send(ask)
    service.living = "killed"
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda client: client.send(ask), clients))
    assert len(desk.logins) == 2


def test_a_refused_login_keeps_its_own_error_and_no_secret(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(body: bytes) -> str:
        raise CredentialRefused("The merchant is unknown.", next_step="look.")

    auth = replace(in_body(True, ("D", "S")), token=refuse)
    monkeypatch.setattr(service, "answer", lambda asked: (500, asked.body.decode()))
    with pytest.raises(AffiliateError) as refused:
        proving(service, auth, tmp_path).send(Request("POST", "A1/sales", form={"D": "{}"}))
    evidence = refused.value.evidence
    assert evidence is not None
    assert not any(secret in f"{refused.value} {evidence}" for secret in SECRETS.values())
    monkeypatch.setattr(service, "answer", lambda asked: (200, [{"success": "N"}]))
    with pytest.raises(CredentialRefused, match="The merchant is unknown"):
        proving(service, auth, tmp_path / "other").send(Request("POST", "A1/sales", form={"D": "{}"}))


def test_a_secret_is_redacted_within_json_within_json() -> None:
    secret = register('p"ä\\ss')
    login = {"D": json.dumps({"password": secret})}
    assert "ss" not in redact(json.dumps(login, ensure_ascii=False)).replace("password", "")
    assert "ss" not in redact(json.dumps(login)).replace("password", "")
