"""A brand that keeps the orders of two shops in CRM systems, and exports the lines of the third: the truth is found."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from affiliate_assets.sandbox import WorldConfig, build_world
from affiliate_assets.sandbox.scenarios import ORDER_KINDS, ORPHAN_KINDS
from tests.accuracy.worlds import SYSTEMS
from tests.end_to_end.pulling import START, Project
from tests.end_to_end.test_truth import check_truth

# What only the lines of an order explain.
LINES = ("line_left_out", "line_alone")


def test_orders_of_crm_systems_are_reconciled_as_those_of_shops(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = (*ORDER_KINDS, *ORPHAN_KINDS, *LINES)
    world = build_world(
        WorldConfig(seed=401, start=START, days=75, orders_per_day=15, kinds=kinds, systems=SYSTEMS, items=True)
    )

    def records(warehouse: duckdb.DuckDBPyConnection) -> None:
        sources = "select distinct shop, order_source from marts.fct_orders order by shop"
        assert warehouse.sql(sources).fetchall() == [("de", "shop"), ("uk", "hubspot"), ("us", "salesforce")]
        outcomes = "select order_source, outcome, record_state from marts.rpt_operations_crm_records group by all"
        found = set(warehouse.sql(outcomes).fetchall())
        assert ("hubspot", "no_order_id", "current") in found
        assert ("hubspot", "counted_by_other_record", "merged") in found
        assert ("hubspot", "counted_by_other_record", "current") in found
        assert ("salesforce", "counted", "current") in found
        lines = "select count(distinct order_key), count(*) from staging.stg_crm__order_items"
        [(orders, items)] = warehouse.sql(lines).fetchall()
        [(exported,)] = warehouse.sql("select count(*) from marts.fct_orders where order_source = 'shop'").fetchall()
        assert (orders, items > orders) == (exported, True)
        causes = "select count(*) from marts.fct_reconciliation_diffs where root_cause = 'lines_left_out'"
        assert warehouse.sql(causes).fetchall() > [(10,)]
        assert not {state for _, _, state in found} & {"missing", "deleted"}

    check_truth(world, tmp_path, project, monkeypatch, records)
