"""What every declared network has to keep to; a new network brings no test file of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from affiliate_assets import networks
from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.language import ApiStream, Connector
from affiliate_assets.connectors.schema import duckdb_type_of, known_words_of, path_of
from affiliate_assets.connectors.source import Network
from tests.networks.cases import (
    BY_FILE,
    CONNECTORS,
    NETWORKS,
    STREAMS,
    any_stream_of,
    cases_of,
    per_any_network,
    per_any_stream,
    per_clock,
    per_network,
    per_stream,
    stream_of,
)

PERSONAL = re.compile(
    r"(?i)e_?mail|(^|_)ip($|_)|Ip$|^ip|ip(address|hash)|user_?agent|phone|address|first_?name|last_?name|full_?name|birth"
    r"|gender|customer_?(name|id|number)|buyer|cookie|fingerprint|password|iban"
)


def test_the_registry_holds_every_network_folder_under_its_own_name() -> None:
    folders = {path.parent.name for path in Path(networks.__path__[0]).glob("*/connector.py")}
    assert set(NETWORKS) == folders == CONNECTORS.keys() | BY_FILE.keys()
    assert all(slug == network.slug for slug, network in NETWORKS.items())
    assert {"awin", "cj"} <= folders


_OF_ANY_NETWORK: dict[str, Callable[[Network], bool]] = {
    "has a reference": lambda c: c.docs_url.startswith("https://"),
    "is named in lower snake case": lambda c: re.fullmatch(r"[a-z][a-z0-9_]*", c.slug) is not None,
    "has a title": lambda c: bool(c.title.strip()),
    "has an owner": lambda c: re.fullmatch(r"team:[a-z-]+|[\w.]+@[\w.]+", c.owner) is not None,
    "has streams of different names": lambda c: len({s.name for s in c.streams}) == len(c.streams) > 0,
    "says when a conversion is final": lambda c: bool(c.lock_rule.strip()),
    "has one currency or leaves it to the account, not both": lambda c: not (c.currency and c.needs_currency),
}


@per_any_network
@pytest.mark.parametrize("rule", sorted(_OF_ANY_NETWORK))
def test_any_network(slug: str, rule: str) -> None:
    assert _OF_ANY_NETWORK[rule](NETWORKS[slug])


_OF_A_NETWORK: dict[str, Callable[[Connector], bool]] = {
    "is asked over TLS": lambda c: c.base_url.startswith("https://"),
    "needs a secret": lambda c: bool(c.auth.secrets) and len(set(c.auth.secrets)) == len(c.auth.secrets),
    "has limits": lambda c: bool(c.limits) and all(e.calls > 0 and e.per > timedelta(0) for e in c.limits),
    "has no limit that another one implies": lambda c: len({e.per for e in c.limits}) == len(c.limits),
    "tells its limit by a status": lambda c: bool(c.limit_statuses) and all(s >= 400 for s in c.limit_statuses),
    "has a stream with clocks": lambda c: any(s.clocks for s in c.streams),
    "shows its credentials in no repr": lambda c: "conformance." not in repr(c),
}


@per_network
@pytest.mark.parametrize("rule", sorted(_OF_A_NETWORK))
def test_a_network(slug: str, rule: str) -> None:
    assert _OF_A_NETWORK[rule](CONNECTORS[slug])


@per_network
def test_the_probe_is_cheap_and_asks_for_the_account_or_the_credential(slug: str) -> None:
    connector = CONNECTORS[slug]
    account_id = cases_of(slug).accounts[0].account_id
    probe = connector.probe(account_id)
    assert probe == connector.probe(account_id)
    assert not (probe.json and probe.form)
    assert "://" not in probe.path
    assert probe.path.strip("/") or probe.params


_OF_ANY_STREAM: dict[str, Callable[[ApiStream | FileStream], bool]] = {
    "types no field twice": lambda s: len({path_of(c) for c in s.schema.columns.values()}) == len(s.schema.columns),
    "names columns in snake case": lambda s: all(re.fullmatch(r"[a-z][a-z0-9_]*", n) for n in s.schema.columns),
    "describes every column": lambda s: all((c.description or "").strip() for c in s.schema.columns.values()),
    "describes itself": lambda s: bool(s.description.strip()),
    "is strict": lambda s: s.schema.strict is True,
    "has a column that is part of the key, and that is never empty": lambda s: _has_key_columns(s),
}


@per_any_stream
@pytest.mark.parametrize("rule", sorted(_OF_ANY_STREAM))
def test_any_stream(slug: str, name: str, rule: str) -> None:
    assert _OF_ANY_STREAM[rule](any_stream_of(slug, name))


_OF_A_STREAM: dict[str, Callable[[ApiStream], bool]] = {
    "allows the field of every typed column": lambda s: {path_of(c)[0] for c in s.schema.columns.values()} <= s.allowed,
    "allows its key": lambda s: bool(s.key) and set(s.key) <= s.allowed,
    "drops nothing that it allows": lambda s: not s.allowed & s.dropped,
    "says how it proves that nothing is missing": lambda s: bool(s.paging.proof),
    "has a window longer than an hour": lambda s: s.max_span >= timedelta(hours=1),
    "has clocks of different names": lambda s: len({c.name for c in s.clocks}) == len(s.clocks),
    "says what each clock sees": lambda s: all(c.sees.strip() for c in s.clocks),
    "reads each clock with an overlap": lambda s: (
        bool(s.day_is_whole_after) or all(c.overlap > timedelta(0) for c in s.clocks)
    ),
    "dates its records by its first clock": lambda s: not s.clocks or _dates(s),
    "has no open records without a clock": lambda s: s.clocks != () or s.open_records is None,
    "knows the words of open records": lambda s: _knows_open_words(s),
    "tells the payment of what is open until it is paid": lambda s: _tells_payment_of_what_is_payable(s),
    "controls a column of money": lambda s: s.control is None or duckdb_type_of(_column(s)) == "DECIMAL(18,6)",
}


def _dates(stream: ApiStream) -> bool:
    column = stream.schema.columns[stream.clocks[0].column]
    return duckdb_type_of(column) == "TIMESTAMP" and not column.nullable


def _knows_open_words(stream: ApiStream) -> bool:
    rule = stream.open_records
    if rule is None:
        return True
    words = rule.words | rule.payable
    return bool(rule.words) and words < known_words_of(stream.schema.columns[rule.column])


def _tells_payment_of_what_is_payable(stream: ApiStream) -> bool:
    rule = stream.open_records
    if rule is None or not rule.payable:
        return rule is None or not rule.paid
    return not rule.payable & rule.words and duckdb_type_of(stream.schema.columns[rule.paid]) == "BOOLEAN"


def _column(stream: ApiStream) -> object:
    assert stream.control is not None
    return stream.schema.columns[stream.control.amount]


def _has_key_columns(stream: ApiStream | FileStream) -> bool:
    columns = [c for c in stream.schema.columns.values() if path_of(c)[0] in stream.key and len(path_of(c)) == 1]
    return bool(columns) and all(not column.nullable for column in columns)


@per_stream
@pytest.mark.parametrize("rule", sorted(_OF_A_STREAM))
def test_a_stream(slug: str, name: str, rule: str) -> None:
    assert _OF_A_STREAM[rule](stream_of(slug, name))


@per_any_stream
def test_money_is_decimal(slug: str, name: str) -> None:
    for column_name, column in any_stream_of(slug, name).schema.columns.items():
        kind = duckdb_type_of(column)
        assert kind in {"VARCHAR", "BIGINT", "BOOLEAN", "TIMESTAMP", "DECIMAL(18,6)"}
        if re.search(r"(^|_)(amount|fee|cost|commission|payout|revenue|discount|price)(_|$)", column_name):
            described = re.search(r"_(currency|id|type|status|name|code|kind|plan|reference|rule)$", column_name)
            assert kind == "DECIMAL(18,6)" or described, column_name


@per_clock
def test_a_clock_that_records_show_is_a_column_of_instants(slug: str, name: str, clock: str) -> None:
    stream = stream_of(slug, name)
    (declared,) = [entry for entry in stream.clocks if entry.name == clock]
    column = stream.schema.columns.get(declared.column)
    # A network may be asked by a clock that its records do not show, but not by the one that dates them.
    assert (column is None and declared != stream.clocks[0]) or duckdb_type_of(column) == "TIMESTAMP"


@per_stream
def test_fields_that_look_personal_are_dropped_or_explained(slug: str, name: str) -> None:
    cases, stream = cases_of(slug), stream_of(slug, name)
    explained = cases.harmless.get(name, {})
    assert explained.keys() <= stream.allowed
    assert all(reason.strip() for reason in explained.values())
    assert sorted(field for field in stream.allowed if PERSONAL.search(field) and field not in explained) == []


@per_stream
def test_personal_fields_are_dropped(slug: str, name: str) -> None:
    assert set(cases_of(slug).personal.get(name, ())) <= stream_of(slug, name).dropped


@per_network
def test_the_cases_speak_of_every_stream_and_of_no_other(slug: str) -> None:
    cases = cases_of(slug)
    names = {stream.name for stream in CONNECTORS[slug].streams}
    dated = {stream.name for stream in CONNECTORS[slug].streams if stream.clocks}
    assert {pull.stream for pull in cases.pulls} == names
    assert set(cases.valid) == names
    assert set(cases.personal) == names
    assert set(cases.windows) == dated
    for name in dated:
        assert set(cases.windows[name]) == {clock.name for clock in stream_of(slug, name).clocks}


@per_network
def test_a_network_without_states_reads_nothing_again_for_them(slug: str) -> None:
    connector = CONNECTORS[slug]
    if not connector.tells_status:
        assert all(stream.open_records is None for stream in connector.streams)
    assert all((slug, stream.name) in STREAMS for stream in connector.streams)
