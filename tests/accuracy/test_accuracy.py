"""A small version of `make accuracy`: one world of each manner reaches the goal, whatever the order of rows."""

from __future__ import annotations

import polars as pl
import pytest

from tests.accuracy import worlds
from tests.accuracy.deadlines import flagged_in_time
from tests.accuracy.measuring import Measured, measure
from tests.accuracy.scoring import causes, classes, kinds, reasons, signals
from tests.end_to_end.pulling import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One for both worlds, so that the project is parsed once."""
    return Project(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="module", params=["ordinary", "other"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project: Project) -> Measured:
    """One world, pulled and built; the rows of the ordinary one also in another order."""
    build = worlds.ordinary if request.param == "ordinary" else worlds.other
    root = tmp_path_factory.mktemp(request.param)
    return measure(build(77), root / "brand", project, shuffled=request.param == "ordinary")


@pytest.mark.timeout(1_200)
def test_classes_causes_and_reasons_are_right(measured: Measured) -> None:
    """Every class, cause and reason reaches the goal."""
    assert measured.same_when_shuffled in (True, None)
    assert [score for score in classes(measured.beside) if not score.is_good] == []
    assert [score for score in (*causes(measured.beside), *reasons(measured.beside)) if not score.is_good] == []


def test_what_is_suspicious_is_told(measured: Measured) -> None:
    """Nobody is suspected without reason, and a takeover is told wherever the network tells the click."""
    conversions = measured.beside.filter(pl.col("side") == "network")
    clicked = conversions.filter(pl.col("network").is_in(["commission_factory", "rakuten", "cj"]).not_())
    assert [score for score in signals(conversions) if score.precision < 1] == []
    assert [score for score in signals(clicked) if not score.is_good] == []
    assert {score.label for score in signals(clicked)} == {"self_referral", "last_second_takeover"}


def test_no_cent_stays_unexplained(measured: Measured) -> None:
    """Every difference in money has a cause that accounts for all of it."""
    left = kinds(measured.beside).filter(pl.col("units") != 0)
    assert left.is_empty(), left


def test_what_is_owed_is_known(measured: Measured) -> None:
    """Where the truth knows what is owed, the models come to the same amount."""
    judged = measured.beside.filter(pl.col("expected_commission").is_not_null())
    assert judged.height > 500
    wrong = judged.filter(pl.col("expected_commission").ne_missing(pl.col("expected_commission_found").round(3)))
    assert wrong.select("record_id", "kind", "expected_commission", "expected_commission_found").to_dicts() == []


def test_deadlines_are_right(measured: Measured) -> None:
    """No deadline is wrong, and what locks in three days or later is on the work list."""
    open_ones = measured.open_ones
    assert set(open_ones["network"]) == {"cj", "impact", "shareasale", "rakuten", "partnerize"}
    wrong = open_ones.filter(~pl.col("is_right"))
    assert wrong.to_dicts() == []
    value, flagged = flagged_in_time(open_ones)
    assert value > 0
    assert flagged >= 0.99 * value
