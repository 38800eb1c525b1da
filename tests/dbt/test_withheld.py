"""A held network: its figures are withheld and nobody else's, from the marts to what is printed."""

from __future__ import annotations

import io
import re
import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from affiliate_assets.publishing import publish, read_manifest
from affiliate_assets.report.page import draw_report
from affiliate_assets.settings import Settings
from affiliate_assets.summary import print_summary
from tests.compiled import Compiled
from tests.dbt import brand
from tests.dbt.conftest import Build, rebuilt
from tests.unit.reported import read

REASON = "2 windows are not proved complete"
MONEY = (
    "network_amount, order_amount, amount_difference, commission_at_risk, network_amount_reporting,"
    " order_amount_reporting, commission_at_risk_reporting"
)


@pytest.fixture(scope="module")
def held(acme: Build, compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The brand while CJ is held."""
    warehouse = Path(shutil.copy(acme.warehouse, tmp_path_factory.mktemp("held") / "affiliate.duckdb"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update ops.standings set held = true, reasons = ? where network = 'cj'", [REASON])
    return rebuilt(compiled, warehouse)


def report(build: Build, where: str) -> list[tuple[Any, ...]]:
    return build.query(
        f"select side, network, account_id, class, order_currency, records, withheld_reason, {MONEY}"
        f" from marts.rpt_finance_reconciliation_nightly where {where} order by all"
    )


def test_holding_a_network_breaks_no_claim(acme: Build, held: Build) -> None:
    assert held.success
    assert held.with_outcome("warn") == acme.with_outcome("warn")


def test_the_report_keeps_the_records_of_a_held_network_without_its_money(acme: Build, held: Build) -> None:
    before, after = report(acme, "network = 'cj'"), report(held, "network = 'cj'")
    assert [row[:6] for row in after] == [row[:6] for row in before]
    assert len(after) >= 4
    assert {row[6:] for row in after} == {(REASON, *[None] * 7)}


def test_the_report_of_everybody_else_stays_as_it_is(acme: Build, held: Build) -> None:
    others = "coalesce(network, '') <> 'cj'"
    assert report(held, others) == report(acme, others)
    assert len(report(held, others)) >= 8
    assert {row[6] for row in report(held, others)} == {None}


def test_only_what_hangs_on_the_held_network_is_marked(held: Build) -> None:
    assert held.query("select distinct network, is_withheld from marts.fct_conversions order by 1") == [
        ("awin", False),
        ("cj", True),
    ]
    orders = held.query(
        "select record_id from marts.fct_reconciliation_diffs where side = 'order' and is_withheld order by 1"
    )
    # Kept by a conversion of CJ, or clicked through a link of CJ.
    kept, clicked = ["1005", "1007", "2001", "2002", "2003", "2004"], ["3002", "3003", "3004"]
    assert [order for (order,) in orders] == kept + clicked


def test_publishers_of_a_held_network_keep_their_orders_without_their_money(acme: Build, held: Build) -> None:
    counts = "attribution_model, network, publisher_id, credited_orders, orders_touched, orders_begun, orders_assisted"
    money = (
        "credited_revenue_reporting, payout_under_model_reporting, actual_bill_reporting, payout_difference_reporting"
    )

    def value(build: Build, columns: str, where: str) -> list[tuple[Any, ...]]:
        return build.query(f"select {columns} from marts.rpt_publisher_value where {where} order by all")

    cj, others = "network = 'cj'", "coalesce(network, '') <> 'cj'"
    assert value(held, counts, cj) == value(acme, counts, cj)
    assert any(bill for (bill,) in value(acme, "actual_bill_reporting", cj))
    assert set(value(held, f"withheld_reason, {money}", cj)) == {(REASON, None, None, None, None)}
    assert value(held, "*", others) == value(acme, "*", others)
    assert value(held, "*", f"{others} and withheld_reason is not null") == []
    # Which networks an order was touched by, the shop has seen itself.
    overlap = "from marts.rpt_network_overlap order by all"
    assert held.query(overlap) == acme.query(overlap)


@pytest.fixture(scope="module")
def awin_held(acme: Build, compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The brand while Awin is held, of whose publishers one was measured."""
    warehouse = Path(shutil.copy(acme.warehouse, tmp_path_factory.mktemp("awin") / "affiliate.duckdb"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update ops.standings set held = true, reasons = ? where network = 'awin'", [REASON])
    return rebuilt(compiled, warehouse)


def test_a_cost_that_a_held_network_charges_is_unknown_and_no_other_figure(acme: Build, awin_held: Build) -> None:
    assert awin_held.success
    costs = "commission_cost_reporting, total_cost_reporting, roas_rate, cost_per_order_reporting"
    columns = f"withheld_reason, {costs}"
    line = "value_date = '2026-03-02' and channel = 'affiliate'"
    value = "from marts.rpt_attribution_value where"
    assert acme.query(f"select distinct withheld_reason, commission_cost_reporting {value} {line}") == [
        (None, Decimal("1.100000"))
    ]
    assert awin_held.query(f"select distinct {columns} {value} {line}") == [(f"awin: {REASON}", *[None] * 4)]
    for others in (f"select * exclude ({columns}) {value} true", f"select * {value} channel <> 'affiliate'"):
        assert awin_held.query(f"{others} order by all") == acme.query(f"{others} order by all") != []


def test_a_measured_publisher_of_a_held_network_leaves_no_distance_of_publishers(
    acme: Build, held: Build, awin_held: Build
) -> None:
    def distance(build: Build, level: str, columns: str = "*") -> list[tuple[Any, ...]]:
        rows = f"from marts.rpt_attribution_distance where comparison_level = '{level}'"
        return build.query(f"select distinct {columns} {rows} order by all")

    assert distance(awin_held, "channel") == distance(acme, "channel") != []
    figures = "distance_fraction, scaled_distance_fraction, largest_difference_fraction, largest_publisher_id"
    assert distance(awin_held, "publisher", f"withheld_reason, {figures}") == [(f"awin: {REASON}", *[None] * 4)]
    assert None not in [row[0] for row in distance(acme, "publisher", figures)]
    # Of CJ nobody was measured.
    assert distance(held, "publisher") == distance(acme, "publisher")


def test_completeness_names_the_reason(held: Build) -> None:
    found = held.query(
        "select network, completeness, withheld_reason from marts.rpt_operations_completeness order by 1"
    )
    assert [row for row in found if row[0] in ("awin", "cj")] == [("awin", "in", None), ("cj", "withheld", REASON)]
    assert {row[1:] for row in found if row[0] not in ("awin", "cj")} == {("no account", None)}


def published(build: Build, folder: Path) -> Settings:
    """The settings of a brand that has published the build."""
    settings = Settings.model_validate(
        {
            "brand": {
                "name": "Acme",
                "reporting_currency": "EUR",
                "time_zone": "Europe/Berlin",
                "start_date": "2026-01-01",
            },
            "privacy": {"hash_key": "env:KEY"},
            "config_path": folder / "affiliate.toml",
        }
    )
    settings.warehouse.parent.mkdir(parents=True)
    shutil.copy(build.warehouse, settings.warehouse)
    publish(settings, run_id="r1", as_of=datetime.fromisoformat(f"{brand.AS_OF}+00:00"))
    assert {network["network"] for network in read_manifest(settings.published)["networks"]} == {"awin", "cj"}
    return settings


def printed(build: Build, folder: Path) -> str:
    """What `affiliate summary` prints of it."""
    settings = published(build, folder)
    out = io.StringIO()
    print_summary(settings, Console(file=out, width=200, color_system=None))
    return out.getvalue()


def test_the_summary_prints_no_amount_of_a_held_network(held: Build, tmp_path: Path) -> None:
    lines = printed(held, tmp_path).splitlines()
    assert f"cj 5001: withheld: {REASON}" in lines
    assert "awin 1001: in" in lines
    figures = [line for line in lines if "│ cj" in line]
    assert len(figures) == 5
    assert not any("." in line for line in figures)
    [withheld] = [line for line in lines if "│ withheld" in line and "EUR" in line]
    assert [cell.strip() for cell in withheld.strip("│").split("│")] == ["withheld", "EUR", "3", "–"]


def reported(build: Build, folder: Path) -> tuple[dict[str, list[list[str]]], str]:
    """Tables and text of its report."""
    settings = published(build, folder)
    as_of = datetime.fromisoformat(f"{brand.AS_OF}+00:00")
    report = draw_report(settings.published / "affiliate.duckdb", settings.brand, run_id="r1", as_of=as_of)
    assert report.error is None
    page = read(report.page)
    return page.tables, " ".join(page.words)


def test_the_report_shows_no_amount_of_a_held_network(acme: Build, held: Build, tmp_path: Path) -> None:
    tables, text = reported(held, tmp_path / "held")
    assert f"cj, account 5001, is withheld : {REASON}." in text
    open_tables, open_text = reported(acme, tmp_path / "open")
    assert "withheld" not in open_text
    # The money of the others is what it was, with the held network's out of it.
    for build, shown in ((held, tables), (acme, open_tables)):
        [(records, amount)] = build.query(
            "select sum(records), sum(network_amount) from marts.rpt_finance_reconciliation_nightly"
            " where side = 'network' and class = 'missing_in_crm' and network_currency = 'EUR'"
        )
        row = next(row for row in shown["Conversions against orders"] if row[0].startswith("missing in the shop"))
        assert row[1].split()[0] == str(records)
        assert row[2] == f"{amount:,.2f} EUR"
    bills = [row for row in tables["Publisher value against pay"] if row[0].endswith(" cj")]
    assert bills
    assert {cell for row in bills for cell in row[1:4]} == {"withheld"}


def test_the_summary_says_nothing_of_withholding_while_nobody_is_held(acme: Build, tmp_path: Path) -> None:
    text = printed(acme, tmp_path)
    assert "withheld" not in text
    assert re.search(r"^Report +\S+/published/report\.html$", text, re.MULTILINE)
    assert "cj 5001: in" in text.splitlines()
    [(sales,)] = acme.query(
        "select sum(sale_amount) from marts.fct_conversions where status = 'approved' and network = 'cj'"
    )
    assert sales == Decimal("10.000000")
    assert any("│ cj" in line and "approved" in line and "10.00" in line for line in text.splitlines())
