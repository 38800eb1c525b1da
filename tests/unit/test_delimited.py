"""Comma-separated reports: values never shift, a line that cannot be read says so, a text that is cut is refused."""

from __future__ import annotations

import json

import pytest

from affiliate_assets.connectors.delimited import BROKEN, Titled
from affiliate_assets.errors import AffiliateError, BrokenAnswer, ContractError

SALES = Titled(columns={"Order": "order", "Day": "day", "Time": "time", "Sale": "sale"}, joined={"at": ("day", "time")})


def sent(*lines: str, titles: str = "Order,Day,Time,Sale", end: str = "\n") -> bytes:
    return ("\ufeff" + end.join([titles, *lines]) + end).encode()


def one(line: str) -> dict[str, str]:
    (record,) = SALES.records(sent(line))
    return record


def test_lines_become_objects_of_texts_by_title() -> None:
    body = sent('"1,204.50",9/10/26,A-1,17:45', titles="Sale,Day,Order,Time")
    assert json.loads(SALES.array(body)) == [
        {"sale": "1,204.50", "day": "9/10/26", "order": "A-1", "time": "17:45", "at": "9/10/26 17:45"}
    ]


def test_a_joined_field_is_empty_without_one_of_its_parts() -> None:
    """What is left of a key could be the key of another record; two that have none are not one."""
    marked = Titled(SALES.columns, {"mark": ("order", "time", "sale")}, frozenset({"time"}), "mark")
    lines = ("A,d,t,1", "A,d,,1", ",d,t,1", ",d,t,1", "A,d,t,")
    assert [record["mark"] for record in marked.records(sent(*lines))] == ["A t 1", "A  1", "", "", ""]


def test_a_text_of_titles_alone_has_no_lines() -> None:
    assert SALES.array(sent()) == b"[]"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_either_line_end_is_read_and_empty_lines_are_passed_over(end: str) -> None:
    assert [record["order"] for record in SALES.records(sent("A,d,t,1", "", "B,d,t,2", end=end))] == ["A", "B"]


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ('"A, 1",d,t,5', "A, 1"),
        ('"A ""1""",d,t,5', 'A "1"'),
        ('"A \\"1\\", x",d,t,5', 'A "1", x'),
        ('"A\n1",d,t,5', "A\n1"),
        (",d,t,5", ""),
        (" A ,d,t,5", " A "),
    ],
)
def test_values_keep_their_characters(line: str, order: str) -> None:
    record = one(line)
    assert (record["order"], record["sale"]) == (order, "5")


@pytest.mark.parametrize("line", ["A,d,5", "A,d,t,5,6", '"A,d,t,5', 'A,d,t,"5" x'])
def test_a_line_that_does_not_fit_is_named_and_takes_no_other_with_it(line: str) -> None:
    first, broken, last = SALES.records(sent("A,d,t,1", line, "B,d,t,2"))
    assert (first["order"], last["order"]) == ("A", "B")
    assert broken == {BROKEN: "line 3 does not have 4 values"}


def test_a_column_of_another_title_is_a_field_of_its_own() -> None:
    (record,) = SALES.records(sent("A,d,t,1,x", titles="Order,Day,Time,Sale,Site"))
    assert record["Site"] == "x"


def test_two_lines_that_cannot_be_told_apart_are_refused() -> None:
    unique = Titled(columns=SALES.columns, unique="order")
    assert len(unique.records(sent("A,d,t,1", "B,d,t,1"))) == 2
    with pytest.raises(ContractError, match="one order"):
        unique.records(sent("A,d,t,1", "A,d,t,2"))


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"", BrokenAnswer, "ends within"),
        (b"Order,Day,Time,Sale\nA,d,t", BrokenAnswer, "ends within"),
        (b"<html>\nSorry\n</html>\n", BrokenAnswer, "names no column"),
        (b'{"message": "no"}\n', BrokenAnswer, "names no column"),
        (b"Commande,Date,Heure,Vente\nA,d,t,1\n", BrokenAnswer, "names no column"),
        (b"Order,Day,Time\nA,d,t\n", ContractError, "no column 'Sale'"),
        (b"Order,Day,Time,Sale,Sale\n", ContractError, "two columns"),
        (b"Order,Day,Time,Sale\n\xff,d,t,1\n", BrokenAnswer, "UTF-8"),
    ],
)
def test_what_is_no_such_report_is_refused(body: bytes, error: type[AffiliateError], words: str) -> None:
    with pytest.raises(error, match=words):
        SALES.array(body)
