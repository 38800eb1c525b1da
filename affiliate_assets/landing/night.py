"""One source's share of a night: plan, pull, load. Called by a Dagster step, by the command line, by tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime

from affiliate_assets.connectors.files import FileSource
from affiliate_assets.connectors.language import Connector, Priority, Stream
from affiliate_assets.connectors.planning import Span
from affiliate_assets.corrections.loading import load_corrections
from affiliate_assets.errors import AffiliateError, Where
from affiliate_assets.http.calls import CallLog
from affiliate_assets.http.circuit import CircuitBreaker, circuits_file
from affiliate_assets.http.client import NetworkClient, RetryBounds, budgets_file
from affiliate_assets.landing.beside import LoadBeside
from affiliate_assets.landing.calls import calls_file, load_calls, load_circuits
from affiliate_assets.landing.configuration import store_configuration
from affiliate_assets.landing.extract import pull_windows, side_by_side
from affiliate_assets.landing.files import Drop, drops_of, land_files
from affiliate_assets.landing.letters import settle_dead_letters
from affiliate_assets.landing.load import LoadResult, added, load_streams
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.plan import AccountPlan, plan_in_question, plan_network
from affiliate_assets.landing.report import Night
from affiliate_assets.landing.resume import sole_pull
from affiliate_assets.landing.standing import mark_made_good, note_standing
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.validation import Verdict, broken_rules
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.landing.window import Pull
from affiliate_assets.secrets import resolve
from affiliate_assets.settings import AccountSettings, Settings


def run_network(
    settings: Settings,
    connector: Connector,
    *,
    requested: Span | None,
    follow_changes: bool,
    run_id: str,
    as_of: datetime,
) -> Night:
    """Pull and load one network; a failing account is told in `problems`, the others go on.

    Where the network's own report counts more than was read, the days in question are read once more at once.
    """
    not_asked: list[str] = []
    priority = Priority.RECONCILIATION if follow_changes else Priority.BACKFILL
    beside = LoadBeside(settings.warehouse, settings.landing, connector.slug, connector.streams)

    def task(plan: AccountPlan) -> Callable[[], list[Manifest]]:
        def pull() -> list[Manifest]:
            try:
                way = _way(settings, connector, plan.account, priority, run_id, as_of, beside.note)
                return pull_windows(way, plan.questions, plan.complete)
            except AffiliateError as error:
                not_asked.append(str(error.at(Where(connector.slug, plan.account.account_id))))
                return []

        return pull

    with ExitStack() as held:
        alone = {
            account.account_id: held.enter_context(sole_pull(settings.data, connector.slug, account.account_id))
            for account in settings.accounts_of(connector.slug)
        }
        earlier, plans = plan_network(
            settings, connector, requested=requested, follow_changes=follow_changes, as_of=as_of, alone=alone
        )
        windows = side_by_side((task(plan) for plan in plans), beside.load)
        if any(window.control for window in windows):
            loaded, plans = plan_in_question(settings, connector)
            earlier = added(earlier, loaded)
            windows += side_by_side((task(plan) for plan in plans), beside.load)
    earlier = added(earlier, beside.loaded)
    return _loaded(
        settings, connector.slug, connector.streams, windows, not_asked, earlier, follow_changes, run_id, as_of
    )


def _way(
    settings: Settings,
    connector: Connector,
    account: AccountSettings,
    priority: Priority,
    run_id: str,
    as_of: datetime,
    landed: Callable[[int], None],
) -> Pull:
    pulls = settings.pulls
    bounds = RetryBounds(attempts=pulls.attempts, seconds=pulls.seconds, first_wait=pulls.first_wait)
    calls = CallLog(calls_file(settings.landing, connector.slug, account.account_id, run_id), run_id, as_of)
    return Pull(
        NetworkClient(connector, account, budgets_file(settings.data), bounds=bounds, priority=priority, calls=calls),
        CircuitBreaker(
            circuits_file(settings.data),
            connector.slug,
            account.account_id,
            failures=pulls.circuit_failures,
            seconds=pulls.circuit_seconds,
        ),
        settings.landing,
        run_id,
        as_of,
        settings.start(),
        landed,
    )


def run_files(settings: Settings, source: FileSource, *, run_id: str, as_of: datetime) -> Night:
    """Land and load the files of one source that have arrived; a refused one is told in `problems`."""
    problems: list[str] = []
    windows: list[Manifest] = []
    try:
        drops = drops_of(settings, source)
        problems += [_of_no_stream(source, drop) for drop in drops if drop.stream is None]
        hash_key = resolve(settings.privacy.hash_key, Where(source.slug))
        windows = land_files(settings, source, drops, hash_key=hash_key, run_id=run_id, as_of=as_of)
    except AffiliateError as error:
        problems.append(str(error.at(Where(source.slug))))
    with connection(settings.warehouse) as warehouse:
        create_tables(warehouse, source.slug, source.streams)
        store_configuration(warehouse, settings, as_of)
    return _loaded(settings, source.slug, source.streams, windows, problems, {}, True, run_id, as_of)


def _of_no_stream(source: FileSource, drop: Drop) -> str:
    names = ", ".join(stream.names for stream in source.streams)
    return (
        f"[{Where(source.slug, drop.account_id)}] {drop.path.name} is no file of {source.title} ({names})."
        " Next: take it out of the folder, or give it the name that it had when it was exported."
    )


def _loaded(
    settings: Settings,
    source: str,
    streams: Sequence[Stream],
    windows: list[Manifest],
    not_asked: list[str],
    earlier: Mapping[str, LoadResult],
    asked_for_all: bool,
    run_id: str,
    as_of: datetime,
) -> Night:
    limit = settings.quality.max_rejected_share
    with connection(settings.warehouse) as warehouse:
        loads = added(earlier, load_streams(warehouse, settings.landing, source, streams))
        rules = {
            stream.name: LoadResult(verdict=Verdict(broken_rules=broken_rules(warehouse, source, stream)))
            for stream in streams
        }
        loads = added(loads, rules)
        load_calls(warehouse, settings.landing, source)
        load_circuits(warehouse, settings, source, as_of)
        load_corrections(warehouse, settings)
        mark_made_good(warehouse, source)
        # The control totals may have taken a proof back, and the second round may have made it good.
        stored = dict(
            warehouse.execute(
                "select window_id, (case when status = 'complete' or made_good_at is null then status"
                " else 'abandoned' end, message) from ops.windows where network = ? and status <> 'open'",
                [source],
            ).fetchall()
        )
        for window in windows:
            window.status, window.message = stored.get(window.window_id, (window.status, window.message))
        unsaved = [window for window in windows if window.window_id not in stored]
        standing = note_standing(
            warehouse,
            source,
            streams,
            night=[*not_asked, *_messages(unsaved)],
            asked_for_all=asked_for_all,
            limit=limit,
            run_id=run_id,
            as_of=as_of,
        )
        settle_dead_letters(warehouse, source, in_order=not standing.held)
    problems = [*not_asked, *_messages(windows)]
    for name, load in loads.items():
        verdict = load.verdict
        if verdict.rejected_share > limit or verdict.flagged:
            failed = ", ".join(f"{check} ({count})" for check, count in verdict.checks.items())
            problems.append(
                f"[{Where(source, stream=name)}] {verdict.rejected} of {verdict.accepted + verdict.rejected} records"
                f" are in quarantine and {verdict.flagged} are flagged: {failed}."
                f" Next: read quarantine.{source}__{name} in the warehouse."
            )
    problems += [
        f"[{Where(source, stream=found.stream)}] The field {found.field} {found.told}."
        " Next: compare it with the network's reference; mend the schema, then run `affiliate replay`."
        for found in standing.drift
        if found.breaks
    ]
    if standing.held and not problems:
        reasons = "; ".join(standing.reasons)
        problems.append(
            f"[{Where(source)}] Its figures are withheld: {reasons}. Next: run again once the cause is gone;"
            " docs/operations.md, 'Figures are withheld', tells how to find it."
        )
    return Night(tuple(windows), loads, tuple(problems), tuple(not_asked), standing)


def _messages(windows: Sequence[Manifest]) -> list[str]:
    """Why windows are not complete, each reason once."""
    unread = [window for window in windows if window.status not in ("complete", "abandoned")]
    return list(dict.fromkeys(window.message for window in unread if window.message))
