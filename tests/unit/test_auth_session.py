"""A session that is opened with a login of the network's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from affiliate_assets.connectors.auth import SessionLogin
from affiliate_assets.connectors.language import Answer
from affiliate_assets.errors import AffiliateError, ContractError, CredentialRefused

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
