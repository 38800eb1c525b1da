"""Faults in the records of an answer. Each changes that answer only: asked again, the network tells the truth."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from affiliate_assets.sandbox.hits import Fault, Hit, has, put, take, value_at
from affiliate_assets.sandbox.network import Network, RowFields
from affiliate_assets.sandbox.wire import Answer, Row

_STRANGE = 'Zoë\'s "Läden" \\ ☃ 💸 שָׁלוֹם \u202eabc\u202c e\u0301 ｆｕｌｌ\u200b\u2028\u00a0\t\n</script>'
_LONG = ("Überlanger Name – " * 700).encode()[:10_240].decode(errors="ignore")


_Names = Callable[[RowFields], tuple[str, ...]]


def _named(row: Row, names: tuple[str, ...]) -> str | None:
    """Return the first of the fields that a row has with a value."""
    return next((name for name in names if value_at(row, name) is not None), None)


def _one(names: _Names, change: Callable[[Any], object]) -> Callable[[Hit], Answer | None]:
    """Return a fault that changes one field of one row that has it."""

    def apply(hit: Hit) -> Answer | None:
        page = hit.page()
        able = [] if page is None else [row for row in page.rows if _named(row, names(hit.fields))]
        if page is None or not able:
            return None
        row = hit.pick(able)
        name = _named(row, names(hit.fields))
        assert name is not None
        put(row, name, change(value_at(row, name)))
        return page.answer()

    return apply


def _all(change: Callable[[Row, RowFields], bool]) -> Callable[[Hit], Answer | None]:
    """Return a fault that changes all rows; it cannot strike where no row was changed."""

    def apply(hit: Hit) -> Answer | None:
        page = hit.page()
        changed = [] if page is None else [change(row, hit.fields) for row in page.rows]
        return page.answer() if page is not None and any(changed) else None

    return apply


def _without_key(hit: Hit) -> Answer | None:
    page = hit.page()
    if page is None:
        return None
    row = hit.pick(page.rows)
    name = hit.key_of(row)
    if name is None:
        return None
    take(row, name)
    return page.answer()


def _digits(value: object) -> object:
    digits = re.sub(r"\D", "", str(value))
    return int(digits) if digits else 0


def _retype(row: Row, fields: RowFields) -> bool:
    name = _named(row, fields.amount + (fields.key if fields.key_type == "number" else ()))
    if name is not None:
        put(row, name, {"value": value_at(row, name)})
    return name is not None


def _rename(row: Row, fields: RowFields) -> bool:
    name = next((name for name in fields.amount if has(row, name)), None)
    if name is not None:
        put(row, f"{name}V2", value_at(row, name))
        take(row, name)
    return name is not None


def _add(row: Row, fields: RowFields) -> bool:
    row["loyaltyTier"] = "gold"
    return True


def _vanish(row: Row, fields: RowFields) -> bool:
    present = [name for name in fields.optional if has(row, name)]
    for name in present:
        take(row, name)
    return bool(present)


def _count_as_text(hit: Hit) -> Answer | None:
    page = hit.page()
    if page is None or type(page.payload.get(hit.fields.count)) is not int:
        return None
    page.payload[hit.fields.count] = str(page.payload[hit.fields.count])
    return page.answer()


def _whole(value: object) -> object:
    text = str(value)
    return int(text) if text.isdigit() else _digits(text)


def _keys(fields: RowFields) -> tuple[str, ...]:
    return fields.key


def _amounts(fields: RowFields) -> tuple[str, ...]:
    return fields.amount


def _texts(fields: RowFields) -> tuple[str, ...]:
    return fields.text


def _with(names: _Names, *types: str) -> Callable[[Network], bool]:
    """Return what is true of networks whose records have such fields, and have keys or amounts of such types."""

    def suits(network: Network) -> bool:
        rows = network.rows
        of_values = set() if rows.table else {"typed", f"key:{rows.key_type}", f"amount:{rows.amount_type}"}
        return bool((rows.records or rows.table) and names(rows)) and {*types} <= of_values

    return suits


def _statuses(fields: RowFields) -> tuple[str, ...]:
    return fields.status


def _orders(fields: RowFields) -> tuple[str, ...]:
    return fields.order


def _fault(name: str, description: str, apply: Callable[[Hit], Answer | None], names: _Names, *types: str) -> Fault:
    return Fault(name, description, "data", apply, _with(names, *types))


ROWS = [
    _fault("unknown_status", "a row in a state that nobody documented", _one(_statuses, lambda _: "frozen"), _statuses),
    _fault("missing_key", "a row without the field that identifies it", _without_key, _keys),
    _fault("null_key", "a row whose identifying field is null", _one(_keys, lambda value: None), _keys),
    _fault("id_as_string", "a row whose id is a string instead of a number", _one(_keys, str), _keys, "key:number"),
    _fault("id_as_number", "a row whose id is a number instead of a string", _one(_keys, _whole), _keys, "key:string"),
    _fault(
        "money_as_string",
        "a row whose sale amount is a string instead of a number",
        _one(_amounts, str),
        _amounts,
        "amount:number",
    ),
    _fault(
        "money_as_number",
        "a row whose sale amount is a number instead of a string",
        _one(_amounts, Decimal),
        _amounts,
        "amount:string",
    ),
    _fault(
        "count_as_string",
        "a page whose count is a string instead of a number",
        _count_as_text,
        lambda fields: (fields.count,) if fields.count and fields.count_type == "number" else (),
    ),
    _fault(
        "order_as_number",
        "an order reference that is the number of its digits",
        _one(_orders, _digits),
        _orders,
        "typed",
    ),
    _fault("retyped_field", "an object instead of the sale amount, in all rows", _all(_retype), _amounts),
    _fault("renamed_field", "the sale amount under another name, in all rows", _all(_rename), _amounts),
    _fault("unknown_field", "a field that nobody documented, in all rows", _all(_add), _keys),
    _fault("vanished_field", "an optional field missing from all rows", _all(_vanish), lambda fields: fields.optional),
    _fault("strange_text", "a name of quotes, emoji and marks", _one(_texts, lambda value: _STRANGE), _texts),
    _fault("nul_text", "a name with a NUL character in it", _one(_texts, lambda value: f"{value}\0{value}"), _texts),
    _fault("long_text", "a name of 10 kB", _one(_texts, lambda value: _LONG), _texts),
]
