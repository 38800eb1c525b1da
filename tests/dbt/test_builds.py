"""What holds of a build as a whole: twice is the same, empty is fine, the configuration decides."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb

from affiliate_assets.crm.streams import CRM
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.networks import all_connectors
from tests.compiled import Compiled, claims
from tests.dbt import brand
from tests.dbt.conftest import PROJECT, WITHOUT_UNIT_TESTS, Build, dbt_build, network_names, rebuilt
from tests.dbt.warehouse import TABLES, create_warehouse, insert


def copy_of(build: Build, folder: Path) -> Path:
    return Path(shutil.copy(build.warehouse, folder / "affiliate.duckdb"))


def test_building_again_changes_no_mart(acme: Build, tmp_path: Path) -> None:
    before = acme.checksums()
    again = dbt_build(copy_of(acme, tmp_path), acme.target, WITHOUT_UNIT_TESTS)
    assert again.success
    assert len(before) == len(list(PROJECT.glob("models/marts/**/*.sql")))
    assert again.checksums() == before


def test_a_later_now_changes_only_what_is_judged_by_the_clock(acme: Build, compiled: Compiled, tmp_path: Path) -> None:
    warehouse = copy_of(acme, tmp_path)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update config.brand set as_of = '2026-03-02 04:00:00'")
    later = rebuilt(compiled, warehouse)
    before = acme.checksums()
    changed = {mart for mart, checksum in later.checksums().items() if checksum != before[mart]}
    # The order of 02:30 is old enough now; the report counts it so; completeness tells the time itself.
    # Nothing was noted before, so every difference opens at the later hour. Of the work list an hour less is left.
    assert changed == {
        "fct_differences",
        "rpt_difference_ageing",
        "fct_reconciliation_diffs",
        "rpt_finance_reconciliation_nightly",
        "rpt_operations_completeness",
        "rpt_reconciliation_totals",
        "rpt_work_list",
    }
    [found] = later.query("select class from marts.fct_reconciliation_diffs where diff_key = 'order:main:3003'")
    assert found == ("missing_in_network",)


def test_a_brand_without_any_account_builds_empty_marts(compiled: Compiled, tmp_path: Path) -> None:
    warehouse = tmp_path / "affiliate.duckdb"
    brand.begin(warehouse)
    empty = rebuilt(compiled, warehouse)
    assert empty.success
    assert set(empty.outcomes.values()) == {"success", "pass"}
    filled = {mart: rows for mart, (rows, _) in empty.checksums().items() if rows}
    networks = sorted(network_names())
    assert {"awin", "cj"} <= set(networks)
    assert filled.pop("dim_currencies") > 150
    assert filled == {"dim_networks": len(networks), "rpt_operations_completeness": len(networks)}
    assert empty.query("select network, completeness from marts.rpt_operations_completeness order by 1") == [
        (network, "no account") for network in networks
    ]


def test_a_network_without_an_account_misses_no_conversion(acme: Build, compiled: Compiled, tmp_path: Path) -> None:
    warehouse = copy_of(acme, tmp_path)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from config.accounts where network = 'cj'")
        connection.execute("delete from valid_cj.commissions")
    build = rebuilt(compiled, warehouse)
    assert build.success
    rows = build.query(
        "select record_id from marts.fct_reconciliation_diffs where class = 'missing_in_network' order by 1"
    )
    # 3004 was clicked on a CJ link, and nobody pulls CJ.
    assert rows == [("3001",), ("3005",)]


def test_another_reporting_currency_is_one_row_of_configuration(
    acme: Build, compiled: Compiled, tmp_path: Path
) -> None:
    warehouse = copy_of(acme, tmp_path)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update config.brand set reporting_currency = 'USD'")
    build = rebuilt(compiled, warehouse)
    rows = build.query(
        """
        select conversion_id, sale_amount_reporting::varchar, sale_fx_rate::varchar, reporting_currency
        from marts.fct_conversions where conversion_id in ('1', 'f23') order by 1
        """
    )
    assert rows == [("1", "108.830000", "1.0883000000", "USD"), ("f23", "10.000000", "1.0000000000", "USD")]


def test_what_nobody_tells_breaks_no_claim(acme: Build, compiled: Compiled, tmp_path: Path) -> None:
    warehouse = copy_of(acme, tmp_path)
    insert(warehouse, "config.crm_exports", {"stream": "hubspot_deals", "shop": "main", "amount_is": "net_goods"})
    insert(
        warehouse,
        "config.crm_stages",
        {"stream": "hubspot_deals", "shop": "main", "stage": "returned in part", "status": "partially_refunded"},
    )
    # No amount, on the day and in the channel of 3008; and a refund that nobody put into figures.
    insert(warehouse, "valid_crm.hubspot_deals", deal("7001"), deal("7002", stage="Returned in part", amount=100))
    insert(warehouse, "valid_awin.transactions", brand.awin(701, "7002", "100.00", _page_id="page-awin-1"))
    # Of the family only a correction is known, and that was declined.
    correction: dict[str, Any] = {"original": False, "validation_status": "DECLINED", "_page_id": "page-cj-501"}
    insert(warehouse, "valid_cj.commissions", brand.cj("702", "f702", None, "30.00", **correction))
    build = rebuilt(compiled, warehouse)
    assert build.with_outcome("fail") == set()
    assert build.query("select commissionable_amount from marts.fct_orders where order_id = '7001'") == [(None,)]
    assert build.query(
        "select commission_reason from marts.fct_commission_differences where conversion_id = '701'"
    ) == [("amount_unknown",)]
    assert build.query("select status from marts.fct_conversions where conversion_id = 'f702'") == [("reversed",)]


def deal(number: str, **changes: Any) -> dict[str, Any]:
    moment = {"ordered_at": "2026-01-12 12:00:00", "updated_at": "2026-01-12 12:00:00"}
    row = {"_account_id": "main", "_key": number, "_row_hash": number, "_observed_at": "2026-03-01 03:00:00"}
    return row | moment | {"record_id": number, "order_id": number, "is_won": True, "currency": "EUR"} | changes


OF_ONE_NETWORK = ("assert_cj_family_sum_is_not_negative", "assert_declined_cj_family_nets_to_zero")

BROKEN = {
    "assert_cj_family_sum_is_not_negative": """
        update valid_cj.commissions set sale_amount_adv_currency = -1
        where original and action_status = 'locked' and validation_status is distinct from 'DECLINED'""",
    "assert_every_word_has_a_source": """
        update seeds.status_map__awin set source_date = null where raw_word = 'deleted'""",
    "assert_network_total_equals_sum_of_classes": """
        update marts.rpt_finance_reconciliation_nightly set network_amount = network_amount + 0.01
        where side = 'network' and class = 'missing_in_crm'""",
    "assert_order_total_equals_sum_of_classes": """
        delete from marts.rpt_finance_reconciliation_nightly
        where side = 'order' and class = 'amount_mismatch'""",
    "assert_every_total_equals_the_sum_of_its_classes": """
        update marts.rpt_reconciliation_totals set unclassed_amount = 0.000001
        where side = 'order' and currency = 'USD'""",
    "assert_explained_and_residual_are_the_difference": """
        update marts.fct_reconciliation_diffs set residual_amount = residual_amount + 0.01
        where diff_key = 'network:awin:1001:2'""",
    "assert_every_order_has_exactly_one_class": """
        delete from marts.fct_reconciliation_diffs where diff_key = 'order:main:1001'""",
    "assert_every_conversion_has_exactly_one_class": """
        insert into marts.fct_reconciliation_diffs
        select * from marts.fct_reconciliation_diffs where diff_key = 'network:awin:1001:1'""",
    "assert_credit_of_each_order_and_model_sums_to_one": """
        update marts.fct_attribution_touches set first_credit_fraction = 0.999999
        where order_key = 'main:3008'""",
    "assert_credited_revenue_ties_to_the_minor_unit": """
        update marts.fct_attribution_touches set last_credited_revenue = 9.99
        where order_key = 'main:3008'""",
    "assert_attribution_rollups_agree": """
        update marts.rpt_attribution_rollup set credited_orders = credited_orders + 0.000001
        where attribution_model = 'last' and channel = 'email'""",
    "assert_credit_changes_end_at_the_present_credit": """
        insert into marts.fct_attribution_credit_changes (
            credit_change_key, credit_key, order_key, attribution_model, change_number,
            credited_revenue_before, credited_revenue_after, credited_revenue_change
        ) values ('main:3008:first::1', 'main:3008:first:', 'main:3008', 'first', 1, 20, 5, -15)""",
    "assert_every_model_shares_out_the_same_bill": """
        insert into marts.rpt_publisher_value (attribution_model, payout_under_model_reporting)
        values ('another', 1000)""",
    "assert_path_lengths_add_up_to_all_orders": """
        delete from marts.rpt_path_lengths where touch_count = 0""",
    "assert_no_path_with_more_orders_is_left_out": """
        delete from marts.rpt_top_paths where path_rank = 1""",
    "assert_value_loses_no_cost_and_no_credit": """
        delete from marts.rpt_attribution_value where attribution_model = 'last' and credited_orders > 0""",
    "assert_event_deltas_add_up_to_net_state": """
        delete from marts.conversion_events where network_row_id = '2002'""",
    "assert_every_claim_group_has_one_survivor": """
        delete from marts.fct_duplicate_claims where conversion_key = 'awin:1001:5'""",
    "assert_no_order_is_inferred_twice": """
        insert into intermediate.int_pairs__chosen (conversion_key, order_key, match_pass)
        values ('awin:1001:90', 'main:1001', 3)""",
    "assert_every_amount_has_a_currency": """
        update marts.fct_conversions set sale_currency = null where conversion_id = '1'""",
    "assert_no_two_orders_share_a_match_key": """
        update marts.fct_orders set order_match_key = '1001' where order_id = '1002'""",
    "assert_every_record_is_accepted_or_quarantined": """
        update marts.rpt_operations_windows set unaccounted_records = 1 where network = 'cj'""",
    "assert_every_complete_window_has_a_proof": """
        update marts.rpt_operations_windows set window_standing = 'unproved' where network = 'cj'""",
    "assert_every_call_has_an_outcome": """
        update marts.fct_api_calls set outcome = null where call_id = 'call-cj-501'""",
    "assert_every_conversion_leads_to_its_call": """
        delete from marts.fct_api_calls where call_id = 'call-awin-1'""",
    "assert_control_totals_agree": """
        insert into marts.rpt_operations_control_totals (network, account_id, stream, agrees, is_current)
        values ('cj', '5001', 'commissions', false, true)""",
    "assert_no_drift_is_open": """
        insert into marts.rpt_operations_drift (network, stream, field, drift_kind, is_open)
        values ('cj', 'commissions', 'newField', 'unknown_field', true)""",
    "assert_every_crm_stage_is_known": """
        insert into marts.rpt_operations_crm_records
            (record_key, order_source, record_id, shop, record_state, outcome, observed_at, stage)
        values ('hubspot:main:1', 'hubspot', '1', 'main', 'current', 'counted', '2026-02-01', 'Mystery')""",
    "assert_every_counted_order_is_still_in_its_crm": """
        update marts.fct_orders set record_state = 'missing' where order_id = '1002'""",
    "assert_items_add_up_to_their_order": """
        insert into valid_crm.order_items (_account_id, _key, shop, order_id, line_id, quantity, subtotal)
        values ('exports', 'main|1002|a', 'main', '1002', 'a', 1, 0.01)""",
    "assert_every_status_move_is_allowed": """
        update marts.conversion_events set lock_state = 'locked', status = 'reversed'
        where conversion_id = '12' and version_number = 1""",
}


def identified(build: Build) -> dict[str, str | None]:
    """The customer of each touch."""
    return dict(
        build.query("select touchpoint_id, resolved_customer_hash from intermediate.int_touchpoints__identified")
    )


def test_identities_as_of_a_past_night_are_those_that_were_built_then(
    acme: Build, compiled: Compiled, tmp_path: Path
) -> None:
    warehouse = copy_of(acme, tmp_path)
    later: dict[str, Any] = {"_observed_at": "2026-03-02 03:00:00", "_row_hash": "later"}
    insert(
        warehouse,
        "valid_crm.touchpoints",
        # A touch whose customer is told later, a second customer in a known browser, and the first in an unknown one.
        brand.touch("t4", "customer-3005", "2026-03-01 08:00:00", visitor_hash="browser") | later,
        brand.touch("u1", "customer-3008", "2026-03-02 01:00:00", visitor_hash="visitor-t1") | later,
        brand.touch("u2", "customer-3008", "2026-03-02 01:00:00", visitor_hash="visitor-u2") | later,
    )
    then = identified(acme)
    assert then["main:t4"] == "customer-3004"
    now = identified(rebuilt(compiled, warehouse, compiled.upstream("int_touchpoints__identified")))
    assert now["main:t4"] == "customer-3005"
    arguments = ("--select", "int_touchpoints__identified", "--vars", '{"identities_as_of": "2026-03-01 12:00:00"}')
    replayed = identified(dbt_build(warehouse, tmp_path / "then", arguments, command="run"))
    assert {touch: replayed[touch] for touch in then} == then
    assert (replayed["main:u1"], replayed["main:u2"]) == ("customer-3001", None)


def test_each_claim_notices_the_mart_that_breaks_it(acme: Build, compiled: Compiled, tmp_path: Path) -> None:
    warehouse = copy_of(acme, tmp_path)
    with duckdb.connect(str(warehouse)) as connection:
        for change in BROKEN.values():
            connection.execute(change)
    build = rebuilt(compiled, warehouse, lambda node: claims(node) or node["name"] in OF_ONE_NETWORK)
    assert build.with_outcome("fail") | build.with_outcome("warn") == set(BROKEN) | acme.with_outcome("warn")


def test_the_tables_of_these_tests_are_those_the_loader_makes(tmp_path: Path) -> None:
    by_hand, by_loader = tmp_path / "hand.duckdb", tmp_path / "loader.duckdb"
    create_warehouse(by_hand)
    with duckdb.connect(str(by_loader)) as connection:
        for slug, connector in all_connectors().items():
            create_tables(connection, slug, connector.streams)
        create_tables(connection, "crm", CRM.streams)
    hand, loader = columns_of(by_hand), columns_of(by_loader)
    assert {table: hand[table] for table in TABLES} == {table: loader[table] for table in TABLES}


def columns_of(path: Path) -> dict[str, dict[str, str]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal"
        ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for schema, table, column, data_type in rows:
        tables.setdefault(f"{schema}.{table}", {})[column] = data_type
    return tables
