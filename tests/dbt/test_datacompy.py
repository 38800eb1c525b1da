"""Against datacompy on random frames with unique keys: the same rows match, differ, or are on one side alone."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.compiled import Compiled
from tests.dbt import brand
from tests.dbt.conftest import PROJECT, Build, rebuilt
from tests.dbt.warehouse import insert
from tests.environments import made_of

ROOT = PROJECT.parent
# Made by `make compare`; its dependencies are not those of the package.
FOLDER = ROOT / "benchmarks" / "peers"
PEERS = Path(os.environ.get("AFFILIATE_PEERS", FOLDER / ".venv"))
SCRIPT = FOLDER / "datacompy_sides.py"
SEEDS = (1, 2, 3)
SIDES = {
    "matched": {"matched"},
    "differing": {"amount_mismatch"},
    "left_only": {"missing_in_crm"},
    "right_only": {"not_affiliate"},
}

Frame = dict[str, str]


def random_frames(seed: int) -> tuple[Frame, Frame]:
    """Amounts by id of a network and of a shop: ids of every shape, amounts equal, a cent apart, or anything."""
    draw = random.Random(seed)
    network: Frame = {}
    shop: Frame = {}
    for number in range(400):
        # A first digit for each seed keeps the frames apart, none of them with zeros in front.
        name = f"{seed}{number:03d}" + "".join(draw.choices("ABCDEFGH0123456789", k=draw.randint(0, 40)))
        amount = Decimal(draw.randint(1, 1_000_000)) / 100
        place = draw.random()
        if place < 0.8:
            shop[name] = f"{amount:.2f}"
        if place > 0.2:
            other = amount + draw.choice((0, 0, 0, Decimal("0.01"), Decimal(draw.randint(1, 9999)) / 100))
            network[name] = f"{other:.2f}"
    return network, shop


@pytest.fixture(scope="module")
def reconciled(tmp_path_factory: pytest.TempPathFactory, compiled: Compiled) -> Build:
    """All frames in one warehouse, and the models that match and compare them."""
    warehouse = tmp_path_factory.mktemp("frames") / "affiliate.duckdb"
    brand.begin(warehouse, compiled.prefixes)
    insert(warehouse, "config.accounts", {"network": "awin", "account_id": "1001"})
    number = 0
    for seed in SEEDS:
        network, shop = random_frames(seed)
        rows = []
        for name, amount in network.items():
            number += 1
            rows.append(brand.awin(number, name, amount, click_date=None))
        insert(warehouse, "valid_awin.transactions", *rows)
        insert(warehouse, "valid_crm.orders", *(brand.order(name, amount) for name, amount in shop.items()))
    # The shop knows of everything that was sold: an order a day later makes all of them comparable.
    late = "2026-01-13 12:00:00"
    insert(warehouse, "valid_crm.orders", brand.order("LAST", "1.00", ordered_at=late, updated_at=late))
    return rebuilt(compiled, warehouse, compiled.upstream("int_conversions__compared", "int_orders__matched"))


@pytest.mark.skipif(not made_of(PEERS, FOLDER / "requirements.txt"), reason="datacompy is not installed: make compare")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_rows_as_datacompy(seed: int, reconciled: Build, tmp_path: Path) -> None:
    frames = random_frames(seed)
    paths = (tmp_path / "network.csv", tmp_path / "shop.csv")
    for path, frame in zip(paths, frames, strict=True):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "amount"), *frame.items()])
    answer = subprocess.run(
        [PEERS / "bin" / "python", SCRIPT, *paths], capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode == 0, answer.stderr
    theirs = json.loads(answer.stdout)
    assert all(len(theirs[side]) > 20 for side in SIDES)
    assert ours(reconciled, f"{seed}") == theirs


def ours(build: Build, first_digit: str) -> dict[str, list[str]]:
    """Ids by what the models say of them; those on both sides are told alike by both."""
    with duckdb.connect(str(build.warehouse), read_only=True) as connection:
        network = dict(
            connection.execute(
                """
                select c.order_id, compared.class
                from intermediate.int_conversions__compared as compared
                inner join intermediate.int_conversions__keyed as c using (conversion_key)
                where substr(c.order_id, 1, 1) = ?
                """,
                [first_digit],
            ).fetchall()
        )
        shop = dict(
            connection.execute(
                """
                select o.order_id, matched.class
                from intermediate.int_orders__matched as matched
                inner join intermediate.int_orders__keyed as o using (order_key)
                where substr(o.order_id, 1, 1) = ?
                """,
                [first_digit],
            ).fetchall()
        )
    assert all(network[name] == shop[name] for name in network.keys() & shop.keys())
    told = network | shop
    return {side: sorted(name for name, found in told.items() if found in classes) for side, classes in SIDES.items()}
