"""The sandbox as a server: loopback only, frozen clock, log, canned failures, control over HTTP."""

import socket
import threading
import time
from datetime import datetime
from http.client import HTTPConnection

import pytest

from affiliate_assets.sandbox import Sandbox, World

from .http_client import awin, cj, send
from .reference import utc


def test_every_answer_carries_the_frozen_clock(sandbox: Sandbox) -> None:
    """Answers, refusals, failures and unknown paths carry the clock as their only date."""
    sandbox.set_clock(utc(2031, 5, 4, 3, 2, 1))
    sandbox.fail_next("awin")
    replies = [
        awin(sandbox, "/accounts"),
        awin(sandbox, "/accounts"),
        awin(sandbox, "/nowhere"),
        cj(sandbox, "{"),
        send(sandbox.url("rakuten") + "/x"),
        send(sandbox.url("awin").removesuffix("/awin") + "/"),
        send(sandbox.url("awin").removesuffix("awin") + "_sandbox/health"),
    ]
    assert [reply.status for reply in replies] == [503, 200, 404, 200, 404, 404, 200]
    assert {reply.headers["date"] for reply in replies} == {"Sun, 04 May 2031 03:02:01 GMT"}
    assert not any("server" in reply.headers for reply in replies)


def test_calls_are_logged(sandbox: Sandbox, now: datetime) -> None:
    """Each call leaves network, path, query, hashed token, status and rows; no token in clear."""
    awin(sandbox, "/advertisers/1001/publishers")
    awin(sandbox, "/advertisers/1001/transactions/", startDate="x")
    cj(sandbox, "{ x }")
    listed, refused, posted = sandbox.calls
    assert (listed.network, listed.method, listed.path, listed.status, listed.rows) == (
        "awin",
        "GET",
        "/advertisers/1001/publishers",
        200,
        7,
    )
    assert (refused.query, refused.status, refused.rows) == ("startDate=x", 400, 0)
    assert (posted.network, posted.query) == ("cj", '{"query": "{ x }"}')
    assert listed.token_hash == refused.token_hash != posted.token_hash
    assert sandbox.token("awin") not in repr(sandbox.calls)
    assert {call.sim_time for call in sandbox.calls} == {now}
    assert listed.received_at <= refused.received_at <= posted.received_at
    assert sandbox.breaches == []


def test_canned_failures(sandbox: Sandbox) -> None:
    """The next calls of that network fail as told, then it answers again; a canned 429 is no breach."""
    sandbox.fail_next("awin", status=429, times=2, body="slow down", headers={"Retry-After": "7"})
    assert cj(sandbox, "{ x }").status == 200
    first, second, third = (awin(sandbox, "/accounts") for _ in range(3))
    assert (first.status, first.body, first.headers["retry-after"]) == (429, b"slow down", "7")
    assert (second.status, third.status) == (429, 200)
    assert sandbox.breaches == []
    with pytest.raises(KeyError):
        sandbox.fail_next("rakuten")
    with pytest.raises(KeyError):
        sandbox.tamper("rakuten", "1")


def test_control_over_http(sandbox: Sandbox) -> None:
    """Another process can read health and calls and move the clock; control calls are not logged."""
    base = sandbox.url("awin").removesuffix("awin") + "_sandbox"
    assert send(f"{base}/health").json()["status"] == "ok"
    awin(sandbox, "/accounts")
    log = send(f"{base}/calls").json()
    assert [call["path"] for call in log["calls"]] == ["/accounts"]
    assert log["breaches"] == 0
    assert send(f"{base}/clock", body={"now": "2026-04-01T05:00:00+02:00"}).json() == {"now": "2026-04-01T03:00:00Z"}
    assert sandbox.clock == utc(2026, 4, 1, 3)
    for wrong in ({"now": "2026-04-01T05:00:00"}, {"now": "soon"}, {"then": 1}, [1]):
        assert send(f"{base}/clock", body=wrong).status == 400
    assert sandbox.clock == utc(2026, 4, 1, 3)


def test_listens_on_loopback_and_stops(world: World) -> None:
    """The server is bound to 127.0.0.1; after the context nothing listens and no thread is left."""
    with Sandbox(world, utc(2026, 2, 1)) as sandbox:
        port = sandbox.port
        assert sandbox.url("cj") == f"http://127.0.0.1:{port}/cj"
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as idle,
            Sandbox(world, utc(2026, 2, 1)) as second,
        ):
            assert idle.getpeername()[0] == "127.0.0.1"
            assert second.port != port
            with pytest.raises(OSError, match="in use"), Sandbox(world, utc(2026, 2, 1), port=port):
                pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert not [thread for thread in threading.enumerate() if thread.name == "sandbox"]
    with Sandbox(world, utc(2026, 2, 1), port=port) as again:
        assert awin(again, "/accounts").status == 200


def test_stopping_waits_for_no_answer_under_way(world: World) -> None:
    """The answer would take longer than a test may."""
    for _ in range(20):
        with Sandbox(world, utc(2026, 2, 1), drip_seconds=3_600) as sandbox:
            sandbox.inject("awin", "slow_drip")
            token = sandbox.token("awin")
            with socket.create_connection(("127.0.0.1", sandbox.port), timeout=20) as waiting:
                asked = f"GET /awin/accounts HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {token}\r\n\r\n"
                waiting.sendall(asked.encode())
                assert waiting.recv(12) == b"HTTP/1.1 200"
                sandbox.__exit__(None, None, None)


def test_a_kept_connection_is_not_slowed_down(sandbox: Sandbox) -> None:
    """Head and body leave at once: no answer waits for the acknowledgement of its first half (40 ms each)."""
    connection = HTTPConnection("127.0.0.1", sandbox.port, timeout=20)
    seconds = []
    for _ in range(25):
        started = time.monotonic()
        connection.request("GET", "/awin/accounts", headers={"Authorization": f"Bearer {sandbox.token('awin')}"})
        assert connection.getresponse().read()
        seconds.append(time.monotonic() - started)
    # Every answer would have waited; a busy machine leaves at least one of them alone.
    assert min(seconds) < 0.04
    connection.close()
