"""What a network's own record says against an instruction that would otherwise be drafted."""

from __future__ import annotations

import pytest

from affiliate_assets.connectors.corrections import Action
from affiliate_assets.errors import RecordError
from affiliate_assets.networks.cj.corrections import CORRECTIONS as CJ
from affiliate_assets.networks.partnerize.corrections import CORRECTIONS as PARTNERIZE


@pytest.mark.parametrize("status", ["mixed", "rejected", None])
def test_a_conversion_with_rejected_items_is_not_approved_as_a_whole(status: str | None) -> None:
    record = {"conversion_value": {"conversion_status": status}, "conversion_item_ids": "1 2"}
    with pytest.raises(RecordError, match="its rejected items would be too"):
        PARTNERIZE.details("approve", [record])
    assert PARTNERIZE.details("decline", [record]) == {}
    pending = {"conversion_value": {"conversion_status": "pending"}, "conversion_item_ids": "1 2"}
    assert PARTNERIZE.details("approve", [pending]) == {}


@pytest.mark.parametrize(("action", "kind", "is_left"), [
    ("amend", "item_sale", True), ("amend", "sim_sale", False), ("decline", "item_sale", False),
])  # fmt: skip
def test_an_amount_that_is_told_by_item_is_left_to_a_person(action: Action, kind: str, is_left: bool) -> None:
    record = {"actionTrackerId": "7", "actionType": kind, "original": True}
    if is_left:
        with pytest.raises(RecordError, match="told by item"):
            CJ.details(action, [record])
    else:
        assert CJ.details(action, [record]) == {"action_tracker_id": "7"}


def test_a_commission_that_was_corrected_before_is_left_to_a_person_whatever_was_read_last() -> None:
    original = {"actionTrackerId": "7", "actionType": "sim_sale", "original": True}
    family = [original, {**original, "original": False}]
    for records in (family, family[::-1]):
        with pytest.raises(RecordError, match="was corrected before"):
            CJ.details("amend", records)
        assert CJ.details("decline", records) == {"action_tracker_id": "7"}
