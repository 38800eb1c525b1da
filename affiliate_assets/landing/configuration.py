"""What the models read of `affiliate.toml` and of the networks' declarations: the schema `config`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import duckdb

from affiliate_assets.connectors.source import Network
from affiliate_assets.errors import ConfigError
from affiliate_assets.landing.tables import create_tables, put_rows, transaction
from affiliate_assets.settings import Settings


def store_configuration(warehouse: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> None:
    """Put what the models need from `affiliate.toml` beside the data, so that dbt alone reads the same.

    Raises:
        ConfigError: The warehouse belongs to another brand.
    """
    brand = settings.brand
    found = warehouse.execute("select name from config.brand").fetchone()
    if found is not None and found[0] != brand.name:
        raise ConfigError(
            f"The warehouse {settings.warehouse} holds the data of {found[0]!r}, not of {brand.name!r}.",
            next_step="point [paths] data at an empty folder, or remove the old data folder first.",
        )
    with transaction(warehouse):
        for table in ("config.brand", "config.order_id_prefixes", "config.accounts"):
            warehouse.execute(f"delete from {table}")
        put_rows(warehouse, "config.brand", [{**brand.model_dump(), "as_of": as_of}])
        prefixes = [{"prefix": prefix} for prefix in settings.matching.order_id_prefixes]
        put_rows(warehouse, "config.order_id_prefixes", prefixes)
        accounts = [
            {
                "network": account.network,
                "account_id": account.account_id,
                "name": account.name or account.account_id,
                "currency": account.currency,
            }
            for account in settings.accounts
        ]
        put_rows(warehouse, "config.accounts", accounts)


def store_networks(warehouse: duckdb.DuckDBPyConnection, connectors: Iterable[Network]) -> None:
    """Make the tables of all networks, pulled or not, and put beside them what the networks declare."""
    declared = []
    for connector in connectors:
        create_tables(warehouse, connector.slug, connector.streams)
        declared.append(_declared(connector))
    with transaction(warehouse):
        warehouse.execute("delete from config.networks")
        put_rows(warehouse, "config.networks", declared)


def _declared(connector: Network) -> dict[str, Any]:
    return {
        "network": connector.slug,
        "name": connector.title,
        "currency_source": "configuration" if connector.needs_currency else "row",
        "correction_style": connector.correction,
        "lock_rule": connector.lock_rule,
        "tells_payment": connector.tells_payment,
        "tells_status": connector.tells_status,
    }
