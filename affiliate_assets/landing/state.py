"""What the warehouse knows of each stream and account, for the planner."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.connectors.planning import OpenRecord, Span, StreamState
from affiliate_assets.landing.tables import valid_table


def stream_state(warehouse: duckdb.DuckDBPyConnection, network: str, stream: ApiStream, account_id: str) -> StreamState:
    """Complete spans by clock, the first complete reading, and the records that may still change."""
    if not stream.clocks:
        return StreamState()
    rows = warehouse.execute(
        """
        select clock, window_start, window_end, as_of from ops.windows
        where network = ? and stream = ? and account_id = ? and status = 'complete' and window_start is not null
        """,
        [network, stream.name, account_id],
    ).fetchall()
    complete: dict[str, list[Span]] = {}
    for clock, start, end, _ in rows:
        complete.setdefault(clock, []).append(Span(_utc(start), _utc(end)))
    base = stream.clocks[0]
    first_reads = [as_of for clock, _, _, as_of in rows if clock == base.name]
    return StreamState(
        complete={clock: tuple(spans) for clock, spans in complete.items()},
        first_read_at=_utc(min(first_reads)) if first_reads else None,
        open_records=_open_records(warehouse, network, stream, account_id),
    )


def _open_records(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: ApiStream, account_id: str
) -> tuple[OpenRecord, ...]:
    """Open records with the last time they were certainly read: in their own page, or a window over their date."""
    rule, base = stream.open_records, stream.clocks[0]
    if rule is None:
        return ()
    words = ", ".join(f"'{word}'" for word in sorted(rule.words))
    rows = warehouse.execute(
        f"""
        with versions as (
            select *, row_number() over (partition by _key order by _observed_at desc, _row_hash desc) as age
            from {valid_table(network, stream.name)} where _account_id = $account
        ),
        open_now as (
            select _key, {base.column} as dated_at, _observed_at from versions
            where age = 1 and ({rule.column} in ({words}) or {rule.column} is null)
        )
        select o._key, o.dated_at, greatest(max(o._observed_at), coalesce(max(w.as_of), max(o._observed_at)))
        from open_now o
        left join ops.windows w
            on w.network = $network and w.stream = $stream and w.account_id = $account and w.clock = $clock
            and w.status = 'complete' and w.window_start <= o.dated_at and o.dated_at < w.window_end
        group by o._key, o.dated_at order by o._key
        """,
        {"account": account_id, "network": network, "stream": stream.name, "clock": base.name},
    ).fetchall()
    return tuple(OpenRecord(key, _utc(dated_at), _utc(read_at)) for key, dated_at, read_at in rows)


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)
