"""A client of the standard library, so that nothing of the project's own reads the sandbox's answers."""

import json
import socket
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
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


def send(url: str, token: str | None = None, body: object = None, method: str | None = None) -> Reply:
    """GET, or POST a JSON body, unless another method is named."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data, headers, method=method), timeout=20) as reply:
            return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
    except HTTPError as reply:
        with reply:
            return Reply(reply.code, {k.lower(): v for k, v in reply.headers.items()}, reply.read())


@dataclass(frozen=True)
class Bytes:
    """What came over a connection of its own, how it ended, and how long it took in seconds."""

    head: bytes
    body: bytes
    ended: Literal["closed", "reset"]
    seconds: float


def plain(url: str, token: str, body: object = None) -> Bytes:
    """Send one call on a socket and read until the other side ends the connection."""
    data = b"" if body is None else json.dumps(body).encode()
    parts = urlsplit(url)
    lines = [
        f"{'GET' if body is None else 'POST'} {parts.path}?{parts.query} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(data)}",
        "Connection: close",
    ]
    got, ended = b"", "closed"
    started = time.monotonic()
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + data)
        try:
            while piece := connection.recv(65_536):
                got += piece
        except ConnectionResetError:
            ended = "reset"
    head, _, rest = got.partition(b"\r\n\r\n")
    return Bytes(head, rest, "reset" if ended == "reset" else "closed", time.monotonic() - started)


def awin(sandbox: Sandbox, path: str, token: str | None = None, **query: str) -> Reply:
    """GET below Awin's base with the right token unless another is given."""
    url = f"{sandbox.url('awin')}{path}" + (f"?{urlencode(query)}" if query else "")
    return send(url, sandbox.token("awin") if token is None else token or None)


def cj(sandbox: Sandbox, query: str, token: str | None = None, **body: object) -> Reply:
    """POST a query to CJ with the right token unless another is given."""
    token = sandbox.token("cj") if token is None else token or None
    return send(f"{sandbox.url('cj')}/query", token, {"query": query, **body})
