"""The models that follow differences over nights, run as compiled SQL in memory, and the same told by plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from affiliate_assets.errors import RecordError
from affiliate_assets.landing.decisions import Decision, decide
from affiliate_assets.landing.differences import NotedNight, note_night
from tests.compiled import Compiled
from tests.dbt.warehouse import TABLES

START = datetime(2026, 3, 1, 3)  # noqa: DTZ001
A_DAY = timedelta(days=1)
MODELS = ("int_nights__known", "int_differences__tonight", "int_differences__history", "fct_differences")
NETWORKS = {"one": "awin", "two": "cj", "three": "cj"}
TOLD = (
    "diff_key, status, decided_status, owner, decisions, has_changed_since_decision, is_suspended, first_seen_at,"
    " opened_at, last_seen_at, changed_at, closed_at, became_class, reopened_count, age_days, class, network_amount"
)


def sql_of_models(compiled: Compiled) -> dict[str, str]:
    """The SQL of the models by their relation, in the order in which they are built."""
    nodes = [compiled.nodes[f"model.affiliate_assets.{name}"] for name in MODELS]
    return {node["relation_name"]: node["compiled_code"] for node in nodes}


@dataclass(frozen=True)
class Night:
    """What the classified records say: class and amount by key; a key may be missing."""

    day: int
    records: Mapping[str, tuple[str, int]]
    held: frozenset[str] = frozenset()
    is_killed: bool = False


@dataclass(frozen=True)
class Choice:
    """A decision of somebody some hours after the start; no two are of the same minute."""

    key: str
    status: str | None
    owner: str | None
    hours: int
    minutes: int = 0

    @property
    def made_at(self) -> datetime:
        return START + timedelta(hours=self.hours, minutes=self.minutes)


@dataclass
class Warehouse:
    """An empty warehouse in memory with the compiled models."""

    sql: Mapping[str, str]
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def __post_init__(self) -> None:
        self.connection.execute("attach ':memory:' as affiliate; use affiliate; set threads = 1")
        for schema in ("intermediate", "marts", "ops", "config", "valid_crm", "quarantine"):
            self.connection.execute(f"create schema {schema}")
        for table in ("ops.nights", "ops.difference_nights", "ops.decisions", "config.brand"):
            self.connection.execute(f"create table {table} ({TABLES[table]})")
        columns = self.connection.execute(
            "select column_name, data_type from duckdb_columns() where table_name = 'difference_nights'"
            " and column_name not in ('night_number', 'as_of', 'run_id', 'event', 'became_class', 'became_reason')"
        ).fetchall()
        listed = ", ".join(f"{name} {type_}" for name, type_ in columns)
        self.connection.execute(f"create table marts.fct_reconciliation_diffs ({listed}, is_withheld boolean)")
        self.connection.execute("create table intermediate.int_networks__held (network varchar)")

    def build(self, night: Night) -> list[tuple[Any, ...]]:
        """What the models show on that night."""
        run = self.connection.execute
        run("delete from config.brand")
        run("insert into config.brand (as_of) values (?)", [START + night.day * A_DAY])
        run("delete from intermediate.int_networks__held")
        for network in night.held:
            run("insert into intermediate.int_networks__held values (?)", [network])
        run("delete from marts.fct_reconciliation_diffs")
        for key, (class_, amount) in night.records.items():
            run(
                "insert into marts.fct_reconciliation_diffs (diff_key, side, network, class, reason, network_amount,"
                " is_withheld) values (?, 'network', ?, ?, 'why', ?, ?)",
                [key, NETWORKS[key], class_, amount, NETWORKS[key] in night.held],
            )
        return self.models(self.sql)

    def models(self, sql: Mapping[str, str]) -> list[tuple[Any, ...]]:
        """Build the models from what is stored, and tell every difference."""
        for name, text in sql.items():
            self.connection.execute(f"create or replace table {name} as {text}")
        return self.connection.execute(f"select {TOLD} from marts.fct_differences order by diff_key").fetchall()

    def note(self) -> NotedNight:
        return note_night(self.connection, run_id="run")

    def decide(self, choice: Choice) -> bool:
        """Whether the decision was recorded."""
        try:
            decide(
                self.connection,
                Decision(
                    diff_key=choice.key,
                    status=choice.status,
                    owner=choice.owner,
                    note=None,
                    decided_by="EM",
                    decided_at=choice.made_at,
                    source="cli",
                ),
            )
        except RecordError:
            return False
        return True


@dataclass
class _Difference:
    class_: str
    amount: int
    first: datetime
    opened: datetime
    seen: datetime
    changed: datetime | None = None
    closed: datetime | None = None
    became: str | None = None
    times: int = 0
    is_hidden: bool = False


@dataclass
class Told:
    """The same, told by walking from night to night."""

    last: datetime | None = None
    under_way: datetime | None = None
    differences: dict[str, _Difference] = field(default_factory=dict)
    choices: list[tuple[datetime, datetime, Choice]] = field(default_factory=list)

    def decide(self, choice: Choice) -> bool:
        found = self.differences.get(choice.key)
        if found is None or found.closed or (choice.status is None and choice.owner is None):
            return False
        settled = ("accepted", "written_off")
        if choice.status in settled and self._status(choice.key, found, None) in settled:
            return False
        at = choice.made_at
        just_after = [moment + timedelta(microseconds=1) for moment in (self.last, self.under_way) if moment]
        entry = (at, max([at, *just_after]), choice)
        self.choices.append(entry)
        return True

    def night(self, night: Night) -> list[tuple[Any, ...]]:
        """What is to be shown; it counts as noted."""
        now = START + night.day * A_DAY
        self.under_way = now
        if self.last is None or now >= self.last:
            self._walk(night, now)
            self.last = now
        return self.shown()

    def _walk(self, night: Night, now: datetime) -> None:
        for key in sorted({*self.differences, *night.records}):
            class_, amount = night.records.get(key, (None, 0))
            found = self.differences.get(key)
            if NETWORKS[key] in night.held or class_ == "not_yet_comparable":
                if found and not found.closed:
                    found.is_hidden = True
            elif class_ in (None, "matched"):
                if found and not found.closed:
                    found.closed, found.became, found.is_hidden = now, class_, False
            elif found is None:
                assert class_
                self.differences[key] = _Difference(class_, amount, now, now, now)
            else:
                assert class_
                if found.closed:
                    found.closed, found.became, found.opened = None, None, now
                    found.times += 1
                elif (found.class_, found.amount) != (class_, amount):
                    found.changed = now
                found.class_, found.amount, found.seen, found.is_hidden = class_, amount, now, False

    def _status(self, key: str, found: _Difference, until: datetime | None) -> str | None:
        held = [
            (at, recorded, choice.status)
            for at, recorded, choice in self._known(key, until)
            if choice.status and recorded > found.opened
        ]
        return max(held)[2] if held else None

    def _known(self, key: str, until: datetime | None) -> list[tuple[datetime, datetime, Choice]]:
        return [entry for entry in self.choices if entry[2].key == key and (until is None or entry[1] <= until)]

    def shown(self) -> list[tuple[Any, ...]]:
        rows = []
        for key, found in sorted(self.differences.items()):
            assert self.last
            known = self._known(key, self.last)
            decided = self._status(key, found, self.last)
            owners = [(at, recorded, choice.owner) for at, recorded, choice in known if choice.owner]
            of_status = [(at, recorded) for at, recorded, choice in known if choice.status and recorded > found.opened]
            until = found.closed or self.last
            rows.append(
                (
                    key,
                    "closed_by_data" if found.closed else decided or "open",
                    decided,
                    max(owners)[2] if owners else None,
                    len(known),
                    bool(of_status and found.changed and found.changed >= max(of_status)[1]),
                    found.is_hidden,
                    found.first,
                    found.opened,
                    found.seen,
                    found.changed,
                    found.closed,
                    found.became,
                    found.times,
                    (until.date() - found.opened.date()).days,
                    found.class_,
                    Decimal(found.amount),
                )
            )
        return rows
