"""Amounts, rates and addresses at the ends of what is valid: they stop no night, and are exact."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.compiled import Compiled
from tests.dbt import brand
from tests.dbt.conftest import Build, rebuilt
from tests.dbt.warehouse import insert

D = Decimal
# Sales of which each names an order with the same number, and what their agreement of a tenth is worth.
SALES = {
    # Another currency than the order's, told with what it was tracked in.
    "1": ("EUR", "1200.00", {"sale_currency": "GBP", "tracked_amount": D(1200), "tracked_currency": "EUR"}, "1000.00"),
    "2": ("JPY", "900000", {"sale_currency": "EUR", "tracked_amount": D(900000), "tracked_currency": "JPY"}, "5000.00"),
    "3": ("LBP", "9999999999.00", {"sale_currency": "LBP"}, "9999999999.00"),
    "4": ("KWD", "1000000000.123", {"sale_currency": "KWD"}, "1000000000.123"),
    "5": ("EUR", "9999999999.99", {}, "9999999999.99"),
    # The shop's tag sends nonsense.
    "6": ("EUR", "10.00", {}, "9999999999.99"),
    # A pixel without an amount, paid all the same.
    "7": ("EUR", "0.01", {"commission_amount": D(50000)}, "0.01"),
}


@pytest.fixture(scope="module", params=["EUR", "JPY"])
def built(request: pytest.FixtureRequest, compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A brand of these sales alone, in a reporting currency that makes little and in one that makes much of them."""
    warehouse = Path(tmp_path_factory.mktemp("extremes") / "affiliate.duckdb")
    brand.begin(warehouse, compiled.prefixes)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update config.brand set reporting_currency = ?", [request.param])
    insert(warehouse, "config.accounts", {"network": "awin", "account_id": "1001", "name": "Acme", "currency": "EUR"})
    orders, sales, touches = [], [], []
    for number, (currency, amount, changes, told) in SALES.items():
        without = dict.fromkeys(("shipping", "tax"), D(0))
        orders.append(brand.order(number, amount, currency=currency, total=D(amount), **without))
        paid = {"commission_currency": changes.get("sale_currency", "EUR")}
        sales.append(brand.awin(int(number), number, told, **paid | changes))
        address = f"https://shop.example/?ref=caf%E9&awc=1001_1_{number}"
        touches.append(brand.touch(f"t{number}", f"customer-{number}", "2026-01-12 11:00:00", landing_url=address))
    # One order in two parts.
    orders.append(brand.order("8", "1200000", currency="JPY", total=D(1200000), shipping=D(0), tax=D(0)))
    sales += [
        brand.awin(number, "8", "600000", sale_currency="JPY", commission_currency="JPY", transaction_date=at)
        for number, at in ((81, "2026-01-12 12:00:00"), (82, "2026-01-12 12:10:00"))
    ]
    insert(warehouse, "valid_crm.orders", *orders)
    insert(warehouse, "valid_crm.touchpoints", *touches)
    insert(warehouse, "valid_awin.transactions", *sales)
    spend = brand.Row(day="2026-01-12", channel="affiliate", campaign=None, currency="EUR", cost=D("0.01"))
    lineage = {name: touches[0][name] for name in ("_account_id", "_page_id", "_load_id", "_run_id", "_observed_at")}
    insert(warehouse, "valid_crm.ad_spend", spend | lineage | {"_key": "1", "_row_hash": "1", "spend_key": "1"})
    insert(warehouse, "valid_crm.terms", brand.term("all", "awin", rate=D("0.1"), base="net_goods"))
    return rebuilt(compiled, warehouse)


def test_everything_is_built_and_every_claim_holds(built: Build) -> None:
    assert built.with_outcome("fail") == set()


def test_what_was_agreed_is_exact(built: Build) -> None:
    found = dict(
        built.query(
            "select conversion_key, (base_amount, expected_commission, commission_reason)"
            " from intermediate.int_conversions__expected"
        )
    )
    told = {number: D(told) for number, (_, _, _, told) in SALES.items()} | {"81": D(600000), "82": D(600000)}
    for number in ("1", "2", "3", "4", "5", "81", "82"):
        base, expected, reason = found[f"awin:1001:{number}"]
        assert base == told[number]
        assert abs(expected - base / 10) < D("0.01")
        assert reason == "as_agreed"


def test_an_address_that_is_no_utf_8_hides_no_click(built: Build) -> None:
    found = built.query("select distinct channel, network from marts.fct_attribution_touches where order_id <> '8'")
    assert found == [("affiliate", "awin")]


def test_credits_of_the_largest_orders_add_up(built: Build) -> None:
    credited = dict(
        built.query(
            "select order_id, sum(credited_revenue) from marts.fct_attribution_credits where"
            " attribution_model = 'linear' group by order_id"
        )
    )
    assert credited == {number: D(amount) for number, (_, amount, _, _) in SALES.items()} | {"8": D(1200000)}
