"""Faults told by the status of an answer: limits in every form that networks have, servers in trouble, tokens."""

import json
from email.utils import format_datetime

from affiliate_assets.sandbox.hits import Fault, Hit, only
from affiliate_assets.sandbox.times import from_epoch
from affiliate_assets.sandbox.wire import Answer

_CJ = only("cj")
_STORM = 3
_JSON = {"Content-Type": "application/json"}
_HTML = {"Content-Type": "text/html"}


def _json(value: object, status: int, **headers: str) -> Answer:
    more = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), 0, {**_JSON, **more})


def _retry_at(hit: Hit) -> Answer:
    return Answer(429, headers={"Retry-After": format_datetime(from_epoch(hit.at + hit.pause), usegmt=True)})


def _reset(value: int) -> Answer:
    spent = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0"}
    return Answer(429, headers={**spent, "X-RateLimit-Reset": str(value)})


def _retry_header(hit: Hit) -> Answer:
    body = {"error": {"message": "Too Many Requests", "type": "429"}}
    return _json(body, 429, X_RateLimit_Retry_After=str(hit.pause))


def _tune(hit: Hit) -> Answer:
    words = "User has exceeded API rate limit"
    response = {"status": -1, "httpStatus": 200, "data": "", "errors": [{"publicMessage": words}]}
    return _json({"request": {}, "response": {**response, "errorMessage": words}}, 200)


LIMITS = [
    Fault("limit_429", "429 without body or hint", "limit", lambda hit: Answer(429)),
    Fault(
        "limit_429_seconds",
        "429 with Retry-After in seconds",
        "limit",
        lambda hit: Answer(429, headers={"Retry-After": str(hit.pause)}),
    ),
    Fault("limit_429_date", "429 with Retry-After as an HTTP date on the network's clock", "limit", _retry_at),
    Fault(
        "limit_429_reset_seconds",
        "429 with X-RateLimit-Reset in seconds (impact.com)",
        "limit",
        lambda hit: _reset(hit.pause),
    ),
    Fault(
        "limit_429_reset_unix",
        "429 with X-RateLimit-Reset as Unix time on the network's clock (Post Affiliate Pro)",
        "limit",
        lambda hit: _reset(hit.at + hit.pause),
    ),
    Fault(
        "limit_429_reset_millis",
        "429 with X-RateLimit-Reset as Unix time in milliseconds",
        "limit",
        lambda hit: _reset(1000 * (hit.at + hit.pause)),
    ),
    Fault("limit_429_retry_header", "429 with X-RateLimit-Retry-After (Partnerize)", "limit", _retry_header),
    Fault(
        "limit_403",
        "403 whose body tells of a rate limit (Rakuten)",
        "limit",
        lambda hit: _json({"message": "API rate limit exceeded, please slow down"}, 403),
    ),
    Fault("limit_200", "200 whose body tells of a rate limit with a status of its own, -1 (TUNE)", "limit", _tune),
    Fault("limit_504", "504 without body, as for a query that asks too much", "limit", lambda hit: Answer(504), _CJ),
    Fault(
        "limit_503",
        "503 with Retry-After in seconds",
        "limit",
        lambda hit: Answer(
            503, b"Service Unavailable", 0, {"Content-Type": "text/plain", "Retry-After": str(hit.pause)}
        ),
    ),
]


def _storm(status: int, words: str) -> Fault:
    page = f"<html><head><title>{status} {words}</title></head><body><h1>{words}</h1></body></html>".encode()
    return Fault(
        f"storm_{status}",
        f"{status} for {_STORM} calls in a row",
        "server",
        lambda hit: Answer(status, page, 0, _HTML),
        length=_STORM,
    )


STORMS = [
    _storm(500, "Internal Server Error"),
    _storm(502, "Bad Gateway"),
    _storm(503, "Service Unavailable"),
    _storm(504, "Gateway Time-out"),
]


def _echo(status: int) -> Fault:
    def apply(hit: Hit) -> Answer:
        sent = hit.ask.headers.get("authorization", "") or hit.token
        words = f"failed on {hit.ask.method} {hit.ask.path} with headers {{Authorization: {sent}}}"
        return _json({"error": "exception", "description": words, "token": sent.partition(" ")[2] or sent}, status)

    return Fault(f"echo_{status}", f"{status} whose body repeats the credentials of the call", "token", apply)


def _echo_in_errors(hit: Hit) -> Answer:
    token = hit.ask.headers.get("authorization", "").partition(" ")[2]
    return _json({"data": None, "errors": [{"message": f"Internal error for token {token}"}]}, 200)


TOKENS = [
    Fault(
        "token_death", "the token is refused, now and from now on until it is revived", "token", lambda hit: hit.kill()
    ),
    _echo(500),
    _echo(400),
    Fault(
        "session_lost",
        "all sessions end before their time; a new login mends it",
        "token",
        lambda hit: hit.forget(),
        lambda network: network.sessions,
    ),
    Fault("echo_200", "200 with GraphQL errors that repeat the token of the call", "token", _echo_in_errors, _CJ),
]
