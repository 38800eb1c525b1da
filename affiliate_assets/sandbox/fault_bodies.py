"""Faults of the connection and of the body as a whole."""

import gzip
from collections.abc import Callable
from dataclasses import replace

from affiliate_assets.sandbox.hits import Fault, Hit, only
from affiliate_assets.sandbox.wire import Answer, Delivery, to_json

_CJ = only("cj")
_SKEW = 600
_MAINTENANCE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We are back soon.</body></html>"


def _delivered(delivery: Delivery) -> Callable[[Hit], Answer | None]:
    def apply(hit: Hit) -> Answer | None:
        # Half of nothing, or nothing slowly, would be an ordinary answer.
        if delivery is not Delivery.RESET_BEFORE and len(hit.answer.body) < 2:
            return None
        return replace(hit.answer, delivery=delivery)

    return apply


CONNECTIONS = [
    Fault("reset_before", "connection reset before any byte", "connection", _delivered(Delivery.RESET_BEFORE)),
    Fault(
        "reset_inside", "connection reset in the middle of the body", "connection", _delivered(Delivery.RESET_INSIDE)
    ),
    Fault(
        "reset_at_end",
        "the whole body without Content-Length, then a reset where the connection should be closed",
        "connection",
        _delivered(Delivery.RESET_AT_END),
    ),
    Fault(
        "reset_after",
        "the whole answer on a kept connection, which is reset when the next call comes over it",
        "connection",
        _delivered(Delivery.RESET_AFTER),
    ),
    Fault(
        "body_cut",
        "connection closed with half of the body missing against Content-Length",
        "connection",
        _delivered(Delivery.CLOSED_INSIDE),
    ),
    Fault(
        "chunks_unended",
        "the whole body in chunks, connection closed without the last one",
        "connection",
        _delivered(Delivery.UNENDED),
    ),
    Fault("slow_drip", "the right answer in small pieces over some time", "connection", _delivered(Delivery.DRIP)),
]


def _changed(change: Callable[[Answer], Answer]) -> Callable[[Hit], Answer | None]:
    def apply(hit: Hit) -> Answer | None:
        fits = hit.answer.status == 200 and len(hit.answer.body) >= 2
        return change(hit.answer) if fits else None

    return apply


def _cut(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _typed(answer: Answer, name: str) -> Answer:
    return replace(answer, headers={**answer.headers, "Content-Type": name})


def _zipped(answer: Answer, change: Callable[[bytes], bytes]) -> Answer:
    packed = change(gzip.compress(answer.body, mtime=0))
    return replace(answer, body=packed, headers={**answer.headers, "Content-Encoding": "gzip"})


def _flipped(packed: bytes) -> bytes:
    middle = len(packed) // 2
    return packed[:middle] + bytes(byte ^ 0xFF for byte in packed[middle : middle + 8]) + packed[middle + 8 :]


def _errors(hit: Hit) -> Answer:
    return to_json({"data": None, "errors": [{"message": "Internal error while fetching data"}]})


def _partial(hit: Hit) -> Answer | None:
    page = hit.page()
    if page is None:
        return None
    del page.rows[len(page.rows) // 2 :]
    page.payload["count"] = len(page.rows)
    page.document["errors"] = [{"message": "Internal error while fetching data", "path": ["advertiserCommissions"]}]
    return page.answer()


BODIES = [
    Fault("json_cut", "JSON that ends in the middle, with the Content-Length of what is there", "body", _changed(_cut)),
    Fault(
        "html",
        "200 with a page in HTML",
        "body",
        _changed(lambda answer: Answer(200, _MAINTENANCE, 0, {"Content-Type": "text/html; charset=utf-8"})),
    ),
    Fault(
        "garbage",
        "200 with plain text that is no JSON",
        "body",
        _changed(lambda answer: Answer(200, b"upstream connect error (-1)", 0, {"Content-Type": "text/plain"})),
    ),
    Fault("empty_body", "200 with no body", "body", _changed(lambda answer: replace(answer, body=b"", rows=0))),
    Fault(
        "wrong_type",
        "the right JSON under text/html",
        "body",
        _changed(lambda answer: _typed(answer, "text/html; charset=iso-8859-1")),
    ),
    Fault(
        "gzip_cut",
        "gzip that ends in the middle, with the Content-Length of what is there",
        "body",
        _changed(lambda answer: _zipped(answer, lambda packed: packed[: len(packed) // 2])),
    ),
    Fault("gzip_corrupt", "gzip with wrong bytes in the middle", "body", _changed(lambda a: _zipped(a, _flipped))),
    Fault("graphql_error", "200 with GraphQL errors and no data, which pass", "body", _errors, _CJ),
    Fault("graphql_partial", "200 with GraphQL errors beside half of the data", "body", _partial, _CJ),
]

CLOCKS = [
    Fault(
        "clock_ahead",
        "the Date header ten minutes ahead",
        "clock",
        lambda hit: replace(hit.answer, date_shift=_SKEW),
    ),
    Fault(
        "clock_behind",
        "the Date header ten minutes behind",
        "clock",
        lambda hit: replace(hit.answer, date_shift=-_SKEW),
    ),
]
