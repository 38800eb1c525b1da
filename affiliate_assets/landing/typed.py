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
# A text that tells its second.
SECONDS = r"\d:\d{2}:\d{2}"
# A number of so many characters is written back as it came; a longer one may not be, and is read again as its type.
EXACT = 15
# Amounts of ten billions and more fit no column: they are mistakes, and sums of them would be more than money can be.
PLAUSIBLE = "DECIMAL(16,6)"
# A number of so many digits before its point that DuckDB writes it with an exponent, and any number of JSON.
HUGE = r"e\+(1[6-9]|[2-9]\d|\d{3})$"
NUMBER = r"^-?\d+([.]\d+)?([eE][+-]?\d+)?$"

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
    columns = stream.schema.columns
    shape: Shape = {BROKEN: "JSON"}
    leaves = [f'r."{BROKEN}" as _broken_sent']
    for name in stream.key:
        shape[name] = "VARCHAR"
    leaves += [f'r."{name}" as _key_text{number}' for number, name in enumerate(stream.key)]
    told_as: Shape = {}
    doubtful: list[str] = []
    values: list[str] = []
    unfit: list[str] = []
    retyped: list[str] = []
    for name, column in columns.items():
        path, type_, reading = path_of(column), duckdb_type_of(column), reading_of(column)
        told, text = f"r.{_dotted(path)}", f'"{name}_text"'
        _put(shape, path, "VARCHAR")
        leaves.append(f"{_read(told, reading)} as {text}")
        values.append(f'{_value(name, path, type_, reading)} as "{name}"')
        if type_ == "VARCHAR":
            _put(told_as, path, "JSON")
            doubtful.append(_may_be_no_text(told))
            retyped.append(
                f"case when not starts_with((t.{_dotted(path)})::varchar, '\"') and {text} <> '' then '{name}' end"
            )
        else:
            unfit.append(f"case when \"{name}\" is null and {text} <> '' then '{name}' end")
    # A key of several parts is joined with a character that no network uses in ids; no object or list is a part.
    key = " || '|' || ".join(
        f"case when left(_key_text{number}, 1) not in ('{{', '[') or {_is_text((name,))} then _key_text{number} end"
        for number, name in enumerate(stream.key)
    )
    # An empty id is none: records without one are not versions of each other.
    key = f"nullif({key}, '{'|' * (len(stream.key) - 1)}')"
    names = ", ".join(f'"{name}"' for name in columns)
    # Whether a value came as a text is asked, by reading the record again, only where one may have come as another.
    retold = f"case when {' or '.join(doubtful)} then from_json(record, $told_as) end" if doubtful else "null"
    (count,) = warehouse.execute(
        f"""
        create or replace table {table} as
        with parsed as (select *, from_json(record, $shape) as r from ({source})),
        texts as (select * exclude (r), {retold} as t, {", ".join(leaves)} from parsed),
        typed as (select *, {", ".join(values)} from texts)
        select _account_id, {key} as _key, md5(record::varchar) as _row_hash, _observed_at, _fetched_at, _page_id,
               _load_id, _run_id, {names}, _broken_sent ->> '$' as _broken,
               {_names(unfit)} as _unfit, {_names(retyped)} as _retyped, record
        from typed
        """,
        {
            **(parameters or {}),
            "shape": json.dumps(shape),
            **({"told_as": json.dumps(told_as)} if doubtful else {}),
        },
    ).fetchall()[0]
    return int(count)


def _put(shape: Shape, path: tuple[str, ...], type_: str) -> None:
    for name in path[:-1]:
        shape = shape.setdefault(name, {})
    shape[path[-1]] = type_


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(f'"{part}"' for part in path)


def _may_be_no_text(text: str) -> str:
    """Whether the characters of a JSON value may be those of a number, a flag, an object or a list."""
    return f"""case when {text} < ':' then regexp_matches({text}, '{NUMBER}')
        when {text} < '[' then false
        else {text} < '\\' or {text} in ('true', 'false') or ({text} >= '{{' and {text} < '|') end"""


def _is_text(path: tuple[str, ...]) -> str:
    """Whether a field came as a text; reads the record again."""
    alone: Shape = {}
    _put(alone, path, "JSON")
    return f"starts_with((from_json(record, '{json.dumps(alone)}').{_dotted(path)})::varchar, '\"')"


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
    text = f'"{name}_text"'
    value = f"try_cast({text} as {type_})"
    if type_ == "VARCHAR":
        return f"nullif({text}, '')"
    if type_ == "TIMESTAMP":
        return _instant(text, reading)
    if type_ == "BIGINT":
        # Past 1e16 DuckDB writes a number with an exponent; it has no fraction there.
        is_whole = (
            f"not regexp_matches({text}, '[.]|e-') or rtrim({text}, '0') like '%.' or regexp_matches({text}, '{HUGE}')"
        )
        return f"case when {is_whole} then {value} end"
    if type_.startswith("DECIMAL"):
        alone: Shape = {}
        _put(alone, path, type_)
        again = f"from_json(record, '{json.dumps(alone)}').{_dotted(path)}"
        exact = f"case when length({text}) > {EXACT} and not {_is_text(path)} then {again} else {value} end"
        return f"try_cast({exact} as {PLAUSIBLE})::{type_}"
    return value


def _instant(text: str, reading: Reading) -> str:
    """The text as TIMESTAMP in UTC; the session's zone is UTC."""
    form = reading.form
    if form == "unix":
        return f"try(make_timestamp(try_cast({text} as bigint) * 1000000))"
    if form == "unix_us":
        return f"try(make_timestamp(try_cast({text} as bigint)))"
    if form != "iso" and "%z" in form:
        return f"try_strptime({text}, '{form}')::timestamp"
    if form != "iso":
        return _local(f"try_strptime({text}, '{form}')")
    first = _iso(text)
    if not reading.is_last:
        return first
    last = _iso(text, f" + case when contains({text}, ':') then interval 59 seconds else interval 86399 seconds end")
    return f"""case when regexp_matches({text}, '{SECONDS}') then {first}
        when {first} < _observed_at and {last} > _observed_at then _observed_at else {last} end"""


def _iso(text: str, later: str = "") -> str:
    # Read as TIMESTAMP, a text would lose its offset without a word.
    told = f"(coalesce(try_cast({text} as timestamptz), try_cast({_plain(text)} as timestamptz)){later})::timestamp"
    local = _local(f"(try_cast({text} as timestamp){later})")
    return f"case when regexp_matches({text}, '{OFFSET}') then {told} else {local} end"


def _plain(text: str) -> str:
    """A time with its offset as DuckDB reads it: no blank before the offset, and seconds."""
    joined = f"regexp_replace({text}, '\\s+{OFFSET}', '\\1')"
    return f"regexp_replace({joined}, '([T ]\\d{{1,2}}:\\d{{2}}){OFFSET}', '\\1:00\\2')"


def _local(naive: str) -> str:
    """A time of the page's zone."""
    return f"case when _time_zone = 'UTC' then {naive} else timezone(_time_zone, {naive})::timestamp end"


def _names(cases: list[str]) -> str:
    """The names that the cases give, divided by blanks; NULL for none."""
    return f"nullif(concat_ws(' ', {', '.join(cases or ['null'])}), '')"
