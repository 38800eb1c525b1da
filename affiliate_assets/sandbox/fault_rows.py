"""Faults in the records of an answer. Each changes that answer only: asked again, the network tells the truth."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from affiliate_assets.sandbox.hits import Fault, Hit, Row, key_of
from affiliate_assets.sandbox.wire import Answer

_CJ, _AWIN = frozenset({"cj"}), frozenset({"awin"})
_STATUS = ("commissionStatus", "actionStatus")
_ORDER = ("orderRef", "orderId")
_AMOUNT = ("saleAmount", "saleAmountAdvCurrency", "totalValue")
_OPTIONAL = ("voucherCode", "coupon", "primaryType")
_TEXT = ("siteName", "publisherName", "name")
_STRANGE = 'Zoë\'s "Läden" \\ ☃ 💸 שָׁלוֹם \u202eabc\u202c e\u0301 ｆｕｌｌ\u200b\u2028\u00a0\t\n</script>'
_LONG = ("Überlanger Name – " * 700).encode()[:10_240].decode(errors="ignore")


def _named(row: Row, names: tuple[str, ...]) -> str | None:
    """Return the first of the fields that a row has with a value."""
    return next((name for name in names if row.get(name) is not None), None)


def _one(names: tuple[str, ...], change: Callable[[Any], object]) -> Callable[[Hit], Answer | None]:
    """Return a fault that changes one field of one row that has it."""

    def apply(hit: Hit) -> Answer | None:
        page = hit.page()
        able = [] if page is None else [row for row in page.rows if _named(row, names)]
        if page is None or not able:
            return None
        row = hit.pick(able)
        name = _named(row, names)
        assert name is not None
        row[name] = change(row[name])
        return page.answer()

    return apply


def _all(change: Callable[[Row], bool]) -> Callable[[Hit], Answer | None]:
    """Return a fault that changes all rows; it cannot strike where no row was changed."""

    def apply(hit: Hit) -> Answer | None:
        page = hit.page()
        changed = [] if page is None else [change(row) for row in page.rows]
        return page.answer() if page is not None and any(changed) else None

    return apply


def _without_key(hit: Hit) -> Answer | None:
    page = hit.page()
    if page is None:
        return None
    row = hit.pick(page.rows)
    name = key_of(row)
    if name is None:
        return None
    del row[name]
    return page.answer()


def _inside(change: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return a change of an amount, also where it stands in an object beside its currency."""
    return lambda value: {**value, "amount": change(value["amount"])} if isinstance(value, dict) else change(value)


def _digits(value: object) -> object:
    digits = re.sub(r"\D", "", str(value))
    return int(digits) if digits else 0


def _retype(row: Row) -> bool:
    name = _named(row, (*_AMOUNT, "id"))
    if name is not None:
        row[name] = _inside(lambda value: {"value": value})(row[name])
    return name is not None


def _add(row: Row) -> bool:
    row["loyaltyTier"] = "gold"
    return True


def _vanish(row: Row) -> bool:
    present = [name for name in _OPTIONAL if name in row]
    for name in present:
        del row[name]
    return bool(present)


def _count_as_text(hit: Hit) -> Answer | None:
    page = hit.page()
    if page is None or "count" not in page.payload:
        return None
    page.payload["count"] = str(page.payload["count"])
    return page.answer()


_KEY = ("commissionId", "id")
ROWS = [
    Fault("unknown_status", "a row in a state that nobody documented", "data", _one(_STATUS, lambda value: "frozen")),
    Fault("missing_key", "a row without the field that identifies it", "data", _without_key),
    Fault("null_key", "a row whose identifying field is null", "data", _one(_KEY, lambda value: None)),
    Fault("id_as_string", "a row whose id is a string instead of a number", "data", _one(_KEY, str), _AWIN),
    Fault("id_as_number", "a row whose id is a number instead of a string", "data", _one(_KEY, int), _CJ),
    Fault(
        "money_as_string",
        "a row whose sale amount is a string instead of a number",
        "data",
        _one(_AMOUNT, _inside(str)),
        _AWIN,
    ),
    Fault(
        "money_as_number",
        "a row whose sale amount is a number instead of a string",
        "data",
        _one(_AMOUNT, Decimal),
        _CJ,
    ),
    Fault("count_as_string", "a page whose count is a string instead of a number", "data", _count_as_text, _CJ),
    Fault("order_as_number", "a row whose order reference is the number of its digits", "data", _one(_ORDER, _digits)),
    Fault("retyped_field", "an object instead of the sale amount, in all rows", "data", _all(_retype)),
    Fault("unknown_field", "a field that nobody documented, in all rows", "data", _all(_add)),
    Fault("vanished_field", "an optional field missing from all rows", "data", _all(_vanish)),
    Fault("strange_text", "a name of quotes, emoji, marks and directions", "data", _one(_TEXT, lambda value: _STRANGE)),
    Fault("nul_text", "a name with a NUL character in it", "data", _one(_TEXT, lambda value: f"{value}\0{value}")),
    Fault("long_text", "a name of 10 kB", "data", _one(_TEXT, lambda value: _LONG)),
]
