"""Answers that refuse, are not what was asked for, or tell another time; the truth is back afterwards."""

import gzip
import zlib
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from affiliate_assets.sandbox import FAULTS, Sandbox, World

from .faults import NOW, STRUCK, cj_page, rows, struck
from .http_client import Reply, awin

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
