"""Differences over nights: whatever happens in which order, they fold to what plain Python tells, on any past night."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affiliate_assets.landing.differences import note_night
from tests.compiled import Compiled
from tests.dbt.conftest import PLACE
from tests.dbt.folding import A_DAY, NETWORKS, START, Choice, Night, Told, Warehouse, sql_of_models


@pytest.fixture(scope="module")
def models(compiled: Compiled) -> dict[str, str]:
    return sql_of_models(compiled)


RECORDS = st.dictionaries(
    st.sampled_from(sorted(NETWORKS)),
    st.tuples(st.sampled_from(["matched", "missing_in_crm", "amount_mismatch", "not_yet_comparable"]), st.just(1))
    | st.tuples(st.just("missing_in_crm"), st.integers(2, 3)),
)
NIGHTS = st.builds(
    Night,
    day=st.integers(0, 9),
    records=RECORDS,
    held=st.frozensets(st.sampled_from(["awin", "cj"]), max_size=1),
    is_killed=st.integers(0, 4).map(lambda n: n == 0),
)
CHOICES = st.builds(
    Choice,
    key=st.sampled_from(sorted(NETWORKS)),
    status=st.sampled_from(["open", "accepted", "written_off", "disputed", None]),
    owner=st.sampled_from([None, "EM", "finance"]),
    hours=st.integers(0, 240),
)
# Mostly nights that follow each other, now and then one that is run again or lies in the past.
STEPS = st.lists(NIGHTS | CHOICES, min_size=2, max_size=9).map(
    lambda steps: [
        replace(step, minutes=place) if isinstance(step, Choice) else replace(step, day=place) if step.day > 2 else step
        for place, step in enumerate(steps)
    ]
)


@given(steps=STEPS)
@settings(max_examples=50)
def test_any_order_of_nights_decisions_and_kills_folds_to_the_same(
    models: dict[str, str], of_the_past: Compiled, steps: list[Night | Choice]
) -> None:
    warehouse, told = Warehouse(models), Told()
    published: dict[datetime, list[tuple[Any, ...]]] = {}
    for step in steps:
        if isinstance(step, Choice):
            assert warehouse.decide(step) == told.decide(step), step
            continue
        shown = warehouse.build(step)
        if step.is_killed:
            told.under_way = START + step.day * A_DAY
            continue
        noted = warehouse.note()
        assert shown == told.night(step)
        # Once more, after the note, and once more.
        assert warehouse.build(step) == shown
        assert warehouse.note().night_number is None
        if noted.as_of:
            published[noted.as_of] = shown
    for night, shown in published.items():
        assert warehouse.models(sql_of_models(of_the_past.put_in(PLACE, str(night)))) == shown
    # The order in which rows are stored tells nothing.
    before = warehouse.models(models)
    for table in ("ops.difference_nights", "ops.decisions", "ops.nights"):
        warehouse.connection.execute(f"create or replace temp table kept as from {table}")
        warehouse.connection.execute(f"delete from {table}")
        warehouse.connection.execute(f"insert into {table} from kept order by rowid desc")
    assert warehouse.models(models) == before


class _DiesAt:
    """A connection of a process that is killed when it comes to a statement."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, statement: str) -> None:
        self.connection, self.statement = connection, statement

    def execute(self, sql: str, *values: Any) -> duckdb.DuckDBPyConnection:
        if sql.startswith(self.statement):
            raise KeyboardInterrupt
        return self.connection.execute(sql, *values)


@pytest.mark.parametrize("statement", ["insert into ops.nights", "insert into ops.difference_nights", "commit"])
def test_a_note_that_is_cut_off_leaves_nothing_and_is_made_by_the_next(models: dict[str, str], statement: str) -> None:
    warehouse = Warehouse(models)
    shown = warehouse.build(Night(0, {"one": ("missing_in_crm", 1)}))
    with pytest.raises(KeyboardInterrupt):
        note_night(_DiesAt(warehouse.connection, statement), run_id="cut")  # type: ignore[arg-type]
    if statement == "commit":
        warehouse.connection.execute("rollback")
    for table in ("ops.nights", "ops.difference_nights"):
        assert warehouse.connection.execute(f"select count(*) from {table}").fetchall() == [(0,)]
    assert warehouse.note().events == {"opened": 1}
    assert warehouse.build(Night(0, {"one": ("missing_in_crm", 1)})) == shown
    assert warehouse.note().night_number is None


def test_the_same_night_again_adds_what_is_new_and_a_past_one_nothing(models: dict[str, str]) -> None:
    warehouse = Warehouse(models)
    seen = {"one": ("missing_in_crm", 1)}
    for night, events in (
        (Night(1, seen), {"opened": 1}),
        (Night(1, seen), {}),
        (Night(1, {**seen, "two": ("missing_in_crm", 1)}), {"opened": 1}),
        (Night(0, {}), {}),
        (Night(2, seen), {"closed": 1}),
        (Night(3, seen), {}),
    ):
        warehouse.build(night)
        assert warehouse.note().events == events
    nights = warehouse.connection.execute("select night_number, as_of from ops.nights order by 1").fetchall()
    assert nights == [(1, START + A_DAY), (2, START + A_DAY), (3, START + 2 * A_DAY), (4, START + 3 * A_DAY)]
