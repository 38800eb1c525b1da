"""Exact money: whole minor units inside (cents, yen, fils), `Decimal` and text outside, never a binary float."""

from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

Exact = TypeVar("Exact", int, Fraction)

#: Dollars for one unit, in ten-thousandths; the last two digits move with the day.
_USD_BASE = {"USD": 10_000, "EUR": 10_800, "GBP": 12_600, "JPY": 66, "KWD": 32_500}
#: Digits after the point (ISO 4217), 2 where a currency is not named.
_EXPONENTS = {"JPY": 0, "KWD": 3}


def exponent(currency: str) -> int:
    """Return the digits after the point of a currency."""
    return _EXPONENTS.get(currency, 2)


def to_decimal(minor: int, currency: str = "EUR") -> Decimal:
    """Return minor units as a decimal amount with the places of the currency."""
    return Decimal(minor).scaleb(-exponent(currency))


def to_text(minor: int, currency: str = "EUR") -> str:
    """Return minor units as text with the places of the currency, as `-12.05`."""
    return f"{to_decimal(minor, currency):f}"


def share(cents: Exact, basis_points: int) -> int:
    """Return a share of an amount, rounded half away from zero to the cent."""
    part = (abs(cents) * basis_points + 5_000) // 10_000
    return -part if cents < 0 else part


def usd_rate(currency: str, at: int) -> int:
    """Return dollars for one unit of a currency on the day of an instant, in ten-thousandths."""
    base = _USD_BASE[currency]
    return base if currency == "USD" else base + at // 86_400 % (97 if base > 1_000 else 3)


def convert(cents: int, rate_from: int, rate_to: int) -> int:
    """Convert an amount by two dollar rates, rounded half away from zero to the cent."""
    part = (2 * abs(cents) * rate_from + rate_to) // (2 * rate_to)
    return -part if cents < 0 else part


def exchange(minor: int, currency: str, wanted: str, at: int) -> int:
    """Convert an amount at the rates of an instant's day, rounded half away from zero to the minor unit."""
    rate_from = usd_rate(currency, at) * 10 ** exponent(wanted)
    return convert(minor, rate_from, usd_rate(wanted, at) * 10 ** exponent(currency))
