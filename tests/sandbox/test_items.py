"""The lines of orders: they add up to what the shop tells of the order, whatever came back."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from affiliate_assets.crm.items import ORDER_ITEMS
from affiliate_assets.sandbox import World, WorldConfig, build_world

from .reference import read_csv, utc

NOW = utc(2026, 2, 20, 3)
SYSTEMS = (("us", "salesforce_opportunities"),)


@pytest.fixture(scope="module")
def itemised() -> World:
    """A world whose German and British shops export lines; the American orders are kept in a system."""
    return build_world(WorldConfig(seed=5, days=50, items=True, systems=SYSTEMS))


def test_lines_add_up_to_their_orders(itemised: World, tmp_path: Path) -> None:
    """Each order of the shops' file has its lines, and the same goods, discount and goods given back."""
    orders, _, items, *_ = itemised.write_exports(tmp_path, NOW)
    found: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in read_csv(items):
        found[row["shop"], row["order_id"]].append(row)
    told = {(row["shop"], row["order_id"]): row for row in read_csv(orders)}
    assert {shop for shop, _ in told} == {"de", "uk"}
    assert found.keys() == told.keys()
    for key, order in told.items():
        for amount in ("subtotal", "discount", "refunded_subtotal"):
            lines = [Decimal(row[amount]) for row in found[key]]
            assert min(lines) >= 0
            assert sum(lines) == Decimal(order[amount]), (key, amount)
        assert {row["updated_at"] for row in found[key]} == {order["updated_at"]}
    assert {len(lines) for lines in found.values()} == {1, 2, 3, 4}
    back = [row for lines in found.values() for row in lines if Decimal(row["refunded_subtotal"])]
    assert any(row["refunded_quantity"] == row["quantity"] for row in back)
    assert any(Decimal(row["refunded_subtotal"]) < Decimal(row["subtotal"]) - Decimal(row["discount"]) for row in back)


def test_the_file_has_the_columns_of_the_stream(itemised: World, tmp_path: Path) -> None:
    """What the project reads, and nothing else."""
    _, _, items, *_ = itemised.write_exports(tmp_path, NOW)
    assert set(read_csv(items)[0]) == set(ORDER_ITEMS.columns)


def test_lines_change_no_order(itemised: World) -> None:
    """A world has the same orders and conversions without lines."""
    without = build_world(WorldConfig(seed=5, days=50, systems=SYSTEMS))
    assert without.truth(NOW).equals(itemised.truth(NOW))
