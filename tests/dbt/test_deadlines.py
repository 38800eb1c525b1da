"""Deadlines of two simulated years, one of them with a 29 February, against the networks' rules written down once more.

What is expected is worked out with the standard library's zones and calendar, from the rules in words; nothing of the
seed `lock_rules` is read for it.
"""

from __future__ import annotations

import calendar
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from tests.dbt import brand
from tests.dbt.conftest import PROJECT, dbt_build
from tests.dbt.warehouse import insert

BERLIN, PACIFIC, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Los_Angeles"), ZoneInfo("Asia/Tokyo")
YEARS = (2026, 2028)
CONFIGURED_DAYS = 60
# How each network's conversions lock, and under which words the seed has it.
RULES = {
    "awin": {"validation_period"},
    "cj": {"told", "day_of_month"},
    "commission_factory": {"validation_period"},
    "everflow": {"never"},
    "impact": {"told"},
    "partnerize": {"validation_period"},
    "post_affiliate_pro": {"never"},
    "rakuten": {"day_of_month"},
    "shareasale": {"told"},
    "tradedoubler": {"validation_period"},
    "tune": {"never"},
    "voluum": {"never"},
}
PUBLISHERS = ("plain", "special", "blog")
TERMS = (
    brand.term("first-half", "awin", validation_days=30, valid_from="2026-01-01", valid_to="2026-07-01"),
    brand.term("second-half", "awin", validation_days=20, valid_from="2026-07-01"),
    brand.term("special", "awin", publisher_id="special", validation_days=45, valid_from="2025-01-01"),
    brand.term("bloggers", "awin", partner_group="Content", validation_days=10, valid_from="2025-01-01"),
    brand.term("blog", "awin", publisher_id="blog", partner_group="content", valid_from="2026-04-01"),
    brand.term("learnt-too-late", "awin", validation_days=5, _observed_at="2026-03-02 03:00:01"),
    brand.term("of-one-account", "tradedoubler", account_id="1", validation_days=90),
    brand.term("of-another-account", "tradedoubler", account_id="2", validation_days=3),
)


@dataclass(frozen=True)
class Conversion:
    """One conversion of a network, with the date that the network tells, if any."""

    key: str
    network: str
    publisher: str
    at: datetime
    told: datetime | None
    is_extended: bool
    status: str | None

    @property
    def is_undecided(self) -> bool:
        return self.status in (None, "pending", "untracked_status")


def moments() -> Iterator[datetime]:
    """Instants over the years: every few hours, and the seconds around each month and clock change of each zone."""
    for year in YEARS:
        moment = datetime(year, 1, 1, tzinfo=UTC)
        while moment.year == year:
            yield moment
            moment += timedelta(hours=7, minutes=31, seconds=17)
        for zone in (UTC, BERLIN, PACIFIC, TOKYO):
            for month in range(1, 13):
                first = datetime(year, month, 1, tzinfo=zone).astimezone(UTC)
                yield from (first + timedelta(seconds=seconds) for seconds in (-1, 0, 1))
            # Three weeks around each change, an hour at a time, so that a period begins and ends in it.
            for start in (datetime(year, 3, 1, tzinfo=UTC), datetime(year, 10, 20, tzinfo=UTC)):
                yield from (start + timedelta(hours=hours, minutes=30) for hours in range(0, 24 * 28, 5))


def conversions() -> Iterator[Conversion]:
    statuses = ("pending", "pending", None, "pending", "approved", "pending", "reversed")
    for number, at in enumerate(sorted(set(moments()))):
        if at < datetime(2026, 1, 1, tzinfo=BERLIN):
            continue
        for offset, (network, rules) in enumerate(RULES.items()):
            status = statuses[(number + offset) % len(statuses)]
            yield Conversion(
                key=f"{network}:{number}",
                network=network,
                publisher=PUBLISHERS[number % 3],
                at=at,
                told=at + timedelta(days=17, hours=3) if "told" in rules and number % 2 else None,
                is_extended=number % 5 == 0,
                status="untracked_status" if network == "rakuten" and status == "pending" else status,
            )


def month_after(day: date, months: int) -> tuple[int, int]:
    return day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1


def eleventh_in_pacific(sale: Conversion) -> datetime:
    """At CJ: on the 11th of the month after the sale at 2 a.m. Pacific, put off once by a month."""
    year, month = month_after(sale.at.astimezone(PACIFIC), 2 if sale.is_extended else 1)
    return datetime(year, month, 11, 2, tzinfo=PACIFIC)


def end_of_next_month(sale: Conversion) -> datetime:
    """At Rakuten, which does not tell a zone: where a month begins last, and ends first."""
    year, month = month_after(sale.at.astimezone(PACIFIC), 1)
    last_day = date(year, month, calendar.monthrange(year, month)[1])
    return datetime.combine(last_day + timedelta(days=1), datetime.min.time(), tzinfo=TOKYO)


def after_days(sale: Conversion, days: int) -> datetime:
    """The end of a period of days, of 24 hours or of the brand's calendar: whichever comes first."""
    by_calendar = (sale.at.astimezone(BERLIN).replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=BERLIN)
    return min(sale.at + timedelta(days=days), by_calendar.astimezone(UTC))


def agreed_days(sale: Conversion) -> int:
    if sale.publisher == "special":
        return 45
    if sale.publisher == "blog" and sale.at >= datetime(2026, 4, 1, tzinfo=BERLIN):
        return 10
    return 30 if sale.at < datetime(2026, 7, 1, tzinfo=BERLIN) else 20


def expected(sale: Conversion) -> tuple[datetime | None, str | None]:
    if sale.told is not None:
        return sale.told, "network"
    if not sale.is_undecided:
        return None, None
    match sale.network:
        case "cj":
            return eleventh_in_pacific(sale), "calendar"
        case "rakuten":
            return end_of_next_month(sale), "calendar"
        case "awin":
            return after_days(sale, agreed_days(sale)), "terms"
        case "tradedoubler":
            return after_days(sale, 90), "terms"
        case "partnerize":
            return after_days(sale, 14), "programme"
        case "commission_factory":
            return after_days(sale, CONFIGURED_DAYS), "configuration"
    return None, None


def as_row(sale: Conversion) -> dict[str, object]:
    is_configured = sale.network == "commission_factory" and sale.is_undecided
    locks_at = sale.at + timedelta(days=CONFIGURED_DAYS) if is_configured else sale.told
    return {
        "conversion_key": sale.key,
        "network": sale.network,
        "account_id": "1",
        "publisher_id": sale.publisher,
        "status": sale.status,
        "lock_state": "locked" if sale.status == "approved" else "open" if sale.status == "pending" else "unknown",
        "raw_status": "extended" if sale.is_extended else "new",
        "occurred_at": sale.at.replace(tzinfo=None),
        "locks_at": None if locks_at is None else locks_at.replace(tzinfo=None),
        "network_rows": 1,
        "sale_amount": 10,
        "publisher_commission": 1,
    }


def write(warehouse: Path, sales: list[Conversion]) -> None:
    brand.begin(warehouse, prefixes=())
    insert(warehouse, "valid_crm.terms", *TERMS)
    rows = pl.DataFrame([as_row(sale) for sale in sales], infer_schema_length=None)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists intermediate")
        connection.register("rows", rows.to_arrow())
        connection.execute("create table intermediate.int_conversions__keyed as select * from rows")
        connection.execute(
            """
            create table intermediate.int_programmes__unioned as
            select 'partnerize' as network, '1' as account_id, 'p' as programme_id, 14 as validation_days
            """
        )
        connection.execute(
            """
            create table intermediate.int_publishers__unioned as
            select 'awin' as network, 'plain' as publisher_id, 'Voucher' as primary_type, true as is_listed
            """
        )


def test_no_deadline_of_two_years_is_wrong(tmp_path: Path) -> None:
    sales = list(conversions())
    warehouse = tmp_path / "affiliate.duckdb"
    write(warehouse, sales)
    models = ("lock_rules", "stg_crm__terms", "int_terms__known", "int_conversions__partner_groups")
    build = dbt_build(
        warehouse,
        tmp_path / "target",
        (
            *("--select", *models, "int_conversions__deadlines"),
            *("--exclude", "resource_type:unit_test", "resource_type:test"),
            *("--vars", f"{{validation_days: {{commission_factory: {CONFIGURED_DAYS}}}}}"),
        ),
    )
    assert build.success
    found = {
        key: (None if locks_at is None else locks_at.replace(tzinfo=UTC), source)
        for key, locks_at, source in build.query(
            "select conversion_key, locks_at, locks_at_source from intermediate.int_conversions__deadlines"
        )
    }
    assert len(found) == len(sales) > 20_000
    wrong = [(sale, found[sale.key], expected(sale)) for sale in sales if found[sale.key] != expected(sale)]
    assert wrong == []
    assert {source for _, source in found.values()} == {
        *("network", "programme", "terms", "configuration", "calendar"),
        None,
    }


def test_every_lock_rule_is_one_that_these_years_have_tried() -> None:
    with (PROJECT / "seeds" / "lock_rules.csv").open(encoding="utf-8", newline="") as file:
        rules: dict[str, set[str]] = {}
        for row in csv.DictReader(file):
            rules.setdefault(row["network"], set()).add(row["rule"])
    assert rules == RULES
