"""What the models read of `affiliate.toml` and of the networks' declarations: the schema `config`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import duckdb

from affiliate_assets.connectors.source import Network
from affiliate_assets.errors import ConfigError
from affiliate_assets.export_settings import SYSTEMS, ExportSettings
from affiliate_assets.landing.tables import create_tables, put_rows, transaction
from affiliate_assets.settings import Matching, Settings


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
        for table in ("config.brand", "config.accounts", *_MATCHING, *_SYSTEMS):
            warehouse.execute(f"delete from {table}")
        put_rows(warehouse, "config.brand", [{**brand.model_dump(), "as_of": as_of}])
        for table, rows in {**_matching(settings.matching), **_systems(settings.exports)}.items():
            put_rows(warehouse, table, rows)
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


_MATCHING = (
    "config.order_id_prefixes",
    "config.order_id_cuts",
    "config.matching",
    "config.network_priority",
    "config.voucher_owners",
)
_THRESHOLDS = {"winner", "named_within_days", "inferred_within_minutes", "click_within_seconds", "least_score"}


def _matching(matching: Matching) -> dict[str, list[dict[str, Any]]]:
    rows: tuple[list[dict[str, Any]], ...] = (
        [{"prefix": prefix} for prefix in matching.order_id_prefixes],
        [{"cut_at": characters} for characters in matching.order_id_cut_at],
        [matching.model_dump(include=_THRESHOLDS)],
        [{"network": network, "position": place} for place, network in enumerate(matching.network_priority, start=1)],
        [owner.model_dump() for owner in matching.voucher_owners],
    )
    return dict(zip(_MATCHING, rows, strict=True))


_SYSTEMS = ("config.crm_exports", "config.crm_stages")


def _systems(exports: Iterable[ExportSettings]) -> dict[str, list[dict[str, Any]]]:
    """What the models need of the CRM systems; `position` is their order in `affiliate.toml`."""
    systems = [export for export in exports if export.stream in SYSTEMS]
    rows: tuple[list[dict[str, Any]], ...] = (
        [
            {**export.model_dump(include={"stream", "shop", "currency", "amount_is", "is_full"}), "position": place}
            for place, export in enumerate(systems, start=1)
        ],
        [
            {"stream": export.stream, "shop": export.shop, "stage": word.strip().lower(), "status": status}
            for export in systems
            for status, words in export.stages.items()
            for word in words
        ],
    )
    return dict(zip(_SYSTEMS, rows, strict=True))


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
