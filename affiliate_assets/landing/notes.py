"""What the warehouse keeps of windows and pages: `ops.windows`, `ops.pages`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from affiliate_assets.landing.pages import LandedPage, Manifest
from affiliate_assets.landing.tables import put_rows

# A page that is not in the warehouse yet: its file, its window, and what the manifest says of it.
Fresh = tuple[Path, Manifest, LandedPage]


def note_windows(warehouse: duckdb.DuckDBPyConnection, windows: list[Manifest]) -> None:
    """Keep how each window ended, in place of what was noted of it before."""
    rows = [
        {
            "window_id": m.window_id, "network": m.network, "account_id": m.account_id, "stream": m.stream,
            "clock": m.clock, "window_start": m.window_start, "window_end": m.window_end, "keys": m.keys,
            "reason": m.reason, "status": m.status, "requests": m.requests, "retries": m.retries,
            "waited_seconds": m.waited_seconds, "pages": len(m.pages), "records": m.records, "message": m.message,
            "run_id": m.run_id, "as_of": m.as_of, "started_at": m.started_at, "finished_at": m.finished_at,
            "proof": m.proof, "expected_records": m.expected_records, "resume_at": m.resume_at,
        }
        for m in windows
    ]  # fmt: skip
    put_rows(warehouse, "ops.windows", rows)
    sum_windows(warehouse, [m.window_id for m in windows])


def sum_windows(warehouse: duckdb.DuckDBPyConnection, window_ids: list[str]) -> None:
    """Add up in each window what became of the records of its pages."""
    warehouse.execute(
        """
        update ops.windows set accepted = counted.accepted, quarantined = counted.quarantined
        from (
            select window_id, sum(accepted) as accepted, sum(quarantined) as quarantined
            from ops.pages where list_contains($windows, window_id) group by window_id
        ) as counted
        where counted.window_id = windows.window_id
        """,
        {"windows": window_ids},
    )


def note_pages(warehouse: duckdb.DuckDBPyConnection, landing: Path, batch: list[Fresh], load_id: str) -> None:
    """Keep the pages of one load; what became of their records is counted at its end."""
    rows = [
        {
            "page_id": p.page_id, "window_id": m.window_id, "network": m.network, "account_id": m.account_id,
            "stream": m.stream, "page": p.page, "sha256": p.sha256, "records": p.records, "bytes": p.bytes,
            "fetched_at": p.fetched_at, "observed_at": p.observed_at, "time_zone": m.time_zone,
            "path": str(path.relative_to(landing)), "load_id": load_id, "loaded_at": datetime.now(UTC),
            "call_id": p.call_id, "run_id": p.run_id, "accepted": 0, "quarantined": 0,
        }
        for path, m, p in batch
    ]  # fmt: skip
    put_rows(warehouse, "ops.pages", rows)
