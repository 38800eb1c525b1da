"""What the models say of a world beside its truth, record by record."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from affiliate_assets.sandbox import World
from tests.accuracy.deadlines import deadlines
from tests.compiled import models
from tests.end_to_end.pulling import MORNINGS, Project, decided, pull

KEYS = ["side", "network", "record_id"]
_FOUND = """
    select
        d.side,
        case d.side when 'order' then 'crm' else d.network end as network,
        d.record_id,
        d.class as class_found,
        d.root_cause as root_cause_found,
        coalesce(causes.fitting_causes, 0) as fitting_causes,
        abs(d.residual_amount) * cast(power(10, coalesce(orders.minor_unit_digits, 2)) as bigint) as residual_units,
        e.commission_reason as commission_reason_found,
        string_split(e.fitting_reasons, ', ') as fitting_reasons,
        e.expected_commission as expected_commission_found,
        abs(e.unexplained_commission) * cast(power(10, coalesce(paid.minor_unit_digits, 2)) as bigint)
            as unexplained_units,
        (
            select min(signals.signal) from marts.fct_fraud_signals as signals
            where
                signals.conversion_key = d.conversion_key
                and signals.signal in ('self_referral', 'last_second_takeover')
        ) as signal_found,
        epoch(limits.locks_at)::bigint as locks_at_found,
        limits.locks_at_source,
        c.lock_state,
        exists (
            select 1 from marts.rpt_work_list as work
            where work.conversion_key = d.conversion_key and work.act_by_at is not distinct from limits.locks_at
        ) as is_on_work_list
    from marts.fct_reconciliation_diffs as d
    left join intermediate.int_differences__causes as causes on d.diff_key = causes.diff_key
    left join marts.fct_conversions as c on d.side = 'network' and d.conversion_key = c.conversion_key
    left join intermediate.int_conversions__expected as e on d.side = 'network' and d.conversion_key = e.conversion_key
    left join intermediate.int_conversions__deadlines as limits
        on d.side = 'network' and d.conversion_key = limits.conversion_key
    left join seeds.currencies as orders on d.order_currency = orders.currency
    left join seeds.currencies as paid on e.commission_currency = paid.currency
    -- The truth knows sales; what networks book beside them, tests and extra rewards, claims no order.
    where c.row_kind is null or c.row_kind not in ('bonus', 'test')
"""


def found_beside_truth(world: World, warehouse: Path, at: datetime) -> pl.DataFrame:
    """One row per record of either side that can be told, with what is true and what was found (`…_found`)."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.sql(_FOUND).pl()
    return world.truth(at).join(found, on=KEYS, how="full", coalesce=True).filter(decided(world))


def marts(warehouse: Path) -> dict[str, str]:
    """A checksum of each mart that reconciliation rests on, whatever the order of its rows."""
    names = ("fct_reconciliation_diffs", "fct_duplicate_claims", "fct_commission_differences")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {
            name: str(connection.sql(f"select count(*), bit_xor(hash(mart)) from marts.{name} as mart").fetchone())
            for name in names
        }


def shuffle(warehouse: Path, seed: int) -> None:
    """Put the rows of every table that the models read in another order."""
    with duckdb.connect(str(warehouse)) as connection:
        tables = connection.sql(
            "select table_schema, table_name from information_schema.tables"
            " where table_type = 'BASE TABLE' and table_schema like 'valid_%'"
        ).fetchall()
        for schema, table in tables:
            name = f'"{schema}"."{table}"'
            connection.execute(f"create or replace table {name} as select * from {name} order by hash(rowid + {seed})")


@dataclass(frozen=True)
class Measured:
    """One world: its records beside what was found, its open deadlines, and whether the order of rows mattered."""

    beside: pl.DataFrame
    open_ones: pl.DataFrame
    same_when_shuffled: bool | None


def measure(world: World, root: Path, project: Project, *, shuffled: bool = False) -> Measured:
    """Pull a world over HTTP, build the models, and lay what they say beside the truth; `root` is emptied."""
    at = MORNINGS[-1]
    root.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        settings = pull(world, root, patch)
        project.build(settings, models)
        beside, same = found_beside_truth(world, settings.warehouse, at), None
        if shuffled:
            before = marts(settings.warehouse)
            shuffle(settings.warehouse, world.config.seed)
            project.build(settings, models)
            same = marts(settings.warehouse) == before
    shutil.rmtree(root)
    return Measured(beside, deadlines(world, beside, at), same)
