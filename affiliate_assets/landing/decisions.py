"""What people decide about differences: appended, never changed, from the command line and from files.

A decision holds from the first night after it is recorded, so that no night that was published reads otherwise later.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import duckdb

from affiliate_assets.connectors.schema import path_of
from affiliate_assets.crm.streams import CRM, DECISION_STATUSES, DECISIONS, NO_ADDRESS
from affiliate_assets.errors import RecordError
from affiliate_assets.landing.tables import create_tables, stored, transaction, valid_table

# Nothing is left to be done about the difference.
SETTLED = frozenset({"accepted", "corrected", "written_off"})
_A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody made of a difference; None keeps what was.

    Attributes:
        decided_at: When (UTC).
        source: `cli` or `csv`.
    """

    diff_key: str
    status: str | None
    owner: str | None
    note: str | None
    decided_by: str
    decided_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the decisions in files: recorded, recorded as refused, and left for a later night."""

    taken: int = 0
    refused: int = 0
    waiting: int = 0

    def __str__(self) -> str:
        return f"Decisions in files: {self.taken} taken, {self.refused} refused, {self.waiting} left for a later night."


def decide(warehouse: duckdb.DuckDBPyConnection, decision: Decision) -> None:
    """Record a decision of the command line.

    Raises:
        RecordError: It says nothing, or something that cannot be; nothing is recorded.
    """
    _check_words(decision)
    create_tables(warehouse, CRM.slug, CRM.streams)
    with transaction(warehouse):
        refused = _refusal(warehouse, decision)
        if refused is not None:
            what, next_step = _TOLD[refused]
            raise RecordError(what.format(**asdict(decision)), next_step=next_step)
        moment = stored(decision.decided_at)
        # What is under way, or published, was built without it.
        _record(warehouse, _id_of(decision), decision, max(moment, *_just_after(warehouse)), None)


def take_decisions(warehouse: duckdb.DuckDBPyConnection) -> Taken:
    """Record the decisions that came in files and are not recorded yet, in the order in which they were made.

    One about a difference that nobody has noted, or of a time to come, is left for a later night.
    """
    create_tables(warehouse, CRM.slug, CRM.streams)
    brand = warehouse.execute("select as_of from config.brand").fetchone()
    if brand is None:
        return Taken()
    (last,) = warehouse.execute("select max(as_of) from ops.nights").fetchall()[0]
    recorded_at = brand[0] if last is None or brand[0] > last else last + _A_MOMENT
    names = ", ".join(path_of(column)[0] for column in DECISIONS.schema.columns.values())
    count = {"taken": 0, "refused": 0, "waiting": 0}
    with transaction(warehouse):
        rows = warehouse.execute(
            f"select distinct {names} from {valid_table(CRM.slug, DECISIONS.name)}"
            " where decision_id not in (select decision_id from ops.decisions) order by decided_at, decision_id"
        ).fetchall()
        for decision_id, diff_key, status, owner, note, decided_by, decided_at in rows:
            decision = Decision(
                diff_key=diff_key,
                status=status,
                owner=owner,
                note=note,
                decided_by=decided_by,
                decided_at=decided_at,
                source="csv",
            )
            refused = _refusal(warehouse, decision)
            if refused == "unknown_difference" or decided_at > recorded_at:
                count["waiting"] += 1
                continue
            _record(warehouse, decision_id, decision, recorded_at, refused)
            count["taken" if refused is None else "refused"] += 1
    return Taken(**count)


_TOLD = {
    "unknown_difference": (
        "No difference {diff_key!r} was ever noted.",
        "take a diff_key of fct_differences from the published file.",
    ),
    "closed_by_data": (
        "The difference {diff_key!r} is closed: both sides agree.",
        "nothing is left to decide; it opens again by itself if they differ again.",
    ),
    "already_settled": (
        "The difference {diff_key!r} is settled already, so it cannot become {status!r}.",
        "open it again first with --status open, then decide anew.",
    ),
}


def _check_words(decision: Decision) -> None:
    if decision.status is not None and decision.status not in DECISION_STATUSES:
        raise RecordError(
            f"There is no status {decision.status!r}.", next_step=f"choose from {', '.join(DECISION_STATUSES)}."
        )
    if decision.status is None and decision.owner is None and decision.note is None:
        raise RecordError("Nothing is decided.", next_step="give a status, an owner or a note.")
    for name in ("owner", "note", "decided_by"):
        if not re.match(NO_ADDRESS, getattr(decision, name) or ""):
            raise RecordError(
                f"The {name.replace('_', ' ')} looks like an address.",
                next_step="name a team or initials, and no personal data: it is published.",
            )


def _refusal(warehouse: duckdb.DuckDBPyConnection, decision: Decision) -> str | None:
    """Why the decision cannot be, if it cannot."""
    last, opened_at, reopened_at = warehouse.execute(
        "select arg_max(event, night_number), max(as_of) filter (event in ('opened', 'reopened')),"
        " max(as_of) filter (event = 'reopened')"
        " from ops.difference_nights where diff_key = ?",
        [decision.diff_key],
    ).fetchall()[0]
    if last is None:
        return "unknown_difference"
    if last == "closed":
        return "closed_by_data"
    status = warehouse.execute(
        "select status from ops.decisions where diff_key = $diff_key and status is not null and refused_because is null"
        " and recorded_at > $opened_at and ($reopened_at is null or decided_at > $reopened_at)"
        " order by decided_at desc, recorded_at desc, decision_id desc limit 1",
        {"diff_key": decision.diff_key, "opened_at": opened_at, "reopened_at": reopened_at},
    ).fetchone()
    if decision.status in SETTLED and status is not None and status[0] in SETTLED:
        return "already_settled"
    return None


def _just_after(warehouse: duckdb.DuckDBPyConnection) -> list[datetime]:
    """The first moments that neither the run under way nor the last noted night has seen."""
    rows = warehouse.execute("select max(as_of) from ops.nights union all select as_of from config.brand").fetchall()
    return [as_of + _A_MOMENT for (as_of,) in rows if as_of is not None]


def _id_of(decision: Decision) -> str:
    return hashlib.sha256(json.dumps(asdict(decision), default=str).encode()).hexdigest()[:32]


def _record(
    warehouse: duckdb.DuckDBPyConnection,
    decision_id: str,
    decision: Decision,
    recorded_at: datetime,
    refused_because: str | None,
) -> None:
    row = {
        "decision_id": decision_id,
        **asdict(decision),
        "recorded_at": recorded_at,
        "refused_because": refused_because,
    }
    places = ", ".join("?" for _ in row)
    warehouse.execute(
        f"insert or ignore into ops.decisions ({', '.join(row)}) values ({places})",
        [stored(value) for value in row.values()],
    )
