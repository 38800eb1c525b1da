"""Raw records → typed columns → pandera → valid table, or quarantine with every failed check named.

DuckDB types the JSON in one struct; a value that is there but does not fit its type is found beside it, so
that it fails by name instead of turning into NULL. pandera judges batches of eager frames, all checks at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import pandera.errors
import pandera.polars as pa
import polars as pl
import pyarrow  # noqa: F401
from pandera.backends.polars.register import register_polars_backends

from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import known_words_of
from affiliate_assets.landing.coverage import read_again
from affiliate_assets.landing.tables import LOAD_COLUMNS, quarantine_table, valid_table

# What this imports, and pyarrow, every worker of a run would import anew with its first load.
register_polars_backends()

# A text column whose value came as a number or an object: kept, but a leading zero may be lost.
RETYPED, UNFIT, UNKNOWN_WORD = "retyped", "type", "unknown word"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validation said of one load.

    Attributes:
        accepted: Records now in the valid table.
        rejected: Records in quarantine instead.
        flagged: Accepted records with a word the network does not document, or a text that came as a number.
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

    def __add__(self, other: Verdict) -> Verdict:
        checks = {
            check: self.checks.get(check, 0) + other.checks.get(check, 0)
            for check in sorted({*self.checks, *other.checks})
        }
        return Verdict(
            self.accepted + other.accepted,
            self.rejected + other.rejected,
            self.flagged + other.flagged,
            checks,
            (*self.broken_rules, *other.broken_rules),
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows of `work.arrived` that were checked and are not stored yet.

    `work.findings` and `work.flags` name the failed checks of each by its rowid there, if there are any.

    Attributes:
        condition: Which rows of it.
    """

    condition: str
    verdict: Verdict


def judge(warehouse: duckdb.DuckDBPyConnection, stream: Stream, condition: str = "true") -> Judged:
    """Check rows of `work.arrived`. Writes nothing that lasts.

    Runs outside of any transaction on the warehouse: DuckDB lets one write to a single database.
    """
    columns = ", ".join(f'"{name}"' for name in stream.schema.columns)
    findings: list[tuple[int, str]] = []
    flags: list[tuple[int, str]] = []
    frame = warehouse.sql(
        f"select rowid as _number, {columns}, _key, _broken, _unfit, _retyped from work.arrived where {condition}"
    ).pl()
    if frame.height:
        findings += _findings(frame, stream.schema)
        flags += _unknown_words(frame, stream.schema) + _named(frame, "_retyped", RETYPED)
    # Every statement takes milliseconds, and almost every batch is without a finding.
    if findings or flags:
        _table_of(warehouse, "findings", findings)
        _table_of(warehouse, "flags", flags)

    rejected = len({number for number, _ in findings})
    checks: dict[str, int] = {}
    for check in sorted(check for _, check in {*findings, *flags}):
        checks[check] = checks.get(check, 0) + 1
    return Judged(
        condition,
        Verdict(
            accepted=frame.height - rejected,
            rejected=rejected,
            flagged=len({number for number, _ in flags} - {number for number, _ in findings}),
            checks=checks,
        ),
    )


def store(
    warehouse: duckdb.DuckDBPyConnection, stream: Stream, judged: Judged, *, valid: str, quarantine: str
) -> Verdict:
    """Bring what was judged last into a valid table and a quarantine; accepted + rejected = the rows judged."""
    columns = ", ".join([*(f'"{name}"' for name in stream.schema.columns), *LOAD_COLUMNS])
    among = "and rowid not in (select number from work.findings)" if judged.verdict.rejected else ""
    warehouse.execute(
        f"insert into {valid} ({columns}) select {columns} from work.arrived where {judged.condition} {among}"
    )
    if judged.verdict.checks:
        _quarantine(warehouse, quarantine, "findings", "rejected")
        _quarantine(warehouse, quarantine, "flags", "flagged")
    return judged.verdict


def _findings(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> list[tuple[int, str]]:
    """Failed checks as (row number, `column: check`)."""
    found = set(_named(frame, "_unfit", UNFIT))
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
                if (number, f"{column}: {UNFIT}") not in found:
                    found.add((number, f"{column}: {check}"))
    return sorted(found)


def _unknown_words(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for name, column in schema.columns.items():
        words = known_words_of(column)
        if words:
            unknown = frame.filter(pl.col(name).is_not_null() & ~pl.col(name).is_in(sorted(words)))
            found += [
                (number, f"{name}: {UNKNOWN_WORD} {word!r}")
                for number, word in unknown.select("_number", name).iter_rows()
            ]
    return found


def _named(frame: pl.DataFrame, column: str, check: str) -> list[tuple[int, str]]:
    """The columns that the typing has named, one finding each."""
    found = frame.filter(pl.col(column).is_not_null()).select("_number", pl.col(column).str.split(" ")).explode(column)
    return [(number, f"{name}: {check}") for number, name in found.iter_rows()]


def _table_of(warehouse: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[int, str]]) -> None:
    frame = pl.DataFrame(rows, schema={"number": pl.Int64, "failed_check": pl.String}, orient="row")
    warehouse.register("rows_of_findings", frame)
    warehouse.execute(f"create or replace table work.{name} as select * from rows_of_findings")
    warehouse.unregister("rows_of_findings")


_NEXT_STEP = {
    "rejected": "compare the record with the network's reference; correct it there, or mend the schema and replay",
    "flagged": "find out what the new word or type means, add it with its source, and replay",
}


def _quarantine(warehouse: duckdb.DuckDBPyConnection, quarantine: str, findings: str, disposition: str) -> None:
    load_columns = ", ".join(LOAD_COLUMNS)
    warehouse.execute(
        f"""
        insert into {quarantine}
            ({load_columns}, failed_checks, disposition, next_step, first_seen_at, last_seen_at, last_fetched_at,
             released_at, record)
        select {", ".join(f"t.{name}" for name in LOAD_COLUMNS)}, f.failed_checks, ?, ?,
               t._observed_at, t._observed_at, t._fetched_at, null, t.record
        from work.arrived t
        join (
            select number, string_agg(failed_check, '; ' order by failed_check) as failed_checks
            from work.{findings} group by number
        ) f on f.number = t.rowid
        """,
        [disposition, _NEXT_STEP[disposition]],
    )


def is_anything_held(warehouse: duckdb.DuckDBPyConnection, quarantine: str) -> bool:
    """Whether a quarantine holds anything that was not released."""
    return warehouse.execute(f"select 1 from {quarantine} where released_at is null limit 1").fetchone() is not None


def release(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream) -> None:
    """Release what a later version made good; runs inside the caller's transaction.

    A record leaves quarantine when a version of it that came later was accepted without a flag. A record without
    a key has no versions: it leaves when its window was read again without it.
    """
    quarantine = quarantine_table(network, stream.name)
    if not is_anything_held(warehouse, quarantine):
        return
    warehouse.execute(
        f"""
        update {quarantine} q set released_at = good.at
        from (
            select v._account_id, v._key, max(v._observed_at) as at, max((v._observed_at, v._fetched_at)) as version
            from {valid_table(network, stream.name)} v
            where v._key in (select _key from {quarantine} where released_at is null)
              and not exists (
                  select 1 from {quarantine} f
                  where f.released_at is null and f.disposition = 'flagged' and f._account_id = v._account_id
                    and f._key = v._key and f._row_hash = v._row_hash and f._page_id = v._page_id
              )
            group by v._account_id, v._key
        ) as good
        where q.released_at is null and q._account_id = good._account_id and q._key = good._key
          and (q._observed_at, q._fetched_at) < good.version
        """
    )
    keyless = warehouse.execute(
        f"""
        select q._page_id, p.window_id, q.last_fetched_at from {quarantine} q
        join ops.pages p on p.page_id = q._page_id
        where q.released_at is null and q._key is null group by all
        """
    ).fetchall()
    for page_id, window_id, last_fetched_at in keyless:
        again = read_again(warehouse, window_id, last_fetched_at)
        if again is not None:
            warehouse.execute(
                f"update {quarantine} set released_at = ?"
                " where released_at is null and _key is null and _page_id = ? and last_fetched_at = ?",
                [again.as_of, page_id, last_fetched_at],
            )


def broken_rules(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream) -> tuple[str, ...]:
    """Invariants of the stored table, whatever loaded it: the blocking check."""
    required = [name for name, column in stream.schema.columns.items() if not column.nullable]
    rules = {
        f"{name} is never null": f'count(*) filter ("{name}" is null)' for name in (*required, "_key", "_account_id")
    }
    version = "hash(_account_id, _key, _row_hash, _observed_at, _fetched_at)"
    rules["a version is stored once"] = f"count(*) - count(distinct {version})"
    counts = warehouse.execute(
        f"select {', '.join(rules.values())} from {valid_table(network, stream.name)}"
    ).fetchall()[0]
    return tuple(rule for rule, count in zip(rules, counts, strict=True) if count)
