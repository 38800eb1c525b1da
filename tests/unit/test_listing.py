"""Pages of a JSON object that are asked for by number or by offset."""

from __future__ import annotations

import json

import pytest

from affiliate_assets.connectors.listing import Numbered, Offset
from affiliate_assets.errors import BrokenAnswer

TOLD = Numbered(
    records=("rows",), size=2000, number=("page", "number"), total=("page", "total"), told_size=("page", "size")
)


def body(number: int, size: int, total: int, rows: int) -> bytes:
    page = {"number": number, "size": size, "total": total}
    return json.dumps({"rows": [{"id": row} for row in range(rows)], "page": page}).encode()


@pytest.mark.parametrize(
    ("cursor", "size", "total", "following"),
    [
        (None, 2000, 2000, None),
        (None, 2000, 2001, "2"),
        # The network takes fewer than were asked for, and says so.
        (None, 500, 1500, "2"),
        ("2", 500, 1500, "3"),
        ("3", 500, 1500, None),
        (None, 500, 0, None),
    ],
)
def test_pages_are_counted_in_the_size_that_the_network_took(
    cursor: str | None, size: int, total: int, following: str | None
) -> None:
    page = TOLD.page(body(int(cursor or 1), size, total, 1), cursor)
    assert (page.cursor, page.total) == (following, total)


BY_OFFSET = Offset(records=("rows",), size=100, total=("total",), told_offset=("offset",))


@pytest.mark.parametrize(
    ("cursor", "offset", "rows", "following"),
    [(None, 0, 3, "3"), ("3", 3, 2, "5"), ("5", "5", 2, None), (None, 0, 7, None)],
)
def test_pages_by_offset_go_on_after_the_records_that_came(
    cursor: str | None, offset: int | str, rows: int, following: str | None
) -> None:
    told = json.dumps({"offset": offset, "total": 7, "rows": [{"id": row} for row in range(rows)]}).encode()
    assert BY_OFFSET.page(told, cursor).cursor == following


@pytest.mark.parametrize(("cursor", "offset"), [(None, 100), ("100", 0)])
def test_a_page_that_begins_elsewhere_than_asked_is_refused(cursor: str | None, offset: int) -> None:
    told = json.dumps({"offset": offset, "total": 300, "rows": [{"id": 1}]}).encode()
    with pytest.raises(BrokenAnswer, match=f"those from {offset} came"):
        BY_OFFSET.page(told, cursor)


@pytest.mark.parametrize(
    ("cursor", "offset", "size", "total", "rows"),
    [(None, 0, 3, 7, 2), ("3", 3, 3, 7, 4), ("6", 6, 3, 7, 0), (None, 0, 3, 0, 1), ("9", 9, 3, 7, 1)],
)
def test_a_page_by_offset_that_lacks_records_is_refused_although_the_total_could_be_met(
    cursor: str | None, offset: int, size: int, total: int, rows: int
) -> None:
    paging = Offset(records=("rows",), size=100, total=("total",), told_offset=("offset",), told_size=("limit",))
    told = {"offset": offset, "limit": size, "total": total, "rows": [{"id": row} for row in range(rows)]}
    with pytest.raises(BrokenAnswer, match=f"holds {rows} records"):
        paging.page(json.dumps(told).encode(), cursor)
