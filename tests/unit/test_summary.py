"""Figures in the terminal: each amount in the smallest unit of its own currency."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from affiliate_assets.summary import cells

DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3}
AMOUNT = Decimal("1234.567800")


def test_an_amount_has_the_decimals_of_the_currency_before_it() -> None:
    headings = ("network", "status", "", "conversions", "sales", "", "commission")
    row = ("awin", "approved", "JPY", 12345, AMOUNT, "KWD", AMOUNT)
    assert list(cells(headings, row, DIGITS)) == ["awin", "approved", "JPY", "12,345", "1,235", "KWD", "1,234.568"]


def test_an_unlisted_and_an_unknown_currency_have_two_decimals_whatever_stands_before() -> None:
    headings = ("", "sales", "", "commission")
    assert list(cells(headings, ("JPY", AMOUNT, None, AMOUNT), DIGITS)) == ["JPY", "1,235", "–", "1,234.57"]
    assert list(cells(headings, ("KWD", AMOUNT, "XYZ", AMOUNT), DIGITS)) == ["KWD", "1,234.568", "XYZ", "1,234.57"]


def test_a_word_that_looks_like_a_currency_is_none() -> None:
    assert list(cells(("network", "", "sales"), ("JPY", "EUR", AMOUNT), DIGITS)) == ["JPY", "EUR", "1,234.57"]


def test_what_is_not_known_is_no_zero() -> None:
    headings = ("network", "account", "sales", "commission", "act by")
    row = ("cj", None, Decimal(0), None, datetime(2026, 3, 1, 2, 30))  # noqa: DTZ001
    assert list(cells(headings, row, DIGITS)) == ["cj", "–", "0.00", "–", "2026-03-01 02:30"]
