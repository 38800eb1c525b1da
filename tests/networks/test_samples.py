"""The networks' own sample answers, from the landed page to the valid table; expected values copied by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from affiliate_assets.connectors.language import Window
from affiliate_assets.connectors.paging import AllowedFields
from affiliate_assets.landing.load import LoadResult, load_stream
from affiliate_assets.landing.pages import WindowFolder
from affiliate_assets.landing.tables import create_tables
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.networks import all_connectors
from tests.unit.support import manifest, stored

DATA = Path(__file__).parents[1] / "data"


class Warehouse:
    """Lands sample files as pages of one window and loads them."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self._folder, self._connection = folder, connection

    def bring(self, network: str, stream_name: str, *files: str, day: int = 1) -> LoadResult:
        stream = all_connectors()[network].stream(stream_name)
        create_tables(self._connection, network, (stream,))
        at = datetime(2026, 10, day, tzinfo=UTC)
        landed = manifest(
            f"{stream_name}-{day}",
            network=network,
            account_id="4711",
            stream=stream_name,
            clock=None,
            window_start=None,
            window_end=None,
            as_of=at,
            started_at=at,
            status="complete",
        )
        window, cursor = WindowFolder(self._folder, landed), None
        for file in files:
            page = stream.paging.page((DATA / network / file).read_bytes(), cursor)
            lines = AllowedFields(stream.allowed, stream.dropped).lines(page.records)
            window.add_page(lines.content, lines.records, run_id="r1", as_of=at, unknown=lines.unknown)
            cursor = page.cursor
        window.save()
        assert cursor is None
        return load_stream(self._connection, self._folder, network, stream)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with connection(tmp_path / "warehouse.duckdb") as opened:
        yield Warehouse(tmp_path / "landing", opened)


def test_awin_transactions_are_all_accepted_with_their_amounts(warehouse: Warehouse) -> None:
    result = warehouse.bring("awin", "transactions", "transactions_by_transaction_date.json")
    assert (result.verdict.accepted, result.verdict.rejected, result.verdict.flagged) == (4, 0, 0)
    assert result.unknown_fields == ()
    assert warehouse.rows(
        "select id, commission_status, sale_amount, sale_currency, commission_amount, order_ref, _key"
        " from valid_awin.transactions order by id"
    ) == [
        (2104550101, "pending", Decimal("84"), "GBP", Decimal("5.88"), "ORD-500123", "2104550101"),
        (2104550102, "approved", Decimal("61.37"), "GBP", Decimal("4.3"), "ORD-498870", "2104550102"),
        (2104550103, "declined", Decimal("240"), "GBP", Decimal("16.8"), "ORD-499402", "2104550103"),
        (2104550104, "pending", Decimal("900"), "GBP", Decimal("63"), "ORD-499955", "2104550104"),
    ]
    assert warehouse.rows(
        "select click_ref, click_date, transaction_date, validation_date, network_fee_amount, advertiser_cost_amount,"
        " lapse_time, voucher_code_used, amended from valid_awin.transactions where id = 2104550101"
    ) == [
        (
            "autumn-list", stored(2026, 9, 3, 18, 20), stored(2026, 9, 3, 18, 41), None, Decimal("1.76"), None,
            1260, False, False,
        )
    ]  # fmt: skip


def test_awin_changes_in_place_become_versions(warehouse: Warehouse) -> None:
    warehouse.bring("awin", "transactions", "transactions_by_transaction_date.json")
    later = warehouse.bring("awin", "transactions", "transactions_by_validation_date_later.json", day=2)
    assert later.new_versions == 2
    assert warehouse.rows(
        "select id, commission_status, sale_amount, old_sale_amount from valid_awin.transactions"
        " where id in (2104550101, 2104550104) order by id, _observed_at"
    ) == [
        (2104550101, "pending", Decimal("84"), None),
        (2104550101, "approved", Decimal("84"), None),
        (2104550104, "pending", Decimal("900"), None),
        (2104550104, "approved", Decimal("650"), Decimal("900")),
    ]


def test_awin_publishers_are_read(warehouse: Warehouse) -> None:
    warehouse.bring("awin", "publishers", "publishers.json")
    assert warehouse.rows("select id, name, primary_region, primary_type from valid_awin.publishers order by id") == [
        (330411, "Deal Harbour", "GB", "Discount Code"),
        (331550, "Home Notes", "GB", "Content"),
    ]


def test_cj_commissions_of_two_pages_are_all_accepted_with_their_amounts(warehouse: Warehouse) -> None:
    pages = ("advertiser_commissions_page1.json", "advertiser_commissions_page2.json")
    result = warehouse.bring("cj", "commissions", *pages)
    assert (result.pages, result.verdict.accepted, result.verdict.rejected, result.verdict.flagged) == (2, 3, 0, 0)
    assert warehouse.rows(
        "select commission_id, original_action_id, original, sale_amount_adv_currency, action_status"
        " from valid_cj.commissions order by commission_id"
    )[0] == ("2771000101", "1886200501", True, Decimal("120"), "new")
    assert warehouse.rows(
        "select sum(sale_amount_adv_currency), count(distinct _page_id) from valid_cj.commissions"
    ) == [(Decimal("320"), 2)]
    assert warehouse.rows(
        "select posting_date, locking_date, new_to_file, is_cross_device, cj_fee_usd, pub_commission_amount_usd"
        " from valid_cj.commissions where commission_id = '2771000101'"
    ) == [
        (
            stored(2026, 9, 2, 15, 0, 12), stored(2026, 10, 11, 9), True, True, Decimal("2.88"), Decimal("9.6"),
        )
    ]  # fmt: skip


def test_cj_corrections_are_rows_of_their_own_and_net_to_the_new_amount(warehouse: Warehouse) -> None:
    warehouse.bring("cj", "commissions", "advertiser_commissions_by_locking_date.json")
    warehouse.bring("cj", "commissions", "advertiser_commissions_corrections_later.json", day=2)
    assert warehouse.rows(
        "select original_action_id, sum(sale_amount_adv_currency), count(*), count(*) filter (not original)"
        " from valid_cj.commissions group by all"
    ) == [("1886200501", Decimal("80"), 3, 2)]


@pytest.mark.parametrize(("network", "stream"), [("awin", "transactions"), ("cj", "commissions")])
def test_an_empty_window_is_complete_and_adds_nothing(warehouse: Warehouse, network: str, stream: str) -> None:
    result = warehouse.bring(network, stream, "empty_window.json")
    assert (result.pages, result.records, result.new_versions) == (1, 0, 0)


def test_cj_asks_only_for_fields_that_the_sample_answers_have() -> None:
    stream = all_connectors()["cj"].stream("commissions")
    body = json.loads((DATA / "cj/advertiser_commissions_page1.json").read_bytes())
    sample = body["data"]["advertiserCommissions"]["records"][0]
    assert stream.allowed <= set(sample)
    asked = stream.request("4711", Window("test", "posting", stored(2026, 9, 1), stored(2026, 9, 2)), None)
    assert asked.json is not None
    for name in ("count", "maxCommissionId", "payloadComplete", *stream.allowed):
        assert f" {name} " in asked.json["query"]
