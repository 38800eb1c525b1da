"""Jobs that a network queues only so many of a day: what a run may ask for of what it wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from affiliate_assets.connectors.language import Connector
from affiliate_assets.landing.tables import stored

if TYPE_CHECKING:
    from affiliate_assets.landing.plan import AccountPlan
    from affiliate_assets.landing.window import Question

# The number of jobs is the credential's, and the network counts them on its own clock.
_COUNTED_FOR = timedelta(hours=24)


def within_allowance(
    warehouse: duckdb.DuckDBPyConnection,
    connector: Connector,
    plans: Sequence[AccountPlan],
    now: datetime | None = None,
) -> list[AccountPlan]:
    """The plans without the jobs that are too many for today; of those, the latest windows stay.

    What is left out is not asked for, so nothing of it is incomplete: it is planned again as long as it is missing.

    Args:
        warehouse: The warehouse, with everything loaded that was pulled.
        connector: The network's declaration.
        plans: What every account would be asked.
        now: This machine's clock (UTC).
    """
    now = now or datetime.now(UTC)
    limits = {stream.name: stream.job.a_day for stream in connector.streams if stream.job and stream.job.a_day}
    left_out: set[int] = set()
    for stream, a_day in limits.items():
        for accounts in _sharing(plans):
            wanted = [
                question
                for plan in accounts
                for question in plan.questions
                if question.stream.name == stream and question.unfinished is None
            ]
            room = max(0, a_day - _queued(warehouse, connector.slug, stream, accounts, now - _COUNTED_FOR))
            latest_first = sorted(wanted, key=_ends_at, reverse=True)
            left_out |= {id(question) for question in latest_first[room:]}
    return [
        replace(plan, questions=tuple(question for question in plan.questions if id(question) not in left_out))
        for plan in plans
    ]


def _sharing(plans: Sequence[AccountPlan]) -> list[list[AccountPlan]]:
    """The plans of accounts that name the same credential."""
    groups: dict[tuple[tuple[str, str], ...], list[AccountPlan]] = {}
    for plan in plans:
        credential = tuple(sorted((name, str(value)) for name, value in plan.account.credentials.items()))
        groups.setdefault(credential, []).append(plan)
    return list(groups.values())


def _queued(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: str, accounts: Sequence[AccountPlan], since: datetime
) -> int:
    """How many jobs may have been queued after an instant; a window counts even where its job never was."""
    names = [plan.account.account_id for plan in accounts]
    (count,) = warehouse.execute(
        "select count(*) from ops.windows where network = ? and stream = ? and list_contains(?, account_id)"
        " and started_at > ?",
        [network, stream, names, stored(since)],
    ).fetchall()[0]
    return int(count)


def _ends_at(question: Question) -> datetime:
    assert question.window.end is not None
    return question.window.end
