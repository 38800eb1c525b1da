"""One full record of a stream, changed in every way that matters; each change is an account of its own."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pandera.polars as pa
import zstandard

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.connectors.paging import allowed_fields
from affiliate_assets.connectors.schema import duckdb_type_of, known_words_of, path_of, reading_of
from affiliate_assets.landing.pages import WindowFolder
from affiliate_assets.landing.pages import manifests as manifests_of
from affiliate_assets.landing.warehouse import connection
from tests.networks.cases import Row, any_stream_of
from tests.networks.playing import Played, load, rows_of
from tests.unit.support import manifest

Record = dict[str, Any]

UNKNOWN_FIELD = "conformanceUnknown"
CANARY = "canary.person@example.com"
UNKNOWN_WORD = "never-heard-of"
NO_VALUE = "neither number nor time"
MANY_DIGITS, YEN, DINAR, NEGATIVE = "1234567.891234", "1234567", "1234567.891", "-0.01"

# Around the changes of the clock: (zone, instant asked, instant read where the local time is told twice).
EDGES = [
    ("Europe/Berlin", "2026-03-29T00:59:00", None),
    ("Europe/Berlin", "2026-03-29T01:00:00", None),
    ("Europe/Berlin", "2026-10-25T00:30:00", "2026-10-25T01:30:00"),
    ("Europe/Berlin", "2026-10-25T02:00:00", None),
    ("America/Los_Angeles", "2026-03-08T09:59:00", None),
    ("America/Los_Angeles", "2026-03-08T10:00:00", None),
    ("America/Los_Angeles", "2026-11-01T08:30:00", "2026-11-01T09:30:00"),
    ("America/Los_Angeles", "2026-11-01T10:00:00", None),
]

_encoder = msgspec.json.Encoder(decimal_format="number")
_OFFSET = re.compile(r"([zZ]|[+-]\d{2}:?\d{2})$")


@dataclass(frozen=True)
class Outcome:
    """What became of one changed record: its rows in the valid table, and what failed."""

    valid: list[Row]
    failed: str
    disposition: str | None


@dataclass
class Judged:
    """All changed records of a stream, loaded.

    Attributes:
        expected: Values that a change should come to, by change and column.
        drift: Rows of ops.drift.
    """

    stream: ApiStream | FileStream
    full: Record
    folder: Path
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    expected: dict[str, dict[str, Any]] = field(default_factory=dict)
    drift: list[Row] = field(default_factory=list)

    def columns(self, *types: str) -> list[str]:
        return [name for name, column in self.stream.schema.columns.items() if duckdb_type_of(column) in types]

    def words(self) -> list[str]:
        return [name for name, column in self.stream.schema.columns.items() if known_words_of(column)]

    def keys(self) -> list[str]:
        """Columns that are part of the key."""
        return [n for n, c in self.stream.schema.columns.items() if ".".join(path_of(c)) in self.stream.key]

    def required(self) -> list[str]:
        """Columns that must be there, but for the key, which is judged by itself."""
        return [n for n, c in self.stream.schema.columns.items() if not c.nullable and n not in self.keys()]


def landed_lines(played: Played, stream: str) -> list[bytes]:
    lines = []
    for folder, window in manifests_of(played.landing, played.slug, stream):
        for page in window.pages:
            content = zstandard.ZstdDecompressor().decompress((folder / page.file).read_bytes())
            lines += content.splitlines()
    return lines


def full_record(stream: ApiStream | FileStream, records: Iterable[Record]) -> Record:
    """The first record, with every column that it lacks taken from another one."""
    first, *others = list(records)
    full = copy.deepcopy(first)
    for column in stream.schema.columns.values():
        path = path_of(column)
        if value_at(full, path) in (None, ""):
            found = [value_at(other, path) for other in others]
            put(full, path, next((value for value in found if value not in (None, "")), value_at(full, path)))
    return full


def value_at(record: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def put(record: Record, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        if not isinstance(record.get(name), dict):
            record[name] = {}
        record = record[name]
    record[path[-1]] = value


def judge_mutants(played: Played, name: str, folder: Path) -> Judged:
    stream = any_stream_of(played.slug, name)
    lines = landed_lines(played, name)
    assert lines, f"no sample of {played.slug} {name} holds a record"
    full = full_record(stream, [json.loads(line, parse_float=Decimal) for line in lines])
    judged = Judged(stream, full, folder)
    for number, (change, record, zone) in enumerate(_changes(judged)):
        window = manifest(
            f"w{number}", network=played.slug, account_id=change, stream=name, clock=None, time_zone=zone,
            window_start=None, window_end=None, status="complete",
        )  # fmt: skip
        at = window.as_of
        landing = WindowFolder(folder / "landing", window)
        if isinstance(stream, FileStream):
            # What a file's titles decide has suites of its own.
            landing.add_page(_encoder.encode(record) + b"\n", 1, run_id="r", as_of=at)
            continue
        found = allowed_fields(stream.allowed, stream.dropped).lines(b"[" + _encoder.encode(record) + b"]")
        landing.add_page(found.content, found.records, run_id="r", as_of=at, unknown=found.unknown)
    load(played.slug, folder / "landing", folder / "warehouse.duckdb")
    with connection(folder / "warehouse.duckdb") as opened:
        valid = rows_of(opened, f"select * from valid_{played.slug}.{name}")
        held = rows_of(opened, f"select * from quarantine.{played.slug}__{name}")
        judged.drift = rows_of(opened, "select * from ops.drift")
    for change, _, _ in _changes(judged):
        mine = [row for row in held if row["_account_id"] == change]
        judged.outcomes[change] = Outcome(
            [row for row in valid if row["_account_id"] == change],
            "; ".join(row["failed_checks"] for row in mine),
            mine[0]["disposition"] if mine else None,
        )
    return judged


def _changes(judged: Judged) -> list[tuple[str, Record, str]]:
    """Name of the change, record, zone of its naive times."""
    stream, columns = judged.stream, judged.stream.schema.columns
    changes: list[tuple[str, Record, str]] = [("as sent", judged.full, "UTC")]

    def change(name: str, values: dict[tuple[str, ...], Any], zone: str = "UTC", without: Iterable[str] = ()) -> None:
        record = copy.deepcopy(judged.full)
        for path, value in values.items():
            put(record, path, value)
        for column in without:
            _remove(record, path_of(columns[column]))
        changes.append((name, record, zone))

    def all_of(names: Iterable[str], value: Any) -> dict[tuple[str, ...], Any]:
        return {path_of(columns[name]): value for name in names}

    for part in stream.key:
        record = copy.deepcopy(judged.full)
        del record[part]
        changes.append((f"without {part}", record, "UTC"))
        change(f"null {part}", {(part,): None})
        change(f"object {part}", {(part,): {"id": 1}})
    change("required missing", {}, without=judged.required())
    change("required null", all_of(judged.required(), None))
    change("retyped", all_of(judged.columns("DECIMAL(18,6)", "BIGINT", "TIMESTAMP", "BOOLEAN"), NO_VALUE))
    change("object for money", all_of(judged.columns("DECIMAL(18,6)"), {"value": "1.00"}))
    change("unknown word", all_of(judged.words(), UNKNOWN_WORD))
    if isinstance(stream, ApiStream):
        change("unknown field", {(UNKNOWN_FIELD,): CANARY})
        change("dropped fields", {(name,): {"who": CANARY} for name in stream.dropped})
    for name, number in (("digits", MANY_DIGITS), ("yen", YEN), ("dinar", DINAR), ("negative", NEGATIVE)):
        code = {"yen": "JPY", "dinar": "KWD"}.get(name)
        values = {path_of(columns[c]): _money(judged, columns[c], number) for c in judged.columns("DECIMAL(18,6)")}
        if code is not None:
            values |= all_of([c for c in judged.columns("VARCHAR") if c.endswith("currency")], code)
        change(name, values)
        judged.expected[name] = {c: Decimal(number) for c in judged.columns("DECIMAL(18,6)")}
    for zone, asked, read in EDGES:
        name, values = f"{zone} {asked}", {}
        judged.expected[name] = {}
        for column in judged.columns("TIMESTAMP"):
            instant = datetime.fromisoformat(asked).replace(tzinfo=UTC)
            text, naive = _instant(judged, columns[column], instant, zone)
            values[path_of(columns[column])] = text
            judged.expected[name][column] = datetime.fromisoformat(read if naive and read else asked)
            if _is_a_day(reading_of(columns[column]).form):
                midnight = instant.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, fold=0)
                judged.expected[name][column] = midnight.astimezone(UTC).replace(tzinfo=None)
        change(name.replace("/", "_"), values, zone)
    return changes


def _is_a_day(form: str) -> bool:
    """Whether instants of this form are told by their day only."""
    return "%d" in form and not re.search("%[HI]", form)


def _remove(record: Any, path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        record = record.get(name) if isinstance(record, dict) else None
    if isinstance(record, dict):
        record.pop(path[-1], None)


def _money(judged: Judged, column: pa.Column, number: str) -> Any:
    """The amount as the network writes one: a number, or a text with its character between thousands."""
    if not isinstance(value_at(judged.full, path_of(column)), str):
        return Decimal(number) if "." in number else int(number)
    grouping = reading_of(column).grouping
    return f"{Decimal(number):,}".replace(",", grouping) if grouping else number


def _instant(judged: Judged, column: pa.Column, instant: datetime, zone: str) -> tuple[Any, bool]:
    """The instant as the network writes one, and whether the text leaves the zone to the reader."""
    sent, form = value_at(judged.full, path_of(column)), reading_of(column).form
    if form == "unix":
        seconds = int(instant.timestamp())
        return (str(seconds) if isinstance(sent, str) else seconds), False
    local = instant.astimezone(ZoneInfo(zone))
    if form != "iso":
        return local.strftime(form), "%z" not in form
    if isinstance(sent, str) and _OFFSET.search(sent):
        return local.isoformat() if not sent.endswith(("Z", "z")) else f"{instant:%Y-%m-%dT%H:%M:%SZ}", False
    separator = " " if isinstance(sent, str) and " " in sent else "T"
    return local.replace(tzinfo=None).isoformat(separator), True
