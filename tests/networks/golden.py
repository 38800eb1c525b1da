"""Compares rows with golden ones, which name only the columns that matter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.networks.cases import Row


def differences(golden: Iterable[Row], rows: list[Row]) -> list[str]:
    """What keeps the rows from being the golden ones: each golden row is one row, and no row is left over."""
    left, problems = list(rows), []
    for wanted in golden:
        unknown = sorted(wanted.keys() - (rows[0].keys() if rows else set()))
        if unknown and rows:
            problems.append(f"no such column: {', '.join(unknown)}")
            continue
        same = [row for row in left if not _differing(wanted, row)]
        if same:
            left.remove(same[0])
            if len([row for row in rows if not _differing(wanted, row)]) > 1:
                problems.append(f"more than one row is {wanted}")
        elif left:
            nearest = min(left, key=lambda row: len(_differing(wanted, row)))
            told = ", ".join(f"{n}: {nearest.get(n)!r} instead of {wanted[n]!r}" for n in _differing(wanted, nearest))
            problems.append(f"{_told(wanted)}: nearest row has {told}")
        else:
            problems.append(f"{_told(wanted)}: no row")
    return problems + [f"a row that no golden one names: {_told(row)}" for row in left]


def _differing(wanted: Row, row: Row) -> list[str]:
    return [name for name, value in wanted.items() if not _same(value, row.get(name))]


def _same(wanted: Any, found: Any) -> bool:
    if wanted is None or found is None:
        return wanted is found
    if isinstance(found, bool) or isinstance(wanted, bool):
        return wanted is found
    if isinstance(found, Decimal):
        return isinstance(wanted, str) and Decimal(wanted) == found
    if isinstance(found, datetime):
        instant = datetime.fromisoformat(str(wanted))
        return instant.astimezone(UTC).replace(tzinfo=None) == found
    return bool(wanted == found)


def _told(row: Row) -> str:
    shown = list(row.items())[:4]
    return ", ".join(f"{name}={value}" for name, value in shown)
