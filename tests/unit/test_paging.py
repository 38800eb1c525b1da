from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate_assets import networks
from affiliate_assets.connectors.paging import AllowedFields, BodyCursor, WholeWindow
from affiliate_assets.errors import BrokenAnswer, ContractError, WindowTooLarge

SAMPLES = Path(networks.__path__[0])
CJ = BodyCursor(
    envelope=("data", "advertiserCommissions"),
    records="records",
    complete="payloadComplete",
    cursor="maxCommissionId",
    count="count",
)


def cut(fields: AllowedFields, records: bytes) -> tuple[bytes, int, Mapping[str, tuple[str, int]]]:
    lines = fields.lines(records)
    return lines.content, lines.records, lines.unknown


def cj_body(**changes: object) -> bytes:
    inner = {"count": 1, "limit": 10, "maxCommissionId": "7", "payloadComplete": False, "records": [{"a": 1}]}
    inner |= changes
    wanted = {name: value for name, value in inner.items() if value != "absent"}
    return json.dumps({"data": {"advertiserCommissions": wanted}}).encode()


def test_a_sample_page_that_is_not_complete_leads_to_the_next_and_the_last_one_ends() -> None:
    first = CJ.page((SAMPLES / "cj/pages/advertiser_commissions_page1.json").read_bytes(), None)
    assert first.cursor == "2771000155"
    assert [r["commissionId"] for r in json.loads(first.records)] == ["2771000101", "2771000155"]
    last = CJ.page((SAMPLES / "cj/pages/advertiser_commissions_page2.json").read_bytes(), first.cursor)
    assert last.cursor is None
    assert [r["commissionId"] for r in json.loads(last.records)] == ["2771000190"]


def test_an_empty_window_is_complete_and_has_no_records() -> None:
    page = CJ.page((SAMPLES / "cj/pages/empty_window.json").read_bytes(), None)
    assert (json.loads(page.records), page.cursor) == ([], None)


@pytest.mark.parametrize("cursor", ["7", None])
def test_a_cursor_that_does_not_move_on_is_refused(cursor: str | None) -> None:
    body = cj_body(maxCommissionId=cursor)
    with pytest.raises(BrokenAnswer, match="cursor") as caught:
        CJ.page(body, "7")
    assert caught.value.next_step


def test_a_page_that_holds_fewer_records_than_it_says_is_refused() -> None:
    with pytest.raises(BrokenAnswer, match="says 3 records and holds 1"):
        CJ.page(cj_body(count=3), None).verify(1)


@pytest.mark.parametrize("name", ["count", "maxCommissionId", "payloadComplete", "records"])
def test_a_missing_field_of_the_envelope_is_named(name: str) -> None:
    with pytest.raises(ContractError, match=name):
        CJ.page(cj_body(**{name: "absent"}), None)


def test_an_empty_page_that_says_more_follows_is_refused() -> None:
    with pytest.raises(BrokenAnswer, match="holds no record"):
        CJ.page(cj_body(count=0, records=[]), None).verify(0)


@pytest.mark.parametrize(("size", "taken"), [(2, True), (3, False)])
def test_an_array_as_long_as_the_networks_cap_is_not_taken(size: int, taken: bool) -> None:
    body, paging = json.dumps([{"id": n} for n in range(size)]).encode(), WholeWindow(cap=3)
    if taken:
        assert paging.page(body, None).cursor is None
    else:
        with pytest.raises(ContractError, match="max_span"):
            paging.page(body, None)


def test_without_a_flag_a_missing_cursor_is_the_end_and_the_total_is_told() -> None:
    paging = BodyCursor(envelope=(), records="rows", cursor="next", total="total")
    first = paging.page(b'{"rows": [{"a": 1}], "next": "x", "total": 2}', None)
    assert (first.cursor, first.total) == ("x", 2)
    assert paging.page(b'{"rows": [{"a": 2}], "next": null, "total": 2}', "x").cursor is None


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Bad gateway</body></html>",
        b"",
        b'{"data": null}',
        b'{"data": {"advertiserCommissions": []}}',
        cj_body(payloadComplete="yes"),
        cj_body()[:-3],
    ],
)
def test_a_body_that_is_not_the_documented_object_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        CJ.page(body, None)


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b'{"error": "x"}', b"null"])
def test_a_whole_window_that_is_not_an_array_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenAnswer, match="not a JSON array") as caught:
        WholeWindow().page(body, None)
    assert "Next: " in str(caught.value)


@pytest.mark.parametrize("body", [b'[{"id": 1},', b"[1, 2]", b'["a"]', b"[null]"])
def test_an_array_of_anything_but_whole_objects_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenAnswer, match="not JSON objects"):
        AllowedFields(frozenset({"id"})).lines(WholeWindow().page(body, None).records)


def test_only_allowed_fields_are_written_and_dropped_ones_are_no_surprise() -> None:
    fields = AllowedFields(frozenset({"id", "amount"}), frozenset({"email"}))
    lines, count, unknown = cut(fields, b'[{"id":1,"email":"a@b.example","amount":0.10}]')
    assert (json.loads(lines), count, unknown) == ({"id": 1, "amount": 0.1}, 1, {})
    assert b"example" not in lines


def test_an_unknown_field_is_dropped_and_named_on_every_record() -> None:
    fields = AllowedFields(frozenset({"id"}), frozenset({"email"}))
    lines, count, unknown = cut(fields, b'[{"id":1},{"id":2,"phone":"1","email":"e"},{"id":3,"iban":{"x":[1]}}]')
    assert lines == b'{"id":1}\n{"id":2}\n{"id":3}\n'
    assert (count, unknown) == (3, {"phone": ('"1"', 1), "iban": ('{"x":[1]}', 1)})


def test_personal_fields_of_the_awin_sample_are_in_no_line() -> None:
    from affiliate_assets.networks.awin.connector import CONNECTOR

    stream = CONNECTOR.stream("transactions")
    body = (SAMPLES / "awin/pages/transactions_by_transaction_date.json").read_bytes()
    for name in ("ipHash", "customParameters", "basketProducts", "Desk lamp"):
        assert name.encode() in body
    lines, count, unknown = cut(AllowedFields(stream.allowed, stream.dropped), body)
    assert (count, unknown) == (4, {})
    for name in ("ipHash", "customParameters", "basketProducts", "Desk lamp", "-612904417730025"):
        assert name.encode() not in lines


def test_pretty_printed_records_become_one_line_each_and_stay_equal() -> None:
    body = (SAMPLES / "awin/pages/transactions_by_transaction_date.json").read_bytes()
    assert body.count(b"\n") > 100
    records = json.loads(body)
    names = frozenset(name for record in records for name in record)
    lines, _, _ = cut(AllowedFields(names), body)
    assert [json.loads(line) for line in lines.splitlines()] == records


@pytest.mark.parametrize("compact", [True, False])
def test_numbers_keep_every_digit_and_texts_every_escape(compact: bool) -> None:
    body = b'[{"a":123456789012.123456,"b":0.10,"c":{"d":1e-7,"e":84.0},"f":"line\\nbreak \\u00fc \\\\"}]'
    if not compact:
        body = body.replace(b",", b",\r\n  ")
    lines, _, _ = cut(AllowedFields(frozenset("abcf")), body)
    assert lines.count(b"\n") == 1
    for text in (b"123456789012.123456", b"0.10", b"1e-7", b"84.0", b"line\\nbreak \\u00fc \\\\"):
        assert re.search(rb"[: \"]" + re.escape(text) + rb"[,}\"]", lines), text


texts = st.text(alphabet='aß"\\\n\r😀{}[], ', max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(
    records=st.lists(st.dictionaries(st.sampled_from(["id", "x", "secret", "new"]), json_values), max_size=4),
    indent=st.sampled_from([None, 1]),
)
def test_lines_are_the_allowed_part_of_whatever_was_sent(records: list[dict[str, object]], indent: int | None) -> None:
    fields = AllowedFields(frozenset({"id", "x"}), frozenset({"secret"}))
    lines, count, unknown = cut(fields, json.dumps(records, indent=indent).encode())
    expected = [{name: record[name] for name in ("id", "x") if name in record} for record in records]
    assert [json.loads(line) for line in lines.split(b"\n")[:-1]] == expected
    assert count == len(records)
    assert set(unknown) == ({"new"} if any("new" in record for record in records) else set())


def test_an_array_inside_an_object_is_a_whole_window_with_its_cap_and_its_shape() -> None:
    inside = WholeWindow(cap=3, records=("data", "clicks"), shape=lambda records: records.replace(b"secret", b"kept"))
    page = inside.page(b'{"data": {"clicks": [{"id": 1.10}, {"id": "secret"}]}}', None)
    assert (page.records, page.cursor) == (b'[{"id": 1.10}, {"id": "kept"}]', None)
    with pytest.raises(WindowTooLarge, match="holds 3 records"):
        inside.page(b'{"data": {"clicks": [{}, {}, {}]}}', None)
    with pytest.raises(ContractError, match="no field 'clicks'"):
        inside.page(b'{"data": {"rows": []}}', None)
    with pytest.raises(BrokenAnswer, match="not a JSON array"):
        inside.page(b'{"data": {"clicks": null}}', None)
