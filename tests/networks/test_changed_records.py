"""A record of the samples, changed: what is broken is quarantined by name, what is well is exact to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from affiliate_assets.connectors.schema import path_of
from tests.networks.cases import per_any_stream, per_stream
from tests.networks.mutants import EDGES, UNKNOWN_WORD, Judged


def failed(judged: Judged, change: str) -> set[str]:
    """The columns that the change made fail; the change must have kept the record out."""
    outcome = judged.outcomes[change]
    assert outcome.valid == []
    assert outcome.disposition == "rejected"
    return {check.partition(":")[0] for check in outcome.failed.split("; ")}


@per_any_stream
def test_the_record_itself_is_valid(slug: str, name: str, judged: Judged) -> None:
    outcome = judged.outcomes["as sent"]
    assert len(outcome.valid) == 1
    assert outcome.failed == ""


@per_any_stream
@pytest.mark.parametrize("how", ["without", "null", "object"])
def test_a_record_without_its_key_is_quarantined(slug: str, name: str, how: str, judged: Judged) -> None:
    for part in judged.stream.key:
        assert failed(judged, f"{how} {part}") & {"_key", *judged.keys()}


@per_any_stream
@pytest.mark.parametrize("how", ["missing", "null"])
def test_a_record_without_what_is_required_is_quarantined_by_name(
    slug: str, name: str, how: str, judged: Judged
) -> None:
    if judged.required():
        assert set(judged.required()) <= failed(judged, f"required {how}")


@per_any_stream
def test_values_of_another_type_are_quarantined_by_name(slug: str, name: str, judged: Judged) -> None:
    retyped = set(judged.columns("DECIMAL(18,6)", "BIGINT", "TIMESTAMP", "BOOLEAN"))
    if retyped:
        # A key of another type is judged as a missing key.
        assert retyped - set(judged.keys()) <= failed(judged, "retyped")


@per_any_stream
def test_money_of_another_shape_is_quarantined(slug: str, name: str, judged: Judged) -> None:
    money = set(judged.columns("DECIMAL(18,6)"))
    if money:
        assert money <= failed(judged, "object for money")


@per_any_stream
def test_an_unknown_word_is_kept_and_flagged(slug: str, name: str, judged: Judged) -> None:
    outcome = judged.outcomes["unknown word"]
    (row,) = outcome.valid
    for column in judged.words():
        assert row[column] == UNKNOWN_WORD
        assert f"{column}: unknown word {UNKNOWN_WORD!r}" in outcome.failed
        assert column in {found["field"] for found in judged.drift if found["kind"] == "unknown_word"}
    assert outcome.disposition == ("flagged" if judged.words() else None)


@per_stream
def test_a_record_with_an_unknown_field_is_valid_without_it(slug: str, name: str, judged: Judged) -> None:
    (row,) = judged.outcomes["unknown field"].valid
    (as_sent,) = judged.outcomes["as sent"].valid
    assert row["_row_hash"] == as_sent["_row_hash"]


@per_any_stream
@pytest.mark.parametrize("amount", ["digits", "yen", "dinar", "negative"])
def test_money_is_exact_to_the_last_digit(slug: str, name: str, amount: str, judged: Judged) -> None:
    expected = judged.expected[amount]
    if not expected:
        return
    outcome = judged.outcomes[amount]
    if amount == "negative" and not outcome.valid:
        # A column may refuse negative amounts, by name.
        assert {check.partition(":")[0] for check in outcome.failed.split("; ")} <= set(expected)
        return
    (row,) = outcome.valid
    assert {column: row[column] for column in expected} == expected
    assert all(isinstance(row[column], Decimal) for column in expected)


@per_any_stream
@pytest.mark.parametrize(("zone", "asked", "read"), EDGES, ids=[f"{zone}-{asked}" for zone, asked, _ in EDGES])
def test_times_land_in_utc(slug: str, name: str, zone: str, asked: str, read: str | None, judged: Judged) -> None:
    expected = judged.expected[f"{zone} {asked}"]
    if expected:
        outcome = judged.outcomes[f"{zone} {asked}".replace("/", "_")]
        assert outcome.failed == ""
        (row,) = outcome.valid
        assert {column: row[column] for column in expected} == expected


@per_any_stream
def test_every_changed_record_is_accepted_or_quarantined(slug: str, name: str, judged: Judged) -> None:
    for change, outcome in judged.outcomes.items():
        assert bool(outcome.valid) != (outcome.disposition == "rejected"), change


@per_any_stream
def test_the_full_record_fills_every_column(slug: str, name: str, judged: Judged) -> None:
    (row,) = judged.outcomes["as sent"].valid
    assert [column for column in judged.stream.schema.columns if row[column] is None] == []
    assert all(path_of(column) for column in judged.stream.schema.columns.values())
