"""Judge again what was pulled long ago, after a change of code or schema. Needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from affiliate_assets.connectors.source import Network, Stream
from affiliate_assets.crm.streams import CRM
from affiliate_assets.errors import ConfigError
from affiliate_assets.landing import drift
from affiliate_assets.landing.calls import load_calls, load_circuits
from affiliate_assets.landing.letters import settle_dead_letters
from affiliate_assets.landing.load import LoadResult, load_stream, recount
from affiliate_assets.landing.standing import mark_made_good, note_standing
from affiliate_assets.landing.tables import (
    LOAD_COLUMNS,
    QUARANTINE_COLUMNS,
    create_tables,
    quarantine_table,
    raw_table,
    transaction,
    valid_table,
)
from affiliate_assets.landing.typed import type_records
from affiliate_assets.landing.validation import Verdict, broken_rules, judge, release, store
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.settings import Settings

# Versions judged at a time.
BATCH = 50_000


def replay_stream(warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream) -> LoadResult:
    """Load landed pages that the warehouse lacks, then judge every version in raw by the schema as it is now.

    The valid table is made anew from raw beside the old one and then takes its place, so each version enters
    exactly once, whatever is interrupted. What was in quarantine and is accepted now stays there as released; what
    stays in quarantine keeps its first sight.

    Returns:
        What was loaded, with the verdict on all versions.
    """
    create_tables(warehouse, network, [stream])
    loaded = load_stream(warehouse, landing, network, stream)
    raw, valid, quarantine = (name(network, stream.name) for name in (raw_table, valid_table, quarantine_table))
    warehouse.execute("create schema if not exists replay")
    for name, table in (("valid", valid), ("quarantine", quarantine)):
        warehouse.execute(f"create or replace table replay.{name} as from {table} limit 0")
    verdict = Verdict()
    (last,) = warehouse.execute(f"select coalesce(max(rowid), -1) from {raw}").fetchall()[0]
    for first in range(0, last + 1, BATCH):
        type_records(warehouse, stream, _with_zones(raw, first))
        judged = judge(warehouse, stream)
        verdict += store(warehouse, stream, judged, valid="replay.valid", quarantine="replay.quarantine")
    with transaction(warehouse):
        _keep_history(warehouse, quarantine)
        columns = ", ".join([*(f'"{name}"' for name in stream.schema.columns), *LOAD_COLUMNS])
        warehouse.execute(f"delete from {valid}")
        warehouse.execute(f"insert into {valid} ({columns}) select {columns} from replay.valid")
        release(warehouse, network, stream)
        drift.settle(warehouse, network, stream)
    warehouse.execute("drop schema replay cascade")
    recount(warehouse, landing, network, stream)
    rules = broken_rules(warehouse, network, stream)
    return LoadResult(
        loaded.pages, loaded.records, loaded.new_versions, verdict + Verdict(broken_rules=rules), loaded.unknown_fields
    )


def _with_zones(raw: str, first: int) -> str:
    """A batch of the raw table, each row with the zone that its page was read in."""
    return f"""
        select r.*, coalesce(p.time_zone, 'UTC') as _time_zone
        from {raw} r left join ops.pages p on p.page_id = r._page_id
        where r.rowid >= {first} and r.rowid < {first + BATCH}
    """


def _keep_history(warehouse: duckdb.DuckDBPyConnection, quarantine: str) -> None:
    """Put the new findings beside what was released before or is released by them."""
    same = (
        "b._account_id = q._account_id and b._key is not distinct from q._key and b._row_hash = q._row_hash"
        " and b._page_id = q._page_id and b.disposition = q.disposition"
    )
    warehouse.execute(
        f"update replay.quarantine q set first_seen_at = b.first_seen_at, last_seen_at = b.last_seen_at,"
        " last_fetched_at = b.last_fetched_at"
        f" from {quarantine} b where {same}"
    )
    columns = ", ".join([*LOAD_COLUMNS, *QUARANTINE_COLUMNS, "record"])
    warehouse.execute(
        f"""
        insert into replay.quarantine ({columns})
        select {columns.replace("released_at", "coalesce(released_at, now()::timestamp)")} from {quarantine} b
        where not exists (select 1 from replay.quarantine q where {same})
        """
    )
    warehouse.execute(f"delete from {quarantine}")
    warehouse.execute(f"insert into {quarantine} ({columns}) select {columns} from replay.quarantine")


def replay_sources(
    settings: Settings,
    connectors: Iterable[Network],
    networks: Sequence[str] | None,
    streams: Sequence[str] | None,
    *,
    as_of: datetime,
) -> Iterator[tuple[str, LoadResult]]:
    """Replay every stream, or the chosen ones; each with its place.

    Raises:
        ConfigError: Nothing has the chosen names.
    """
    sources: dict[str, Sequence[Stream]] = {source.slug: source.streams for source in (*connectors, CRM)}
    chosen = [
        (source, stream)
        for source, declared in sources.items()
        for stream in declared
        if (not networks or source in networks) and (not streams or stream.name in streams)
    ]
    if not chosen:
        names = ", ".join(f"{source} {stream.name}" for source, declared in sources.items() for stream in declared)
        raise ConfigError("Nothing has these names.", next_step=f"choose from {names}.")
    with connection(settings.warehouse) as warehouse:
        for source, stream in chosen:
            yield f"{source} {stream.name}", replay_stream(warehouse, settings.landing, source, stream)
        for source in dict.fromkeys(source for source, _ in chosen):
            load_calls(warehouse, settings.landing, source)
            load_circuits(warehouse, settings, source, as_of)
            mark_made_good(warehouse, source)
            standing = note_standing(
                warehouse,
                source,
                sources[source],
                night=None,
                asked_for_all=False,
                limit=settings.quality.max_rejected_share,
                run_id="replay",
                as_of=as_of,
            )
            settle_dead_letters(warehouse, source, in_order=not standing.held)
