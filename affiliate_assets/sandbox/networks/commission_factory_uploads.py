"""Commission Factory's bulk uploads, as a person makes them in the dashboard: void, amend and lock by order.

Choices where the description is silent: the templates' columns are named Order ID and Sale Value; a file with other
columns is refused whole; a line is taken for every pending transaction of its order, at once.
"""

import csv
import io
from decimal import Decimal, InvalidOperation
from typing import Literal

from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.money import exponent

_COLUMNS = {"void": ["Order ID"], "lock": ["Order ID"], "amend": ["Order ID", "Sale Value"]}
_ACTIONS: dict[str, Literal["approve", "decline", "amend"]] = {"void": "decline", "lock": "approve", "amend": "amend"}


def upload(kind: str, text: str, place: int, at: int, desk: Desk) -> int:
    """Take a file of a type of batch and return how many transactions it changed.

    Raises:
        ValueError: There is no such type, or the file is not as its template.
    """
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    if kind not in _COLUMNS or header != _COLUMNS[kind] or not all(len(line) == len(header) for line in lines):
        raise ValueError(f"a file of {kind} has the columns {_COLUMNS.get(kind)}")
    try:
        sales = [Decimal(line[1]) if kind == "amend" else None for line in lines]
    except InvalidOperation:
        raise ValueError("a sale value is a number") from None
    changed = 0
    for (order, *_), sale in zip(lines, sales, strict=True):
        for found in desk.of_order(place, order, at):
            if found.status(at) == "pending":
                units = None if sale is None else int(sale.scaleb(exponent(found.programme.currency)))
                desk.take(found, _ACTIONS[kind], at, units)
                changed += 1
    return changed
