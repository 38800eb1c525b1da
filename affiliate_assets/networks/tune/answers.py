"""How TUNE's answers are read: errors with status 200, pages in a wrapper, and keys that are then read again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.connectors.listing import Numbered
from affiliate_assets.connectors.paging import Page, contradiction, decoded, field_at, typed
from affiliate_assets.errors import (
    AffiliateError,
    BrokenAnswer,
    ContractError,
    CredentialRefused,
    RateLimited,
    RetryableError,
)
from affiliate_assets.http.answers import snippet

PAGE = 500
# A hundred keys of 36 characters would make an address that servers refuse.
KEYS = 50
# No header tells the pause; the published window is this long.
_PAUSE = 10.0

_Section = dict[str, msgspec.Raw]
_row = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_rows = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_LIMIT = re.compile(r"(?i)rate limit")
_REFUSED = re.compile(r"(?i)not auth|unauthori[sz]ed|networktoken|api[_ ]?key|permission|whitelist|allow.?list")
# The word after the name of a key is the key, also one that nobody has told the redactor.
_ECHO = re.compile(r"(?i)\b(networktoken|network_token|api[_ ]?key)(\W+)(?!is\b)[^\s\"',;]+")


def rows_of(model: str, records: bytes) -> bytes:
    """A JSON array of flat objects from rows of the form `{model: {…}, Other: {…}}`, in a list or keyed.

    Fields of `model` keep their name, those of another one get its name in front. Nothing is dropped, so that a field
    nobody asked for is noticed.
    """
    start = records.lstrip()[:1]
    if start == b"{":
        rows: list[msgspec.Raw] = list(decoded(_row, records).values())
    else:
        rows = [] if records.strip() in (b"null", b'""') else decoded(_list, records)
    return msgspec.json.encode([_flat(model, decoded(_row, row)) for row in rows])


def _flat(model: str, row: dict[str, msgspec.Raw]) -> _Section:
    flat: _Section = {}
    for name, section in row.items():
        if not bytes(section).lstrip().startswith(b"{"):
            # PHP writes an object without fields as an empty list.
            if bytes(section).strip() not in (b"[]", b"null", b'""'):
                flat[name] = section
            continue
        prefix = "" if name == model else f"{name}_"
        flat.update({f"{prefix}{field}": value for field, value in decoded(_row, section).items()})
    return flat


def pages_of(model: str) -> Numbered:
    """Numbered pages, whose count and number of pages the answer tells."""
    return Numbered(
        records=("response", "data", "data"),
        size=PAGE,
        number=("response", "data", "page"),
        pages=("response", "data", "pageCount"),
        total=("response", "data", "count"),
        shape=lambda records: rows_of(model, records),
    )


class KeysPage(Page):
    """A page that brings keys only: no record, although more follows."""

    def verify(self, seen: int) -> None:
        return


@dataclass(frozen=True, slots=True)
class Conversions:
    """Pages of conversions, or of the keys of changed ones, each of these followed by a page that reads the keys.

    The cursor is the number of the next page, or `read:<number of the next page of keys, or ->:<keys>`.
    """

    resumable: ClassVar[bool] = False
    proof: ClassVar[str] = "as many pages as the network counts"

    def page(self, body: bytes, cursor: str | None) -> Page:
        kind, _, rest = (cursor or "").partition(":")
        if kind != "read":
            found = pages_of("Stat").page(body, cursor)
            keys = _keys(found.records)
            return KeysPage(b"[]", f"read:{found.cursor or '-'}:{','.join(keys)}") if keys else found
        found = pages_of("Stat").page(body, None)
        if found.cursor is not None:
            raise contradiction(f"{KEYS} rows at most were asked for by key, and more than one page of them came.")
        following = rest.partition(":")[0]
        return KeysPage(found.records, None if following == "-" else following)


def _keys(records: bytes) -> list[str]:
    """The keys of a page that holds nothing but them; none for a page of rows."""
    if b'"Conversion_' not in records:
        return []
    rows = decoded(_rows, records)
    if any("tune_event_id" in row for row in rows):
        return []
    return [_key(row) for row in rows]


def _key(row: _Section) -> str:
    if "Conversion_tune_event_id" not in row:
        raise ContractError(
            "An updated conversion has no field 'tune_event_id'.",
            next_step="compare the logged answer with TUNE's reference; the connector may need a change.",
        )
    key = str(typed(row["Conversion_tune_event_id"], str | int))
    if not re.fullmatch(r"[A-Za-z0-9-]+", key):
        raise contradiction("An updated conversion has an id that is none.")
    return key


class _Response(msgspec.Struct, rename={"error_message": "errorMessage"}):
    status: int | str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: msgspec.Raw = msgspec.Raw(b"null")
    error_message: str | None = None


class _Envelope(msgspec.Struct):
    response: _Response | None = None


def problem(answer: Answer) -> AffiliateError | None:
    """TUNE reports errors with status 200 and `response.status` -1; such an answer is never an empty window."""
    if answer.status != 200:
        return None
    try:
        response = msgspec.json.decode(answer.body, type=_Envelope).response
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BrokenAnswer(
            f"TUNE answered 200 with something that is not its JSON: {_told(answer.body.decode('utf-8', 'replace'))}.",
            next_step="run again later; if it stays, compare the answer with TUNE's reference.",
        )
    if response is None or str(response.status) == "1":
        return None
    words = _words(response)
    message = _told(words)
    if _LIMIT.search(words):
        return RateLimited(
            f"TUNE's limit is reached: {message}.",
            next_step="nothing now; if it recurs, another tool uses the same network token.",
            retry_after=_PAUSE,
        )
    if _REFUSED.search(words):
        return CredentialRefused(
            f"TUNE refuses the credential: {message}.",
            next_step="check the network token, and that this machine's address is allowed, then run again.",
        )
    if _is_validation(response):
        return ContractError(f"TUNE refuses the question: {message}.", next_step="compare it with TUNE's reference.")
    return RetryableError(
        f"TUNE answered with an error: {message}.", next_step="run again later; if it stays, show TUNE this message."
    )


def _told(text: str) -> str:
    """A message fit to be shown: TUNE repeats the token in it."""
    return snippet(_ECHO.sub(r"\1\2[redacted]", text).encode())


def _words(response: _Response) -> str:
    """Everything that the answer says: `errors` is a list or a map of objects, or of texts."""
    found = [response.error_message or ""]

    def gather(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list | dict):
            for inner in value.values() if isinstance(value, dict) else value:
                gather(inner)

    gather(msgspec.json.decode(response.errors))
    return "; ".join(dict.fromkeys(filter(None, found)))


def _is_validation(response: _Response) -> bool:
    data = msgspec.json.decode(response.data)
    return isinstance(data, dict) and str(data.get("error_code")) == "1"


def agrees(request: Request, answer: Answer) -> None:
    """The answer repeats which method was asked; another one is the answer to another question."""
    for name in ("Target", "Method"):
        echoed = typed(field_at(answer.body, ("request", name), default=b"null"), str | None)
        if echoed is not None and echoed != request.params[name]:
            raise ContractError(
                f"{request.params[name]} was asked, and the answer is one to {snippet(echoed.encode())}.",
                next_step="run again; if it stays, report it to TUNE.",
            )
