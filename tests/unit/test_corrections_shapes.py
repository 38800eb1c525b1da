"""The shape of a correction as each network publishes it: what is built fits, what is spoiled does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from affiliate_assets.connectors.corrections import Action, Corrections, Instruction
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.corrections.journal import Entry
from affiliate_assets.corrections.sending import batches
from affiliate_assets.errors import BrokenAnswer, RecordError
from affiliate_assets.networks import api_connectors

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DETAILS = {
    "awin": {"commission_group": "DEFAULT"},
    "cj": {"enterprise_id": "1113122", "action_tracker_id": "388120"},
    "impact": {},
    "partnerize": {"conversion_item_id": "1110l9001"},
    "tune": {},
    "commission_factory": {},
}
BY_HAND = "commission_factory"
RECORDS = {"impact": "1000.4636.158133", "partnerize": "1011l77"}


def corrections_of(network: str) -> Corrections:
    declared = api_connectors()[network].corrections
    assert declared is not None
    return declared


def told(network: str, action: Action, number: int = 0) -> Instruction:
    ground = {"approve": "order_confirmed", "decline": "order_returned", "amend": "amount_differs"}[action]
    declared = corrections_of(network)
    numbered = {"conversion_item_id": str(number)}
    details = {name: text + numbered.get(name, "") for name, text in DETAILS[network].items()}
    return Instruction(
        network=network,
        account_id="1001.1450",
        record_id=f"{RECORDS.get(network, '48481')}{number}",
        action=action,
        ground=ground,  # type: ignore[arg-type]
        reason=declared.reasons[ground],  # type: ignore[index]
        order_id=f"00{number}",
        occurred_at=NOON,
        status="pending",
        sale_amount=Decimal("20.00"),
        currency="EUR",
        amount=Decimal("18.50") if action == "amend" else None,
        details=details,
    )


def call(network: str, *instructions: Instruction) -> Request:
    return corrections_of(network).request("1001.1450", instructions, NOON)


def actions_of(network: str) -> list[Action]:
    return sorted(corrections_of(network).actions)


@pytest.mark.parametrize("network", list(DETAILS))
def test_what_is_built_is_of_the_published_shape(network: str) -> None:
    for action in actions_of(network):
        corrections_of(network).shape(call(network, told(network, action)))


# Each spoils one thing that the network's reference says.
SPOILED = [
    ("awin", "decline", {"reason": ""}),
    ("awin", "amend", {"details": {"commission_group": ""}}),
    ("awin", "amend", {"currency": "euro"}),
    ("awin", "amend", {"amount": Decimal("-1")}),
    ("awin", "approve", {"record_id": "0"}),
    ("cj", "decline", {"reason": "Returned"}),
    ("cj", "decline", {"order_id": None}),
    ("cj", "decline", {"details": {"enterprise_id": "", "action_tracker_id": "388120"}}),
    ("cj", "amend", {"amount": Decimal("-0.01")}),
    ("cj", "amend", {"currency": ""}),
    ("impact", "decline", {"reason": "ORDER_UPDATE"}),
    ("impact", "amend", {"reason": "REJECTED"}),
    ("impact", "amend", {"record_id": "158133"}),
    ("partnerize", "decline", {"reason": "returned & refunded"}),
    ("partnerize", "decline", {"reason": "r" * 256}),
    ("partnerize", "amend", {"amount": Decimal("-1")}),
    ("tune", "approve", {"record_id": ""}),
    ("commission_factory", "decline", {"order_id": " "}),
    ("commission_factory", "amend", {"amount": Decimal("1.00001")}),
]


@pytest.mark.parametrize(("network", "action", "changes"), SPOILED)
def test_what_the_reference_does_not_allow_is_refused_before_it_is_sent(
    network: str, action: Action, changes: dict[str, Any]
) -> None:
    with pytest.raises(RecordError, match=r"shape|lines"):
        corrections_of(network).shape(call(network, replace(told(network, action), **changes)))


def test_a_file_names_no_order_twice() -> None:
    twice = told("commission_factory", "decline")
    with pytest.raises(RecordError, match="twice"):
        corrections_of("commission_factory").shape(call("commission_factory", twice, replace(twice, record_id="2")))


@pytest.mark.parametrize(
    ("network", "most"),
    [
        ("awin", 40_000),
        ("cj", 10_000),
        ("impact", 1),
        ("partnerize", 100_000),
        ("tune", 1),
        ("commission_factory", 500),
    ],
)
def test_no_call_holds_more_than_the_network_takes(network: str, most: int) -> None:
    assert corrections_of(network).batch == most
    count = most + 1
    entries = [Entry(told(network, "decline", number), "released", 1, "Ada", NOON) for number in range(count)]
    made = list(batches(entries))
    assert [len(batch.ids) for batch in made] == [most, 1]
    assert len({batch.batch_id for batch in made}) == 2
    assert sorted(name for batch in made for name in batch.ids) == sorted(e.instruction.instruction_id for e in entries)
    made[0].request(NOON)
    # One more in the same call is not of the published shape either, where the shape holds a list.
    if network in ("awin", "cj", "partnerize"):
        with pytest.raises(RecordError, match="length"):
            corrections_of(network).shape(call(network, *(entry.instruction for entry in entries)))


@pytest.mark.parametrize("network", ["cj", "partnerize", "commission_factory"])
def test_a_call_holds_one_action_where_the_network_takes_one(network: str) -> None:
    entries = [Entry(told(network, action, 7), "released", 1, "Ada", NOON) for action in actions_of(network)]
    assert [len(batch.ids) for batch in batches(entries)] == [1] * len(entries)


@pytest.mark.parametrize(
    ("network", "body"),
    [
        *((network, body) for network in DETAILS for body in (b"<html>", b"[1]", b"null") if network != BY_HAND),
        ("cj", b'{"data": {}}'),
    ],
)
def test_another_answer_than_documented_may_have_been_followed_all_the_same(network: str, body: bytes) -> None:
    with pytest.raises(BrokenAnswer) as caught:
        corrections_of(network).read(Answer(200, {}, body, None))
    assert caught.value.next_step == "wait for the next pull, which shows whether it was taken."
