"""`pages/cases.json` of each network: what its sample answers are, and what they should become."""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affiliate_assets import networks
from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.language import Answer, ApiStream, Window
from affiliate_assets.networks import all_connectors, api_connectors, file_connectors

Row = dict[str, Any]


class Account(msgspec.Struct, forbid_unknown_fields=True):
    """An account of the samples; the first is that of pulls which name none."""

    account_id: str
    currency: str | None = None
    time_zone: str | None = None


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The window that a pull asks for; without any value, the whole listing."""

    clock: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    keys: tuple[str, ...] = ()


class PageFile(msgspec.Struct, forbid_unknown_fields=True):
    """An answer as sent, with the headers that matter."""

    file: str
    headers: dict[str, str] = {}


class Job(msgspec.Struct, forbid_unknown_fields=True):
    """Answers of a job before its pages: to the request that queues it, then to each poll."""

    submit: str
    poll: tuple[str, ...]


class Pull(msgspec.Struct, forbid_unknown_fields=True):
    """One window of one stream, asked at an instant, with the answers in turn and what becomes of their records."""

    stream: str
    at: datetime
    pages: tuple[str | PageFile, ...]
    accepted: int
    rejected: int
    window: Asked = Asked()
    account_id: str | None = None
    job: Job | None = None

    @property
    def files(self) -> tuple[PageFile, ...]:
        return tuple(PageFile(page) if isinstance(page, str) else page for page in self.pages)

    def question(self) -> Window:
        asked = self.window
        return Window("sample", asked.clock, asked.start, asked.end, asked.keys)


class ErrorForm(msgspec.Struct, forbid_unknown_fields=True):
    """An answer that stands for an error."""

    file: str
    raises: str
    retry_after: float | None = None
    stream: str | None = None


class Control(msgspec.Struct, forbid_unknown_fields=True):
    """A control total: the sample report and what it says."""

    file: str
    records: int
    amount: str


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """The answer to what requests leave to the network to tell (`connectors.lookup`), whenever it is asked."""

    path: str
    file: str


class Written(msgspec.Struct, forbid_unknown_fields=True):
    """How a question shows its span; see docs/adding-a-network.md."""

    start: str
    end: str | None
    form: str
    zone: str = "UTC"
    unit: str = "second"
    last: str = "excluded"


class Cases(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that `cases.json` says."""

    accounts: tuple[Account, ...]
    pulls: tuple[Pull, ...]
    valid: dict[str, list[Row]]
    canonical: dict[str, list[Row]]
    errors: tuple[ErrorForm, ...]
    windows: dict[str, dict[str, Written]]
    personal: dict[str, tuple[str, ...]]
    unverified: tuple[str, ...]
    harmless: dict[str, dict[str, str]] = {}
    controls: dict[str, Control] = {}
    lookups: tuple[Told, ...] = ()
    login: str | None = None

    def account(self, account_id: str | None) -> Account:
        return next(account for account in self.accounts if account_id in (None, account.account_id))

    def pulls_of(self, stream: str) -> list[Pull]:
        return [pull for pull in self.pulls if pull.stream == stream]

    def files(self) -> set[str]:
        """Every file that some case names."""
        named = {error.file for error in self.errors} | {control.file for control in self.controls.values()}
        named |= {lookup.file for lookup in self.lookups}
        named |= {self.login} if self.login else set()
        for pull in self.pulls:
            named |= {page.file for page in pull.files}
            if pull.job is not None:
                named |= {pull.job.submit, *pull.job.poll}
        return named


def pages_folder(slug: str) -> Path:
    return Path(networks.__path__[0]) / slug / "pages"


@cache
def cases_of(slug: str) -> Cases:
    return msgspec.json.decode((pages_folder(slug) / "cases.json").read_bytes(), type=Cases)


def sample(slug: str, file: str) -> bytes:
    return (pages_folder(slug) / file).read_bytes()


def error_answer(slug: str, form: ErrorForm) -> Answer:
    """The answer that an error file describes."""
    told = json.loads(sample(slug, form.file))
    headers = {name.lower(): str(value) for name, value in told.get("headers", {}).items()}
    body = told.get("body")
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    served = headers.get("date")
    return Answer(told["status"], headers, content, None if served is None else parsedate_to_datetime(served))


NETWORKS = all_connectors()
# Those that are asked over HTTP, and those that are read from dropped files.
CONNECTORS, BY_FILE = api_connectors(), file_connectors()
STREAMS = [(slug, stream.name) for slug, connector in CONNECTORS.items() for stream in connector.streams]
CLOCKS = [
    (slug, stream.name, clock.name)
    for slug, connector in CONNECTORS.items()
    for stream in connector.streams
    for clock in stream.clocks
]


def stream_of(slug: str, name: str) -> ApiStream:
    return CONNECTORS[slug].stream(name)


def any_stream_of(slug: str, name: str) -> ApiStream | FileStream:
    return (CONNECTORS | BY_FILE)[slug].stream(name)


def per_network(function: Any) -> Any:
    return pytest.mark.parametrize("slug", sorted(CONNECTORS))(function)


def per_any_network(function: Any) -> Any:
    """Networks with an API and those by file."""
    return pytest.mark.parametrize("slug", sorted(NETWORKS))(function)


def per_any_stream(function: Any) -> Any:
    """Streams of networks with an API and of those by file."""
    streams = [(slug, stream.name) for slug, network in NETWORKS.items() for stream in network.streams]
    ids = [f"{slug}-{name}" for slug, name in streams]
    return pytest.mark.parametrize(("slug", "name"), streams, ids=ids)(function)


def per_dropped_network(function: Any) -> Any:
    return pytest.mark.parametrize("slug", sorted(BY_FILE))(function)


def per_dropped_stream(function: Any) -> Any:
    streams = [(slug, stream.name) for slug, network in BY_FILE.items() for stream in network.streams]
    return pytest.mark.parametrize(("slug", "name"), streams, ids=["-".join(entry) for entry in streams])(function)


def per_stream(function: Any) -> Any:
    ids = [f"{slug}-{name}" for slug, name in STREAMS]
    return pytest.mark.parametrize(("slug", "name"), STREAMS, ids=ids)(function)


def per_clock(function: Any) -> Any:
    ids = ["-".join(entry) for entry in CLOCKS]
    return pytest.mark.parametrize(("slug", "name", "clock"), CLOCKS, ids=ids)(function)
