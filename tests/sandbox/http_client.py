"""A client of the standard library, so that nothing of the project's own reads the sandbox's answers."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from affiliate_assets.sandbox import Sandbox


@dataclass(frozen=True)
class Reply:
    """Status, headers and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, fractions as decimals."""
        return json.loads(self.body, parse_float=Decimal)


def send(url: str, token: str | None = None, body: object = None) -> Reply:
    """GET, or POST a JSON body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data, headers), timeout=20) as reply:
            return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
    except HTTPError as reply:
        with reply:
            return Reply(reply.code, {k.lower(): v for k, v in reply.headers.items()}, reply.read())


def awin(sandbox: Sandbox, path: str, token: str | None = None, **query: str) -> Reply:
    """GET below Awin's base with the right token unless another is given."""
    url = f"{sandbox.url('awin')}{path}" + (f"?{urlencode(query)}" if query else "")
    return send(url, sandbox.token("awin") if token is None else token or None)


def cj(sandbox: Sandbox, query: str, token: str | None = None, **body: object) -> Reply:
    """POST a query to CJ with the right token unless another is given."""
    token = sandbox.token("cj") if token is None else token or None
    return send(f"{sandbox.url('cj')}/query", token, {"query": query, **body})
