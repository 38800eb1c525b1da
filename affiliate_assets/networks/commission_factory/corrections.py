"""Commission Factory, bulk upload: how a decision is told. Sources of every fact: README.md beside this file."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import get_args

from affiliate_assets.connectors.corrections import Corrections, Ground, Instruction
from affiliate_assets.connectors.language import Request
from affiliate_assets.errors import RecordError

# The type of batch that a person chooses, by action.
_TYPES = {"approve": "lock", "decline": "void", "amend": "amend"}
_COLUMNS = {"lock": ["Order ID"], "void": ["Order ID"], "amend": ["Order ID", "Sale Value"]}
_AMOUNT = re.compile(r"\d+(\.\d{1,4})?")


def _file(account_id: str, instructions: tuple[Instruction, ...], at: datetime) -> Request:
    kind = _TYPES[instructions[0].action]
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(_COLUMNS[kind])
    for told in instructions:
        lines.writerow([told.order_id, *([] if told.amount is None else [f"{told.amount:f}"])])
    return Request("PUT", f"{kind}.csv", content=text.getvalue().encode())


def _shape(request: Request) -> None:
    columns = _COLUMNS[PurePath(request.path).stem]
    header, *lines = csv.reader(io.StringIO((request.content or b"").decode(), newline=""))
    orders = [line[0] for line in lines if line]
    wrong = header != columns or not lines or any(len(line) != len(columns) or not line[0].strip() for line in lines)
    if wrong or (len(columns) == 2 and not all(_AMOUNT.fullmatch(line[1]) for line in lines)):
        raise RecordError(
            f"The file is not of the lines {', '.join(columns)}.", next_step="settle it in the network's interface."
        )
    if len(set(orders)) < len(orders):
        raise RecordError("The file names an order twice.", next_step="settle it in the network's interface.")


CORRECTIONS = Corrections(
    actions=frozenset({"approve", "decline", "amend"}),
    # Whether a template has a column for a reason is not published, nor a list of reasons.
    reasons=dict.fromkeys(get_args(Ground), ""),
    # How many lines a file may have is not published; this many a person can still look over.
    batch=500,
    mixed=False,
    by_order=True,
    request=_file,
    shape=_shape,
    by_hand="In Commission Factory's Transactions > Bulk Uploads choose the type of batch that the file's name ends in"
    " (void, amend, lock), download its CSV template, put the columns into it as text, so that no leading zero is"
    " lost, and upload that; then run `affiliate corrections uploaded`.",
    # How long an upload takes is not told.
    within=timedelta(days=3),
    stream=("transactions", "Id"),
    source="https://help.commissionfactory.com/using-bulk-uploads,"
    " https://help.commissionfactory.com/transaction-validations",
)
