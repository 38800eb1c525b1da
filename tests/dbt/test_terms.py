"""Commission by contract: the models against a recomputation of it, sale by sale, in Python."""

from __future__ import annotations

import csv
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.compiled import Compiled
from tests.dbt import brand, contract, owed
from tests.dbt.conftest import PROJECT, Build, network_names, rebuilt
from tests.dbt.warehouse import insert

D = Decimal


@pytest.mark.parametrize("seed", [1, 2])
def test_expected_commission_equals_a_recomputation_in_python(seed: int, tmp_path: Path, compiled: Compiled) -> None:
    draw = random.Random(seed)
    terms = contract.drawn_terms(draw, 40)
    paid = list(owed.paid_by(draw, contract.drawn_sales(draw, 400), terms))
    sales = [sale for sale, _ in paid]
    warehouse = tmp_path / "affiliate.duckdb"
    brand.begin(warehouse)
    records = [contract.as_records(sale) for sale in draw.sample(sales, len(sales))]
    insert(warehouse, "valid_awin.transactions", *(conversion for conversion, _ in records))
    insert(warehouse, "valid_crm.orders", *(order for _, order in records if order is not None))
    insert(warehouse, "valid_crm.terms", *(row for term in terms for row in contract.versions(draw, term)))
    insert(
        warehouse,
        "valid_awin.publishers",
        *(
            {"_account_id": "1001", "_key": name, "_observed_at": brand.AS_OF, "id": int(name), "primary_type": kind}
            for name, kind in contract.PUBLISHERS.items()
        ),
    )
    build = rebuilt(compiled, warehouse, compiled.upstream("int_conversions__expected"))
    found = {
        int(key.rsplit(":", 1)[1]): (term, expected, fee, reason)
        for key, term, expected, fee, reason in build.query(
            """
            select conversion_key, term_id, expected_commission, expected_network_fee, commission_reason
            from intermediate.int_conversions__expected
            """
        )
    }
    owing = {sale.number: of for sale, of in owed.expectations(sales, terms)}
    reasons = {sale.number: reason for sale, reason in paid}
    wanted = {
        number: (None if of.term is None else of.term["term_id"], of.amount, of.fee, reasons[number])
        for number, of in owing.items()
    }
    assert found == wanted
    assert len({of.term["term_id"] for of in owing.values() if of.term is not None}) > 10
    assert all(count >= 3 for count in Counter(reasons.values()).values())
    assert set(reasons.values()) == {
        *("as_agreed", "bonus_differs", "cap_ignored", "currency_differs", "order_void", "outside_click_window"),
        *("voucher_not_authorised", "wrong_base"),
    } | ({"no_term_known"} & set(reasons.values()))
    [(unexplained,)] = build.query("select sum(unexplained_commission) from intermediate.int_conversions__expected")
    assert unexplained == 0


def test_a_hand_made_brand_is_paid_as_agreed_but_for_two_sales(acme: Build) -> None:
    rows = acme.query(
        """
        select conversion_id, commission_reason, expected_commission, commission_difference, paid_on_base
        from marts.fct_commission_differences
        where commission_reason not in ('as_agreed', 'order_unknown') order by 1
        """
    )
    assert rows == [
        # The network was told 108.00, and pays a tenth of it.
        ("2", "wrong_base", D(9), D("1.8"), "reported_sale"),
        ("3", "order_void", D(0), D(5), None),
        ("93", "no_term_known", None, None, None),
    ]


def test_the_work_list_of_the_hand_made_brand_begins_with_the_only_deadline(acme: Build) -> None:
    rows = acme.query(
        "select work_key, deadline_bucket, hours_left, risk_amount from marts.rpt_work_list order by work_rank"
    )
    assert rows == [
        # CJ locks on 11 March at 2 a.m. Pacific: nine days and seven hours after 3:00 UTC on the 2nd.
        ("network:cj:5001:f22", "later", 223, D(0)),
        ("network:awin:1001:5", "no_deadline_known", None, D(7)),
        ("network:awin:1001:61", "no_deadline_known", None, D(2)),
        ("network:awin:1001:2", "no_deadline_known", None, D("1.8")),
        ("network:awin:1001:90", "no_deadline_known", None, D("1.1")),
        ("order:main:3001", "no_deadline_known", None, None),
        ("order:main:3004", "no_deadline_known", None, None),
        ("order:main:3005", "no_deadline_known", None, None),
    ]


def test_the_lock_rules_are_of_known_networks_and_cited() -> None:
    with (PROJECT / "seeds" / "lock_rules.csv").open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    assert {rule["network"] for rule in rules} <= set(network_names())
    for rule in rules:
        assert rule["statement"], rule
        assert rule["source"], rule
        assert rule["source_url"].startswith("https://"), rule
        assert rule["rule_confidence"] in ("documented", "third party"), rule
        calendar = [
            rule[name] for name in ("months_after", "day_of_month", "hour_of_day", "sale_zone", "deadline_zone")
        ]
        assert all(calendar) if rule["rule"] == "day_of_month" else not any(calendar), rule
        for zone in (rule["sale_zone"], rule["deadline_zone"]):
            assert zone == "" or ZoneInfo(zone), rule
    by_calendar = {
        rule["network"]: (rule["months_after"], rule["day_of_month"], rule["hour_of_day"], rule["deadline_zone"])
        for rule in rules
        if rule["rule"] == "day_of_month"
    }
    assert by_calendar == {"cj": ("1", "11", "2", "America/Los_Angeles"), "rakuten": ("2", "1", "0", "Asia/Tokyo")}
