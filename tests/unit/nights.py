"""What the world knows of each network beside what the warehouse says, and what was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs

from affiliate_assets.sandbox import Call, World
from tests.conftest import FIRST_MORNING, Brand

NEXT_MORNING = FIRST_MORNING + timedelta(days=1)

LATER_MORNING = FIRST_MORNING + timedelta(days=9)

START = datetime(2025, 12, 31, 23, tzinfo=UTC)

ACCOUNTS = {"awin": ("1001", "1002"), "cj": ("4410927", "4410928")}

MONTH = timedelta(days=30)

LATEST = """
    select * from (
        select *, row_number() over (partition by _account_id, _key order by _observed_at desc, _row_hash) as age
        from valid_{table}
    ) where age = 1
"""

Figures = dict[tuple[str, str], tuple[str | None, Decimal, Decimal]]


def truth(world: World, network: str, at: datetime) -> Figures:
    """Status, sale and publisher's commission of every conversion, as the world has them."""
    rows = world.truth(at).filter((world.truth(at)["side"] == "network") & (world.truth(at)["network"] == network))
    return {
        (row["account_id"], row["record_id"]): (row["network_status"], row["sale_amount"], row["publisher_commission"])
        for row in rows.iter_rows(named=True)
    }


def awin_figures(brand: Brand) -> Figures:
    rows = brand.query(
        "select _account_id, _key, commission_status, sale_amount, commission_amount"
        f" from ({LATEST.format(table='awin.transactions')})"
    )
    words = {"declined": "reversed"}
    return {(a, k): (words.get(s, s), sale, commission) for a, k, s, sale, commission in rows}  # type: ignore


def cj_figures(brand: Brand) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    rows = brand.query(
        "select _account_id, original_action_id, sum(sale_amount_adv_currency), sum(pub_commission_amount_usd)"
        f" from ({LATEST.format(table='cj.commissions')}) group by all"
    )
    return {(a, k): (sale, commission) for a, k, sale, commission in rows}  # type: ignore


def cj_statuses(brand: Brand) -> dict[str, object]:
    rows = brand.query(f"select _key, action_status from ({LATEST.format(table='cj.commissions')})")
    return {str(key): "locked" if status == "closed" else status for key, status in rows}


def expected_cj_statuses(world: World, at: datetime) -> dict[str, str]:
    """From CJ's words: locked on the announced day; a locked row is not read again to see it closed."""
    now, found = int(at.timestamp()), {}
    for row in world.ledger:
        if row.posted_at <= now:
            final, extended = row.conversion.final_at, row.conversion.extended_at
            if now >= final:
                found[str(row.commission_id)] = "locked"
            else:
                found[str(row.commission_id)] = "extended" if extended is not None and now >= extended else "new"
    return found


def asked(calls: Iterable[Call], account: str) -> Counter[str]:
    """How often each kind of question was asked for an account."""
    kinds: Counter[str] = Counter()
    for call in calls:
        if call.network == "awin" and f"/{account}/" in call.path:
            kind = call.path.rstrip("/").rpartition(f"/{account}/")[2]
            kinds[parse_qs(call.query)["dateType"][0] if kind == "transactions" else kind] += 1
        elif call.network == "cj" and f'[\\"{account}\\"]' in call.query:
            kinds[next(k for k in ("commissionIds", "LockingDate", "PostingDate") if k in call.query)] += 1
    return kinds


def windows_asked(calls: Iterable[Call]) -> list[timedelta]:
    """The length of every window that reached Awin."""
    spans = []
    for call in calls:
        query = parse_qs(call.query)
        if "startDate" in query and "reports" not in call.path:
            start, end = (datetime.fromisoformat(query[name][0]) for name in ("startDate", "endDate"))
            spans.append(end - start)
    return spans


def pull_both(brand: Brand, at: datetime) -> None:
    for network in ACCOUNTS:
        night = brand.pull(network, at)
        assert night.problems == ()


def counts(brand: Brand, *tables: str) -> list[tuple[object, ...]]:
    return [brand.query(f"select count(*), bit_xor(hash(_row_hash, _observed_at)) from {table}")[0] for table in tables]
