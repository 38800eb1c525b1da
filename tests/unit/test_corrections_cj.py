"""Corrections to CJ: orders cancelled and restated at a host of its own, shown as rows of their own."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from affiliate_assets.corrections.sending import batches, described
from affiliate_assets.settings import Settings
from tests.conftest import FIRST_MORNING, Brand
from tests.unit.corrections import (
    NOON,
    drafted,
    entries_of,
    pending_cj,
    publish,
    released,
    sent,
    states_of,
    with_enterprise_ids,
)


@pytest.fixture
def asked(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> Settings:
    brand.settings = with_enterprise_ids(brand.settings)
    brand.pull("cj", FIRST_MORNING)
    publish(brand.settings, "cj", pending_cj(brand))
    brand.sandbox.set_clock(NOON)
    return brand.settings


def test_an_order_is_cancelled_or_restated_in_the_published_shape(asked: Settings) -> None:
    told = drafted(asked, "decline", "amend", "approve").instructions
    # Nothing approves at CJ: what is not corrected locks.
    assert [one.action for one in told] == ["decline", "decline", "decline", "amend"]
    amend, cancel = batches(list(entries_of(asked).values()))
    request = cancel.request(NOON)
    assert request.json is not None
    assert "cancelOrders(cancelledOrders: $orders)" in request.json["query"]
    assert request.json["variables"]["orders"] == [
        {
            "enterpriseId": "E4410927",
            "actionTrackerId": 388120,
            "orderId": one.order_id,
            "updateTime": "2026-03-02T12:00:00Z",
            "correctionReason": reason,
        }
        for one, reason in zip(told, ("Other", "ReturnedMerchandise", "DuplicateOrder"), strict=False)
    ]
    request = amend.request(NOON)
    assert request.json is not None
    (order,) = request.json["variables"]["orders"]
    assert (order["amount"], order["currency"]) == (f"{told[3].amount:.2f}", "EUR")
    assert described(amend.connector, request).startswith("POST https://tracking.api.cj.com/graphql\n")


def test_what_is_sent_is_taken_once_and_the_next_pull_nets_it(asked: Settings, brand: Brand) -> None:
    told = drafted(asked).instructions
    released(asked)
    sent(asked)
    sent(asked)
    assert states_of(asked) == {"sent": 4}
    posted = [json.loads(call.query) for call in brand.sandbox.calls if call.path == "/graphql"]
    names = [order["orderId"] for body in posted for order in body["variables"]["orders"]]
    assert sorted(names) == sorted(str(one.order_id) for one in told)
    brand.pull("cj", FIRST_MORNING + timedelta(days=1))
    for one in told:
        ((total, reasons),) = brand.query(
            "select sum(sale_amount_adv_currency), max(correction_reason) from (select * from valid_cj.commissions"
            " qualify row_number() over (partition by _key order by _observed_at desc) = 1)"
            f" where original_action_id = '{one.record_id}'"
        )
        assert total == (one.amount or 0)
        assert reasons in ("OTHER_REASON", "RETURNED_MERCHANDISE", "DUPLICATED_ORDER")


def test_without_the_enterprise_or_with_the_order_named_twice_nothing_is_drafted(asked: Settings, brand: Brand) -> None:
    rows = pending_cj(brand)
    publish(asked, "cj", [*rows, (rows[0][0], "77", *rows[0][2:])])
    result = drafted(asked)
    assert len(result.instructions) == 3
    assert "2 conversions name the order" in result.left_out[0]
    bare = tuple(replace_corrections(account) for account in asked.accounts)
    silent = asked.model_copy(update={"accounts": bare})
    assert all("enterprise_id" in line or "conversions name" in line for line in drafted(silent).left_out)


def replace_corrections(account: object) -> object:
    return account.model_copy(update={"corrections": {}})  # type: ignore[attr-defined]


def test_errors_that_name_no_order_leave_the_batch_unknown(asked: Settings, brand: Brand) -> None:
    drafted(asked)
    released(asked)
    # Locked by now, so the service refuses each.
    brand.sandbox.set_clock(NOON + timedelta(days=60))
    sent(asked)
    assert states_of(asked) == {"unknown": 4}
    before = len(brand.sandbox.calls)
    sent(asked)
    assert len(brand.sandbox.calls) == before


def test_a_wrong_token_is_no_call(asked: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    drafted(asked)
    released(asked)
    monkeypatch.setenv("BRAND_CJ_TOKEN", "somebody-elses")
    sent(asked)
    assert states_of(asked) == {"released": 4}
