"""What an answer means for the pull: nothing wrong, try again later, or stop."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from affiliate_assets.connectors.language import Answer, Connector, Request
from affiliate_assets.errors import (
    AffiliateError,
    CredentialRefused,
    Evidence,
    NetworkStopped,
    RateLimited,
    RetryableError,
)
from affiliate_assets.secrets import mask, redact

_SNIPPET = 300
_READ = 4000  # bytes of a body that are searched for words
_WAITS = ("retry-after", "x-ratelimit-retry-after", "x-rate-limit-retry-after")
_RESETS = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_LEFT = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_SPEAKS_OF_A_LIMIT = re.compile(
    rb"(?i)rate[ _-]?limit|too[ _-]many[ _-](requests|calls)|request[ _-]limit|limit[ _-](is |was |has been )?"
    rb"(exceeded|reached)|exceeded[^.]{0,40}limit|throttl|quota"
)
# A number this large is no wait but an instant: Unix time in seconds, or in milliseconds.
_INSTANT, _INSTANT_MS = 1e9, 1e12


def problem_of(answer: Answer, connector: Connector) -> AffiliateError | None:
    """The error an answer stands for, or None. The connector's own rule goes first."""
    problem = connector.problem(answer)
    if problem is None:
        return _by_status(answer, connector)
    if isinstance(problem, RateLimited) and problem.retry_after is None:
        problem.retry_after = asked_pause(answer)
    return problem


def problem_of_login(answer: Answer, connector: Connector) -> AffiliateError | None:
    """The same for an answer to a login, which the connector's own rule does not know."""
    return _by_status(answer, connector)


def _by_status(answer: Answer, connector: Connector) -> AffiliateError | None:
    status = answer.status
    if 200 <= status < 300:
        return None
    said = f"The network answered {status}: {snippet(answer.body)}."
    if status in connector.limit_statuses or _means_a_limit(answer):
        return RateLimited(
            said,
            next_step="nothing now; if it recurs, another tool uses the same credential.",
            retry_after=asked_pause(answer),
        )
    if status == 408 or status >= 500:
        return RetryableError(
            said,
            next_step="run again later; the network is out of order.",
            retry_after=asked_pause(answer),
            cause="timeout" if status in (408, 504) else "server",
        )
    if status in (401, 403):
        refused = CredentialRefused if status == 401 else NetworkStopped
        return refused(said, next_step="check the account's token and its rights at the network, then run again.")
    return NetworkStopped(said, next_step="the network refuses this question; compare the window with its reference.")


def _means_a_limit(answer: Answer) -> bool:
    """Whether a 403 or 503 is about the limit, as its headers or its words tell."""
    headers = answer.headers
    if answer.status == 503:
        return any(name in headers for name in (*_WAITS, *_RESETS, *_LEFT))
    if answer.status != 403:
        return False
    if _SPEAKS_OF_A_LIMIT.search(answer.body[:_READ]) or any(name in headers for name in _WAITS):
        return True
    left = calls_left(answer)
    # Some networks count on every answer, also where a right is missing.
    return left == 0 or (left is None and any(name in headers for name in _RESETS))


def asked_pause(answer: Answer) -> float | None:
    """Seconds until the network wants to be asked again, as its headers say; None where they say nothing.

    Retry-After in either form (RFC 9110 §10.2.3), X-RateLimit-Retry-After, X-RateLimit-Reset as seconds or as Unix
    time. Instants are read against the network's own clock where the answer tells it.
    """
    present = answer.served_at or datetime.now(UTC)
    for name in (*_WAITS, *_RESETS):
        value = answer.headers.get(name)
        if value is None:
            continue
        number = _number(value)
        if number is None:
            until = http_date(value)
            if until is None:
                continue
            return max(0.0, (until - present).total_seconds())
        if number > _INSTANT:
            number = number / 1000 if number > _INSTANT_MS else number
            return max(0.0, number - present.timestamp())
        return max(0.0, number)
    return None


def calls_left(answer: Answer) -> int | None:
    """How many calls the network says are left; None where it says nothing."""
    for name in _LEFT:
        number = _number(answer.headers.get(name, ""))
        if number is not None:
            return int(number)
    return None


def evidence_of(request: Request, answer: Answer) -> Evidence:
    """A call and its answer, fit to be kept: secrets out of the request, letters and digits out of the body."""
    asked: dict[str, object] = {"method": request.method, "path": request.path.partition("?")[0]}
    if request.params:
        asked["params"] = dict(request.params)
    if request.json is not None:
        asked["json"] = request.json
    if request.form is not None:
        asked["form"] = dict(request.form)
    return Evidence(
        request=redact(json.dumps(asked, ensure_ascii=False, default=str)),
        status=answer.status,
        content_type=answer.headers.get("content-type"),
        bytes=len(answer.body),
        sha256=hashlib.sha256(answer.body).hexdigest(),
        sample=mask(answer.body[:_READ].decode("utf-8", "replace")),
    )


def snippet(body: bytes) -> str:
    """The beginning of a body, redacted and on one line, fit for a message."""
    text = redact(" ".join(body[: 4 * _SNIPPET].decode("utf-8", "replace").split()))
    return repr(text[:_SNIPPET] + ("…" if len(text) > _SNIPPET else "")) if text else "an empty body"


def _number(value: str) -> float | None:
    """A plain decimal number, not negative; None where it is anything else."""
    if not re.fullmatch(r"\s*[0-9]{1,15}(\.[0-9]{1,9})?\s*", value):
        return None
    return float(value)


def http_date(value: str | None) -> datetime | None:
    """An HTTP date as a UTC instant; None where it is missing or not a date."""
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None
