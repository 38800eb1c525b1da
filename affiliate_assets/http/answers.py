"""What an answer means for the pull: nothing wrong, try again later, or stop."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from affiliate_assets.connectors.language import Answer, Connector
from affiliate_assets.errors import AffiliateError, NetworkStopped, RateLimited, RetryableError
from affiliate_assets.secrets import redact

_SNIPPET = 300


def problem_of(answer: Answer, connector: Connector) -> AffiliateError | None:
    """The error an answer stands for, or None. The connector's own rule goes first."""
    return connector.problem(answer) or _by_status(answer)


def _by_status(answer: Answer) -> AffiliateError | None:
    status = answer.status
    if 200 <= status < 300:
        return None
    said = f"The network answered {status}: {snippet(answer.body)}."
    if status == 429:
        return RateLimited(
            said,
            next_step="nothing now; if it recurs, another tool uses the same credential.",
            retry_after=_retry_after(answer),
        )
    if status == 408 or status >= 500:
        return RetryableError(
            said, next_step="run again later; the network is out of order.", retry_after=_retry_after(answer)
        )
    if status in (401, 403):
        return NetworkStopped(
            said, next_step="check the account's token and its rights at the network, then run again."
        )
    return NetworkStopped(said, next_step="the network refuses this question; compare the window with its reference.")


def snippet(body: bytes) -> str:
    """The beginning of a body, redacted and on one line, fit for a message."""
    text = redact(" ".join(body[: 4 * _SNIPPET].decode("utf-8", "replace").split()))
    return repr(text[:_SNIPPET] + ("…" if len(text) > _SNIPPET else "")) if text else "an empty body"


def _retry_after(answer: Answer) -> float | None:
    """Seconds from a Retry-After header in either form (RFC 9110 §10.2.3); None without one."""
    value = answer.headers.get("retry-after")
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    until = http_date(value)
    return None if until is None else max(0.0, (until - (answer.served_at or datetime.now(UTC))).total_seconds())


def http_date(value: str | None) -> datetime | None:
    """An HTTP date as a UTC instant; None where it is missing or not a date."""
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None
