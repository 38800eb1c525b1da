"""The brand's list of terms: versions by the night of their export, and rows that contradict themselves held back."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from affiliate_assets.crm.streams import CRM
from affiliate_assets.crm.terms import TERMS
from affiliate_assets.landing.night import run_files
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.settings import Settings, load_settings
from tests.unit.support import configured

FIRST = datetime(2026, 3, 1, 3, tzinfo=UTC)
SECOND = datetime(2026, 3, 2, 3, tzinfo=UTC)
THIRD = datetime(2026, 3, 3, 3, tzinfo=UTC)
PLAIN = {"network": "awin", "valid_from": "2026-01-01", "rate": "0.08", "base": "net_goods"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return load_settings(configured(tmp_path, monkeypatch, terms="terms_*.csv"))


def drop(settings: Settings, name: str, at: datetime, *rows: dict[str, str]) -> None:
    """Writes an export with just the columns that its rows have."""
    path = settings.data.parent / name
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    os.utime(path, (at.timestamp(), at.timestamp()))


def load(settings: Settings, at: datetime) -> tuple[int, int]:
    """How many rows were accepted and rejected."""
    verdict = run_files(settings, CRM, run_id=f"r-{at:%d}", as_of=at).loads["terms"].verdict
    return verdict.accepted, verdict.rejected


def test_each_change_of_a_term_is_a_version_more_and_a_row_that_is_missing_stays(settings: Settings) -> None:
    drop(settings, "terms_1.csv", FIRST, {"term_id": "a"} | PLAIN, {"term_id": "b"} | PLAIN)
    assert load(settings, FIRST) == (2, 0)
    drop(settings, "terms_2.csv", SECOND, {"term_id": "a"} | PLAIN | {"rate": "0.10"}, {"term_id": "b"} | PLAIN)
    load(settings, SECOND)
    drop(settings, "terms_3.csv", THIRD, {"term_id": "a"} | PLAIN)
    load(settings, THIRD)
    with connection(settings.warehouse) as opened:
        rows = opened.execute(
            "select term_id, rate, _observed_at::varchar from valid_crm.terms order by term_id, _observed_at"
        ).fetchall()
    assert rows == [
        ("a", Decimal("0.08"), "2026-03-01 03:00:00"),
        ("a", Decimal("0.10"), "2026-03-02 03:00:00"),
        ("a", Decimal("0.08"), "2026-03-03 03:00:00"),
        ("b", Decimal("0.08"), "2026-03-01 03:00:00"),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"flat_amount": "2.50", "currency": "EUR", "rate": "", "base": ""},
        {"publisher_id": "71", "partner_group": "content", "rate": "", "base": "", "valid_to": "2026-02-01"},
        {"voucher_allowed": "false", "voucher_code": "SAVE", "rate": "", "base": ""},
        {"validation_days": "30", "rate": "", "base": ""},
        {"bonus": "25", "currency": "EUR", "rate": "", "base": ""},
        {"cap_per_order": "5", "cap_per_month": "5", "currency": "EUR", "tier_from": "1000"},
        {"valid_from": "2028-02-29"},
    ],
)
def test_a_term_may_say_one_thing_alone(settings: Settings, row: dict[str, str]) -> None:
    drop(settings, "terms_1.csv", FIRST, {"term_id": "a"} | PLAIN | row)
    assert load(settings, FIRST) == (1, 0)


@pytest.mark.parametrize(
    ("row", "check"),
    [
        ({"rate": "", "base": ""}, "term_id: says neither what is owed nor until when"),
        ({"publisher_id": "71", "partner_group": "content"}, "publisher_id: a publisher beside its group"),
        ({"valid_from": "2026-02-30"}, "valid_from: a day of the calendar"),
        ({"valid_from": "01.02.2026"}, "valid_from: str_matches"),
        ({"valid_to": "2026-01-01"}, "valid_to: after valid_from"),
        ({"base": ""}, "rate: a rate needs a base"),
        ({"base": "margin"}, "base: isin"),
        ({"rate": "8"}, "rate: less_than_or_equal_to(1)"),
        ({"rate": "", "flat_amount": "1", "currency": "EUR"}, "base: a base needs a rate"),
        ({"cap_per_order": "5"}, "currency: an amount needs a currency"),
        ({"cap_per_order": "5", "cap_per_month": "4", "currency": "EUR"}, "cap_per_month: a month is not less"),
        ({"customer_type": "loyal"}, "customer_type: isin"),
        ({"network_fee_rate": "30"}, "network_fee_rate: less_than_or_equal_to(1)"),
        ({"click_window_days": "-1"}, "click_window_days: greater_than_or_equal_to(0)"),
    ],
)
def test_a_row_that_contradicts_itself_is_held_back_with_its_reason(
    settings: Settings, row: dict[str, str], check: str
) -> None:
    drop(settings, "terms_1.csv", FIRST, {"term_id": "good"} | PLAIN, {"term_id": "bad"} | PLAIN | row)
    assert load(settings, FIRST) == (1, 1)
    with connection(settings.warehouse) as opened:
        ((key, checks),) = opened.execute("select _key, failed_checks from quarantine.crm__terms").fetchall()
    assert key == "bad"
    assert check in checks


def test_only_three_columns_are_needed(settings: Settings) -> None:
    assert set(TERMS.columns) - TERMS.optional == {"term_id", "network", "valid_from"}
