"""Released instructions → calls, each made once: written down before, and what came of it written down after."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

import duckdb

from affiliate_assets.connectors.corrections import Corrections, Instruction, Receipt
from affiliate_assets.connectors.language import Connector, Priority, Request
from affiliate_assets.corrections.drafting import published_file, record_of, still_asked
from affiliate_assets.corrections.files import put_files
from affiliate_assets.corrections.journal import FROM, Entry, Event, Journal, Line
from affiliate_assets.errors import (
    AffiliateError,
    BudgetSpent,
    ConfigError,
    ContractError,
    CredentialRefused,
    NetworkStopped,
    RateLimited,
    RecordError,
    Where,
)
from affiliate_assets.http.calls import About, CallLog
from affiliate_assets.http.client import NetworkClient, RetryBounds, budgets_file
from affiliate_assets.landing.calls import calls_file
from affiliate_assets.networks import api_connectors
from affiliate_assets.settings import Settings

#: A call that changes something is made once: whether it was heard shows in the data, not in another call.
ONCE = RetryBounds(attempts=1)
Send = Callable[[Connector, str, Request, Corrections], Receipt]


@dataclass(frozen=True, slots=True)
class Batch:
    """Instructions that go in one call."""

    connector: Connector
    corrections: Corrections
    account_id: str
    entries: tuple[Entry, ...]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return tuple(entry.instruction for entry in self.entries)

    @property
    def ids(self) -> list[str]:
        return [told.instruction_id for told in self.instructions]

    @property
    def within_seconds(self) -> int:
        return int(self.corrections.within.total_seconds())

    @property
    def batch_id(self) -> str:
        """The same for the same instructions of the same attempts."""
        return "-".join((self.connector.slug, self.ids[0], str(len(self.ids)), str(self.entries[0].attempt)))

    def request(self, at: datetime) -> Request:
        """The call.

        Raises:
            RecordError: It is not of the shape that the network publishes.
        """
        request = self.corrections.request(self.account_id, self.instructions, at)
        self.corrections.shape(request)
        return request


def batches(entries: Sequence[Entry]) -> Iterator[Batch]:
    """The entries by network and account, none larger than the network takes."""
    connectors = api_connectors()
    together: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        told = entry.instruction
        corrections = connectors[told.network].corrections
        if corrections is not None:
            alike = "" if corrections.mixed else told.action
            together.setdefault((told.network, told.account_id, alike), []).append(entry)
    for (network, account_id, _), here in sorted(together.items()):
        connector = connectors[network]
        assert connector.corrections is not None
        size = connector.corrections.batch
        for start in range(0, len(here), size):
            yield Batch(connector, connector.corrections, account_id, tuple(here[start : start + size]))


def described(connector: Connector, request: Request) -> str:
    """The call as it would go out, without the credential."""
    if connector.corrections and connector.corrections.by_hand:
        return f"file …{request.path}\n{(request.content or b'').decode()}".rstrip()
    elsewhere = connector.corrections.base_url if connector.corrections else ""
    address = f"{(elsewhere or connector.base_url).rstrip('/')}/{request.path}"
    if request.params:
        address += "?" + urlencode(list(request.params.items()), doseq=True)
    body = request.content.decode() if request.content is not None else ""
    if request.json is not None:
        body = json.dumps(request.json, ensure_ascii=False)
    if request.form is not None:
        body = urlencode(dict(request.form))
    headers = [f"{name}: {value}" for name, value in request.headers.items()]
    return "\n".join([f"{request.method} {address}", *headers, *([body] if body else [])])


def overtaken(settings: Settings, journal: Journal, entries: Sequence[Entry], at: datetime) -> list[Entry]:
    """Take back what the data have overtaken since it was drafted; the rest is returned.

    An account whose network is withheld is left for later.
    """
    if not entries:
        return []
    with duckdb.connect(published_file(settings), read_only=True) as marts:
        withheld = set(
            marts.execute("select network, account_id, conversion_id from fct_conversions where is_withheld").fetchall()
        )
    certain = [entry for entry in entries if record_of(entry) not in withheld]
    asked = still_asked(settings, [entry.instruction for entry in certain])
    gone = [name for entry in certain if (name := entry.instruction.instruction_id) not in asked]
    journal.add(Line(at, "withdrawn", gone, message="the figures no longer ask for it as it was drafted"))
    return [entry for entry in certain if entry.instruction.instruction_id in asked]


def send(settings: Settings, journal: Journal, at: datetime, call: Send | None = None) -> list[str]:
    """Send what is released, batch by batch, and return a sentence on each; a file for a person is written instead.

    Args:
        settings: The configuration.
        journal: The journal, held.
        at: The present.
        call: Makes the call; over HTTP where None.
    """
    call = call or _over_http(settings, at)
    told = []
    overtaken(settings, journal, journal.of(["written"]), at)
    for batch in batches(overtaken(settings, journal, journal.of(["released"]), at)):
        where = f"{batch.connector.title} {batch.account_id}, {len(batch.ids)} instructions"
        try:
            request = batch.request(at)
        except RecordError as error:
            told.append(f"{where}: not sent, and still released: {error}")
            continue
        if batch.corrections.by_hand:
            journal.add(Line(at, "written", batch.ids, batch_id=batch.batch_id, within_seconds=batch.within_seconds))
        else:
            told.append(f"{where}: {_send(journal, batch, request, at, call)}")
    told += [f"{file.path}, {len(file.ids)} instructions: {file.steps}" for file in put_files(settings.data, journal)]
    return told


def _send(journal: Journal, batch: Batch, request: Request, at: datetime, call: Send) -> str:
    ids, batch_id = batch.ids, batch.batch_id
    journal.add(Line(at, "sending", ids, batch_id=batch_id, within_seconds=batch.within_seconds))
    try:
        receipt = call(batch.connector, batch.account_id, request, batch.corrections)
    except AffiliateError as error:
        event = _after(error)
        journal.add(Line(at, event, ids, batch_id=batch_id, message=error.what))
        return f"{_SAID[event]}: {error}"
    refused = {told.instruction_id: receipt.refused[told.record_id] for told in batch.instructions
               if told.record_id in receipt.refused}  # fmt: skip
    for name, why in refused.items():
        journal.add(Line(at, "refused", [name], batch_id=batch_id, reference=receipt.reference, message=why))
    taken = [name for name in ids if name not in refused]
    journal.add(Line(at, "sent", taken, batch_id=batch_id, reference=receipt.reference))
    return f"sent as {receipt.reference or batch_id}" + (f", {len(refused)} refused" if refused else "")


_After = Literal["put_back", "refused", "unknown"]
_SAID: dict[_After, str] = {
    "put_back": "not sent, and still released",
    "refused": "refused by the network",
    "unknown": "whether it was heard is not known; the next pull shows it, and it is not sent again before",
}


def _after(error: AffiliateError) -> _After:
    """What an error of the one call says about the instructions: only a plain refusal or no call at all is certain."""
    status = error.evidence.status if error.evidence else None
    # A network that is out of order may have done it before, whatever it says of its limit.
    if status is not None and status >= 500:
        return "unknown"
    if isinstance(error, BudgetSpent | ConfigError | CredentialRefused | RateLimited):
        return "put_back"
    if isinstance(error, ContractError) or not isinstance(error, NetworkStopped):
        return "unknown"
    if status is not None and status < 400:
        return "unknown"
    return "put_back" if status == 403 else "refused"


def _over_http(settings: Settings, at: datetime) -> Send:
    clients: dict[tuple[str, str], NetworkClient] = {}

    def call(connector: Connector, account_id: str, request: Request, corrections: Corrections) -> Receipt:
        key = connector.slug, account_id
        if key not in clients:
            account = next((a for a in settings.accounts_of(connector.slug) if a.account_id == account_id), None)
            if account is None:
                raise ConfigError(
                    "The account is not configured any more.",
                    next_step="add it again, or withdraw its instructions.",
                    where=Where(*key),
                )
            calls = CallLog(calls_file(settings.landing, *key, "corrections"), "corrections", at)
            clients[key] = NetworkClient(
                replace(connector, base_url=corrections.base_url or connector.base_url),
                account,
                budgets_file(settings.data),
                bounds=ONCE,
                priority=Priority.INTERACTIVE,
                calls=calls,
            )
        return clients[key].send(request, corrections.read, About(purpose="correction")).value

    return call


def settle(settings: Settings, journal: Journal, at: datetime) -> tuple[int, int]:
    """Write down what the published figures prove: how many were taken, and how many not within their time."""
    try:
        file = published_file(settings)
    except ConfigError:
        return 0, 0
    with duckdb.connect(file, read_only=True) as marts:
        there = marts.execute("select 1 from duckdb_tables() where table_name = 'rpt_corrections'").fetchone()
        judged = "select instruction_id, sent_at, correction_outcome from rpt_corrections"
        rows = marts.execute(judged).fetchall() if there else []
    found: dict[Event, list[str]] = {"taken": [], "not_taken": []}
    for name, sent_at, outcome in rows:
        entry = journal.entries.get(name)
        if entry is None or outcome not in found or entry.sent_at is None or sent_at is None:
            continue
        if entry.state in FROM[outcome] and sent_at.replace(tzinfo=UTC) == entry.sent_at.astimezone(UTC):
            found[outcome].append(name)
    journal.add(Line(at, "taken", found["taken"], message="the pull shows it"))
    journal.add(Line(at, "not_taken", found["not_taken"], message="the pull shows it unchanged after its time"))
    return len(found["taken"]), len(found["not_taken"])
