"""Every status word of every network is cited, mapped to our vocabulary and proved."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from typing import Any

from tests.dbt.conftest import PROJECT, network_names

# The words of the first two networks, from their API references.
STATUS_WORDS = {
    ("awin", "commission_status", "pending", "pending"),
    ("awin", "commission_status", "approved", "approved"),
    ("awin", "commission_status", "declined", "reversed"),
    ("awin", "commission_status", "deleted", "deleted"),
    ("cj", "action_status", "new", "pending"),
    ("cj", "action_status", "extended", "pending"),
    ("cj", "action_status", "locked", "approved"),
    ("cj", "action_status", "closed", "approved"),
    ("cj", "validation_status", "DECLINED", "reversed"),
    ("cj", "action_type", "bonus", ""),
    ("cj", "action_type", "perf_inc", ""),
    ("cj", "action_type", "item_lead", ""),
    ("cj", "action_type", "sim_lead", ""),
    ("cj", "action_type", "click", ""),
    ("cj", "action_type", "imp", ""),
}

VOCABULARY = {
    "status": {"pending", "approved", "reversed", "deleted"},
    "lock_state": {"open", "locked", "unknown"},
    "payment_state": {"unpaid", "payable", "paid", "unknown"},
    "payment_state_if_paid": {"unpaid", "payable", "paid", "unknown"},
    "row_kind": {"original", "adjustment", "restatement", "bonus", "test"},
}


def words_of(network: str) -> list[dict[str, str]]:
    path = PROJECT / "seeds" / "status_map" / f"status_map__{network}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_status_map_holds_exactly_the_known_words_each_with_its_source() -> None:
    rows = [row for network in ("awin", "cj") for row in words_of(network)]
    assert {(row["network"], row["raw_field"], row["raw_word"], row["status"]) for row in rows} == STATUS_WORDS
    assert len(rows) == len(STATUS_WORDS)
    assert all(row["source"] for row in rows)


def test_every_mapped_word_is_proved_by_a_unit_test(manifest: dict[str, Any]) -> None:
    for network in network_names():
        given = {
            (field, str(word).lower())
            for test in manifest["unit_tests"].values()
            if test["model"] == f"stg_{network}__conversions"
            for mocked in test["given"]
            for row in (mocked["rows"] or [])
            for field, word in row.items()
        }
        words = {(row["raw_field"], row["raw_word"].lower()) for row in words_of(network)}
        assert words - given == set(), network


def test_every_word_is_cited_and_maps_to_our_vocabulary() -> None:
    words = [(name, row) for name in network_names() for row in words_of(name)]
    for network, row in words:
        assert row["network"] == network, row
        assert row["source"].strip(), row
        assert row["source_url"].startswith("https://"), row
        assert date.fromisoformat(row["source_date"]) <= datetime.now(UTC).date(), row
        for column, vocabulary in VOCABULARY.items():
            assert row[column] in vocabulary | {""}, (row, column)
