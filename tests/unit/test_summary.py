"""Figures in the terminal: each amount in the smallest unit of its own currency."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from affiliate_assets.summary import _cells

DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3}


def test_an_amount_has_the_decimals_of_the_currency_before_it() -> None:
    amount = Decimal("1234.567800")
    row = ("awin", "1001", "approved", "JPY", 12345, amount, "KWD", amount)
    assert list(_cells(row, DIGITS)) == ["awin", "1001", "approved", "JPY", "12,345", "1,235", "KWD", "1,234.568"]
    assert list(_cells(("matched", "XYZ", 1, amount), DIGITS)) == ["matched", "XYZ", "1", "1,234.57"]


def test_what_is_not_known_is_no_zero() -> None:
    row = ("cj", None, Decimal(0), None, datetime(2026, 3, 1, 2, 30))  # noqa: DTZ001
    assert list(_cells(row, DIGITS)) == ["cj", "–", "0.00", "–", "2026-03-01 02:30"]
