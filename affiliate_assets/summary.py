"""The published figures as a finance person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from affiliate_assets.publishing import REPORT_PAGE, read_manifest
from affiliate_assets.settings import Settings

_BY_STATUS = """
    select network, account_id, coalesce(status, 'unknown word') as status, sale_currency, count(*),
           sum(case when not is_withheld then sale_amount end),
           publisher_commission_currency, sum(case when not is_withheld then publisher_commission end)
    from fct_conversions
    group by network, account_id, coalesce(status, 'unknown word'), sale_currency, publisher_commission_currency
    order by network, account_id, status
"""

_BY_CLASS = """
    select network, account_id, class, network_currency, count(*),
           sum(case when not is_withheld then network_amount end),
           sum(case when class = 'amount_mismatch' and not is_withheld then amount_difference end),
           commission_currency, sum(case when not is_withheld then commission_at_risk end), min(act_by_at)
    from fct_reconciliation_diffs
    where side = 'network'
    group by network, account_id, class, network_currency, commission_currency
    order by network, account_id, class
"""

_ORDERS = """
    select case when is_withheld then 'withheld' else class end as class, order_currency, count(*),
           sum(case when not is_withheld then order_amount end)
    from fct_reconciliation_diffs
    where side = 'order'
    group by case when is_withheld then 'withheld' else class end, order_currency
    order by 1, 2
"""

_CURRENCIES = "select currency, minor_unit_digits from dim_currencies"

_DOUBLE_CLAIMS = "select count(*) from fct_reconciliation_diffs where class = 'duplicate_claim' and side = 'network'"


def print_summary(settings: Settings, console: Console) -> None:
    """Print conversions and money by status, the classes of both sides, double claims, and where to read on.

    Of a network that is held, records are counted and no amount is printed.

    Raises:
        ConfigError: Nothing has been published yet.
    """
    manifest = read_manifest(settings.published)
    file = settings.published / "affiliate.duckdb"
    with duckdb.connect(str(file), read_only=True) as marts:
        console.print(f"\n{settings.brand.name}, as of {manifest['as_of']}\n", style="bold")
        digits = dict(marts.execute(_CURRENCIES).fetchall())
        _print(
            console,
            "Conversions and money by status",
            ("network", "account", "status", "", "conversions", "sales", "", "commission"),
            marts.execute(_BY_STATUS).fetchall(),
            digits,
        )
        _print(
            console,
            "Network side against orders",
            (
                "network",
                "account",
                "class",
                "",
                "conversions",
                "sales",
                "difference",
                "",
                "commission at risk",
                "act by",
            ),
            marts.execute(_BY_CLASS).fetchall(),
            digits,
        )
        _print(
            console,
            "Order side against networks",
            ("class", "", "orders", "commissionable"),
            marts.execute(_ORDERS).fetchall(),
            digits,
        )
        (double_claims,) = marts.execute(_DOUBLE_CLAIMS).fetchall()[0]
    console.print(f"Double claims: {double_claims} conversions lose to another network's claim on the same order.")
    for entry in manifest["networks"]:
        if entry["account_id"] is not None:
            console.print(f"{entry['network']} {entry['account_id']}: {_state(entry)}")
    console.print(f"\nPublished file   {_shown(file)}")
    console.print(f"Parquet          {_shown(settings.published / 'parquet')}")
    console.print(f"Report           {_shown(settings.published / REPORT_PAGE)}")


def _state(entry: dict[str, Any]) -> str:
    """Whether the account is in; of a held network also why nothing of it is summed above."""
    reason = entry.get("withheld_reason")
    return f"withheld: {reason}" if reason else str(entry["completeness"])


def _print(
    console: Console, title: str, headings: tuple[str, ...], rows: list[tuple[Any, ...]], digits: Mapping[str, int]
) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="")
    numeric = {"conversions", "orders", "sales", "commission", "difference", "commission at risk", "commissionable"}
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numeric else "left")
    for row in rows:
        table.add_row(*cells(headings, row, digits))
    console.print(table)


def cells(headings: Iterable[str], row: tuple[Any, ...], digits: Mapping[str, int]) -> Iterator[str]:
    """A row as text; amounts in the smallest unit of the currency before them, which has no heading."""
    currency = None
    for heading, value in zip(headings, row, strict=True):
        if not heading:
            currency = value
        yield f"{value:,.{digits.get(currency or '', 2)}f}" if isinstance(value, Decimal) else _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _shown(path: Path) -> str:
    """The path as the reader would type it: relative where it lies below the working folder."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
