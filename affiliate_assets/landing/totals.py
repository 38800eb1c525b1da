"""The network's own totals beside what was read: fewer records than the network counts are not a complete window."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import duckdb

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.landing.pages import ControlReport, Manifest, WindowFolder
from affiliate_assets.landing.tables import latest_versions, put_rows, quarantine_table, stored, valid_table

log = logging.getLogger(__name__)


def compare_control_totals(
    warehouse: duckdb.DuckDBPyConnection, landing: Path, stream: ApiStream, manifests: Iterable[Manifest]
) -> None:
    """Compare each report that came with these windows, and take back the proof of windows that it contradicts.

    Only missing records contradict: a report may lag behind in amounts, and more records than it knows are there.
    """
    windows = list(manifests)
    for manifest in windows:
        report = manifest.control
        if report is None or _is_compared(warehouse, report):
            continue
        records, amount = _found(warehouse, manifest, stream, report)
        agrees = report.records <= records
        put_rows(
            warehouse,
            "ops.control_totals",
            [
                {
                    "network": manifest.network,
                    "account_id": manifest.account_id,
                    "stream": manifest.stream,
                    "span_start": report.start,
                    "span_end": report.end,
                    "expected_records": report.records,
                    "found_records": records,
                    "expected_amount": Decimal(report.amount),
                    "found_amount": amount,
                    "agrees": agrees,
                    "call_id": report.call_id,
                    "asked_at": report.asked_at,
                    "as_of": manifest.as_of,
                }
            ],
        )
        if not agrees:
            _take_back(warehouse, landing, windows, manifest, report, records)


def _is_compared(warehouse: duckdb.DuckDBPyConnection, report: ControlReport) -> bool:
    found = warehouse.execute("select 1 from ops.control_totals where call_id = ?", [report.call_id])
    return found.fetchone() is not None


def _found(
    warehouse: duckdb.DuckDBPyConnection, manifest: Manifest, stream: ApiStream, report: ControlReport
) -> tuple[int, Decimal]:
    """Records and money of the span as the latest versions tell them, quarantined ones included in the count."""
    control = stream.control
    assert control is not None
    assert stream.open_records is not None
    excluded = ", ".join(f"'{word}'" for word in sorted(control.excluded)) or "''"
    records, amount = warehouse.execute(
        f"""
        select count(*), coalesce(sum("{control.amount}"), 0)
        from {latest_versions(manifest.network, stream.name, "_account_id = ? and _observed_at <= ?")}
        where coalesce({stream.open_records.column}, '') not in ({excluded})
          and {stream.clocks[0].column} >= ? and {stream.clocks[0].column} < ?
        """,
        [manifest.account_id, stored(manifest.as_of), stored(report.start), stored(report.end)],
    ).fetchall()[0]
    # A quarantined record was read: its date may be what is wrong with it, so it counts wherever it belongs.
    (quarantined,) = warehouse.execute(
        f"""
        select count(distinct coalesce(q._key, q._row_hash)) from {quarantine_table(manifest.network, stream.name)} q
        where (q.released_at is null or q.released_at > $as_of) and q.disposition = 'rejected'
          and q._account_id = $account and q._observed_at <= $as_of and not exists (
            select 1 from {valid_table(manifest.network, stream.name)} v
            where v._account_id = q._account_id and v._key = q._key and v._observed_at <= $as_of
        )
        """,
        {"account": manifest.account_id, "as_of": stored(manifest.as_of)},
    ).fetchall()[0]
    return int(records) + int(quarantined), amount


def _take_back(
    warehouse: duckdb.DuckDBPyConnection,
    landing: Path,
    windows: list[Manifest],
    asked: Manifest,
    report: ControlReport,
    records: int,
) -> None:
    message = (
        f"[network {asked.network}, account {asked.account_id}, stream {asked.stream}] The network's own report counts"
        f" {report.records} records from {report.start:%Y-%m-%d} to {report.end:%Y-%m-%d}, {records} were read."
        " Next: run again, which reads these days once more; if it stays, report it to the network."
    )
    log.error(message)
    for manifest in windows:
        same = (manifest.account_id, manifest.clock, manifest.as_of) == (asked.account_id, asked.clock, asked.as_of)
        if same and manifest.status == "complete" and not manifest.keys:
            manifest.status, manifest.proof, manifest.message = "incomplete", None, message
            WindowFolder(landing, manifest).save()
            warehouse.execute(
                "update ops.windows set status = 'incomplete', proof = null, message = ? where window_id = ?",
                [message, manifest.window_id],
            )
