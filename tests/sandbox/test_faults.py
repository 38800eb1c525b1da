"""Every kind of fault strikes as it is described, once, and the network tells the truth afterwards."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import pytest

from affiliate_assets.sandbox import FAULTS, FaultServed, Sandbox, World

from .http_client import Bytes, Reply, awin, cj, plain, send
from .reference import utc
from .test_awin import JANUARY

Rows = list[dict[str, Any]]
QUERY = (
    '{ advertiserCommissions(forAdvertisers: ["4410927"], sincePostingDate: "2026-01-01T00:00:00Z", '
    'beforePostingDate: "2026-01-31T00:00:00Z"CURSOR) { count maxCommissionId payloadComplete '
    "records { commissionId orderId actionStatus saleAmountAdvCurrency coupon publisherName } } }"
)
STRUCK = [(network, kind) for kind, fault in FAULTS.items() for network in sorted(fault.networks)]
DATA = [(network, kind) for network, kind in STRUCK if FAULTS[kind].group == "data"]
CONNECTION = [(network, kind) for network, kind in STRUCK if FAULTS[kind].group == "connection"]


def cj_page(sandbox: Sandbox, cursor: str | None = None) -> Reply:
    """Ask CJ for a page of January."""
    return cj(sandbox, QUERY.replace("CURSOR", "" if cursor is None else f', sinceCommissionId: "{cursor}"'))


def payload(reply: Reply) -> dict[str, Any]:
    """Return CJ's object around the records."""
    found: dict[str, Any] = reply.json()["data"]["advertiserCommissions"]
    return found


def rows(network: str, reply: Reply) -> Rows:
    """Return the records of an answer."""
    found: Rows = reply.json() if network == "awin" else payload(reply)["records"]
    return found


@pytest.fixture
def second(sandbox: Sandbox) -> str:
    """Return CJ's cursor to the second page."""
    return str(payload(cj_page(sandbox))["maxCommissionId"])


@pytest.fixture
def ask(sandbox: Sandbox, second: str) -> Callable[[str], Reply]:
    """Ask for something that every fault can strike: Awin's January, the second page of CJ's."""

    def asked(network: str) -> Reply:
        if network == "awin":
            return awin(sandbox, "/advertisers/1001/transactions/", **JANUARY)
        return cj_page(sandbox, second)

    return asked


def struck(sandbox: Sandbox, ask: Callable[[str], Reply], network: str, kind: str) -> tuple[Reply, Reply]:
    """Return the true answer and the struck one; asked again, the truth is back."""
    true = ask(network)
    sandbox.inject(network, kind)
    got = ask(network)
    assert [(served.network, served.kind) for served in sandbox.faults_served] == [(network, kind)]
    assert sandbox.calls[-1].fault == kind
    assert sandbox.breaches == []
    sandbox.clear_faults()
    assert ask(network).body == true.body
    return true, got


def test_there_are_enough_kinds() -> None:
    """The table has at least 35 kinds, each described, for both networks together and for each alone."""
    assert min(len({kind for where, kind in STRUCK if where == network}) for network in ("awin", "cj")) >= 35
    assert all(name == fault.name and fault.description for name, fault in FAULTS.items())


NOW = utc(2026, 2, 20, 3)
LIMITS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "limit_429": (429, {}, b""),
    "limit_429_seconds": (429, {"retry-after": "1"}, b""),
    "limit_429_date": (429, {"retry-after": "Fri, 20 Feb 2026 03:00:01 GMT"}, b""),
    "limit_429_reset_seconds": (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, b""),
    "limit_429_reset_unix": (429, {"x-ratelimit-reset": str(int(NOW.timestamp()) + 1)}, b""),
    "limit_429_reset_millis": (429, {"x-ratelimit-reset": str(int(NOW.timestamp()) * 1000 + 1000)}, b""),
    "limit_429_retry_header": (429, {"x-ratelimit-retry-after": "1"}, b"Too Many Requests"),
    "limit_403": (403, {}, b"rate limit"),
    "limit_200": (200, {}, b'"status": -1'),
    "limit_504": (504, {}, b""),
    "limit_503": (503, {"retry-after": "1"}, b""),
}


@pytest.mark.parametrize(("network", "kind"), [(n, k) for n, k in STRUCK if FAULTS[k].group == "limit"])
def test_limits(sandbox: Sandbox, ask: Callable[[str], Reply], network: str, kind: str) -> None:
    """Each form has its status, its hint and nothing of the other hints; none of them is a breach."""
    status, headers, words = LIMITS[kind]
    _, got = struck(sandbox, ask, network, kind)
    assert got.status == status
    assert words in got.body
    assert {name: got.headers.get(name) for name in headers} == headers
    hints = {"retry-after", "x-ratelimit-reset", "x-ratelimit-retry-after"}
    assert hints & got.headers.keys() == hints & headers.keys()


def test_the_pause_of_limits_can_be_set(world: World) -> None:
    """All hints tell the pause given."""
    with Sandbox(world, NOW, pause_seconds=7) as sandbox:
        sandbox.inject("awin", "limit_429_seconds")
        sandbox.inject("awin", "limit_429_date")
        first, second = awin(sandbox, "/accounts"), awin(sandbox, "/accounts")
    assert first.headers["retry-after"] == "7"
    assert parsedate_to_datetime(second.headers["retry-after"]) == NOW + timedelta(seconds=7)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_storms_last_three_calls(sandbox: Sandbox, status: int) -> None:
    """One outbreak strikes three calls of that network in a row, two outbreaks six."""
    sandbox.inject("awin", f"storm_{status}", times=2)
    assert [awin(sandbox, "/accounts").status for _ in range(8)] == [status] * 6 + [200] * 2
    assert [served.call_index for served in sandbox.faults_served] == list(range(6))
    assert "retry-after" not in awin(sandbox, "/accounts").headers


def on_a_socket(sandbox: Sandbox, network: str, second: str) -> Bytes:
    """Ask the same as `ask` does, on a connection of its own."""
    if network == "awin":
        path = f"/advertisers/1001/transactions/?{urlencode(JANUARY)}"
        return plain(sandbox.url("awin") + path, sandbox.token("awin"))
    query = QUERY.replace("CURSOR", f', sinceCommissionId: "{second}"')
    return plain(f"{sandbox.url('cj')}/query", sandbox.token("cj"), {"query": query})


@pytest.mark.parametrize(("network", "kind"), CONNECTION)
def test_connections_break(sandbox: Sandbox, second: str, network: str, kind: str) -> None:
    """Bytes stop where the kind says, by RST or by FIN; the next call is whole."""
    true = on_a_socket(sandbox, network, second)
    sandbox.inject(network, kind)
    got = on_a_socket(sandbox, network, second)
    half, length = len(true.body) // 2, f"content-length: {len(true.body)}".encode()
    ended: dict[str, tuple[str, bytes]] = {
        "reset_before": ("reset", b""),
        "reset_inside": ("reset", true.body[:half]),
        "reset_at_end": ("reset", true.body),
        # Nobody uses a connection again that was asked to be closed.
        "reset_after": ("closed", true.body),
        "body_cut": ("closed", true.body[:half]),
        "chunks_unended": ("closed", b"%x\r\n%b\r\n" % (len(true.body), true.body)),
        "slow_drip": ("closed", true.body),
    }
    assert (got.ended, got.body) == ended[kind]
    assert (length in got.head) is (kind not in ("reset_before", "reset_at_end", "chunks_unended"))
    assert (b"HTTP/1.1 200 OK" in got.head) is (kind != "reset_before")
    assert sandbox.faults_served == [FaultServed(network, kind, sandbox.faults_served[0].call_index)]
    assert on_a_socket(sandbox, network, second).body == true.body


def test_a_drip_takes_its_time(world: World) -> None:
    """It lasts as long as told, other calls go on meanwhile, and a caller may give up."""
    with Sandbox(world, NOW, drip_seconds=0.4) as sandbox:
        sandbox.inject("awin", "slow_drip")
        got = plain(sandbox.url("awin") + "/accounts", sandbox.token("awin"))
        assert 0.39 < got.seconds < 2
        assert json.loads(got.body)["userId"]
        sandbox.inject("awin", "slow_drip")
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as impatient:
            impatient.sendall(
                f"GET /awin/accounts HTTP/1.1\r\nAuthorization: Bearer {sandbox.token('awin')}\r\n".encode()
            )
            impatient.sendall(b"Host: sandbox\r\n\r\n")
            assert impatient.recv(15) == b"HTTP/1.1 200 OK"
            started = time.monotonic()
            assert awin(sandbox, "/accounts").status == 200
            assert time.monotonic() - started < 0.3
        assert awin(sandbox, "/accounts").status == 200


def test_a_reset_after_the_body_strikes_the_next_call_on_that_connection(sandbox: Sandbox) -> None:
    """The answer is whole, the next call over the same connection dies unseen, a new connection works."""
    sandbox.inject("awin", "reset_after")
    connection, path = HTTPConnection("127.0.0.1", sandbox.port, timeout=5), "/awin/accounts"
    headers = {"Authorization": f"Bearer {sandbox.token('awin')}"}
    connection.request("GET", path, headers=headers)
    assert json.loads(connection.getresponse().read())["userId"]
    connection.request("GET", path, headers=headers)
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    connection.close()
    assert [call.fault for call in sandbox.calls] == ["reset_after"]
    assert awin(sandbox, "/accounts").status == 200


@pytest.mark.parametrize("network", ["awin", "cj"])
def test_bodies(sandbox: Sandbox, ask: Callable[[str], Reply], network: str) -> None:
    """Status 200 in each case; what is inside is not what was asked for, or not under its name."""

    def told(kind: str) -> tuple[Reply, Reply]:
        sandbox.reset(NOW)
        true, got = struck(sandbox, ask, network, kind)
        assert got.status == 200
        return true, got

    true, got = told("json_cut")
    assert got.body == true.body[: len(true.body) // 2]
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        got.json()
    for kind, words, type_ in (("html", b"<html>", "text/html"), ("garbage", b"upstream", "text/plain")):
        _, got = told(kind)
        assert words in got.body
        assert got.headers["content-type"].startswith(type_)
    assert told("empty_body")[1].body == b""
    true, got = told("wrong_type")
    assert (got.body, got.headers["content-type"]) == (true.body, "text/html; charset=iso-8859-1")
    true, got = told("gzip_cut")
    assert got.headers["content-encoding"] == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(got.body)
    assert true.body.startswith(zlib.decompressobj(31).decompress(got.body))
    _, got = told("gzip_corrupt")
    with pytest.raises((zlib.error, OSError)):
        gzip.decompress(got.body)


def test_graphql_errors_with_200(sandbox: Sandbox, ask: Callable[[str], Reply]) -> None:
    """Errors alone, and errors beside a page that looks whole but is half."""
    _, got = struck(sandbox, ask, "cj", "graphql_error")
    assert got.status == 200
    assert got.json() == {"data": None, "errors": [{"message": "Internal error while fetching data"}]}
    sandbox.reset(NOW)
    true, got = struck(sandbox, ask, "cj", "graphql_partial")
    assert rows("cj", got) == rows("cj", true)[:25]
    assert got.json()["errors"]


def test_pages_of_cj(sandbox: Sandbox, ask: Callable[[str], Reply], second: str) -> None:
    """Empty, repeated, with an old cursor, or counted wrongly."""

    def told(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
        sandbox.reset(NOW)
        true, got = struck(sandbox, ask, "cj", kind)
        return payload(true), payload(got)

    true, got = told("page_empty")
    assert got == {"count": 0, "maxCommissionId": None, "payloadComplete": False, "records": []}
    true, got = told("page_repeated")
    assert got == payload(cj_page(sandbox))
    true, got = told("cursor_repeats")
    assert got == {**true, "maxCommissionId": second, "payloadComplete": False}
    true, got = told("count_lies")
    assert got == {**true, "count": true["count"] + 1}
    true, got = told("count_as_string")
    assert got == {**true, "count": str(true["count"])}


@pytest.mark.parametrize("network", ["awin", "cj"])
def test_rows_of_a_page(sandbox: Sandbox, ask: Callable[[str], Reply], network: str) -> None:
    """Moved, missing, twice, or 20,000 of them; CJ's cursor stays, its count goes with what is claimed."""

    def told(kind: str) -> tuple[Reply, Reply]:
        sandbox.reset(NOW)
        return struck(sandbox, ask, network, kind)

    def told_rows(kind: str) -> tuple[list[str], list[str]]:
        true, got = told(kind)
        if network == "cj":
            assert payload(got)["maxCommissionId"] == payload(true)["maxCommissionId"]
            claimed = payload(true)["count"] if kind == "rows_left_out" else len(rows(network, got))
            assert payload(got)["count"] == claimed
        whole, changed = (sorted(json.dumps(row, default=str) for row in rows(network, r)) for r in (true, got))
        assert rows(network, got) != rows(network, true)
        return whole, changed

    whole, changed = told_rows("rows_reordered")
    assert changed == whole
    whole, changed = told_rows("rows_left_out")
    assert len(changed) == len(whole) - -(-len(whole) // 10)
    assert set(changed) < set(whole)
    whole, changed = told_rows("row_twice")
    assert (len(changed), set(changed)) == (len(whole) + 1, set(whole))
    true, got = told("page_huge")
    found, known = rows(network, got), rows(network, true)
    assert len(found) == 20_000
    assert all(row == known[place % len(known)] for place, row in islice(enumerate(found), 0, None, 997))
    if network == "cj":
        assert payload(got)["count"] == 20_000


def test_awins_empty_list(sandbox: Sandbox, ask: Callable[[str], Reply]) -> None:
    """Nothing instead of the rows, which only the report gives away."""
    _, got = struck(sandbox, ask, "awin", "list_empty")
    assert (got.status, got.json()) == (200, [])


def test_a_row_is_inserted_between_two_pages(world: World) -> None:
    """The clock moves on to CJ's next row, which then stands on the last page; it does not move back."""
    text = QUERY.replace('["4410927"]', '["4410927", "4410928"]')
    place = next(i for i in range(60, 90) if world.ledger[i].posted_at - world.ledger[i - 1].posted_at > 600)
    new = world.ledger[place]
    start = datetime.fromtimestamp(new.posted_at, UTC) - timedelta(minutes=9)
    with Sandbox(world, start, page_limit=50) as sandbox:
        # The first page has no page before it, so the fault waits.
        sandbox.inject("cj", "row_inserted")
        first = payload(cj(sandbox, text.replace("CURSOR", "")))
        assert (len(first["records"]), first["payloadComplete"], sandbox.clock) == (50, False, start)
        rest = text.replace("CURSOR", f', sinceCommissionId: "{first["maxCommissionId"]}"')
        got = payload(cj(sandbox, rest))
        assert sandbox.clock == datetime.fromtimestamp(new.posted_at, UTC)
        assert [served.kind for served in sandbox.faults_served] == ["row_inserted"]
        assert payload(cj(sandbox, rest)) == got
        sandbox.set_clock(start)
        true = payload(cj(sandbox, rest))
    known, found = ([row["commissionId"] for row in page["records"]] for page in (true, got))
    assert len(found) > len(known) == place - 50
    assert found[: len(known)] == known
    assert str(new.commission_id) in found


def test_dead_tokens(sandbox: Sandbox) -> None:
    """From the struck call on the token is refused in the network's own words, until it is revived."""
    sandbox.inject("awin", "token_death", after=1)
    assert [awin(sandbox, "/accounts").status for _ in range(4)] == [200, 401, 401, 401]
    assert awin(sandbox, "/accounts").json()["error"] == "unauthorized"
    assert cj_page(sandbox).json()["data"]
    sandbox.revive()
    assert awin(sandbox, "/accounts").status == 200
    sandbox.inject("cj", "token_death")
    for _ in range(2):
        reply = cj_page(sandbox)
        assert reply.status == 200
        assert "Not Authenticated" in reply.json()["errors"][0]["message"]
    sandbox.clear_faults()
    assert cj_page(sandbox).json()["data"]
    assert {call.fault for call in sandbox.calls} == {None, "token_death"}
    assert len(sandbox.faults_served) == 6


@pytest.mark.parametrize(("network", "kind"), [(n, k) for n, k in STRUCK if k.startswith("echo")])
def test_echoed_tokens(sandbox: Sandbox, ask: Callable[[str], Reply], network: str, kind: str) -> None:
    """The answer's body holds the caller's token."""
    _, got = struck(sandbox, ask, network, kind)
    assert got.status == int(kind.removeprefix("echo_"))
    assert sandbox.token(network).encode() in got.body


@pytest.mark.parametrize(("kind", "minutes"), [("clock_ahead", 10), ("clock_behind", -10)])
@pytest.mark.parametrize("network", ["awin", "cj"])
def test_clock_skew(sandbox: Sandbox, ask: Callable[[str], Reply], network: str, kind: str, minutes: int) -> None:
    """Only the Date of the answer is off."""
    true, got = struck(sandbox, ask, network, kind)
    assert got.body == true.body
    assert parsedate_to_datetime(got.headers["date"]) == NOW + timedelta(minutes=minutes)
    assert sandbox.clock == NOW


def changed(network: str, true: Reply, got: Reply) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the rows that differ, before and after."""
    pairs = zip(rows(network, true), rows(network, got), strict=True)
    return [(before, after) for before, after in pairs if before != after or repr(before) != repr(after)]


@pytest.mark.parametrize(("network", "kind"), [(n, k) for n, k in DATA if k != "count_as_string"])
def test_data_faults(sandbox: Sandbox, ask: Callable[[str], Reply], network: str, kind: str) -> None:
    """One field of one row, or of all rows; everything else is as it was."""
    true, got = struck(sandbox, ask, network, kind)
    assert got.status == 200
    key, order, status, text, optional = {
        "awin": ("id", "orderRef", "commissionStatus", "siteName", "voucherCode"),
        "cj": ("commissionId", "orderId", "actionStatus", "publisherName", "coupon"),
    }[network]
    pairs = changed(network, true, got)
    if kind in ("retyped_field", "unknown_field", "vanished_field"):
        assert len(pairs) == len(rows(network, true))
    else:
        assert [str(before[key]) for before, _ in pairs] == [sandbox.faults_served[0].record]
    for before, after in pairs:
        amount = before["saleAmount"]["amount"] if network == "awin" else before["saleAmountAdvCurrency"]
        sale = {"saleAmount": {**before["saleAmount"], "amount": None}} if network == "awin" else {}
        expected: dict[str, dict[str, Any]] = {
            "unknown_status": {status: "frozen"},
            "missing_key": {},
            "null_key": {key: None},
            "id_as_string": {key: str(before[key])},
            "id_as_number": {key: int(before[key])},
            "money_as_string": {"saleAmount": {**sale.get("saleAmount", {}), "amount": str(amount)}},
            "money_as_number": {"saleAmountAdvCurrency": Decimal(amount)},
            "order_as_number": {order: int("".join(c for c in before[order] or "0" if c.isdigit()) or 0)},
            "retyped_field": {"saleAmount": {**sale["saleAmount"], "amount": {"value": amount}}}
            if network == "awin"
            else {"saleAmountAdvCurrency": {"value": amount}},
            "unknown_field": {"loyaltyTier": "gold"},
            "vanished_field": {},
            "strange_text": {text: after.get(text)},
            "nul_text": {text: f"{before[text]}\0{before[text]}"},
            "long_text": {text: after.get(text)},
        }
        gone = {"missing_key": key, "vanished_field": optional}.get(kind)
        assert after == {name: value for name, value in before.items() if name != gone} | expected[kind]
        if kind == "strange_text":
            assert {'"', "\\", "💸", "\u202e", "\n"} < set(after[text])
        if kind == "long_text":
            assert 10_200 < len(after[text].encode()) <= 10_240


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
    expected = {"network": "awin", "kind": "limit_403", "call_index": 1, "record": None}
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
