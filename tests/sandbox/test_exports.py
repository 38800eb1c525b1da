"""The shop's files: their form, their delta, and that they only know what has happened."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from affiliate_assets.sandbox import Sandbox, World

from .reference import read_csv, utc


def test_form_of_the_files(world: World, now: datetime, tmp_path: Path) -> None:
    """Byte order mark, documented columns, local times with offset, two decimals."""
    orders, touches = world.write_exports(tmp_path, now)
    assert (orders.name, touches.name) == ("orders_20260220T030000Z.csv", "touchpoints_20260220T030000Z.csv")
    assert orders.read_bytes().startswith(
        b"\xef\xbb\xbforder_id,shop,ordered_at,updated_at,status,currency,subtotal,discount,shipping,tax,total,refunded,"
        b"refunded_subtotal,voucher_code,customer_email,customer_type\r\nORD-500001,"
    )
    assert touches.read_bytes().startswith(
        b"\xef\xbb\xbftouch_id,shop,occurred_at,visitor_id,customer_email,utm_source,utm_medium,utm_campaign,landing_url,"
        b"referrer\r\nT000000001,"
    )
    for row in read_csv(orders):
        assert row["ordered_at"].endswith("+01:00")
        names = ("subtotal", "discount", "shipping", "tax", "total", "refunded", "refunded_subtotal")
        assert all(row[name][-3] == "." for name in names)
        subtotal, discount, shipping, tax, total, *_ = (Decimal(row[name]) for name in names)
        assert total == subtotal - discount + shipping + tax
        assert row["status"] in {"paid", "partially_refunded", "refunded", "cancelled"}


def test_offset_follows_summer_time(world: World, tmp_path: Path) -> None:
    """A change after the end of March is written with the summer offset."""
    orders, _ = world.write_exports(tmp_path, utc(2026, 6, 1))
    assert {row["updated_at"][-6:] for row in read_csv(orders)} == {"+01:00", "+02:00"}


def test_nothing_of_the_future(world: World, now: datetime, tmp_path: Path) -> None:
    """No row is younger than the clock."""
    orders, touches = world.write_exports(tmp_path, now)
    assert max(datetime.fromisoformat(row["updated_at"]) for row in read_csv(orders)) <= now
    assert max(datetime.fromisoformat(row["occurred_at"]) for row in read_csv(touches)) <= now


def test_delta_brings_an_old_file_up_to_date(world: World, now: datetime, tmp_path: Path) -> None:
    """An older full export overlaid with the delta since then is the newer full export."""
    before = now - timedelta(days=3)
    for name, key in (("orders", "order_id"), ("touchpoints", "touch_id")):
        place = 0 if name == "orders" else 1
        old = {row[key]: row for row in read_csv(world.write_exports(tmp_path / "old", before)[place])}
        delta = {row[key]: row for row in read_csv(world.write_exports(tmp_path / "delta", now, since=before)[place])}
        new = {row[key]: row for row in read_csv(world.write_exports(tmp_path / "new", now)[place])}
        assert 0 < len(delta) < len(new) - len(old) + len(old) // 4
        assert {**old, **delta} == new
        assert any(old.get(name) not in (None, row) for name, row in delta.items())


def test_visitors_become_known_with_their_order(world: World, now: datetime, tmp_path: Path) -> None:
    """Some touches carry no address; the customers of orders with touches do."""
    orders, touches = map(read_csv, world.write_exports(tmp_path, now))
    known = {row["customer_email"] for row in touches}
    assert "" in known
    assert known - {""} <= {row["customer_email"] for row in orders}


def test_sandbox_writes_as_of_its_clock(sandbox: Sandbox, world: World, tmp_path: Path) -> None:
    """The sandbox's files are the world's as of the clock."""
    sandbox.set_clock(utc(2026, 1, 20, 12))
    mine = sandbox.write_exports(tmp_path / "a")
    theirs = world.write_exports(tmp_path / "b", utc(2026, 1, 20, 12))
    assert [path.read_bytes() for path in mine] == [path.read_bytes() for path in theirs]
