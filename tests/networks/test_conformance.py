"""What every declared network has to keep to; a new network brings no test file of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affiliate_assets import networks
from affiliate_assets.connectors.language import ApiStream, Connector, Window
from affiliate_assets.connectors.schema import duckdb_type_of, known_words_of, path_of
from affiliate_assets.networks import all_connectors

CONNECTORS = list(all_connectors().values())
STREAMS = [(connector, stream) for connector in CONNECTORS for stream in connector.streams]
START = datetime(2026, 3, 28, 23, tzinfo=UTC)

every_connector = pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: connector.slug)
every_stream = pytest.mark.parametrize(
    ("connector", "stream"), STREAMS, ids=[f"{connector.slug}-{stream.name}" for connector, stream in STREAMS]
)


def test_the_registry_holds_every_network_folder_under_its_own_name() -> None:
    folders = {path.parent.name for path in Path(networks.__path__[0]).glob("*/connector.py")}
    assert set(all_connectors()) == folders
    assert all(slug == connector.slug for slug, connector in all_connectors().items())
    assert {"awin", "cj"} <= folders


@every_connector
def test_a_connector_is_reached_safely_and_says_who_is_asked(connector: Connector) -> None:
    assert connector.base_url.startswith("https://")
    assert connector.docs_url.startswith("https://")
    assert re.fullmatch(r"[a-z][a-z0-9_]*", connector.slug)
    assert connector.auth.secrets
    assert connector.limits
    assert all(limit.calls > 0 and limit.per > timedelta(0) for limit in connector.limits)
    assert connector.owner
    assert len({stream.name for stream in connector.streams}) == len(connector.streams)
    probe = connector.probe("4711")
    assert "4711" in f"{probe.path} {probe.params} {probe.json}" or probe.params


@every_stream
def test_every_typed_column_and_key_is_allowed_and_no_dropped_field_is(connector: Connector, stream: ApiStream) -> None:
    columns = stream.schema.columns
    paths = {name: path_of(column) for name, column in columns.items()}
    assert {path[0] for path in paths.values()} <= stream.allowed
    assert set(stream.key) <= stream.allowed
    assert not stream.allowed & stream.dropped
    assert len(set(paths.values())) == len(paths)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in columns)
    assert all(column.description for column in columns.values())
    key_columns = [column for column in columns.values() if path_of(column) in {(name,) for name in stream.key}]
    assert key_columns
    assert all(not column.nullable for column in key_columns)


@every_stream
def test_money_is_decimal(connector: Connector, stream: ApiStream) -> None:
    for name, column in stream.schema.columns.items():
        assert duckdb_type_of(column) in {"VARCHAR", "BIGINT", "BOOLEAN", "TIMESTAMP", "DECIMAL(18,6)"}
        if any(word in name for word in ("amount", "fee", "cost", "commission_amount", "discount")) and not any(
            word in name for word in ("currency_", "_id")
        ):
            text = name.endswith("_currency") and duckdb_type_of(column) == "VARCHAR"
            assert text or duckdb_type_of(column) == "DECIMAL(18,6)", name


@every_stream
def test_clocks_and_open_states_are_columns_of_the_table(connector: Connector, stream: ApiStream) -> None:
    if not stream.clocks:
        assert stream.open_records is None
        return
    assert len({clock.name for clock in stream.clocks}) == len(stream.clocks)
    first = stream.schema.columns[stream.clocks[0].column]
    assert duckdb_type_of(first) == "TIMESTAMP"
    assert not first.nullable
    assert all(clock.sees and clock.overlap > timedelta(0) for clock in stream.clocks)
    rule = stream.open_records
    assert rule is not None
    assert rule.words < known_words_of(stream.schema.columns[rule.column])


@every_stream
def test_a_window_is_asked_for_in_utc_to_the_second_on_its_own_clock(connector: Connector, stream: ApiStream) -> None:
    if not stream.clocks:
        return
    asked = {
        clock.name: str(stream.request("4711", Window("test", clock.name, START, START + timedelta(hours=25)), None))
        for clock in stream.clocks
    }
    for text in asked.values():
        assert "4711" in text
        assert "2026-03-28T23:00:00" in text
        assert "2026-03-30T00:00:00" in text
    assert len(set(asked.values())) == len(asked)
    following = str(stream.request("4711", Window("test", stream.clocks[0].name, START, START), "cursor-9"))
    rule = stream.open_records
    if rule is not None and rule.keys_per_call:
        by_key = str(stream.request("4711", Window("open", keys=("17", "18")), None))
        assert "17" in by_key
        assert "18" in by_key
        assert "cursor-9" in following
