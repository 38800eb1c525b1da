"""An invented network that answers over HTTP from what a test says it knows, and nights of a brand that asks it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import msgspec

from affiliate_assets.connectors.language import (
    Answer,
    ApiStream,
    Connector,
    ControlTotals,
    Request,
    Total,
    Window,
)
from affiliate_assets.connectors.planning import Span
from affiliate_assets.landing.night import run_network
from affiliate_assets.landing.report import Night
from affiliate_assets.settings import Settings, load_settings

from .support import SALES, Scripted, connector, listening

TOKEN = "acme-secret-4711-token"
MORNING = datetime(2026, 3, 2, 3, tzinfo=UTC)
DAY = timedelta(days=1)
Record = dict[str, Any]


def sale(number: object = 1, day: str = "2026-03-01", **changes: object) -> Record:
    """A sale as the network sends it; a field that is "absent" is left out."""
    record: Record = {
        "id": number,
        "state": "done",
        "price": {"amount": 10.5, "currency": "EUR"},
        "soldAt": f"{day}T10:00:00",
        "note": None,
    }
    record |= changes
    return {name: value for name, value in record.items() if value != "absent"}


def _sales(account_id: str, window: Window, cursor: str | None) -> Request:
    if window.keys:
        return Request("GET", f"{account_id}/sales", {"ids": ",".join(window.keys)})
    assert window.start is not None
    assert window.end is not None
    return Request("GET", f"{account_id}/sales", {"start": window.start.isoformat(), "end": window.end.isoformat()})


def _report(account_id: str, start: datetime, end: datetime) -> Request:
    return Request("GET", f"{account_id}/report", {"start": start.isoformat(), "end": end.isoformat()})


def _total(answer: Answer) -> Total:
    said = msgspec.json.decode(answer.body)
    return Total(said["records"], Decimal(said["amount"]))


#: The sales of the tests in windows of ten days.
STREAM: ApiStream = replace(SALES, request=_sales, max_span=10 * DAY)
CONTROL = ControlTotals(_report, _total, "amount", frozenset({"void"}), 60 * DAY)


@dataclass
class Network:
    """What the network knows, how it answers instead, and what it was asked.

    Attributes:
        records: All its sales, found by `soldAt` or id.
        report: Records and amount that its report tells; None for the truth.
        instead: Given a path with query, an answer other than the true one, or None.
    """

    records: list[Record] = field(default_factory=list)
    report: tuple[int, str] | None = None
    instead: Callable[[str], Scripted | None] = lambda path: None
    asked: list[str] = field(default_factory=list)

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Scripted:
        self.asked.append(path)
        other = self.instead(path)
        if other is not None:
            return other
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.endswith("/report"):
            found = self._between(query)
            said = self.report or (len(found), str(sum(Decimal(record["price"]["amount"]) for record in found)))
            return Scripted(body=json.dumps({"records": said[0], "amount": said[1]}).encode())
        if "ids" in query:
            wanted = query["ids"].split(",")
            return Scripted(body=json.dumps([r for r in self.records if str(r.get("id")) in wanted]).encode())
        return Scripted(body=json.dumps(self._between(query)).encode())

    def spans(self, since: int = 0) -> list[tuple[str, str]]:
        """First and last day, to the hour, of each window asked for."""
        queries = [parse_qs(urlsplit(path).query) for path in self.asked[since:] if "/sales" in path]
        return [(q["start"][0][:13], q["end"][0][:13]) for q in queries if "start" in q]

    def _between(self, query: dict[str, str]) -> list[Record]:
        start, end = query["start"][:19], query["end"][:19]
        return [record for record in self.records if start <= str(record.get("soldAt", start)) < end]


@dataclass
class AcmeBrand:
    """A brand with accounts at the network; one night of it at a time."""

    settings: Settings
    network: Network
    connector: Connector
    runs: int = 0

    def pull(self, at: datetime = MORNING, *, requested: Span | None = None, follow_changes: bool = True) -> Night:
        self.runs += 1
        return run_network(
            self.settings,
            self.connector,
            requested=requested,
            follow_changes=follow_changes,
            run_id=f"run-{self.runs}",
            as_of=at,
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()

    def declare(self, **changes: object) -> None:
        """Change the declaration of the one stream."""
        (stream,) = self.connector.streams
        self.connector = replace(self.connector, streams=(replace(stream, **changes),))  # type: ignore[arg-type]

    def held(self) -> tuple[bool, str | None]:
        ((held, reasons),) = self.query("select held, reasons from ops.standings where network = 'acme'")
        return held, reasons


@contextmanager
def acme_brand(
    folder: Path, stream: ApiStream = STREAM, *, start: str = "2026-02-10", more: str = ""
) -> Iterator[AcmeBrand]:
    """A brand below a folder that pulls from `start` on (UTC); the environment has to hold ACME_TOKEN."""
    network = Network()
    with listening(network.respond) as url:
        path = folder / "affiliate.toml"
        path.write_text(
            f'[brand]\nname = "Acme"\nreporting_currency = "EUR"\ntime_zone = "UTC"\nstart_date = {start}\n'
            '[privacy]\nhash_key = "env:ACME_TOKEN"\n[pulls]\nattempts = 2\nfirst_wait = 0.01\n'
            f'{more}\n[[accounts]]\nnetwork = "acme"\naccount_id = "A1"\nbase_url = "{url}"\n'
            '[accounts.credentials]\ntoken = "env:ACME_TOKEN"\n',
            encoding="utf-8",
        )
        yield AcmeBrand(load_settings(path), network, connector(url, streams=(stream,)))
