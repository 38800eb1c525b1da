"""What a network changes long after the sale, seen by ordinary nights; truth is the world that the sandbox serves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from affiliate_assets.connectors.language import Connector
from affiliate_assets.sandbox import World, WorldConfig, build_world
from affiliate_assets.sandbox.reports import Conversion
from tests.conftest import Brand

from .nights import awin_figures, cj_figures, truth

DAY = timedelta(days=1)
LATE = 55 * DAY
FIRST = datetime(2026, 1, 12, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def small_world() -> World:
    """Ten days of orders, every one of them a planted situation; their changes go on until March."""
    return build_world(WorldConfig(seed=7, start=date(2026, 1, 1), days=10, orders_per_day=15, plant_every=1))


def instant(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def night_after(moment: datetime) -> datetime:
    night = moment.replace(hour=3, minute=0, second=0, microsecond=0)
    return night if night >= moment else night + DAY


def nights_until(last: datetime) -> list[datetime]:
    """A backfill, a night every eighth day, and the two nights around the change."""
    nights = [FIRST + 8 * n * DAY for n in range(20)]
    return [*(night for night in nights if night < last - DAY), last - DAY]


def reversal(world: World) -> tuple[Conversion, datetime]:
    """An Awin transaction that is declined very late, and when."""
    return next(
        (conversion, instant(step.at))
        for conversion in world.conversions
        if conversion.network == "awin"
        for step in conversion.steps
        if step.void and step.at - conversion.occurred_at >= LATE.total_seconds()
    )


def awin_status(brand: Brand, conversion: Conversion) -> list[str]:
    rows = brand.query(
        f"select commission_status from valid_awin.transactions where _key = '{conversion.number}'"
        " order by _observed_at, _fetched_at"
    )
    return [str(status) for (status,) in rows]


def test_a_reversal_on_day_58_is_seen_in_the_next_night_without_a_backfill(brand: Brand) -> None:
    conversion, declined_at = reversal(brand.world)
    assert (declined_at - instant(conversion.occurred_at)).days == 58
    last = night_after(declined_at)
    for night in nights_until(last):
        assert brand.pull("awin", night).problems == ()
    assert "declined" not in awin_status(brand, conversion)
    before = len(brand.sandbox.calls)
    assert brand.pull("awin", last).problems == ()
    assert awin_status(brand, conversion)[-1] == "declined"
    assert awin_figures(brand) == truth(brand.world, "awin", last)
    # An ordinary night: for each account every clock once, the report, and the publishers.
    assert len(brand.sandbox.calls) - before <= 2 * 5


def test_a_zone_of_the_account_moves_no_time_of_awin(brand: Brand) -> None:
    settings = brand.settings
    moved = [account.model_copy(update={"time_zone": "America/New_York"}) for account in settings.accounts]
    object.__setattr__(brand, "settings", settings.model_copy(update={"accounts": tuple(moved)}))
    assert brand.pull("awin", FIRST).problems == ()
    assert awin_figures(brand) == truth(brand.world, "awin", FIRST)
    dated = "select _key, transaction_date from valid_awin.transactions"
    told = {
        str(conversion.number): instant(conversion.occurred_at) for conversion in brand.world.conversions_of("awin")
    }
    assert all(told[str(key)] == at.replace(tzinfo=UTC) for key, at in brand.query(dated))  # type: ignore[attr-defined]


def test_a_payment_that_no_clock_of_awin_shows_is_seen_within_a_week(brand: Brand) -> None:
    # Awin's sandbox pays on the first of a month, twenty days after the approval or more; all is decided in March.
    approved = "select count(*) from valid_awin.transactions where commission_status = 'approved'"
    unpaid = """
        select count(*) from (
            select *, row_number() over (partition by _key order by _observed_at desc, _fetched_at desc) as recency
            from valid_awin.transactions
        ) where recency = 1 and commission_status = 'approved' and not paid_to_publisher
    """
    nights = [FIRST + 8 * n * DAY for n in range(16)]
    for night in nights:
        assert brand.pull("awin", night).problems == ()
    ((total,),) = brand.query(approved)
    assert total > 10
    assert brand.query(unpaid) == [(0,)]
    # What is paid is asked for no more.
    before = len(brand.sandbox.calls)
    assert brand.pull("awin", nights[-1] + 8 * DAY).problems == ()
    assert len(brand.sandbox.calls) - before <= 2 * 5


def test_a_correction_on_day_55_or_later_is_seen_in_the_next_night_at_cj(brand: Brand) -> None:
    row = next(
        row
        for row in brand.world.ledger
        if not row.original and row.posted_at - row.conversion.occurred_at >= LATE.total_seconds()
    )
    last = night_after(instant(row.posted_at))
    for night in nights_until(last):
        assert brand.pull("cj", night).problems == ()
    find = f"select count(*) from valid_cj.commissions where _key = '{row.commission_id}'"
    assert brand.query(find) == [(0,)]
    before = len(brand.sandbox.calls)
    assert brand.pull("cj", last).problems == ()
    assert brand.query(find) == [(1,)]
    expected = truth(brand.world, "cj", last)
    assert cj_figures(brand) == {key: (sale, commission) for key, (_, sale, commission) in expected.items()}
    assert len(brand.sandbox.calls) - before <= 2 * 3


def test_a_lock_on_day_55_or_later_is_seen_in_the_next_night_at_cj(brand: Brand) -> None:
    conversion = next(
        c for c in brand.world.conversions if c.network == "cj" and c.final_at - c.occurred_at >= LATE.total_seconds()
    )
    assert conversion.extended_at is not None
    last = night_after(instant(conversion.final_at))
    for night in nights_until(last):
        assert brand.pull("cj", night).problems == ()
    statuses = (
        "select arg_max(action_status, (_observed_at, _fetched_at)) from valid_cj.commissions"
        f" where original_action_id = '{conversion.number}' group by _key"
    )
    assert {status for (status,) in brand.query(statuses)} == {"extended"}
    before = len(brand.sandbox.calls)
    assert brand.pull("cj", last).problems == ()
    assert {status for (status,) in brand.query(statuses)} == {"locked"}
    assert len(brand.sandbox.calls) - before <= 2 * 3


def refusing(connector: Connector) -> Connector:
    """Awin as an older account has it: the third clock has a name that the network answers with 400."""
    transactions, *others = connector.streams
    first, second, third = transactions.clocks
    assert third.instead == 75 * DAY
    stream = replace(transactions, clocks=(first, second, replace(third, name="notAClock")))
    return replace(connector, streams=(stream, *others))


def asked(brand: Brand, since: int) -> Counter[tuple[str, str, str]]:
    """Account with clock, first and last instant of each window that Awin was asked for."""
    found: Counter[tuple[str, str, str]] = Counter()
    for call in brand.sandbox.calls[since:]:
        query = parse_qs(call.query)
        if "transactions" in call.path:
            found[f"{call.path} {query['dateType'][0]}", query["startDate"][0], query["endDate"][0]] += 1
    return found


def test_a_clock_that_awin_refuses_is_replaced_by_reading_what_it_could_show_by_date(brand: Brand) -> None:
    brand.connectors["awin"] = refusing(brand.connectors["awin"])
    amended = [c for c in brand.world.conversions if c.network == "awin" and c.kind == "amended_amount"]
    assert any(instant(c.steps[-1].at) > FIRST for c in amended)
    for number in range(4):
        night = brand.pull("awin", FIRST + 4 * number * DAY)
        assert not night.standing.held
        assert awin_figures(brand) == truth(brand.world, "awin", FIRST + 4 * number * DAY)
    refused = [call for call in brand.sandbox.calls if call.status == 400]
    # Once for each account in every night after the first.
    assert len(refused) == 2 * 3
    assert brand.query("select held from ops.standings where network = 'awin'") == [(False,)]
    assert brand.query("select count(*) from ops.dead_letters") == [(0,)]
    assert brand.query("select state from ops.circuits where network = 'awin' and state <> 'closed'") == []


def test_a_clock_that_awin_refuses_is_no_problem_of_the_night(brand: Brand) -> None:
    brand.connectors["awin"] = refusing(brand.connectors["awin"])
    assert brand.pull("awin", FIRST).problems == ()
    assert brand.pull("awin", FIRST + DAY).problems == ()


def test_the_days_read_instead_of_a_refused_clock_are_read_once_a_night_however_long_it_is_refused(
    brand: Brand,
) -> None:
    brand.connectors["awin"] = refusing(brand.connectors["awin"])
    for number in (0, 1):
        brand.pull("awin", FIRST + number * DAY)
    before = len(brand.sandbox.calls)
    assert not brand.pull("awin", FIRST + 45 * DAY).standing.held
    windows = asked(brand, before)
    assert max(windows.values()) == 1
    assert sum("notAClock" in clock for clock, _, _ in windows) == 2


def test_what_stands_in_for_a_refused_clock_begins_no_earlier_than_the_brand(brand: Brand) -> None:
    brand.connectors["awin"] = refusing(brand.connectors["awin"])
    brand.pull("awin", FIRST)
    brand.pull("awin", FIRST + DAY)
    assert min(start for _, start, _ in asked(brand, 0)) == "2025-12-31T23:00:00"


def test_a_clock_that_failed_one_night_and_is_refused_in_the_next_holds_nothing(brand: Brand) -> None:
    brand.pull("awin", FIRST)
    connector = brand.connectors["awin"]
    transactions = connector.streams[0]
    # Refused, and nothing declared that could stand in for it.
    first, second, third = transactions.clocks
    stream = replace(transactions, clocks=(first, second, replace(third, name="notAClock", instead=None)))
    brand.connectors["awin"] = replace(connector, streams=(stream, *connector.streams[1:]))
    assert brand.pull("awin", FIRST + DAY).standing.held
    brand.connectors["awin"] = refusing(connector)
    brand.pull("awin", FIRST + 2 * DAY)
    assert brand.query("select held from ops.standings where network = 'awin'") == [(False,)]
