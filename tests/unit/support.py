"""A server that answers from a script, and a small network declared for tests only."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandera.polars as pa

from affiliate_assets.connectors.auth import BearerToken
from affiliate_assets.connectors.language import (
    ApiStream,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.connectors.schema import currency, instant, integer, money, text, word
from affiliate_assets.http.client import NetworkClient, RetryBounds
from affiliate_assets.settings import AccountSettings


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


@contextmanager
def serving(answers: Iterable[Scripted]) -> Iterator[Server]:
    """Answer call after call from the script; the last answer is repeated."""
    script = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            server.moments.append(time.monotonic())
            server.paths.append(self.path)
            server.tokens.append(self.headers.get("Authorization"))
            answer = script.pop(0) if len(script) > 1 else script[0]
            server.under_way.append(1)
            server.most_at_once = max(server.most_at_once, len(server.under_way))
            if answer.seconds:
                time.sleep(answer.seconds)
            server.under_way.pop()
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if "Content-Length" not in dict(answer.headers):
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            return None

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(timeout=5)
