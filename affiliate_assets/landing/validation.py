"""Raw records → typed columns → pandera → valid table, or quarantine with every failed check named.

DuckDB types the JSON in one struct; a value that is there but does not fit its type is found beside it, so
that it fails by name instead of turning into NULL. pandera judges batches of eager frames, all checks at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pandera.errors
import pandera.polars as pa
import polars as pl

from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import duckdb_type_of, known_words_of, path_of
from affiliate_assets.landing.tables import LOAD_COLUMNS, quarantine_table, raw_table, valid_table

BATCH_ROWS = 100_000
# Field by which a reader of files says that a line could not be read; its text becomes the failed check.
BROKEN = "_broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validation said of one load.

    Attributes:
        accepted: Records now in the valid table.
        rejected: Records in quarantine instead.
        flagged: Accepted records with a word the network does not document.
        checks: Failed checks with their number of records, e.g. `commission_amount: not_nullable`.
        broken_rules: Invariants that the valid table itself violates; empty unless there is a bug.
    """

    accepted: int = 0
    rejected: int = 0
    flagged: int = 0
    checks: dict[str, int] = field(default_factory=dict)
    broken_rules: tuple[str, ...] = ()

    @property
    def rejected_share(self) -> float:
        judged = self.accepted + self.rejected
        return self.rejected / judged if judged else 0.0


def validate(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream, load_id: str) -> Verdict:
    """Judge the raw rows of one load; runs inside the caller's transaction.

    Returns:
        Counts; accepted + rejected = the load's rows in raw.
    """
    raw, valid = raw_table(network, stream.name), valid_table(network, stream.name)
    _type_records(warehouse, raw, stream, load_id)
    (total,) = warehouse.execute("select count(*) from typed").fetchall()[0]
    findings: list[tuple[int, str]] = []
    flags: list[tuple[int, str]] = []
    for first in range(0, total, BATCH_ROWS):
        frame = warehouse.sql(
            f"select * from typed where _number >= {first} and _number < {first + BATCH_ROWS} order by _number"
        ).pl()
        findings += _findings(frame, stream.schema)
        flags += _unknown_words(frame, stream.schema)

    _table_of(warehouse, "findings", findings)
    _table_of(warehouse, "flags", flags)
    load_columns = ", ".join(LOAD_COLUMNS)
    columns = ", ".join(f'"{name}"' for name in stream.schema.columns)
    warehouse.execute(
        f"insert into {valid} ({columns}, {load_columns}) select {columns}, {load_columns} from typed"
        " where _number not in (select number from findings)"
    )
    _quarantine(warehouse, network, stream, "findings", "rejected")
    _quarantine(warehouse, network, stream, "flags", "flagged")
    _release(warehouse, network, stream)

    rejected = len({number for number, _ in findings})
    checks: dict[str, int] = {}
    for check in sorted(check for _, check in {*findings, *flags}):
        checks[check] = checks.get(check, 0) + 1
    return Verdict(
        accepted=total - rejected,
        rejected=rejected,
        flagged=len({number for number, _ in flags} - {number for number, _ in findings}),
        checks=checks,
        broken_rules=_broken_rules(warehouse, valid, stream),
    )


def _type_records(warehouse: duckdb.DuckDBPyConnection, raw: str, stream: Stream, load_id: str) -> None:
    """Temp table `typed`: the typed columns, the load columns, and `_unfit`, the columns whose value does not fit.

    Every record is parsed twice, whatever the number of columns, and is left in raw: text of a kilobyte a row,
    sorted and handed to polars, would cost more memory than all columns together.
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
    selected, unfit, pointers = [], [], [f'$."{BROKEN}"']
    for name, column in stream.schema.columns.items():
        field_of = ".".join(f'"{part}"' for part in path_of(column))
        pointers.append("$." + field_of)
        value = f"r.{field_of}"
        if duckdb_type_of(column) == "VARCHAR":
            value = f"nullif({value}, '')"
        elif duckdb_type_of(column) == "TIMESTAMP":
            # The session's zone is UTC.
            value = f"{value}::timestamp"
        selected.append(f'{value} as "{name}"')
        unfit.append(f"case when r.{field_of} is null and coalesce(texts[{len(pointers)}], '') <> '' then '{name}' end")
    warehouse.execute(
        f"""
        create or replace temp table typed as
        select row_number() over (order by _observed_at, _account_id, _key, _row_hash) - 1 as _number, *
        from (
            select {", ".join(selected)}, {", ".join(LOAD_COLUMNS)}, _raw_row, texts[1] as _broken,
                   list_filter([{", ".join(unfit)}], lambda name: name is not null) as _unfit
            from (
                select *, rowid as _raw_row, from_json(record, ?) as r, json_extract_string(record, ?) as texts
                from {raw} where _load_id = ?
            )
        )
        """,
        [json.dumps(shape), pointers, load_id],
    )


def _findings(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> list[tuple[int, str]]:
    """Failed checks as (row number, `column: check`)."""
    unfit = frame.filter(pl.col("_unfit").list.len() > 0).select("_number", "_unfit").explode("_unfit")
    found = {(number, f"{name}: type") for number, name in unfit.iter_rows()}
    broken = frame.filter(pl.col("_broken").is_not_null()).select("_number", "_broken")
    if broken.height:
        found |= set(broken.iter_rows())
        frame = frame.filter(pl.col("_broken").is_null())
    keyless = frame.filter(pl.col("_key").is_null()).select("_number")
    found |= {(number, "_key: not_nullable") for (number,) in keyless.iter_rows()}
    numbers = frame.get_column("_number")
    try:
        schema.validate(frame.select(list(schema.columns)), lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.select("index", "column", "check").unique()
        for index, column, check in cases.iter_rows():
            # A failure of the frame, not of a row: no row of it can be trusted.
            for number in numbers if index is None else [numbers[index]]:
                if (number, f"{column}: type") not in found:
                    found.add((number, f"{column}: {check}"))
    return sorted(found)


def _unknown_words(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for name, column in schema.columns.items():
        words = known_words_of(column)
        if words:
            unknown = frame.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(sorted(words)))
            found += [
                (number, f"{name}: unknown word {word!r}")
                for number, word in unknown.select("_number", name).iter_rows()
            ]
    return found


def _table_of(warehouse: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[int, str]]) -> None:
    frame = pl.DataFrame(rows, schema={"number": pl.Int64, "failed_check": pl.String}, orient="row")
    warehouse.register("rows_of_findings", frame)
    warehouse.execute(f"create or replace temp table {name} as select * from rows_of_findings")
    warehouse.unregister("rows_of_findings")


_NEXT_STEP = {
    "rejected": "compare the record with the network's reference; correct it there, or mend the schema and load again",
    "flagged": "find out what the new word means, add it to the status map with its source, and build again",
}


def _quarantine(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream, findings: str, disposition: str
) -> None:
    load_columns = ", ".join(LOAD_COLUMNS)
    warehouse.execute(
        f"""
        insert into {quarantine_table(network, stream.name)}
            ({load_columns}, failed_checks, disposition, next_step, first_seen_at, last_seen_at, released_at, record)
        select {", ".join(f"t.{name}" for name in LOAD_COLUMNS)}, f.failed_checks, ?, ?,
               t._observed_at, t._observed_at, null, r.record
        from typed t
        join {raw_table(network, stream.name)} r on r.rowid = t._raw_row
        join (
            select number, string_agg(failed_check, '; ' order by failed_check) as failed_checks
            from {findings} group by number
        ) f on f.number = t._number
        """,
        [disposition, _NEXT_STEP[disposition]],
    )


def _release(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream) -> None:
    """A quarantined record is released when a later version of it is accepted without a flag."""
    quarantine = quarantine_table(network, stream.name)
    warehouse.execute(
        f"""
        update {quarantine} q
        set released_at = v.accepted_at
        from (
            select _account_id, _key, max(_observed_at) as accepted_at from typed
            where _number not in (select number from findings union all select number from flags)
            group by _account_id, _key
        ) v
        where q.released_at is null
          and q._account_id = v._account_id and q._key = v._key and q._observed_at < v.accepted_at
        """
    )


def _broken_rules(warehouse: duckdb.DuckDBPyConnection, valid: str, stream: Stream) -> tuple[str, ...]:
    """Invariants of the stored table, whatever loaded it: the blocking check."""
    required = [name for name, column in stream.schema.columns.items() if not column.nullable]
    rules = {
        f"{name} is never null": f'count(*) filter ("{name}" is null)' for name in (*required, "_key", "_account_id")
    }
    rules["a version is stored once"] = "count(*) - count(distinct (_account_id, _key, _row_hash, _observed_at))"
    counts = warehouse.execute(f"select {', '.join(rules.values())} from {valid}").fetchall()[0]
    return tuple(rule for rule, count in zip(rules, counts, strict=True) if count)
