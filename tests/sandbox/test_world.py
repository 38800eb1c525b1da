"""The world: equal for equal seeds, exact in its amounts, true to the networks' calendars."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from affiliate_assets.sandbox import World, WorldConfig, build_world
from affiliate_assets.sandbox.scenarios import KINDS
from affiliate_assets.sandbox.times import lock_after, to_epoch

from .reference import awin_rows, cj_rows, utc

DAY = 86_400


def fingerprint(world: World, folder: Path) -> str:
    """Return a hash of everything that a world hands out."""
    now, digest = utc(2026, 2, 10, 3), hashlib.sha256()
    for path in (*world.write_exports(folder, now), world.write_truth(folder)):
        digest.update(path.read_bytes())
    digest.update(repr((awin_rows(world, now), cj_rows(world, now))).encode())
    return digest.hexdigest()


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    """Exports, answers and truth of two builds agree to the byte; another seed differs."""
    config = WorldConfig(seed=5, days=30, orders_per_day=10)
    prints = {fingerprint(build_world(config), tmp_path / str(i)) for i in range(2)}
    assert len(prints) == 1
    assert fingerprint(build_world(WorldConfig(seed=6, days=30, orders_per_day=10)), tmp_path) not in prints


@pytest.mark.parametrize("seed", range(10))
def test_every_kind_is_planted_several_times(seed: int) -> None:
    """60 days of 15 orders hold three or more of every kind, and a reversal at day 58 seen by day 60."""
    world = build_world(WorldConfig(seed=seed, days=60, orders_per_day=15))
    planted = world.planted()
    assert planted.keys() == KINDS.keys()
    assert min(planted.values()) >= 3
    reversals = [o.changes[0].at - o.ordered_at for o in world.orders if o.kind == "late_reversal"]
    assert all(58 * DAY <= age < 59 * DAY for age in reversals)
    first = next(o for o in world.orders if o.kind == "late_reversal")
    assert first.changes[0].at < to_epoch(world.end)


def test_nothing_is_planted_when_asked(tmp_path: Path) -> None:
    """`plant_every=0` makes a brand without a single difference."""
    world = build_world(WorldConfig(days=40, plant_every=0))
    assert set(world.truth(utc(2026, 6, 1))["class"]) == {"matched", "not_affiliate"}


def test_publishers_work_on_both_networks_under_other_names(world: World) -> None:
    """Shared publishers differ in id and name; none has the same id on both."""
    awin = {publisher.key: publisher for publisher in world.publishers("awin")}
    shared = [(awin[p.key], p) for p in world.publishers("cj") if p.key in awin]
    assert len(shared) >= 3
    assert all(a.publisher_id != c.publisher_id and a.name != c.name for a, c in shared)


def test_amounts_tie(world: World) -> None:
    """Order totals add up; commission is rate times sale; CJ's ledger sums to the state of its conversion."""
    for order in world.orders:
        assert order.total == order.subtotal - order.discount + order.shipping + order.tax
        assert 0 <= order.discount < order.subtotal
        assert all(0 <= change.refunded <= order.total for change in order.changes)
    late = to_epoch(utc(2027, 1, 1))
    sums: dict[int, int] = {}
    for row in world.ledger:
        sums[row.conversion.number] = sums.get(row.conversion.number, 0) + row.sale
    for conversion in world.conversions:
        if conversion.network == "cj":
            state = conversion.step(late)
            assert sums[conversion.number] == (0 if state.void else state.sale)
        rate = conversion.partner.rate
        assert conversion.commission(conversion.steps[0].sale) * 10_000 == pytest.approx(
            conversion.steps[0].sale * rate, abs=5_000
        )


def test_networks_only_change_what_they_still_can(world: World) -> None:
    """Awin decides what is pending, once; CJ corrects only before the lock; both report within the hour."""
    for conversion in world.conversions:
        assert all(step.at < conversion.final_at for step in conversion.steps)
        assert [step.at for step in conversion.steps] == sorted(step.at for step in conversion.steps)
        assert all(not step.void for step in conversion.steps[:-1])
        if conversion.order is not None:
            assert 0 <= conversion.visible_at - conversion.order.ordered_at < 3_600
        if conversion.click_at is not None:
            assert conversion.click_at < conversion.occurred_at <= conversion.visible_at


def test_late_kinds_are_late(world: World) -> None:
    """A late decision comes more than 30 days after the sale, an ordinary approval of Awin after 20 to 45."""
    for conversion in world.conversions:
        decided = next((step.at for step in conversion.steps if step.void), conversion.final_at)
        if conversion.kind and conversion.kind.startswith("late_"):
            assert decided - conversion.occurred_at > 30 * DAY
        elif conversion.network == "awin" and conversion.kind is None and not conversion.steps[-1].void:
            assert 20 * DAY <= decided - conversion.occurred_at <= 45 * DAY


def test_cj_locks_at_two_in_the_morning_pacific() -> None:
    """The UTC hour of a lock follows summer time; the month is that of Los Angeles."""
    winter, summer = to_epoch(utc(2026, 1, 15)), to_epoch(utc(2026, 3, 15))
    assert lock_after(winter) == to_epoch(utc(2026, 2, 11, 10))
    assert lock_after(summer) == to_epoch(utc(2026, 4, 11, 9))
    assert lock_after(to_epoch(utc(2026, 2, 1, 7))) == to_epoch(utc(2026, 2, 11, 10))
    assert lock_after(to_epoch(utc(2025, 12, 31, 12)), months=2) == to_epoch(utc(2026, 2, 11, 10))
    local = datetime.fromtimestamp(lock_after(summer), UTC).astimezone(ZoneInfo("America/Los_Angeles"))
    assert (local.day, local.hour) == (11, 2)


def test_commission_ids_change_their_length(world: World) -> None:
    """Ids grow with the posting date over a power of ten, so that text order is not number order."""
    ids = [row.commission_id for row in world.ledger]
    assert ids == sorted(ids)
    assert [str(i) for i in ids] != sorted(str(i) for i in ids)


@pytest.mark.parametrize("wrong", [{"days": 0}, {"orders_per_day": 0}, {"plant_every": -1}])
def test_a_world_needs_a_size(wrong: dict[str, Any]) -> None:
    """Sizes that make no world are refused."""
    with pytest.raises(ValueError, match="at least"):
        WorldConfig(**wrong)


def test_an_instant_needs_a_zone(world: World) -> None:
    """A naive instant is refused rather than guessed."""
    with pytest.raises(ValueError, match="time zone"):
        world.truth(utc(2026, 2, 1).replace(tzinfo=None))
