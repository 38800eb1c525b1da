"""A network with a login, the secrets of its accounts, and a client that has to prove itself."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from affiliate_assets.connectors.auth import Auth, OAuth2
from affiliate_assets.connectors.language import Request
from affiliate_assets.http.calls import CallLog
from affiliate_assets.http.client import NetworkClient

from .support import QUICK, Scripted, account, connector, listening

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
    def respond(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Scripted:
        status, told = service.answer(Asked(method, path, headers, body))
        return Scripted(status, told if isinstance(told, bytes) else json.dumps(told).encode())

    with listening(respond) as service.url:
        yield service


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
