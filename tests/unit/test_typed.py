"""JSON values → typed columns: what fits is exact, what does not fit is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
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
        ('"9999999999.999999"', "9999999999.999999"),
        ("-9999999999.123456", "-9999999999.123456"),
        ("0.30000000000000004", "0.3"),
    ],
)
def test_money_is_exact_from_numbers_and_texts(warehouse: duckdb.DuckDBPyConnection, sent: str, value: str) -> None:
    assert typed(warehouse, f'"sums": {{"total": {sent}}}', "total") == (Decimal(value), None, None)


@pytest.mark.parametrize("sent", ["10000000000", '"10000000000.00"', "-123456789012.5", "1e10", "9999999999.9999999"])
def test_ten_billions_are_a_mistake(warehouse: duckdb.DuckDBPyConnection, sent: str) -> None:
    assert typed(warehouse, f'"sums": {{"total": {sent}}}', "total") == (None, "total", None)


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
        ('"number": 1e-7', "number"),
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


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("17", "17"),
        ('"a-1"', "a-1"),
        ('"{0A1}"', "{0A1}"),
        ('"[1]"', "[1]"),
        ('""', None),
        ("null", None),
        ("[1]", None),
        ("{}", None),
    ],
)
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


ODD = [
    *("5.88", "5.880", "1e3", "1E+3", "1.5e17", "-1.5e18", "1e17", "1e-7", "2.5e-07", "-0", "-0.0", "12.0", "1.7e9"),
    *("99999999999.123456", "1234567890.1234567", "0.30000000000000004", "9007199254740993", "12345678901234567890"),
    *("123456789012345678901", "9223372036854775808", "1700000000", "20260301", "true", "false", "null", "1", "0"),
    *("[]", "{}", "[1]", '["a","b"]', '{"a":1.50,"b":[1,"x"]}', '""', '" "', '"null"', '"e"', '"#"', '"!"', '"-"'),
    *('"5.88"', '" 5.88"', '"1e3"', '"1.5e17"', '"12.0"', '"12345678901.1234"', '"1234567890123.1234567"', '"0"'),
    *('"t"', '"true"', '"yes"', '"NaN"', '"{}"', '"[1]"', '"1,204.50"', '"-1,234,567,890.50"', '"汉字"', '"a b"'),
    *('"2026-03-29"', '"2026-03-29T02:30:00"', '"2026-03-29 02:30:00Z"', '"2026-03-29T02:30:00+02:00"'),
    *('"0000-00-00"', '"29/03/2026"', '"1700000000"'),
]
COLUMNS = {
    "name": text("name", "A text."),
    "inner": text("o.inner", "A text inside an object."),
    "total": money("total", "An amount."),
    "inner_total": money("o.total", "An amount inside an object."),
    "grouped": money("grouped", "An amount with thousands.", grouping=","),
    "number": integer("number", "A number."),
    "id": integer("id", "A number that is the key."),
    "paid": flag("paid", "A flag."),
    "sold_at": instant("soldAt", "An instant."),
    "seconds": instant("seconds", "An instant in seconds.", form="unix"),
    "micros": instant("micros", "An instant in microseconds.", form="unix_us"),
    "day": instant("day", "A day.", form="%d/%m/%Y"),
    "last": instant("last", "An instant that may be told to the minute.", is_last=True),
}
ODD_STREAM = Stream(name="sales", description="A sale.", key=("id",), schema=pa.DataFrameSchema(COLUMNS))


def typed_rows(
    warehouse: duckdb.DuckDBPyConnection, records: list[str], exported: str | None = None
) -> list[tuple[Any, ...]]:
    """Key, columns, unfit and retyped columns of records of `ODD_STREAM`."""
    origin = ", ".join(f"null::varchar as {name}" for name in ("_account_id", "_page_id", "_load_id", "_run_id"))
    source = (
        f"select unnest($records)::json as record, {origin}, 'Europe/Berlin' as _time_zone,"
        " $exported::timestamp as _observed_at, null::timestamp as _fetched_at"
    )
    assert type_records(warehouse, ODD_STREAM, source, {"records": records, "exported": exported}) == len(records)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    return warehouse.execute(f"select _key, {names}, _unfit, _retyped from work.arrived order by rowid").fetchall()


def odd_records(value: str, extra: str) -> list[str]:
    """The value in each column alone, beside another field."""
    tops = ("name", "total", "grouped", "number", "id", "paid", "soldAt", "seconds", "micros", "day", "last")
    found = [f'{{"{name}":{value},{extra}}}' for name in tops]
    return [*found, *(f'{{"o":{{"{name}":{value}}},{extra}}}' for name in ("inner", "total"))]


@pytest.mark.parametrize("extra", [r'"other":"\u0041\/"', r'"other":{"a":["\\"]}'])
def test_what_else_is_in_a_record_changes_none_of_its_values(warehouse: duckdb.DuckDBPyConnection, extra: str) -> None:
    plain = typed_rows(warehouse, [record for value in ODD for record in odd_records(value, '"other":"A"')])
    assert typed_rows(warehouse, [record for value in ODD for record in odd_records(value, extra)]) == plain


def test_a_record_among_others_has_the_values_that_it_has_alone(warehouse: duckdb.DuckDBPyConnection) -> None:
    records = [record for value in ODD for record in odd_records(value, '"other":"A"')]
    together = typed_rows(warehouse, records)
    assert together[::7] == [typed_rows(warehouse, [record])[0] for record in records[::7]]


@pytest.mark.parametrize("number", ["1e3", "1.5e3", "-2.25e+2", "1.5E-5", "1e-7", "1.5e11", "12e0", "1.5e17", "1e17"])
def test_a_number_with_an_exponent_is_the_same_number(warehouse: duckdb.DuckDBPyConnection, number: str) -> None:
    (row,) = typed_rows(warehouse, [f'{{"total":{number},"number":{number}}}'])
    found, exact = dict(zip(("key", *COLUMNS), row, strict=False)), Decimal(number)
    assert found["total"] == (exact.quantize(Decimal("1e-6")) if abs(exact) < 10**10 else None)
    if exact == int(exact):
        assert found["number"] == int(exact)


@pytest.mark.parametrize("sent", ["9007199254740993", "9223372036854775807", '"-9223372036854775808"'])
def test_seconds_that_no_calendar_has_are_named(warehouse: duckdb.DuckDBPyConnection, sent: str) -> None:
    assert typed_rows(warehouse, [f'{{"seconds":{sent}}}'])[0][-2] == "seconds"


@pytest.mark.parametrize(
    ("sent", "exported", "value"),
    [
        ("2026-01-14 09:21", None, "2026-01-14 08:21:59"),
        ("2026-01-14T09:21", None, "2026-01-14 08:21:59"),
        ("2026-01-14", None, "2026-01-14 22:59:59"),
        # The days on which clocks are set have 23 and 25 hours.
        ("2026-03-29", None, "2026-03-29 21:59:59"),
        ("2026-10-25", None, "2026-10-25 22:59:59"),
        # Whoever tells seconds means them.
        ("2026-01-14 09:21:00", None, "2026-01-14 08:21:00"),
        ("2026-01-14T09:21:05.250+01:00", None, "2026-01-14 08:21:05.250"),
        ("2026-01-14 09:21:05 +0100", None, "2026-01-14 08:21:05"),
        ("2026-01-14T09:21+01:00", None, "2026-01-14 08:21:59"),
        ("2026-01-14 9:21 -0530", None, "2026-01-14 14:51:59"),
        ("2026-01-14T09:21Z", None, "2026-01-14 09:21:59"),
        # An export tells nothing of what comes after it, unless a clock is wrong.
        ("2026-01-14 09:21", "2026-01-14 08:21:30", "2026-01-14 08:21:30"),
        ("2026-01-14", "2026-01-14 12:00:00", "2026-01-14 12:00:00"),
        ("2026-01-14 09:21", "2026-01-14 08:00:00", "2026-01-14 08:21:59"),
        ("2026-01-14T09:21+01:00", "2026-01-14 08:21:30", "2026-01-14 08:21:30"),
        ("soon", "2026-01-14 08:00:00", None),
        ("2026-01-14 +0100", None, None),
    ],
)
def test_a_minute_or_a_day_is_its_last_second_where_that_is_wanted(
    warehouse: duckdb.DuckDBPyConnection, sent: str, exported: str | None, value: str | None
) -> None:
    (row,) = typed_rows(warehouse, [f'{{"last":"{sent}"}}'], exported)
    found = dict(zip(("key", *COLUMNS, "unfit"), row, strict=False))
    assert found["last"] == (None if value is None else datetime.fromisoformat(value))
    assert found["unfit"] == (None if value is not None else "last")
