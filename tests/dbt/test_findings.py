"""The built marts of a brand written by hand, against findings worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import yaml

from tests.dbt.conftest import PROJECT, Build

D = Decimal

NETWORK_SIDE = {
    ("awin", "1"): ("matched", "agrees"),
    ("awin", "2"): ("amount_mismatch", "network_higher"),
    ("awin", "3"): ("status_mismatch", "live_but_order_void"),
    ("awin", "4"): ("status_mismatch", "void_but_order_live"),
    ("awin", "5"): ("duplicate_claim", "last click before the order"),
    ("awin", "61"): ("duplicate_claim", "earliest recorded"),
    ("awin", "62"): ("matched", "agrees"),
    ("awin", "7"): ("matched", "void_settled_elsewhere"),
    ("awin", "8"): ("matched", "agrees"),
    ("awin", "9"): ("matched", "agrees"),
    ("awin", "90"): ("missing_in_crm", "no_such_order"),
    ("awin", "91"): ("not_yet_comparable", "after_newest_order"),
    ("awin", "92"): ("matched", "void_without_order"),
    ("awin", "93"): ("missing_in_crm", "bonus_without_order"),
    ("awin", "10"): ("matched", "agrees"),
    ("awin", "11"): ("matched", "agrees"),
    ("awin", "12"): ("matched", "agrees"),
    ("cj", "f5"): ("matched", "agrees"),
    ("cj", "f7"): ("matched", "agrees"),
    ("cj", "f20"): ("matched", "agrees"),
    ("cj", "f21"): ("matched", "both_void"),
    ("cj", "f22"): ("status_mismatch", "void_but_order_live"),
    ("cj", "f23"): ("matched", "agrees"),
}

ORDER_SIDE = {
    "1001": ("matched", "awin"),
    "1002": ("amount_mismatch", "awin"),
    "1003": ("status_mismatch", "awin"),
    "1004": ("status_mismatch", "awin"),
    "1005": ("matched", "cj"),
    "1006": ("matched", "awin"),
    "1007": ("matched", "cj"),
    "1008": ("matched", "awin"),
    "1009": ("matched", "awin"),
    "1010": ("matched", "awin"),
    "1011": ("matched", "awin"),
    "1012": ("matched", "awin"),
    "2001": ("matched", "cj"),
    "2002": ("matched", "cj"),
    "2003": ("status_mismatch", "cj"),
    "2004": ("matched", "cj"),
    "3001": ("missing_in_network", "awin"),
    "3002": ("matched", "cj"),
    "3003": ("not_yet_comparable", "cj"),
    "3004": ("missing_in_network", "cj"),
    "3005": ("missing_in_network", "awin"),
    "3006": ("not_affiliate", None),
    "3007": ("not_affiliate", None),
    "3008": ("not_affiliate", None),
}


def test_the_build_succeeds_and_warns_of_what_it_does_not_know(acme: Build) -> None:
    assert acme.success
    assert acme.with_outcome("warn") == {
        "assert_every_status_word_is_known",
        "assert_no_fx_rate_is_missing",
        "assert_declined_cj_family_nets_to_zero",
    }
    assert not acme.with_outcome("fail")
    assert not acme.with_outcome("error")
    assert not acme.with_outcome("skipped")


def test_each_conversion_is_in_its_class(acme: Build) -> None:
    rows = acme.query(
        "select network, record_id, class, reason from marts.fct_reconciliation_diffs where side = 'network'"
    )
    assert {(network, record): (found, reason) for network, record, found, reason in rows} == NETWORK_SIDE
    assert len(rows) == len(NETWORK_SIDE)


def test_each_order_is_in_its_class_and_names_the_network_concerned(acme: Build) -> None:
    rows = acme.query("select record_id, class, network from marts.fct_reconciliation_diffs where side = 'order'")
    assert {record: (found, network) for record, found, network in rows} == ORDER_SIDE
    assert len(rows) == len(ORDER_SIDE)


def test_an_unknown_status_word_has_no_status(acme: Build) -> None:
    [row] = acme.query(
        """
        select status, lock_state, payment_state, raw_status
        from marts.fct_conversions where conversion_id = '9'
        """
    )
    assert row == (None, "unknown", "unknown", "suspended")


def test_a_lost_claim_names_its_survivor_and_the_money(acme: Build) -> None:
    rows = acme.query(
        """
        select conversion_key, survivor_conversion_key, order_key, publisher_commission,
            publisher_commission_currency
        from marts.fct_duplicate_claims order by 1
        """
    )
    assert rows == [
        ("awin:1001:5", "cj:5001:f5", "main:1005", D("7.000000"), "EUR"),
        ("awin:1001:61", "awin:1001:62", "main:1006", D("2.000000"), "EUR"),
    ]


def test_cj_corrections_are_netted_and_each_stays_an_event(acme: Build) -> None:
    families = acme.query(
        """
        select conversion_id, status, payment_state, row_kind, sale_amount, publisher_commission, network_rows
        from marts.fct_conversions where network = 'cj' order by conversion_id
        """
    )
    assert families == [
        ("f20", "pending", "unpaid", "original", D("80.000000"), D("8.000000"), 3),
        ("f21", "reversed", "unpaid", "original", D("0.000000"), D("0.000000"), 2),
        ("f22", "reversed", "unpaid", "original", D("40.000000"), D("4.000000"), 1),
        ("f23", "approved", "payable", "original", D("10.000000"), D("1.000000"), 1),
        ("f5", "pending", "unpaid", "original", D("70.000000"), D("7.000000"), 1),
        ("f7", "pending", "unpaid", "original", D("30.000000"), D("3.000000"), 1),
    ]
    events = acme.query(
        """
        select network_row_id, version_number, event_type, row_kind, sale_amount_delta
        from marts.conversion_events where conversion_id in ('f20', 'f23') order by 1, 2
        """
    )
    assert events == [
        ("2001", 1, "first_seen", "original", D("120.000000")),
        ("2002", 1, "correction", "adjustment", D("-120.000000")),
        ("2003", 1, "correction", "restatement", D("80.000000")),
        ("2301", 1, "first_seen", "original", D("10.000000")),
        ("2301", 2, "status_changed", "original", D("0.000000")),
    ]


def test_an_awin_amendment_is_the_present_state_and_its_history_is_kept(acme: Build) -> None:
    [row] = acme.query(
        """
        select status, is_amended, sale_amount, previous_sale_amount, status_reason, _page_id
        from marts.fct_conversions where conversion_id = '12'
        """
    )
    assert row == ("approved", True, D("60.000000"), D("80.000000"), "Returned", "page-awin-12")
    deltas = acme.query(
        """
        select event_type, sale_amount_delta, _page_id
        from marts.conversion_events where conversion_id = '12' order by version_number
        """
    )
    assert deltas == [
        ("first_seen", D("80.000000"), "page-awin-12-a"),
        ("status_changed", D("-20.000000"), "page-awin-12"),
    ]


def test_money_is_converted_at_the_rate_of_the_day(acme: Build) -> None:
    # 12 January 2026 in seeds/fx_rates.csv: 1 EUR = 0.8660 GBP = 1.0883 USD; rates are cut after ten places.
    per_pound, per_dollar = D("1.1547344110"), D("0.9188642837")
    rows = acme.query(
        """
        select conversion_id, sale_fx_rate, sale_amount_reporting, publisher_commission_reporting,
            sale_fx_source
        from marts.fct_conversions where conversion_id in ('1', '10', '11', 'f23') order by 1
        """
    )
    assert rows == [
        ("1", D(1), D(100), D(10), "same currency"),
        ("10", None, None, None, None),
        ("11", per_pound, round(86 * per_pound, 6), round(D("8.60") * per_pound, 6), "illustrative"),
        ("f23", per_dollar, round(10 * per_dollar, 6), round(1 * per_dollar, 6), "illustrative"),
    ]


def test_the_commission_at_risk_is_what_would_be_paid_without_being_owed(acme: Build) -> None:
    rows = acme.query(
        """
        select record_id, amount_difference, commission_at_risk, commission_currency, act_by_at is null
        from marts.fct_reconciliation_diffs
        where side = 'network' and class not in ('matched', 'not_yet_comparable') order by 1
        """
    )
    assert rows == [
        # 18.00 of 108.00 are too much: a sixth of 10.80, by a fraction cut after ten places.
        ("2", D(18), D("1.800000"), "EUR", True),
        ("3", D(50), D(5), "EUR", True),
        ("4", D(0), D(0), "EUR", True),
        ("5", None, D(7), "EUR", True),
        ("61", D(0), D(2), "EUR", True),
        ("90", None, D("1.1"), "EUR", True),
        ("93", None, D(25), "EUR", True),
        ("f22", D(0), D(0), "USD", False),
    ]


def test_each_attribution_model_credits_the_path_of_three(acme: Build) -> None:
    rows = acme.query(
        """
        select attribution_model, channel, credit_fraction, credited_revenue
        from marts.fct_attribution_credits
        where order_id = '3007' and attribution_model not in ('markov', 'shapley', 'leave_one_out')
        order by attribution_model, touch_number
        """
    )
    assert rows == [
        ("affiliate_last_click", "unattributed", D(1), D(100)),
        ("first", "email", D(1), D(100)),
        ("last", "direct", D(1), D(100)),
        ("last_non_direct", "paid", D(1), D(100)),
        ("linear", "email", D("0.333333"), D("33.33")),
        ("linear", "paid", D("0.333333"), D("33.33")),
        ("linear", "direct", D("0.333334"), D("33.34")),
        ("position", "email", D("0.4"), D(40)),
        ("position", "paid", D("0.2"), D(20)),
        ("position", "direct", D("0.4"), D(40)),
        # Weights 1/4, 1/2 and 1 of 7/4.
        ("time_decay", "email", D("0.142857"), D("14.29")),
        ("time_decay", "paid", D("0.285714"), D("28.57")),
        ("time_decay", "direct", D("0.571429"), D("57.14")),
        ("w_shape", "email", D("0.333333"), D("33.33")),
        ("w_shape", "paid", D("0.333333"), D("33.33")),
        ("w_shape", "direct", D("0.333334"), D("33.34")),
    ]


def test_an_affiliate_touch_names_the_publisher_its_network_reports(acme: Build) -> None:
    rows = acme.query(
        """
        select distinct touchpoint_id, touch_count, network, publisher_id, credited_revenue
        from marts.fct_attribution_credits where order_id = '1001'
        """
    )
    assert rows == [("main:q1", 1, "awin", "77", D(100))]


def test_an_order_without_a_touch_is_unattributed_in_every_model(acme: Build) -> None:
    rows = acme.query(
        """
        select attribution_model, touchpoint_id, channel, credit_fraction, credited_revenue
        from marts.fct_attribution_credits where order_id = '3008' order by 1
        """
    )
    models = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["attribution_models"]
    assert len(models) >= 8
    assert rows == [(model, None, "unattributed", D(1), D(10)) for model in sorted(models)]


def test_publishers_carry_the_name_of_the_list_over_that_of_a_sale(acme: Build) -> None:
    assert acme.query("select publisher_key, publisher_name, is_listed from marts.dim_publishers order by 1") == [
        ("awin:77", "Deal Harbour Ltd", True),
        ("cj:88", "Home Notes", False),
    ]


def test_the_nightly_report_adds_up_by_class_and_currency(acme: Build) -> None:
    rows = acme.query(
        """
        select class, network_currency, sum(records)::bigint, sum(network_amount),
               bool_or(network_amount_reporting is null)
        from marts.rpt_finance_reconciliation_nightly
        where side = 'network' and network = 'awin'
          and class in ('matched', 'duplicate_claim', 'missing_in_crm')
          and (order_currency is not null or class = 'missing_in_crm')
        group by class, network_currency, order_currency
        order by class, network_currency, sum(network_amount)
        """
    )
    assert rows == [
        # 70.00 against an order in USD and 20.00 against one in EUR stand apart.
        ("duplicate_claim", "EUR", 1, D(20), False),
        ("duplicate_claim", "EUR", 1, D(70), False),
        ("matched", "EUR", 1, D(30), False),
        ("matched", "EUR", 5, D("207.50"), False),
        ("matched", "GBP", 1, D(86), False),
        ("matched", "SEK", 1, D(500), True),
        ("missing_in_crm", "EUR", 2, D(11), False),
    ]
