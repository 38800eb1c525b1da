"""Landed pages → raw tables → valid tables and quarantine, in one transaction a stream.

Raw keeps a row only where the content of a record differs from the version observed before it, so that the
same page twice, a killed load and a run repeated change nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from affiliate_assets.connectors.language import Stream
from affiliate_assets.errors import InternalError, Where
from affiliate_assets.landing.pages import LandedPage, Manifest, manifests
from affiliate_assets.landing.tables import LOAD_COLUMNS, raw_table
from affiliate_assets.landing.validation import Verdict, validate


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one load added: pages and records read, versions new in raw, and what validation said of them."""

    pages: int
    records: int
    new_versions: int
    verdict: Verdict
    unknown_fields: tuple[str, ...] = field(default=())


def load_stream(warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str, stream: Stream) -> LoadResult:
    """Bring every landed page of the stream that is not in the warehouse yet through raw into valid.

    Raises:
        InternalError: A listed page is missing or was changed on disk.
    """
    load_id = uuid.uuid4().hex[:12]
    loaded_at = datetime.now(UTC)
    known = {
        page_id
        for (page_id,) in warehouse.execute(
            "select page_id from ops.pages where network = ? and stream = ?", [network, stream.name]
        ).fetchall()
    }
    # Only now and then is a window noted before it has all its pages: while it is open, or when it failed and is
    # landed again under its name, as a file is. The others have nothing new in their folders.
    settled = {
        window_id
        for (window_id,) in warehouse.execute(
            "select window_id from ops.windows where status not in ('open', 'failed')"
        ).fetchall()
    }
    windows = list(manifests(landing, network, stream.name, skip=settled))
    fresh = [
        (folder / page.file, manifest, page)
        for folder, manifest in windows
        for page in manifest.pages
        if page.page_id not in known
    ]
    warehouse.execute("begin")
    try:
        _note_windows(warehouse, [manifest for _, manifest in windows])
        _note_pages(warehouse, landing, fresh, load_id, loaded_at)
        new_versions = _insert_versions(warehouse, landing, network, stream, fresh, load_id)
        verdict = validate(warehouse, network, stream, load_id)
        warehouse.execute("commit")
    except BaseException:
        warehouse.execute("rollback")
        raise
    return LoadResult(
        pages=len(fresh),
        records=sum(page.records for _, _, page in fresh),
        new_versions=new_versions,
        verdict=verdict,
        unknown_fields=tuple(sorted({name for _, _, page in fresh for name in page.unknown_fields})),
    )


def _insert_versions(
    warehouse: duckdb.DuckDBPyConnection,
    landing: Path,
    network: str,
    stream: Stream,
    fresh: list[tuple[Path, Manifest, LandedPage]],
    load_id: str,
) -> int:
    """Insert the records whose content differs from the version observed before; how many those were."""
    files = [str(path) for path, _, page in fresh if page.records]
    if not files:
        return 0
    for path, manifest, page in fresh:
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != page.sha256:
            raise InternalError(
                f"The manifest lists {path.name}, which is not on disk as it was written.",
                next_step="restore the landing zone from its backup, or delete that window's folder and run again.",
                where=Where(network, manifest.account_id, stream.name, manifest.window_id),
            )
    table = raw_table(network, stream.name)
    # A key of several parts is joined with a character that no network uses in ids.
    key = " || '|' || ".join(f"json_extract_string(json, '$.\"{name}\"')" for name in stream.key)
    warehouse.execute("create or replace temp table page_files (path VARCHAR, page_id VARCHAR)")
    warehouse.executemany(
        "insert into page_files values (?, ?)", [[str(path), page.page_id] for path, _, page in fresh]
    )
    warehouse.execute(
        f"""
        create or replace temp table incoming as
        select p.account_id as _account_id, {key} as _key, md5(json::varchar) as _row_hash,
               p.observed_at as _observed_at,
               p.page_id as _page_id, ? as _load_id, w.run_id as _run_id, json as record
        from read_ndjson_objects(?, filename = true, maximum_object_size = 67108864) o
        join page_files f on f.path = o.filename
        join ops.pages p on p.page_id = f.page_id
        join ops.windows w on w.window_id = p.window_id
        """,
        [load_id, files],
    )
    columns = ", ".join(LOAD_COLUMNS)
    warehouse.execute(
        f"""
        insert into {table} ({columns}, record)
        with observed as (
            select {columns}, record, 1 as is_new from incoming
            union all
            select {columns}, null as record, 0 as is_new from {table}
            where _key in (select _key from incoming) or _key is null
        ),
        in_order as (
            select *,
                   lag(_row_hash) over (
                       partition by _account_id, _key, case when _key is null then _row_hash end
                       order by _observed_at, is_new, _page_id, _row_hash
                   ) as _previous_hash
            from observed
        )
        select {columns}, record from in_order where is_new = 1 and _row_hash is distinct from _previous_hash
        """
    )
    (count,) = warehouse.execute(f"select count(*) from {table} where _load_id = ?", [load_id]).fetchall()[0]
    return int(count)


def _note_windows(warehouse: duckdb.DuckDBPyConnection, windows: list[Manifest]) -> None:
    rows = [
        [
            m.window_id, m.network, m.account_id, m.stream, m.clock, _naive(m.window_start), _naive(m.window_end),
            m.keys, m.reason, m.status, m.requests, m.retries, m.waited_seconds, len(m.pages), m.records,
            m.message, m.run_id, _naive(m.as_of), _naive(m.started_at), _naive(m.finished_at),
        ]
        for m in windows
    ]  # fmt: skip
    if rows:
        warehouse.executemany(f"insert or replace into ops.windows values ({', '.join('?' * 20)})", rows)


def _note_pages(
    warehouse: duckdb.DuckDBPyConnection,
    landing: Path,
    fresh: list[tuple[Path, Manifest, LandedPage]],
    load_id: str,
    loaded_at: datetime,
) -> None:
    rows = [
        [
            p.page_id, m.window_id, m.network, m.account_id, m.stream, p.page, p.sha256, p.records, p.bytes,
            _naive(p.fetched_at), _naive(p.observed_at), m.time_zone, str(path.relative_to(landing)), load_id,
            _naive(loaded_at),
        ]
        for path, m, p in fresh
    ]  # fmt: skip
    if rows:
        warehouse.executemany(f"insert into ops.pages values ({', '.join('?' * 15)})", rows)
    unknown = [
        [m.network, m.stream, name, _naive(p.observed_at), p.page_id] for _, m, p in fresh for name in p.unknown_fields
    ]
    if unknown:
        warehouse.executemany("insert or ignore into ops.unknown_fields values (?, ?, ?, ?, ?)", unknown)


def _naive(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)
