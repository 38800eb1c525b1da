"""A brand that keeps the orders of two shops in CRM systems: the truth is found as it is in the shops' own files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from affiliate_assets.sandbox import WorldConfig, build_world
from tests.accuracy.worlds import SYSTEMS
from tests.end_to_end.pulling import START, Project
from tests.end_to_end.test_truth import check_truth


def test_orders_of_crm_systems_are_reconciled_as_those_of_shops(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build_world(WorldConfig(seed=401, start=START, days=75, orders_per_day=15, systems=SYSTEMS))

    def records(warehouse: duckdb.DuckDBPyConnection) -> None:
        sources = "select distinct shop, order_source from marts.fct_orders order by shop"
        assert warehouse.sql(sources).fetchall() == [("de", "shop"), ("uk", "hubspot"), ("us", "salesforce")]
        outcomes = "select order_source, outcome, record_state from marts.rpt_operations_crm_records group by all"
        found = set(warehouse.sql(outcomes).fetchall())
        assert ("hubspot", "no_order_id", "current") in found
        assert ("hubspot", "counted_by_other_record", "merged") in found
        assert ("hubspot", "counted_by_other_record", "current") in found
        assert ("salesforce", "counted", "current") in found
        assert not {state for _, _, state in found} & {"missing", "deleted"}

    check_truth(world, tmp_path, project, monkeypatch, records)
