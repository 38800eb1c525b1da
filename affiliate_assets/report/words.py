"""Figures and names as people read them. What is not known is said to be unknown, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

UNKNOWN = "unknown"
_NAMES = {
    "affiliate_last_click": "affiliate last click",
    "crm": "Shop exports",
    "last_non_direct": "last non-direct",
    "markov": "Markov",
    "missing_in_crm": "missing in the shop",
    "missing_in_network": "missing at the network",
    "no_deadline_known": "no deadline known",
    "shapley": "Shapley",
    "w_shape": "W-shape",
    "within_72_hours": "within 72 hours",
    "within_7_days": "within 7 days",
}


def name(word: str | None) -> str:
    """A word of the models as a reader would write it."""
    return UNKNOWN if word is None else _NAMES.get(word, word.replace("_", " "))


def number(value: Decimal | int | None, digits: int = 0) -> str:
    """With thousands separators, rounded half up to so many decimals."""
    if value is None:
        return UNKNOWN
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    # A difference that rounds to nothing has no sign.
    return f"{rounded if rounded else abs(rounded):,}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Money:
    """How amounts are written: to the smallest unit of their currency.

    Attributes:
        digits: Decimals by currency; 2 for every other one, as the models round it.
    """

    digits: Mapping[str, int]

    def __call__(self, value: Decimal | None, currency: str | None) -> str:
        """With its currency."""
        return UNKNOWN if value is None else f"{self.plain(value, currency)} {currency or 'of unknown currency'}"

    def plain(self, value: Decimal | None, currency: str | None) -> str:
        """Without it, where the heading names it."""
        return number(value, self.digits.get(currency or "", 2))


def percent(rate: Decimal | None) -> str:
    """A fraction of one, to a tenth of a percent."""
    return UNKNOWN if rate is None else f"{number(rate * 100, 1)} %"


def moment(instant: datetime | None, zone: ZoneInfo | None = None) -> str:
    """To the minute, in the zone or in UTC; an instant without a zone is UTC."""
    if instant is None:
        return UNKNOWN
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return f"{aware.astimezone(zone or UTC):%Y-%m-%d %H:%M}"


def left(hours: int | None) -> str:
    """Whole hours until a deadline, as days and hours."""
    if hours is None:
        return UNKNOWN
    if hours < 0:
        return "passed"
    return f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h"


def shortened(text: str, length: int) -> str:
    """On one line, at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
