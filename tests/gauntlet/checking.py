"""Everything that has to hold after the clean night."""

from __future__ import annotations

import io
from datetime import UTC
from pathlib import Path

import duckdb
import zstandard

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.landing.report import Night
from affiliate_assets.networks import api_connectors
from affiliate_assets.settings import Settings

from .excuses import Excuses
from .forced import forced_calls
from .ground import Ground, connector_of, first_asked, last_asked, secrets_of, settings_for
from .references import References, current_rows
from .running import Outcome


def check(outcome: Outcome, references: References, root: Path) -> None:
    """Compare everything with nights without faults."""
    ground = outcome.plan.ground
    for network, night in outcome.nights:
        incomplete = [window for window in night.windows if window.status not in ("complete", "abandoned")]
        assert night.problems or not incomplete, f"{network}: an incomplete window is not told"
        # What one of two runs at once has missed, the other may have read.
        assert night.standing.held or not incomplete or outcome.twice, f"{network}: an incomplete window is published"
        assert not night.standing.unaccounted
    assert outcome.sandbox.breaches == []
    for network in outcome.plan.networks:
        settings = settings_for(outcome.sandbox, root / network)
        check_night(outcome.clean_nights[network], network)
        with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
            check_rows(outcome, references, warehouse, network)
            check_versions(warehouse, network)
            check_windows(outcome, settings, warehouse, network)
            check_no_secret_in_tables(ground, warehouse)
        check_calls(outcome, references, network)
        check_no_secret_in_files(ground, settings.data)
    told = outcome.log + str([night.problems for _, night in outcome.nights])
    assert not [secret for secret in secrets_of(ground) if secret in told]


def check_night(clean: Night, network: str) -> None:
    """The clean night withholds nothing and has read all that it asked for."""
    assert not clean.standing.held, clean.standing.reasons
    # A window that the night's own report contradicted was read again in the same night.
    controlled = {
        (stream.name, stream.clocks[0].name) for stream in api_connectors()[network].streams if stream.control
    }
    unread = [window for window in clean.windows if window.status != "complete"]
    left = [window for window in unread if (window.stream, window.clock) not in controlled]
    assert left == [], [f"{window.stream} {window.clock} {window.status}: {window.message}" for window in left]


def check_rows(outcome: Outcome, references: References, warehouse: duckdb.DuckDBPyConnection, network: str) -> None:
    """The current version of every record is the one of the nights without faults.

    A record that ends is not read again: where a fault let it be read later than there, its words may be later
    ones, which are those of a first night on the clean morning. What else may differ is what nobody can know from
    anything that a network tells; `Excuses` names it.
    """
    ground, mornings = outcome.plan.ground, outcome.mornings
    nightly = references.tables(ground, network, mornings).rows
    excuses = Excuses(outcome, references, warehouse, network)
    found = current_rows(warehouse, network)
    for stream in api_connectors()[network].streams:
        rows, expected = found[stream.name], nightly[stream.name]
        assert rows.keys() <= expected.keys(), f"{stream.name}: invented {sorted(rows.keys() - expected.keys())}"
        lost = [key for key in expected.keys() - rows.keys() if not excuses.unseen(stream, key, expected[key])]
        assert lost == [], f"{stream.name}: lost {lost}"
        for key, row in rows.items():
            plain = {name: value for name, value in row.items() if name != "_run_id"}
            due = {name: value for name, value in expected[key].items() if name != "_run_id"}
            if plain == due:
                continue
            # A listing of the latest records may no longer hold it on the clean morning.
            at_once = references.tables(ground, network, (outcome.clean,)).rows[stream.name].get(key)
            if not excuses.differs(stream, key, row, [due] if at_once is None else [due, at_once]):
                different = {name: (plain[name], due[name]) for name in due if plain[name] != due[name]}
                raise AssertionError(f"{stream.name} {key} of {row['_run_id']}: {different}")


def check_versions(warehouse: duckdb.DuckDBPyConnection, network: str) -> None:
    """Every version is stored once, differs from the one before it, and is either valid or in quarantine."""
    for stream in [stream.name for stream in api_connectors()[network].streams]:
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
        assert open_still == [], f"{stream}: still in quarantine"


def check_windows(outcome: Outcome, settings: Settings, warehouse: duckdb.DuckDBPyConnection, network: str) -> None:
    """Every span is read to its end on every clock, every record accounted for, every row has its call."""
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
    streams = connector_of(network, outcome.plan.ground, outcome.plan.ground.morning(outcome.clean)).streams
    for account in settings.accounts_of(network):
        for stream in streams:
            check_coverage(outcome, settings, warehouse, stream, account.account_id)
    for stream in streams:
        without_call = warehouse.execute(
            f"select count(*) from valid_{network}.{stream.name} v join ops.pages p on p.page_id = v._page_id"
            " left join ops.api_calls c on c.call_id = p.call_id where c.call_id is null"
        ).fetchone()
        if not outcome.killed[network] and not outcome.refused[network]:
            assert without_call == (0,)


def check_coverage(
    outcome: Outcome, settings: Settings, warehouse: duckdb.DuckDBPyConnection, stream: ApiStream, account_id: str
) -> None:
    """No clock has a gap, from the first instant that is wanted, or for the later clocks from the first night, on."""
    morning = outcome.plan.ground.morning(outcome.clean)
    begin, at = first_asked(stream, settings, morning), last_asked(stream, morning)
    first_read = begin.astimezone(UTC).replace(tzinfo=None)
    end = at.replace(tzinfo=None)
    for clock in stream.clocks:
        is_first = clock.name == stream.clocks[0].name
        spans = warehouse.execute(
            "select window_start, window_end, as_of from ops.windows where status = 'complete'"
            " and account_id = ? and stream = ? and clock = ? order by 1",
            [account_id, stream.name, clock.name],
        ).fetchall()
        reached = first_read
        for start, stop, _ in spans:
            assert start <= reached, f"{stream.name} {clock.name}: nothing between {reached} and {start}"
            reached = max(reached, stop)
        assert reached == end or (not is_first and first_read == end), f"{stream.name} {clock.name}: up to {reached}"
        if is_first:
            first_read = min(as_of for *_, as_of in spans)


def check_calls(outcome: Outcome, references: References, network: str) -> None:
    """The network got at most 1.1 × the calls of the nights without faults, and those that the faults forced."""
    fewest = references.tables(outcome.plan.ground, network, outcome.mornings).calls
    if not outcome.plan.from_nothing:
        fewest = fewest[1:]
    # Two runs at once may both ask everything.
    fewest = fewest + [count for count, night in zip(fewest, outcome.plan.nights, strict=False) if night.at_once]
    made = [call for call in outcome.sandbox.calls if call.network == network]
    forced = forced_calls(outcome, network, made)
    assert len(made) <= 1.1 * sum(fewest) + forced, f"{len(made)} calls, {fewest} needed, {forced} forced"


def check_no_secret_in_files(ground: Ground, data: Path) -> None:
    """No file below the data folder holds a secret, packed ones included."""
    secrets = [secret.encode() for secret in secrets_of(ground)]
    for file in sorted(data.rglob("*")):
        if not file.is_file():
            continue
        content = file.read_bytes()
        if file.suffix == ".zst":
            content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
        assert not any(secret in content for secret in secrets), file


def check_no_secret_in_tables(ground: Ground, warehouse: duckdb.DuckDBPyConnection) -> None:
    """No row of any table holds one: columns are compressed in the file; read as text, they are not."""
    tables = warehouse.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where not internal and estimated_size > 0"
    ).fetchall()
    # Each row becomes text once: inside the list it would once for every secret.
    rows = " union all ".join(f"select '{table}' as held, t::varchar as text from {table} t" for (table,) in tables)
    holding = f"select held from ({rows}) where list_bool_or([contains(text, s) for s in $secrets])"
    assert warehouse.execute(holding, {"secrets": secrets_of(ground)}).fetchall() == []
