"""A brand whose shops three kinds of web analytics look at: the truth is found as it is by the shop's own visits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from affiliate_assets.sandbox import WorldConfig, build_world
from tests.compiled import models
from tests.end_to_end.pulling import START, Project, pull
from tests.end_to_end.test_truth import check_truth

ANALYTICS = (("de", "ga4_events"), ("uk", "snowplow_events"), ("us", "segment_pages"))
VISITS = WorldConfig(seed=402, start=START, days=75, orders_per_day=15)
Touch = tuple[str, str, object, str | None, str | None, str | None]


def test_page_events_tell_what_visits_tell(tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[set[Touch]] = []

    def touches(warehouse: duckdb.DuckDBPyConnection) -> None:
        sources = warehouse.sql("select source, count(*) from intermediate.int_page_events__unioned group by all")
        assert {source for source, count in sources.fetchall() if count > 500} == {"ga4", "snowplow", "segment"}
        told.append(paths(warehouse))

    check_truth(build_world(replace(VISITS, analytics=ANALYTICS)), tmp_path / "events", project, monkeypatch, touches)
    settings = pull(build_world(VISITS), tmp_path / "visits", monkeypatch)
    project.build(settings, models)
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        visits = paths(warehouse)
    (events,) = told
    assert len(events) > 1_000
    assert events <= visits
    # What has no campaign goes on with the session that it comes within; a visit is always one of its own.
    assert channels(visits - events) == {"direct", "organic"}


def paths(warehouse: duckdb.DuckDBPyConnection) -> set[Touch]:
    """The touches on the paths of orders."""
    return set(
        warehouse.execute(
            "select order_key, channel, touched_at, network, publisher_id, utm_campaign"
            " from marts.fct_attribution_touches"
        ).fetchall()
    )


def channels(touches: Collection[Touch]) -> set[str]:
    return {channel for _, channel, *_ in touches}
