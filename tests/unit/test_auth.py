"""Credentials that every request carries as they are, or signs with."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from affiliate_assets.connectors.auth import Auth, Basic, BearerToken, HeaderKeys, QueryKeys, SignedRequest
from affiliate_assets.connectors.language import Request
from affiliate_assets.errors import RetryableError

from .logins import ASK, SECRETS, Service, basic_header, oauth, proving, running

pytestmark = pytest.mark.usefixtures("login_secrets")


def sign(secrets: Mapping[str, str], method: str, url: str, body: bytes, at: int) -> Mapping[str, str]:
    text = f"{method} {urlsplit(url).path}?{urlsplit(url).query} {body.decode()} {at}"
    return {"X-At": str(at), "X-Signature": hmac.new(secrets["token"].encode(), text.encode(), "sha256").hexdigest()}


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (BearerToken(), {"Authorization": "Bearer bearer-secret-1"}),
        (Basic(), {"Authorization": basic_header(SECRETS["USERNAME"], SECRETS["PASSWORD"])}),
        (Basic("token", None), {"Authorization": basic_header(SECRETS["TOKEN"], "")}),
        (HeaderKeys({"X-Token": "token"}), {"X-Token": "bearer-secret-1"}),
        (
            HeaderKeys({"Authorization": "token", "ACCOUNT-ID": "username"}, {"Authorization": "Basic "}),
            {"Authorization": "Basic bearer-secret-1", "ACCOUNT-ID": "user-secret-2"},
        ),
    ],
)
def test_static_credentials_are_in_the_headers(
    service: Service, tmp_path: Path, auth: Auth, expected: dict[str, str]
) -> None:
    proving(service, auth, tmp_path).send(ASK)
    (asked,) = service.asked
    assert expected.items() <= asked.headers.items()
    assert asked.path == "/A1/sales?day=1"


def test_query_keys_are_added_beside_what_is_asked(service: Service, tmp_path: Path) -> None:
    proving(service, QueryKeys({"apiKey": "password", "user": "username"}), tmp_path).send(ASK)
    query = parse_qs(urlsplit(service.asked[0].path).query)
    assert query == {"day": ["1"], "apiKey": [SECRETS["PASSWORD"]], "user": [SECRETS["USERNAME"]]}
    assert "Authorization" not in service.asked[0].headers


def test_query_keys_are_in_no_message_of_a_refused_connection(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    nowhere = Service(url="http://127.0.0.1:9")
    with pytest.raises(RetryableError) as caught:
        proving(nowhere, QueryKeys({"apiKey": "password"}), tmp_path).send(ASK)
    for text in (str(caught.value), repr(caught.value), caplog.text):
        assert "secret-3" not in text
        assert "A1/sales" in text or "RetryableError" in text


@pytest.mark.parametrize("body", [None, {"q": "ü"}])
def test_a_signature_covers_the_request_as_it_goes_out(
    service: Service, tmp_path: Path, body: dict[str, str] | None
) -> None:
    asked = Request("POST", "A1/sales", {"day": "1 2"}, json=body)
    proving(service, SignedRequest(("token",), sign), tmp_path).send(asked)
    (seen,) = service.asked
    at = int(seen.headers["X-At"])
    assert abs(at - time.time()) < 60
    url = f"{service.url}{seen.path}"
    assert seen.headers["X-Signature"] == sign({"token": SECRETS["TOKEN"]}, "POST", url, seen.body, at)["X-Signature"]


@pytest.mark.parametrize(
    "auth", [BearerToken(), HeaderKeys({"X-Token": "token"}), QueryKeys({"apiKey": "token"}), oauth()]
)
def test_another_host_never_sees_a_credential(service: Service, tmp_path: Path, auth: Auth) -> None:
    with running(Service()) as elsewhere:
        asking = proving(service, auth, tmp_path)
        asking.send(Request("GET", f"{elsewhere.url}/files/1?signature=pre-signed"))
        (asked,) = elsewhere.asked
        assert asked.path == "/files/1?signature=pre-signed"
        assert not {"Authorization", "X-Token"} & set(asked.headers)
        assert service.asked == []
        asking.send(Request("GET", f"{service.url}/next?page=2"))
    assert any("secret" in str(asked.headers) + asked.path or asked.bearer for asked in service.asked)
    assert "pre-signed" not in (tmp_path / "calls.ndjson").read_text()


def test_a_form_is_sent_as_one(service: Service, tmp_path: Path) -> None:
    proving(service, BearerToken(), tmp_path).send(Request("POST", "q", form={"a": "1 ä"}, headers={"X-Version": "7"}))
    (asked,) = service.asked
    assert asked.form == {"a": "1 ä"}
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.headers["X-Version"] == "7"


def test_budget_names_hold_no_secret(service: Service, tmp_path: Path) -> None:
    proving(service, Basic(), tmp_path).send(ASK)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in SECRETS.values():
        assert secret.encode() not in stored
    assert hashlib.sha256(b"x").hexdigest().encode() not in stored
