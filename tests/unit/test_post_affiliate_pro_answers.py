"""What is read of an answer to one request: its one element, rows below a header, and rows that were asked for."""

from __future__ import annotations

import json

import pytest

from affiliate_assets.connectors.language import Answer, Request, Window
from affiliate_assets.errors import AffiliateError, BrokenAnswer, ContractError, CredentialRefused, RateLimited
from affiliate_assets.networks.post_affiliate_pro.answers import Grid, agrees, problem, rows_of, session_of
from affiliate_assets.networks.post_affiliate_pro.connector import CONNECTOR

GRID = Grid("transid")


def body(rows: list[list[object]], count: int) -> bytes:
    return json.dumps([{"rows": [["transid", "dateinserted"], *rows], "count": count}]).encode()


def answer(content: object) -> Answer:
    return Answer(200, {}, json.dumps(content).encode(), None)


def asked(*filters: tuple[str, str, str]) -> Request:
    told = {"columns": [["transid"], ["dateinserted"]], "filters": filters}
    return Request("POST", "scripts/server.php", form={"D": json.dumps({"requests": [told]})})


def test_values_keep_their_text_below_the_names() -> None:
    table = b'[["a", "b"], ["1.10", null], ["\\u00e9", "0.00"]]'
    assert json.loads(rows_of(table)) == [{"a": "1.10", "b": None}, {"a": "é", "b": "0.00"}]


def test_a_row_of_another_width_is_no_record_of_its_neighbours_values() -> None:
    records = json.loads(rows_of(b'[["a", "b"], ["1"], ["2", "3"], ["4", "5", "6"]]'))
    assert records == [
        {"_broken": "1 values below 2 names"},
        {"a": "2", "b": "3"},
        {"_broken": "3 values below 2 names"},
    ]


@pytest.mark.parametrize("table", [b"[]", b'[[1, "b"]]', b'{"a": 1}', b'["a", "b"]'])
def test_rows_without_a_header_are_no_empty_window(table: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        rows_of(table)


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(ContractError, match="one name"):
        rows_of(b'[["a", "a"], ["1", "2"]]')


def test_pages_go_on_where_the_rows_end_and_end_with_the_count() -> None:
    first = GRID.page(body([["a", "x"], ["b", "x"]], 3), None)
    assert (first.cursor, first.total) == ("2:b", 3)
    second = CONNECTOR.stream("transactions").request("acme", Window("test", keys=("a",)), first.cursor)
    assert json.loads((second.form or {})["D"])["requests"][0]["offset"] == 2
    last = GRID.page(body([["c", "x"]], 3), first.cursor)
    assert (last.cursor, last.total) == (None, 3)


def test_a_page_that_lacks_a_row_is_noticed_by_the_next_one() -> None:
    """Of a, b, c, d the first page of three lacks b: the next one begins with c again, and the count is met."""
    first = GRID.page(body([["a", "x"], ["c", "x"]], 4), None)
    with pytest.raises(BrokenAnswer, match="lacks rows"):
        GRID.page(body([["c", "x"], ["d", "x"]], 4), first.cursor)


def test_a_page_that_holds_a_row_twice_is_refused() -> None:
    """Of a, b, c, d the first page of two holds a twice: the next one would begin with d, and the count be met."""
    with pytest.raises(BrokenAnswer, match="a row twice"):
        GRID.page(body([["a", "x"], ["b", "x"], ["a", "x"]], 4), None)
    # Rows without an id are not one row.
    assert GRID.page(body([["", "x"], ["", "x"]], 2), None).total == 2


@pytest.mark.parametrize("content", [[], [{"e": "x"}, {"e": "y"}], {"rows": []}, "text", None])
def test_another_number_of_elements_than_requests_is_a_broken_answer(content: object) -> None:
    assert isinstance(problem(answer(content)), BrokenAnswer)
    with pytest.raises(BrokenAnswer):
        GRID.page(answer(content).body, None)
    with pytest.raises(BrokenAnswer):
        session_of(answer(content).body)


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        ({"e": "Session expired"}, CredentialRefused),
        ({"e": "You are not logged in"}, CredentialRefused),
        ({"e": "You do not have sufficient permissions"}, CredentialRefused),
        ({"e": "Rate limit of your session exceeded"}, RateLimited),
        ({"e": "Unknown column nosuch"}, ContractError),
        ({"success": "N", "message": "Wrong username or password"}, CredentialRefused),
        ({"e": ""}, AffiliateError),
    ],
)
def test_a_failed_request_is_never_an_answer(element: object, kind: type[AffiliateError]) -> None:
    assert isinstance(problem(answer([element])), kind)


def test_the_session_is_found_by_its_name() -> None:
    fields = [["name", "value"], ["correspondsApi", "N"], ["S", "abc"], ["language", "en-US"]]
    assert session_of(json.dumps([{"fields": fields, "success": "Y"}]).encode()) == "abc"


@pytest.mark.parametrize(
    "element",
    [
        {"fields": [["name", "value"]], "success": "N", "message": "Unknown user"},
        {"fields": [["name", "value"], ["S", ""]], "success": "Y"},
        {"fields": [["name", "value"], ["S", None]], "success": "Y"},
        {"fields": [["S", "header-is-no-session"]], "success": "Y"},
        {"fields": [["name", "value"], ["S", "a"], ["S", "b"]], "success": "Y"},
        {"fields": [["name", "value"], ["S", "a"]]},
        {},
    ],
)
def test_a_login_without_a_session_is_refused(element: object) -> None:
    with pytest.raises(CredentialRefused):
        session_of(json.dumps([element]).encode())


def test_rows_that_were_asked_for_pass() -> None:
    rows: list[list[object]] = [["a", "2026-09-01 00:00:00"], ["b", "2026-09-02 23:59:59"], ["c", None]]
    agrees(
        asked(("dateinserted", "D>=", "2026-09-01"), ("dateinserted", "D<", "2026-09-03")),
        Answer(200, {}, body(rows, 3), None),
    )
    agrees(asked(("transid", "IN", "a,b")), Answer(200, {}, body(rows[:2], 2), None))


@pytest.mark.parametrize(
    ("filter_", "row"),
    [
        (("dateinserted", "D>=", "2026-09-02"), ["a", "2026-09-01 23:59:59"]),
        (("dateinserted", "D<", "2026-09-02"), ["a", "2026-09-02 00:00:00"]),
        (("transid", "IN", "ab,c"), ["a", "2026-09-02 00:00:00"]),
    ],
)
def test_a_filter_that_is_not_obeyed_is_refused(filter_: tuple[str, str, str], row: list[object]) -> None:
    with pytest.raises(ContractError, match="outside the filter"):
        agrees(asked(filter_), Answer(200, {}, body([row], 1), None))


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(ContractError, match="no column dateinserted"):
        agrees(asked(), answer([{"rows": [["transid", "new"], ["a", "b"]], "count": 1}]))
