from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest

from affiliate_assets.report import words
from affiliate_assets.report.page import draw_report
from affiliate_assets.report.tables import MARTS, QUESTIONS
from tests.unit.reported import AS_OF, BRAND, COLUMNS, SMALL, changed, drawn, read, write_marts

MONEY = ("payout_under_model_reporting", "actual_bill_reporting", "payout_difference_reporting")
LARGEST = ("largest_difference_fraction", "largest_channel", "largest_network", "largest_publisher_id")


@pytest.fixture
def page(tmp_path: Path) -> str:
    return drawn(tmp_path).page


def test_the_figures_of_the_page_are_those_of_the_marts(page: str) -> None:
    tables = read(page).tables
    assert tables["Conversions against orders"][1:] == [
        # 1,234.565 and 0.01 are added up before they are rounded; one unknown part makes a sum unknown.
        ["amount mismatch", "5", "1,234.58 GBP", "−10.00 GBP", "unknown", "2026-03-31 11:00"],
        ["1", "7.00 USD", "0.00 USD", "0.50 EUR", ""],
    ]
    assert tables["Orders against conversions"][1:] == [["matched", "1,500", "1,000,000.10 EUR"]]
    assert tables["Does it add up?"][1:] == [["networks, GBP", "5", "4", "0.01 GBP"]]
    assert tables["What to do first"][1:] == [
        [
            "1",
            "A-1 Awin 1001",
            "Look for the order. missing in the shop: no such order",
            "Home Notes",
            "12.35 GBP",
            "2 d 2 h 2026-03-31 05:30",
            "–",
        ],
        ["2", "A-2 Awin 1001", "Look at it. status mismatch", "9", "28.00 EUR", "unknown", "– disputed"],
        ["3", "O-3 de", "Look at it. missing at the network", "unknown", "unknown", "unknown", "–"],
    ]


def test_attribution_on_the_page_is_that_of_the_marts(page: str) -> None:
    tables = read(page).tables
    assert tables["Model comparison"] == [
        ["Model", "paid", "unattributed"],
        ["first", "unknown 20.0", "–"],
        ["Markov", "4,025.01 40.3", "1.00 1,000.0"],
    ]
    assert tables["Path lengths"][1:] == [
        ["none known", "5", "unknown", "unknown", "50.00"],
        ["2", "30", "10", "75.0 %", "unknown"],
        ["25", "15", "0", "100.0 %", "1.10"],
    ]
    assert tables["Top paths"][1:] == [
        ["paid → email", "30", "10", "75.0 %", "300.00"],
        ["email", "15", "0", "100.0 %", "unknown"],
    ]
    assert tables["Distance to what was measured"] == [
        ["Model", "Distance", "Scaled", "Most wrong about", "Not measured"],
        ["Channels, 2026-02-01 to 2026-02-28 45 orders, 2 channels measured"],
        ["Markov", "0.25", "0.13", "nobody", "0.0 %"],
        ["first", "0.64", "unknown", "paid 30.1 % of orders too many", "10.0 %"],
        ["Publishers, 2026-02-01 to 2026-02-28 45 orders, 1 publisher measured"],
        ["first", "unknown", "unknown", "Home Notes, Awin 5.0 % of orders too few", "90.0 %"],
    ]
    # Of all models, the one that is drawn; what other channels earned is no publisher's.
    assert tables["Publisher value against pay"][1:] == [
        ["other channels and nobody", "0.00", "5.00", "5.00", "2.5", "", "", "", ""],
        ["Home Notes Awin", "100.00", "60.00", "−40.00", "2.5", "4", "3", "2", "1"],
        ["8 CJ Affiliate", "20.01", "80.00", "60.00", "2.5", "4", "3", "2", "1"],
    ]
    assert tables["Networks that touched the same orders"] == [
        ["Network", "Awin", "CJ Affiliate"],
        ["Awin", "9 90.00", "4 unknown"],
        ["CJ Affiliate", "4 unknown", "–"],
    ]


def test_the_head_tells_brand_instants_run_and_what_is_in(page: str) -> None:
    seen = read(page)
    head = seen.words[: seen.words.index("The night")]
    # An hour that summer time skips in the brand's zone.
    assert {"Acme", "2026-03-29 03:30", "Europe/Berlin", "2026-03-29 01:30", "run-1", "1 of 1"} <= set(head)
    assert seen.tables["Networks"][1:] == [["Awin", "1001", "in", "2026-03-29 03:30", "0", "12,345"]]


def test_amounts_of_different_currencies_are_not_added_up(page: str) -> None:
    seen = read(page).words
    tile = seen[seen.index("Commission at risk") + 1 :][:3]
    assert tile == ["28.00 EUR", "12.35 GBP", "and 1 of unknown amount"]


def test_a_withheld_network_is_said_and_shows_no_money(tmp_path: Path) -> None:
    reason = "2 windows are not proved complete"
    marts = SMALL | changed("rpt_operations_completeness", 0, completeness="withheld", withheld_reason=reason)
    marts |= changed(
        "rpt_finance_reconciliation_nightly",
        0,
        withheld_reason=reason,
        network_amount=None,
        amount_difference=None,
        commission_at_risk=None,
    )
    marts["rpt_finance_reconciliation_nightly"][1] |= {"commission_at_risk": "0.25"}
    marts["rpt_finance_reconciliation_nightly"].append(
        {"side": "order", "class": "matched", "order_currency": "GBP", "records": 4, "withheld_reason": reason}
    )
    marts |= changed("rpt_publisher_value", 1, withheld_reason=reason, **dict.fromkeys(MONEY))
    marts |= changed(
        "rpt_attribution_distance", 0, withheld_reason=f"awin: {reason}", **dict.fromkeys(LARGEST), compared_count=2
    )
    report = drawn(tmp_path, marts)
    seen = read(report.page)
    text = " ".join(seen.words)
    assert seen.tables["Distance to what was measured"][-1] == [
        f"Publishers, 2026-02-01 to 2026-02-28 45 orders, 2 publishers measured; withheld for awin: {reason}"
    ]
    assert f"Awin, account 1001, is withheld : {reason}." in text
    assert "0 of 1, 1 withheld" in text
    assert seen.tables["Conversions against orders"][1] == [
        "amount mismatch",
        "5 of them 2 withheld",
        "0.01 GBP",
        "0.50 GBP",
        "0.25 GBP",
        "2026-03-31 11:00",
    ]
    assert ["4", "withheld (GBP)"] in seen.tables["Orders against conversions"]
    [awin] = [row for row in seen.tables["Publisher value against pay"] if row[0].startswith("Home Notes")]
    assert awin[1:4] == ["withheld"] * 3
    [value] = [chart for chart in report.charts if chart.name == "publisher_value"]
    assert "Home Notes" not in value.image


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"completeness": "missing", "last_complete_window_end": None}, "nothing has been read completely yet"),
        ({"completeness": "stale", "open_windows": 3}, "those of 2026-03-29 03:30, and 3 windows are not complete"),
    ],
)
def test_an_account_that_is_not_in_is_said(tmp_path: Path, state: dict[str, Any], sentence: str) -> None:
    text = " ".join(read(drawn(tmp_path, SMALL | changed("rpt_operations_completeness", 0, **state)).page).words)
    assert f"Awin, account 1001, is {state['completeness']} :" in text
    assert sentence in text


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    seen = read(page)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & seen.tags
    targets = re.findall(r"""(?:src|href|action|data|poster)\s*=\s*["']?([^"'\s>]*)""", page)
    targets += re.findall(r"url\(\s*[\"']?([^)\"']*)", page) + re.findall(r"@import\s*([^;]*)", page)
    assert [target for target in targets if not target.startswith("#")] == []
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "default-src 'none'" in page
    assert [name for name, count in Counter(seen.ids).items() if count > 1] == []
    assert {target[1:] for target in targets} <= set(seen.ids)


HOSTILE = "<script>alert(1)</script> \"&' $x^2$ \x01 日本"


def test_names_of_others_are_text_and_nothing_else(tmp_path: Path) -> None:
    marts = SMALL | changed("dim_publishers", 0, publisher_name=HOSTILE)
    marts |= changed("rpt_top_paths", 0, path="<img src=x onerror=alert(1)> > $paid$")
    marts |= changed("fct_attribution_channels", 0, channel="</title></svg><script>")
    marts |= changed("rpt_operations_completeness", 0, account_id="<b>", last_complete_window_end=None)
    report = drawn(tmp_path, marts)
    seen = read(report.page)
    assert not {"script", "img", "b"} & seen.tags
    assert seen.tables["Publisher value against pay"][2][0] == " ".join(f"{HOSTILE} Awin".split())
    assert seen.tables["Top paths"][1][0] == "<img src=x onerror=alert(1)> → $paid$"
    for chart in report.charts:
        ElementTree.fromstring(chart.image)
    [value] = [chart for chart in report.charts if chart.name == "publisher_value"]
    drawn_words = {element.text for element in ElementTree.fromstring(value.image).iter() if element.text}
    assert any(text.startswith("<script>alert(1)</scr") for text in drawn_words)


def test_the_same_marts_give_the_same_bytes(tmp_path: Path) -> None:
    file = write_marts(tmp_path / "marts.duckdb", SMALL)
    first = draw_report(file, BRAND, run_id="run-1", as_of=AS_OF)
    with matplotlib.rc_context(
        {"svg.fonttype": "path", "font.size": 30, "figure.facecolor": "red", "svg.hashsalt": None}
    ):
        second = draw_report(file, BRAND, run_id="run-1", as_of=AS_OF)
        assert matplotlib.rcParams["font.size"] == 30
    assert first == second
    assert first.error is None


def test_marts_without_a_row_give_a_page_that_says_so(tmp_path: Path) -> None:
    report = drawn(tmp_path, {})
    assert report.charts == ()
    text = " ".join(read(report.page).words)
    for sentence in (
        "No account is configured.",
        "No difference is left to work on.",
        "No network reports a conversion.",
        "The shop has no order.",
        "There is no order to credit.",
        'found where the path of an export with stream = "incrementality" points.',
        "No path has led to an order yet.",
        "No order was touched through a network.",
    ):
        assert sentence in text
    assert "unknown" not in text.replace("What is not known is called unknown", "")


def test_a_report_that_cannot_be_drawn_says_so_and_raises_nothing(tmp_path: Path) -> None:
    report = draw_report(tmp_path / "nothing.duckdb", BRAND, run_id="run-1", as_of=AS_OF)
    assert report.error is not None
    assert report.charts == ()
    text = " ".join(read(report.page).words)
    assert "The report of this run could not be drawn." in text
    assert {"Acme", "run-1", "2026-03-29 01:30"} <= set(read(report.page).words)


def test_the_questions_read_the_marts_that_are_named() -> None:
    read_by = {name for text in QUESTIONS.values() for name in re.findall(r"\b(?:from|join)\s+(\w+)", text)}
    assert read_by == set(MARTS) == COLUMNS.keys()


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [
        (None, 0, "unknown"),
        (0, 0, "0"),
        (1234567, 0, "1,234,567"),
        (Decimal("0.005"), 2, "0.01"),
        (Decimal("-0.005"), 2, "−0.01"),
        (Decimal("-0.004"), 2, "0.00"),
        (Decimal("999999999999.994999"), 2, "999,999,999,999.99"),
    ],
)
def test_numbers_are_rounded_half_up_and_never_minus_zero(value: Decimal | int | None, digits: int, told: str) -> None:
    assert words.number(value, digits) == told


@pytest.mark.parametrize(
    ("hours", "told"), [(None, "unknown"), (-1, "passed"), (0, "0 h"), (23, "23 h"), (24, "1 d 0 h"), (169, "7 d 1 h")]
)
def test_time_left_is_told_in_days_and_hours(hours: int | None, told: str) -> None:
    assert words.left(hours) == told


def test_money_is_shown_to_the_smallest_unit_of_its_currency(tmp_path: Path) -> None:
    """A dinar has a thousand fils, a yen nothing smaller, and of a code that is no currency's a hundredth is shown."""
    marts = SMALL | changed("rpt_work_list", 0, risk_amount="12.3455", risk_currency="KWD")
    marts["rpt_work_list"][1] |= {"risk_amount": "1234.5", "risk_currency": "JPY"}
    marts["rpt_work_list"][2] |= {"risk_amount": "7", "risk_currency": "???"}
    shown = read(drawn(tmp_path, marts).page).tables["What to do first"][1:]
    assert [row[4] for row in shown] == ["12.346 KWD", "1,235 JPY", "7.00 ???"]


@pytest.mark.parametrize(("currency", "bill"), [("KWD", "20.005"), ("JPY", "20")])
def test_amounts_in_the_reporting_currency_have_its_digits(tmp_path: Path, currency: str, bill: str) -> None:
    brand = BRAND.model_copy(update={"reporting_currency": currency})
    report = draw_report(write_marts(tmp_path / "marts.duckdb", SMALL), brand, run_id="run-1", as_of=AS_OF)
    assert report.error is None
    assert read(report.page).tables["Publisher value against pay"][3][1] == bill
    [value] = [chart for chart in report.charts if chart.name == "publisher_value"]
    assert f"billed {bill} {currency}" in value.summary


def test_unknown_money_is_not_zero() -> None:
    money = words.Money({"EUR": 2})
    assert money(None, "EUR") == money.plain(None, "EUR") == "unknown"
    assert money(Decimal("1"), None) == "1.00 of unknown currency"
    assert words.percent(None) == words.moment(None) == words.name(None) == "unknown"
