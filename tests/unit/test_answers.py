from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from affiliate_assets import secrets
from affiliate_assets.connectors.language import Answer, Connector, Request
from affiliate_assets.errors import (
    AffiliateError,
    CredentialRefused,
    NetworkStopped,
    RateLimited,
    RetryableError,
)
from affiliate_assets.http.answers import asked_pause, calls_left, evidence_of, problem_of

from .support import connector

SERVED = datetime(2026, 3, 2, 3, tzinfo=UTC)
UNIX = int(SERVED.timestamp())


def answer(status: int, headers: dict[str, str] | None = None, body: bytes = b"", served: bool = True) -> Answer:
    return Answer(status, headers or {}, body, SERVED if served else None)


def tune_like(given: Answer) -> AffiliateError | None:
    """A network that answers 200 whatever happens, with a status of its own."""
    if json.loads(given.body)["status"] == -1:
        return RateLimited("API usage exceeded rate limit.", next_step="nothing.")
    return None


SEVEN = {
    "429 without a header": (connector(), answer(429), None),
    "429 with a reset in seconds": (
        connector(),
        answer(429, {"x-ratelimit-limit": "500", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "42"}),
        42.0,
    ),
    "429 with a wait of its own name": (connector(), answer(429, {"x-ratelimit-retry-after": "17"}), 17.0),
    "429 with a reset in Unix time": (
        connector(),
        answer(429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(UNIX + 25)}),
        25.0,
    ),
    "403": (connector(limit_statuses=frozenset({403, 429})), answer(403, body=b"Forbidden"), None),
    "200 with a status of its own": (
        connector(problem=tune_like),
        answer(200, {"retry-after": "9"}, b'{"status": -1}'),
        9.0,
    ),
    "504": (connector(limit_statuses=frozenset({429, 504})), answer(504, body=b"<html>gateway</html>"), None),
    "503 with Retry-After": (connector(), answer(503, {"retry-after": "Mon, 02 Mar 2026 03:00:30 GMT"}), 30.0),
}


@pytest.mark.parametrize(("network", "given", "pause"), SEVEN.values(), ids=SEVEN)
def test_every_form_of_a_limit_is_known_as_one(network: Connector, given: Answer, pause: float | None) -> None:
    problem = problem_of(given, network)
    assert isinstance(problem, RateLimited)
    assert problem.cause == "limit"
    assert problem.retry_after == pause


@pytest.mark.parametrize(
    ("headers", "body", "limited"),
    [
        ({}, b"You have exceeded your rate limit", True),
        ({}, b'{"errorCode": "REQUEST_LIMIT_EXCEEDED"}', True),
        ({}, b"Too many requests", True),
        ({"retry-after": "5"}, b"", True),
        ({"x-ratelimit-remaining": "0"}, b"", True),
        ({"x-ratelimit-reset": "5"}, b"", True),
        ({"x-ratelimit-remaining": "59", "x-ratelimit-reset": "5"}, b"missing scope", False),
        ({}, b'{"error": "This token may not read transactions"}', False),
    ],
)
def test_a_403_is_a_limit_only_where_it_says_so(headers: dict[str, str], body: bytes, limited: bool) -> None:
    problem = problem_of(answer(403, headers, body), connector())
    assert isinstance(problem, RateLimited if limited else NetworkStopped)


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (401, CredentialRefused, None),
        (400, NetworkStopped, None),
        (404, NetworkStopped, None),
        (422, NetworkStopped, None),
        (302, NetworkStopped, None),
        (500, RetryableError, "server"),
        (503, RetryableError, "server"),
        (504, RetryableError, "timeout"),
        (408, RetryableError, "timeout"),
    ],
)
def test_other_statuses_are_told_apart(status: int, kind: type, cause: str | None) -> None:
    problem = problem_of(answer(status), connector())
    assert type(problem) is kind
    assert getattr(problem, "cause", None) == cause


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "Mon, 02 Mar 2026 02:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "soon", "x-ratelimit-reset": "3"}, 3.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "4", "x-ratelimit-reset": "30"}, 4.0),
        ({"x-ratelimit-reset": str((UNIX + 12) * 1000)}, 12.0),
        ({"x-ratelimit-reset": str(UNIX - 12)}, 0.0),
        ({"ratelimit-reset": "8"}, 8.0),
        ({}, None),
    ],
)
def test_hints_are_read_in_every_form_against_the_networks_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_pause(answer(429, headers)) == seconds


def test_without_the_networks_clock_this_one_counts() -> None:
    soon = int((datetime.now(UTC) + timedelta(seconds=100)).timestamp())
    pause = asked_pause(answer(429, {"x-ratelimit-reset": str(soon)}, served=False))
    assert pause is not None
    assert 95 < pause <= 100


@pytest.mark.parametrize(("value", "left"), [("0", 0), ("17", 17), ("many", None)])
def test_calls_left_are_read(value: str, left: int | None) -> None:
    assert calls_left(answer(200, {"x-ratelimit-remaining": value})) == left


def test_evidence_holds_the_call_without_secrets_and_the_body_without_content() -> None:
    secrets.register("key/with=signs")
    asked = Request("GET", "me/sales?x=1", {"day": "2026-03-01", "key": "key/with=signs"})
    kept = evidence_of(asked, Answer(500, {"content-type": "text/html"}, b"<b>Erika M\xc3\xbcller, 0171</b>", None))
    assert json.loads(kept.request) == {
        "method": "GET",
        "path": "me/sales",
        "params": {"day": "2026-03-01", "key": "[redacted]"},
    }
    assert kept.sample == "<x>Xxxxx Xxxxxx, 9999</x>"
    assert (kept.status, kept.content_type, kept.bytes, len(kept.sha256)) == (500, "text/html", 26, 64)


def test_a_mask_keeps_the_shape_only_and_is_short() -> None:
    assert secrets.mask('{"Größe": 1.5, "Ж": "٣½"}') == '{"Xxxxx": 9.9, "X": "99"}'
    assert len(secrets.mask("a" * 10_000)) == 200


def test_a_registered_secret_is_redacted_in_every_form_it_travels_in() -> None:
    secrets.register('p/w d"1')
    for form in ('p/w d"1', "p%2Fw%20d%221", "p%2Fw+d%221", 'p/w d\\"1'):
        assert secrets.redact(f"<{form}>") == "<[redacted]>"
