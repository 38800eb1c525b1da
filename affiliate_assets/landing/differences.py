"""The note of the night: what the differences did, appended once the models are built.

The models compare tonight's differences with the last notes and say what happened; this keeps it. Nothing noted is ever
changed. Nights are numbered in the order in which they were noted, and their presents never go back: a run for an
instant before the last noted night notes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from affiliate_assets.landing.tables import OPS, transaction

EVENTS = ("opened", "changed", "suspended", "resumed", "closed", "reopened")
_NIGHTS = "intermediate.int_nights__known"
_EVENTS = "intermediate.int_differences__tonight"


@dataclass(frozen=True, slots=True)
class NotedNight:
    """What was appended.

    Attributes:
        night_number: Number of the night; None where nothing was to be noted.
        as_of: The present of the build (UTC, without saying so).
        events: How many differences were opened, changed, closed …
    """

    night_number: int | None = None
    as_of: datetime | None = None
    events: Mapping[str, int] = field(default_factory=dict)


def note_night(warehouse: duckdb.DuckDBPyConnection, *, run_id: str) -> NotedNight:
    """Append what the last build found, in one transaction; a build that is noted already adds nothing."""
    with transaction(warehouse):
        last_number, last_as_of = warehouse.execute(
            "select coalesce(max(night_number), 0), max(as_of) from ops.nights"
        ).fetchall()[0]
        tonight = warehouse.execute(f"select night_number, night_at from {_NIGHTS} where is_tonight").fetchone()
        # Another number: this build is noted, or another one was noted since.
        if tonight is None or tonight[0] != last_number + 1:
            return NotedNight()
        number, as_of = tonight
        events = dict(
            warehouse.execute(
                f"select event, count(*) from {_EVENTS} where night_number = ? group by event order by event", [number]
            ).fetchall()
        )
        if as_of == last_as_of and not events:
            return NotedNight()
        warehouse.execute(
            "insert into ops.nights (night_number, as_of, run_id) values (?, ?, ?)", [number, as_of, run_id]
        )
        columns = ", ".join(name for name in OPS["ops.difference_nights"].columns if name not in ("run_id", "as_of"))
        warehouse.execute(
            f"insert into ops.difference_nights (run_id, as_of, {columns})"
            f" select ?, night_at, {columns} from {_EVENTS} where night_number = ?",
            [run_id, number],
        )
    return NotedNight(number, as_of, events)
