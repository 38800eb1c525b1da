"""Landed pages become versions in the warehouse: each once, in order, all of a load or nothing."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from affiliate_assets.connectors.planning import Span, plan_windows
from affiliate_assets.errors import InternalError
from affiliate_assets.landing import batches, load
from affiliate_assets.landing.pages import WindowFolder, manifests
from affiliate_assets.landing.state import stream_state
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.validation import Verdict
from affiliate_assets.landing.warehouse import connection

from .bench import DAY, Bench, sale
from .support import SALES, stored


def test_a_record_arrives_typed_in_utc_and_to_the_last_digit(bench: Bench) -> None:
    body = (
        b'[{"id":7,"state":"done","price":{"amount":0.10,"currency":"EUR"},"soldAt":"2026-03-01T10:00:00+02:00",'
        b'"note":""},{"id":8,"state":"open","price":{"amount":"1234567890.123456","currency":"USD"},'
        b'"soldAt":"2026-03-01T23:59:59Z"}]'
    )
    bench.land(body, hour=3)
    result = bench.load()
    assert (result.pages, result.records, result.new_versions) == (1, 2, 2)
    assert result.verdict == Verdict(accepted=2)
    assert bench.valid("id, state, amount, currency, sold_at, note, _account_id, _key, _observed_at, _run_id") == [
        (7, "done", Decimal("0.100000"), "EUR", stored(2026, 3, 1, 8), None, "A1", "7", stored(2026, 3, 2, 3), "r1"),
        (
            8, "open", Decimal("1234567890.123456"), "USD", stored(2026, 3, 1, 23, 59, 59), None,
            "A1", "8", stored(2026, 3, 2, 3), "r1",
        ),
    ]  # fmt: skip
    assert bench.rows("select record::varchar from raw_acme.sales where _key = '7'")[0][0].count("0.10") == 1


def test_loading_again_finds_nothing_to_do(bench: Bench) -> None:
    bench.land([sale(1), sale(2)])
    bench.load()
    before = bench.everything()
    again = bench.load()
    assert (again.pages, again.new_versions, again.verdict) == (0, 0, Verdict())
    assert bench.everything() == before


def test_a_batch_is_no_larger_than_allowed_where_pages_are_large(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        bench.land([sale(11 + number)], hour=3 + number)
    ((_, window), *_) = manifests(bench.folder / "landing", "acme", "sales")
    monkeypatch.setattr(batches, "BATCH_BYTES", window.pages[0].bytes * 3 // 2)
    bench.load()
    assert bench.rows("select count(*) from ops.pages group by load_id") == [(1,), (1,), (1,)]


def test_batches_are_of_about_one_size_and_none_is_larger_than_allowed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        bench.land([sale(11 + number)], hour=3 + number)
    ((_, window), *_) = manifests(bench.folder / "landing", "acme", "sales")
    monkeypatch.setattr(batches, "BATCH_BYTES", 4 * window.pages[0].bytes)
    assert (bench.load().pages, len(bench.valid())) == (10, 10)
    # Not 4, 4 and 2.
    assert sorted(bench.rows("select count(*) from ops.pages group by load_id")) == [(3,), (3,), (4,)]


def test_of_a_load_with_known_and_new_records_only_the_new_ones_are_stored(bench: Bench) -> None:
    bench.land([sale(1), sale(2)])
    bench.load()
    bench.land([sale(2), sale(3)], hour=24)
    again = bench.load()
    assert (again.records, again.new_versions, again.verdict) == (2, 1, Verdict(accepted=1))
    assert sorted(bench.valid("id")) == [(1,), (2,), (3,)]


def test_the_same_content_in_another_window_adds_no_version(bench: Bench) -> None:
    bench.land([sale(1), sale(2)])
    bench.load()
    bench.land([sale(1), sale(2)], hour=24)
    again = bench.load()
    assert (again.records, again.new_versions) == (2, 0)
    assert len(bench.valid()) == 2


def test_the_same_landing_makes_the_same_tables_in_one_load_or_in_several(bench: Bench, tmp_path: Path) -> None:
    bench.land([sale(1), sale(2, price={"amount": "x", "currency": "EUR"})], [sale(3)])
    bench.load()
    bench.land([sale(1, state="done"), sale(4, state="odd")], hour=1)
    bench.load()
    with connection(tmp_path / "other.duckdb") as warehouse:
        create_tables(warehouse, "acme", (SALES,))
        other = Bench(tmp_path, warehouse)
        other.load()
        raw, valid, _ = other.everything()
    assert [raw, valid] == bench.everything()[:2]
    assert len(valid) == 4


def test_a_record_that_changes_and_changes_back_keeps_three_versions(bench: Bench) -> None:
    for hour, state in enumerate(("open", "done", "open", "open")):
        bench.land([sale(1, state=state)], hour=hour)
        bench.load()
    assert bench.valid("_observed_at, state") == [
        (stored(2026, 3, 2, 0), "open"),
        (stored(2026, 3, 2, 1), "done"),
        (stored(2026, 3, 2, 2), "open"),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_pages_out_of_order_end_in_the_order_they_were_observed(bench: Bench, order: tuple[int, ...]) -> None:
    notes = ("first", "second", "third")
    for hour in order:
        bench.land([sale(1, note=notes[hour])], hour=hour)
        bench.load()
    assert bench.valid("_observed_at, note") == [(stored(2026, 3, 2, hour), note) for hour, note in enumerate(notes)]


def test_the_order_of_fields_and_records_is_no_change(bench: Bench) -> None:
    bench.land([sale(1), sale(2)])
    bench.load()
    turned = [dict(reversed(list(sale(number).items()))) for number in (2, 1)]
    bench.land(turned, hour=1)
    assert bench.load().new_versions == 0


def test_accounts_with_equal_keys_are_kept_apart(bench: Bench) -> None:
    bench.land([sale(1)], account="A1")
    bench.land([sale(1)], account="A2")
    assert bench.load().new_versions == 2
    assert bench.valid("_account_id, _key") == [("A1", "1"), ("A2", "1")]


def test_pages_of_an_unfinished_window_are_loaded_and_the_rest_when_it_goes_on(bench: Bench) -> None:
    bench.land([sale(1)], status="open")
    assert bench.load().new_versions == 1
    ((path, manifest),) = manifests(bench.folder / "landing", "acme", "sales")
    window = WindowFolder(bench.folder / "landing", manifest)
    assert window.path == path
    window.add_page(b'{"id":2,"state":"open"}\n', 1, run_id="r2", as_of=DAY)
    manifest.status = "complete"
    window.save()
    result = bench.load()
    assert (result.pages, result.records) == (1, 1)
    assert bench.rows("select status, pages, records from ops.windows") == [("complete", 2, 2)]


def test_only_complete_windows_count_as_read_and_the_others_are_planned_again(bench: Bench) -> None:
    for day, status in enumerate(("complete", "incomplete", "failed", "open", "complete")):
        start = DAY + timedelta(days=day)
        bench.land([], status=status, start=start, end=start + timedelta(days=1))
    bench.load()
    state = stream_state(bench.warehouse, "acme", SALES, "A1")
    windows = plan_windows(SALES, state, start=DAY, now=DAY + timedelta(days=5))
    assert [(w.start, w.end) for w in windows] == [(DAY + timedelta(days=1), DAY + timedelta(days=4))]
    other = stream_state(bench.warehouse, "acme", SALES, "A2")
    assert other.complete == {}


def test_open_records_are_the_newest_versions_that_may_still_change(bench: Bench) -> None:
    bench.land([sale(1), sale(2), sale(3)], hour=0)
    bench.land([sale(2, state="done")], hour=1, start=DAY, end=DAY + timedelta(hours=1))
    bench.load()
    state = stream_state(bench.warehouse, "acme", SALES, "A1")
    assert [record.key for record in state.open_records] == ["1", "3"]
    assert state.open_records[0].dated_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert state.first_read_at == DAY
    assert state.complete == {
        "sold": (
            Span(DAY - timedelta(days=1), DAY),
            Span(DAY, DAY + timedelta(hours=1)),
        )
    }


def test_a_failing_load_leaves_nothing_and_the_next_one_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.land([sale(1), sale(2, state="absent")])
    with monkeypatch.context() as broken:
        broken.setattr(load, "judge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            bench.load()
    assert bench.everything() == [[], [], []]
    assert bench.rows("select count(*) from ops.pages") == [(0,)]
    assert bench.rows("select count(*) from ops.windows") == [(0,)]
    assert bench.load().verdict == Verdict(accepted=1, rejected=1, checks={"state: not_nullable": 1})


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_listed_page_that_is_gone_or_changed_stops_the_load_by_name(bench: Bench, damage: str) -> None:
    window = bench.land([sale(1)])
    path = bench.folder / "landing" / "acme" / "A1" / "sales" / window / "0001.ndjson.zst"
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    with pytest.raises(InternalError) as caught:
        bench.load()
    for part in ("network acme", "stream sales", f"window {window}", path.name, "Next: "):
        assert part in str(caught.value)
    assert bench.everything() == [[], [], []]


def test_a_new_column_of_the_schema_is_added_and_empty_so_far(bench: Bench) -> None:
    bench.land([sale(1)])
    bench.load()
    bench.warehouse.execute("alter table valid_acme.sales drop column note")
    create_tables(bench.warehouse, "acme", (SALES,))
    assert bench.valid("id, note") == [(1, None)]
