"""A network that queues so many jobs a day is asked for no more, and for the latest days first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandera.polars as pa
import pytest

from affiliate_assets.connectors.auth import BearerToken
from affiliate_assets.connectors.language import ApiStream, AsyncJob, Connector, JobStatus, Request, Window
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.landing.allowance import within_allowance
from affiliate_assets.landing.plan import AccountPlan
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.landing.window import Question
from affiliate_assets.settings import AccountSettings

NOW = datetime(2026, 1, 20, 3, tzinfo=UTC)
DAY = timedelta(days=1)
JOB = AsyncJob(
    submit=lambda account, window: Request("GET", "queue"),
    job_id=lambda answer: "1",
    poll=lambda account, job: Request("GET", "poll"),
    status=lambda answer: JobStatus("done"),
    every=timedelta(0),
    patience=timedelta(0),
    a_day=3,
)


def stream(name: str, job: AsyncJob | None) -> ApiStream:
    return ApiStream(
        name=name,
        description="A record.",
        key=("id",),
        schema=pa.DataFrameSchema({}),
        request=lambda account, window, cursor: Request("GET", "records"),
        paging=WholeWindow(),
        allowed=frozenset({"id"}),
        job=job,
    )


CLICKS, SALES = stream("clicks", JOB), stream("sales", None)
ACME = Connector(
    slug="acme",
    title="Acme",
    base_url="https://api.acme.example",
    auth=BearerToken(),
    limits=(),
    streams=(CLICKS, SALES),
    probe=lambda account: Request("GET", "me"),
    owner="team:acme",
    docs_url="https://acme.example",
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection(tmp_path / "affiliate.duckdb") as opened:
        create_tables(opened, "acme", ACME.streams)
        yield opened


def plan(account_id: str, days: int, token: str = "env:TOKEN") -> AccountPlan:
    """A plan for the days before NOW, oldest first, and for one window of sales."""
    account = AccountSettings(network="acme", account_id=account_id, credentials={"token": token})
    windows = [Window("missing", "day", NOW - n * DAY, NOW - (n - 1) * DAY) for n in range(days, 0, -1)]
    questions = [Question(CLICKS, window) for window in windows]
    return AccountPlan(account, (*questions, Question(SALES, Window("missing", "sold", NOW - DAY, NOW))), {})


def days_ago(plans: list[AccountPlan]) -> list[list[int]]:
    return [
        [(NOW - q.window.start).days for q in plan.questions if q.stream is CLICKS and q.window.start] for plan in plans
    ]


def test_the_latest_days_of_all_accounts_of_a_credential_go_first(warehouse: duckdb.DuckDBPyConnection) -> None:
    plans = within_allowance(warehouse, ACME, [plan("1", 5), plan("2", 1)], NOW)
    assert days_ago(plans) == [[2, 1], [1]]
    assert [plan.questions[-1].stream for plan in plans] == [SALES, SALES]


def test_another_credential_has_an_allowance_of_its_own(warehouse: duckdb.DuckDBPyConnection) -> None:
    plans = within_allowance(warehouse, ACME, [plan("1", 5), plan("2", 5, "env:OTHER")], NOW)
    assert days_ago(plans) == [[3, 2, 1], [3, 2, 1]]


@pytest.mark.parametrize(("hours", "left"), [(23, [1]), (25, [3, 2, 1])])
def test_jobs_of_the_last_24_hours_count(warehouse: duckdb.DuckDBPyConnection, hours: int, left: list[int]) -> None:
    started = (NOW - timedelta(hours=hours)).replace(tzinfo=None)
    for name, account, stream_name in (("a", "1", "clicks"), ("b", "2", "clicks"), ("c", "1", "sales")):
        warehouse.execute(
            "insert into ops.windows (window_id, network, account_id, stream, started_at) values (?, 'acme', ?, ?, ?)",
            [name, account, stream_name, started],
        )
    assert days_ago(within_allowance(warehouse, ACME, [plan("1", 5), plan("2", 0)], NOW)) == [left, []]


def test_without_a_limit_everything_is_asked_for(warehouse: duckdb.DuckDBPyConnection) -> None:
    unlimited = replace(ACME, streams=(replace(CLICKS, job=replace(JOB, a_day=None)), SALES))
    assert days_ago(within_allowance(warehouse, unlimited, [plan("1", 5)], NOW)) == [[5, 4, 3, 2, 1]]
