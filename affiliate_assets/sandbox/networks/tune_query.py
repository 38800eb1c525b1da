"""TUNE's questions: repeated parameters in brackets, filters, and the fields that are wanted."""

import re
from collections.abc import Iterable

from starlette.datastructures import QueryParams

from affiliate_assets.sandbox.wire import Ask, Row

_NAIVE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_FILTER = re.compile(r"filters\[([A-Za-z_.]+)\]\[(conditional|values)\](?:\[\d*\])?")


class Refusal(Exception):
    """A call that is answered with status -1."""

    def __init__(self, message: str, data: object = "") -> None:
        self.message, self.data = message, data
        super().__init__(message)


def _pairs(ask: Ask) -> list[tuple[str, str]]:
    return ask.query.multi_items() if isinstance(ask.query, QueryParams) else list(ask.query.items())


def many(ask: Ask, name: str) -> set[str]:
    """Return the values of a repeated parameter, numbered in its brackets or not."""
    pattern = re.compile(re.escape(name) + r"\[\d*\]")
    return {value for key, value in _pairs(ask) if pattern.fullmatch(key)}


def filters(ask: Ask) -> dict[str, tuple[str, list[str]]]:
    found: dict[str, tuple[str, list[str]]] = {}
    for key, value in _pairs(ask):
        part = _FILTER.fullmatch(key)
        if part is None:
            continue
        conditional, values = found.get(part[1], ("EQUAL_TO", []))
        found[part[1]] = (value, values) if part[2] == "conditional" else (conditional, [*values, value])
    return found


def passes(row: Row, field: str, conditional: str, values: list[str]) -> bool:
    model, _, name = field.partition(".")
    if name not in row.get(model, {}) and name not in ("tune_event_id", "datetime"):
        raise Refusal(f"Invalid filter: {field}", {"error_code": 1})
    value = str(row[model].get(name))
    if conditional == "EQUAL_TO":
        return value in values
    if conditional == "BETWEEN" and len(values) == 2 and all(_NAIVE.fullmatch(each) for each in values):
        return not _NAIVE.fullmatch(value) or values[0] <= value <= values[1]
    raise Refusal(f"Invalid conditional for {field}", {"error_code": 1})


def only(row: Row, fields: Iterable[str]) -> Row:
    """Return nothing but the fields that were asked for."""
    cut: Row = {}
    for field in sorted(fields):
        model, _, name = field.partition(".")
        if name in row.get(model, {}):
            cut.setdefault(model, {})[name] = row[model][name]
    return cut


def natural(ask: Ask, name: str, otherwise: int) -> int:
    text = ask.query.get(name, str(otherwise))
    if not text.isdecimal() or int(text) < 1:
        raise Refusal(f"Invalid {name}", {"error_code": 1})
    return int(text)
