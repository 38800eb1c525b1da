"""Reconciliation of many orders: `python -m benchmarks.reconciliation [ORDERS]`, or a step of it with a folder.

The valid tables are filled by SQL: as many conversions as orders, of ten networks in turn, by 2,000 publishers, and two
touches before each order. Of the conversions 2 % name an order that does not exist, 3 % were reported with tax, 7 % are
declined with their orders, half are still pending; 2 % of the orders are claimed by a second network, and two orders in
a hundred by none. Every network has an agreement of 7 %. Then dbt builds the marts of reconciliation and whatever they
need.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.apart import run_step, step_or_page
from benchmarks.models import (
    FACTS,
    LOAD,
    ORDERS,
    TOUCHPOINTS,
    build_marts,
    marts_lines,
    new_warehouse,
    slowest_models,
    warehouse_of,
)

SIZE = 1_000_000

_CLAIMS = """
create temp table claims as
select
    *,
    i::varchar as id,
    hash(i) % 2000 as publisher,
    case when luck < 2 then 'NONE-' else 'ORD-' end || i as order_ref,
    case when luck in (2, 3, 4) then round(sale * 1.19, 2) else sale end as reported,
    round(sale * 0.07, 2) as commission,
    ordered_at - interval 2 day as clicked_at,
    ordered_at + interval 30 day as locks_at,
    case when luck >= 93 then 2 when luck < 50 then 0 else 1 end as decision
from (
    select i % 10 as network, * from facts where luck not in (5, 6)
    union all
    select (i + 3) % 10 as network, * from facts where luck in (7, 8)
) as claimed
"""

# Table of each network's sales: its account, the words for pending, approved and declined, and column to expression, in
# which `{status}` is the word.
_NETWORKS: Mapping[str, tuple[str, tuple[str, str, str], Mapping[str, str]]] = {
    "awin.transactions": ("1001", ("pending", "approved", "declined"), {
        "id": "i", "advertiser_id": "1001", "publisher_id": "publisher", "commission_status": "{status}",
        "type": "'Commission group transaction'", "order_ref": "order_ref", "click_date": "clicked_at",
        "transaction_date": "ordered_at", "sale_amount": "reported", "sale_currency": "'EUR'",
        "commission_amount": "commission", "commission_currency": "'EUR'", "amended": "false", "payment_id": "0",
    }),
    "cj.commissions": ("5551", ("new", "locked", "closed"), {
        "commission_id": "id", "original_action_id": "id", "original": "true", "order_id": "order_ref",
        "publisher_id": "publisher", "action_type": "'sim_sale'", "click_date": "clicked_at",
        "event_date": "ordered_at", "posting_date": "ordered_at", "locking_date": "locks_at",
        "action_status": "{status}", "validation_status": "case decision when 2 then 'DECLINED' else 'ACCEPTED' end",
        "sale_amount_adv_currency": "reported", "pub_commission_amount_usd": "commission",
        "adv_commission_amount_adv_currency": "commission",
    }),
    "commission_factory.transactions": ("61204", ("Pending", "Approved", "Void"), {
        "id": "i", "date_created": "ordered_at", "affiliate_id": "publisher", "order_id": "order_ref",
        "sale_value": "reported", "commission": "commission", "override_fee": "0", "status": "{status}",
        "status2": "{status}",
    }),
    "everflow.conversions": ("7", ("pending", "approved", "rejected"), {
        "conversion_id": "id", "transaction_id": "md5(id)", "order_id": "order_ref",
        "conversion_unix_timestamp": "ordered_at", "click_unix_timestamp": "clicked_at", "status": "{status}",
        "is_scrub": "false", "error_code": "0", "is_event": "false", "event": "'Base'", "sale_amount": "reported",
        "payout": "commission", "revenue": "commission", "payout_type": "'cps'", "currency_id": "'EUR'",
        "network_affiliate_id": "publisher", "network_offer_id": "34",
    }),
    "impact.actions": ("IR1.1450", ("PENDING", "APPROVED", "REVERSED"), {
        "id": "'1450.7711.' || id", "campaign_id": "'1450'", "media_partner_id": "publisher", "state": "{status}",
        "amount": "case decision when 2 then 0 else reported end",
        "payout": "case decision when 2 then 0 else commission end",
        "intended_amount": "reported", "intended_payout": "commission", "currency": "'EUR'",
        "referring_date": "clicked_at", "event_date": "ordered_at", "creation_date": "ordered_at",
        "locking_date": "locks_at", "oid": "order_ref",
    }),
    "partnerize.conversion_items": ("1101l551", ("pending", "approved", "rejected"), {
        "conversion_id": "'1110l' || id", "conversion_item_id": "'1112l' || id", "conversion_item_ids": "'1112l' || id",
        "campaign_id": "'1101l551'", "publisher_id": "publisher", "conversion_reference": "order_ref",
        "conversion_type": "'1'", "conversion_status": "{status}", "conversion_time": "ordered_at",
        "last_modified": "ordered_at", "currency": "'EUR'", "conversion_amount": "reported",
        "conversion_publisher_commission": "commission", "clicked_at": "clicked_at", "item_status": "{status}",
        "item_amount": "reported", "item_publisher_commission": "commission", "item_commission": "commission",
        "item_updated_at": "ordered_at", "payment_status": "'unpaid'",
    }),
    "post_affiliate_pro.transactions": ("acme", ("P", "A", "D"), {
        "id": "id", "transid": "id", "t_orderid": "order_ref", "userid": "publisher", "campaignid": "'11111111'",
        "rtype": "'S'", "tier": "1", "rstatus": "{status}", "payoutstatus": "'U'", "dateinserted": "ordered_at",
        "totalcost": "reported", "commission": "commission", "firstclicktime": "clicked_at",
        "lastclicktime": "clicked_at", "clickcount": "1",
    }),
    "rakuten.ledger": ("1.40771", ("", "", ""), {
        "line_id": "id", "transaction_id": "id", "order_id": "order_ref", "transaction_at": "ordered_at",
        "process_at": "ordered_at", "mid": "'40771'", "publisher_id": "publisher", "sku_number": "'ART-1'",
        "items": "1", "sales": "reported", "total_commission": "commission", "currency": "'EUR'",
    }),
    "tradedoubler.transactions": ("310454", ("P", "A", "D"), {
        "transaction_id": "i", "program_id": "310454", "source_id": "publisher", "event_id": "390454",
        "event_type_id": "5", "status": "{status}", "time_of_last_click": "clicked_at",
        "time_of_transaction": "ordered_at", "time_of_create": "ordered_at", "modified": "false",
        "order_number": "order_ref", "order_value": "reported", "commission": "commission", "report_currency": "'EUR'",
        "paid": "false",
    }),
    "tune.conversions": ("acmede", ("pending", "approved", "rejected"), {
        "tune_event_id": "id", "ad_id": "md5(id)", "offer_id": "'18'", "affiliate_id": "publisher", "goal_id": "0",
        "datetime": "ordered_at", "session_datetime": "clicked_at", "status": "{status}", "sale_amount": "reported",
        "payout": "commission", "revenue": "commission", "currency": "'EUR'", "advertiser_info": "order_ref",
    }),
}  # fmt: skip


def prepare(folder: Path, orders: int) -> dict[str, Any]:
    """Fill a new warehouse."""
    with new_warehouse(folder) as warehouse:
        warehouse.execute(FACTS.format(rows=orders))
        warehouse.execute(_CLAIMS)
        warehouse.execute(f"insert into valid_crm.orders by name {ORDERS}")
        warehouse.execute(f"insert into valid_crm.touchpoints by name {TOUCHPOINTS}")
        for number, (table, (account, words, columns)) in enumerate(_NETWORKS.items()):
            network = table.partition(".")[0]
            word = f"case decision when 0 then '{words[0]}' when 1 then '{words[1]}' else '{words[2]}' end"
            values = ", ".join(f"{value.format(status=word)} as {column}" for column, value in columns.items())
            warehouse.execute("insert into config.accounts values (?, ?, ?, 'EUR')", [network, account, account])
            warehouse.execute(
                f"""
                insert into valid_{table} by name
                select {values}, '{account}' as _account_id, id as _key, md5(id) as _row_hash,
                    ordered_at as _observed_at, {LOAD}
                from claims where network = {number}
                """
            )
            warehouse.execute(
                f"""
                insert into valid_crm.terms by name
                select '{network}' as term_id, '{network}' as network, '{account}' as account_id,
                    date '2025-01-01' as valid_from, 0.07 as rate, 'net_goods' as base, 30 as click_window_days,
                    'exports' as _account_id, '{network}' as _key, '{network}' as _row_hash,
                    timestamp '2025-01-01' as _observed_at, {LOAD}
                """
            )
    return {"warehouse_mb": warehouse_of(folder).stat().st_size / 1e6}


def build(folder: Path, orders: int) -> dict[str, Any]:
    """From staging to the marts of reconciliation.

    Raises:
        SystemExit: Not every conversion and order is in one class.
    """
    import duckdb

    found = build_marts(folder, "+marts.reconciliation")
    with duckdb.connect(str(warehouse_of(folder)), read_only=True) as connection:
        classes = connection.execute(
            "select side, class, count(*) from marts.fct_reconciliation_diffs group by all order by all"
        ).fetchall()
        recorded = connection.execute(
            "select 'network', count(*) from marts.fct_conversions union all"
            " select 'order', count(*) from valid_crm.orders order by all"
        ).fetchall()
    counted = [(side, sum(count for other, _, count in classes if other == side)) for side, _ in recorded]
    if counted != recorded or dict(recorded)["order"] != orders:
        raise SystemExit(f"of {recorded} only {counted} have a class")
    return found | {"classes": classes}


def page(orders: int = SIZE) -> list[str]:
    """Measured, as a section of the results; each step in a process of its own, so that its peak memory is its own."""
    with tempfile.TemporaryDirectory(prefix="affiliate_benchmark_") as folder:
        _, found = (run_step("reconciliation", step.__name__, folder, orders) for step in STEPS)
    classes = "; ".join(f"{side}: {name} {count:,}" for side, name, count in found["classes"])
    return [
        f"## Reconciliation of {orders:,} orders and ten networks",
        "",
        "As many conversions as orders, by 2,000 publishers under ten agreements, and twice as many touches. Some"
        " conversions name no order, were reported with tax, are declined, or claim the order of another. All is"
        " built from staging to the marts of reconciliation, without tests.",
        "",
        *marts_lines(found),
        "",
        f"{found['nodes']} models. Records by class: {classes}. {slowest_models(found)}",
    ]


STEPS = (prepare, build)

if __name__ == "__main__":
    step_or_page(STEPS, page)
