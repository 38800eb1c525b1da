"""Landed pages → raw tables → valid tables and quarantine, a few pages in each transaction.

Raw keeps a row only where the content of a record differs from the version observed before it, so that the
same page twice, a killed load and a run repeated change nothing. Pages go in before the window that asked for
them is noted, so that a load that is killed goes on with the pages that are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from affiliate_assets.connectors.language import ApiStream, Stream
from affiliate_assets.landing import drift
from affiliate_assets.landing.batches import arriving, batches, full_batches
from affiliate_assets.landing.letters import note_dead_letters
from affiliate_assets.landing.notes import Fresh, note_pages, note_windows, sum_windows
from affiliate_assets.landing.pages import Manifest, manifests
from affiliate_assets.landing.sightings import note_sightings
from affiliate_assets.landing.state import settled_windows
from affiliate_assets.landing.tables import (
    LOAD_COLUMNS,
    quarantine_table,
    raw_table,
    transaction,
    valid_table,
)
from affiliate_assets.landing.totals import compare_control_totals
from affiliate_assets.landing.validation import Verdict, is_anything_held, judge, release, store


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one load added: pages and records read, versions new in raw, and what validation said of them."""

    pages: int = 0
    records: int = 0
    new_versions: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    unknown_fields: tuple[str, ...] = field(default=())

    def __add__(self, other: LoadResult) -> LoadResult:
        return LoadResult(
            self.pages + other.pages,
            self.records + other.records,
            self.new_versions + other.new_versions,
            self.verdict + other.verdict,
            tuple(sorted({*self.unknown_fields, *other.unknown_fields})),
        )


def load_streams(
    warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, streams: Iterable[Stream]
) -> dict[str, LoadResult]:
    """What `load_stream` brings for each stream, by its name."""
    return {stream.name: load_stream(warehouse, landing, network, stream) for stream in streams}


def added(one: Mapping[str, LoadResult], other: Mapping[str, LoadResult]) -> dict[str, LoadResult]:
    """What two loads brought together, by stream name."""
    nothing = LoadResult()
    return {name: one.get(name, nothing) + other.get(name, nothing) for name in dict.fromkeys([*one, *other])}


def load_stream(warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream) -> LoadResult:
    """Bring every landed page of the stream that is not in the warehouse yet through raw into valid.

    Raises:
        InternalError: A listed page is missing or was changed on disk.
    """
    windows = _unsettled(warehouse, landing, network, stream)
    if not windows:
        return LoadResult()
    result = _load_batches(warehouse, landing, network, stream, batches(_fresh(warehouse, network, stream, windows)))
    with transaction(warehouse):
        note_windows(warehouse, [manifest for _, manifest in windows])
        note_dead_letters(warehouse, [manifest for _, manifest in windows])
        if isinstance(stream, ApiStream) and stream.control is not None:
            compare_control_totals(warehouse, landing, stream, [manifest for _, manifest in windows])
        release(warehouse, network, stream)
        drift.settle(warehouse, network, stream)
    return result


def load_landed(
    warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream, is_over: Callable[[], bool]
) -> LoadResult:
    """Bring landed pages into the warehouse while they make full batches, or all once their pull is over.

    The windows are not noted yet: it is left as a load leaves it that is killed.

    Raises:
        InternalError: A listed page is missing or was changed on disk.
    """
    return _load_batches(warehouse, landing, network, stream, _landed(warehouse, landing, network, stream, is_over))


def _landed(
    warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream, is_over: Callable[[], bool]
) -> Iterator[list[Fresh]]:
    taken: set[str] = set()
    while True:
        is_last = is_over()
        fresh = _fresh(warehouse, network, stream, _unsettled(warehouse, landing, network, stream))
        waiting = [entry for entry in fresh if entry[2].page_id not in taken]
        found = batches(waiting) if is_last else full_batches(waiting)
        taken |= {page.page_id for batch in found for _, _, page in batch}
        yield from found
        if is_last or not found:
            return


def recount(warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream) -> None:
    """Count anew, from the landed files, where every record ended."""
    valid, quarantine = valid_table(network, stream.name), quarantine_table(network, stream.name)
    windows = list(manifests(landing, network, stream.name))
    for _ in arriving(warehouse, network, stream, batches(_pages(windows))):
        _count_outcomes(warehouse, valid, quarantine)
    sum_windows(warehouse, [manifest.window_id for _, manifest in windows])


def _unsettled(
    warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream
) -> list[tuple[Path, Manifest]]:
    return list(manifests(landing, network, stream.name, skip=settled_windows(warehouse, network, stream.name)))


def _pages(windows: Iterable[tuple[Path, Manifest]]) -> list[Fresh]:
    return [(folder / page.file, manifest, page) for folder, manifest in windows for page in manifest.pages]


def _fresh(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream, windows: Iterable[tuple[Path, Manifest]]
) -> list[Fresh]:
    """The pages that are not in the warehouse yet."""
    asked = "select page_id from ops.pages where network = ? and stream = ?"
    known = {page_id for (page_id,) in warehouse.execute(asked, [network, stream.name]).fetchall()}
    return [entry for entry in _pages(windows) if entry[2].page_id not in known]


def _load_batches(
    warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream, found: Iterable[list[Fresh]]
) -> LoadResult:
    result = LoadResult()
    for batch, load_id in arriving(warehouse, network, stream, found):
        result += _load_batch(warehouse, landing, network, stream, batch, load_id)
    return result


def _load_batch(
    warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream, batch: list[Fresh], load_id: str
) -> LoadResult:
    raw, valid, quarantine = (name(network, stream.name) for name in (raw_table, valid_table, quarantine_table))
    columns = ", ".join([*LOAD_COLUMNS, "record"])
    is_new = _find_new_versions(warehouse, raw)
    judged = judge(warehouse, stream, is_new)
    with transaction(warehouse):
        note_pages(warehouse, landing, batch, load_id)
        unknown = drift.note_unknown_fields(warehouse, network, stream, [page for _, _, page in batch])
        (new_versions,) = warehouse.execute(
            f"insert into {raw} ({columns}) select {columns} from work.arrived where {is_new}"
        ).fetchall()[0]
        verdict = store(warehouse, stream, judged, valid=valid, quarantine=quarantine)
        if verdict.checks:
            drift.note_checks(warehouse, network, stream)
        drift.note(warehouse, network, stream)
        note_sightings(warehouse, network, stream)
        _count_outcomes(warehouse, valid, quarantine)
    return LoadResult(
        len(batch), sum(page.records for _, _, page in batch), int(new_versions), verdict, tuple(sorted(unknown))
    )


def _find_new_versions(warehouse: duckdb.DuckDBPyConnection, raw: str) -> str:
    """Which rows of `work.arrived` have another content than the version observed before; `work.new_versions`."""
    columns = "_account_id, _key, _row_hash, _observed_at, _fetched_at, _page_id"
    warehouse.execute(
        f"""
        create or replace table work.new_versions as
        with observed as (
            select {columns}, rowid as arrived_row from work.arrived
            -- Two selects, as each skips the row groups of raw that cannot match; with `or` in one, all would be read.
            union all
            select {columns}, null from {raw} where _key in (select _key from work.arrived)
            union all
            select {columns}, null from {raw} where _key is null
        ),
        in_order as (
            select arrived_row, _row_hash, lag(_row_hash) over (
                partition by _account_id, _key, case when _key is null then _row_hash end
                order by _observed_at, _fetched_at, arrived_row nulls first, _page_id, _row_hash
            ) as previous_hash
            from observed
        )
        select arrived_row from in_order where arrived_row is not null and _row_hash is distinct from previous_hash
        """
    )
    # A first load would ask this of every row three times over.
    ((all_are,),) = warehouse.execute(
        "select count(*) = (select count(*) from work.arrived) from work.new_versions"
    ).fetchall()
    return "true" if all_are else "rowid in (select arrived_row from work.new_versions)"


def _count_outcomes(warehouse: duckdb.DuckDBPyConnection, valid: str, quarantine: str) -> None:
    """Where every record read ended, counted in the tables themselves; and quarantined ones that came again."""
    same = "t._account_id = a._account_id and t._key is not distinct from a._key and t._row_hash = a._row_hash"
    # A valid record has a key. By it most of the table is skipped, where the comparison alone would read all of it.
    near = f"(select * from {valid} where _key in (select _key from work.arrived))"
    warehouse.execute(
        f"""
        update ops.pages set accepted = counted.accepted, quarantined = counted.quarantined
        from (
            select page_id, count(*) filter (where is_valid) as accepted,
                   count(*) filter (where not is_valid and is_held) as quarantined
            from (
                select a._page_id as page_id,
                       exists (select 1 from {near} t where {same}) as is_valid,
                       exists (select 1 from {quarantine} t where t.disposition = 'rejected' and {same}) as is_held
                from work.arrived a
            ) group by page_id
        ) as counted
        where counted.page_id = pages.page_id
        """
    )
    if not is_anything_held(warehouse, quarantine):
        return
    warehouse.execute(
        f"""
        update {quarantine} q set
            last_seen_at = greatest(q.last_seen_at, seen.at),
            last_fetched_at = greatest(q.last_fetched_at, seen.fetched_at)
        from (
            select _account_id, _key, _row_hash, max(_observed_at) as at, max(_fetched_at) as fetched_at
            from work.arrived
            where _row_hash in (select _row_hash from {quarantine} where released_at is null) group by all
        ) as seen
        where q.released_at is null and q._account_id = seen._account_id
          and q._key is not distinct from seen._key and q._row_hash = seen._row_hash
        """
    )
