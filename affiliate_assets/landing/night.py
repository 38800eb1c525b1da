"""One source's share of a night: plan, pull, load. Called by a Dagster step, by the command line, by tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from affiliate_assets.connectors.language import ApiStream, Connector, Stream, Window
from affiliate_assets.connectors.planning import Span, plan_windows
from affiliate_assets.crm.exports import SOURCE as CRM
from affiliate_assets.crm.exports import land_exports
from affiliate_assets.crm.streams import FILE_STREAMS, FileStream
from affiliate_assets.errors import AffiliateError, ConfigError, Where
from affiliate_assets.http.client import NetworkClient, budgets_file
from affiliate_assets.landing.extract import pull_windows, side_by_side
from affiliate_assets.landing.load import LoadResult, load_stream
from affiliate_assets.landing.pages import Manifest, write_whole
from affiliate_assets.landing.state import stream_state
from affiliate_assets.landing.tables import create_tables, store_configuration
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.secrets import resolve
from affiliate_assets.settings import AccountSettings, Settings

Plan = list[tuple[ApiStream, Window]]


@dataclass(frozen=True, slots=True)
class Night:
    """What one source brought.

    Attributes:
        windows: What was asked for and how it ended.
        loads: What reached the warehouse, by stream name.
        problems: Why the source is not in order, one sentence each; empty when it is.
        not_asked: Those of the problems that kept an account or folder from being read at all.
    """

    windows: tuple[Manifest, ...]
    loads: dict[str, LoadResult]
    problems: tuple[str, ...]
    not_asked: tuple[str, ...] = ()


class SourceReport(msgspec.Struct):
    """One source's line in the report of a run."""

    source: str
    windows: int
    complete: int
    requests: int
    records: int
    new_versions: int
    rejected: int
    problems: list[str]

    def __str__(self) -> str:
        state = "complete" if not self.problems else "NOT IN ORDER"
        return (
            f"{self.source}: {state}, {self.complete} of {self.windows} windows, {self.requests} calls,"
            f" {self.records} records read, {self.new_versions} new or changed, {self.rejected} in quarantine"
        )


def save_report(settings: Settings, run_id: str, source: str, night: Night) -> None:
    """Keep the outcome of one source where the other steps of the run, and the command line, find it."""
    report = SourceReport(
        source=source,
        windows=len(night.windows),
        complete=sum(window.status == "complete" for window in night.windows),
        requests=sum(window.requests for window in night.windows),
        records=sum(load.records for load in night.loads.values()),
        new_versions=sum(load.new_versions for load in night.loads.values()),
        rejected=sum(load.verdict.rejected for load in night.loads.values()),
        problems=list(night.problems),
    )
    folder = _reports(settings, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{source}.json", msgspec.json.encode(report))


def read_reports(settings: Settings, run_id: str) -> list[SourceReport]:
    """The reports of one run, by source."""
    files = sorted(_reports(settings, run_id).glob("*.json"))
    return [msgspec.json.decode(file.read_bytes(), type=SourceReport) for file in files]


def _reports(settings: Settings, run_id: str) -> Path:
    return settings.data / "state" / "nights" / run_id


def run_network(
    settings: Settings,
    connector: Connector,
    *,
    requested: Span | None,
    follow_changes: bool,
    run_id: str,
    as_of: datetime,
) -> Night:
    """Pull and load one network; a failing account is told in `problems`, the others go on."""
    plans = plan_network(settings, connector, requested=requested, follow_changes=follow_changes, as_of=as_of)
    problems: list[str] = []

    def task(account: AccountSettings, plan: Plan) -> Callable[[], list[Manifest]]:
        def pull() -> list[Manifest]:
            try:
                client = NetworkClient(connector, account, budgets_file(settings.data))
                return pull_windows(client, plan, landing=settings.landing, run_id=run_id, as_of=as_of)
            except AffiliateError as error:
                problems.append(str(error.at(Where(connector.slug, account.account_id))))
                return []

        return pull

    windows = side_by_side(task(account, plan) for account, plan in plans)
    return _loaded(settings, connector.slug, connector.streams, windows, problems)


def plan_network(
    settings: Settings, connector: Connector, *, requested: Span | None, follow_changes: bool, as_of: datetime
) -> list[tuple[AccountSettings, Plan]]:
    """The windows of every account of the network, in the order they will be asked."""
    accounts = settings.accounts_of(connector.slug)
    with connection(settings.warehouse) as warehouse:
        create_tables(warehouse, connector.slug, connector.streams)
        store_configuration(warehouse, settings, as_of)
        return [
            (
                account,
                [
                    (stream, window)
                    for stream in connector.streams
                    for window in plan_windows(
                        stream,
                        stream_state(warehouse, connector.slug, stream, account.account_id),
                        start=settings.start(),
                        now=as_of,
                        requested=requested,
                        follow_changes=follow_changes,
                    )
                ],
            )
            for account in accounts
        ]


def run_exports(settings: Settings, *, run_id: str, as_of: datetime) -> Night:
    """Land and load the brand's own files; a refused file is told in `problems`."""
    problems: list[str] = []
    windows: list[Manifest] = []
    try:
        hash_key = resolve(settings.privacy.hash_key, Where(CRM))
    except ConfigError as error:
        problems.append(str(error))
    else:
        for stream in FILE_STREAMS:
            files = export_files(settings, stream)
            windows += land_exports(
                stream, files, landing=settings.landing, hash_key=hash_key, run_id=run_id, as_of=as_of
            )
    with connection(settings.warehouse) as warehouse:
        create_tables(warehouse, CRM, FILE_STREAMS)
        store_configuration(warehouse, settings, as_of)
    return _loaded(settings, CRM, FILE_STREAMS, windows, problems)


def export_files(settings: Settings, stream: FileStream) -> list[Path]:
    """The files of one kind that lie in the configured folders now."""
    return sorted(
        file
        for export in settings.exports
        if export.stream == stream.name
        for file in settings.config_path.parent.glob(export.path)
        if file.is_file()
    )


def _loaded(
    settings: Settings, source: str, streams: Sequence[Stream], windows: list[Manifest], not_asked: list[str]
) -> Night:
    with connection(settings.warehouse) as warehouse:
        loads = {stream.name: load_stream(warehouse, settings.landing, source, stream) for stream in streams}
    problems = [*not_asked, *(window.message for window in windows if window.status != "complete" and window.message)]
    limit = settings.quality.max_rejected_share
    for name, load in loads.items():
        verdict = load.verdict
        if verdict.rejected_share > limit or verdict.flagged:
            failed = ", ".join(f"{check} ({count})" for check, count in verdict.checks.items())
            problems.append(
                f"[{Where(source, stream=name)}] {verdict.rejected} of {verdict.accepted + verdict.rejected} records"
                f" are in quarantine and {verdict.flagged} are flagged: {failed}."
                f" Next: read quarantine.{source}__{name} in the warehouse."
            )
    return Night(tuple(windows), loads, tuple(problems), tuple(not_asked))
