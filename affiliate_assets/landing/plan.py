"""What a network is asked in one run, account by account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from affiliate_assets.connectors.language import Connector
from affiliate_assets.connectors.planning import Span, cover, plan_windows
from affiliate_assets.landing.allowance import within_allowance
from affiliate_assets.landing.configuration import store_configuration
from affiliate_assets.landing.load import LoadResult, load_streams
from affiliate_assets.landing.resume import close_dead_windows, unfinished_questions
from affiliate_assets.landing.state import open_disagreements, settled_windows, stream_state, unread_spans
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.landing.window import Question
from affiliate_assets.settings import AccountSettings, Settings


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What one account is asked, and which spans on the first clock of each stream were read before."""

    account: AccountSettings
    questions: tuple[Question, ...]
    complete: Mapping[str, tuple[Span, ...]]


def plan_network(
    settings: Settings,
    connector: Connector,
    *,
    requested: Span | None,
    follow_changes: bool,
    as_of: datetime,
    alone: Mapping[str, bool] | None = None,
) -> tuple[dict[str, LoadResult], list[AccountPlan]]:
    """What every account of the network will be asked, in order; pages that lie on disk are loaded first.

    Accounts in `alone` are pulled by no other run now: their unfinished windows are gone on with. Without it, as
    for a plan that is only looked at, nothing unfinished is touched.

    Returns:
        What was loaded, by stream name, and the plan of each account.
    """
    alone = alone or {}
    accounts = settings.accounts_of(connector.slug)
    with connection(settings.warehouse) as warehouse:
        create_tables(warehouse, connector.slug, connector.streams)
        store_configuration(warehouse, settings, as_of)
        settled = settled_windows(warehouse, connector.slug)
        for account in accounts:
            if alone.get(account.account_id):
                close_dead_windows(settings.landing, connector, account.account_id, settled)
        earlier = load_streams(warehouse, settings.landing, connector.slug, connector.streams)
        plans = []
        for account in accounts:
            questions = (
                unfinished_questions(settings.landing, connector, account.account_id, settled)
                if follow_changes and alone.get(account.account_id)
                else []
            )
            resumed = [question.unfinished for question in questions if question.unfinished]
            complete: dict[str, tuple[Span, ...]] = {}
            for stream in connector.streams:
                going_on = [manifest for manifest in resumed if manifest.stream == stream.name]
                state = stream_state(warehouse, connector.slug, stream, account.account_id, going_on)
                windows = plan_windows(
                    stream,
                    state,
                    start=settings.start(),
                    now=as_of,
                    requested=requested,
                    follow_changes=follow_changes,
                )
                questions += [Question(stream, window) for window in windows]
                complete[stream.name] = state.complete.get(stream.clocks[0].name, ()) if stream.clocks else ()
            plans.append(AccountPlan(account, tuple(questions), complete))
        plans = within_allowance(warehouse, connector, plans)
    return earlier, plans


def plan_in_question(settings: Settings, connector: Connector) -> tuple[dict[str, LoadResult], list[AccountPlan]]:
    """The days of which the network's own report counts more than was read, once what was pulled is loaded."""
    with connection(settings.warehouse) as warehouse:
        loaded = load_streams(warehouse, settings.landing, connector.slug, connector.streams)
        plans = []
        for account in settings.accounts_of(connector.slug):
            questions: list[Question] = []
            complete: dict[str, tuple[Span, ...]] = {}
            for stream in connector.streams:
                spans = open_disagreements(warehouse, connector.slug, stream.name, account.account_id)
                if not spans:
                    continue
                spans += unread_spans(warehouse, connector.slug, stream, account.account_id)
                windows = cover(stream, spans, "the network's own report counts more")
                questions += [Question(stream, window) for window in windows]
                state = stream_state(warehouse, connector.slug, stream, account.account_id)
                complete[stream.name] = state.complete.get(stream.clocks[0].name, ()) if stream.clocks else ()
            if questions:
                plans.append(AccountPlan(account, tuple(questions), complete))
    return loaded, plans
