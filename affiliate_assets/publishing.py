"""Marts → what readers open: one read-only DuckDB file, Parquet beside it, one manifest, swapped in at once.

`published/current` is a link to one finished version; `affiliate.duckdb`, `parquet/`, `manifest.json` and `report.html`
are links through it. Swapping that one link is the only moment of change, and a reader that holds the old file
open keeps the old version.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from affiliate_assets.errors import ConfigError, InternalError
from affiliate_assets.landing.tables import transaction
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.settings import Settings

MARTS = "marts"
VERSIONS_KEPT = 3
REPORT_PAGE = "report.html"
_LINKS = ("affiliate.duckdb", "parquet", "manifest.json", REPORT_PAGE)


@dataclass(frozen=True, slots=True)
class PublishedMart:
    """One mart as published. `checksum` covers the values, not the order, without load columns."""

    name: str
    rows: int
    checksum: str
    columns: tuple[tuple[str, str], ...]


def publish(
    settings: Settings,
    *,
    run_id: str,
    as_of: datetime,
    before: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
    page: Callable[[Path], str] | None = None,
) -> tuple[PublishedMart, ...]:
    """Write a new version of everything published and swap it in.

    `before` is done first, while nobody else can build: what it notes is about the marts that are published. `page`
    makes the report of the finished file, after the warehouse is free again.

    Raises:
        InternalError: There are no marts yet.
        RetryableError: The warehouse stays taken.
    """
    root = settings.published
    version = root / "versions" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}_{uuid.uuid4().hex[:8]}"
    (version / "parquet").mkdir(parents=True)
    file = version / "affiliate.duckdb"
    with connection(settings.warehouse) as warehouse:
        names = marts(warehouse)
        if not names:
            raise InternalError("There is no mart to publish.", next_step="build the dbt models first.")
        if before is not None:
            before(warehouse)
        warehouse.execute(f"attach '{file}' as published (storage_version 'v1.5.0')")
        views, comments = _views(warehouse), _comments(warehouse)
        for name in sorted(names, key=lambda name: (name in views, name)):
            _store(warehouse, name, views.get(name), comments.get(name, ""))
        published = tuple(_described(warehouse, name, version / "parquet" / f"{name}.parquet") for name in names)
        completeness = _completeness(warehouse)
        warehouse.execute("checkpoint published")
        warehouse.execute("detach published")
    _write_manifest(version / "manifest.json", published, completeness, run_id, as_of)
    file.chmod(0o444)
    if page is not None:
        (version / REPORT_PAGE).write_text(page(file), encoding="utf-8")
    for path in (file, *version.rglob("*.parquet"), version / "manifest.json", *version.glob(REPORT_PAGE)):
        _sync(path)
    _swap(root, version)
    return published


def marts(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the marts that exist, sorted."""
    rows = warehouse.execute(
        "select table_name from information_schema.tables where table_catalog = current_database()"
        " and table_schema = ? order by table_name",
        [MARTS],
    ).fetchall()
    return [name for (name,) in rows]


def checksum(warehouse: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> str:
    """A digest of all rows that does not depend on their order. Load columns (`_…`) are left out."""
    values = [f"coalesce(\"{name}\"::varchar, '∅')" for name in columns if not name.startswith("_")]
    row_hash = f"md5_number(concat_ws('␟', {', '.join(values)}))"
    (total, count) = warehouse.execute(
        f"select coalesce(sum({row_hash} % 1000000007), 0)::varchar || coalesce(bit_xor({row_hash}), 0)::varchar,"
        f" count(*) from {table}"
    ).fetchall()[0]
    return hashlib.sha256(f"{total}:{count}".encode()).hexdigest()[:16]


def read_manifest(published: Path) -> dict[str, Any]:
    """The manifest of the version readers see now.

    Raises:
        ConfigError: Nothing has been published yet.
    """
    path = published / "manifest.json"
    if not path.is_file():
        raise ConfigError(f"Nothing is published at {published}.", next_step="run `affiliate run` first.")
    manifest: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return manifest


def _views(warehouse: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The queries of marts that are views of other marts, which a reader has in the same file without any schema."""
    rows = warehouse.execute(
        "select view_name, sql, current_database() from duckdb_views()"
        " where database_name = current_database() and schema_name = ?",
        [MARTS],
    ).fetchall()
    return {name: sql.split(" AS ", 1)[1].replace(f"{database}.{MARTS}.", "") for name, sql, database in rows}


def _comments(warehouse: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
    """The statements that describe each mart and its columns in the published file as they are described here."""
    here = "database_name = current_database() and schema_name = $1 and comment is not null"
    rows = warehouse.execute(
        f"""
        select table_name, 'column published.' || table_name || '."' || column_name || '"', comment
        from duckdb_columns() where {here}
        union all select table_name, 'table published.' || table_name, comment from duckdb_tables() where {here}
        union all select view_name, 'view published.' || view_name, comment from duckdb_views() where {here}
        """,
        [MARTS],
    ).fetchall()
    found: defaultdict[str, str] = defaultdict(str)
    for mart, described, comment in rows:
        found[mart] += f"comment on {described} is {_quoted(comment)};"
    return found


def _store(warehouse: duckdb.DuckDBPyConnection, name: str, query: str | None, comments: str) -> None:
    """Put a mart and its comments into the published file: a view as a view, which would be many times its tables."""
    if query is None:
        stored = f"create table published.{name} as select * from {MARTS}.{name};"
    else:
        (database,) = warehouse.execute("select current_database()").fetchall()[0]
        stored = f"use published; create view {name} as {query.rstrip(';')}; use {database};"
    # Each comment in a transaction of its own would reach the disk by itself.
    with transaction(warehouse):
        warehouse.execute(stored + comments)


def _described(warehouse: duckdb.DuckDBPyConnection, name: str, parquet: Path) -> PublishedMart:
    columns = warehouse.execute(
        "select column_name, data_type from information_schema.columns where table_catalog = current_database()"
        " and table_schema = ? and table_name = ? order by ordinal_position",
        [MARTS, name],
    ).fetchall()
    warehouse.execute(f"copy {MARTS}.{name} to '{parquet}' (format parquet, compression zstd)")
    (rows,) = warehouse.execute(f"select count(*) from {MARTS}.{name}").fetchall()[0]
    return PublishedMart(
        name=name,
        rows=int(rows),
        checksum=checksum(warehouse, f"{MARTS}.{name}", [column for column, _ in columns]),
        columns=tuple((column, type_) for column, type_ in columns),
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _completeness(warehouse: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Which accounts are in, stale, missing or withheld, and why; a network without an account is nobody's concern."""
    cursor = warehouse.execute(
        f"select network, account_id, completeness, withheld_reason from {MARTS}.rpt_operations_completeness"
        " where account_id is not null order by network, account_id"
    )
    keys = ("network", "account_id", "completeness", "withheld_reason")
    return [dict(zip(keys, row, strict=True)) for row in cursor.fetchall()]


def _write_manifest(
    path: Path,
    published: tuple[PublishedMart, ...],
    completeness: list[dict[str, Any]],
    run_id: str,
    as_of: datetime,
) -> None:
    manifest = {
        "run_id": run_id,
        "as_of": as_of,
        "published_at": datetime.now(UTC),
        "networks": completeness,
        "marts": {mart.name: {"rows": mart.rows, "checksum": mart.checksum} for mart in published},
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def _swap(root: Path, version: Path) -> None:
    for name in _LINKS:
        if (version / name).exists() and not (root / name).is_symlink():
            _link(root / name, Path("current") / name)
    _link(root / "current", version.relative_to(root))
    folders = sorted((root / "versions").iterdir())
    for old in folders[:-VERSIONS_KEPT]:
        if old != version:
            shutil.rmtree(old, ignore_errors=True)


def _link(path: Path, target: Path) -> None:
    """Point a link somewhere else in one step."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    new.symlink_to(target)
    new.replace(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
