"""The warehouse as the loader writes it: DDL of every table that dbt reads, and how to fill it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from affiliate_assets.landing.tables import create_tables
from affiliate_assets.networks import all_connectors

LOAD_COLUMNS = (
    "_account_id VARCHAR, _key VARCHAR, _row_hash VARCHAR, _observed_at TIMESTAMP, _fetched_at TIMESTAMP, "
    "_page_id VARCHAR, _load_id VARCHAR, _run_id VARCHAR"
)

QUARANTINE_COLUMNS = (
    f"{LOAD_COLUMNS}, failed_checks VARCHAR, disposition VARCHAR, next_step VARCHAR, "
    "first_seen_at TIMESTAMP, last_seen_at TIMESTAMP, last_fetched_at TIMESTAMP, "
    "released_at TIMESTAMP, record JSON"
)

TABLES: dict[str, str] = {
    "valid_awin.transactions": f"""{LOAD_COLUMNS}, id BIGINT, advertiser_id BIGINT, publisher_id BIGINT,
        site_name VARCHAR, publisher_url VARCHAR, url VARCHAR, campaign VARCHAR, commission_status VARCHAR,
        type VARCHAR, order_ref VARCHAR, click_ref VARCHAR, click_date TIMESTAMP, transaction_date TIMESTAMP,
        validation_date TIMESTAMP, sale_amount DECIMAL(18,6), sale_currency VARCHAR,
        commission_amount DECIMAL(18,6), commission_currency VARCHAR, network_fee_amount DECIMAL(18,6),
        network_fee_currency VARCHAR, advertiser_cost_amount DECIMAL(18,6), advertiser_cost_currency VARCHAR,
        amended BOOLEAN, amend_reason VARCHAR, old_sale_amount DECIMAL(18,6),
        old_commission_amount DECIMAL(18,6), decline_reason VARCHAR, tracked_amount DECIMAL(18,6),
        tracked_currency VARCHAR, customer_acquisition VARCHAR, customer_country VARCHAR,
        voucher_code_used BOOLEAN, voucher_code VARCHAR, lapse_time BIGINT, paid_to_publisher BOOLEAN,
        payment_id BIGINT, transaction_query_id BIGINT""",
    "valid_awin.publishers": f"""{LOAD_COLUMNS}, id BIGINT, name VARCHAR, primary_region VARCHAR,
        primary_type VARCHAR""",
    "valid_cj.commissions": f"""{LOAD_COLUMNS}, commission_id VARCHAR, original_action_id VARCHAR,
        original BOOLEAN, correction_reason VARCHAR, order_id VARCHAR, publisher_id VARCHAR,
        publisher_name VARCHAR, website_id VARCHAR, website_name VARCHAR, advertiser_id VARCHAR,
        advertiser_name VARCHAR, action_tracker_id VARCHAR, action_tracker_name VARCHAR, action_type VARCHAR,
        aid VARCHAR, click_date TIMESTAMP, click_referring_url VARCHAR, event_date TIMESTAMP,
        posting_date TIMESTAMP, locking_date TIMESTAMP, action_status VARCHAR, validation_status VARCHAR,
        locking_method VARCHAR, reviewed_status VARCHAR, sale_amount_adv_currency DECIMAL(18,6),
        sale_amount_pub_currency DECIMAL(18,6), sale_amount_usd DECIMAL(18,6),
        pub_commission_amount_pub_currency DECIMAL(18,6), pub_commission_amount_usd DECIMAL(18,6),
        adv_commission_amount_adv_currency DECIMAL(18,6), adv_commission_amount_usd DECIMAL(18,6),
        cj_fee_adv_currency DECIMAL(18,6), cj_fee_usd DECIMAL(18,6),
        order_discount_adv_currency DECIMAL(18,6), coupon VARCHAR, new_to_file BOOLEAN, country VARCHAR,
        is_cross_device BOOLEAN""",
    "valid_crm.orders": f"""{LOAD_COLUMNS}, order_id VARCHAR, shop VARCHAR, ordered_at TIMESTAMP,
        updated_at TIMESTAMP, status VARCHAR, currency VARCHAR, subtotal DECIMAL(18,6),
        discount DECIMAL(18,6), shipping DECIMAL(18,6), tax DECIMAL(18,6), total DECIMAL(18,6),
        refunded DECIMAL(18,6), refunded_subtotal DECIMAL(18,6), voucher_code VARCHAR, customer_hash VARCHAR,
        customer_type VARCHAR""",
    "valid_crm.touchpoints": f"""{LOAD_COLUMNS}, touch_id VARCHAR, shop VARCHAR, occurred_at TIMESTAMP,
        visitor_hash VARCHAR, customer_hash VARCHAR, utm_source VARCHAR, utm_medium VARCHAR,
        utm_campaign VARCHAR, landing_url VARCHAR, referrer_host VARCHAR""",
    "config.brand": """name VARCHAR, reporting_currency VARCHAR, time_zone VARCHAR, start_date DATE,
        as_of TIMESTAMP""",
    "config.accounts": "network VARCHAR, account_id VARCHAR, name VARCHAR, currency VARCHAR",
    "config.order_id_prefixes": "prefix VARCHAR",
    "config.networks": """network VARCHAR, name VARCHAR, currency_source VARCHAR, correction_style VARCHAR,
        lock_rule VARCHAR, tells_payment BOOLEAN, tells_status BOOLEAN""",
    "ops.windows": """window_id VARCHAR, network VARCHAR, account_id VARCHAR, stream VARCHAR, clock VARCHAR,
        window_start TIMESTAMP, window_end TIMESTAMP, keys INTEGER, reason VARCHAR, status VARCHAR,
        requests INTEGER, retries INTEGER, waited_seconds DECIMAL(18,3), pages INTEGER, records INTEGER,
        message VARCHAR, run_id VARCHAR, as_of TIMESTAMP, started_at TIMESTAMP, finished_at TIMESTAMP,
        proof VARCHAR, expected_records INTEGER, accepted INTEGER, quarantined INTEGER, resume_at TIMESTAMP,
        made_good_at TIMESTAMP""",
    "ops.pages": """page_id VARCHAR, window_id VARCHAR, network VARCHAR, account_id VARCHAR, stream VARCHAR,
        page INTEGER, sha256 VARCHAR, records INTEGER, bytes BIGINT, fetched_at TIMESTAMP,
        observed_at TIMESTAMP, time_zone VARCHAR, path VARCHAR, load_id VARCHAR, loaded_at TIMESTAMP,
        call_id VARCHAR, run_id VARCHAR, accepted INTEGER, quarantined INTEGER""",
    "ops.api_calls": """call_id VARCHAR, correlation_id VARCHAR, run_id VARCHAR, network VARCHAR, account_id VARCHAR,
        stream VARCHAR, window_id VARCHAR, page INTEGER, purpose VARCHAR, method VARCHAR, path VARCHAR,
        attempt INTEGER, status INTEGER, bytes BIGINT, duration_ms INTEGER, waited_ms INTEGER, headroom INTEGER,
        outcome VARCHAR, priority VARCHAR, started_at TIMESTAMP, as_of TIMESTAMP""",
    "ops.dead_letters": """letter_id VARCHAR, network VARCHAR, account_id VARCHAR, stream VARCHAR,
        window_id VARCHAR, page INTEGER, reason VARCHAR, message VARCHAR, request VARCHAR, status INTEGER,
        content_type VARCHAR, bytes BIGINT, sha256 VARCHAR, masked_sample VARCHAR, times INTEGER,
        first_seen_at TIMESTAMP, last_seen_at TIMESTAMP, resolved_at TIMESTAMP""",
    "ops.circuits": """network VARCHAR, account_id VARCHAR, operation VARCHAR, state VARCHAR, failures INTEGER,
        reason VARCHAR, opened_at TIMESTAMP, retry_at TIMESTAMP, as_of TIMESTAMP""",
    "ops.drift": """network VARCHAR, stream VARCHAR, field VARCHAR, kind VARCHAR, detail VARCHAR, records BIGINT,
        masked_sample VARCHAR, first_seen_at TIMESTAMP, first_page_id VARCHAR, last_seen_at TIMESTAMP,
        resolved_at TIMESTAMP""",
    "ops.control_totals": """network VARCHAR, account_id VARCHAR, stream VARCHAR, span_start TIMESTAMP,
        span_end TIMESTAMP, expected_records BIGINT, found_records BIGINT, expected_amount DECIMAL(18,6),
        found_amount DECIMAL(18,6), agrees BOOLEAN, call_id VARCHAR, asked_at TIMESTAMP,
        as_of TIMESTAMP""",
    "ops.standings": """network VARCHAR, held BOOLEAN, reasons VARCHAR, pull_reasons VARCHAR[], run_id VARCHAR,
        as_of TIMESTAMP""",
    "quarantine.awin__transactions": QUARANTINE_COLUMNS,
    "quarantine.awin__publishers": QUARANTINE_COLUMNS,
    "quarantine.cj__commissions": QUARANTINE_COLUMNS,
    "quarantine.crm__orders": QUARANTINE_COLUMNS,
    "quarantine.crm__touchpoints": QUARANTINE_COLUMNS,
}


def create_warehouse(path: Path) -> None:
    """Creates a DuckDB file with every table that dbt reads, all of them empty.

    The tables above are written by hand; those of further networks are made as the loader makes them.
    """
    with duckdb.connect(str(path)) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.split('.')[0]}")
            connection.execute(f"CREATE TABLE {table} ({columns})")
        for slug, connector in all_connectors().items():
            if not any(table.startswith(f"valid_{slug}.") for table in TABLES):
                create_tables(connection, slug, connector.streams)


def insert(path: Path, table: str, *rows: Mapping[str, Any]) -> None:
    """Inserts rows given by column name; a column that is left out is NULL."""
    with duckdb.connect(str(path)) as connection:
        for row in rows:
            places = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))
