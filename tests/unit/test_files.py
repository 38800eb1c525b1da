"""Dropped files of every writing: a European export with preamble and footer, its twin in XLSX, and what is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandera.polars as pa
import pytest

from affiliate_assets.connectors.files import ExportedAt, FileFormat, FileSource, FileStream, FooterTotals
from affiliate_assets.connectors.schema import instant, integer, money, text
from affiliate_assets.errors import RecordError
from affiliate_assets.landing.files import Drop
from affiliate_assets.landing.records import DroppedFile, keyed_hash
from affiliate_assets.landing.typed import BROKEN
from tests.unit import workbook
from tests.unit.workbook import Number

KEY = "a key for invented customers"
FORM = FileFormat(
    encodings=("utf-8-sig", "cp1252"),
    delimiter=";",
    decimal=",",
    thousands=".",
    preamble=3,
    footer="^Summe",
    needs_footer=True,
    totals=FooterTotals(records=r"Summe (\d+)", amount=r"Umsatz ([\d.,-]+)", field="amount"),
)
STREAM = FileStream(
    name="sales",
    description="A sale.",
    key=("row_id",),
    identity=("sold_at", "partner", "order_id"),
    columns={
        "Datum": "sold_at",
        "Partner": "partner",
        "Bestellung": "order_id",
        "Umsatz": "amount",
        "Provision": "commission",
        "Anzahl": "pieces",
        "E-Mail": "email",
    },
    optional=frozenset({"commission", "pieces"}),
    hashed={"email": "customer_hash"},
    dropped=frozenset({"Telefon"}),
    time_zone="Europe/Berlin",
    format=FORM,
    schema=pa.DataFrameSchema(
        {
            "row_id": text("row_id", "Made of the line.", required=True),
            "sold_at": instant("sold_at", "The sale.", required=True, form="%d.%m.%Y %H:%M"),
            "partner": text("partner", "The publisher."),
            "order_id": text("order_id", "The order."),
            "amount": money("amount", "The sale.", required=True),
            "commission": money("commission", "The commission."),
            "pieces": integer("pieces", "How many."),
            "customer_hash": text("customer_hash", "Keyed hash."),
        },
        strict=True,
    ),
)
TITLES = "Datum;Partner;Bestellung;Umsatz;Provision;Anzahl;E-Mail"
LINES = (
    "05.09.2025 10:42;Müller & Söhne;A-1;1.234,56;61,70;2;Ann@Shop.example",
    "05.09.2025 11:00;Café;A-2;12,50;;1;",
    '06.09.2025 00:00;"Spar; Fuchs";A-3;-7,00;-0,35;;',
)
FOOTER = "Summe 3;Umsatz 1.240,06;;;;;"


def content(
    *lines: str, above: tuple[str, ...] = ("Partnerbericht", "", "Stand;06.09.2025"), below: str = FOOTER
) -> str:
    return "".join(f"{line}\r\n" for line in (*above, TITLES, *lines, *([below] if below else [])))


def written(path: Path, lines: str, encoding: str = "cp1252") -> Path:
    path.write_bytes(lines.encode(encoding))
    return path


def read(path: Path, stream: FileStream = STREAM) -> list[dict[str, Any]]:
    file = DroppedFile(path, stream, "7", KEY)
    file.check()
    return list(file.records())


def refused(path: Path, stream: FileStream = STREAM) -> str:
    with pytest.raises(RecordError) as error:
        read(path, stream)
    assert "nothing of it was taken" in str(error.value)
    assert path.name in str(error.value)
    return str(error.value)


def formed(**changes: Any) -> FileStream:
    return replace(STREAM, format=replace(FORM, **changes))


def test_a_european_export_is_read_as_declared(tmp_path: Path) -> None:
    records = read(written(tmp_path / "a.csv", content(*LINES)))
    keys = [record.pop("row_id") for record in records]
    assert len(set(keys)) == 3
    assert records == [
        {
            "sold_at": "05.09.2025 10:42", "partner": "Müller & Söhne", "order_id": "A-1", "amount": "1234.56",
            "commission": "61.7", "pieces": "2", "customer_hash": keyed_hash("ann@shop.example", KEY),
        },
        {
            "sold_at": "05.09.2025 11:00", "partner": "Café", "order_id": "A-2", "amount": "12.5", "commission": None,
            "pieces": "1", "customer_hash": None,
        },
        {
            "sold_at": "06.09.2025 00:00", "partner": "Spar; Fuchs", "order_id": "A-3", "amount": "-7",
            "commission": "-0.35", "pieces": None, "customer_hash": None,
        },
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_encoding_is_found_among_those_declared(tmp_path: Path, encoding: str) -> None:
    expected = read(written(tmp_path / "a.csv", content(*LINES)))
    assert read(written(tmp_path / "b.csv", content(*LINES), encoding)) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "cp1252"])
def test_one_declared_encoding_is_taken(tmp_path: Path, encoding: str) -> None:
    expected = read(written(tmp_path / "a.csv", content(*LINES)))
    assert read(written(tmp_path / "b.csv", content(*LINES), encoding), formed(encodings=(encoding,))) == expected


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    told = refused(written(tmp_path / "a.csv", content(*LINES)), formed(encodings=("utf-8-sig",)))
    assert "is not UTF-8 (byte" in told
    assert "utf-16" in refused(written(tmp_path / "b.csv", content(*LINES)), formed(encodings=("utf-16",)))


@pytest.mark.parametrize("delimiter", ["|", "\t", ";", "^"])
def test_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    line = delimiter.join(["05.09.2025 10:42", "P", "A-1", "5,00", "1,00", "1", ""])
    lines = [TITLES.replace(";", delimiter), line, "Summe 1 Umsatz 5,00"]
    path = written(tmp_path / "a.csv", "".join(f"{each}\n" for each in lines))
    (record,) = read(path, formed(delimiter=delimiter))
    assert (record["order_id"], record["amount"]) == ("A-1", "5")


def test_without_quotes_a_quote_is_a_character(tmp_path: Path) -> None:
    stream = formed(quote="")
    (record,) = read(
        written(tmp_path / "a.csv", content('05.09.2025 10:42;12" lamps;A-1;5,00;;;', below="Summe 1;Umsatz 5,00")),
        stream,
    )
    assert record["partner"] == '12" lamps'


@pytest.mark.parametrize(
    ("told", "amount"),
    [
        ("1.234,56", "1234.56"),
        ("1234,56", "1234.56"),
        ("1.234.567,000001", "1234567.000001"),
        ("+5", "5"),
        ("-0,01", "-0.01"),
        ("-0,00", "0"),
        ("123456789012,345678", "123456789012.345678"),
        ("12.50", ["12.50"]),
        ("1,234.56", ["1,234.56"]),
        ("1.23,4", ["1.23,4"]),
        ("5 EUR", ["5 EUR"]),
        ("1e3", ["1e3"]),
    ],
)
def test_a_number_is_exact_or_fits_no_column(tmp_path: Path, told: str, amount: object) -> None:
    path = written(tmp_path / "a.csv", content(f"05.09.2025 10:42;P;A-1;{told};;;"))
    (record,) = DroppedFile(path, STREAM, "7", KEY).records()
    assert record["amount"] == amount


PIECES = (Number("61.7"), Number("2"))
at = datetime.fromisoformat


def twin(path: Path, *, sheet: str = "Sheet1") -> Path:
    """The same export as a spreadsheet: numbers with the digits of their binary form, dates as cells."""
    rows: list[list[object]] = [
        ["Partnerbericht"],
        [],
        ["Stand", at("2025-09-06")],
        list(TITLES.split(";")),
        [at("2025-09-05T10:42"), "Müller & Söhne", "A-1", Number("1234.5599999999999"), *PIECES, "Ann@Shop.example"],
        [at("2025-09-05T11:00"), "Café", "A-2", Number("12.5"), None, Number("1")],
        [at("2025-09-06"), "Spar; Fuchs", "A-3", Number("-7"), Number("-0.34999999999999998")],
        ["Summe 3", "Umsatz 1.240,06"],
    ]
    return workbook.write(path, rows, sheet=sheet)


def test_the_twin_in_xlsx_gives_equal_records(tmp_path: Path) -> None:
    assert read(twin(tmp_path / "a.xlsx")) == read(written(tmp_path / "a.csv", content(*LINES)))


def test_the_sheet_is_found_by_name(tmp_path: Path) -> None:
    path = twin(tmp_path / "a.xlsx", sheet="Verkäufe")
    assert len(read(path, formed(sheet="Verkäufe"))) == 3
    assert "has no sheet 'Sales', only Verkäufe" in refused(path, formed(sheet="Sales"))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_cut_spreadsheet_is_refused(tmp_path: Path, share: float) -> None:
    path = twin(tmp_path / "a.xlsx")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "cannot be read as a spreadsheet" in refused(path)


def test_a_spreadsheet_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "cannot be read as a spreadsheet" in refused(written(tmp_path / "a.xlsx", content(*LINES)))


@pytest.mark.parametrize(
    ("below", "told"),
    [
        ("", "has no footer below its 3 lines"),
        ("Summe;;;;;;", "does not tell its total"),
        ("Summe 4;Umsatz 1.240,06;;;;;", "tells 4 for lines, and its lines come to 3"),
        ("Summe 3;Umsatz 1.240,07;;;;;", "tells 1.240,07 for amount, and its lines come to 1240.06"),
    ],
)
def test_a_footer_that_disagrees_refuses_the_file(tmp_path: Path, below: str, told: str) -> None:
    assert told in refused(written(tmp_path / "a.csv", content(*LINES, below=below)))


def test_a_record_below_the_footer_refuses_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", content(LINES[0], FOOTER, LINES[1], below=""))
    assert "has a record below its footer, at line 7" in refused(path)


def test_the_first_blank_line_may_end_the_records(tmp_path: Path) -> None:
    stream = formed(footer=None, totals=None, needs_footer=False, blank_line_ends=True)
    path = written(tmp_path / "a.csv", content(*LINES, "", '"Report; Sales"', "Copyright (c) Acme", below=""))
    file = DroppedFile(path, stream, "7", KEY)
    file.check()
    assert len(list(file.records())) == 3
    assert file.proof == "the whole file was read to its footer"


def test_each_proof_says_how_the_end_is_known(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", content(*LINES))
    file = DroppedFile(path, STREAM, "7", KEY)
    file.check()
    assert file.proof == "its own footer counts the same"


def test_a_line_with_other_cells_keeps_its_number_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", content(LINES[0], "secret;of;somebody", below="Summe 2;Umsatz 1.234,56"))
    _, broken = read(path)
    assert broken == {BROKEN: "a.csv line 6: 3 fields instead of 7"}


def test_lines_are_counted_over_line_breaks_inside_values(tmp_path: Path) -> None:
    lines = ('05.09.2025 10:42;"two\r\nlines";A-1;5,00;;;', "cut;line")
    path = written(tmp_path / "a.csv", content(*lines, below="Summe 2;Umsatz 5,00"))
    record, broken = read(path)
    assert record["partner"] == "two\r\nlines"
    assert "line 7" in broken[BROKEN]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (TITLES.replace("Umsatz", "Sales"), "(line 4) has no column Umsatz"),
        (TITLES.replace("Partner;Bestellung", "X;Y"), "has no column Bestellung, Partner"),
        (TITLES.replace("Anzahl", "Umsatz"), "(line 4) has two columns for amount"),
    ],
)
def test_a_wrong_header_is_refused_with_what_is_missing(tmp_path: Path, header: str, told: str) -> None:
    assert told in refused(written(tmp_path / "a.csv", content(*LINES).replace(TITLES, header)))


def test_titles_below_a_longer_preamble_are_not_looked_for(tmp_path: Path) -> None:
    assert "has no column" in refused(written(tmp_path / "a.csv", content(*LINES, above=("a", "b", "c", "d"))))


def test_an_optional_column_may_be_missing(tmp_path: Path) -> None:
    lines = [TITLES.replace(";Provision;Anzahl", ""), "05.09.2025 10:42;P;A-1;5,00;", "Summe 1;Umsatz 5,00"]
    (record,) = read(written(tmp_path / "a.csv", "".join(f"{line}\n" for line in lines)))
    assert (record["commission"], record["pieces"]) == (None, None)


def test_titles_in_another_language_lead_to_the_same_fields(tmp_path: Path) -> None:
    stream = replace(STREAM, columns={**STREAM.columns, "Sales": "amount", "Importe": "amount"})
    expected = read(written(tmp_path / "a.csv", content(*LINES)), stream)
    assert read(written(tmp_path / "b.csv", content(*LINES).replace(";Umsatz;", ";Importe;", 1)), stream) == expected


def test_unknown_titles_are_noticed_and_known_ones_dropped(tmp_path: Path) -> None:
    lines = [f"{TITLES};Telefon;Notiz", f"{LINES[1]};0171;privat", "Summe 1;Umsatz 12,50"]
    file = DroppedFile(written(tmp_path / "a.csv", "".join(f"{line}\n" for line in lines)), STREAM, "7", KEY)
    records = list(file.records())
    assert file.unknown == {"Notiz": ("privat", 1)}
    assert not {"0171", "privat"} & {str(value) for record in records for value in record.values()}


def test_a_last_line_without_an_end_is_cut_where_the_source_always_ends_them(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", content(*LINES).rstrip("\r\n"))
    assert len(read(path)) == 3
    assert "ends within line 8" in refused(path, formed(needs_newline=True))


def test_a_value_whose_quote_never_closes_refuses_the_file(tmp_path: Path) -> None:
    assert "cannot be read as CSV at line" in refused(
        written(tmp_path / "a.csv", content(LINES[0], LINES[1].replace("Café", '"Café'), LINES[2]))
    )


def test_a_line_of_another_account_refuses_the_file(tmp_path: Path) -> None:
    stream = replace(STREAM, owned_by="partner")
    assert "line 5 is not of account 7" in refused(written(tmp_path / "a.csv", content(*LINES)), stream)


def test_without_an_id_equal_lines_are_several_records_and_the_same_ones_next_time(tmp_path: Path) -> None:
    twice = written(tmp_path / "a.csv", content(LINES[1], LINES[1], LINES[0], below="Summe 3;Umsatz 1.259,56"))
    later = written(
        tmp_path / "b.csv", content(LINES[0], LINES[1], LINES[1], LINES[2], below="Summe 4;Umsatz 1.252,56")
    )
    first, second = ([record["row_id"] for record in read(path)] for path in (twice, later))
    assert len(set(first)) == 3
    assert set(first) < set(second)
    # What is no part of the identity may change.
    changed = written(tmp_path / "c.csv", content(LINES[1].replace("12,50", "11,00"), below="Summe 1;Umsatz 11,00"))
    assert read(changed)[0]["row_id"] == first[0]


def drop(path: Path, zone: str = "America/Chicago", **rule: Any) -> Drop:
    stream = replace(STREAM, exported_at=ExportedAt(**rule) if rule else None)
    return Drop(path, "7", stream, zone)


def test_the_moment_of_export_is_in_the_name_or_the_time_of_change(tmp_path: Path) -> None:
    changed = datetime(2025, 9, 7, 1, tzinfo=UTC)

    def file(name: str) -> Path:
        path = written(tmp_path / name, content(*LINES))
        os.utime(path, (changed.timestamp(), changed.timestamp()))
        return path

    by_name = {"pattern": r"_(\d{8}_\d{4})", "form": "%Y%m%d_%H%M"}
    assert drop(file("sales_20250906_0800.csv"), **by_name).exported_at() == datetime(2025, 9, 6, 13, tzinfo=UTC)
    assert drop(file("sales.csv"), **by_name).exported_at() == changed
    assert drop(file("sales_20259999_0800.csv"), **by_name).exported_at() == changed
    assert drop(file("sales_20250906_0800.csv")).exported_at() == changed
    unix = {"pattern": r"report(\d{13})", "form": "unix_ms"}
    assert drop(file("report1769911200000.csv"), **unix).exported_at() == datetime(2026, 2, 1, 2, tzinfo=UTC)


def test_date_and_time_of_two_columns_are_one_field(tmp_path: Path) -> None:
    stream = replace(
        STREAM,
        columns={"Tag": "day", "Zeit": "time", "Partner": "partner", "Bestellung": "order_id", "Umsatz": "amount"},
        joined={"sold_at": ("day", "time")},
        optional=frozenset(),
        hashed={},
        format=FileFormat(delimiter=";", decimal=","),
    )
    path = written(
        tmp_path / "a.csv", "Tag;Zeit;Partner;Bestellung;Umsatz\n05.09.2025;10:42;P;A-1;1,00\n;;P;A-2;1,00\n"
    )
    first, second = read(path, stream)
    assert (first["sold_at"], second["sold_at"]) == ("05.09.2025 10:42", None)
    assert "day" not in first
    moment = at("2025-09-05T10:42")
    sheet = workbook.write(
        tmp_path / "a.xlsx",
        [["Tag", "Zeit", "Partner", "Bestellung", "Umsatz"], [moment, moment, "P", "A-1", Number("1")]],
    )
    assert read(sheet, stream)[0] == first


def test_a_source_by_file_says_what_it_needs() -> None:
    source = FileSource(slug="toy", title="Toy", streams=(STREAM,), owner="team:x")
    assert source.streams[0].fields == {
        "row_id", "sold_at", "partner", "order_id", "amount", "commission", "pieces", "customer_hash",
    }  # fmt: skip
