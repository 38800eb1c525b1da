"""Pages and rows that are changed as described, and nothing beside them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest

from affiliate_assets.sandbox import FAULTS, Sandbox, World

from .faults import NOW, QUERY, STRUCK, cj_page, payload, rows, struck
from .http_client import Reply, cj

DATA = [(network, kind) for network, kind in STRUCK if FAULTS[kind].group == "data"]


def test_pages_of_cj(sandbox: Sandbox, ask: Callable[[str], Reply], second: str) -> None:
    """Empty, repeated, with an old cursor, or counted wrongly."""

    def told(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
        sandbox.reset(NOW)
        true, got = struck(sandbox, ask, "cj", kind)
        return payload(true), payload(got)

    true, got = told("page_empty")
    assert got == {"count": 0, "maxCommissionId": None, "payloadComplete": False, "records": []}
    true, got = told("page_repeated")
    assert got == payload(cj_page(sandbox))
    true, got = told("cursor_repeats")
    assert got == {**true, "maxCommissionId": second, "payloadComplete": False}
    true, got = told("count_lies")
    assert got == {**true, "count": true["count"] + 1}
    true, got = told("count_as_string")
    assert got == {**true, "count": str(true["count"])}


@pytest.mark.parametrize("network", ["awin", "cj"])
def test_rows_of_a_page(sandbox: Sandbox, ask: Callable[[str], Reply], network: str) -> None:
    """Moved, missing, twice, or 20,000 of them; CJ's cursor stays, its count goes with what is claimed."""

    def told(kind: str) -> tuple[Reply, Reply]:
        sandbox.reset(NOW)
        return struck(sandbox, ask, network, kind)

    def told_rows(kind: str) -> tuple[list[str], list[str]]:
        true, got = told(kind)
        if network == "cj":
            assert payload(got)["maxCommissionId"] == payload(true)["maxCommissionId"]
            claimed = payload(true)["count"] if kind == "rows_left_out" else len(rows(network, got))
            assert payload(got)["count"] == claimed
        whole, changed = (sorted(json.dumps(row, default=str) for row in rows(network, r)) for r in (true, got))
        assert rows(network, got) != rows(network, true)
        return whole, changed

    whole, changed = told_rows("rows_reordered")
    assert changed == whole
    whole, changed = told_rows("rows_left_out")
    assert len(changed) == len(whole) - -(-len(whole) // 10)
    assert set(changed) < set(whole)
    whole, changed = told_rows("row_twice")
    assert (len(changed), set(changed)) == (len(whole) + 1, set(whole))
    true, got = told("page_huge")
    found, known = rows(network, got), rows(network, true)
    assert len(found) == 20_000
    assert all(row == known[place % len(known)] for place, row in islice(enumerate(found), 0, None, 997))
    if network == "cj":
        assert payload(got)["count"] == 20_000


def test_awins_empty_list(sandbox: Sandbox, ask: Callable[[str], Reply]) -> None:
    """Nothing instead of the rows, which only the report gives away."""
    _, got = struck(sandbox, ask, "awin", "list_empty")
    assert (got.status, got.json()) == (200, [])


def test_a_row_is_inserted_between_two_pages(world: World) -> None:
    """The clock moves on to CJ's next row, which then stands on the last page; it does not move back."""
    text = QUERY.replace('["4410927"]', '["4410927", "4410928"]')
    place = next(i for i in range(60, 90) if world.ledger[i].posted_at - world.ledger[i - 1].posted_at > 600)
    new = world.ledger[place]
    start = datetime.fromtimestamp(new.posted_at, UTC) - timedelta(minutes=9)
    with Sandbox(world, start, page_limit=50) as sandbox:
        # The first page has no page before it, so the fault waits.
        sandbox.inject("cj", "row_inserted")
        first = payload(cj(sandbox, text.replace("CURSOR", "")))
        assert (len(first["records"]), first["payloadComplete"], sandbox.clock) == (50, False, start)
        rest = text.replace("CURSOR", f', sinceCommissionId: "{first["maxCommissionId"]}"')
        got = payload(cj(sandbox, rest))
        assert sandbox.clock == datetime.fromtimestamp(new.posted_at, UTC)
        assert [served.kind for served in sandbox.faults_served] == ["row_inserted"]
        assert payload(cj(sandbox, rest)) == got
        sandbox.set_clock(start)
        true = payload(cj(sandbox, rest))
    known, found = ([row["commissionId"] for row in page["records"]] for page in (true, got))
    assert len(found) > len(known) == place - 50
    assert found[: len(known)] == known
    assert str(new.commission_id) in found


def changed(network: str, true: Reply, got: Reply) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the rows that differ, before and after."""
    pairs = zip(rows(network, true), rows(network, got), strict=True)
    return [(before, after) for before, after in pairs if before != after or repr(before) != repr(after)]


@pytest.mark.parametrize(("network", "kind"), [(n, k) for n, k in DATA if k != "count_as_string"])
def test_data_faults(sandbox: Sandbox, ask: Callable[[str], Reply], network: str, kind: str) -> None:
    """One field of one row, or of all rows; everything else is as it was."""
    true, got = struck(sandbox, ask, network, kind)
    assert got.status == 200
    key, order, status, text, optional = {
        "awin": ("id", "orderRef", "commissionStatus", "siteName", "voucherCode"),
        "cj": ("commissionId", "orderId", "actionStatus", "publisherName", "coupon"),
    }[network]
    pairs = changed(network, true, got)
    if kind in ("retyped_field", "renamed_field", "unknown_field", "vanished_field"):
        assert len(pairs) == len(rows(network, true))
    else:
        assert [str(before[key]) for before, _ in pairs] == [sandbox.faults_served[0].record]
    for before, after in pairs:
        amount = before["saleAmount"]["amount"] if network == "awin" else before["saleAmountAdvCurrency"]
        sale = {"saleAmount": {**before["saleAmount"], "amount": None}} if network == "awin" else {}
        expected: dict[str, dict[str, Any]] = {
            "unknown_status": {status: "frozen"},
            "missing_key": {},
            "null_key": {key: None},
            "id_as_string": {key: str(before[key])},
            "id_as_number": {key: int(before[key])},
            "money_as_string": {"saleAmount": {**sale.get("saleAmount", {}), "amount": str(amount)}},
            "money_as_number": {"saleAmountAdvCurrency": Decimal(amount)},
            "order_as_number": {order: int("".join(c for c in before[order] or "0" if c.isdigit()) or 0)},
            "retyped_field": {"saleAmount": {**sale["saleAmount"], "amount": {"value": amount}}}
            if network == "awin"
            else {"saleAmountAdvCurrency": {"value": amount}},
            "renamed_field": {"saleAmount": {"amountV2": amount, "currency": before["saleAmount"]["currency"]}}
            if network == "awin"
            else {"saleAmountAdvCurrencyV2": amount},
            "unknown_field": {"loyaltyTier": "gold"},
            "vanished_field": {},
            "strange_text": {text: after.get(text)},
            "nul_text": {text: f"{before[text]}\0{before[text]}"},
            "long_text": {text: after.get(text)},
        }
        renamed = None if network == "awin" else "saleAmountAdvCurrency"
        gone = {"missing_key": key, "vanished_field": optional, "renamed_field": renamed}.get(kind)
        assert after == {name: value for name, value in before.items() if name != gone} | expected[kind]
        if kind == "strange_text":
            assert {'"', "\\", "💸", "\u202e", "\n"} < set(after[text])
        if kind == "long_text":
            assert 10_200 < len(after[text].encode()) <= 10_240
