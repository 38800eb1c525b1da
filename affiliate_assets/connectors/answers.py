"""What connectors read of an answer by themselves: all of it where it is one object, or a value of a record."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from affiliate_assets.connectors.language import Answer
from affiliate_assets.errors import BrokenAnswer

_T = TypeVar("_T")


def documented(answer: Answer, shape: type[_T], what: str, *, next_step: str) -> _T:
    """Decode an answer in a shape in the words of msgspec; `what` names it, as in "The answer about the job".

    Raises:
        BrokenAnswer: It is not of that shape.
    """
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenAnswer(f"{what} is not as documented: {error}.", next_step=next_step) from None


def value_or_none(value: msgspec.Raw | None, type_: Any) -> Any:
    """A value of a record as a type; None where it is missing or of another one."""
    try:
        return None if value is None else msgspec.json.decode(value, type=type_)
    except msgspec.DecodeError:
        return None


def time_or_none(text: object) -> datetime | None:
    """A time as written, without its offset; one that cannot be read is left to the checks of the record."""
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        return None
