"""How answers are read: an array with one element a request, errors at status 200, rows below a header."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import msgspec

from affiliate_assets.connectors.delimited import BROKEN
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.connectors.listing import Offset
from affiliate_assets.connectors.paging import Page, contradiction, decoded
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
# No header tells the pause; the published window is this long.
_PAUSE = 30.0

_array = msgspec.json.Decoder(list[msgspec.Raw])
_table = msgspec.json.Decoder(list[list[msgspec.Raw]])
_records = msgspec.json.Decoder(list[dict[str, Any]])
_name = msgspec.json.Decoder(str)
_LIMIT = re.compile(r"(?i)rate limit|too many requests|limit (exceeded|reached)")
_REFUSED = re.compile(
    r"(?i)session|log(ged)?[ -]?(in|out|on)|authenticat|authori[sz]|permission|access denied|password"
)
_QUESTION = re.compile(
    r"(?i)unknown|invalid|unsupported|not (found|exist)|does ?n[o']t exist|column|filter|class|method"
)
_LOOK = "compare it with the vendor's reference; the connector may need a change."


def only_element(body: bytes) -> bytes:
    """The one element of an answer to one request.

    Raises:
        BrokenAnswer: The answer is no array, or has another number of elements.
    """
    elements = decoded(_array, body)
    if len(elements) != 1:
        raise contradiction(f"One request was sent, and the answer has {len(elements)} elements.")
    return bytes(elements[0])


def rows_of(table: bytes) -> bytes:
    """A JSON array of objects from rows of values below a row of names.

    A row of another width becomes a record that says so: nothing is known of its values' names.
    """
    rows = decoded(_table, table)
    if not rows:
        raise contradiction("The answer has no header.")
    names = [decoded(_name, cell) for cell in rows[0]]
    if len(set(names)) < len(names):
        raise ContractError("The answer has two columns of one name.", next_step=_LOOK)
    return msgspec.json.encode([_record(names, row) for row in rows[1:]])


def _record(names: list[str], row: list[msgspec.Raw]) -> Mapping[str, msgspec.Raw | str]:
    if len(row) != len(names):
        return {BROKEN: f"{len(row)} values below {len(names)} names"}
    return dict(zip(names, row, strict=True))


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of a grid from an offset, and how many there are in all.

    The cursor is the offset of the next page and the last key of this one. Where a page lacks rows, the next one begins
    too early, and the count would still be met: but it holds that key again. Where it holds a row twice, the next one
    begins too late.
    """

    key: str
    resumable: ClassVar[bool] = False
    proof: ClassVar[str] = "as many rows as the network counts"

    def page(self, body: bytes, cursor: str | None) -> Page:
        offset, _, last = (cursor or "0").partition(":")
        found = Offset(("rows",), PAGE, total=("count",), shape=rows_of).page(only_element(body), offset)
        keys = [str(record.get(self.key)) for record in decoded(_records, found.records)]
        told = [key for key in keys if key not in ("None", "")]
        if len(set(told)) < len(told):
            raise contradiction("The page holds a row twice, so the next one would begin too late.")
        if last and last in keys:
            raise contradiction("The page before lacks rows: its last one comes again.")
        return found if found.cursor is None or not keys else replace(found, cursor=f"{found.cursor}:{keys[-1]}")


class _Element(msgspec.Struct):
    e: str | None = None
    success: str | None = None
    message: str | None = None
    fields: list[list[Any]] = []


_element = msgspec.json.Decoder(_Element)


def problem(answer: Answer) -> AffiliateError | None:
    """A request that failed says so in its element, with status 200; such an answer is never an empty window."""
    if answer.status != 200:
        return None
    try:
        element = _element.decode(only_element(answer.body))
    except BrokenAnswer as error:
        return error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BrokenAnswer("The element is not the documented JSON.", next_step="run again later.")
    return _refusal(element)


def _refusal(element: _Element) -> AffiliateError | None:
    if element.e is None and element.success != "N":
        return None
    words = element.e if element.e is not None else element.message or ""
    told = snippet(words.encode())
    if _LIMIT.search(words):
        return RateLimited(
            f"Post Affiliate Pro's limit is reached: {told}.",
            next_step="nothing now; the panel and other tools share the account's limit.",
            retry_after=_PAUSE,
        )
    if _REFUSED.search(words):
        return CredentialRefused(
            f"Post Affiliate Pro refuses session or merchant: {told}.",
            next_step="check the merchant's user name, password and rights, then run again.",
        )
    if _QUESTION.search(words):
        return ContractError(f"Post Affiliate Pro refuses the question: {told}.", next_step=_LOOK)
    return RetryableError(
        f"Post Affiliate Pro answered with an error: {told}.",
        next_step="run again later; if it stays, show the vendor.",
    )


def session_of(body: bytes) -> str:
    """The session in the answer to a login.

    Raises:
        CredentialRefused: The login was refused, or brought no session.
        RetryableError: The limit is reached, or the answer is not whole.
    """
    try:
        element = _element.decode(only_element(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BrokenAnswer(
            "The answer to the login is not the documented JSON.", next_step="run again later."
        ) from None
    refusal = _refusal(element)
    if refusal is not None and not isinstance(refusal, ContractError):
        raise refusal
    found = [field[1] for field in element.fields[1:] if len(field) > 1 and field[0] == "S"]
    if element.success != "Y" or len(found) != 1 or not isinstance(found[0], str) or not found[0]:
        raise CredentialRefused(
            f"The login brought no session: {snippet((element.e or element.message or '').encode())}.",
            next_step="check the merchant's user name and password, then run again.",
        )
    return found[0]


_Fits = Callable[[str, str], bool]
_FITS: Mapping[str, _Fits] = {
    "D>=": lambda value, bound: value[: len(bound)] >= bound,
    "D<": lambda value, bound: value[: len(bound)] < bound,
    "IN": lambda value, among: value in among.split(","),
}


def agrees(request: Request, answer: Answer) -> None:
    """An answer repeats no question, so its columns and rows have to be those asked for.

    Raises:
        ContractError: A column is missing, or a row lies outside the filters: they were not obeyed.
    """
    assert request.form is not None
    asked = json.loads(request.form["D"])["requests"][0]
    table = msgspec.json.Decoder(dict[str, msgspec.Raw])
    rows = decoded(table, only_element(answer.body)).get("rows", msgspec.Raw(b"[]"))
    header, *_ = decoded(msgspec.json.Decoder(list[list[Any]]), rows) or [[]]
    missing = sorted({name for (name,) in asked["columns"]} - {str(name) for name in header})
    if missing:
        raise ContractError(f"The answer has no column {', '.join(missing)}.", next_step=_LOOK)
    for record in decoded(_records, rows_of(bytes(rows))):
        for name, operator, bound in asked["filters"]:
            value = record.get(name)
            if isinstance(value, str) and not _FITS[operator](value, bound):
                raise ContractError(
                    f"A row lies outside the filter {name} {operator}: filters are not obeyed as documented.",
                    next_step=_LOOK,
                )
