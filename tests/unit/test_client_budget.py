"""Calls wait for the budget of their credential, and where the network wants it for each other."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3

from affiliate_assets.connectors.auth import HeaderKeys
from affiliate_assets.connectors.language import RateLimit, Request
from affiliate_assets.errors import NetworkStopped
from affiliate_assets.http.client import NetworkClient

from .acme import TOKEN
from .support import QUICK, SALES, Scripted, account, client, connector, serving
from .test_jobs import JOB

pytestmark = pytest.mark.usefixtures("token")
ASK = Request("GET", "A1/sales")


def test_the_last_call_of_a_window_holds_the_next_one_until_the_network_says(tmp_path: Path) -> None:
    spent = (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1"))
    with serving([Scripted(200, headers=spent), Scripted(200)]) as server:
        client(server.url, tmp_path).send(ASK)
        client(server.url, tmp_path).send(ASK)
    assert server.moments[1] - server.moments[0] >= 0.95


def test_a_days_jobs_that_are_spent_hold_no_call(tmp_path: Path) -> None:
    """impact.com tells what is left of its ten exports a day in the same headers."""
    spent = (("X-RateLimit-Limit", "10"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "79000"))
    streams = (replace(SALES, job=replace(JOB, a_day=10)),)
    with serving([Scripted(200, headers=spent), Scripted(200)]) as server:
        client(server.url, tmp_path, streams=streams).send(ASK)
        client(server.url, tmp_path, streams=streams).send(ASK)
    assert server.moments[1] - server.moments[0] < 5


def test_the_budget_of_the_credential_holds_for_the_calls(tmp_path: Path) -> None:
    limits = (RateLimit(3, timedelta(seconds=0.5)),)
    with serving([Scripted(200)]) as server:
        asking = client(server.url, tmp_path, limits=limits)
        started = time.monotonic()
        for _ in range(7):
            asking.send(ASK)
    assert time.monotonic() - started >= 1.0
    assert asking.waited_seconds >= 0.8


@pytest.mark.parametrize(("limited_by", "shared"), [(frozenset({"client"}), True), (frozenset(), False)])
def test_users_of_one_client_share_its_budget_where_that_is_what_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limited_by: frozenset[str], shared: bool
) -> None:
    auth = HeaderKeys({"X-Client": "client", "X-User": "user"})
    for name, value in (("CLIENT", "client-1-of-acme"), ("USER_A", "user-a-of-acme"), ("USER_B", "user-b-of-acme")):
        monkeypatch.setenv(name, value)
    limits = (RateLimit(2, timedelta(seconds=1.5)),)
    with serving([Scripted(200)]) as server:
        for user in ("env:USER_A", "env:USER_B"):
            declared = connector(server.url, auth=auth, limits=limits, limited_by=limited_by)
            own = account(credentials={"client": "env:CLIENT", "user": user})
            asking = NetworkClient(declared, own, tmp_path / "budgets.sqlite", QUICK)
            for _ in range(2):
                asking.send(ASK)
    assert (asking.waited_seconds > 0) == shared


def test_a_slow_connection_makes_no_later_call_too_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network counts a call when it arrives; the first one waits for its connection."""
    connect = urllib3.connection.HTTPConnection.connect

    def slowly(connection: urllib3.connection.HTTPConnection) -> None:
        time.sleep(0.3)
        connect(connection)

    monkeypatch.setattr(urllib3.connection.HTTPConnection, "connect", slowly)
    with serving([Scripted(200)]) as server:
        asking = client(server.url, tmp_path, limits=(RateLimit(1, timedelta(seconds=0.8)),))
        for _ in range(2):
            asking.send(ASK)
    assert server.moments[1] - server.moments[0] >= 0.8


@pytest.mark.parametrize(("alone", "most"), [(True, 1), (False, 3)])
def test_where_the_network_wants_it_accounts_ask_one_after_the_other(tmp_path: Path, alone: bool, most: int) -> None:
    with serving([Scripted(200, seconds=0.05)]) as server:
        network = connector(server.url, one_at_a_time=alone)
        clients = [
            NetworkClient(network, account(account_id=name), tmp_path / "b.sqlite", QUICK)
            for name in ("A1", "A2", "A3")
        ]
        start = threading.Barrier(3)

        def pull(asking: NetworkClient) -> None:
            start.wait(10)
            for _ in range(3):
                asking.send(ASK)

        threads = [threading.Thread(target=pull, args=(asking,)) for asking in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    assert len(server.paths) == 9
    assert server.most_at_once <= 1 if alone else server.most_at_once > 1
    assert server.most_at_once <= most


def test_a_call_that_failed_lets_the_next_one_start(tmp_path: Path) -> None:
    with serving([Scripted(500), Scripted(404), Scripted(200)]) as server:
        asking = client(server.url, tmp_path, one_at_a_time=True)
        with pytest.raises(NetworkStopped):
            asking.send(ASK)
        other = client(server.url, tmp_path, one_at_a_time=True)
        assert other.send(ASK).answer.status == 200


def test_accounts_with_one_token_share_a_budget_and_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "another-secret-0815")
    limits = (RateLimit(1, timedelta(seconds=0.6)),)
    with serving([Scripted(200)]) as server:
        network = connector(server.url, limits=limits)
        budgets = tmp_path / "budgets.sqlite"
        first, twin = (NetworkClient(network, account(account_id=name), budgets, QUICK) for name in ("A1", "A2"))
        other = NetworkClient(network, account("env:OTHER_TOKEN", account_id="B1"), budgets, QUICK)
        for asking in (first, twin, other):
            asking.send(ASK)
    assert first.waited_seconds == 0
    assert twin.waited_seconds > 0.5
    assert other.waited_seconds == 0
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert TOKEN.encode() not in content
