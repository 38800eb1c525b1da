from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from affiliate_assets.attribution import models
from affiliate_assets.attribution.models import MODELS, Settings
from affiliate_assets.attribution.tables import paths_of, weights_of
from tests.attribution.worlds import NINE

SCHEMA = {"path": pl.String, "touch_count": pl.Int32, "conversions": pl.Int64, "nulls": pl.Int64}


def table(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    counted = [(path, path.count(" > ") + 1, conversions, nulls) for path, conversions, nulls in rows]
    return pl.DataFrame(counted, schema=SCHEMA, orient="row")


NINE_PATHS = table([(path, 3, 0) for path in NINE])


def test_paths_are_read_as_they_were_written() -> None:
    paths = paths_of(table([("email > paid > email", 1, 2), ("direct", 0, 3)]))
    assert paths.channels == ("direct", "email", "paid")
    assert [paths.touches(path) for path in range(2)] == [("direct",), ("email", "paid", "email")]
    assert (paths.conversions.tolist(), paths.nulls.tolist()) == ([0, 1], [3, 2])


@pytest.mark.parametrize("model", MODELS)
def test_the_order_of_the_rows_changes_nothing(model: str) -> None:
    settings = Settings(bootstrap_samples=20)
    mixed = [NINE_PATHS.sample(fraction=1.0, shuffle=True, seed=seed) for seed in range(3)]
    assert any(not rows.equals(NINE_PATHS) for rows in mixed)
    assert all(weights_of(model, rows, settings).equals(weights_of(model, NINE_PATHS, settings)) for rows in mixed)


def test_a_name_with_the_separator_is_refused() -> None:
    ambiguous = pl.DataFrame([("a > b", 1, 1, 0)], schema=SCHEMA, orient="row")
    with pytest.raises(ValueError, match="contains ' > '"):
        paths_of(ambiguous)


@pytest.mark.parametrize("game", ["conversions", "rate"])
@pytest.mark.parametrize("model", MODELS)
def test_weights_add_up_exactly(model: str, game: Any) -> None:
    weights = weights_of(model, NINE_PATHS, Settings(bootstrap_samples=20, shapley_game=game))
    assert weights["channel"].to_list() == ["A", "B", "C"]
    assert weights["attribution_model"].unique().to_list() == [model]
    assert sum(weights["channel_weight"]) == Decimal(1)
    assert sum(weights["model_conversions"]) == Decimal(27)
    assert all(
        low <= weight <= high
        for low, weight, high in zip(
            weights["weight_low"], weights["channel_weight"], weights["weight_high"], strict=True
        )
    )


def test_the_result_of_a_model_for_whole_channels() -> None:
    conversions = {model: weights_of(model, NINE_PATHS, Settings())["model_conversions"].to_list() for model in MODELS}
    assert conversions["shapley"] == [Decimal("10.5"), Decimal("9"), Decimal("7.5")]
    # 10.64315353, 8.51452282 and 7.84232365: of the two millionths left over, A has the smallest claim.
    assert conversions["markov"] == [Decimal("10.643153"), Decimal("8.514523"), Decimal("7.842324")]
    # Seven, six and five of the nine paths contain A, B and C.
    assert weights_of("leave_one_out", NINE_PATHS, Settings())["channel_effect"].to_list() == [
        Decimal("0.777777777778"),
        Decimal("0.666666666667"),
        Decimal("0.555555555556"),
    ]


def test_too_many_channels_for_all_coalitions_are_sampled_and_say_so() -> None:
    rows = table([("a > b", 4, 3), ("b > c", 1, 6), ("a > c > d", 5, 1), ("d", 1, 9)])
    exact = weights_of("shapley", rows, Settings(shapley_game="rate", shapley_exact_up_to=4, bootstrap_samples=0))
    sampled = weights_of("shapley", rows, Settings(shapley_game="rate", shapley_exact_up_to=3, bootstrap_samples=0))
    bound = sampled["effect_error_bound"][0]
    assert exact["effect_error_bound"].to_list() == [0] * 4
    assert bound > 0
    differences = [abs(a - b) for a, b in zip(exact["channel_effect"], sampled["channel_effect"], strict=True)]
    assert 0 < max(differences) <= bound


def test_a_channel_worth_less_than_nothing_has_no_share() -> None:
    rows = table([("good", 9, 1), ("bad", 0, 90)])
    weights = weights_of("shapley", rows, Settings(shapley_game="rate", bootstrap_samples=0))
    assert weights.select("channel", "channel_weight").rows() == [("bad", Decimal(0)), ("good", Decimal(1))]
    assert weights["channel_effect"][0] < 0


def test_intervals_can_be_left_out() -> None:
    weights = weights_of("markov", NINE_PATHS, Settings(bootstrap_samples=0))
    assert weights["weight_low"].to_list() == [None, None, None]


def test_without_paths_there_are_no_weights() -> None:
    weights = weights_of("markov", table([]), Settings())
    assert weights.is_empty()
    assert weights.schema["channel_weight"] == pl.Decimal(18, 12)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"shapley_game": "order"}, "conversions or rate"),
        ({"shapley_exact_up_to": 40}, "doubles the coalitions"),
        ({"confidence": 95}, "fraction of one"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Settings(**wrong)


def test_many_paths_are_resampled_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table([("a", 300, 200), ("a > b", 200, 400), ("b > c", 250, 100), ("c > a", 90, 300)])
    exact = weights_of("markov", rows, Settings())
    monkeypatch.setattr(models, "MANY_PATHS", 1)
    grouped = weights_of("markov", rows, Settings())
    assert grouped["channel_weight"].equals(exact["channel_weight"])
    for end in ("weight_low", "weight_high"):
        assert not grouped[end].equals(exact[end])
        assert grouped[end].cast(float).to_list() == pytest.approx(exact[end].cast(float).to_list(), abs=0.01)
