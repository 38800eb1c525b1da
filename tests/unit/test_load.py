from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from affiliate_assets.connectors.paging import AllowedFields
from affiliate_assets.connectors.planning import Span, plan_windows
from affiliate_assets.errors import InternalError
from affiliate_assets.landing import load
from affiliate_assets.landing.load import LoadResult, load_stream
from affiliate_assets.landing.pages import Manifest, Status, WindowFolder, manifests
from affiliate_assets.landing.state import stream_state
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.validation import Verdict
from affiliate_assets.landing.warehouse import connection

from .support import SALES, stored

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def sale(number: object = 1, **changes: object) -> dict[str, object]:
    record: dict[str, object] = {
        "id": number,
        "state": "open",
        "price": {"amount": 10.5, "currency": "EUR"},
        "soldAt": "2026-03-01T10:00:00",
        "note": None,
    }
    record |= changes
    return {name: value for name, value in record.items() if value != "absent"}


@dataclass
class Bench:
    """A landing zone and a warehouse for the stream of the tests."""

    folder: Path
    warehouse: duckdb.DuckDBPyConnection
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def land(
        self,
        *pages: list[dict[str, object]] | bytes,
        hour: float = 0,
        status: Status = "complete",
        account: str = "A1",
        start: datetime = DAY - timedelta(days=1),
        end: datetime = DAY,
    ) -> str:
        """Land one window as it would be observed `hour` hours into the day."""
        at = DAY + timedelta(hours=hour)
        number = next(self.numbers)
        manifest = Manifest(
            window_id=f"w{number}",
            network="acme",
            account_id=account,
            stream="sales",
            clock="sold",
            window_start=start,
            window_end=end,
            keys=0,
            reason="test",
            time_zone="UTC",
            run_id="r1",
            as_of=at,
            started_at=at + timedelta(milliseconds=number),
            status=status,
        )
        window = WindowFolder(self.folder / "landing", manifest)
        for page in pages:
            body = page if isinstance(page, bytes) else json.dumps(page).encode()
            lines = AllowedFields(SALES.allowed, SALES.dropped).lines(body)
            window.add_page(lines.content, lines.records, run_id="r1", as_of=at, unknown=lines.unknown)
        window.save()
        return manifest.window_id

    def load(self) -> LoadResult:
        return load_stream(self.warehouse, self.folder / "landing", "acme", SALES)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(sql).fetchall()

    def valid(self, columns: str = "id, state, amount") -> list[tuple[Any, ...]]:
        return self.rows(f"select {columns} from valid_acme.sales order by all")

    def quarantine(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select _key, failed_checks, disposition, released_at is not null from quarantine.acme__sales"
            " order by first_seen_at, _key, disposition"
        )

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """What the tables say, without the ids of the load."""
        exclude = "exclude (_load_id)"
        return [
            self.rows(f"select * {exclude} from {table} order by all")
            for table in ("raw_acme.sales", "valid_acme.sales", "quarantine.acme__sales")
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with connection(tmp_path / "warehouse.duckdb") as warehouse:
        create_tables(warehouse, "acme", (SALES,))
        yield Bench(tmp_path, warehouse)


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


@pytest.mark.parametrize(
    ("record", "check"),
    [
        (sale(1, price={"amount": "ten", "currency": "EUR"}), "amount: type"),
        (sale(1, price={"amount": {"x": 1}, "currency": "EUR"}), "amount: type"),
        (sale(1, price={"amount": 9_999_999_999_999, "currency": "EUR"}), "amount: type"),
        (sale(1, soldAt="yesterday"), "sold_at: type"),
        (sale(1, price={"currency": "EUR"}), "amount: not_nullable"),
        (sale(1, price="absent"), "amount: not_nullable; currency: not_nullable"),
        (sale(1, state="absent"), "state: not_nullable"),
        (sale(1, state=""), "state: not_nullable"),
        (sale(1, price={"amount": 1, "currency": "euro"}), "currency: str_matches('^[A-Z]{3}$')"),
        (sale(-1), "id: greater_than(0)"),
        (sale("abc"), "id: type"),
    ],
)
def test_a_wrong_record_is_quarantined_with_every_failed_check_and_the_others_go_on(
    bench: Bench, record: dict[str, object], check: str
) -> None:
    bench.land([record, sale(2)])
    result = bench.load()
    assert (result.verdict.accepted, result.verdict.rejected, result.verdict.flagged) == (1, 1, 0)
    assert result.verdict.rejected_share == 0.5
    assert bench.quarantine() == [(str(record["id"]), check, "rejected", False)]
    assert bench.valid("id") == [(2,)]
    ((account, key, next_step, run, kept),) = bench.rows(
        "select _account_id, _key, next_step, _run_id, record from quarantine.acme__sales"
    )
    assert (account, key, run) == ("A1", str(record["id"]), "r1")
    assert "reference" in next_step
    assert json.loads(kept) == record


def test_a_record_without_its_key_is_quarantined_by_name_and_stored_once(bench: Bench) -> None:
    for hour in (0, 1):
        bench.land([sale("absent"), sale("absent", note="another"), sale(2)], hour=hour)
        bench.load()
    assert [(key, disposition) for key, _, disposition, _ in bench.quarantine()] == [(None, "rejected")] * 2
    assert all("_key: not_nullable" in checks for _, checks, _, _ in bench.quarantine())


def test_a_word_never_seen_before_is_accepted_and_flagged(bench: Bench) -> None:
    bench.land([sale(1, state="frozen"), sale(2)])
    result = bench.load()
    assert (result.verdict.accepted, result.verdict.rejected, result.verdict.flagged) == (2, 0, 1)
    assert result.verdict.checks == {"state: unknown word 'frozen'": 1}
    assert bench.quarantine() == [("1", "state: unknown word 'frozen'", "flagged", False)]
    assert ("frozen",) in bench.valid("state")
    assert "new word" in bench.rows("select next_step from quarantine.acme__sales")[0][0]


def test_every_record_fetched_is_accepted_or_rejected(bench: Bench) -> None:
    records = [sale(n, soldAt="never" if n % 3 == 0 else "2026-03-01T00:00:00") for n in range(1, 21)]
    records += [sale(30, price={"amount": "x", "currency": "nope"})]
    bench.land(records[:10], records[10:])
    verdict = bench.load().verdict
    assert (verdict.accepted, verdict.rejected) == (14, 7)
    assert verdict.checks == {
        "sold_at: type": 6,
        "amount: type": 1,
        "currency: str_matches('^[A-Z]{3}$')": 1,
    }
    assert len(bench.valid()) == 14
    assert len(bench.quarantine()) == 7


def test_a_later_good_version_releases_the_record_and_an_earlier_one_does_not(bench: Bench) -> None:
    bench.land([sale(1, state="absent"), sale(2, state="odd"), sale(3, state="absent")], hour=5)
    bench.load()
    bench.land([sale(1), sale(2)], hour=4)
    bench.load()
    assert [released for _, _, _, released in bench.quarantine()] == [False, False, False]
    bench.land([sale(1, state="done"), sale(2, state="done"), sale(3, state="odd")], hour=6)
    bench.load()
    assert bench.quarantine() == [
        ("1", "state: not_nullable", "rejected", True),
        ("2", "state: unknown word 'odd'", "flagged", True),
        ("3", "state: not_nullable", "rejected", False),
        ("3", "state: unknown word 'odd'", "flagged", False),
    ]


def test_fields_the_declaration_does_not_know_are_recorded_once_with_their_first_page(bench: Bench) -> None:
    bench.land([sale(1, colour="red", email="a@b.example")])
    bench.land([sale(2, colour="blue", size=3)], hour=1)
    result = bench.load()
    assert result.unknown_fields == ("colour", "size")
    assert bench.rows("select network, stream, field, kind, records, first_page_id from ops.drift order by field") == [
        ("acme", "sales", "colour", "unknown_field", 2, "w1#1"),
        ("acme", "sales", "size", "unknown_field", 1, "w2#1"),
    ]
    assert result.verdict.accepted == 2


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
