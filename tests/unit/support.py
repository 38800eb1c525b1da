"""A server that answers from a script, and a small network declared for tests only."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandera.polars as pa
import pytest

from affiliate_assets.connectors.auth import BearerToken
from affiliate_assets.connectors.language import ApiStream, Clock, Connector, OpenRecords, RateLimit, Request, Window
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.connectors.schema import currency, instant, integer, money, text, word
from affiliate_assets.http.client import NetworkClient, RetryBounds
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.settings import AccountSettings
from tests.conftest import BRAND, HASH_KEY


def configured(folder: Path, monkeypatch: pytest.MonkeyPatch, **exports: str) -> Path:
    """Writes `affiliate.toml` of a brand with these exports, path by stream, and sets its hash key."""
    lines = list(BRAND)
    for stream, path in exports.items():
        lines += ["[[exports]]", f'stream = "{stream}"', f'path = "{path}"']
    file = folder / "affiliate.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv(HASH_KEY, "a key")
    return file


def stored(*parts: int) -> datetime:
    """An instant as the warehouse keeps it: UTC without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


FAST = RateLimit(1000, timedelta(seconds=1))
QUICK = RetryBounds(attempts=3, seconds=10, first_wait=0.01, longest_wait=0.02)


def _request(account_id: str, window: Window, cursor: str | None) -> Request:
    return Request("GET", f"{account_id}/sales", {"day": str(window.start)} if window.start else {})


SALES = ApiStream(
    name="sales",
    description="A sale.",
    key=("id",),
    request=_request,
    paging=WholeWindow(),
    allowed=frozenset({"id", "state", "price", "soldAt", "note"}),
    dropped=frozenset({"email"}),
    clocks=(Clock("sold", "sold_at", "new sales", timedelta(0)),),
    open_records=OpenRecords("state", frozenset({"open"}), timedelta(0)),
    schema=pa.DataFrameSchema(
        {
            "id": integer("id", "Id.", pa.Check.gt(0), required=True),
            "state": word("state", "State.", ("open", "done"), required=True),
            "amount": money("price.amount", "Price.", required=True),
            "currency": currency("price.currency", "Currency of the price.", required=True),
            "sold_at": instant("soldAt", "Sale.", required=True),
            "note": text("note", "Note."),
        },
        strict=True,
    ),
)


AT = datetime(2026, 3, 2, 3, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)


def manifest(window_id: str = "w1", **changes: object) -> Manifest:
    """A window of the sales of A1, from `START` to `AT`, asked for at `AT`."""
    values: dict[str, object] = {
        "network": "acme",
        "account_id": "A1",
        "stream": "sales",
        "clock": "sold",
        "window_start": START,
        "window_end": AT,
        "keys": 0,
        "reason": "test",
        "time_zone": "UTC",
        "run_id": "r1",
        "as_of": AT,
        "started_at": AT,
    }
    return Manifest(window_id=window_id, **(values | changes))  # type: ignore[arg-type]


def connector(base_url: str = "http://127.0.0.1:9", **changes: object) -> Connector:
    values: dict[str, object] = {
        "slug": "acme",
        "title": "Acme Network",
        "base_url": base_url,
        "auth": BearerToken(),
        "limits": (FAST,),
        "streams": (SALES,),
        "probe": lambda account_id: Request("GET", "me"),
        "owner": "team:tests",
        "docs_url": "https://acme.example",
    }
    return Connector(**(values | changes))  # type: ignore[arg-type]


def account(reference: str = "env:ACME_TOKEN", **changes: object) -> AccountSettings:
    return AccountSettings.model_validate(
        {"network": "acme", "account_id": "A1", "credentials": {"token": reference}} | changes
    )


def client(base_url: str, folder: Path, bounds: RetryBounds = QUICK, **changes: object) -> NetworkClient:
    return NetworkClient(connector(base_url, **changes), account(), folder / "budgets.sqlite", bounds=bounds)


@dataclass(frozen=True)
class Scripted:
    """One answer of the script."""

    status: int = 200
    body: bytes = b"[]"
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0


@dataclass
class Server:
    """The running server: where it listens, what it was asked, and how many calls were under way at most."""

    url: str
    paths: list[str] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    under_way: list[int] = field(default_factory=list)
    most_at_once: int = 0
    tokens: list[str | None] = field(default_factory=list)


Respond = Callable[[str, str, Mapping[str, str], bytes], Scripted]


@contextmanager
def listening(respond: Respond) -> Iterator[str]:
    """Answer each call by method, path with query, headers and body; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = respond(self.command, self.path, dict(self.headers.items()), body)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if "Content-Length" not in dict(answer.headers):
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            return None

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_address[1]}"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(timeout=5)


@contextmanager
def serving(answers: Iterable[Scripted]) -> Iterator[Server]:
    """Answer call after call from the script; the last answer is repeated."""
    script, server = list(answers), Server("")

    def respond(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Scripted:
        server.moments.append(time.monotonic())
        server.paths.append(path)
        server.tokens.append(headers.get("Authorization"))
        answer = script.pop(0) if len(script) > 1 else script[0]
        server.under_way.append(1)
        server.most_at_once = max(server.most_at_once, len(server.under_way))
        if answer.seconds:
            time.sleep(answer.seconds)
        server.under_way.pop()
        return answer

    with listening(respond) as server.url:
        yield server


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n[1]"


@contextmanager
def socket_serving(talk: Callable[[socket.socket, int], None]) -> Iterator[str]:
    """A server that speaks bytes: `talk` gets each connection, its request read, and its number from 0."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        for number in range(100):
            connection, _ = listener.accept()
            with connection:
                if stop.is_set():
                    return
                connection.recv(65536)
                with suppress(OSError):
                    talk(connection, number)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        with suppress(OSError), socket.create_connection(listener.getsockname(), timeout=1):
            pass
        thread.join(timeout=10)
        listener.close()
