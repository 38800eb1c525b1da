"""Market rates of a day, as the table of rates has them that the brand is given; no rate is set at a weekend."""

import csv
from bisect import bisect_right
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from affiliate_assets.sandbox.money import exponent
from affiliate_assets.sandbox.times import from_epoch

_TABLE = Path(__file__).parents[2] / "dbt_project" / "seeds" / "fx_rates.csv"


@cache
def _quoted() -> dict[str, list[tuple[str, Decimal]]]:
    found: dict[str, list[tuple[str, Decimal]]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["quote_currency"], []).append((row["rate_date"], Decimal(row["rate"])))
    return {currency: sorted(rates) for currency, rates in found.items()}


def _per_euro(currency: str, at: int) -> Decimal:
    if currency == "EUR":
        return Decimal(1)
    rates = _quoted()[currency]
    place = bisect_right(rates, (f"{from_epoch(at).date()}", Decimal("Infinity")))
    return rates[max(place - 1, 0)][1]


def market_exchange(minor: int, currency: str, wanted: str, at: int, markup: int = 0) -> int:
    """Convert minor units at the rate of an instant's day, less a markup in basis points, to the minor unit."""
    worth = Decimal(minor).scaleb(-exponent(currency)) / _per_euro(currency, at) * _per_euro(wanted, at)
    kept = worth * (10_000 - markup) / 10_000
    return int(kept.scaleb(exponent(wanted)).quantize(Decimal(1), ROUND_HALF_UP))
