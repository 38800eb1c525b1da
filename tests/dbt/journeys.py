"""Orders and the touches before them, as a shop and its web analytics export them; a medium names its channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from tests.compiled import Compiled
from tests.dbt import brand

DIRECT = "direct"
ORDERED_AT = datetime(2026, 1, 12, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Journey:
    """One order of a customer of its own.

    channels: Of its touches, oldest first; `direct` has no medium.
    ages: Whole seconds from each touch to the order.
    amount: Commissionable amount of the order.
    """

    order_id: str
    channels: Sequence[str]
    ages: Sequence[int]
    amount: Decimal = Decimal(1)
    currency: str = "EUR"


def write(warehouse: Path, journeys: Sequence[Journey], compiled: Compiled) -> Compiled:
    """Writes a new warehouse with nothing but these journeys.

    Returns:
        The project with rules by which each medium of theirs is a channel.
    """
    brand.begin(warehouse, compiled.prefixes)
    with duckdb.connect(str(warehouse)) as connection:
        for table, rows in {"orders": _orders(journeys), "touchpoints": _touches(journeys)}.items():
            connection.register("exported", pa.Table.from_pylist(list(rows)))
            connection.execute(f"insert into valid_crm.{table} by name from exported")
    names = sorted({channel for journey in journeys for channel in journey.channels} - {DIRECT})
    rules = [{"rule_number": place, "utm_medium": name.lower(), "channel": name} for place, name in enumerate(names)]
    rules.append({"rule_number": len(names), "channel": DIRECT})
    place = ("seeds", "channel_rules")
    seed = pa.Table.from_pylist(rules, schema=compiled.seeds[place].schema)
    return replace(compiled, seeds=compiled.seeds | {place: seed})


def _orders(journeys: Iterable[Journey]) -> Iterable[brand.Row]:
    for journey in journeys:
        row = brand.order(journey.order_id, str(journey.amount), currency=journey.currency, ordered_at=_before_order(0))
        yield {name: str(value) for name, value in row.items()}


def _touches(journeys: Iterable[Journey]) -> Iterable[brand.Row]:
    for journey in journeys:
        for place, (channel, age) in enumerate(zip(journey.channels, journey.ages, strict=True)):
            # In order also where two touches are of the same second.
            name, medium = f"{journey.order_id}-{place:03d}", None if channel == DIRECT else channel
            yield brand.touch(name, f"customer-{journey.order_id}", _before_order(age), utm_medium=medium)


def _before_order(seconds: int) -> str:
    return f"{ORDERED_AT - timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"
