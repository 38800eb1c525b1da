"""Whether what one window asked for was read again by later ones, whatever their borders."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import duckdb


class ReadAgain(NamedTuple):
    """The present (`as_of`) of the last of the windows that were needed, and when it ended."""

    as_of: datetime
    finished_at: datetime


def read_again(warehouse: duckdb.DuckDBPyConnection, window_id: str, since: datetime) -> ReadAgain | None:
    """When windows that were started after an instant had read all of this window; None if they have not.

    They must be of the same clock and complete; a listing or a file must be read again itself. For records asked by
    key, any later run's question by key will do: a run asks for all keys that are due.

    Args:
        warehouse: The warehouse.
        window_id: The window in `ops.windows`.
        since: This machine's clock, UTC without saying so.
    """
    start, end = warehouse.execute(
        "select window_start, window_end from ops.windows where window_id = ?", [window_id]
    ).fetchall()[0]
    later = warehouse.execute(
        """
        select later.window_start, later.window_end, later.as_of, later.finished_at
        from ops.windows w
        join ops.windows later
            on later.network = w.network and later.account_id = w.account_id and later.stream = w.stream
            and later.clock is not distinct from w.clock and (later.keys > 0) = (w.keys > 0)
            and later.status = 'complete' and later.started_at > ? and (later.keys = 0 or later.run_id <> w.run_id)
            and (w.window_start is not null or later.reason = w.reason)
        where w.window_id = ?
        order by later.window_start, later.window_end desc
        """,
        [since, window_id],
    ).fetchall()
    reached = start
    needed: list[ReadAgain] = []
    for later_start, later_end, as_of, finished_at in later:
        if start is None:
            needed.append(ReadAgain(as_of, finished_at))
        elif later_start <= reached < end and later_end > reached:
            reached = later_end
            needed.append(ReadAgain(as_of, finished_at))
    return max(needed) if needed and (start is None or reached >= end) else None
