"""JSON records → key, hash, typed columns, and what does not fit them. DuckDB does all of it, in one pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import duckdb

from affiliate_assets.connectors.delimited import BROKEN as BROKEN
from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import Reading, duckdb_type_of, path_of, reading_of

# How a text ends that tells its own offset from UTC.
OFFSET = r"([zZ]|[+-]\d{2}:?\d{2})$"
# A number of so many characters is written back as it came; a longer one may not be, and is read again as its type.
EXACT = 15

Shape = dict[str, Any]


def type_records(
    warehouse: duckdb.DuckDBPyConnection,
    stream: Stream,
    source: str,
    parameters: Mapping[str, object] | None = None,
    *,
    table: str = "work.arrived",
) -> int:
    """Make a table of records that have arrived, from a relation with `record` and its origin; returns its rows.

    Of the origin, `_time_zone` is the zone of naive times in the record.

    Its columns are those of the source; `_key` and `_row_hash`; the stream's; and `_broken`; `_unfit`, the columns
    whose value is there and does not fit; `_retyped`, the text columns whose value is there and is not a text; both as
    names divided by blanks.
    """
    shape: Shape = {BROKEN: "JSON"}
    leaves = [f'r."{BROKEN}" as _broken_sent']
    for number, name in enumerate(stream.key):
        shape[name] = "JSON"
        leaves.append(f'(r."{name}")::varchar as _key_sent{number}')
    texts: list[str] = []
    values: list[str] = []
    unfit: list[str] = []
    retyped: list[str] = []
    for place, (name, column) in enumerate(stream.schema.columns.items(), start=1):
        path, type_, reading = path_of(column), duckdb_type_of(column), reading_of(column)
        _put(shape, path, "JSON")
        leaves.append(f'(r.{_dotted(path)})::varchar as "{name}_sent"')
        texts.append(f'{_read(f"_texts[{place}]", reading)} as "{name}_text"')
        values.append(f'{_value(name, path, type_, reading)} as "{name}"')
        wrong = f'not starts_with("{name}_sent", \'"\')' if type_ == "VARCHAR" else f'"{name}" is null'
        (retyped if type_ == "VARCHAR" else unfit).append(
            f"case when {wrong} and \"{name}_text\" <> '' then '{name}' end"
        )
    # A key of several parts is joined with a character that no network uses in ids; no object or list is a part.
    key = " || '|' || ".join(
        f"case when left(_key_sent{number}, 1) not in ('{{', '[') then {_text(f'_key_sent{number}')} end"
        for number in range(len(stream.key))
    )
    # An empty id is none: records without one are not versions of each other.
    key = f"nullif({key}, '{'|' * (len(stream.key) - 1)}')"
    names = ", ".join(f'"{name}"' for name in stream.schema.columns)
    sent = ", ".join(f'"{name}_sent"' for name in stream.schema.columns)
    (count,) = warehouse.execute(
        f"""
        create or replace table {table} as
        with parsed as (select *, from_json(record, $shape) as r from ({source})),
        leaves as (select * exclude (r), {", ".join(leaves)} from parsed),
        -- One expression for all columns: DuckDB takes longer to bind it for each than to read a night's records.
        told as (select *, list_transform([{sent}], lambda sent: {_text("sent")}) as _texts from leaves),
        texts as (select * exclude (_texts), {", ".join(texts)} from told),
        typed as (select *, {", ".join(values)} from texts)
        select _account_id, {key} as _key, md5(record::varchar) as _row_hash, _observed_at, _fetched_at, _page_id,
               _load_id, _run_id, {names}, _broken_sent ->> '$' as _broken,
               {_names(unfit)} as _unfit, {_names(retyped)} as _retyped, record
        from typed
        """,
        {**(parameters or {}), "shape": json.dumps(shape)},
    ).fetchall()[0]
    return int(count)


def _put(shape: Shape, path: tuple[str, ...], type_: str) -> None:
    for name in path[:-1]:
        shape = shape.setdefault(name, {})
    shape[path[-1]] = type_


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(f'"{part}"' for part in path)


def _text(sent: str) -> str:
    """The characters of a JSON value, a text without its quotes and escapes."""
    return f"""case when starts_with("{sent}", '"') then
        case when contains("{sent}", '\\') then json_extract_string("{sent}"::json, '$')
             else substring("{sent}", 2, length("{sent}") - 2) end
        when "{sent}" <> 'null' then "{sent}" end"""


def _read(text: str, reading: Reading) -> str:
    """The text without what its reading leaves out; NULL for what means nothing."""
    if reading.grouping:
        # Without its thousands where it is written so; "1.204,00" would become another number.
        whole = f"^[+-]?[0-9]{{1,3}}([{reading.grouping}][0-9]{{3}})+([^0-9{reading.grouping}][0-9]+)?$"
        plain = f"replace({text}, '{reading.grouping}', '')"
        text = f"case when regexp_matches({text}, '{whole}') then {plain} else {text} end"
    if reading.empty:
        nothing = ", ".join(f"'{word}'" for word in sorted(reading.empty))
        text = f"case when {text} not in ({nothing}) then {text} end"
    return text


def _value(name: str, path: tuple[str, ...], type_: str, reading: Reading) -> str:
    """The text as the column's type; NULL where it does not fit, and for an empty text."""
    sent, text = f'"{name}_sent"', f'"{name}_text"'
    value = f"try_cast({text} as {type_})"
    if type_ == "VARCHAR":
        return f"nullif({text}, '')"
    if type_ == "TIMESTAMP":
        return _instant(text, reading.form)
    if type_ == "BIGINT":
        return f"case when not contains({text}, '.') or rtrim({text}, '0') like '%.' then {value} end"
    if type_.startswith("DECIMAL"):
        alone: Shape = {}
        _put(alone, path, type_)
        again = f"from_json(record, '{json.dumps(alone)}').{_dotted(path)}"
        return f"case when length({sent}) > {EXACT} and not starts_with({sent}, '\"') then {again} else {value} end"
    return value


def _instant(text: str, form: str) -> str:
    """The text as TIMESTAMP in UTC; the session's zone is UTC."""
    if form == "unix":
        return f"try(make_timestamp(try_cast({text} as bigint) * 1000000))"
    if form == "unix_us":
        return f"try(make_timestamp(try_cast({text} as bigint)))"
    if form != "iso" and "%z" in form:
        return f"try_strptime({text}, '{form}')::timestamp"
    naive = f"try_cast({text} as timestamp)" if form == "iso" else f"try_strptime({text}, '{form}')"
    local = f"case when _time_zone = 'UTC' then {naive} else timezone(_time_zone, {naive})::timestamp end"
    if form != "iso":
        return local
    # Read as TIMESTAMP, a text would lose its offset without a word.
    told = f"try_cast({text} as timestamptz)::timestamp"
    return f"case when regexp_matches({text}, '{OFFSET}') then {told} else {local} end"


def _names(cases: list[str]) -> str:
    """The names that the cases give, divided by blanks; NULL for none."""
    return f"nullif(concat_ws(' ', {', '.join(cases or ['null'])}), '')"
