"""Judging again what was pulled long ago: by another schema, into an empty warehouse, twice, without the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandera.polars as pa
import pytest

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.connectors.planning import Span
from affiliate_assets.connectors.schema import money, word
from affiliate_assets.landing import night
from affiliate_assets.landing.load import LoadResult
from affiliate_assets.landing.replay import replay_sources, replay_stream
from affiliate_assets.landing.warehouse import connection
from tests.conftest import FIRST_MORNING, Brand

from .acme import CONTROL, DAY, MORNING, STREAM, TOKEN, AcmeBrand, acme_brand, sale
from .support import Scripted

ALIVE = "Any call of the network fails the test."
# What differs between two warehouses of the same pages: names of loads, and this machine's clock.
EXCLUDED = {
    "ops.pages": "load_id, loaded_at",
    "ops.call_files": "path",
    "ops.standings": "run_id, as_of",
}


def declared(**columns: pa.Column) -> ApiStream:
    """The stream with some columns declared otherwise."""
    return replace(STREAM, schema=pa.DataFrameSchema({**STREAM.schema.columns, **columns}, strict=True))


STRICTER = declared(amount=money("price.amount", "Price.", pa.Check.lt(100), required=True))
LOOSER = declared(
    amount=money("price.amount", "Price."), state=word("state", "State.", ("open", "done", "frozen"), required=True)
)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AcmeBrand]:
    """Two nights: six records of which one is dear, one has no amount and one an unknown word; two change."""
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, STREAM) as brand:
        brand.network.records = [
            sale(1, state="open"),
            sale(2, price={"amount": 500, "currency": "EUR"}),
            sale(3, price={"currency": "EUR"}),
            sale(4, state="frozen"),
            sale(5, "2026-02-12", state="open"),
            sale(6, "2026-02-22", price={"amount": "much", "currency": "EUR"}),
        ]
        brand.pull()
        brand.network.records[0] |= {"state": "done"}
        brand.network.records[4] |= {"price": {"amount": 900, "currency": "EUR"}}
        brand.network.records[5] |= {"price": {"amount": 7, "currency": "EUR"}}
        brand.pull(MORNING + DAY)
        yield brand


def replay(acme: AcmeBrand, stream: ApiStream = STREAM) -> LoadResult:
    asked = len(acme.network.asked)
    with connection(acme.settings.warehouse) as warehouse:
        result = replay_stream(warehouse, acme.settings.landing, "acme", stream)
    assert len(acme.network.asked) == asked, ALIVE
    return result


def valid(acme: AcmeBrand) -> list[tuple[Any, ...]]:
    return acme.query("select _key, state, trunc(amount)::int from valid_acme.sales order by _observed_at, _key")


def quarantine(acme: AcmeBrand) -> list[tuple[Any, ...]]:
    return acme.query(
        "select _key, failed_checks, disposition, released_at is not null from quarantine.acme__sales"
        " order by _key, first_seen_at, failed_checks"
    )


def everything(acme: AcmeBrand | Brand, tables: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """All tables but what names a load."""
    found = {}
    for (table,) in acme.query("select schema_name || '.' || table_name from duckdb_tables() order by all"):
        if not str(table).startswith("config.") and (not tables or table in tables):
            left_out = EXCLUDED.get(str(table), "_load_id" if "raw_" in str(table) else "")
            left_out = "_load_id" if str(table).startswith(("valid_", "quarantine.")) else left_out
            chosen = f"* exclude ({left_out})" if left_out else "*"
            found[str(table)] = acme.query(f"select {chosen} from {table} order by all")
    return found


FIRST = [("1", "open", 10), ("2", "done", 500), ("4", "frozen", 10), ("5", "open", 10)]
SECOND = [("1", "done", 10), ("5", "open", 900), ("6", "done", 7)]


def test_the_two_nights_of_these_tests_stand_as_they_were_told(acme: AcmeBrand) -> None:
    assert valid(acme) == FIRST + SECOND
    assert quarantine(acme) == [
        ("3", "amount: not_nullable", "rejected", False),
        ("4", "state: unknown word 'frozen'", "flagged", False),
        ("6", "amount: type", "rejected", True),
    ]


def test_replaying_an_unchanged_schema_changes_nothing_however_often(acme: AcmeBrand) -> None:
    before = everything(acme)
    for _ in range(2):
        verdict = replay(acme).verdict
        assert (verdict.accepted, verdict.rejected) == (7, 2)
        after = everything(acme)
        for table, rows in before.items():
            assert after[table] == rows, table


def test_a_stricter_schema_moves_every_version_that_it_refuses_and_no_other(acme: AcmeBrand) -> None:
    verdict = replay(acme, STRICTER).verdict
    assert (verdict.accepted, verdict.rejected) == (5, 4)
    assert verdict.broken_rules == ()
    assert valid(acme) == [row for row in FIRST + SECOND if row[2] < 100]
    assert [(key, checks) for key, checks, _, released in quarantine(acme) if not released] == [
        ("2", "amount: less_than(100)"),
        ("3", "amount: not_nullable"),
        ("4", "state: unknown word 'frozen'"),
        ("5", "amount: less_than(100)"),
    ]
    assert acme.query("select count(*) from raw_acme.sales") == [(9,)]


def test_a_looser_schema_brings_every_version_in_once_and_keeps_the_released_history(acme: AcmeBrand) -> None:
    sights = acme.query("select _key, first_seen_at from quarantine.acme__sales order by all")
    verdict = replay(acme, LOOSER).verdict
    assert (verdict.accepted, verdict.rejected, verdict.flagged) == (8, 1, 0)
    expected = sorted([*FIRST, ("3", "done", None)]) + SECOND
    assert valid(acme) == expected
    assert quarantine(acme) == [
        ("3", "amount: not_nullable", "rejected", True),
        ("4", "state: unknown word 'frozen'", "flagged", True),
        ("6", "amount: type", "rejected", True),
    ]
    assert acme.query("select _key, first_seen_at from quarantine.acme__sales order by all") == sights
    again = everything(acme)
    replay(acme, LOOSER)
    assert everything(acme) == again


def test_what_a_looser_schema_let_in_and_a_stricter_one_refuses_is_in_question_again(acme: AcmeBrand) -> None:
    first_seen = acme.query("select first_seen_at from quarantine.acme__sales where _key = '3'")
    replay(acme, LOOSER)
    replay(acme, STREAM)
    assert valid(acme) == FIRST + SECOND
    assert quarantine(acme) == [
        ("3", "amount: not_nullable", "rejected", False),
        ("4", "state: unknown word 'frozen'", "flagged", False),
        ("6", "amount: type", "rejected", True),
    ]
    assert acme.query("select first_seen_at from quarantine.acme__sales where _key = '3'") == first_seen


@pytest.mark.parametrize("stream", [STREAM, STRICTER, LOOSER])
def test_after_a_replay_every_record_of_every_window_is_accepted_or_in_quarantine(
    acme: AcmeBrand, stream: ApiStream
) -> None:
    replay(acme, stream)
    for table in ("pages", "windows"):
        ((records, accepted, quarantined, wrong),) = acme.query(
            f"select sum(records), sum(accepted), sum(quarantined),"
            f" count(*) filter (accepted + quarantined <> records) from ops.{table} where records > 0"
        )
        assert (accepted + quarantined, wrong) == (records, 0)


def test_pages_that_were_landed_and_never_loaded_are_brought_in_by_a_replay(
    acme: AcmeBrand, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.network.records.append(sale(7, "2026-03-03", soldAt="2026-03-03T12:00:00"))
    with monkeypatch.context() as patch:
        patch.setattr(night, "_loaded", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            acme.pull(MORNING + 2 * DAY)
    result = replay(acme)
    assert result.new_versions == 1
    assert valid(acme)[-1] == ("7", "done", 10)


def test_a_warehouse_that_was_deleted_is_made_anew_from_landing(acme: AcmeBrand) -> None:
    tables = ("raw_acme.sales", "valid_acme.sales", "quarantine.acme__sales", "ops.pages", "ops.drift", "ops.fields")
    before = everything(acme, tables)
    windows = acme.query("select * from ops.windows order by window_id")
    acme.settings.warehouse.unlink()
    asked = len(acme.network.asked)
    results = list(replay_sources(acme.settings, [acme.connector], ["acme"], None, as_of=MORNING + DAY))
    assert [name for name, _ in results] == ["acme sales"]
    assert len(acme.network.asked) == asked, ALIVE
    after = everything(acme, tables)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert acme.query("select * from ops.windows order by window_id") == windows


def test_dead_letters_and_calls_come_back_with_a_warehouse_made_anew(acme: AcmeBrand) -> None:
    acme.network.instead = lambda path: Scripted(200, b"<html>") if "end=2026-03-04" in path else None
    acme.pull(MORNING + 2 * DAY)
    acme.network.instead = lambda path: None
    acme.pull(MORNING + 3 * DAY)
    tables = ("ops.dead_letters", "ops.api_calls")
    before = everything(acme, tables)
    assert len(before["ops.dead_letters"]) == 1
    acme.settings.warehouse.unlink()
    list(replay_sources(acme.settings, [acme.connector], ["acme"], None, as_of=MORNING + 3 * DAY))
    assert everything(acme, tables) == before


def test_a_warehouse_of_three_nights_at_two_networks_is_made_anew_to_equal_tables(brand: Brand) -> None:
    mornings = [FIRST_MORNING + timedelta(days=n) for n in (0, 1, 5)]
    for morning in mornings:
        for network in ("awin", "cj"):
            assert brand.pull(network, morning).problems == ()
    before = everything(brand)
    brand.settings.warehouse.unlink()
    calls = len(brand.sandbox.calls)
    list(replay_sources(brand.settings, brand.connectors.values(), ["awin", "cj"], None, as_of=mornings[-1]))
    assert len(brand.sandbox.calls) == calls, ALIVE
    after = everything(brand)
    for table in before:
        if table.startswith(("raw_", "valid_", "quarantine.")) or table in ("ops.windows", "ops.pages", "ops.drift"):
            assert after[table] == before[table], table


def test_an_old_report_still_agrees_when_its_record_was_deleted_after_it(brand: Brand) -> None:
    assert brand.pull("awin", FIRST_MORNING).problems == ()
    key = str(brand.query("select min(_key) from valid_awin.transactions where commission_status = 'pending'")[0][0])
    brand.sandbox.tamper("awin", key, commissionStatus="deleted")
    assert brand.pull("awin", FIRST_MORNING + timedelta(days=8)).problems == ()
    assert brand.query(f"select count(*) from valid_awin.transactions where _key = '{key}'") == [(2,)]
    before = brand.query("select * from ops.control_totals order by all")
    brand.settings.warehouse.unlink()
    list(replay_sources(brand.settings, brand.connectors.values(), ["awin"], None, as_of=FIRST_MORNING))
    assert brand.query("select * from ops.control_totals order by all") == before
    assert brand.query("select distinct status from ops.windows") == [("complete",)]
    assert brand.query("select held from ops.standings where network = 'awin'") == [(False,)]


def test_an_old_report_still_agrees_when_its_record_left_quarantine_after_it(acme: AcmeBrand) -> None:
    acme.declare(control=CONTROL)
    record = sale(7, price={"amount": "much", "currency": "EUR"})
    acme.network.records = [record]
    # Of these two days three records are valid; the one without an amount and the new one are in quarantine.
    acme.network.report = (5, "1")
    days = Span(MORNING - 2 * DAY - timedelta(hours=3), MORNING - timedelta(hours=3))
    acme.pull(MORNING + 2 * DAY, requested=days, follow_changes=False)
    before = acme.query("select agrees, expected_records from ops.control_totals")
    record["price"] = {"amount": 1, "currency": "EUR"}
    acme.network.report = (0, "0")
    acme.pull(MORNING + 3 * DAY, requested=days, follow_changes=False)
    acme.settings.warehouse.unlink()
    list(replay_sources(acme.settings, [acme.connector], ["acme"], None, as_of=MORNING + 3 * DAY))
    after = acme.query("select agrees, expected_records from ops.control_totals order by as_of limit 1")
    assert before == after == [(True, 5)]


def test_a_finding_is_closed_by_the_replay_that_knows_the_word(acme: AcmeBrand) -> None:
    open_words = "select count(*) from ops.drift where kind = 'unknown_word' and resolved_at is null"
    assert acme.query(open_words) == [(1,)]
    replay(acme, LOOSER)
    assert acme.query(open_words) == [(0,)]
