"""Paths from a table of the warehouse, and weights back into one, as decimals."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl

from affiliate_assets.attribution.models import MODELS, Settings
from affiliate_assets.attribution.parts import decimal_parts
from affiliate_assets.attribution.paths import Floats, Paths

SEPARATOR = " > "
PLACES = 12
_FRACTION = pl.Decimal(18, PLACES)
WEIGHTS = pl.Schema(
    {
        "attribution_model": pl.String(),
        "channel": pl.String(),
        "channel_effect": _FRACTION,
        "channel_weight": _FRACTION,
        "weight_low": _FRACTION,
        "weight_high": _FRACTION,
        "effect_error_bound": _FRACTION,
        "model_conversions": pl.Decimal(18, 6),
    }
)


def paths_of(table: pl.DataFrame) -> Paths:
    """From rows of `path` (channels with the separator between them), `touch_count`, `conversions` and `nulls`.

    The order of the rows changes nothing: what is drawn by a seed would otherwise differ from build to build.
    """
    table = table.sort("path")
    touches = table["path"].str.split(SEPARATOR)
    lengths = touches.list.len().to_numpy().astype(np.int64)
    if not np.array_equal(lengths, table["touch_count"].to_numpy()):
        raise ValueError(f"a channel's name contains {SEPARATOR!r}: its paths cannot be told apart")
    steps = touches.explode()
    names = steps.unique().sort()
    return Paths(
        tuple(names),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        steps.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64),
        _numbers(table["conversions"]),
        _numbers(table["nulls"]),
    )


def weights_of(model: str, table: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """One row for each channel; weights add up to exactly 1 and conversions to all there were."""
    if table.is_empty():
        return WEIGHTS.to_frame()
    paths = paths_of(table)
    weighted = MODELS[model](paths, settings)
    size, interval = len(weighted.channels), weighted.interval
    nothing: list[Decimal | None] = [None] * size
    weights = weighted.weights.tolist()
    return pl.DataFrame(
        [
            [model] * size,
            weighted.channels,
            _decimals(weighted.effects),
            decimal_parts(weights, Decimal(1), PLACES),
            _decimals(interval.low) if interval else nothing,
            _decimals(interval.high) if interval else nothing,
            _decimals(np.full(size, weighted.bound)),
            decimal_parts(weights, Decimal(int(paths.conversions.sum())), 6),
        ],
        schema=WEIGHTS,
    )


def _numbers(column: pl.Series) -> Floats:
    return column.to_numpy().astype(np.float64)


def _decimals(numbers: Floats) -> list[Decimal]:
    return [Decimal(f"{number:.{PLACES}f}") for number in numbers.tolist()]
