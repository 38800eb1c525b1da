"""A brand whose published figures ask Awin and others for something, and what it told the sandbox."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from affiliate_assets.corrections.drafting import Drafted, Wanted, draft
from affiliate_assets.corrections.journal import Entries, Line, held, journal_file, read_entries
from affiliate_assets.corrections.sending import Send, send
from affiliate_assets.settings import Settings, load_settings
from tests.conftest import FIRST_MORNING, Brand

NOON = FIRST_MORNING + timedelta(hours=9)
DIFFERENCES = (
    ("missing_in_crm", "no_such_order"),
    ("status_mismatch", "live_but_order_void"),
    ("duplicate_claim", "last_click"),
    ("amount_mismatch", "network_higher"),
    ("matched", "agrees"),
)

Conversion = tuple[str, str, str, str, Decimal, str, str, datetime]


def publish(settings: Settings, network: str, conversions: list[Conversion]) -> None:
    """Publish conversions and one difference of each kind on the first of them.

    Args:
        settings: Whose figures they are.
        network: The network.
        conversions: (account, record, order, status, sale, currency, publisher, occurred_at) of each.
    """
    settings.published.mkdir(parents=True, exist_ok=True)
    file = settings.published / "affiliate.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as marts:
        marts.execute(
            """
            create table fct_conversions (conversion_key varchar, network varchar, account_id varchar,
                conversion_id varchar, order_id varchar, status varchar, lock_state varchar, sale_amount decimal(18,6),
                sale_currency varchar, occurred_at timestamp, is_withheld boolean);
            create table fct_reconciliation_diffs (diff_key varchar, side varchar, network varchar, account_id varchar,
                record_id varchar, conversion_key varchar, class varchar, reason varchar, order_status varchar,
                order_amount decimal(18,6), order_currency varchar, amount_difference decimal(18,6),
                is_withheld boolean);
            create table rpt_corrections (instruction_id varchar, sent_at timestamp, correction_outcome varchar)
            """
        )
        for place, (account, record, order, status, sale, currency, _, occurred_at) in enumerate(conversions):
            key = f"{network}:{account}:{record}"
            lock_state = "open" if status == "pending" else "locked"
            marts.execute(
                "insert into fct_conversions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, false)",
                [key, network, account, record, order, status, lock_state, sale, currency, occurred_at],
            )
            if place < len(DIFFERENCES):
                class_, reason = DIFFERENCES[place]
                less = Decimal("1.50") if class_ == "amount_mismatch" else Decimal(0)
                marts.execute(
                    "insert into fct_reconciliation_diffs values"
                    " (?, 'network', ?, ?, ?, ?, ?, ?, 'refunded', ?, ?, ?, false)",
                    [
                        *(f"network:{key}", network, account, record, key, class_, reason),
                        *(sale - less, currency, less),
                    ],
                )


def prove(settings: Settings, outcomes: dict[str, str]) -> None:
    """Publish what the models say became of instructions."""
    entries = read_entries(journal_file(settings.data))
    with duckdb.connect(str(settings.published / "affiliate.duckdb")) as marts:
        for name, outcome in outcomes.items():
            sent_at = entries[name].sent_at
            assert sent_at is not None
            marts.execute(
                "insert into rpt_corrections values (?, ?, ?)",
                [name, sent_at.astimezone(UTC).replace(tzinfo=None), outcome],
            )


def pending_awin(brand: Brand, account: str = "1001", count: int = 6) -> list[Conversion]:
    """Some pending transactions of an account, as they were pulled."""
    return brand.query(  # type: ignore[return-value]
        f"""
        select _account_id, _key, order_ref, commission_status, sale_amount, sale_currency, '', transaction_date
        from valid_awin.transactions
        where _account_id = '{account}' and commission_status = 'pending' and not amended and sale_amount > 10
        order by id limit {count}
        """
    )


def pending_cj(brand: Brand, account: str = "4410927", count: int = 6) -> list[Conversion]:
    """Some open commissions of an account told as a whole, as they were pulled; their records are single rows."""
    return brand.query(  # type: ignore[return-value]
        f"""
        select _account_id, original_action_id, min(order_id), 'pending', min(sale_amount_adv_currency), 'EUR', '',
               min(event_date)
        from valid_cj.commissions
        where _account_id = '{account}'
        group by all
        having count(distinct commission_id) = 1 and max(action_status) = 'new' and min(action_type) = 'sim_sale'
            and min(order_id) is not null and min(sale_amount_adv_currency) > 10
        order by 2 limit {count}
        """
    )


def with_enterprise_ids(settings: Settings) -> Settings:
    """Let the CJ accounts tell what the sandbox knows them by."""
    lines, account = [], ""
    for line in settings.config_path.read_text(encoding="utf-8").splitlines():
        lines.append(line)
        if line.startswith("account_id"):
            account = line.split('"')[1]
        if line.startswith("token") and account.startswith("44109"):
            lines += ["[accounts.corrections]", f'enterprise_id = "E{account}"']
    settings.config_path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_settings(settings.config_path)


def drafted(settings: Settings, *actions: str, by: str = "Ada", at: datetime = NOON) -> Drafted:
    with held(settings.data, at) as journal:
        return draft(settings, journal, Wanted(frozenset(actions or ("decline", "amend"))), by=by, at=at)


def released(settings: Settings, by: str = "Grace", at: datetime = NOON) -> None:
    with held(settings.data, at) as journal:
        names = [entry.instruction.instruction_id for entry in journal.of(["drafted"])]
        journal.add(Line(at, "released", names, by=by))


def sent(settings: Settings, call: Send | None = None, at: datetime = NOON) -> list[str]:
    with held(settings.data, at) as journal:
        return send(settings, journal, at, call)


def entries_of(settings: Settings) -> Entries:
    return read_entries(journal_file(settings.data))


def states_of(settings: Settings) -> Counter[str]:
    return Counter(entry.state for entry in entries_of(settings).values())


def told_awin(brand: Brand) -> Counter[int]:
    """How often each transaction was named in a batch that reached the sandbox."""
    found: Counter[int] = Counter()
    for call in brand.sandbox.calls:
        if call.method == "POST" and call.path.endswith("/transactions/batch"):
            found.update(line["transaction"]["transactionId"] for line in json.loads(call.query))
    return found


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
