"""Files of a shop, of HubSpot and of Salesforce, from the folder to the orders that are counted."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, Brand
from tests.dbt.conftest import dbt_build

DROPS = Path(__file__).parents[1] / "unit" / "drops"
HUBSPOT = DROPS / "hubspot-crm-exports-all-deals-2026-02-01.csv"
SYSTEMS = """
[[exports]]
stream = "hubspot_deals"
path = "exports/hubspot*.csv"
shop = "main"
currency = "EUR"
time_zone = "Europe/Berlin"
is_full = true
stages = {paid = ["Paid"], refunded = ["Returned"], open = ["New"]}
[[exports]]
stream = "salesforce_opportunities"
path = "exports/*extract*.csv"
shop = "main"
currency = "EUR"
time_zone = "Europe/Berlin"
amount_is = "net_goods"
"""
SHOP = (
    "order_id,shop,ordered_at,updated_at,status,currency,subtotal,discount,shipping,tax,total,refunded,"
    "refunded_subtotal,voucher_code,customer_email,customer_type\n"
    "100232,main,2026-01-15T20:44:00+01:00,2026-01-15T20:44:00+01:00,paid,EUR,1040,0,9.58,199.42,1249.00,0,0,,,new\n"
)
MODELS = ["currencies", "fx_rates", "+rpt_operations_crm_records", "+fct_orders", "+int_order_amounts__changed"]
OPPORTUNITIES = DROPS / "dataloader_extract_opportunity.csv"


def test_an_order_counts_once_and_one_that_left_its_crm_stays(brand: Brand, target: Path) -> None:
    path = brand.settings.config_path
    path.write_text(path.read_text("utf-8") + '[matching]\norder_id_prefixes = ["SHOP"]\n' + SYSTEMS, encoding="utf-8")
    brand.settings = load_settings(path)
    (brand.exports / "orders_1.csv").write_text(SHOP, encoding="utf-8")
    shutil.copy(HUBSPOT, brand.exports)
    shutil.copy(OPPORTUNITIES, brand.exports)
    _changed(brand.exports / HUBSPOT.name, FIRST_MORNING - timedelta(days=2))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    # The next full export lacks the first deal.
    rest = HUBSPOT.read_bytes().split(b"\n")
    (brand.exports / "hubspot-2.csv").write_bytes(b"\n".join([rest[0], *rest[2:]]))
    _changed(brand.exports / "hubspot-2.csv", FIRST_MORNING - timedelta(days=1))
    assert brand.load_exports(FIRST_MORNING).problems == ()

    _build(brand, target)
    orders = brand.query(
        "select order_key, order_source, record_state, status, total, commissionable_amount from marts.fct_orders"
        " order by order_key"
    )
    gross = Decimal("129.9")
    assert orders == [
        ("main:100232", "shop", "current", "paid", Decimal("1249"), Decimal("1040")),
        # Salesforce still has it, and calls its amount the goods.
        ("main:SHOP-100231", "salesforce", "current", "paid", None, gross),
        ("main:SHOP-100240", "hubspot", "current", "refunded", Decimal(0), Decimal(0)),
    ]
    records = brand.query(
        "select order_source, order_id, record_state, outcome, counted_order_key, total_difference"
        " from marts.rpt_operations_crm_records order by order_source, record_id"
    )
    assert records == [
        ("hubspot", "SHOP-100231", "missing", "counted_by_other_record", "main:SHOP-100231", None),
        ("hubspot", "SHOP-100232", "current", "counted_by_shop", "main:100232", Decimal(0)),
        ("hubspot", "SHOP-100240", "current", "counted", "main:SHOP-100240", None),
        ("hubspot", None, "current", "no_order_id", None, None),
        ("salesforce", "SHOP-100231", "current", "counted", "main:SHOP-100231", None),
        ("salesforce", "SHOP-100240", "deleted", "counted_by_other_record", "main:SHOP-100240", None),
    ]


def test_an_order_that_a_crm_system_tells_keeps_the_history_of_its_amount(brand: Brand, target: Path) -> None:
    path = brand.settings.config_path
    path.write_text(path.read_text("utf-8") + SYSTEMS, encoding="utf-8")
    brand.settings = load_settings(path)
    won = OPPORTUNITIES.read_text("utf-8")
    returned = won.replace("Closed Won", "Closed Lost").replace("2026-01-20T11:02:09", "2026-02-03T09:30:00")
    for day, text in enumerate((won, won.replace('"129.9"', '"99.9"'), returned)):
        export = brand.exports / f"extract-{day}.csv"
        export.write_text(text, encoding="utf-8")
        _changed(export, FIRST_MORNING - timedelta(days=3 - day))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    _build(brand, target)
    assert brand.query(
        "select order_key, change_number, amount_before, amount_after, changed_at::varchar"
        " from intermediate.int_order_amounts__changed order by change_number"
    ) == [
        ("main:SHOP-100231", 1, Decimal("129.9"), Decimal("99.9"), "2026-01-20 11:02:09"),
        ("main:SHOP-100231", 2, Decimal("99.9"), Decimal(0), "2026-02-03 09:30:00"),
    ]


def _build(brand: Brand, target: Path) -> None:
    arguments = ["--select", *MODELS, "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    assert dbt_build(brand.settings.warehouse, target, arguments).success


def _changed(path: Path, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))
