"""Deadlines over a simulated year: is what is wrong on the work list early enough, and is every deadline right?"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from affiliate_assets.sandbox import EVERY_KIND, WorldConfig, build_world
from tests.accuracy.deadlines import deadlines
from tests.accuracy.measuring import found_beside_truth
from tests.compiled import models
from tests.end_to_end.pulling import START, Project, nights

#: Networks of which somebody can name the day.
DATED = ("cj", "impact", "shareasale", "rakuten", "partnerize")
_DAYS = 365


def over_a_year(seed: int, count: int, root: Path, project: Project) -> pl.DataFrame:
    """Measure the open deadlines on so many nights, evenly over a year; one row per night and conversion."""
    world = build_world(
        WorldConfig(
            seed=seed,
            start=START,
            days=_DAYS,
            orders_per_day=6,
            plant_every=2,
            networks=DATED,
            kinds=EVERY_KIND,
            agreements=True,
        )
    )
    # Late enough for the first night to have something to tell.
    mornings = [world.start + timedelta(days=_DAYS * place // count, hours=3) for place in range(1, count + 1)]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        root.mkdir(parents=True)
        for morning, settings in nights(world, root, patch, mornings):
            project.build(settings, models)
            beside = found_beside_truth(world, settings.warehouse, morning)
            found.append(deadlines(world, beside, morning).with_columns(night=pl.lit(morning)))
    shutil.rmtree(root)
    return pl.concat(found)
