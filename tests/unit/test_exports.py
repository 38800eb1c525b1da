from __future__ import annotations

import csv
import hashlib
import hmac
import logging
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard

from affiliate_assets.landing import files, pages
from affiliate_assets.landing.pages import manifests
from tests.conftest import FIRST_MORNING, HASH_KEY, Brand

from .support import stored

ORDERS = (
    "order_id,shop,ordered_at,updated_at,status,currency,subtotal,discount,shipping,tax,total,refunded,"
    "refunded_subtotal,voucher_code,customer_email,customer_type"
)
ROW = (
    "O-1,de,2026-01-14T10:22:05+01:00,2026-01-14T10:22:05+01:00,paid,EUR,100.00,10.00,4.95,18.04,112.99,0.00,0.00,,"
    "Ann@Shop.example ,new"
)
KEY = b"a key for invented customers"


def write(
    brand: Brand, *rows: str, header: str = ORDERS, name: str = "orders_1.csv", encoding: str = "utf-8-sig"
) -> Path:
    path = brand.exports / name
    path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
    return path


def order(number: int) -> str:
    return ROW.replace("O-1", f"O-{number}")


def landed(brand: Brand) -> bytes:
    return b"".join(
        zstandard.decompress(path.read_bytes()) for path in sorted(brand.settings.landing.rglob("*.ndjson.zst"))
    )


def keyed(value: str) -> str:
    return hmac.new(KEY, value.encode(), hashlib.sha256).hexdigest()


def test_a_row_arrives_typed_in_utc_with_its_customer_hashed(brand: Brand) -> None:
    write(brand, ROW, ROW.replace("O-1", "O-2").replace("01-14T10:22:05+01:00", "07-14T10:22:05+02:00"))
    night = brand.load_exports(FIRST_MORNING)
    assert night.problems == ()
    rows = brand.query(
        "select order_id, ordered_at, subtotal, discount, shipping, tax, total, refunded, voucher_code, customer_hash,"
        " customer_type, _key from valid_crm.orders order by order_id"
    )
    amounts = tuple(Decimal(text) for text in ("100.00", "10.00", "4.95", "18.04", "112.99", "0.00"))
    who = keyed("ann@shop.example")
    assert rows == [
        ("O-1", stored(2026, 1, 14, 9, 22, 5), *amounts, None, who, "new", "de|O-1"),
        ("O-2", stored(2026, 7, 14, 8, 22, 5), *amounts, None, who, "new", "de|O-2"),
    ]


@pytest.mark.parametrize(
    ("told", "second"), [("2026-01-14 10:22:05 +0100", 5), ("2026-01-14T09:22Z", 59), ("2026-01-14 10:22 +01:00", 59)]
)
def test_a_time_with_its_offset_is_read_however_shops_write_it(brand: Brand, told: str, second: int) -> None:
    write(brand, ROW.replace("2026-01-14T10:22:05+01:00", told))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    read = stored(2026, 1, 14, 9, 22, second)
    assert brand.query("select ordered_at, updated_at from valid_crm.orders") == [(read, read)]


def test_every_order_and_touch_of_the_world_arrives_as_the_world_has_it(brand: Brand) -> None:
    brand.sandbox.write_exports(brand.exports)
    night = brand.load_exports(FIRST_MORNING)
    assert night.problems == ()
    now = int(FIRST_MORNING.timestamp())
    expected = {}
    for entry in brand.world.orders:
        if entry.ordered_at <= now:
            state = entry.state(now)
            cents = (entry.subtotal, entry.discount, entry.shipping, entry.tax, entry.total, state.refunded)
            expected[entry.order_id] = (
                entry.ordered_at, state.at, state.status, *(Decimal(amount) / 100 for amount in cents)
            )  # fmt: skip
    rows = brand.query(
        "select order_id, epoch(ordered_at)::bigint, epoch(updated_at)::bigint, status, subtotal, discount, shipping,"
        " tax, total, refunded from valid_crm.orders"
    )
    assert {row[0]: row[1:] for row in rows} == expected
    with (brand.exports / "touchpoints_20260302T030000Z.csv").open(encoding="utf-8-sig", newline="") as file:
        sent = {row["touch_id"]: keyed(row["visitor_id"]) for row in csv.DictReader(file)}
    assert dict(brand.query("select touch_id, visitor_hash from valid_crm.touchpoints")) == sent  # type: ignore


def test_no_address_and_no_visitor_id_is_written_anywhere(brand: Brand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    brand.sandbox.write_exports(brand.exports)
    write(brand, ROW, ROW.replace(",paid", ""), "just@one.example", name="orders_broken.csv")
    brand.load_exports(FIRST_MORNING)
    with (brand.exports / "touchpoints_20260302T030000Z.csv").open(encoding="utf-8-sig", newline="") as file:
        visitors = {row["visitor_id"].encode() for row in csv.DictReader(file)}
    assert len(visitors) > 300
    tables = brand.query(
        "select record::varchar from raw_crm.orders union all select record::varchar from raw_crm.touchpoints"
        " union all select record::varchar || failed_checks from quarantine.crm__orders"
    )
    text = b"\n".join([landed(brand), caplog.text.encode(), *(str(record).encode() for (record,) in tables)])
    files = b"".join(path.read_bytes() for path in brand.settings.data.rglob("*") if path.is_file())
    assert b"@" not in text
    assert set(re.findall(rb"\b[0-9a-f]{20}\b", text)) & visitors == set()
    assert re.findall(rb"@[\w.-]+\.example", files) == []
    assert [visitor for visitor in sorted(visitors)[:25] if visitor in files] == []


def test_a_missing_column_refuses_the_file_whole_and_the_other_files_go_on(brand: Brand) -> None:
    header = ORDERS.replace(",tax", "").replace(",currency", "")
    write(brand, ROW, header=header, name="orders_bad.csv")
    write(brand, order(7), name="orders_good.csv")
    night = brand.load_exports(FIRST_MORNING)
    (problem,) = night.problems
    for part in ("network crm", "stream orders", "orders_bad.csv (line 1)", "no column currency, tax", "Next: export"):
        assert part in problem
    assert brand.query("select order_id from valid_crm.orders") == [("O-7",)]


def test_an_empty_file_is_refused_by_name(brand: Brand) -> None:
    (brand.exports / "orders_1.csv").write_bytes(b"")
    (problem,) = brand.load_exports(FIRST_MORNING).problems
    assert "orders_1.csv (line 1) has no column" in problem


def test_a_row_with_a_field_missing_is_quarantined_with_its_line_and_the_others_go_on(brand: Brand) -> None:
    write(brand, order(1), order(2).replace(",EUR", ""), "", order(3) + ",extra", order(4))
    night = brand.load_exports(FIRST_MORNING)
    verdict = night.loads["orders"].verdict
    assert (verdict.accepted, verdict.rejected) == (2, 2)
    assert brand.query("select order_id from valid_crm.orders order by 1") == [("O-1",), ("O-4",)]
    rows = brand.query("select failed_checks, disposition, next_step from quarantine.crm__orders order by 1")
    assert [checks for checks, _, _ in rows] == [
        "orders_1.csv line 3: 15 fields instead of 16",
        "orders_1.csv line 5: 17 fields instead of 16",
    ]
    assert all(disposition == "rejected" and step for _, disposition, step in rows)
    (problem,) = night.problems
    assert "2 of 4 records are in quarantine" in problem
    assert "line 3" in problem


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        (",paid,", ",shipped,", "status: isin"),
        ("100.00", "a hundred", "subtotal: type"),
        ("100.00", "-100.00", "subtotal: greater_than_or_equal_to(0)"),
        ("112.99", "", "total: not_nullable"),
        (",EUR,", ",Euro,", "currency: str_matches"),
        ("2026-01-14T10:22:05+01:00", "14.01.2026", "ordered_at: type"),
    ],
)
def test_a_row_with_a_wrong_value_is_quarantined_by_order_and_check(
    brand: Brand, old: str, new: str, check: str
) -> None:
    write(brand, ROW.replace(old, new), order(2))
    brand.load_exports(FIRST_MORNING)
    ((key, checks),) = brand.query("select _key, failed_checks from quarantine.crm__orders")
    assert key == "de|O-1"
    assert check in str(checks)
    assert brand.query("select order_id from valid_crm.orders") == [("O-2",)]


@pytest.mark.parametrize("referrer", ["https://[x", "http://ex\u2100mple.com/"])
def test_a_referrer_that_is_no_url_is_unknown_and_stops_nothing(brand: Brand, referrer: str) -> None:
    header = "touch_id,shop,occurred_at,visitor_id,customer_email,utm_source,utm_medium,utm_campaign,landing_url"
    header += ",referrer"
    told = "T-{},de,2026-01-14T10:22:05+01:00,v,,,,,https://shop.example/,{}"
    rows = (told.format(1, referrer), told.format(2, "https://News.example/a"))
    write(brand, *rows, header=header, name="touchpoints_1.csv")
    write(brand, ROW)
    assert brand.load_exports(FIRST_MORNING).problems == ()
    found = brand.query("select touch_id, referrer_host from valid_crm.touchpoints order by touch_id")
    assert found == [("T-1", None), ("T-2", "news.example")]
    assert brand.query("select order_id from valid_crm.orders") == [("O-1",)]


@pytest.mark.parametrize("damage", ["encoding", "quotes"])
def test_a_file_that_cannot_be_read_to_its_end_is_refused_whole(
    brand: Brand, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE_ROWS", 50)
    bad = order(6).replace("Ann", "Änn") if damage == "encoding" else order(6).replace(",de,", ',"de,')
    path = brand.exports / "orders_1.csv"
    text = "\r\n".join([ORDERS, *(order(n) for n in range(1, 400)), bad, ""])
    path.write_bytes(text.encode("latin-1" if damage == "encoding" else "utf-8"))
    (problem,) = brand.load_exports(FIRST_MORNING).problems
    assert "orders_1.csv" in problem
    assert ("not UTF-8" if damage == "encoding" else "line 40") in problem
    assert "nothing of it was taken" in problem
    assert brand.query("select count(*) from raw_crm.orders") == [(0,)]
    path.write_bytes(text.replace(bad, order(6)).encode())
    assert brand.load_exports(FIRST_MORNING).problems == ()
    assert brand.query("select count(*) from valid_crm.orders") == [(399,)]


def test_the_same_content_is_landed_once_whatever_night_it_is_found(brand: Brand) -> None:
    write(brand, order(1), order(2))
    assert len(brand.load_exports(FIRST_MORNING).windows) == 1
    again = brand.load_exports(FIRST_MORNING + timedelta(days=1))
    assert (again.windows, again.loads["orders"].new_versions) == ((), 0)
    assert len(list(manifests(brand.settings.landing, "crm", "orders"))) == 1


def test_a_file_replaced_under_its_name_brings_the_changed_orders_only(brand: Brand) -> None:
    write(brand, order(1), order(2))
    brand.load_exports(FIRST_MORNING)
    write(brand, order(1), order(2).replace(",paid,", ",cancelled,"))
    night = brand.load_exports(FIRST_MORNING + timedelta(days=1))
    assert night.loads["orders"].new_versions == 1
    assert brand.query("select order_id, status from valid_crm.orders order by order_id, _observed_at") == [
        ("O-1", "paid"),
        ("O-2", "paid"),
        ("O-2", "cancelled"),
    ]


def test_columns_nobody_asked_for_are_left_out_and_order_is_free(brand: Brand) -> None:
    columns, values = ORDERS.split(","), ROW.split(",")
    write(brand, ",".join(reversed([*values, "0171 2345678"])), header=",".join(reversed([*columns, "phone"])))
    assert brand.load_exports(FIRST_MORNING).problems == ()
    assert brand.query("select order_id, total from valid_crm.orders") == [("O-1", Decimal("112.99"))]
    assert b"2345678" not in landed(brand)


def test_without_the_hash_key_nothing_is_read(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    write(brand, ROW)
    monkeypatch.delenv(HASH_KEY)
    night = brand.load_exports(FIRST_MORNING)
    (problem,) = night.problems
    assert f"env:{HASH_KEY}" in problem
    assert not brand.settings.landing.exists()
    assert brand.query("select count(*) from valid_crm.orders") == [(0,)]


def test_a_disk_that_fills_up_is_told_and_the_next_night_takes_the_whole_file(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE_ROWS", 2)
    write(brand, *(order(n) for n in range(1, 8)))
    whole, failing = pages.write_whole, {"0003.ndjson.zst"}

    def no_space(path: Path, content: bytes) -> None:
        if path.name in failing:
            raise OSError(28, "No space left on device")
        whole(path, content)

    with monkeypatch.context() as broken:
        broken.setattr(pages, "write_whole", no_space)
        (problem,) = brand.load_exports(FIRST_MORNING).problems
    for part in ("network crm", "stream orders", "free disk space", "pages already landed are kept"):
        assert part in problem
    assert brand.query("select count(*) from valid_crm.orders") == [(4,)]
    night = brand.load_exports(FIRST_MORNING + timedelta(days=1))
    assert night.problems == ()
    assert brand.query("select count(*), count(distinct order_id) from valid_crm.orders") == [(7, 7)]
