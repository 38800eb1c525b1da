"""JSON records → typed columns, and what does not fit them. DuckDB does all of it, in one struct a record."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import duckdb_type_of, path_of
from affiliate_assets.landing.tables import LOAD_COLUMNS

# Field by which a reader of files says that a line could not be read; its text becomes the failed check.
BROKEN = "_broken"


def type_records(warehouse: duckdb.DuckDBPyConnection, stream: Stream, source: str, condition: str) -> int:
    """Make the table `work.typed` from a table with the load columns and `record`; returns its rows.

    Its columns are the stream's, the load columns, and: `_source_row`, the record's row in the source; `_broken`;
    `_unfit`, the columns whose value is there and does not fit; `_retyped`, the text columns whose value is there
    and is not a text. Every record is parsed twice, whatever the number of columns, and stays where it is: text of
    a kilobyte a row would cost more memory than all columns together.
    """
    shape: dict[str, Any] = {}
    for column in stream.schema.columns.values():
        *parents, leaf = path_of(column)
        level = shape
        for name in parents:
            level = level.setdefault(name, {})
        # Read as TIMESTAMP, a text would lose its offset without a word.
        type_ = duckdb_type_of(column)
        level[leaf] = "TIMESTAMPTZ" if type_ == "TIMESTAMP" else type_
    selected, unfit, retyped, pointers = [], [], [], [f'$."{BROKEN}"']
    for name, column in stream.schema.columns.items():
        field_of = ".".join(f'"{part}"' for part in path_of(column))
        pointers.append("$." + field_of)
        value, sent = f"r.{field_of}", f"sent[{len(pointers)}]"
        if duckdb_type_of(column) == "VARCHAR":
            retyped.append(f"case when {sent} <> 'null' and not starts_with({sent}, '\"') then '{name}' end")
            value = f"nullif({value}, '')"
        else:
            unfit.append(f"case when r.{field_of} is null and {sent} not in ('null', '\"\"') then '{name}' end")
            if duckdb_type_of(column) == "TIMESTAMP":
                # The session's zone is UTC.
                value = f"{value}::timestamp"
        selected.append(f'{value} as "{name}"')
    load_columns = ", ".join(LOAD_COLUMNS)
    (count,) = warehouse.execute(
        f"""
        create or replace table work.typed as
        select {", ".join(selected)}, {load_columns}, _source_row, sent[1] ->> '$' as _broken,
               list_filter([{", ".join(unfit)}]::varchar[], lambda name: name is not null) as _unfit,
               list_filter([{", ".join(retyped)}]::varchar[], lambda name: name is not null) as _retyped
        from (
            select {load_columns}, rowid as _source_row, from_json(record, ?) as r,
                   json_extract(record, ?)::varchar[] as sent
            from {source} where {condition}
        )
        """,
        [json.dumps(shape), pointers],
    ).fetchall()[0]
    return int(count)
