"""The exports of CRM systems: in the form of their samples, and of the same orders as the shop's file."""

import csv
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from affiliate_assets.sandbox import World, WorldConfig, build_world

from .reference import read_csv, utc

NOW = utc(2026, 2, 20, 3)


@pytest.fixture(scope="module")
def kept() -> World:
    """A world whose British and American orders are kept in systems."""
    systems = (("uk", "hubspot_deals"), ("us", "salesforce_opportunities"))
    return build_world(WorldConfig(seed=5, days=50, systems=systems))


@pytest.fixture(scope="module")
def exported(kept: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Its files by the word that their name begins with."""
    files = kept.write_exports(tmp_path_factory.mktemp("exports"), NOW)
    return {re.split(r"[-_\d]", file.name)[0]: file for file in files}


def test_orders_are_where_they_are_kept(kept: World, exported: dict[str, Path]) -> None:
    """The shop's file has no row of the other shops, and each of their orders is in its system's export."""
    assert {row["shop"] for row in read_csv(exported["orders"])} == {"de"}
    for word, place, title in (("hubspot", 1, "Order number"), ("report", 2, "Opportunity-Name")):
        mine = {order.order_id for order in kept.orders if order.shop == place and order.ordered_at <= NOW.timestamp()}
        found = {
            match.group()
            for row in rows_of(exported[word])
            if (match := re.search(r"ORD-[0-9][^ ]*", row[title] or ""))
        }
        assert found == mine


def test_deals_are_as_hubspot_writes_them(exported: dict[str, Path]) -> None:
    """Byte order mark, every cell quoted, minutes without a zone; a double is merged, an offer names no order."""
    content = exported["hubspot"].read_bytes()
    assert content.startswith(b'\xef\xbb\xbf"Record ID","Deal Name","Deal Stage","Pipeline","Amount","Currency"')
    rows = rows_of(exported["hubspot"])
    assert all(datetime.strptime(row["Create Date"], "%Y-%m-%d %H:%M") for row in rows)  # noqa: DTZ007
    ids = {row["Record ID"] for row in rows}
    assert len(ids) == len(rows)
    merged = {row["Merged object IDs"] for row in rows} - {""}
    assert merged
    assert not merged & ids
    offers = [row for row in rows if row["Deal Stage"] == "New"]
    assert offers
    assert {row["Order number"] for row in offers} == {""}
    # An order that two deals name has not been merged yet.
    named = [row["Order number"] for row in rows if row["Order number"]]
    assert len(named) > len(set(named))


def test_opportunities_are_as_salesforce_writes_them(kept: World, exported: dict[str, Path]) -> None:
    """ISO-8859-1, decimal comma, line ends in cells, a footer below a blank line; the name tells the instant."""
    path = exported["report"]
    assert path.name == f"report{int(NOW.timestamp())}000.csv"
    text = path.read_bytes().decode("iso-8859-1")
    table, footer = text.split("\n\n\n\n")
    assert footer.startswith('"Webshop-Opportunities"\n')
    assert "\r\n" in table
    rows = rows_of(path)
    assert {len(row["Opportunity-ID"]) for row in rows} == {15}
    orders = {order.order_id: order for order in kept.orders}
    for row in rows:
        order = orders[row["Opportunity-Name"].split()[1]]
        whole = row["Betrag"].replace(".", "").replace(",", ".")
        assert Decimal(whole) == Decimal(order.net) / 100


def test_every_export_holds_all_records(kept: World, tmp_path: Path) -> None:
    """The shop's file is a delta; a system's is whole."""
    _, _, deals, opportunities = kept.write_exports(tmp_path / "delta", NOW, utc(2026, 2, 19, 3))
    _, _, *whole = kept.write_exports(tmp_path / "whole", NOW)
    assert [deals.read_bytes(), opportunities.read_bytes()] == [path.read_bytes() for path in whole]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Records above the first blank line."""
    encoding = "iso-8859-1" if path.name.startswith("report") else "utf-8-sig"
    with path.open(encoding=encoding, newline="") as file:
        table = file.read().split("\n\n\n\n")[0]
    return list(csv.DictReader(table.splitlines(keepends=True)))
