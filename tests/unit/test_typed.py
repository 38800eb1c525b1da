"""JSON values → typed columns: what fits is exact, what does not fit is named."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandera.polars as pa
import pytest

from affiliate_assets.connectors.language import Stream
from affiliate_assets.connectors.schema import flag, instant, integer, money, text
from affiliate_assets.landing.typed import type_records
from affiliate_assets.landing.warehouse import connection
from tests.unit.support import stored

SCHEMA = pa.DataFrameSchema(
    {
        "name": text("name", "Name."),
        "total": money("sums.total", "Total."),
        "number": integer("number", "Number."),
        "paid": flag("paid", "Paid."),
        "sold_at": instant("soldAt", "Sale."),
    }
)
STREAM = Stream(name="sales", description="A sale.", key=("id",), schema=SCHEMA)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection(tmp_path / "affiliate.duckdb") as opened:
        yield opened


def typed(warehouse: duckdb.DuckDBPyConnection, field: str, column: str) -> tuple[Any, str | None, str | None]:
    """The column's value, the unfit and the retyped columns of a record with one field."""
    origin = ", ".join(f"null::varchar as {name}" for name in ("_account_id", "_page_id", "_load_id", "_run_id"))
    source = (
        f"select $record::json as record, {origin}, 'UTC' as _time_zone,"
        " null::timestamp as _observed_at, null::timestamp as _fetched_at"
    )
    assert type_records(warehouse, STREAM, source, {"record": f'{{"id": 1, {field}}}'}) == 1
    row: tuple[Any, str | None, str | None] = warehouse.execute(
        f"select {column}, _unfit, _retyped from work.arrived"
    ).fetchall()[0]
    return row


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("5.88", "5.88"),
        ('"5.88"', "5.88"),
        ("0.1", "0.1"),
        ("-12", "-12"),
        ("1e3", "1000"),
        ("9999999999.123456", "9999999999.123456"),
        ('"99999999999.123456"', "99999999999.123456"),
        ("99999999999.123456", "99999999999.123456"),
        ("0.30000000000000004", "0.3"),
    ],
)
def test_money_is_exact_from_numbers_and_texts(warehouse: duckdb.DuckDBPyConnection, sent: str, value: str) -> None:
    assert typed(warehouse, f'"sums": {{"total": {sent}}}', "total") == (Decimal(value), None, None)


@pytest.mark.parametrize(
    ("field", "column", "value"),
    [
        ('"name": "Ab\\u00e9 \\"\\/\\" 汉"', "name", 'Abé "/" 汉'),
        ('"name": ""', "name", None),
        ('"name": null', "name", None),
        ('"other": 1', "name", None),
        ('"number": 12', "number", 12),
        ('"number": "12"', "number", 12),
        ('"number": 12.0', "number", 12),
        ('"number": 9007199254740993', "number", 9007199254740993),
        ('"number": ""', "number", None),
        ('"paid": false', "paid", False),
        ('"paid": "true"', "paid", True),
        ('"soldAt": "2026-03-29T02:30:00+02:00"', "sold_at", stored(2026, 3, 29, 0, 30)),
        ('"soldAt": "2026-03-29T02:30:00"', "sold_at", stored(2026, 3, 29, 2, 30)),
    ],
)
def test_what_fits_is_typed_and_an_empty_text_is_unknown(
    warehouse: duckdb.DuckDBPyConnection, field: str, column: str, value: object
) -> None:
    assert typed(warehouse, field, column) == (value, None, None)


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ('"sums": {"total": "1,234.50"}', "total"),
        ('"sums": {"total": true}', "total"),
        ('"number": 1.5', "number"),
        ('"number": "x"', "number"),
        ('"number": [1]', "number"),
        ('"number": 12345678901234567890', "number"),
        ('"paid": 1.5', "paid"),
        ('"soldAt": 1700000000', "sold_at"),
        ('"soldAt": "yesterday"', "sold_at"),
    ],
)
def test_what_does_not_fit_is_unknown_and_named(warehouse: duckdb.DuckDBPyConnection, field: str, column: str) -> None:
    assert typed(warehouse, field, column) == (None, column, None)


@pytest.mark.parametrize(("sent", "value"), [("17", "17"), ("true", "true"), ('{"a":1}', '{"a":1}'), ("[]", "[]")])
def test_a_text_that_came_as_something_else_is_kept_and_named(
    warehouse: duckdb.DuckDBPyConnection, sent: str, value: str
) -> None:
    assert typed(warehouse, f'"name": {sent}', "name") == (value, None, "name")


@pytest.mark.parametrize(("sent", "key"), [("17", "17"), ('"a-1"', "a-1"), ("null", None), ("[1]", None), ("{}", None)])
def test_the_key_is_the_text_of_a_single_value(
    warehouse: duckdb.DuckDBPyConnection, sent: str, key: str | None
) -> None:
    stream = Stream(name="sales", description="A sale.", key=("number",), schema=SCHEMA)
    origin = ", ".join(f"null::varchar as {name}" for name in ("_account_id", "_page_id", "_load_id", "_run_id"))
    source = (
        f"select $record::json as record, {origin}, 'UTC' as _time_zone,"
        " null::timestamp as _observed_at, null::timestamp as _fetched_at"
    )
    type_records(warehouse, stream, source, {"record": f'{{"number": {sent}}}'})
    assert warehouse.execute("select _key from work.arrived").fetchall() == [(key,)]


@pytest.mark.parametrize("sent", ["{}", "[]", "null", '""'])
@pytest.mark.parametrize(
    ("field", "column"), [('"sums": {"total": %s}', "total"), ('"number": %s', "number"), ('"paid": %s', "paid")]
)
def test_empty_json_is_no_number_and_no_flag(
    warehouse: duckdb.DuckDBPyConnection, sent: str, field: str, column: str
) -> None:
    assert typed(warehouse, field % sent, column) == (None, None, None)


@pytest.mark.parametrize("sent", ["{}", "[]"])
def test_empty_json_is_no_time(warehouse: duckdb.DuckDBPyConnection, sent: str) -> None:
    assert typed(warehouse, f'"soldAt": {sent}', "sold_at") == (None, None, None)


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("1,204.50", "1204.50"),
        ("-1,234,567", "-1234567"),
        ("45.00", "45"),
        ("1.204,00", None),
        ("1,5", None),
        ("12,34.00", None),
    ],
)
def test_thousands_are_left_out_of_a_number_that_is_written_so_throughout(
    warehouse: duckdb.DuckDBPyConnection, sent: str, value: str | None
) -> None:
    schema = pa.DataFrameSchema({"total": money("total", "Total.", grouping=",")})
    stream = Stream(name="sales", description="A sale.", key=("id",), schema=schema)
    origin = ", ".join(f"null::varchar as {name}" for name in ("_account_id", "_page_id", "_load_id", "_run_id"))
    source = (
        f"select $record::json as record, {origin}, 'UTC' as _time_zone,"
        " null::timestamp as _observed_at, null::timestamp as _fetched_at"
    )
    type_records(warehouse, stream, source, {"record": f'{{"id": 1, "total": "{sent}"}}'})
    ((total, unfit),) = warehouse.execute("select total, _unfit from work.arrived").fetchall()
    assert (total, unfit) == (None if value is None else Decimal(value), None if value else "total")
