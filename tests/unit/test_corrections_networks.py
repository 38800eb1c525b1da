"""Corrections to networks beside Awin and CJ: the published shape, taken once, shown by the next pull."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from affiliate_assets.corrections.sending import batches
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import World
from tests.unit.corrected import MORNING, NOON, SHOWN, WORDS, Asked, serving, world_of_corrections
from tests.unit.corrections import drafted, entries_of, released, sent, states_of

CALLED = ["impact", "partnerize", "tune"]


@pytest.fixture(scope="module")
def world() -> World:
    return world_of_corrections()


@pytest.fixture
def asked(
    world: World, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Asked]:
    with serving(str(request.param), world, tmp_path, monkeypatch) as served:
        yield served


def shape(asked: Asked) -> list[tuple[str, str, Any]]:
    """Method, path and body of every call that the drafted instructions make."""
    found = []
    for batch in batches(list(entries_of(asked.settings).values())):
        request = batch.request(NOON)
        body = json.loads(request.content, parse_float=Decimal) if request.content else dict(request.form or {})
        found.append((request.method, request.path, body or dict(request.params)))
    return found


@pytest.mark.parametrize("asked", ["impact"], indirect=True)
def test_impact_modifies_and_reverses_by_form_one_action_a_call(asked: Asked) -> None:
    told = drafted(asked.settings, "decline", "amend", "approve", at=NOON).instructions
    path = "Advertisers/IRAcmeDemo0001/Actions"
    ids = [one.record_id for one in told]
    assert shape(asked) == [
        ("DELETE", path, {"ActionId": ids[0], "DispositionCode": "REJECTED"}),
        ("DELETE", path, {"ActionId": ids[1], "DispositionCode": "ITEM_RETURNED"}),
        ("DELETE", path, {"ActionId": ids[2], "DispositionCode": "CREDITED_DIFFERENT_MP"}),
        ("PUT", path, {"ActionId": ids[3], "Reason": "ORDER_UPDATE", "Amount": f"{told[3].amount:.2f}"}),
    ]


@pytest.mark.parametrize("asked", ["partnerize"], indirect=True)
def test_partnerize_takes_conversions_or_items_in_bulk(asked: Asked) -> None:
    told = drafted(asked.settings, "decline", "amend", "approve", at=NOON).instructions
    path = f"v3/brand/campaigns/{told[0].account_id}/conversions/bulk"
    (item,) = asked.query(
        f"select conversion_item_id from {{partnerize.conversion_items}} where conversion_id = '{told[3].record_id}'"
    )
    declined = {
        one.record_id: {"status": "rejected", "reason": reason}
        for one, reason in zip(told, ("no such order", "returned order", "order credited elsewhere"), strict=False)
    }
    assert shape(asked) == [
        (
            "POST",
            path,
            {"conversion_items": {item[0]: {"item_value": told[3].amount, "reason": "order value corrected"}}},
        ),
        ("POST", path, {"conversions": {told[4].record_id: {"status": "approved"}}}),
        ("POST", path, {"conversions": declined}),
    ]


@pytest.mark.parametrize("asked", ["tune"], indirect=True)
def test_tune_sets_a_status_and_amends_nothing(asked: Asked) -> None:
    result = drafted(asked.settings, "decline", "amend", "approve", at=NOON)
    assert [one.action for one in result.instructions] == ["decline", "decline", "decline", "approve"]
    assert "takes no amend" in result.left_out[0]
    question = {"Target": "Conversion", "Method": "updateStatus"}
    assert shape(asked)[0] == (
        "GET",
        "Apiv3/json",
        {**question, "tune_event_id": result.instructions[0].record_id, "status": "rejected"},
    )


@pytest.mark.parametrize("asked", CALLED, indirect=True)
def test_what_is_sent_is_taken_once_and_the_next_pull_shows_it(asked: Asked) -> None:
    told = drafted(asked.settings, "decline", "amend", "approve", at=NOON).instructions
    released(asked.settings, at=NOON)
    sent(asked.settings, at=NOON)
    sent(asked.settings, at=NOON)
    assert states_of(asked.settings) == {"sent": len(told)}
    assert all(call.status in (200, 202) for call in asked.calls)
    assert asked.times_told(told) == {one.instruction_id: 1 for one in told}
    asked.pull(MORNING + timedelta(days=1))
    found = {key: (status, sale) for key, status, sale in asked.query(SHOWN[asked.network])}
    for one in told:
        status, sale = found[one.record_id]
        assert status == WORDS[asked.network][one.action]
        if one.action != "decline":
            assert sale == (one.amount or one.sale_amount)


@pytest.mark.parametrize("asked", CALLED, indirect=True)
def test_a_wrong_shape_is_refused_and_nothing_is_taken(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from affiliate_assets.connectors.language import Request
    from affiliate_assets.corrections import sending

    connector = api_connectors()[asked.network]
    corrections = connector.corrections
    assert corrections is not None

    def wrong(account_id: str, instructions: Any, at: datetime) -> Request:
        request = corrections.request(account_id, instructions, at)
        if request.content is not None:
            return replace(request, content=b'{"conversions": {"1110l1": {"state": "approved"}}}')
        if request.form is not None:
            return replace(request, form={**request.form, "Colour": "red"})
        return replace(request, params={**request.params, "status": "wonderful"})

    broken = replace(connector, corrections=replace(corrections, request=wrong, shape=lambda request: None))
    drafted(asked.settings, "decline", at=NOON)
    released(asked.settings, at=NOON)
    monkeypatch.setattr(sending, "api_connectors", lambda: {asked.network: broken})
    sent(asked.settings, at=NOON)
    # TUNE refuses with 200 and words; whether these are a refusal of this very call is not certain.
    assert states_of(asked.settings) == {"unknown" if asked.network == "tune" else "refused": 3}
    assert not asked.sandbox.desks.taken(asked.network)
