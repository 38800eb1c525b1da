"""What exists in the warehouse before dbt: schemas and tables made from the declarations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import duckdb_type_of

# A version is newer than another by `_observed_at`, then by `_fetched_at`: see landing.pages.LandedPage.
LOAD_COLUMNS = {
    "_account_id": "VARCHAR",
    "_key": "VARCHAR",
    "_row_hash": "VARCHAR",
    "_observed_at": "TIMESTAMP",
    "_fetched_at": "TIMESTAMP",
    "_page_id": "VARCHAR",
    "_load_id": "VARCHAR",
    "_run_id": "VARCHAR",
}
RECORD = {"record": "JSON using compression zstd"}
QUARANTINE_COLUMNS = {
    "failed_checks": "VARCHAR",
    "disposition": "VARCHAR",
    "next_step": "VARCHAR",
    "first_seen_at": "TIMESTAMP",
    "last_seen_at": "TIMESTAMP",
    "last_fetched_at": "TIMESTAMP",
    "released_at": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name with their types, and the primary key."""

    columns: Mapping[str, str]
    key: str


def _table(key: str, types: Mapping[str, str]) -> Table:
    """A table from its columns by type, names separated by blanks; texts need no type."""
    typed = {name: type_ for type_, names in types.items() for name in names.split()}
    return Table(typed, key)


OPS = {
    "ops.windows": _table(
        "window_id",
        {
            "VARCHAR": "window_id network account_id stream clock reason status message run_id proof",
            "TIMESTAMP": "window_start window_end as_of started_at finished_at resume_at made_good_at",
            "INTEGER": "keys requests retries pages records expected_records accepted quarantined",
            "DECIMAL(18,3)": "waited_seconds",
        },
    ),
    "ops.pages": _table(
        "page_id",
        {
            "VARCHAR": "page_id window_id network account_id stream sha256 time_zone path load_id call_id run_id",
            "TIMESTAMP": "fetched_at observed_at loaded_at",
            "INTEGER": "page records accepted quarantined",
            "BIGINT": "bytes",
        },
    ),
    "ops.api_calls": _table(
        "call_id",
        {
            "VARCHAR": "call_id correlation_id run_id network account_id stream window_id purpose method path outcome"
            " priority",
            "TIMESTAMP": "started_at as_of",
            "INTEGER": "page attempt status duration_ms waited_ms headroom",
            "BIGINT": "bytes",
        },
    ),
    "ops.call_files": _table("path", {"VARCHAR": "path", "BIGINT": "bytes"}),
    "ops.dead_letters": _table(
        "letter_id",
        {
            "VARCHAR": "letter_id network account_id stream window_id reason message request content_type sha256"
            " masked_sample",
            "TIMESTAMP": "first_seen_at last_seen_at resolved_at",
            "INTEGER": "page status times",
            "BIGINT": "bytes",
        },
    ),
    "ops.circuits": _table(
        "network, account_id, operation",
        {
            "VARCHAR": "network account_id operation state reason",
            "TIMESTAMP": "opened_at retry_at as_of",
            "INTEGER": "failures",
        },
    ),
    "ops.fields": _table(
        "network, stream, field",
        {
            "VARCHAR": "network stream field",
            "TIMESTAMP": "first_seen_at last_seen_at",
            "BIGINT": "seen sampled",
        },
    ),
    "ops.drift": _table(
        "network, stream, field, kind, detail",
        {
            "VARCHAR": "network stream field kind detail masked_sample first_page_id",
            "TIMESTAMP": "first_seen_at last_seen_at resolved_at",
            "BIGINT": "records",
        },
    ),
    "ops.control_totals": _table(
        "network, account_id, stream, span_start, span_end, as_of",
        {
            "VARCHAR": "network account_id stream call_id",
            "TIMESTAMP": "span_start span_end asked_at as_of",
            "BIGINT": "expected_records found_records",
            "DECIMAL(18,6)": "expected_amount found_amount",
            "BOOLEAN": "agrees",
        },
    ),
    "ops.corrections": _table(
        "instruction_id",
        {
            "VARCHAR": "instruction_id network account_id record_id action ground network_reason state status_before"
            " currency batch_id reference message",
            "TIMESTAMP": "drafted_at released_at sent_at settled_at",
            "INTEGER": "attempt within_seconds",
            "DECIMAL(18,6)": "sale_amount_before amended_amount",
        },
    ),
    "ops.sightings": _table(
        "network, account_id, stream, record_key",
        {"VARCHAR": "network account_id stream record_key", "TIMESTAMP": "last_seen_at"},
    ),
    "ops.standings": _table(
        "network",
        {
            "VARCHAR": "network reasons run_id",
            "VARCHAR[]": "pull_reasons",
            "TIMESTAMP": "as_of",
            "BOOLEAN": "held",
        },
    ),
    # Append-only: what differences did, night by night, and what people decided about them.
    "ops.nights": _table("night_number", {"INTEGER": "night_number", "TIMESTAMP": "as_of", "VARCHAR": "run_id"}),
    "ops.difference_nights": _table(
        "night_number, diff_key",
        {
            "INTEGER": "night_number",
            "TIMESTAMP": "as_of occurred_at",
            "VARCHAR": "run_id diff_key event side network account_id shop record_id conversion_key order_key"
            " publisher_id class reason network_currency order_currency commission_currency reporting_currency"
            " became_class became_reason",
            "DECIMAL(18,6)": "network_amount order_amount amount_difference commission_at_risk"
            " commission_at_risk_reporting",
        },
    ),
    "ops.decisions": _table(
        "decision_id",
        {
            "VARCHAR": "decision_id diff_key status owner note decided_by source refused_because",
            "TIMESTAMP": "decided_at recorded_at",
        },
    ),
}
CONFIG = {
    "config.brand": {
        "name": "VARCHAR",
        "reporting_currency": "VARCHAR",
        "time_zone": "VARCHAR",
        "start_date": "DATE",
        "as_of": "TIMESTAMP",
    },
    "config.order_id_prefixes": {"prefix": "VARCHAR"},
    "config.matching": {
        "winner": "VARCHAR",
        **dict.fromkeys(("named_within_days", "inferred_within_minutes", "click_within_seconds"), "INTEGER"),
        "least_score": "DECIMAL(3,2)",
    },
    "config.order_id_cuts": {"cut_at": "INTEGER"},
    "config.network_priority": {"network": "VARCHAR", "position": "INTEGER"},
    "config.voucher_owners": dict.fromkeys(("code", "network", "publisher_id"), "VARCHAR"),
    "config.accounts": dict.fromkeys(("network", "account_id", "name", "currency"), "VARCHAR"),
    "config.crm_exports": {
        **dict.fromkeys(("stream", "shop", "currency", "amount_is"), "VARCHAR"),
        "position": "INTEGER",
        "is_full": "BOOLEAN",
    },
    "config.crm_stages": dict.fromkeys(("stream", "shop", "stage", "status"), "VARCHAR"),
    "config.networks": {
        **dict.fromkeys(("network", "name", "currency_source", "correction_style", "lock_rule"), "VARCHAR"),
        **dict.fromkeys(("tells_payment", "tells_status"), "BOOLEAN"),
    },
}


def raw_table(network: str, stream: str) -> str:
    return f"raw_{network}.{stream}"


def valid_table(network: str, stream: str) -> str:
    return f"valid_{network}.{stream}"


def quarantine_table(network: str, stream: str) -> str:
    return f"quarantine.{network}__{stream}"


def latest_versions(network: str, stream: str, where: str) -> str:
    """The newest valid version of each key among those that meet `where`, as SQL to select from."""
    return (
        f"(select * from {valid_table(network, stream)} where {where} qualify row_number() over ("
        "partition by _key order by _observed_at desc, _fetched_at desc, _row_hash desc) = 1)"
    )


def create_tables(warehouse: duckdb.DuckDBPyConnection, network: str, streams: Iterable[Stream]) -> None:
    """Make the tables of one network that do not exist yet; a column that is new is added, NULL so far."""
    wanted: dict[str, tuple[Mapping[str, str], str | None]] = {
        **{name: (table.columns, table.key) for name, table in OPS.items()},
        **{name: (columns, None) for name, columns in CONFIG.items()},
    }
    for stream in streams:
        typed = {name: duckdb_type_of(column) for name, column in stream.schema.columns.items()}
        wanted[raw_table(network, stream.name)] = ({**LOAD_COLUMNS, **RECORD}, None)
        wanted[valid_table(network, stream.name)] = ({**typed, **LOAD_COLUMNS}, None)
        wanted[quarantine_table(network, stream.name)] = ({**LOAD_COLUMNS, **QUARANTINE_COLUMNS, **RECORD}, None)
    there: dict[str, set[str]] = {}
    for schema, table, column in warehouse.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal"
    ).fetchall():
        there.setdefault(f"{schema}.{table}", set()).add(column)
    for schema in sorted({name.partition(".")[0] for name in wanted}):
        warehouse.execute(f"create schema if not exists {schema}")
    for name, (columns, key) in wanted.items():
        if name not in there:
            listed = [f'"{column}" {type_}' for column, type_ in columns.items()]
            primary = [f"primary key ({key})"] if key else []
            warehouse.execute(f"create table {name} ({', '.join([*listed, *primary])})")
            continue
        for column, type_ in columns.items():
            if column not in there[name]:
                warehouse.execute(f'alter table {name} add column "{column}" {type_}')


@contextmanager
def transaction(warehouse: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of it, or nothing."""
    warehouse.execute("begin")
    try:
        yield
    except BaseException:
        warehouse.execute("rollback")
        raise
    warehouse.execute("commit")


def put_rows(warehouse: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows by column name, replacing those with the same key if it has one; instants are stored in UTC."""
    if not rows:
        return
    names = ", ".join(rows[0])
    # One frame: every value that is bound by itself costs DuckDB a try to import pandas.
    frame = pl.DataFrame(
        [{name: stored(value) for name, value in row.items()} for row in rows], infer_schema_length=None
    )
    warehouse.register("rows_to_put", frame)
    try:
        verb = "insert or replace into" if table in OPS else "insert into"
        warehouse.execute(f"{verb} {table} ({names}) select {names} from rows_to_put")
    finally:
        warehouse.unregister("rows_to_put")


def stored(value: Any) -> Any:
    """The value as the warehouse keeps it: instants in UTC without saying so."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
