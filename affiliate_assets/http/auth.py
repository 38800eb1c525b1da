"""How each declared kind of authentication is done on the wire.

Always as a requests auth object, because a ~/.netrc entry for the host would replace a plain header.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests
from requests import PreparedRequest
from requests.auth import AuthBase

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
from affiliate_assets.secrets import register


class Nobody(AuthBase):
    """No credentials at all: another host, or a login."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class Headers(AuthBase):
    """Headers with fixed values."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        for header in self._headers.items():
            requests.utils.check_header_validity(header)
        request.headers.update(self._headers)
        return request


class _Query(AuthBase):
    """Parameters added to the query at the last moment, so that no one else holds an address with them."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.prepare_url(request.url, dict(self._parameters))
        return request


class _Within(AuthBase):
    """A token in the body, put there at the last moment, so that no one else holds a question with it."""

    def __init__(self, names: tuple[str, ...], token: str) -> None:
        self._names = names
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        sent = body.decode() if isinstance(body, bytes) else body
        first, *below = self._names
        if request.headers.get("Content-Type") == "application/x-www-form-urlencoded":
            fields = dict(parse_qsl(sent, keep_blank_values=True))
            fields[first] = json.dumps(self._into(json.loads(fields[first]), below)) if below else self._token
            request.body = urlencode(fields)
        elif request.headers.get("Content-Type") == "application/json":
            request.body = json.dumps(self._into(json.loads(sent), list(self._names))).encode()
        return request

    def _into(self, content: Any, names: list[str]) -> Any:
        place = content
        for name in names[:-1]:
            place = place[name]
        place[names[-1]] = self._token
        return content


class _Signed(AuthBase):
    """Headers computed from the request as it goes out."""

    def __init__(self, auth: SignedRequest, secrets: Mapping[str, str], now: Callable[[], float]) -> None:
        self._auth = auth
        self._secrets = secrets
        self._now = now

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        headers = self._auth.sign(
            self._secrets,
            str(request.method),
            str(request.url),
            body.encode() if isinstance(body, str) else body,
            int(self._now()),
        )
        return Headers(headers)(request)


def basic(username: str, password: str) -> AuthBase:
    """HTTP Basic in UTF-8 (RFC 7617)."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return Headers({"Authorization": f"Basic {register(pair)}"})


def auth_of(auth: Auth, secrets: Mapping[str, str], token: str | None = None) -> AuthBase:
    """The wire's form of a declaration.

    Args:
        auth: The declaration.
        secrets: Values of the secrets it names.
        token: The token that was fetched for it, where it is of that kind.
    """
    match auth:
        case BearerToken():
            return Headers({"Authorization": f"Bearer {secrets[auth.secret]}"})
        case Basic():
            password = "" if auth.password is None else secrets[auth.password]
            return basic(secrets[auth.username], password)
        case HeaderKeys():
            return Headers({name: auth.prefixes.get(name, "") + secrets[key] for name, key in auth.headers.items()})
        case QueryKeys():
            return _Query({name: secrets[key] for name, key in auth.parameters.items()})
        case SignedRequest():
            return _Signed(auth, secrets, time.time)
        case OAuth2():
            return Headers({"Authorization": f"Bearer {token}"})
        case SessionLogin(within=names) if names:
            return _Within(names, str(token))
        case SessionLogin():
            return Headers({auth.header: f"{auth.prefix}{token}"})
