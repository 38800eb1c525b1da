"""Exact money: whole cents inside, `Decimal` and decimal text outside, never a binary float."""

from decimal import Decimal

#: Dollars for one unit, in ten-thousandths; the last two digits move with the day.
_USD_BASE = {"USD": 10_000, "EUR": 10_800, "GBP": 12_600}


def to_decimal(cents: int) -> Decimal:
    """Return cents as a decimal amount with two places."""
    return Decimal(cents).scaleb(-2)


def to_text(cents: int) -> str:
    """Return cents as text with two places, as `-12.05`."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole}.{rest:02d}"


def share(cents: int, basis_points: int) -> int:
    """Return a share of an amount, rounded half away from zero to the cent."""
    part = (abs(cents) * basis_points + 5_000) // 10_000
    return -part if cents < 0 else part


def usd_rate(currency: str, at: int) -> int:
    """Return dollars for one unit of a currency on the day of an instant, in ten-thousandths."""
    base = _USD_BASE[currency]
    return base if currency == "USD" else base + at // 86_400 % 97


def convert(cents: int, rate_from: int, rate_to: int) -> int:
    """Convert an amount by two dollar rates, rounded half away from zero to the cent."""
    part = (2 * abs(cents) * rate_from + rate_to) // (2 * rate_to)
    return -part if cents < 0 else part
