"""Rows that come late, and in another order: nights on one warehouse end at what one build of all rows gives."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.compiled import Compiled, models
from tests.dbt import brand
from tests.dbt.conftest import Build, rebuilt
from tests.dbt.warehouse import insert

NIGHTS = 3
CUSTOMERS, ORDERS, TOUCHES = 12, 30, 90
Rows = list[tuple[str, brand.Row]]


def instant(random: Random) -> str:
    """Noon of one of so few days that touches and orders are of the same moment at times."""
    day = random.randrange(42)
    return f"2026-{1 + day // 31:02d}-{1 + day % 31:02d} 12:00:00"


def versions(random: Random, night: int, first: brand.Row, *later: brand.Row) -> Iterator[tuple[int, brand.Row]]:
    """A row as it is first exported, and as it is changed in later nights, if there are any."""
    yield night, first | {"_observed_at": f"2026-03-0{1 + night} 03:00:00"}
    for number, changes in enumerate(later):
        night = random.randint(night, NIGHTS)
        observed_at, row_hash = f"2026-03-0{1 + night} 03:00:0{1 + number}", f"{first['_row_hash']}-{number}"
        if night < NIGHTS:
            yield night, first | changes | {"_observed_at": observed_at, "_row_hash": row_hash}


def world(random: Random) -> list[Rows]:
    """The rows of each night: orders, touches of customers and of browsers known later or shared, and claims."""
    nights: list[Rows] = [[] for _ in range(NIGHTS)]

    def export(table: str, first: brand.Row, *later: brand.Row) -> None:
        for night, row in versions(random, random.randrange(NIGHTS), first, *later):
            nights[night].append((table, row))

    for number in range(ORDERS):
        name, sale = f"{4000 + number}", Decimal(random.randrange(500, 20000)).scaleb(-2)
        customer = f"customer-{random.randrange(CUSTOMERS)}"
        ordered_at = instant(random)
        ends: list[brand.Row] = random.choice(
            (
                [],
                [{"status": "cancelled", "updated_at": "2026-02-20 12:00:00"}],
                [
                    {
                        "status": "partially_refunded",
                        "refunded_subtotal": Decimal(1),
                        "updated_at": "2026-02-20 12:00:00",
                    }
                ],
            )
        )
        export(
            "valid_crm.orders",
            brand.order(name, str(sale), ordered_at=ordered_at, updated_at=ordered_at, customer_hash=customer),
            *ends,
        )
        if random.random() < 0.5:
            claim = brand.awin(number, name, str(sale), transaction_date=ordered_at, click_date=None)
            export("valid_awin.transactions", claim, {"commission_status": random.choice(("approved", "declined"))})
        if random.random() < 0.3:
            claim = brand.cj(f"{number}", f"f{number}", name, str(sale), event_date=ordered_at, click_date=ordered_at)
            export("valid_cj.commissions", claim)
    for number in range(TOUCHES):
        # Every third one opens at the same moment as the one before it.
        if number % 3 < 2:
            browser, at = random.randrange(2 * CUSTOMERS), instant(random)
        customer = f"customer-{browser % CUSTOMERS if random.random() < 0.9 else random.randrange(CUSTOMERS)}"
        click = random.randrange(TOUCHES // 2)
        landing: brand.Row = random.choice(
            (
                {"landing_url": brand.CJEVENT.format(f"cj{click}")},
                {"landing_url": brand.AWC.format(1767340800 + click, f"aw{click}")},
                {"landing_url": f"https://shop.example/?gclid=g{click}", "utm_medium": "cpc", "utm_source": "google"},
                {"utm_medium": "email", "utm_source": "klaviyo"},
                {},
            )
        )
        known = random.random() < 0.4
        seen = brand.touch(f"t{number}", customer if known else None, at, visitor_hash=f"browser-{browser}", **landing)
        export("valid_crm.touchpoints", seen, *([{"customer_hash": customer}] if random.random() < 0.2 else []))
    return nights


def brand_without_rows(folder: Path, compiled: Compiled) -> Path:
    folder.mkdir()
    warehouse = folder / "affiliate.duckdb"
    brand.begin(warehouse, compiled.prefixes)
    return warehouse


def arrive(warehouse: Path, rows: Rows) -> None:
    for table in sorted({table for table, _ in rows}):
        insert(warehouse, table, *(row for other, row in rows if other == table))


@pytest.mark.parametrize("seed", range(2))
def test_late_touches_orders_and_claims_change_what_one_build_of_everything_would(
    compiled: Compiled, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    nights = world(random)
    nightly = brand_without_rows(tmp_path / "nightly", compiled)
    seen = list[dict[str, tuple[int, str | None]]]()
    for rows in nights:
        arrive(nightly, rows)
        seen.append(rebuilt(compiled, nightly, models).checksums())
    everything = [row for rows in nights for row in rows]
    random.shuffle(everything)
    at_once = brand_without_rows(tmp_path / "at_once", compiled)
    arrive(at_once, everything)
    built: Build = rebuilt(compiled, at_once, models)
    assert built.checksums() == seen[-1]
    for mart in ("fct_attribution_touches", "fct_attribution_credits", "rpt_top_paths", "rpt_publisher_value"):
        assert len({night[mart] for night in seen}) == NIGHTS, mart
    [(paths, changed)] = built.query(
        "select (select count(*) from intermediate.int_paths__aggregated where touch_count > 1 and conversions > 0),"
        " (select count(*) from marts.fct_attribution_credit_changes)"
    )
    assert paths > 3
    assert changed > 0
