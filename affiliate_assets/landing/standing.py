"""Whether a network's figures may be published: every window proved complete, and little enough in quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from affiliate_assets.connectors.language import Stream
from affiliate_assets.landing.coverage import read_again
from affiliate_assets.landing.state import open_disagreements
from affiliate_assets.landing.tables import put_rows, quarantine_table, stored, valid_table


@dataclass(frozen=True, slots=True)
class Drift:
    """A way in which records differ from their declaration, as long as it lasts.

    Attributes:
        kind: unknown_field, unknown_word, vanished or retyped.
        records: How many records showed it so far.
        masked_sample: A value of it with letters and digits masked; None where there is none.
    """

    stream: str
    field: str
    kind: str
    detail: str
    records: int
    masked_sample: str | None
    first_seen_at: datetime

    @property
    def breaks(self) -> bool:
        """Whether something that models read is gone or of another type."""
        return self.kind in ("vanished", "retyped")

    @property
    def told(self) -> str:
        words = {
            "unknown_field": "is not in the declaration",
            "unknown_word": f"has the unknown word {self.detail}",
            "vanished": "is in no record any more",
            "retyped": f"has another type: {self.detail}",
        }
        return words[self.kind]


@dataclass(frozen=True, slots=True)
class CircuitState:
    """One circuit that is not closed, or failed lately."""

    account_id: str
    operation: str
    state: str
    failures: int
    reason: str | None
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands after a run.

    Attributes:
        reasons: Why its figures are withheld; empty when they are not.
        drift: What its records show that the declaration does not expect.
        circuits: The circuits that ever opened or failed.
        unaccounted: Loaded windows, with their stream, whose records are not all accepted or quarantined; a bug.
    """

    reasons: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    circuits: tuple[CircuitState, ...] = ()
    unaccounted: tuple[tuple[str, str], ...] = ()

    @property
    def held(self) -> bool:
        return bool(self.reasons)


def note_standing(
    warehouse: duckdb.DuckDBPyConnection,
    network: str,
    streams: Iterable[Stream],
    *,
    night: Sequence[str] | None,
    asked_for_all: bool,
    limit: float,
    run_id: str,
    as_of: datetime,
) -> Standing:
    """Store whether the network's figures are withheld until it is in order again, and tell how it stands.

    `night` tells what kept this run from asking or from keeping an answer; None, where nobody was to be asked. Only
    a run that `asked_for_all` that is missing takes back what earlier ones said of their pulls. `limit` is the
    share of current records that may be in quarantine.
    """
    last = warehouse.execute("select pull_reasons from ops.standings where network = ?", [network]).fetchone()
    pull_reasons = [] if asked_for_all or last is None else list(last[0] or [])
    if night is not None:
        pull_reasons += [reason.partition(" Next: ")[0] for reason in night]
    pull_reasons = list(dict.fromkeys(pull_reasons))
    unproved = _unproved(warehouse, network, "" if asked_for_all else ", 'abandoned'")
    if asked_for_all and not pull_reasons and not unproved:
        # What was left unread had other borders; this run asked for everything that was missing.
        warehouse.execute(
            "update ops.windows set made_good_at = ?"
            " where network = ? and status in ('abandoned', 'incomplete', 'failed') and made_good_at is null",
            [stored(datetime.now(UTC)), network],
        )
    reasons = [
        *pull_reasons,
        *unproved,
        *(
            f"the network's own report counts more than was read from {span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}"
            for span in open_disagreements(warehouse, network)
        ),
    ]
    for stream in streams:
        rejected, current = warehouse.execute(
            f"""
            with rejected as (
                select distinct _account_id, coalesce(_key, _row_hash) as key
                from {quarantine_table(network, stream.name)}
                where released_at is null and disposition = 'rejected'
            ),
            current as (
                from rejected union select _account_id, _key from {valid_table(network, stream.name)}
            )
            select (select count(*) from rejected), (select count(*) from current)
            """
        ).fetchall()[0]
        if rejected and rejected / current > limit:
            reasons.append(f"{rejected} of {current} {stream.name} are in quarantine, more than {limit:.1%}")
    unaccounted = _unaccounted(warehouse, network)
    if unaccounted:
        reasons.append(f"{len(unaccounted)} windows have records that are neither accepted nor in quarantine")
    put_rows(
        warehouse,
        "ops.standings",
        [
            {
                "network": network,
                "held": bool(reasons),
                "reasons": "; ".join(reasons) or None,
                "pull_reasons": pull_reasons,
                "run_id": run_id,
                "as_of": as_of,
            }
        ],
    )
    return _standing(warehouse, network, tuple(reasons), unaccounted)


def _unaccounted(warehouse: duckdb.DuckDBPyConnection, network: str) -> tuple[tuple[str, str], ...]:
    rows = warehouse.execute(
        """
        select stream, window_id from ops.windows
        where network = ? and status = 'complete' and coalesce(accepted, 0) + coalesce(quarantined, 0) <> records
        order by all
        """,
        [network],
    ).fetchall()
    return tuple((stream, window_id) for stream, window_id in rows)


def _standing(
    warehouse: duckdb.DuckDBPyConnection,
    network: str,
    reasons: tuple[str, ...],
    unaccounted: tuple[tuple[str, str], ...],
) -> Standing:
    drift = warehouse.execute(
        """
        select stream, field, kind, detail, records, masked_sample, first_seen_at from ops.drift
        where network = ? and resolved_at is null order by all
        """,
        [network],
    ).fetchall()
    circuits = warehouse.execute(
        "select account_id, operation, state, failures, reason, retry_at from ops.circuits"
        " where network = ? order by all",
        [network],
    ).fetchall()
    return Standing(
        reasons,
        tuple(Drift(*row) for row in drift),
        tuple(CircuitState(*row) for row in circuits),
        unaccounted,
    )


def _unproved(warehouse: duckdb.DuckDBPyConnection, network: str, also: str) -> list[str]:
    """Windows that nothing made good since, told once for each account and stream.

    Open ones are not counted: another run may be at work on them, and a dead one's are asked again by the next.
    Abandoned ones count until a run that asks for everything was in order.
    """
    rows = warehouse.execute(
        f"""
        select account_id, stream, count(*), max(resume_at) from ops.windows
        where network = ? and status in ('incomplete', 'failed'{also}) and made_good_at is null
        group by all order by all
        """,
        [network],
    ).fetchall()
    return [
        f"account {account_id}: {count} windows of {stream} are not proved complete"
        + (f", resumable from {resume_at:%Y-%m-%d %H:%M} UTC" if resume_at else "")
        for account_id, stream, count, resume_at in rows
    ]


def mark_made_good(warehouse: duckdb.DuckDBPyConnection, network: str) -> None:
    """Note for each window that was not read to its end when later ones had read all of it."""
    unread = warehouse.execute(
        "select window_id, started_at from ops.windows"
        " where network = ? and status <> 'complete' and made_good_at is null",
        [network],
    ).fetchall()
    for window_id, started_at in unread:
        again = read_again(warehouse, window_id, started_at)
        if again is not None:
            values = [again.finished_at, window_id]
            warehouse.execute("update ops.windows set made_good_at = ? where window_id = ?", values)
