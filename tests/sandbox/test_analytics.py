"""The tables of web analytics: in the shape of the documented ones, and of the same landings as the shop's visits."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from affiliate_assets.sandbox import World, WorldConfig, build_world

from .reference import read_csv, utc

NOW, BEFORE = utc(2026, 1, 25, 3), utc(2026, 1, 20, 3)
CONFIG = WorldConfig(seed=6, days=30, orders_per_day=12)
ANALYTICS = (("de", "ga4_events"), ("uk", "snowplow_events"), ("us", "segment_pages"))
NAMES = ("ga4_events_de", "snowplow_events_uk", "segment_pages_us", "segment_orders_us")


@pytest.fixture(scope="module")
def seen() -> World:
    """A world each of whose shops another tool looks at."""
    return build_world(
        WorldConfig(seed=CONFIG.seed, days=CONFIG.days, orders_per_day=CONFIG.orders_per_day, analytics=ANALYTICS)
    )


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """What the shops' own file has of the same world."""
    _, touches = build_world(CONFIG).write_exports(tmp_path_factory.mktemp("visits"), NOW)
    return read_csv(touches)


@pytest.fixture(scope="module")
def tables(seen: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files by the first part of their name."""
    _, touches, *files = seen.write_exports(tmp_path_factory.mktemp("events"), NOW)
    assert read_csv(touches) == []
    return {file.name.rsplit("_", 1)[0]: file for file in files}


def test_every_landing_is_a_page_event(tables: dict[str, Path], visits: list[dict[str, str]]) -> None:
    """Each table has the landings of its shop: browser, campaign and address."""
    assert tuple(tables) == NAMES
    views = {
        "de": [row for row in pq.read_table(tables[NAMES[0]]).to_pylist() if row["event_name"] == "page_view"],
        "uk": {row["event_id"]: row for row in read_csv(tables[NAMES[1]]) if row["event"] == "page_view"}.values(),
        "us": read_csv(tables[NAMES[2]]),
    }
    browsers = {"de": "user_pseudo_id", "uk": "domain_userid", "us": "anonymous_id"}
    for shop, rows in views.items():
        mine = [row for row in visits if row["shop"] == shop]
        assert sorted(row[browsers[shop]] for row in rows) == sorted(row["visitor_id"] for row in mine)
    told = sorted(row["mkt_campaign"] for row in views["uk"])
    assert told == sorted(row["utm_campaign"] for row in visits if row["shop"] == "uk")
    told = sorted(row["context_page_url"] for row in views["us"])
    assert told == sorted(row["landing_url"] for row in visits if row["shop"] == "us")


def test_googles_table_is_nested_and_keeps_its_click_id_apart(
    tables: dict[str, Path], visits: list[dict[str, str]]
) -> None:
    """Parameters are a list, the tags stand on one of the events of a page, and no address has a `gclid`."""
    rows = pq.read_table(tables[NAMES[0]]).to_pylist()
    addresses = [
        parameter["value"]["string_value"]
        for row in rows
        for parameter in row["event_params"]
        if parameter["key"] == "page_location"
    ]
    assert len(addresses) == len(rows)
    assert not any("gclid=" in address for address in addresses)
    tagged = [row for row in rows if row["collected_traffic_source"] is not None]
    assert {row["event_name"] for row in tagged} == {"page_view"}
    paid = [row for row in visits if row["shop"] == "de" and "gclid=" in row["landing_url"]]
    assert sum(row["collected_traffic_source"]["gclid"] is not None for row in tagged) == len(paid) > 0


def test_snowplow_sends_some_events_twice(tables: dict[str, Path]) -> None:
    """The same id comes again, as its trackers do; pings are no pages."""
    rows = read_csv(tables[NAMES[1]])
    views = [row["event_id"] for row in rows if row["event"] == "page_view"]
    assert len(set(views)) < len(views)
    assert {row["event"] for row in rows} == {"page_view", "page_ping", "transaction"}


def test_an_order_names_the_browser_that_made_it(tables: dict[str, Path], visits: list[dict[str, str]]) -> None:
    """Browsers with an order are those that the shop's file knows the customer of."""
    found = {row["user_pseudo_id"] for row in pq.read_table(tables[NAMES[0]]).to_pylist() if row["ecommerce"]}
    found |= {row["domain_userid"] for row in read_csv(tables[NAMES[1]]) if row["tr_orderid"]}
    found |= {row["anonymous_id"] for row in read_csv(tables[NAMES[3]])}
    assert {row["visitor_id"] for row in visits if row["customer_email"]} <= found


def test_a_delta_has_what_was_logged_since(seen: World, tmp_path: Path) -> None:
    """Events are never sent again with other values, so that a delta is the later part of the whole."""
    whole, delta, old = (
        seen.write_exports(tmp_path / name, at, since)[4]
        for name, at, since in (("whole", NOW, None), ("delta", NOW, BEFORE), ("old", BEFORE, None))
    )
    assert read_csv(old) + read_csv(delta) == read_csv(whole)
