"""A shop that loses the click ids of many landing pages: what networks tell of their clicks stands in for the pages."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from affiliate_assets.sandbox import WorldConfig, build_world
from tests.end_to_end.pulling import START, Project, pull

NETWORKS = ("everflow", "partnerize", "tune")

# As a browser does that cleans addresses, to every third one.
CLEANED = """
    update valid_crm.touchpoints set landing_url = split_part(landing_url, '?', 1), referrer_host = null
    where contains(landing_url, '?') and hash(landing_url) % 3 = 0
"""
# As a tag does that sends no order id, on every fourth.
UNNAMED = (
    "update valid_everflow.conversions set order_id = null where hash(order_id) % 4 = 0",
    "update valid_tune.conversions set advertiser_info = null where hash(advertiser_info) % 4 = 0",
    "update valid_partnerize.conversion_items set conversion_reference = null where hash(conversion_reference) % 4 = 0",
)


def test_lost_clicks_and_ids_are_told_by_the_networks_and_never_wrongly(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build_world(WorldConfig(seed=301, start=START, days=75, orders_per_day=12, networks=NETWORKS))
    settings = pull(world, tmp_path, monkeypatch)
    project.build(settings)
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        pairs = dict(
            warehouse.sql(
                "select conversion_key, order_key from intermediate.int_pairs__chosen where order_key is not null"
            ).fetchall()
        )
        customers = dict(
            warehouse.sql(
                "select network || click_id, resolved_customer_hash from intermediate.int_touchpoints__identified"
                " where network is not null and click_id is not null"
            ).fetchall()
        )
        assert warehouse.sql("select * from intermediate.int_touchpoints__claimed").fetchall() == []
        for lost in (CLEANED, *UNNAMED):
            warehouse.execute(lost)
    project.build(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        inferred = warehouse.sql(
            "select conversion_key, order_key, match_rule from intermediate.int_pairs__chosen"
            " where match_pass > 2 and order_key is not null"
        ).fetchall()
        claimed = warehouse.sql(
            "select c.network || c.click_id, t.resolved_customer_hash from intermediate.int_touchpoints__claimed as t"
            " inner join intermediate.int_conversions__keyed as c on t.touchpoint_id = 'click:' || c.conversion_key"
        ).fetchall()
        told = warehouse.sql(
            "select distinct c.network || c.click_id from intermediate.int_conversions__keyed as c"
            " inner join intermediate.int_pairs__chosen as pairs using (conversion_key)"
            " inner join intermediate.int_clicks__unioned as k using (network, account_id, click_id)"
            " where pairs.order_key is not null and c.click_id not in"
            " (select click_id from intermediate.int_touchpoints__identified where click_id is not null)"
        ).fetchall()
    assert len(inferred) > 10
    assert {rule for _, _, rule in inferred} >= {"click_id"}
    assert [(key, order) for key, order, _ in inferred if pairs[key] != order] == []
    assert len(claimed) > 10
    assert sorted(click for click, _ in claimed) == sorted(click for (click,) in told)
    assert [(click, customer) for click, customer in claimed if customers[click] != customer] == []
