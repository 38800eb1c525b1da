"""What a conversion costs, observation by observation: the same as plain Python tells, and never rewritten later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiled import Compiled

FIRST = datetime(2026, 1, 1, 3)  # noqa: DTZ001
MODEL = "int_conversions__cost_changes"
RATE = Decimal("0.25")


@dataclass(frozen=True)
class Version:
    """A row of the network as it was seen on a day."""

    row: str
    day: int
    status: str | None
    commission: int

    @property
    def kind(self) -> str:
        return "original" if self.row == "sale" else "adjustment"


@pytest.fixture(scope="module")
def model(compiled: Compiled) -> str:
    sql = compiled.nodes[f"model.affiliate_assets.{MODEL}"]["compiled_code"]
    return re.sub(r'"\w+"\.("\w+"\."\w+")', r'"memory".\1', sql)


@pytest.fixture(scope="module")
def brand() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema intermediate; create schema seeds; set threads = 1")
        connection.execute("create table seeds.currencies as select 'EUR' as currency, 2 as minor_unit_digits")
        connection.execute(
            "create table intermediate.int_conversions__keyed as select 'c' as conversion_key, 'awin' as network,"
            " '1' as account_id, 'p' as publisher_id, 'original' as row_kind, timestamp '2026-01-01' as occurred_at,"
            " 'EUR' as publisher_commission_currency, null::decimal(18, 6) as advertiser_cost,"
            " null::varchar as advertiser_cost_currency"
        )
        connection.execute(
            "create table intermediate.int_terms__known as select 't' as term_id, 'awin' as network,"
            " null::varchar as account_id, null::varchar as publisher_id, null::varchar as partner_group,"
            " null::varchar as voucher_code, null::varchar as customer_type, true as is_known,"
            f" {RATE}::decimal(18, 6) as network_fee_rate, timestamp '2025-01-01' as valid_from_at,"
            " null::timestamp as valid_to_at"
        )
        connection.execute(
            "create table intermediate.int_conversion_events__unioned (conversion_key varchar, network_row_id varchar,"
            " version_number integer, observed_at timestamp, row_kind varchar, status varchar,"
            " publisher_commission_delta decimal(18, 6), advertiser_cost_delta decimal(18, 6))"
        )
        yield connection


def changes(
    brand: duckdb.DuckDBPyConnection, model: str, versions: Sequence[Version]
) -> list[tuple[int, Decimal, Decimal]]:
    """Day, change of the commission and of the fee, by the model."""
    brand.execute("delete from intermediate.int_conversion_events__unioned")
    before: dict[str, tuple[int, int]] = {}
    for version in sorted(versions, key=lambda version: version.day):
        number, amount = before.get(version.row, (0, 0))
        before[version.row] = (number + 1, version.commission)
        brand.execute(
            "insert into intermediate.int_conversion_events__unioned values ('c', ?, ?, ?, ?, ?, ?, null)",
            [
                version.row,
                number + 1,
                FIRST + timedelta(days=version.day),
                version.kind,
                version.status,
                version.commission - amount,
            ],
        )
    rows = brand.execute(
        f"select date_diff('day', date '2026-01-01', observed_at::date), commission_change, fee_change from ({model})"
        " order by observed_at"
    ).fetchall()
    return [(day, commission, fee) for day, commission, fee in rows]


def owed_on(versions: Sequence[Version], day: int) -> int:
    """What is owed by the rows as they were last seen: nothing of a sale, or rows without one, that were declined."""
    seen: dict[str, Version] = {}
    for version in sorted(versions, key=lambda version: version.day):
        if version.day <= day:
            seen[version.row] = version
    speaking = [seen["sale"]] if "sale" in seen else seen.values()
    if any(version.status in ("reversed", "deleted") for version in speaking):
        return 0
    return sum(version.commission for version in seen.values())


VERSIONS = st.lists(
    st.builds(
        Version,
        row=st.sampled_from(["sale", "sale", "taken back", "restated"]),
        day=st.integers(0, 6),
        status=st.sampled_from(["pending", "approved", "reversed", "deleted", "untracked_status", None]),
        commission=st.integers(-40, 40),
    ),
    max_size=8,
    unique_by=lambda version: (version.row, version.day),
)


@given(versions=VERSIONS)
@settings(max_examples=80)
def test_each_day_costs_what_was_owed_then_and_later_days_change_none_before(
    brand: duckdb.DuckDBPyConnection, model: str, versions: list[Version]
) -> None:
    told = changes(brand, model, versions)
    for day in range(7):
        owed = owed_on(versions, day)
        assert sum(commission for on, commission, _ in told if on <= day) == owed
        assert sum(fee for on, _, fee in told if on <= day) == owed * RATE
        known_then = [version for version in versions if version.day <= day]
        assert changes(brand, model, known_then) == [change for change in told if change[0] <= day]
    assert all(commission or fee for _, commission, fee in told)
