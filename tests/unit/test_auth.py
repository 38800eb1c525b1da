from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import multiprocessing
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from filelock import FileLock

from affiliate_assets.connectors.auth import (
    Auth,
    Basic,
    BearerToken,
    HeaderKeys,
    OAuth2,
    QueryKeys,
    SessionLogin,
    SignedRequest,
)
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import (
    AffiliateError,
    ConfigError,
    ContractError,
    CredentialRefused,
    NetworkStopped,
    RetryableError,
)
from affiliate_assets.http.calls import CallLog
from affiliate_assets.http.client import NetworkClient
from affiliate_assets.http.tokens import forget_tokens

from .support import QUICK, account, connector

SECRETS = {
    "TOKEN": "bearer-secret-1",
    "USERNAME": "user-secret-2",
    "PASSWORD": "pass/word secret-3",
    "CLIENT_ID": "client-secret-4",
    "CLIENT_SECRET": "client-secret-5&=",
    "REFRESH": "refresh-secret-6",
}
NAMES = {
    "token": "env:TOKEN",
    "username": "env:USERNAME",
    "password": "env:PASSWORD",
    "client_id": "env:CLIENT_ID",
    "client_secret": "env:CLIENT_SECRET",
    "refresh_token": "env:REFRESH",
}
ASK = Request("GET", "A1/sales", {"day": "1"})


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def bare(self) -> str:
        return urlsplit(self.path).path

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass
class Service:
    """A network with a login: hands out numbered tokens and knows which of them lives.

    Attributes:
        living: The one token that is accepted.
        given: How many tokens were handed out.
        refresh: The one refresh token that is accepted.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    living: str = ""
    given: int = 0
    refresh: str = SECRETS["REFRESH"]
    expires_in: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    on_token: Callable[[Asked], tuple[int, object]] | None = None

    def logins(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.bare == "/token"]

    def answer(self, asked: Asked) -> tuple[int, object]:
        with self.lock:
            self.asked.append(asked)
            if asked.bare == "/token":
                return self.on_token(asked) if self.on_token else self.grant(asked)
            if asked.bearer == self.living or not self.given:
                return 200, []
            return 401, {"error": "invalid_token"}

    def grant(self, asked: Asked) -> tuple[int, object]:
        self.given += 1
        self.living = f"living-token-{self.given}"
        told: dict[str, object] = {"access_token": self.living, "token_type": "bearer"}
        if self.expires_in is not None:
            told["expires_in"] = self.expires_in
        return 200, told

    def rotate(self, asked: Asked) -> tuple[int, object]:
        if asked.form.get("refresh_token") != self.refresh:
            return 400, {"error": "invalid_grant"}
        status, told = self.grant(asked)
        self.refresh = f"rotated-refresh-{self.given}"
        assert isinstance(told, dict)
        return status, {**told, "refresh_token": self.refresh}


@contextmanager
def running(service: Service) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, told = service.answer(Asked(self.command, self.path, dict(self.headers.items()), body))
            written = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            return None

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    service.url = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(timeout=5)


@pytest.fixture
def service() -> Iterator[Service]:
    with running(Service()) as started:
        yield started


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_tokens()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def proving(service: Service, auth: Auth, folder: Path, account_id: str = "A1", **changes: Any) -> NetworkClient:
    credentials = NAMES | changes.pop("credentials", {})
    return NetworkClient(
        connector(service.url, auth=auth, **changes),
        account(account_id=account_id, credentials=credentials),
        folder / "b.sqlite",
        QUICK,
        calls=CallLog(folder / "calls.ndjson", "r", datetime.now(UTC)),
    )


def oauth(grant: str = "client_credentials", **changes: Any) -> OAuth2:
    return OAuth2(grant=grant, token_url="token", **changes)  # type: ignore[arg-type]


def basic_header(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


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
    for _ in range(3):
        asking.send(ASK)
        if life == 1:
            time.sleep(0.95)
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
        thread.join(timeout=30)
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


def refresh_file(folder: Path) -> tuple[Path, dict[str, str]]:
    path = folder / "secrets" / "refresh"
    path.parent.mkdir()
    path.write_text(SECRETS["REFRESH"] + "\n")
    return path, {"refresh_token": f"file:{path}"}


def test_a_rotated_refresh_token_replaces_the_old_one_before_it_is_used(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.on_token, service.expires_in = service.rotate, 3600
    path, credentials = refresh_file(tmp_path)
    asking = proving(service, oauth("refresh_token"), tmp_path, credentials=credentials)
    asking.send(ASK)
    kept = json.loads(path.read_text())
    assert (kept["refresh_token"], kept["access_token"]) == ("rotated-refresh-1", "living-token-1")
    assert time.time() + 3500 < kept["expires_at"] <= time.time() + 3600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {entry.name for entry in path.parent.iterdir()} <= {"refresh", "refresh.lock"}
    service.living = "killed"
    asking.send(ASK)
    assert json.loads(path.read_text())["refresh_token"] == "rotated-refresh-2"
    assert len(service.logins()) == 2
    written = (tmp_path / "calls.ndjson").read_text() + caplog.text
    for secret in ("rotated-refresh", "living-token", SECRETS["REFRESH"]):
        assert secret not in written


def test_a_restart_uses_the_kept_token_and_the_kept_budget(service: Service, tmp_path: Path) -> None:
    service.on_token, service.expires_in = service.rotate, 3600
    _, credentials = refresh_file(tmp_path)
    for _ in range(3):
        forget_tokens()
        proving(service, oauth("refresh_token"), tmp_path, credentials=credentials).send(ASK)
    assert len(service.logins()) == 1


def pull_in_process(url: str, folder: str, credentials: dict[str, str], ready: Any, done: Any) -> None:
    asking = proving(Service(url=url), oauth("refresh_token"), Path(folder), credentials=credentials)
    ready.wait(60)
    for _ in range(4):
        asking.send(ASK)
    done.wait(60)
    for _ in range(4):
        asking.send(ASK)


def test_two_processes_spend_a_refresh_token_once(service: Service, tmp_path: Path) -> None:
    service.on_token, service.expires_in = service.rotate, 3600
    path, credentials = refresh_file(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Barrier(2), spawn.Barrier(3)
    workers = [
        spawn.Process(target=pull_in_process, args=(service.url, str(tmp_path), credentials, ready, done))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    while len(service.asked) < 9 and all(worker.is_alive() for worker in workers):
        time.sleep(0.01)
    assert len(service.logins()) == 1
    with service.lock:
        service.living = "killed"
    done.wait(30)
    for worker in workers:
        worker.join(timeout=30)
        assert worker.exitcode == 0
    assert len(service.logins()) == 2
    assert json.loads(path.read_text())["refresh_token"] == service.refresh == "rotated-refresh-2"


def test_a_rotation_that_cannot_be_kept_is_a_matter_of_configuration(service: Service, tmp_path: Path) -> None:
    service.on_token = service.rotate
    with pytest.raises(ConfigError, match="file:PATH") as caught:
        proving(service, oauth("refresh_token"), tmp_path).send(ASK)
    assert "rotated-refresh" not in str(caught.value)
    assert "env:REFRESH" in str(caught.value)


def test_nothing_is_asked_where_the_new_token_could_not_be_written(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, credentials = refresh_file(tmp_path)
    (path.parent / "refresh.part").mkdir()
    with pytest.raises(ConfigError, match="could not be replaced"):
        proving(service, oauth("refresh_token"), tmp_path, credentials=credentials).send(ASK)
    assert service.asked == []
    assert path.read_text().strip() == SECRETS["REFRESH"]


def test_a_refresh_file_that_another_process_holds_is_waited_for_within_bounds(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affiliate_assets.http.rotation._LOCK_SECONDS", 0.05)
    path, credentials = refresh_file(tmp_path)
    asking = proving(service, oauth("refresh_token"), tmp_path, credentials=credentials)
    with FileLock(f"{path}.lock"), pytest.raises(RetryableError, match="Another process has held"):
        asking.send(ASK)
    assert service.asked == []


@pytest.mark.parametrize("content", ['{"access_token": "a"}', "{half", "[]"])
def test_a_spoilt_refresh_file_is_told_without_its_content(service: Service, tmp_path: Path, content: str) -> None:
    path, credentials = refresh_file(tmp_path)
    path.write_text(content)
    service.on_token = service.rotate
    with pytest.raises((ConfigError, CredentialRefused)) as caught:
        proving(service, oauth("refresh_token"), tmp_path, credentials=credentials).send(ASK)
    assert content not in str(caught.value)


def test_accounts_of_one_refresh_file_share_budget_and_token(service: Service, tmp_path: Path) -> None:
    service.on_token = service.rotate
    _, credentials = refresh_file(tmp_path)
    for name in ("A1", "A2"):
        proving(service, oauth("refresh_token"), tmp_path, name, credentials=credentials).send(ASK)
    assert len(service.logins()) == 1


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


def test_budget_names_hold_no_secret(service: Service, tmp_path: Path) -> None:
    proving(service, Basic(), tmp_path).send(ASK)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in SECRETS.values():
        assert secret.encode() not in stored
    assert hashlib.sha256(b"x").hexdigest().encode() not in stored
