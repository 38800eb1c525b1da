"""When a fault strikes: by order, by chance, over HTTP, and not at all after a reset."""

from urllib.parse import urlencode

import pytest

from affiliate_assets.sandbox import FAULTS, Sandbox, World

from .faults import NOW, QUERY, STRUCK, cj_page, rows
from .http_client import awin, plain, send
from .test_awin import JANUARY


def test_there_are_enough_kinds() -> None:
    """The table has at least 35 kinds, each described, for both networks together and for each alone."""
    assert min(len({kind for where, kind in STRUCK if where == network}) for network in ("awin", "cj")) >= 35
    assert all(name == fault.name and fault.description for name, fault in FAULTS.items())


def test_a_fault_waits_for_a_call_that_it_can_strike(sandbox: Sandbox) -> None:
    """A fault of rows passes a call without rows; other networks pass too; order of calls decides."""
    sandbox.inject("awin", "unknown_status", after=1)
    sandbox.inject("awin", "limit_429", after=1, times=2)
    assert [awin(sandbox, "/accounts").status for _ in range(3)] == [200, 429, 429]
    found = rows("awin", awin(sandbox, "/advertisers/1001/transactions/", **JANUARY))
    assert [row["commissionStatus"] for row in found].count("frozen") == 1
    assert cj_page(sandbox).status == 200
    served = [(fault.kind, fault.call_index) for fault in sandbox.faults_served]
    assert served == [("limit_429", 1), ("limit_429", 2), ("unknown_status", 3)]
    assert [call.fault for call in sandbox.calls] == [None, "limit_429", "limit_429", "unknown_status", None]


def test_only_known_faults(sandbox: Sandbox) -> None:
    """Unknown networks, kinds, kinds of another network and rates are refused."""
    with pytest.raises(KeyError):
        sandbox.inject("rakuten", "limit_429")
    for network, kind in (("awin", "meteor"), ("awin", "page_repeated"), ("cj", "list_empty")):
        with pytest.raises(ValueError, match=kind):
            sandbox.inject(network, kind)
    with pytest.raises(ValueError, match="meteor"):
        sandbox.random_faults(1, 0.5, ["meteor"])
    with pytest.raises(ValueError, match="rate"):
        sandbox.random_faults(1, 1.5)


def walk(sandbox: Sandbox, order: str) -> None:
    """Ask both networks in turn, as the letters tell."""
    for letter in order:
        if letter == "a":
            awin(sandbox, "/advertisers/1001/transactions/", **JANUARY)
        else:
            cj_page(sandbox, "999999100")


def test_random_plans_follow_their_seed(sandbox: Sandbox) -> None:
    """Equal seeds give equal faults per network however the networks take turns; other seeds others."""
    quiet = [kind for kind, fault in FAULTS.items() if fault.group not in ("connection", "token")]
    kinds = [kind for kind in quiet if kind not in ("row_inserted", "page_huge")]
    plans = []
    for seed, order in ((1, "ac" * 30), (1, "a" * 30 + "c" * 30), (2, "ac" * 30)):
        sandbox.reset(NOW)
        sandbox.random_faults(seed, 0.4, kinds)
        walk(sandbox, order)
        assert {served.kind for served in sandbox.faults_served} <= set(kinds)
        plans.append(sorted(sandbox.faults_served, key=lambda served: (served.network, served.call_index)))
    first, same, other = plans
    assert first == same != other
    assert 12 < len(first) < 50
    sandbox.clear_faults()
    walk(sandbox, "ac" * 5)
    assert [call.fault for call in sandbox.calls[-10:]] == [None] * 10


def test_every_kind_is_drawn(world: World) -> None:
    """Random plans at full rate strike every call that can be struck, and draw each kind sooner or later."""
    kinds = [kind for kind in FAULTS if kind not in ("slow_drip", "page_huge", "token_death")]
    transactions = f"/advertisers/1001/transactions/?{urlencode(JANUARY)}"
    page = {"query": QUERY.replace("CURSOR", ', sinceCommissionId: "999999100"')}
    missing = set(kinds)
    with Sandbox(world, NOW, page_limit=20, limits={"awin": 10_000, "cj": 10_000}) as sandbox:
        for seed in range(60):
            sandbox.reset(NOW)
            sandbox.random_faults(seed, 1.0, kinds)
            for _ in range(6):
                plain(sandbox.url("awin") + transactions, sandbox.token("awin"))
                plain(f"{sandbox.url('cj')}/query", sandbox.token("cj"), page)
            assert len(sandbox.faults_served) == len(sandbox.calls) == 12
            missing -= {served.kind for served in sandbox.faults_served}
            if not missing:
                break
    assert missing == set()


def test_reset_forgets_everything(world: World) -> None:
    """After a reset the sandbox answers as a new one: limits, faults, failures, tampering, tokens, calls."""
    with Sandbox(world, NOW, limits={"awin": 3}) as sandbox:
        first = awin(sandbox, "/advertisers/1001/transactions/", **JANUARY)
        sandbox.tamper("awin", str(first.json()[0]["id"]), commissionStatus="frozen")
        sandbox.inject("awin", "token_death")
        sandbox.inject("awin", "limit_429", after=2)
        sandbox.random_faults(1, 1.0)
        awin(sandbox, "/accounts")
        sandbox.fail_next("awin", times=5)
        port = sandbox.port
        sandbox.reset(NOW)
        assert (sandbox.calls, sandbox.faults_served, sandbox.port) == ([], [], port)
        assert [awin(sandbox, "/accounts").status for _ in range(2)] == [200, 200]
        assert awin(sandbox, "/advertisers/1001/transactions/", **JANUARY).body == first.body
        assert awin(sandbox, "/accounts").status == 429


def test_faults_over_http(sandbox: Sandbox) -> None:
    """Another process can list, inject, draw and clear faults."""
    base = sandbox.url("awin").removesuffix("awin") + "_sandbox/faults"
    listed = send(base).json()
    assert {fault["kind"] for fault in listed["kinds"]} == set(FAULTS)
    assert send(base, body={"network": "awin", "kind": "limit_403", "after": 1, "times": 1}).status == 200
    assert [awin(sandbox, "/accounts").status for _ in range(3)] == [200, 403, 200]
    expected = {"network": "awin", "kind": "limit_403", "call_index": 1, "record": None, "left_out": []}
    assert send(base).json()["served"] == [expected]
    assert send(base, body={"seed": 4, "rate": 1, "kinds": ["limit_503"]}).status == 200
    assert awin(sandbox, "/accounts").status == 503
    assert send(base, method="DELETE").json() == {"faults": "cleared"}
    assert awin(sandbox, "/accounts").status == 200
    for wrong in ({"network": "awin"}, {"network": "x", "kind": "limit_403"}, {"network": "awin", "kind": "x"}, [1]):
        assert send(base, body=wrong).status == 400


def test_faults_count_against_the_limit_and_are_no_breach(world: World) -> None:
    """A struck call is a call; a call that breaks the limit is a breach and leaves the fault for later."""
    seconds = [0.0]
    with Sandbox(world, NOW, limits={"awin": 2}, now=lambda: seconds[0]) as sandbox:
        sandbox.inject("awin", "limit_429", after=1)
        sandbox.inject("awin", "limit_403", after=2)
        assert [awin(sandbox, "/accounts").status for _ in range(3)] == [200, 429, 429]
        assert [sandbox.calls.index(call) for call in sandbox.breaches] == [2]
        seconds[0] = 61.0
        assert awin(sandbox, "/accounts").status == 403
        assert sandbox.faults_served[-1].call_index == 3
