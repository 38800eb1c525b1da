"""One request on the wire: sent, and its answer read to the last byte within a time that nothing can stretch."""

from __future__ import annotations

import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests_ratelimiter import LimiterSession

from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.errors import AffiliateError, BrokenAnswer, Cause, ConfigError, RetryableError
from affiliate_assets.http.answers import http_date
from affiliate_assets.secrets import RedactingFilter, redact

CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 120.0
_CHUNK = 1 << 18
_GZIP = zlib.MAX_WBITS | 32
_PASSING = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
)
_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
# At DEBUG it names every address with its query.
logging.getLogger("urllib3.connectionpool").addFilter(RedactingFilter())
_AGAIN = "run again later; if it stays, check base_url, proxy and the network's status page."


@dataclass(frozen=True, slots=True)
class Received:
    """What came back.

    Attributes:
        answer: The answer; cut where `problem` says so, None where not even its headers came.
        problem: Why it is no whole answer; None if it is one.
        answered_ms: From asking, waits included, to the answer's headers.
        connected_ms: How much of it went into a new connection.
    """

    answer: Answer | None
    problem: AffiliateError | None
    answered_ms: int | None = None
    connected_ms: int = 0


_line = threading.local()


class _Connection(urllib3.connection.HTTPConnection):
    """Gives up where the headers take longer in all than one silence may last: a drip resets every other clock.

    And tells how long a new connection took, because a call that waits for one arrives that much later.
    """

    def connect(self) -> None:
        _timed(super().connect)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 itself does
        return _in_time(self, super().getresponse)


class _SafeConnection(urllib3.connection.HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        _timed(super().connect)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 itself does
        return _in_time(self, super().getresponse)


def _timed(connect: Callable[[], None]) -> None:
    started = time.monotonic()
    connect()
    _line.connected_ms = int((time.monotonic() - started) * 1000)


def _in_time(
    connection: urllib3.connection.HTTPConnection, get: Callable[[], urllib3.HTTPResponse]
) -> urllib3.HTTPResponse:
    line, seconds = connection.sock, connection.timeout
    if line is None or not isinstance(seconds, int | float):
        return get()
    # The plain socket's own shutdown, because that of TLS waits for the other side.
    watch = threading.Timer(seconds + 1, lambda: _hang_up(line))
    watch.daemon = True
    watch.start()
    try:
        return get()
    finally:
        watch.cancel()


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class Wire(requests.adapters.HTTPAdapter):
    """The way to a host, on connections that a slow drip of headers cannot hold."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SafePool}


def exchange(
    session: LimiterSession, request: Request, url: str, auth: requests.auth.AuthBase, seconds: float
) -> Received:
    """Send a request and read the whole answer.

    Args:
        session: Does the waiting for the budget.
        request: What is asked.
        url: Where, absolute.
        auth: Never None, because a ~/.netrc entry for the host would then be used.
        seconds: How long the answer may take in all, however slowly it drips.

    Raises:
        BudgetSpent: The published limit has no room; nothing was sent.
        ConfigError: The base URL or the secret is of no use in a request; nothing was sent.
    """
    started = time.monotonic()
    _line.connected_ms = 0
    try:
        response = session.request(
            request.method,
            url,
            params=dict(request.params),
            json=request.json,
            data=request.content if request.form is None else dict(request.form),
            headers={**request.headers, "Accept-Encoding": "gzip"},
            auth=auth,
            timeout=(min(CONNECT_TIMEOUT, seconds), min(READ_TIMEOUT, seconds)),
            allow_redirects=False,
            stream=True,
        )
    except _PASSING as error:
        return Received(None, _broken_off(url, error))
    except (requests.RequestException, UnicodeError) as error:
        raise _useless(error) from None
    answered_ms = int((time.monotonic() - started) * 1000)
    body, problem = _body(response, url, time.monotonic() + seconds)
    answer = Answer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=body,
        served_at=http_date(response.headers.get("Date")),
    )
    return Received(answer, problem, answered_ms, _line.connected_ms)


def _body(response: requests.Response, url: str, deadline: float) -> tuple[bytes, AffiliateError | None]:
    raw: urllib3.HTTPResponse = response.raw
    chunks: list[bytes] = []
    problem: AffiliateError | None = None
    try:
        # One system call at a time: read() would wait for a full chunk, however slowly it drips.
        while chunk := raw.read1(_CHUNK, decode_content=False):
            chunks.append(chunk)
            if time.monotonic() > deadline:
                problem = RetryableError(
                    f"The answer from {_place(url)} dripped for too long.", next_step=_AGAIN, cause="timeout"
                )
                break
    except (*_PASSING, OSError) as error:
        problem = _broken_off(url, error)
    body = b"".join(chunks)
    if problem is None:
        problem = _cut(response, len(body), url)
    if problem is None:
        # Back to the pool, for the next call.
        raw.release_conn()
        return _decoded(body, response.headers.get("Content-Encoding", ""), url)
    raw.close()
    return body, problem


def _cut(response: requests.Response, received: int, url: str) -> AffiliateError | None:
    announced = response.headers.get("Content-Length", "").strip()
    if "Transfer-Encoding" in response.headers:
        return None
    if announced.isdigit():
        how = None if int(announced) == received else f"ended after {received} of {announced} bytes"
    else:
        # Headers that are cut between two lines look like an answer of unknown length without a body.
        empty = received == 0 and 200 <= response.status_code < 300 and response.status_code != 204
        how = "ended before its body" if empty else None
    if how is None:
        return None
    return RetryableError(f"The answer from {_place(url)} {how}.", next_step=_AGAIN, cause="connection")


def _decoded(body: bytes, encoding: str, url: str) -> tuple[bytes, AffiliateError | None]:
    """The body without its compression; checked to its end, because a cut gzip may still hold valid beginnings."""
    if encoding.strip().lower() in ("", "identity") or not body:
        return body, None
    whole: list[bytes] = []
    rest = body
    try:
        # A gzip file may have several members.
        while rest:
            unzip = zlib.decompressobj(_GZIP)
            whole.append(unzip.decompress(rest))
            if not unzip.eof:
                raise zlib.error("cut")
            rest = unzip.unused_data
    except zlib.error:
        problem = BrokenAnswer(
            f"The answer from {_place(url)} is not whole {encoding}.",
            next_step="run again later; if it stays, report it to the network.",
        )
        return b"".join(whole), problem
    return b"".join(whole), None


def _broken_off(url: str, error: Exception) -> RetryableError:
    timed_out = isinstance(error, _TIMEOUTS) or "timed out" in str(error)
    cause: Cause = "timeout" if timed_out else "connection"
    return RetryableError(
        f"No whole answer came from {_place(url)}: {redact(str(error))}.", next_step=_AGAIN, cause=cause
    )


def _useless(error: Exception) -> ConfigError:
    # Its text is not repeated: it may hold a header.
    return ConfigError(
        f"No request can be made from the configuration ({type(error).__name__}).",
        next_step="check base_url, and that the secret is one line of plain ASCII.",
    )


def _place(url: str) -> str:
    return redact(url.partition("?")[0])
