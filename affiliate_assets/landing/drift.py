"""What the records' shape does that the declaration does not expect: new, vanished and retyped fields, new words.

Each finding is kept with its first sight, a count and a masked sample, and is open until a load no longer shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import duckdb

from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import path_of
from affiliate_assets.landing.pages import LandedPage
from affiliate_assets.landing.tables import quarantine_table, stored
from affiliate_assets.landing.validation import RETYPED, UNFIT, UNKNOWN_WORD
from affiliate_assets.secrets import mask

# Records of a load whose fields are looked at.
SAMPLE = 2_000
# A field counts as vanished where its absence from all records would be less likely than this by chance.
BY_CHANCE = 1e-6
UNKNOWN_FIELD, VANISHED = "unknown_field", "vanished"
_DETAILS = {UNFIT: "does not fit", RETYPED: "not a text"}


def note_unknown_fields(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream, pages: Iterable[LandedPage]
) -> set[str]:
    """Record fields that were left out because the declaration does not know them; returns their names."""
    found: set[str] = set()
    for page in pages:
        for name, field in page.unknown_fields.items():
            found.add(name)
            at = stored(page.observed_at)
            values = [network, stream.name, name, UNKNOWN_FIELD, "", field.records, field.sample, at, page.page_id, at]
            _put(warehouse, values)
    return found


def note(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream) -> None:
    """Record which fields the records that have arrived have and lack."""
    ((at, page_id),) = warehouse.execute(
        "select max(_observed_at), arg_max(_page_id, (_observed_at, _fetched_at)) from work.arrived"
    ).fetchall()
    if at is not None:
        _note_fields(warehouse, network, stream, at, page_id)


def note_checks(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream) -> None:
    """Record what the checks that just failed say of types and words."""
    found = warehouse.execute(
        """
        select f.failed_check, count(*), min(t._observed_at), max(t._observed_at),
               arg_min(t._page_id, (t._observed_at, t._fetched_at))
        from (from work.findings union all from work.flags) f
        join work.arrived t on t.rowid = f.number
        group by f.failed_check order by f.failed_check
        """
    ).fetchall()
    for check, records, first, last, page_id in found:
        column, _, what = check.partition(": ")
        if what in (UNFIT, RETYPED):
            kind, detail = "retyped", _DETAILS[what]
        elif what.startswith(UNKNOWN_WORD):
            kind, detail = "unknown_word", what.removeprefix(UNKNOWN_WORD).strip()
        else:
            continue
        _put(warehouse, [network, stream.name, column, kind, detail, records, mask(detail), first, page_id, last])


def _note_fields(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream, at: datetime, page_id: str
) -> None:
    """Count the records' own fields, and those inside them that a column is declared to be read from."""
    inner = {".".join(path): path for path in map(path_of, stream.schema.columns.values()) if len(path) > 1}
    names = ", ".join(f"'{name}'" for name in inner)
    paths = ", ".join(f"'{_json_path(path)}'" for path in inner.values())
    # All paths in one call: each call parses the record anew, and a chunk's parses are held together.
    declared = f"list_where([{names}], json_exists(record, [{paths}]))" if inner else "[]"
    warehouse.execute(
        f"""
        create or replace temp table sampled_fields as
        with sample as (select record, _observed_at from work.arrived limit {SAMPLE}),
        present as (
            select unnest(json_keys(record) || {declared}) as field, _observed_at from sample
        )
        select field, count(*) as seen, (select count(*) from sample) as sampled,
               min(_observed_at) as first_seen_at, max(_observed_at) as last_seen_at
        from present group by field
        """
    )
    (sampled,) = warehouse.execute(f"select least(count(*), {SAMPLE}) from work.arrived").fetchall()[0]
    missing = warehouse.execute(
        """
        select field, seen, sampled from ops.fields
        where network = ? and stream = ? and field not in (select field from sampled_fields)
        """,
        [network, stream.name],
    ).fetchall()
    for name, seen, before in missing:
        if (1 - seen / (before + 1)) ** sampled < BY_CHANCE:
            _put(warehouse, [network, stream.name, name, VANISHED, "in no record", sampled, None, at, page_id, at])
        else:
            warehouse.execute(
                "update ops.fields set sampled = sampled + ? where network = ? and stream = ? and field = ?",
                [sampled, network, stream.name, name],
            )
    warehouse.execute(
        """
        insert into ops.fields (network, stream, field, seen, sampled, first_seen_at, last_seen_at)
        select $network, $stream, field, seen, sampled, first_seen_at, last_seen_at from sampled_fields
        on conflict (network, stream, field) do update set
            seen = fields.seen + excluded.seen, sampled = fields.sampled + excluded.sampled,
            last_seen_at = excluded.last_seen_at
        """,
        {"network": network, "stream": stream.name},
    )


def _json_path(path: Iterable[str]) -> str:
    return "$" + "".join(f'."{name}"' for name in path)


def settle(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream) -> None:
    """Close what is over: words and types that no record in quarantine shows, and fields that the latest records no
    longer have or have again."""
    is_open = warehouse.execute(
        "select 1 from ops.drift where resolved_at is null and network = ? and stream = ? limit 1",
        [network, stream.name],
    ).fetchone()
    if is_open is None:
        return
    (at,) = warehouse.execute(
        "select max(observed_at) from ops.pages where network = ? and stream = ? and records > 0",
        [network, stream.name],
    ).fetchall()[0]
    warehouse.execute(
        f"""
        update ops.drift d set resolved_at = coalesce($at, d.last_seen_at)
        where d.resolved_at is null and d.network = $network and d.stream = $stream
          and case d.kind
                  when 'unknown_field' then d.last_seen_at < $at
                  when 'vanished' then exists (
                      select 1 from ops.fields f
                      where f.network = d.network and f.stream = d.stream and f.field = d.field
                        and f.last_seen_at > d.last_seen_at)
                  else not exists (
                      select 1 from {quarantine_table(network, stream.name)} q
                      where q.released_at is null and contains('; ' || q.failed_checks, '; ' || d.field || ': ' || case
                          when d.kind = 'unknown_word' then '{UNKNOWN_WORD} ' || d.detail
                          when d.detail = '{_DETAILS[UNFIT]}' then '{UNFIT}' else '{RETYPED}' end))
              end
        """,
        {"network": network, "stream": stream.name, "at": at},
    )


def _put(warehouse: duckdb.DuckDBPyConnection, values: list[object]) -> None:
    warehouse.execute(
        """
        insert into ops.drift (network, stream, field, kind, detail, records, masked_sample, first_seen_at,
                               first_page_id, last_seen_at)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (network, stream, field, kind, detail) do update set
            records = drift.records + excluded.records, last_seen_at = excluded.last_seen_at, resolved_at = null
        """,
        values,
    )
