"""The truth as a file: every verdict with the interval in which it holds."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from affiliate_assets.sandbox.config import HOUR
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch
from affiliate_assets.sandbox.truth import Verdict, frame_of, judge_order, judge_orphan

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World


def intervals(world: "World") -> Iterator[tuple[int, int | None, Verdict]]:
    """Yield every verdict with the instants of its first and of the next one's validity (None: none)."""
    for order in world.orders:
        moments = {order.ordered_at, order.ordered_at + HOUR, *(change.at for change in order.changes)}
        for conversion in order.conversions:
            moments |= _moments(conversion)
        later = sorted(moment for moment in moments if moment >= order.ordered_at)
        yield from _runs((moment, judge_order(order, moment)) for moment in later)
    for conversion in world.orphans:
        moments = _moments(conversion)
        known = world.first_order_moment_from(conversion.occurred_at)
        if known is not None and known > conversion.visible_at:
            moments.add(known)
        yield from _runs(
            (moment, [judge_orphan(conversion, moment, world.newest_order_at(moment))]) for moment in sorted(moments)
        )


def _moments(conversion: Conversion) -> set[int]:
    moments = {conversion.visible_at, conversion.final_at}
    moments.update(step.at for step in conversion.steps)
    return moments


def _runs(states: Iterable[tuple[int, list[Verdict]]]) -> Iterator[tuple[int, int | None, Verdict]]:
    """Join equal verdicts that follow each other."""
    current: dict[tuple[str, str], tuple[int, Verdict]] = {}
    for moment, verdicts in states:
        for verdict in verdicts:
            key = verdict.side, verdict.record_id
            held = current.get(key)
            if held is not None and held[1] == verdict:
                continue
            if held is not None:
                yield held[0], moment, held[1]
            current[key] = moment, verdict
    for since, verdict in current.values():
        yield since, None, verdict


def write(world: "World", folder: Path) -> Path:
    """Write `truth.parquet`: `SCHEMA` with `valid_from` and `valid_to` (UTC, half-open, NULL is open)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "truth.parquet"
    runs = list(intervals(world))
    instant = pl.Datetime("us")
    frame = frame_of(run[2] for run in runs).with_columns(
        pl.Series("valid_from", [from_epoch(run[0]).replace(tzinfo=None) for run in runs], instant),
        pl.Series(
            "valid_to",
            [None if run[1] is None else from_epoch(run[1]).replace(tzinfo=None) for run in runs],
            instant,
        ),
    )
    frame.sort("side", "network", "account_id", "record_id", "valid_from").write_parquet(path)
    return path
