"""What several assets share: keys, partitions, the meaning of a partition range, metadata of a stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from affiliate_assets.connectors.planning import Span
from affiliate_assets.connectors.schema import duckdb_type_of, path_of
from affiliate_assets.connectors.source import Stream
from affiliate_assets.landing.load import LoadResult
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.standing import Standing
from affiliate_assets.landing.tables import raw_table, valid_table
from affiliate_assets.settings import NOW_VARIABLE, Settings, now

# A run's own present. Worker processes may outlive a change of the environment; tags travel with the run.
AS_OF_TAG = "affiliate/as_of"
OWNERS = ["team:affiliate-data"]
KINDS_RAW = {"python", "duckdb", "json"}
KINDS_DROPPED = {"python", "duckdb", "csv"}
KINDS_VALID = {"python", "duckdb", "pandera"}


def raw_key(source: str, stream: Stream) -> dg.AssetKey:
    return dg.AssetKey([f"raw_{source}", stream.name])


def valid_key(source: str, stream: Stream) -> dg.AssetKey:
    return dg.AssetKey([f"valid_{source}", stream.name])


def daily(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition a day of the brand, from its start date."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.brand.start_date.isoformat(), timezone=settings.brand.time_zone
    )


def as_of(context: dg.AssetExecutionContext) -> datetime:
    """The instant (UTC) this run takes as the present: its tag where a past night is run again."""
    tag = context.run.tags.get(AS_OF_TAG)
    return now() if tag is None else now({NOW_VARIABLE: tag})


def latest_partition(settings: Settings, instant: datetime) -> str:
    """The last whole day of the brand before the instant, as a partition key."""
    return (instant.astimezone(settings.zone) - timedelta(days=1)).date().isoformat()


def requested_span(context: dg.AssetExecutionContext, settings: Settings, instant: datetime) -> tuple[Span, bool]:
    """What a run's partitions ask for: their span, and whether changes up to now are to be followed.

    A range that reaches the latest whole day also reads what is missing and what may have changed since; a
    range of older days reads those days again and nothing else.
    """
    window = context.partition_time_window
    span = Span(window.start.astimezone(UTC), window.end.astimezone(UTC))
    return span, context.partition_key_range.end >= latest_partition(settings, instant)


def raw_metadata(
    source: str, stream: Stream, windows: list[Manifest], load: LoadResult, standing: Standing
) -> dict[str, Any]:
    """What an operator wants to see of one stream's pull; numbers stay numbers, so that the UI plots them."""
    spans = [window for window in windows if window.window_start and window.window_end]
    return {
        "dagster/table_name": f"affiliate.{raw_table(source, stream.name)}",
        "dagster/partition_row_count": load.new_versions,
        "records_read": load.records,
        "new_versions": load.new_versions,
        "pages": load.pages,
        "requests": sum(window.requests for window in windows),
        "retries": sum(window.retries for window in windows),
        "throttled_seconds": round(sum(window.waited_seconds for window in windows), 3),
        "windows": dg.MetadataValue.table(
            records=[
                dg.TableRecord(
                    {
                        "account": window.account_id,
                        "asked for": _span(window),
                        "why": window.reason,
                        "status": window.status,
                        "calls": window.requests,
                        "records": window.records,
                    }
                )
                for window in windows
            ],
            schema=dg.TableSchema(
                columns=[
                    dg.TableColumn("account", "string"),
                    dg.TableColumn("asked for", "string"),
                    dg.TableColumn("why", "string"),
                    dg.TableColumn("status", "string"),
                    dg.TableColumn("calls", "int"),
                    dg.TableColumn("records", "int"),
                ]
            ),
        ),
        "circuits": _circuits(stream, standing),
        **({"window_start": min(w.window_start for w in spans if w.window_start).isoformat()} if spans else {}),
        **({"window_end": max(w.window_end for w in spans if w.window_end).isoformat()} if spans else {}),
        **({"unknown_fields": ", ".join(load.unknown_fields)} if load.unknown_fields else {}),
    }


def _circuits(stream: Stream, standing: Standing) -> dg.MetadataValue[Any]:
    """Which accounts the breaker leaves alone; a circuit that never failed is closed and not listed."""
    columns = ("account", "state", "failures", "tried again at (UTC)", "reason")
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {
                    "account": circuit.account_id,
                    "state": circuit.state,
                    "failures": circuit.failures,
                    "tried again at (UTC)": f"{circuit.retry_at:%Y-%m-%d %H:%M:%S}" if circuit.retry_at else "",
                    "reason": circuit.reason or "",
                }
            )
            for circuit in standing.circuits
            if circuit.operation == stream.name
        ],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name, "int" if name == "failures" else "string") for name in columns]
        ),
    )


def valid_metadata(source: str, stream: Stream, load: LoadResult, total_rows: int) -> dict[str, Any]:
    """Row counts and quarantine of one stream's validation."""
    return {
        "dagster/row_count": total_rows,
        "dagster/partition_row_count": load.verdict.accepted,
        "quarantined": load.verdict.rejected,
        "flagged": load.verdict.flagged,
        **static_valid_metadata(source, stream),
    }


def static_valid_metadata(source: str, stream: Stream) -> dict[str, Any]:
    """Column schema and lineage to raw: the same in the catalogue and on every materialization."""
    return {
        "dagster/table_name": f"affiliate.{valid_table(source, stream.name)}",
        "dagster/column_schema": column_schema(stream),
        "dagster/column_lineage": column_lineage(source, stream),
    }


def column_schema(stream: Stream) -> dg.TableSchema:
    """The pandera schema as the UI shows columns."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=duckdb_type_of(column),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, other=[check.name or check.error or "check" for check in column.checks]
                ),
            )
            for name, column in stream.schema.columns.items()
        ]
    )


def column_lineage(source: str, stream: Stream) -> dg.TableColumnLineage:
    """Each typed column comes from one path of the raw record."""
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(raw_key(source, stream), f"record.{'.'.join(path_of(column))}")]
            for name, column in stream.schema.columns.items()
        }
    )


def _span(window: Manifest) -> str:
    if window.keys:
        return f"{window.keys} records by id"
    if window.window_start is None or window.window_end is None:
        return "whole listing"
    return f"{window.clock}: {window.window_start:%Y-%m-%d %H:%M} to {window.window_end:%Y-%m-%d %H:%M} UTC"
