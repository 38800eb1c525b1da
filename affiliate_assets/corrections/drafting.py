"""Differences → instructions: what the published figures ask the network to do, and nothing it cannot be told."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb

from affiliate_assets.connectors.corrections import Action, Corrections, Ground, Instruction
from affiliate_assets.corrections.journal import FROM, UNDER_WAY, Entry, Journal, Line, State
from affiliate_assets.errors import ConfigError, RecordError
from affiliate_assets.landing.tables import raw_table
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.networks import api_connectors
from affiliate_assets.settings import Settings

_DIFFERENCES = """
    select d.diff_key, d.network, d.account_id, d.record_id, d.class, d.reason, d.order_status, d.order_amount,
           d.order_currency, d.amount_difference, c.status, c.sale_amount, c.sale_currency, c.order_id, c.occurred_at,
           c.conversions_of_order
    from fct_reconciliation_diffs d
    join (
        select *, count(*) over (partition by network, account_id, order_id) as conversions_of_order
        from fct_conversions
    ) c on c.conversion_key = d.conversion_key
    -- What is decided cannot be told any more, and of a withheld network nothing is certain.
    where d.side = 'network' and not d.is_withheld and c.status = 'pending' and c.lock_state = 'open'
      and c.sale_amount is not null and c.sale_currency is not null
    order by d.diff_key
"""
ACTIONS: tuple[Action, ...] = ("approve", "decline", "amend")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which differences are to become instructions; empty means no bound."""

    actions: frozenset[str]
    networks: Collection[str] = ()
    differences: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """What was drafted, and of what could not be, why."""

    instructions: tuple[Instruction, ...]
    left_out: tuple[str, ...]


def published_file(settings: Settings) -> str:
    """The published database.

    Raises:
        ConfigError: Nothing is published yet.
    """
    file = settings.published / "affiliate.duckdb"
    if not file.exists():
        raise ConfigError(f"Nothing is published at {settings.published}.", next_step="run `affiliate run` first.")
    return str(file)


def draft(settings: Settings, journal: Journal, wanted: Wanted, *, by: str, at: datetime) -> Drafted:
    """Write an instruction for every difference that asks for one; what is under way already is left alone.

    Raises:
        ConfigError: Nothing is published yet.
    """
    connectors = api_connectors()
    under_way = {record_of(entry) for entry in journal.of(UNDER_WAY)}
    found: list[tuple[Corrections, Instruction]] = []
    left_out = []
    for row in _rows(settings):
        asked = _asked(row)
        if asked is None or asked[0] not in wanted.actions:
            continue
        if (wanted.networks and row["network"] not in wanted.networks) or (
            wanted.differences and row["diff_key"] not in wanted.differences
        ):
            continue
        connector = connectors.get(row["network"])
        if connector is None or connector.corrections is None:
            left_out.append(f"{row['diff_key']}: {row['network']} cannot be told by this program")
            continue
        if (row["network"], row["account_id"], row["record_id"]) in under_way:
            continue
        try:
            found.append((connector.corrections, _instruction(settings, connector.corrections, row, *asked)))
        except RecordError as error:
            left_out.append(f"{row['diff_key']}: {error}")
    detailed, refused = _with_details(settings, found, at)
    # What was taken once and is as it was before is for a person to look at.
    new = [told for told in detailed if _state(journal, told) in FROM["drafted"]]
    names = [told.instruction_id for told in new]
    journal.add(Line(at, "drafted", names, by=by, instructions=new))
    return Drafted(tuple(new), (*left_out, *refused))


def _state(journal: Journal, told: Instruction) -> State | None:
    entry = journal.entries.get(told.instruction_id)
    return entry.state if entry else None


def record_of(entry: Entry) -> tuple[str, str, str]:
    """Network, account and record that an entry is about."""
    told = entry.instruction
    return told.network, told.account_id, told.record_id


def _rows(settings: Settings) -> list[dict[str, Any]]:
    with duckdb.connect(published_file(settings), read_only=True) as marts:
        cursor = marts.execute(_DIFFERENCES)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def still_asked(settings: Settings, instructions: Collection[Instruction]) -> set[str]:
    """Ids of those that the published figures ask for as they were drafted: same action, ground and amounts."""
    connectors = api_connectors()
    rows = {(row["network"], row["account_id"], row["record_id"]): row for row in _rows(settings)}
    found = set()
    for told in instructions:
        row, connector = rows.get((told.network, told.account_id, told.record_id)), connectors.get(told.network)
        asked = None if row is None else _asked(row)
        if row is None or asked is None or connector is None or connector.corrections is None:
            continue
        try:
            anew = _instruction(settings, connector.corrections, row, *asked)
        except RecordError:
            continue
        # Details come from the network's own record, which changes with what is compared here.
        if replace(anew, details=told.details) == told:
            found.add(told.instruction_id)
    return found


def _asked(row: Mapping[str, Any]) -> tuple[Action, Ground] | None:
    """What a difference asks for; None where it asks for nothing that a network can be told."""
    match row["class"], row["reason"]:
        case "duplicate_claim", _:
            return "decline", "claimed_elsewhere"
        case "missing_in_crm", "no_such_order":
            return "decline", "no_such_order"
        case "status_mismatch", "live_but_order_void":
            return "decline", "order_returned" if row["order_status"] == "refunded" else "order_cancelled"
        case "amount_mismatch", ("network_higher" | "network_lower"):
            return "amend", "amount_differs"
        case "matched", ("agrees" | "agreed_base"):
            return "approve", "order_confirmed"
    return None


def _instruction(
    settings: Settings, corrections: Corrections, row: Mapping[str, Any], action: Action, ground: Ground
) -> Instruction:
    if action not in corrections.actions or ground not in corrections.reasons:
        raise RecordError(
            f"The network takes no {action} because of {ground}.", next_step="settle it in the network's interface."
        )
    if corrections.by_order and (row["order_id"] is None or row["conversions_of_order"] > 1):
        raise RecordError(
            f"The network is told by order, and {row['conversions_of_order']} conversions name the order"
            f" {row['order_id']}.",
            next_step="settle it in the network's interface.",
        )
    if ground == "no_such_order" and row["order_id"] is None:
        raise RecordError(
            "The conversion names no order; whether there is one is for a person to say.",
            next_step="settle it in the network's interface.",
        )
    amount = _amount(settings, row) if action == "amend" else None
    return Instruction(
        network=row["network"],
        account_id=row["account_id"],
        record_id=row["record_id"],
        action=action,
        ground=ground,
        reason=corrections.reasons[ground],
        order_id=row["order_id"],
        occurred_at=row["occurred_at"].replace(tzinfo=UTC),
        status=row["status"],
        sale_amount=row["sale_amount"],
        currency=row["sale_currency"],
        amount=amount,
        details=_of_account(settings, corrections, row["network"], row["account_id"]),
    )


def _of_account(settings: Settings, corrections: Corrections, network: str, account_id: str) -> dict[str, str]:
    told = {a.account_id: a.corrections for a in settings.accounts_of(network)}.get(account_id, {})
    missing = [name for name in corrections.settings if name not in told]
    if missing:
        raise RecordError(
            f"The account {account_id} does not tell its {missing[0]}.",
            next_step=f'add [accounts.corrections] with {missing[0]} = "…" to it.',
        )
    return {name: told[name] for name in corrections.settings}


def _amount(settings: Settings, row: Mapping[str, Any]) -> Decimal:
    if row["order_currency"] != row["sale_currency"]:
        raise RecordError(
            f"The network counts in {row['sale_currency']}, the order is in {row['order_currency']}.",
            next_step="amend it in the network's interface, at the rate of the contract.",
        )
    if row["amount_difference"] != row["sale_amount"] - row["order_amount"]:
        raise RecordError(
            "The conversion was compared with more than its order; how an amount is split is for a person to say.",
            next_step="amend it in the network's interface.",
        )
    digits = minor_unit_digits(settings).get(row["sale_currency"], 2)
    amount: Decimal = row["order_amount"].quantize(Decimal(1).scaleb(-digits))
    if amount <= 0:
        raise RecordError("Nothing of the order is left.", next_step="decline it in the network's interface.")
    return amount


def minor_unit_digits(settings: Settings) -> dict[str, int]:
    """Digits behind the point by currency, from the same list that the models read."""
    path = settings.dbt_project / "seeds" / "currencies.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["currency"]: int(row["minor_unit_digits"]) for row in csv.DictReader(file)}


def _with_details(
    settings: Settings, found: list[tuple[Corrections, Instruction]], at: datetime
) -> tuple[list[Instruction], list[str]]:
    """The instructions with what their calls need of the network's own records, as they were pulled last.

    What would not be of the published shape is left out.
    """
    told, left_out = [], []
    if not found:
        return [], []
    with connection(settings.warehouse) as warehouse:
        for corrections, instruction in found:
            try:
                records = _latest(warehouse, corrections, instruction)
                details = {**instruction.details, **corrections.details(instruction.action, records)}
                detailed = replace(instruction, details=details)
                corrections.shape(corrections.request(detailed.account_id, (detailed,), at))
                told.append(detailed)
            except RecordError as error:
                left_out.append(f"{instruction.network} {instruction.record_id}: {error}")
    return told, left_out


def _latest(
    warehouse: duckdb.DuckDBPyConnection, corrections: Corrections, instruction: Instruction
) -> list[Mapping[str, Any]]:
    stream, name = corrections.stream
    rows = warehouse.execute(
        f"""
        select record
        from (
            select
                record, _observed_at, _fetched_at, _row_hash,
                row_number() over (
                    partition by _key order by _observed_at desc, _fetched_at desc, _row_hash desc
                ) as age
            from {raw_table(instruction.network, stream)}
            where _account_id = ? and json_extract_string(record, ?) = ?
        )
        where age = 1
        order by _observed_at desc, _fetched_at desc, _row_hash desc
        """,
        [instruction.account_id, name if name.startswith("$") else f"$.{name}", instruction.record_id],
    ).fetchall()
    if not rows:
        raise RecordError("The network's own record is not there.", next_step="run `affiliate run`, then draft again.")
    return [json.loads(record, parse_float=Decimal) for (record,) in rows]
