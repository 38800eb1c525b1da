"""The page that tells how well the models do: every figure of it is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from tests.accuracy.deadlines import HOURS_BEFORE, flagged_in_time
from tests.accuracy.measuring import Measured
from tests.accuracy.scoring import GOAL, Score, causes, classes, kinds, reasons, signals

_HEAD = """# Accuracy

Written by `make accuracy`; every figure is measured. The sandbox builds worlds in which each difference was planted and
is labelled ([`sandbox/scenarios.py`](../affiliate_assets/sandbox/scenarios.py),
[`sandbox/further.py`](../affiliate_assets/sandbox/further.py)). Each world is pulled over HTTP on two mornings from all
networks, the models are built, and every conversion and order is compared with its label. Goal: precision and recall of
at least {goal}, and no unexplained cent.
"""
_MANNERS = """
Worlds of another manner have rates that are no half percents, order ids of another prefix without a dash, fewer
differences among more orders, and the orders of two of three shops are deals of HubSpot and opportunities of Salesforce
instead of the shop's file. Nothing in the models was chosen by either.
"""
_LIMITS = """
## What the figures do not say

- A commission that is paid in another currency than the order's is `currency_differs`: nobody can tell to the cent
  whether it was right. That is so for the euro account of CJ, whose commissions are told in dollars.
- Bonus and test rows that networks book beside sales are no part of the truth; they have tests of their own.
- A signal is no difference: both sides agree. A takeover cannot be told where the network tells no time of the click
  (Commission Factory, Rakuten; now and then CJ). Self-referral is told from the brand's own list of mailboxes.
- Systems export minutes. Of an order whose click lies within a minute of the end of the look-back nobody can tell on
  which side of it, so such orders of theirs are left out; worlds plant them on the second.
- Of two figures of an order that come to the same cent, such as a discount as dear as the shipping, either counts as
  the right cause; so does either reason where another base and another rate come to the same commission. The models say
  that several fit (`fitting_causes`, `fitting_reasons`).
"""


@dataclass(frozen=True)
class Run:
    """The worlds of one manner that were measured so far."""

    seeds: tuple[int, ...] = ()
    worlds: tuple[Measured, ...] = ()

    def with_world(self, seed: int, measured: Measured) -> Run:
        return replace(self, seeds=(*self.seeds, seed), worlds=(*self.worlds, measured))

    @property
    def beside(self) -> pl.DataFrame:
        return pl.concat([world.beside for world in self.worlds])

    @property
    def open_ones(self) -> pl.DataFrame:
        return pl.concat([world.open_ones for world in self.worlds])

    def line(self, measured: Measured) -> str:
        """Tell one world in a line."""
        wrong = [score for score in _all_scores(measured.beside) if not score.is_good]
        told = ", ".join(f"{score.label} {_percent(score.precision)}/{_percent(score.recall)}" for score in wrong)
        return f"{measured.beside.height} records; below the goal: {told or 'none'}"


def _all_scores(beside: pl.DataFrame) -> list[Score]:
    return [*classes(beside), *causes(beside), *reasons(beside)]


def page(ordinary: Run, other: Run, year: pl.DataFrame | None = None) -> str:
    """Write the page; `year` holds the open deadlines over a year, if they were measured."""
    parts = [_HEAD.format(goal=_percent(GOAL))]
    for title, run in (("Ordinary worlds", ordinary), ("Worlds of another manner", other)):
        if run.worlds:
            parts += [f"\n## {title}\n", _MANNERS if run is other else "", *_section(run)]
    if year is not None:
        told = f"\nOne world of 365 days, looked at on {year['night'].n_unique()} nights; a deadline counts on each.\n"
        parts += ["\n## Deadlines over a year\n", told, *_deadlines(year)]
    return "".join([*parts, _LIMITS])


def _section(run: Run) -> Iterable[str]:
    beside, open_ones = run.beside, run.open_ones
    by_kind = kinds(beside)
    mixed = [world.same_when_shuffled for world in run.worlds if world.same_when_shuffled is not None]
    yield (
        f"\n{len(run.worlds)} worlds, {beside.height:,} records, {by_kind.height - 1} kinds of situation;"
        f" {by_kind['units'].sum():,} unexplained cents (smallest units of whatever currency).\n"
    )
    if mixed:
        yield f"In {len(mixed)} of them all rows were shuffled and the models built anew: {sum(mixed)} were the same.\n"
    for title, scores in (
        ("Class", classes(beside)),
        ("Root cause", causes(beside)),
        ("Reason of the commission", reasons(beside)),
        ("Signal", signals(beside)),
    ):
        yield "\n" + _table(
            (title, "Planted", "Found", "Right", "Precision", "Recall"),
            [
                (
                    f"`{s.label}`",
                    f"{s.planted:,}",
                    f"{s.found:,}",
                    f"{s.right:,}",
                    _share(s.precision),
                    _share(s.recall),
                )
                for s in scores
            ],
        )
    yield "\nA record of a kind is right if its class, its cause and the reason of its commission are.\n\n"
    yield _table(
        ("Kind", "Records", "Right", "Share", "Unexplained cents"),
        [(f"`{kind}`", f"{records:,}", f"{right:,}", _share(right / records), f"{units:,}")
         for kind, records, right, units in by_kind.iter_rows()],
    )  # fmt: skip
    yield from _deadlines(open_ones)


def _deadlines(open_ones: pl.DataFrame) -> Iterable[str]:
    value, flagged = flagged_in_time(open_ones)
    in_time = _share(flagged / value if value else 1)
    yield (
        f"\nOf the wrong commission that locks in {HOURS_BEFORE} hours or later, {in_time} by value"
        f" ({flagged / 100:,.2f} of {value / 100:,.2f} EUR) is on the work list with its right deadline.\n\n"
    )
    rows = (
        open_ones.group_by("network")
        .agg(count=pl.len(), right=pl.col("is_right").sum(), none=pl.col("locks_at_found").is_null().sum())
        .sort("network")
    )
    yield _table(
        ("Network", "Open with a deadline", "Right", "Wrong", "Not known"),
        [
            (network, f"{count:,}", f"{right:,}", f"{count - right - none:,}", f"{none:,}")
            for network, count, right, none in rows.iter_rows()
        ],
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    aligned = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, aligned, *rows))


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _share(share: float) -> str:
    # Rounded down, so that 100 means all.
    return f"{int(share * 10_000) / 100:.2f} %"
