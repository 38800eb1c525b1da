"""The log of calls beside what the network itself counted."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from affiliate_assets.landing import night
from affiliate_assets.landing.calls import calls_file, load_calls
from affiliate_assets.landing.warehouse import connection
from affiliate_assets.sandbox import Call
from tests.conftest import FIRST_MORNING, HASH_KEY, SECRETS, Brand

NEXT_MORNING = FIRST_MORNING + timedelta(days=1)


def wire(brand: Brand, network: str) -> Counter[tuple[str, str, int]]:
    """What arrived at the network: method, path and status."""
    return Counter((c.method, c.path.strip("/"), c.status) for c in brand.sandbox.calls if c.network == network)


def logged(brand: Brand, network: str) -> Counter[tuple[str, str, int]]:
    base = f"/{network}/"
    rows = brand.query(f"select method, path, status from ops.api_calls where network = '{network}'")
    return Counter((str(m), str(path).removeprefix(base).strip("/"), int(status)) for m, path, status in rows)  # type: ignore


def patient(brand: Brand, **changes: object) -> None:
    pulls = brand.settings.pulls.model_copy(update={"first_wait": 0.01} | changes)
    brand.settings = brand.settings.model_copy(update={"pulls": pulls})


@pytest.mark.parametrize("network", ["awin", "cj"])
def test_every_request_that_reached_the_network_is_one_row_with_its_status(brand: Brand, network: str) -> None:
    patient(brand)
    for kind, after in (("storm_500", 1), ("html", 5), ("limit_429_seconds", 7)):
        brand.sandbox.inject(network, kind, after=after)
    for morning in (FIRST_MORNING, NEXT_MORNING):
        brand.pull(network, morning)
    assert {call.status for call in brand.sandbox.calls} == {200, 429, 500}
    assert logged(brand, network) == wire(brand, network)
    assert brand.query("select count(*), count(distinct call_id) from ops.api_calls") == [
        (len(brand.sandbox.calls), len(brand.sandbox.calls))
    ]


@pytest.mark.parametrize("network", ["awin", "cj"])
def test_every_landed_page_leads_to_the_one_call_that_brought_it(brand: Brand, network: str) -> None:
    patient(brand)
    brand.sandbox.inject(network, "storm_503", after=1)
    for morning in (FIRST_MORNING, NEXT_MORNING):
        brand.pull(network, morning)
    rows = brand.query(
        """
        select count(*), count(c.call_id), count(distinct p.call_id), count(distinct p.page_id),
               bool_and(c.outcome = 'ok' and c.status = 200 and c.purpose = 'page'),
               bool_and((c.network, c.account_id, c.stream, c.window_id, c.page, c.run_id)
                        = (p.network, p.account_id, p.stream, p.window_id, p.page, p.run_id))
        from ops.pages p left join ops.api_calls c on c.call_id = p.call_id
        """
    )
    pages = rows[0][0]
    assert rows == [(pages, pages, pages, pages, True, True)]
    answered = [call for call in brand.sandbox.calls if call.status == 200 and "/reports/" not in call.path]
    assert pages == len(answered)


def test_any_row_of_a_valid_table_leads_to_its_call_in_one_join(brand: Brand) -> None:
    brand.pull("awin", FIRST_MORNING)
    ((rows, calls),) = brand.query(
        "select count(*), count(c.call_id) from valid_awin.transactions v"
        " join ops.pages p on p.page_id = v._page_id join ops.api_calls c on c.call_id = p.call_id"
    )
    assert rows == calls
    assert rows == brand.query("select count(*) from valid_awin.transactions")[0][0]


def test_attempts_of_one_question_share_their_name_and_count_up(brand: Brand) -> None:
    patient(brand)
    brand.sandbox.inject("cj", "storm_502")
    brand.pull("cj", FIRST_MORNING)
    tried = brand.query(
        "select list(attempt order by started_at), list(outcome order by started_at), count(distinct window_id)"
        " from ops.api_calls group by correlation_id having count(*) > 1"
    )
    assert sum(len(attempts) - 1 for attempts, _, _ in tried) == 3  # type: ignore[arg-type]
    for attempts, outcomes, windows in tried:
        assert attempts == list(range(1, len(attempts) + 1))  # type: ignore[arg-type]
        assert outcomes == ["server"] * (len(attempts) - 1) + ["ok"]  # type: ignore[arg-type]
        assert windows == 1


def test_the_rows_say_what_each_call_was_for(brand: Brand) -> None:
    brand.pull("awin", FIRST_MORNING)
    assert brand.query("select purpose, stream, count(*) from ops.api_calls group by all order by all") == [
        ("control", "transactions", 2),
        ("page", "publishers", 2),
        ("page", "transactions", 6),
    ]
    assert brand.query("select distinct run_id, priority, as_of from ops.api_calls") == [
        ("run-1", "reconciliation", FIRST_MORNING.replace(tzinfo=None))
    ]
    assert brand.query("select bool_and(bytes > 1 and headroom >= 0 and duration_ms >= 0) from ops.api_calls") == [
        (True,)
    ]


def test_a_connection_that_broke_is_a_row_without_a_status(brand: Brand) -> None:
    patient(brand)
    brand.sandbox.inject("awin", "reset_before")
    brand.pull("awin", FIRST_MORNING)
    assert brand.query("select status, outcome from ops.api_calls where outcome <> 'ok'") == [(None, "connection")]
    assert brand.query("select count(*) from ops.api_calls") == [(len(brand.sandbox.calls),)]


def test_no_secret_and_no_question_is_in_the_log(brand: Brand) -> None:
    patient(brand)
    for network in SECRETS:
        brand.sandbox.inject(network, "echo_500", times=2)
        brand.pull(network, FIRST_MORNING)
    rows = str(brand.query("select * from ops.api_calls"))
    files = b"".join(path.read_bytes() for path in brand.settings.landing.rglob("calls/*.ndjson"))
    for secret in (brand.sandbox.token("awin"), brand.sandbox.token("cj"), "a key for invented customers"):
        assert secret not in rows
        assert secret.encode() not in files
    assert HASH_KEY not in rows
    for part in ("startDate", "2025-12-31T23", "advertiserCommissions"):
        assert part not in rows


def test_loading_the_log_again_adds_nothing_and_a_file_that_grew_adds_what_is_new(brand: Brand) -> None:
    brand.pull("awin", FIRST_MORNING)
    before = brand.query("select * from ops.api_calls order by call_id")
    with connection(brand.settings.warehouse) as warehouse:
        load_calls(warehouse, brand.settings.landing, "awin")
    assert brand.query("select * from ops.api_calls order by call_id") == before

    path = calls_file(brand.settings.landing, "awin", "1001", "run-1")
    lines = path.read_text().splitlines(keepends=True)
    another = json.dumps({**json.loads(lines[0]), "call_id": "0" * 32}) + "\n"
    # Another run is still writing: a whole line, and the beginning of one.
    path.write_text("".join(lines) + another + another[:40])
    for _ in range(2):
        with connection(brand.settings.warehouse) as warehouse:
            load_calls(warehouse, brand.settings.landing, "awin")
    after = brand.query("select * from ops.api_calls order by call_id")
    assert after[1:] == before
    assert after[0][0] == "0" * 32


def test_calls_of_a_run_that_died_are_in_the_log_after_the_next_one(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(night, "_loaded", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            brand.pull("awin", FIRST_MORNING)
    first: list[Call] = list(brand.sandbox.calls)
    brand.pull("awin", NEXT_MORNING)
    assert brand.query("select run_id, count(*) from ops.api_calls group by all order by all") == [
        ("run-1", len(first)),
        ("run-2", len(brand.sandbox.calls) - len(first)),
    ]
