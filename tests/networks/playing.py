"""Plays the sample answers of a network to its connector: the real client asks a server on the loopback interface."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb

from affiliate_assets.connectors.auth import OAuth2, SessionLogin
from affiliate_assets.connectors.language import ApiStream, AsyncJob, Connector
from affiliate_assets.http.calls import CallLog
from affiliate_assets.http.circuit import CircuitBreaker
from affiliate_assets.http.client import NetworkClient, RetryBounds
from affiliate_assets.landing.extract import pull_windows
from affiliate_assets.landing.load import load_stream
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.landing.window import Pull as AccountPull
from affiliate_assets.landing.window import Question
from affiliate_assets.networks import all_connectors, api_connectors
from affiliate_assets.settings import AccountSettings
from tests.networks.cases import BY_FILE, Cases, Pull, cases_of, sample
from tests.networks.dropping import drop_all
from tests.unit.support import FAST, Scripted, listening

SESSION = "session-handed-out-by-the-network"
ONCE = RetryBounds(attempts=1, seconds=10)
Change = Callable[[int, bytes], bytes]


def secret_of(slug: str, name: str) -> str:
    return f"conformance.{slug}.{name}.secret"


@dataclass(frozen=True)
class Hit:
    """One request as the network got it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.path}\n{headers}\n{self.body.decode('utf-8', 'replace')}"


@dataclass
class Stage:
    """A server that answers as the samples say.

    Attributes:
        change: Changes the body of a page before it goes out; None for as it is.
        endless: Answers with the last page for ever.
    """

    connector: Connector
    url: str = ""
    script: list[Scripted] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    logins: list[Hit] = field(default_factory=list)
    change: Change | None = None
    endless: bool = False
    served: int = 0

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Scripted:
        hit = Hit(method, path, headers, body)
        login = self._login(path, body)
        if login is not None:
            self.logins.append(hit)
            return login
        for told in cases_of(self.connector.slug).lookups:
            if _same_path(path, self._path_of(told.path)):
                return _page(self.connector.slug, told.file, {})
        self.hits.append(hit)
        if not self.script:
            return Scripted(599, b"not in the script")
        answer = self.script[0] if self.endless and len(self.script) == 1 else self.script.pop(0)
        content = self._at_home(answer.body)
        if self.change is not None:
            content = self.change(self.served, content)
        self.served += 1
        return replace(answer, body=content)

    def _login(self, path: str, body: bytes) -> Scripted | None:
        auth = self.connector.auth
        if isinstance(auth, OAuth2) and _same_path(path, self._path_of(auth.token_url)):
            told: Any = {"access_token": SESSION, "token_type": "bearer", "expires_in": 3600}
        elif isinstance(auth, SessionLogin) and _same_path(path, self._path_of(auth.path)):
            # Where everything is asked at one address, a login is what carries no session yet.
            if auth.within and SESSION.encode() in body:
                return None
            told = self._session(auth)
        else:
            return None
        return Scripted(200, json.dumps(told).encode(), (("Content-Type", "application/json"),))

    def _session(self, auth: SessionLogin) -> Any:
        """The answer to a login, with the session of these tests."""
        if callable(auth.token):
            login = cases_of(self.connector.slug).login
            assert login is not None
            sent = sample(self.connector.slug, login)
            return json.loads(sent.replace(auth.token(sent).encode(), SESSION.encode()))
        told: Any = SESSION
        for name in reversed(auth.token):
            told = {name: told}
        return told

    def _path_of(self, path: str) -> str:
        return urlsplit(path).path if "://" in path else f"{urlsplit(self.url).path}/{path.lstrip('/')}"

    def _at_home(self, body: bytes) -> bytes:
        """The body with absolute links of the network leading to this server."""
        there, here = urlsplit(self.connector.base_url), urlsplit(self.url)
        for slash in ("/", "\\/"):
            link = f"https:{slash}{slash}{there.netloc}".encode()
            body = body.replace(link, f"http:{slash}{slash}{here.netloc}".encode())
        return body


def _same_path(one: str, other: str) -> bool:
    return one.partition("?")[0].strip("/") == other.partition("?")[0].strip("/")


@contextmanager
def stage(slug: str, monkeyed: Connector | None = None) -> Iterator[Stage]:
    """A server for the network, below the same path as its base URL, with its limits and pauses out of the way."""
    connector = _quick(monkeyed or api_connectors()[slug])
    set_up = Stage(connector)
    with listening(lambda *hit: set_up.respond(*hit)) as url:
        set_up.url = url + urlsplit(connector.base_url).path.rstrip("/")
        auth = connector.auth
        if isinstance(auth, OAuth2) and "://" in auth.token_url:
            moved = replace(auth, token_url=url + urlsplit(auth.token_url).path)
            set_up.connector = replace(connector, auth=moved)
        yield set_up


def _quick(connector: Connector) -> Connector:
    return replace(connector, limits=(FAST,), streams=tuple(_impatient(stream) for stream in connector.streams))


def _impatient(stream: ApiStream) -> ApiStream:
    job: AsyncJob | None = stream.job and replace(stream.job, every=timedelta(milliseconds=5))
    return replace(stream, control=None, job=job)


def script_of(slug: str, pull: Pull) -> list[Scripted]:
    """The answers of a pull, in turn."""
    answers = []
    if pull.job is not None:
        answers += [_page(slug, file, {}) for file in (pull.job.submit, *pull.job.poll)]
    return answers + [_page(slug, page.file, page.headers) for page in pull.files]


def _page(slug: str, file: str, headers: Mapping[str, str]) -> Scripted:
    return Scripted(200, sample(slug, file), tuple({"Content-Type": "application/json", **headers}.items()))


def client_of(on: Stage, folder: Path, account_id: str, *, calls: CallLog | None = None) -> NetworkClient:
    """The real client of one account, asking the stage."""
    slug = on.connector.slug
    told = next((a for a in cases_of(slug).accounts if a.account_id == account_id), None)
    names = on.connector.auth.secrets
    for name in names:
        os.environ[f"CONFORMANCE_{slug}_{name}".upper()] = secret_of(slug, name)
    settings = AccountSettings.model_validate(
        {
            "network": slug,
            "account_id": account_id,
            "base_url": on.url.replace("{account_id}", account_id),
            "time_zone": told.time_zone if told else None,
            "credentials": {name: f"env:{f'CONFORMANCE_{slug}_{name}'.upper()}" for name in names},
        }
    )
    return NetworkClient(on.connector, settings, folder / "budgets.sqlite", ONCE, calls=calls)


def play(on: Stage, pull: Pull, folder: Path, *, calls: CallLog | None = None) -> Manifest:
    """Ask what the pull asks; its pages are landed below the folder."""
    slug = on.connector.slug
    account_id = pull.account_id or cases_of(slug).accounts[0].account_id
    client = client_of(on, folder, account_id, calls=calls)
    circuit = CircuitBreaker(folder / "circuits.sqlite", slug, account_id)
    start = pull.window.start or datetime(2026, 1, 1, tzinfo=UTC)
    account = AccountPull(client, circuit, folder / "landing", "run-1", pull.at, start)
    question = Question(on.connector.stream(pull.stream), pull.question())
    manifests = pull_windows(account, [question])
    return manifests[0]


@dataclass(frozen=True)
class Played:
    """All pulls of a network's samples, landed and loaded."""

    slug: str
    folder: Path
    manifests: tuple[Manifest, ...]
    hits: tuple[tuple[Hit, ...], ...]
    logins: tuple[Hit, ...]
    log: str

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with connection(self.warehouse) as opened:
            return rows_of(opened, sql)


def rows_of(warehouse: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> list[dict[str, Any]]:
    found = warehouse.execute(sql, list(parameters))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def play_all(slug: str, folder: Path) -> Played:
    """Every pull of the cases in turn, then a load of everything."""
    if slug in BY_FILE:
        dropped = drop_all(slug, folder)
        load(slug, folder / "landing", folder / "warehouse.duckdb")
        return Played(slug, folder, dropped, (), (), "")
    cases: Cases = cases_of(slug)
    manifests, hits = [], []
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with stage(slug) as on:
            calls = CallLog(folder / "calls.ndjson", "run-1", datetime(2026, 1, 1, tzinfo=UTC))
            for pull in cases.pulls:
                on.script, on.hits = script_of(slug, pull), []
                manifests.append(play(on, pull, folder, calls=calls))
                hits.append(tuple(on.hits))
            logins = tuple(on.logins)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    load(slug, folder / "landing", folder / "warehouse.duckdb")
    return Played(slug, folder, tuple(manifests), tuple(hits), logins, heard.getvalue())


def load(slug: str, landing: Path, warehouse: Path) -> None:
    connector = all_connectors()[slug]
    with connection(warehouse) as opened:
        create_tables(opened, slug, connector.streams)
        for stream in connector.streams:
            load_stream(opened, landing, slug, stream)


def flattened(value: Any, prefix: str) -> Iterator[str]:
    """`a.b=value` for every leaf."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from flattened(inner, f"{prefix}.{name}")
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from flattened(inner, f"{prefix}.{number}")
    else:
        yield f"{prefix}={value}"


def as_text(request: Any) -> str:
    """A request as `cases.json` looks at it: one line each for path, parameters, form fields and JSON values."""
    path, _, query = request.path.partition("?")
    lines = [f"{request.method} {path}"]
    lines += [re.sub(r"^([^=]+)=?", r"\1=", part) for part in query.split("&") if part]
    for name, value in request.params.items():
        lines += [f"{name}={each}" for each in (value if isinstance(value, tuple) else (value,))]
    lines += [f"form.{name}={value}" for name, value in (request.form or {}).items()]
    lines += [f"header.{name}={value}" for name, value in request.headers.items()]
    return "\n".join([*lines, *flattened(request.json or {}, "json")])
