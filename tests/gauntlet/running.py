"""A plan is run, and afterwards everything is compared with nights without faults."""

from __future__ import annotations

import io
import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import duckdb
import zstandard

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.landing import night as landing_night
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.report import Night
from affiliate_assets.sandbox import FAULTS, Call, Sandbox
from affiliate_assets.settings import Settings

from .disturbance import Doom, Killed
from .ground import (
    NO_LIMITS,
    STREAMS,
    WIDE,
    Mornings,
    References,
    Row,
    connectors,
    current_rows,
    pull,
    sandbox_of,
    settings_for,
)
from .plan import COMMON, FaultyNight, Plan

# The columns in which a fault writes a text that looks like any other, by fault.
ALTERED = {
    **dict.fromkeys(("strange_text", "long_text", "nul_text"), ("site_name", "publisher_name", "name")),
    "vanished_field": ("voucher_code", "coupon", "primary_type"),
}
LEFT_OUT = ("rows_left_out", "list_empty")
# Faults of paging that an answer on its own does not show.
UNTOLD = (*LEFT_OUT, "row_twice", "page_huge")
_CURSOR = re.compile(r",? *sinceCommissionId: *\\\"\d+\\\"")
TIGHT, TIGHT_WINDOW = 8, timedelta(milliseconds=500)


@dataclass
class Outcome:
    """What came of a plan.

    Attributes:
        nights: Every night that ended by itself, in order, with its network.
        killed: How often a process died, by network.
        refused: Writes that found the disk full, by network.
        twice: Days that were run twice at once.
        clean: Day of the clean night; later than planned where a fault moved the network's clock past it.
    """

    plan: Plan
    sandbox: Sandbox
    settings: Settings
    log: str
    nights: list[tuple[str, Night]] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    twice: list[int] = field(default_factory=list)
    clean: int = 0
    clean_nights: dict[str, Night] = field(default_factory=dict)

    @property
    def mornings(self) -> Mornings:
        before = () if self.plan.from_nothing else (0,)
        return (*before, *(night.day for night in self.plan.nights), self.clean)


@contextmanager
def running(plan: Plan, root: Path, references: References) -> Iterator[Outcome]:
    """Run all nights of a plan below `root`."""
    limit = RateLimit(TIGHT, TIGHT_WINDOW) if plan.real_budgets else WIDE
    # Calls arrive unevenly on a busy machine.
    limits = dict.fromkeys(NO_LIMITS, TIGHT) if plan.real_budgets else NO_LIMITS
    window = 0.8 * TIGHT_WINDOW.total_seconds()
    ground = plan.ground
    if not plan.from_nothing:
        for network in plan.networks:
            references.copy(ground, network, (0,), root / network)
    with sandbox_of(ground, ground.first_morning, limits, window) as sandbox, logged() as log:
        outcome = Outcome(plan, sandbox, settings_for(sandbox, root), "")
        last = ground.first_morning
        for night in plan.nights:
            last = max(last, _strike(outcome, night, limit, root))
            if plan.revive:
                sandbox.revive()
        sandbox.clear_faults()
        behind = max(0, math.ceil((last - ground.morning(plan.clean)) / timedelta(days=1)))
        outcome.clean = plan.clean + behind
        at = ground.morning(outcome.clean)
        sandbox.set_clock(at)
        for network in plan.networks:
            settings = settings_for(sandbox, root / network)
            outcome.clean_nights[network] = pull(settings, connectors(limit)[network], "clean", at)
        outcome.log = log.getvalue()
        yield outcome


def _strike(outcome: Outcome, night: FaultyNight, limit: RateLimit, root: Path) -> datetime:
    """Run one night with its faults; returns what the network's clock showed last."""
    plan, sandbox = outcome.plan, outcome.sandbox
    at = last = plan.ground.morning(night.day)
    for injection in night.injections:
        sandbox.inject(injection.network, injection.kind, after=injection.after, times=injection.times)
    sandbox.random_faults(plan.seed, night.rate, COMMON)
    for network in plan.networks:
        sandbox.set_clock(at)
        settings = settings_for(sandbox, root / network, attempts=plan.attempts)
        connector = connectors(limit)[network]
        doom = night.doom.get(network, Doom())
        with doom.strikes(), _in_order(plan.side_by_side):
            try:
                if night.at_once:
                    outcome.twice.append(night.day)
                    with ThreadPoolExecutor(2) as pool:
                        runs = [
                            pool.submit(pull, settings, connector, f"faulty-{night.day}-{side}", at) for side in "ab"
                        ]
                        outcome.nights += [(network, run.result()) for run in runs]
                else:
                    outcome.nights.append((network, pull(settings, connector, f"faulty-{night.day}", at)))
            except Killed:
                outcome.killed[network] += 1
            except duckdb.IOException:
                assert doom.warehouse_full
        outcome.refused[network] += len(set(doom.full) & set(range(1, doom.passed["write"] + 1)))
        last = max(last, sandbox.clock)
    return last


@contextmanager
def _in_order(side_by_side: bool) -> Iterator[None]:
    """Pull the accounts one after another, unless they should meet: only then does a plan end the same each time."""

    def one_by_one(tasks: Iterable[Callable[[], list[Manifest]]]) -> list[Manifest]:
        return [manifest for task in tasks for manifest in task()]

    with nullcontext() if side_by_side else patch.object(landing_night, "side_by_side", one_by_one):
        yield


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged, down to the last detail."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root, locks = logging.getLogger(), logging.getLogger("filelock")
    levels = {logger: logger.level for logger in (root, locks)}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    # Paths of locks, a thousand times.
    locks.setLevel(logging.INFO)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        for logger, level in levels.items():
            logger.setLevel(level)


def check(outcome: Outcome, references: References, root: Path) -> None:
    """Everything that has to hold after the clean night."""
    for network, night in outcome.nights:
        incomplete = [window for window in night.windows if window.status not in ("complete", "abandoned")]
        assert night.problems or not incomplete, f"{network}: an incomplete window is not told"
        # What one of two runs at once has missed, the other may have read.
        assert night.standing.held or not incomplete or outcome.twice, f"{network}: an incomplete window is published"
        assert not night.standing.unaccounted
    assert outcome.sandbox.breaches == []
    for network in outcome.plan.networks:
        settings = settings_for(outcome.sandbox, root / network)
        clean = outcome.clean_nights[network]
        assert not clean.standing.held, clean.standing.reasons
        # A window that the night's own report contradicted was read again in the same night.
        unread = {window.status for window in clean.windows if window.clock != "transaction"}
        assert unread <= {"complete"}, clean.problems
        with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
            check_rows(outcome, references, warehouse, network)
            check_versions(warehouse, network)
            check_windows(outcome, settings, warehouse, network)
            check_no_secret_in_tables(outcome.sandbox, warehouse)
        check_calls(outcome, references, network)
        check_no_secret_in_files(outcome.sandbox, settings.data)
    for network in ("awin", "cj"):
        assert outcome.sandbox.token(network) not in outcome.log
        assert outcome.sandbox.token(network) not in str([night.problems for _, night in outcome.nights])


def check_rows(outcome: Outcome, references: References, warehouse: duckdb.DuckDBPyConnection, network: str) -> None:
    """The current version of every record is the one of the nights without faults.

    A record that ends is not read again: where a fault let it be read later than there, its words may be later
    ones, which are those of a first night on the clean morning. Three losses cannot be known from anything that a
    network tells, and stay until the record is read again: a text that was replaced by another one (only in the
    column that the fault writes, and only if the version came in a faulty night), a field left out of all rows of
    an answer, and rows that Awin left out of a window on its validation or amendment clock (only where the last
    faulty night's windows are not read over again, and then the record is as an earlier night read it).
    """
    ground, mornings = outcome.plan.ground, outcome.mornings
    nightly = references.tables(ground, network, mornings).rows
    at_once = references.tables(ground, network, (outcome.clean,)).rows
    served = [fault for fault in outcome.sandbox.faults_served if fault.network == network]
    for stream, rows in current_rows(warehouse, network).items():
        assert rows.keys() == nightly[stream].keys(), f"{stream}: lost or invented"
        for key, row in rows.items():
            run_id = row.pop("_run_id")
            expected = [{**tables[stream][key], "_run_id": None} for tables in (nightly, at_once)]
            for one in expected:
                del one["_run_id"]
            if row in expected:
                continue
            columns = {
                column
                for fault in served
                if run_id.startswith("faulty") and (fault.record is None or fault.record == key[1])
                for column in ALTERED.get(fault.kind, ())
            }
            different = [{name for name in row if row[name] != one[name]} for one in expected]
            if any(names <= columns for names in different):
                continue
            if _left_out_unseen(outcome, network) and row in _earlier(outcome, references, network, stream, key):
                continue
            raise AssertionError(
                f"{stream} {key} of {run_id}: " + str({name: (row[name], expected[0][name]) for name in different[0]})
            )


def _left_out_unseen(outcome: Outcome, network: str) -> bool:
    # With a night a day, the next one reads the windows of these clocks over again.
    days = [*outcome.mornings]
    gap = days[-1] - days[-2]
    return gap != 1 and any(
        call.network == network
        and call.fault in LEFT_OUT
        and ("dateType=validation" in call.query or "dateType=amendment" in call.query)
        for call in outcome.sandbox.calls
    )


def _earlier(outcome: Outcome, references: References, network: str, stream: str, key: tuple[str, str]) -> list[Row]:
    mornings = outcome.mornings
    found = []
    for end in range(1, len(mornings)):
        old = references.tables(outcome.plan.ground, network, mornings[:end]).rows[stream].get(key)
        if old is not None:
            found.append({name: value for name, value in old.items() if name != "_run_id"})
    return found


def check_versions(warehouse: duckdb.DuckDBPyConnection, network: str) -> None:
    """Every version is stored once, differs from the one before it, and is either valid or in quarantine."""
    for stream in STREAMS[network]:
        same = "t._account_id = r._account_id and t._key is not distinct from r._key and t._row_hash = r._row_hash"
        counts = warehouse.execute(
            f"""
            with versions as (
                select *, lag(_row_hash) over (
                    partition by _account_id, _key order by _observed_at, _fetched_at, _page_id) as before
                from raw_{network}.{stream}
            )
            select count(*) - count(distinct (_account_id, _key, _row_hash, _observed_at, _fetched_at)),
                   count(*) filter (_key is not null and before = _row_hash),
                   (select count(*) from raw_{network}.{stream} r
                    where (exists (select 1 from valid_{network}.{stream} t where {same} and t._page_id = r._page_id))
                        = (exists (select 1 from quarantine.{network}__{stream} t
                                   where {same} and t._page_id = r._page_id and disposition = 'rejected')))
            from versions
            """
        ).fetchone()
        assert counts == (0, 0, 0), f"{stream}: stored twice, equal to the one before it, neither valid nor quarantined"
        open_still = warehouse.execute(
            "select _account_id, _key, disposition, failed_checks, _page_id"
            f" from quarantine.{network}__{stream} where released_at is null"
        ).fetchall()
        assert open_still == [], "still in quarantine"


def check_windows(outcome: Outcome, settings: Settings, warehouse: duckdb.DuckDBPyConnection, network: str) -> None:
    """Every span is read to its end on every clock, every record accounted for, every row has its call."""
    at = outcome.plan.ground.morning(outcome.clean).replace(tzinfo=None)
    unread = warehouse.execute(
        "select window_id, status, message from ops.windows"
        " where status not in ('complete', 'abandoned') and made_good_at is null"
    ).fetchall()
    assert unread == [], "not read to the end"
    unaccounted = warehouse.execute(
        "select window_id, status, records, accepted, quarantined from ops.windows"
        " where records <> coalesce(accepted, 0) + coalesce(quarantined, 0)"
    ).fetchall()
    assert unaccounted == [], "neither accepted nor in quarantine"
    assert warehouse.execute("select letter_id from ops.dead_letters where resolved_at is null").fetchall() == []
    open_circuits = warehouse.execute("select account_id, operation from ops.circuits where state <> 'closed'")
    assert open_circuits.fetchall() == []
    connector = connectors()[network]
    for account in settings.accounts_of(network):
        for stream in connector.streams:
            first_read = settings.start().replace(tzinfo=None)
            for clock in stream.clocks:
                spans = warehouse.execute(
                    "select window_start, window_end, as_of from ops.windows where status = 'complete'"
                    " and account_id = ? and stream = ? and clock = ? order by 1",
                    [account.account_id, stream.name, clock.name],
                ).fetchall()
                reached = first_read
                for start, end, _ in spans:
                    assert start <= reached, f"{stream.name} {clock.name}: nothing between {reached} and {start}"
                    reached = max(reached, end)
                assert reached == at or (clock.name != stream.clocks[0].name and first_read == at)
                if clock.name == stream.clocks[0].name:
                    first_read = min(as_of for *_, as_of in spans)
    for stream in STREAMS[network]:
        without_call = warehouse.execute(
            f"select count(*) from valid_{network}.{stream} v join ops.pages p on p.page_id = v._page_id"
            " left join ops.api_calls c on c.call_id = p.call_id where c.call_id is null"
        ).fetchone()
        if not outcome.killed[network] and not outcome.refused[network]:
            assert without_call == (0,)


def check_calls(outcome: Outcome, references: References, network: str) -> None:
    """The network got at most 1.1 × the calls of the nights without faults, and those that the faults forced.

    Forced are

    * every struck call, because it is asked once more;
    * the pages of a window with a record in it that is doubtful, because it is read once more;
    * where a report and the rows contradict each other, because one of them is cut or doubled: all windows of the
      report's span, and the report once more;
    * the pages that had been landed of a window that was not read to its end;
    * three windows instead of one that Awin refuses on its amendment clock: 75 days on the transaction clock;
    * a call of each account that was under way when the process died, and of each page that the disk did not take.
    """
    fewest = references.tables(outcome.plan.ground, network, outcome.mornings).calls
    if not outcome.plan.from_nothing:
        fewest = fewest[1:]
    # Two runs at once may both ask everything.
    fewest = fewest + [count for count, night in zip(fewest, outcome.plan.nights, strict=False) if night.at_once]
    made = [call for call in outcome.sandbox.calls if call.network == network]
    forced = forced_calls(outcome, network, made)
    assert len(made) <= 1.1 * sum(fewest) + forced, f"{len(made)} calls, {fewest} needed, {forced} forced"


def forced_calls(outcome: Outcome, network: str, made: Sequence[Call]) -> int:
    """See `check_calls`."""
    questions: dict[tuple[str, str], set[str]] = {}
    for call in made:
        questions.setdefault(_question(call), set()).add(call.query)
    history = math.ceil((outcome.plan.ground.days + outcome.clean) / 30)
    struck = [call for call in made if call.fault is not None]
    forced = len(struck)
    for call in struck:
        if "reports" in call.path or (network == "awin" and call.fault in UNTOLD):
            forced += history + 1 if FAULTS[call.fault].group == "data" or call.fault in UNTOLD else 0
        elif FAULTS[call.fault].group == "data" or call.fault in UNTOLD:
            forced += len(questions[_question(call)])
        if call.status == 400 and "dateType=amendment" in call.query:
            forced += 3
    unread = [window for name, night in outcome.nights if name == network for window in night.windows]
    forced += sum(len(window.pages) for window in unread if window.status != "complete")
    return forced + 2 * outcome.killed[network] + outcome.refused[network]


def _question(call: Call) -> tuple[str, str]:
    """What a call asks for, whichever page of it."""
    return call.path, _CURSOR.sub("", call.query)


def check_no_secret_in_files(sandbox: Sandbox, data: Path) -> None:
    tokens = [sandbox.token(network).encode() for network in STREAMS]
    for file in sorted(data.rglob("*")):
        if not file.is_file():
            continue
        content = file.read_bytes()
        if file.suffix == ".zst":
            content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
        assert not any(token in content for token in tokens), file


def check_no_secret_in_tables(sandbox: Sandbox, warehouse: duckdb.DuckDBPyConnection) -> None:
    # Columns are compressed in the file: read as text, they are not.
    tables = warehouse.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where not internal and estimated_size > 0"
    ).fetchall()
    holding = " union all ".join(
        f"select '{table}' as held from {table} t where contains(t::varchar, $awin) or contains(t::varchar, $cj)"
        for (table,) in tables
    )
    tokens = {network: sandbox.token(network) for network in STREAMS}
    assert warehouse.execute(holding, tokens).fetchall() == []
