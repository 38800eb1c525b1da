"""What the records show that their declaration does not expect: seen, kept without a value, and closed again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandera.polars as pa
import pytest
import zstandard

from affiliate_assets.connectors.schema import money
from affiliate_assets.landing.drift import SAMPLE, note
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection

from .acme import DAY, MORNING, STREAM, TOKEN, AcmeBrand, acme_brand, sale
from .support import stored

PHONE = "+44 20 7946 0958"
NIGHTS = [MORNING + n * DAY for n in range(4)]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AcmeBrand]:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, STREAM) as brand:
        yield brand


def night(acme: AcmeBrand, at: datetime, records: list[dict[str, Any]]) -> tuple[str, ...]:
    """One night in which the network has new records of that day beside those it had."""
    acme.network.records += records
    return acme.pull(at).problems


def sales(at: datetime, count: int = 5, **changes: object) -> list[dict[str, Any]]:
    """Sales of the hours before a night."""
    return [
        sale(at.day * 1000 + n, **({"soldAt": f"{at:%Y-%m-%d}T00:{n % 60:02d}:00"} | changes)) for n in range(count)
    ]


def drift(acme: AcmeBrand, *columns: str) -> list[tuple[Any, ...]]:
    listed = ", ".join(columns or ("field", "kind", "detail", "records", "resolved_at is null"))
    return acme.query(f"select {listed} from ops.drift order by field, kind, detail")


def seen(at: datetime) -> datetime:
    return stored(at.year, at.month, at.day, at.hour)


def everything_kept(acme: AcmeBrand) -> bytes:
    """All that landing and warehouse hold, decompressed where it is compressed."""
    landed = b"".join(
        zstandard.decompress(file.read_bytes()) if file.suffix == ".zst" else file.read_bytes()
        for file in sorted(acme.settings.landing.rglob("*"))
        if file.is_file()
    )
    tables = acme.query("select schema_name || '.' || table_name from duckdb_tables()")
    rows = "".join(str(acme.query(f"select * from {table}")) for (table,) in tables)
    return landed + rows.encode()


def test_an_unknown_field_is_kept_by_name_with_its_first_sight_and_masked_and_by_no_value(acme: AcmeBrand) -> None:
    assert night(acme, NIGHTS[0], sales(NIGHTS[0], buyerPhone=PHONE)) == ()
    assert drift(acme) == [("buyerPhone", "unknown_field", "", 5, True)]
    ((sample, first, last, page),) = drift(acme, "masked_sample", "first_seen_at", "last_seen_at", "first_page_id")
    assert sample.strip('"') == "+99 99 9999 9999"
    assert (first, last) == (seen(NIGHTS[0]), seen(NIGHTS[0]))
    assert acme.query(f"select count(*) from ops.pages where page_id = '{page}' and records = 5") == [(1,)]
    kept = everything_kept(acme)
    assert b"buyerPhone" in kept
    assert PHONE.encode() not in kept
    assert b"7946" not in kept


def test_an_unknown_field_stays_open_while_it_comes_and_closes_when_it_no_longer_does(acme: AcmeBrand) -> None:
    night(acme, NIGHTS[0], sales(NIGHTS[0], colour="red"))
    night(acme, NIGHTS[1], sales(NIGHTS[1], colour="blue"))
    assert drift(acme) == [("colour", "unknown_field", "", 10, True)]
    assert drift(acme, "masked_sample", "first_seen_at", "last_seen_at") == [
        ('"xxx"', seen(NIGHTS[0]), seen(NIGHTS[1])),
    ]
    # A night without any record proves nothing.
    night(acme, NIGHTS[2], [])
    assert drift(acme, "resolved_at") == [(None,)]
    night(acme, NIGHTS[3], sales(NIGHTS[3]))
    assert drift(acme, "records", "first_seen_at", "resolved_at") == [(10, seen(NIGHTS[0]), seen(NIGHTS[3]))]
    night(acme, MORNING + 4 * DAY, sales(MORNING + 4 * DAY, colour="red"))
    assert drift(acme, "records", "first_seen_at", "resolved_at") == [(15, seen(NIGHTS[0]), None)]


def test_unknown_fields_of_two_pages_are_counted_by_the_records_that_carry_them(acme: AcmeBrand) -> None:
    acme.network.records = [sale(1, "2026-02-12", colour="red"), sale(2, "2026-02-12"), sale(3, "2026-02-22", size=3)]
    acme.pull()
    assert drift(acme) == [
        ("colour", "unknown_field", "", 1, True),
        ("size", "unknown_field", "", 1, True),
    ]


def test_an_unknown_word_is_told_with_its_count_and_closes_when_the_record_has_a_known_one(acme: AcmeBrand) -> None:
    problems = night(acme, NIGHTS[0], sales(NIGHTS[0], 2, state="frozen") + sales(NIGHTS[0], 1, id=7))
    assert drift(acme, "field", "kind", "records", "resolved_at") == [("state", "unknown_word", 2, None)]
    ((detail, first),) = drift(acme, "detail", "first_seen_at")
    assert "frozen" in detail
    assert first == seen(NIGHTS[0])
    assert any("frozen" in problem for problem in problems)
    night(acme, NIGHTS[1], [])
    assert drift(acme, "resolved_at") == [(None,)]
    for record in acme.network.records:
        record["state"] = "done"
    # The window that brought them is read again because they are in doubt.
    assert night(acme, NIGHTS[2], []) == ()
    assert drift(acme, "records", "first_seen_at", "resolved_at") == [(2, seen(NIGHTS[0]), seen(NIGHTS[2]))]


def test_one_unknown_word_closes_although_another_one_lasts(acme: AcmeBrand) -> None:
    first, second = sales(NIGHTS[0], 2)
    first["state"], second["state"] = "frozen", "odd"
    night(acme, NIGHTS[0], [first, second])
    first["state"] = "done"
    night(acme, NIGHTS[1], [])
    assert [(detail.strip("'"), is_open) for detail, is_open in drift(acme, "detail", "resolved_at is null")] == [
        ("frozen", False),
        ("odd", True),
    ]


def test_a_field_inside_another_one_that_is_in_no_record_any_more_is_told_by_its_path(acme: AcmeBrand) -> None:
    assert night(acme, NIGHTS[0], sales(NIGHTS[0], 30)) == ()
    problems = night(acme, NIGHTS[1], sales(NIGHTS[1], 20, price={"sum": 10.5, "currency": "EUR"}))
    assert ("price.amount", "vanished", "in no record", 20, True) in drift(acme)
    assert any("field price.amount" in problem for problem in problems)


def test_a_field_that_was_always_there_and_is_in_no_record_any_more_fails_by_its_name(acme: AcmeBrand) -> None:
    assert night(acme, NIGHTS[0], sales(NIGHTS[0], 30, note="x")) == ()
    problems = night(acme, NIGHTS[1], sales(NIGHTS[1], 20, note="absent"))
    assert len(problems) == 1
    assert "field note" in problems[0]
    assert "sales" in problems[0]
    assert drift(acme) == [("note", "vanished", "in no record", 20, True)]
    night(acme, NIGHTS[2], sales(NIGHTS[2], 20, note="absent"))
    assert drift(acme, "records", "first_seen_at", "last_seen_at", "resolved_at") == [
        (40, seen(NIGHTS[1]), seen(NIGHTS[2]), None)
    ]
    assert night(acme, NIGHTS[3], sales(NIGHTS[3], 20, note="x")) == ()
    assert drift(acme, "records", "first_seen_at", "resolved_at") == [(40, seen(NIGHTS[1]), seen(NIGHTS[3]))]


def test_a_field_that_is_null_is_there(acme: AcmeBrand) -> None:
    night(acme, NIGHTS[0], sales(NIGHTS[0], 30, note="x"))
    assert night(acme, NIGHTS[1], sales(NIGHTS[1], 30, note=None)) == ()
    assert drift(acme) == []


def test_a_field_that_was_rare_before_may_be_missing_without_alarm(acme: AcmeBrand) -> None:
    records = sales(NIGHTS[0], 30, note="absent")
    records[3]["note"] = "x"
    night(acme, NIGHTS[0], records)
    assert night(acme, NIGHTS[1], sales(NIGHTS[1], 30, note="absent")) == ()
    assert drift(acme) == []


def test_a_field_missing_from_a_handful_of_records_is_no_alarm_yet(acme: AcmeBrand) -> None:
    night(acme, NIGHTS[0], sales(NIGHTS[0], 30, note="x"))
    assert night(acme, NIGHTS[1], sales(NIGHTS[1], 1, note="absent")) == ()
    assert drift(acme) == []


def test_a_number_in_a_text_is_kept_flagged_and_named(acme: AcmeBrand) -> None:
    problems = night(acme, NIGHTS[0], sales(NIGHTS[0], 3, note=4711) + sales(NIGHTS[0], 1, id=7, note="text"))
    assert acme.query("select count(*) from valid_acme.sales") == [(4,)]
    assert (
        acme.query("select disposition, failed_checks from quarantine.acme__sales")
        == [("flagged", "note: retyped")] * 3
    )
    assert drift(acme, "field", "kind", "records", "resolved_at") == [("note", "retyped", 3, None)]
    assert any("field note" in problem for problem in problems)
    assert b"4711" not in str(drift(acme, "detail", "masked_sample")).encode()
    for record in acme.network.records:
        record["note"] = "text"
    assert night(acme, NIGHTS[1], []) == ()
    assert drift(acme, "first_seen_at", "resolved_at") == [(seen(NIGHTS[0]), seen(NIGHTS[1]))]


def test_an_object_in_a_number_is_rejected_and_named_until_it_is_a_number_again(acme: AcmeBrand) -> None:
    wrong = {"amount": {"value": 10.5}, "currency": "EUR"}
    problems = night(acme, NIGHTS[0], sales(NIGHTS[0], 3, price=wrong))
    assert acme.query("select count(*) from valid_acme.sales") == [(0,)]
    assert drift(acme, "field", "kind", "records", "resolved_at") == [("amount", "retyped", 3, None)]
    assert any("field amount" in problem for problem in problems)
    assert acme.held()[0]
    night(acme, NIGHTS[1], sales(NIGHTS[1], 2, price=wrong))
    assert drift(acme, "records", "first_seen_at", "last_seen_at", "resolved_at") == [
        (5, seen(NIGHTS[0]), seen(NIGHTS[1]), None)
    ]
    for record in acme.network.records:
        record["price"] = {"amount": 10.5, "currency": "EUR"}
    assert night(acme, NIGHTS[2], []) == ()
    assert drift(acme, "first_seen_at", "resolved_at") == [(seen(NIGHTS[0]), seen(NIGHTS[2]))]
    assert acme.query("select count(*) from valid_acme.sales") == [(5,)]
    assert acme.held() == (False, None)


def test_a_field_whose_name_ends_like_another_one_does_not_keep_that_one_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    columns = {**STREAM.schema.columns, "old_amount": money("old", "Price before.")}
    stream = dataclasses.replace(
        STREAM, schema=pa.DataFrameSchema(columns, strict=True), allowed=STREAM.allowed | {"old"}
    )
    with acme_brand(tmp_path, stream) as acme:
        first, second = sales(NIGHTS[0], 2)
        first["price"], second["old"] = {"amount": "much", "currency": "EUR"}, "much"
        night(acme, NIGHTS[0], [first, second])
        assert drift(acme, "field", "resolved_at is null") == [("amount", True), ("old_amount", True)]
        first["price"] = {"amount": 10, "currency": "EUR"}
        night(acme, NIGHTS[1], [])
        assert drift(acme, "field", "resolved_at is null") == [("amount", False), ("old_amount", True)]


def test_a_sample_of_long_records_is_looked_at_in_a_part_of_a_loads_memory(tmp_path: Path) -> None:
    declared = pa.DataFrameSchema({f"inner_{n}": money(f"inner.field_{n}", "Inner.") for n in range(30)}, strict=True)
    stream = dataclasses.replace(STREAM, schema=declared)
    values = ", ".join(f'"field_{n}": {{"value": "{n:040}"}}' for n in range(29))
    with connection(tmp_path / "warehouse.duckdb") as warehouse:
        create_tables(warehouse, "acme", [stream])
        warehouse.execute(
            f"""
            create table work.arrived as
            select '{{"inner": {{{values}}}}}'::json as record, timestamp '2026-03-02' as _observed_at,
                   timestamp '2026-03-02' as _fetched_at, 'a page' as _page_id
            from range({SAMPLE})
            """
        )
        warehouse.execute("set memory_limit = '100MB'")
        note(warehouse, "acme", stream)
        fields = warehouse.execute("select field, seen, sampled from ops.fields order by field").fetchall()
    names = sorted(["inner", *(f"inner.field_{n}" for n in range(29))])
    assert fields == [(name, SAMPLE, SAMPLE) for name in names]
