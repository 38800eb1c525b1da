"""What exists in the warehouse before dbt: schemas and tables made from the declarations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import duckdb

from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import duckdb_type_of
from affiliate_assets.errors import ConfigError
from affiliate_assets.settings import Settings

LOAD_COLUMNS = {
    "_account_id": "VARCHAR",
    "_key": "VARCHAR",
    "_row_hash": "VARCHAR",
    "_observed_at": "TIMESTAMP",
    "_page_id": "VARCHAR",
    "_load_id": "VARCHAR",
    "_run_id": "VARCHAR",
}

_OPS = {
    "ops.windows": """window_id VARCHAR PRIMARY KEY, network VARCHAR, account_id VARCHAR, stream VARCHAR, clock VARCHAR,
        window_start TIMESTAMP, window_end TIMESTAMP, keys INTEGER, reason VARCHAR, status VARCHAR, requests INTEGER,
        retries INTEGER, waited_seconds DECIMAL(18,3), pages INTEGER, records INTEGER, message VARCHAR, run_id VARCHAR,
        as_of TIMESTAMP, started_at TIMESTAMP, finished_at TIMESTAMP""",
    "ops.pages": """page_id VARCHAR PRIMARY KEY, window_id VARCHAR, network VARCHAR, account_id VARCHAR, stream VARCHAR,
        page INTEGER, sha256 VARCHAR, records INTEGER, bytes BIGINT, fetched_at TIMESTAMP, observed_at TIMESTAMP,
        time_zone VARCHAR, path VARCHAR, load_id VARCHAR, loaded_at TIMESTAMP""",
    "ops.unknown_fields": """network VARCHAR, stream VARCHAR, field VARCHAR, first_seen_at TIMESTAMP, page_id VARCHAR,
        PRIMARY KEY (network, stream, field)""",
    "config.brand": """name VARCHAR, reporting_currency VARCHAR, time_zone VARCHAR, start_date DATE, as_of TIMESTAMP""",
    "config.order_id_prefixes": "prefix VARCHAR",
    "config.accounts": """network VARCHAR, account_id VARCHAR, name VARCHAR, currency VARCHAR""",
}


def raw_table(network: str, stream: str) -> str:
    return f"raw_{network}.{stream}"


def valid_table(network: str, stream: str) -> str:
    return f"valid_{network}.{stream}"


def quarantine_table(network: str, stream: str) -> str:
    return f"quarantine.{network}__{stream}"


def create_tables(warehouse: duckdb.DuckDBPyConnection, network: str, streams: Iterable[Stream]) -> None:
    """Make the tables of one network that do not exist yet; a new column of a schema is added, NULL so far."""
    load_columns = ", ".join(f"{name} {type_}" for name, type_ in LOAD_COLUMNS.items())
    for schema in (f"raw_{network}", f"valid_{network}", "quarantine", "ops", "config"):
        warehouse.execute(f"create schema if not exists {schema}")
    for table, columns in _OPS.items():
        warehouse.execute(f"create table if not exists {table} ({columns})")
    for stream in streams:
        typed = {name: duckdb_type_of(column) for name, column in stream.schema.columns.items()}
        valid = valid_table(network, stream.name)
        warehouse.execute(
            f"create table if not exists {raw_table(network, stream.name)}"
            f" ({load_columns}, record JSON using compression zstd)"
        )
        columns = ", ".join(f'"{name}" {type_}' for name, type_ in typed.items())
        warehouse.execute(f"create table if not exists {valid} ({columns}, {load_columns})")
        for name, type_ in typed.items():
            warehouse.execute(f'alter table {valid} add column if not exists "{name}" {type_}')
        warehouse.execute(
            f"create table if not exists {quarantine_table(network, stream.name)} ({load_columns},"
            " failed_checks VARCHAR, disposition VARCHAR, next_step VARCHAR, first_seen_at TIMESTAMP,"
            " last_seen_at TIMESTAMP, released_at TIMESTAMP, record JSON using compression zstd)"
        )


def store_configuration(warehouse: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Put what the models need from `affiliate.toml` beside the data, so that dbt alone reads the same.

    Raises:
        ConfigError: The warehouse belongs to another brand.
    """
    brand = settings.brand
    stored = warehouse.execute("select name from config.brand").fetchone()
    if stored is not None and stored[0] != brand.name:
        raise ConfigError(
            f"The warehouse {settings.warehouse} holds the data of {stored[0]!r}, not of {brand.name!r}.",
            next_step="point [paths] data at an empty folder, or remove the old data folder first.",
        )
    warehouse.execute("begin")
    warehouse.execute("delete from config.brand")
    warehouse.execute(
        "insert into config.brand values (?, ?, ?, ?, ?)",
        [brand.name, brand.reporting_currency, brand.time_zone, brand.start_date, as_of.replace(tzinfo=None)],
    )
    warehouse.execute("delete from config.order_id_prefixes")
    for prefix in settings.matching.order_id_prefixes:
        warehouse.execute("insert into config.order_id_prefixes values (?)", [prefix])
    warehouse.execute("delete from config.accounts")
    for account in settings.accounts:
        warehouse.execute(
            "insert into config.accounts values (?, ?, ?, ?)",
            [account.network, account.account_id, account.name or account.account_id, account.currency],
        )
    warehouse.execute("commit")
