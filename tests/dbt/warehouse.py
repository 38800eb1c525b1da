"""The warehouse as the loader writes it: DDL of every table that dbt reads, and how to fill it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from affiliate_assets.crm.analytics import ANALYTICS
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

CRM_RECORDS = f"""{LOAD_COLUMNS}, record_id VARCHAR, order_id VARCHAR, shop VARCHAR, stage VARCHAR, is_closed BOOLEAN,
        is_won BOOLEAN, is_deleted BOOLEAN, merged_ids VARCHAR, ordered_at TIMESTAMP, updated_at TIMESTAMP,
        currency VARCHAR, amount DECIMAL(18,6), subtotal DECIMAL(18,6), discount DECIMAL(18,6), shipping DECIMAL(18,6),
        tax DECIMAL(18,6), refunded DECIMAL(18,6), refunded_subtotal DECIMAL(18,6), gift_card DECIMAL(18,6),
        item_count BIGINT, voucher_code VARCHAR, customer_hash VARCHAR, customer_type VARCHAR"""

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
        customer_type VARCHAR, gift_card DECIMAL(18,6), item_count BIGINT""",
    "valid_crm.order_items": f"""{LOAD_COLUMNS}, order_id VARCHAR, shop VARCHAR, line_id VARCHAR, updated_at TIMESTAMP,
        sku VARCHAR, category VARCHAR, quantity BIGINT, subtotal DECIMAL(18,6), discount DECIMAL(18,6),
        tax DECIMAL(18,6), refunded_quantity BIGINT, refunded_subtotal DECIMAL(18,6)""",
    "valid_crm.hubspot_deals": CRM_RECORDS,
    "valid_crm.salesforce_opportunities": CRM_RECORDS,
    "valid_crm.touchpoints": f"""{LOAD_COLUMNS}, touch_id VARCHAR, shop VARCHAR, occurred_at TIMESTAMP,
        visitor_hash VARCHAR, customer_hash VARCHAR, utm_source VARCHAR, utm_medium VARCHAR,
        utm_campaign VARCHAR, landing_url VARCHAR, referrer_host VARCHAR""",
    "valid_crm.terms": f"""{LOAD_COLUMNS}, term_id VARCHAR, network VARCHAR, account_id VARCHAR,
        publisher_id VARCHAR, partner_group VARCHAR, valid_from VARCHAR, valid_to VARCHAR, rate DECIMAL(18,6),
        flat_amount DECIMAL(18,6), bonus DECIMAL(18,6), fixed_fee DECIMAL(18,6), currency VARCHAR, base VARCHAR,
        tier_from DECIMAL(18,6), cap_per_order DECIMAL(18,6), cap_per_month DECIMAL(18,6), customer_type VARCHAR,
        voucher_code VARCHAR, voucher_allowed BOOLEAN, click_window_days BIGINT, network_fee_rate DECIMAL(18,6),
        validation_days BIGINT""",
    "valid_crm.decisions": f"""{LOAD_COLUMNS}, decision_id VARCHAR, diff_key VARCHAR, status VARCHAR, owner VARCHAR,
        note VARCHAR, decided_by VARCHAR, decided_at TIMESTAMP""",
    "valid_crm.publisher_contacts": f"""{LOAD_COLUMNS}, contact_id VARCHAR, network VARCHAR, publisher_id VARCHAR,
        contact_hash VARCHAR""",
    "valid_crm.incrementality": f"""{LOAD_COLUMNS}, measurement_id VARCHAR, channel VARCHAR, network VARCHAR,
        account_id VARCHAR, publisher_id VARCHAR, valid_from VARCHAR, valid_to VARCHAR, share DECIMAL(18,6),
        method VARCHAR, note VARCHAR""",
    "config.brand": """name VARCHAR, reporting_currency VARCHAR, time_zone VARCHAR, start_date DATE,
        as_of TIMESTAMP""",
    "config.accounts": "network VARCHAR, account_id VARCHAR, name VARCHAR, currency VARCHAR",
    "config.order_id_prefixes": "prefix VARCHAR",
    "config.matching": """winner VARCHAR, named_within_days INTEGER, inferred_within_minutes INTEGER,
        click_within_seconds INTEGER, least_score DECIMAL(3,2)""",
    "config.order_id_cuts": "cut_at INTEGER",
    "config.network_priority": "network VARCHAR, position INTEGER",
    "config.crm_exports": """stream VARCHAR, shop VARCHAR, currency VARCHAR, amount_is VARCHAR, position INTEGER,
        is_full BOOLEAN""",
    "config.crm_stages": "stream VARCHAR, shop VARCHAR, stage VARCHAR, status VARCHAR",
    "config.voucher_owners": "code VARCHAR, network VARCHAR, publisher_id VARCHAR",
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
    "ops.corrections": """instruction_id VARCHAR, network VARCHAR, account_id VARCHAR, record_id VARCHAR,
        action VARCHAR, ground VARCHAR, network_reason VARCHAR, state VARCHAR, status_before VARCHAR,
        currency VARCHAR, batch_id VARCHAR, reference VARCHAR, message VARCHAR, drafted_at TIMESTAMP,
        released_at TIMESTAMP, sent_at TIMESTAMP, settled_at TIMESTAMP, attempt INTEGER, within_seconds INTEGER,
        sale_amount_before DECIMAL(18,6), amended_amount DECIMAL(18,6)""",
    "ops.sightings": """network VARCHAR, account_id VARCHAR, stream VARCHAR, record_key VARCHAR,
        last_seen_at TIMESTAMP""",
    "ops.standings": """network VARCHAR, held BOOLEAN, reasons VARCHAR, pull_reasons VARCHAR[], run_id VARCHAR,
        as_of TIMESTAMP""",
    "ops.nights": "night_number INTEGER PRIMARY KEY, as_of TIMESTAMP, run_id VARCHAR",
    "ops.difference_nights": """night_number INTEGER, as_of TIMESTAMP, run_id VARCHAR, diff_key VARCHAR,
        event VARCHAR, side VARCHAR, network VARCHAR, account_id VARCHAR, shop VARCHAR, record_id VARCHAR,
        conversion_key VARCHAR, order_key VARCHAR, publisher_id VARCHAR, class VARCHAR, reason VARCHAR,
        occurred_at TIMESTAMP, network_amount DECIMAL(18,6), network_currency VARCHAR, order_amount DECIMAL(18,6),
        order_currency VARCHAR, amount_difference DECIMAL(18,6), commission_at_risk DECIMAL(18,6),
        commission_currency VARCHAR, commission_at_risk_reporting DECIMAL(18,6), reporting_currency VARCHAR,
        became_class VARCHAR, became_reason VARCHAR, PRIMARY KEY (night_number, diff_key)""",
    "ops.decisions": """decision_id VARCHAR PRIMARY KEY, diff_key VARCHAR, status VARCHAR, owner VARCHAR, note VARCHAR,
        decided_by VARCHAR, decided_at TIMESTAMP, recorded_at TIMESTAMP, source VARCHAR, refused_because VARCHAR""",
    "quarantine.awin__transactions": QUARANTINE_COLUMNS,
    "quarantine.awin__publishers": QUARANTINE_COLUMNS,
    "quarantine.cj__commissions": QUARANTINE_COLUMNS,
    "quarantine.crm__orders": QUARANTINE_COLUMNS,
    "quarantine.crm__touchpoints": QUARANTINE_COLUMNS,
    "quarantine.crm__decisions": QUARANTINE_COLUMNS,
    "quarantine.crm__terms": QUARANTINE_COLUMNS,
    "quarantine.crm__publisher_contacts": QUARANTINE_COLUMNS,
    "quarantine.crm__incrementality": QUARANTINE_COLUMNS,
    "quarantine.crm__order_items": QUARANTINE_COLUMNS,
    "quarantine.crm__hubspot_deals": QUARANTINE_COLUMNS,
    "quarantine.crm__salesforce_opportunities": QUARANTINE_COLUMNS,
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
        create_tables(connection, "crm", ANALYTICS)


def insert(path: Path, table: str, *rows: Mapping[str, Any]) -> None:
    """Inserts rows given by column name; a column that is left out is NULL."""
    with duckdb.connect(str(path)) as connection:
        for row in rows:
            places = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))
