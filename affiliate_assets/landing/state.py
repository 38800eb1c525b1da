"""What the warehouse knows of each stream and account, for the planner."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

import duckdb

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.connectors.planning import OpenRecord, Span, StreamState
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.tables import latest_versions, quarantine_table


def stream_state(
    warehouse: duckdb.DuckDBPyConnection,
    network: str,
    stream: ApiStream,
    account_id: str,
    resumed: Collection[Manifest] = (),
) -> StreamState:
    """Complete spans by clock, the first complete reading, and the records that may still change or are doubtful.

    `resumed` are unfinished windows of the stream and account that this run goes on with; they count as read.
    """
    if not stream.clocks:
        return StreamState()
    rows = warehouse.execute(
        """
        select clock, window_start, window_end, as_of from ops.windows
        where network = ? and stream = ? and account_id = ? and status = 'complete' and window_start is not null
        order by clock, window_start
        """,
        [network, stream.name, account_id],
    ).fetchall()
    read = [(clock, _utc(start), _utc(end), _utc(as_of)) for clock, start, end, as_of in rows]
    read += [
        (m.clock, m.window_start, m.window_end, m.as_of) for m in resumed if m.clock and m.window_start and m.window_end
    ]
    complete: dict[str, list[Span]] = {}
    for clock, start, end, _ in read:
        complete.setdefault(clock, []).append(Span(start, end))
    base = stream.clocks[0]
    first_reads = [as_of for clock, _, _, as_of in read if clock == base.name]
    doubtful, doubtful_keys = _doubtful(warehouse, network, stream, account_id)
    going_on = [manifest.window_id for manifest in resumed]
    for clock, span in _left_unread(warehouse, network, stream, account_id, going_on):
        doubtful[clock] = (*doubtful.get(clock, ()), span)
    return StreamState(
        complete={clock: tuple(spans) for clock, spans in complete.items()},
        first_read_at=min(first_reads) if first_reads else None,
        open_records=_open_records(warehouse, network, stream, account_id),
        doubtful=doubtful,
        doubtful_keys=doubtful_keys,
    )


def _doubtful(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: ApiStream, account_id: str
) -> tuple[dict[str, tuple[Span, ...]], tuple[str, ...]]:
    """What was read but is not trusted: by key where the network takes keys, else by the window it came in."""
    takes_keys = stream.open_records is not None and stream.open_records.keys_per_call > 0
    rows = warehouse.execute(
        f"""
        select distinct q._key, w.clock, w.window_start, w.window_end
        from {quarantine_table(network, stream.name)} q
        join ops.pages p on p.page_id = q._page_id
        join ops.windows w on w.window_id = p.window_id
        where q.released_at is null and q._account_id = ?
        order by all
        """,
        [account_id],
    ).fetchall()
    keys = tuple(sorted({key for key, *_ in rows if takes_keys and key is not None}))
    spans: dict[str, set[Span]] = {}
    for key, clock, start, end in rows:
        if start is not None and (key is None or not takes_keys):
            spans.setdefault(clock, set()).add(Span(_utc(start), _utc(end)))
    spans.setdefault(stream.clocks[0].name, set()).update(
        open_disagreements(warehouse, network, stream.name, account_id)
    )
    return {clock: tuple(sorted(found)) for clock, found in spans.items()}, keys


def _left_unread(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: ApiStream, account_id: str, going_on: list[str]
) -> list[tuple[str, Span]]:
    """Windows that were not read to their end, nor made good; an earlier reading of their span does not stand in."""
    rows = warehouse.execute(
        """
        select distinct clock, window_start, window_end from ops.windows
        where network = ? and stream = ? and account_id = ? and window_start is not null
          and status in ('incomplete', 'failed', 'abandoned') and made_good_at is null
          and not list_contains(?::varchar[], window_id)
        order by all
        """,
        [network, stream.name, account_id, going_on],
    ).fetchall()
    return [(clock, Span(_utc(start), _utc(end))) for clock, start, end in rows]


def open_disagreements(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: str | None = None, account_id: str | None = None
) -> list[Span]:
    """Spans of which the network's report counts more than was read, unless a later one over all of it agrees."""
    rows = warehouse.execute(
        """
        select distinct d.span_start, d.span_end from ops.control_totals d
        where not d.agrees and d.network = $network and ($stream is null or d.stream = $stream)
          and ($account is null or d.account_id = $account) and not exists (
            select 1 from ops.control_totals later
            where later.network = d.network and later.stream = d.stream and later.account_id = d.account_id
              and later.agrees and later.asked_at > d.asked_at
              and later.span_start <= d.span_start and later.span_end >= d.span_end
        ) order by all
        """,
        {"network": network, "stream": stream, "account": account_id},
    ).fetchall()
    return [Span(_utc(start), _utc(end)) for start, end in rows]


def unread_spans(warehouse: duckdb.DuckDBPyConnection, network: str, stream: ApiStream, account_id: str) -> list[Span]:
    """Spans of windows on the first clock that are incomplete, as their proof was taken back, say."""
    rows = warehouse.execute(
        """
        select window_start, window_end from ops.windows
        where network = ? and stream = ? and account_id = ? and clock = ? and status = 'incomplete'
          and made_good_at is null
        """,
        [network, stream.name, account_id, stream.clocks[0].name],
    ).fetchall()
    return [Span(_utc(start), _utc(end)) for start, end in rows]


def _open_records(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: ApiStream, account_id: str
) -> tuple[OpenRecord, ...]:
    """Open records with the last time they were certainly read: in their own page, or a window over their date."""
    rule, base = stream.open_records, stream.clocks[0]
    if rule is None:
        return ()
    is_open = f"{rule.column} in ({_quoted(rule.words)}) or {rule.column} is null"
    if rule.payable:
        is_open += f" or {rule.column} in ({_quoted(rule.payable)}) and not coalesce({rule.paid}, false)"
    rows = warehouse.execute(
        f"""
        with open_now as (
            select _key, {base.column} as dated_at, _observed_at
            from {latest_versions(network, stream.name, "_account_id = $account")}
            where {is_open}
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


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)


def settled_windows(warehouse: duckdb.DuckDBPyConnection, network: str, stream: str | None = None) -> set[str]:
    """Windows that will not change any more; the others may get more pages under their name, as a file may."""
    rows = warehouse.execute(
        "select window_id from ops.windows where status in ('complete', 'abandoned') and network = $network"
        " and ($stream is null or stream = $stream)",
        {"network": network, "stream": stream},
    ).fetchall()
    return {window_id for (window_id,) in rows}
