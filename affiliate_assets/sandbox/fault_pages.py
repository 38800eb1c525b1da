"""Faults of paging and of totals: rows missing, repeated, moved, or more of them than any page may have."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice

from affiliate_assets.sandbox.hits import Fault, Hit, Page, only
from affiliate_assets.sandbox.network import Network
from affiliate_assets.sandbox.wire import Answer, Ask, to_json

_CJ = only("cj")
_HUGE = 20_000
_CURSOR = re.compile(r',?\s*sinceCommissionId\s*:\s*(?:"(\d*)"|(\d+)|\$\w+)')


def _paged(change: Callable[[Hit, Page], None], least: int = 1) -> Callable[[Hit], Answer | None]:
    """Return a fault that changes a page of at least so many rows."""

    def apply(hit: Hit) -> Answer | None:
        page = hit.page()
        if page is None or len(page.rows) < least:
            return None
        change(hit, page)
        return page.answer()

    return apply


def _cursor(ask: Ask) -> tuple[Ask, str | None] | None:
    """Return a call without its cursor, and the cursor where it is written out; None if it has none."""
    try:
        body = json.loads(ask.body)
        found = _CURSOR.search(body["query"])
    except (ValueError, KeyError, TypeError):
        return None
    if found is None:
        return None
    body["query"] = _CURSOR.sub("", body["query"])
    return replace(ask, body=json.dumps(body).encode()), found[1] or found[2]


def _empty(hit: Hit, page: Page) -> None:
    _clear(hit, page)
    page.payload.update(count=0, maxCommissionId=None, payloadComplete=False)


def _clear(hit: Hit, page: Page) -> None:
    hit.leave_out(page.rows)
    page.rows.clear()


def _repeated_page(hit: Hit) -> Answer | None:
    paged, name = _cursor(hit.ask), hit.fields.page_parameter
    if paged is None and name in hit.ask.query:
        paged = replace(hit.ask, query={key: text for key, text in hit.ask.query.items() if key != name}), None
    if paged is None or hit.page() is None:
        return None
    first = hit.again(paged[0], hit.at)
    return None if name and first.body == hit.answer.body else first


def _repeated_cursor(hit: Hit) -> Answer | None:
    paged, page = _cursor(hit.ask), hit.page()
    if paged is None or page is None or paged[1] is None:
        return None
    page.payload.update(maxCommissionId=paged[1], payloadComplete=False)
    return page.answer()


def _counted(hit: Hit) -> Answer | None:
    page = hit.page()
    if page is None or type(page.payload.get(hit.fields.count)) not in (int, str):
        return None
    _one_more(hit, page)
    return page.answer()


def _lists(network: Network) -> bool:
    return bool(network.rows.records or network.rows.table)


def _plain_lists(network: Network) -> bool:
    return _lists(network) and not _CJ(network)


def _paged_by_call(network: Network) -> bool:
    return _CJ(network) or bool(network.rows.page_parameter)


def _counts(network: Network) -> bool:
    return bool(network.rows.count)


def _reorder(hit: Hit, page: Page) -> None:
    before = list(page.rows)
    while page.rows == before:
        hit.rng.shuffle(page.rows)


def _inserted(hit: Hit) -> Answer | None:
    if _cursor(hit.ask) is None:
        return None
    return hit.again(hit.ask, hit.advance())


def _leave_out(hit: Hit, page: Page) -> None:
    for _ in range(-(-len(page.rows) // 10)):
        row = hit.pick(page.rows)
        hit.leave_out([row])
        page.rows.remove(row)


def _one_more(hit: Hit, page: Page) -> None:
    told = page.payload[hit.fields.count]
    page.payload[hit.fields.count] = type(told)(int(told) + 1)


def _twice(hit: Hit, page: Page) -> None:
    count, whole = hit.fields.count, len(page.rows)
    page.rows.append(hit.pick(page.rows))
    if str(page.payload.get(count)) == str(whole):
        page.payload[count] = type(page.payload[count])(len(page.rows))


def _huge(hit: Hit) -> Answer | None:
    page = hit.page()
    if page is None:
        return None
    if page.table is not None:
        return page.table.answer(list(islice(cycle(page.rows), _HUGE)))
    # Each row is written once: 20,000 of them by `to_json` would take longer than a client waits.
    texts = [to_json(row).body for row in page.rows]
    rows = b", ".join(islice(cycle(texts), _HUGE))
    page.rows.clear()
    if hit.fields.count in page.payload:
        page.payload[hit.fields.count] = type(page.payload[hit.fields.count])(_HUGE)
    body, name = page.answer().body, f'"{page.name}": '.encode()
    place = body.rindex(b"[]") if not page.name else body.index(name + b"[]") + len(name)
    return replace(hit.answer, body=body[:place] + b"[" + rows + b"]" + body[place + 2 :], rows=_HUGE)


PAGES = [
    Fault("page_empty", "a page without rows, cursor and end, while there are more", "paging", _paged(_empty), _CJ),
    Fault(
        "list_empty",
        "an empty list instead of the rows",
        "paging",
        _paged(_clear),
        _plain_lists,
    ),
    Fault(
        "page_repeated",
        "the cursor is ignored, the first page comes again",
        "paging",
        _repeated_page,
        _paged_by_call,
    ),
    Fault("cursor_repeats", "the right rows, with the cursor of the page before", "paging", _repeated_cursor, _CJ),
    Fault("rows_reordered", "rows in another order", "paging", _paged(_reorder, 2), _lists),
    Fault(
        "row_inserted",
        "between two pages the network's clock moves on to its next row; it stays there",
        "paging",
        _inserted,
        _CJ,
    ),
    Fault(
        "rows_left_out",
        "a tenth of the rows missing; CJ still counts them, Awin says nothing",
        "paging",
        _paged(_leave_out),
        _lists,
    ),
    Fault("count_lies", "all rows, and a count of one more", "paging", _counted, _counts),
    Fault("row_twice", "one row twice in a page, counted twice", "paging", _paged(_twice), _lists),
    Fault("page_huge", f"a page of {_HUGE:,} rows: the true ones again and again", "paging", _huge, _lists),
]
