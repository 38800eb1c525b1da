"""An instruction that the newest figures no longer ask for as it was drafted is taken back, and never sent."""

from __future__ import annotations

import duckdb
import pytest

from tests.conftest import FIRST_MORNING, Brand
from tests.unit.corrections import NOON, drafted, pending_awin, publish, released, sent, states_of, told_awin


@pytest.fixture
def asked(brand: Brand) -> Brand:
    """A brand with one pending Awin transaction for each kind of difference."""
    brand.pull("awin", FIRST_MORNING)
    publish(brand.settings, "awin", pending_awin(brand))
    brand.sandbox.set_clock(NOON)
    return brand


def test_what_the_data_have_overtaken_is_taken_back(asked: Brand) -> None:
    told = drafted(asked.settings).instructions
    released(asked.settings)
    changed = [
        (*row[:3], "approved" if row[1] == told[0].record_id else row[3], *row[4:]) for row in pending_awin(asked)
    ]
    publish(asked.settings, "awin", changed)
    sent(asked.settings)
    assert states_of(asked.settings) == {"withdrawn": 1, "sent": 3}
    assert int(told[0].record_id) not in told_awin(asked)


OVERTAKEN = {
    "the order came late": "class = 'matched', reason = 'agrees'",
    "its order became worth less": "order_amount = order_amount - 1, amount_difference = amount_difference + 1",
    "it names another ground": "class = 'missing_in_crm', reason = 'no_such_order'",
    "nobody can tell any more": "class = 'not_yet_comparable', reason = 'after_newest_order'",
}


@pytest.mark.parametrize("change", OVERTAKEN.values(), ids=OVERTAKEN.keys())
def test_what_the_figures_no_longer_ask_for_is_taken_back(asked: Brand, change: str) -> None:
    told = drafted(asked.settings).instructions
    (amended,) = (one for one in told if one.action == "amend")
    released(asked.settings)
    with duckdb.connect(str(asked.settings.published / "affiliate.duckdb")) as marts:
        marts.execute(f"update fct_reconciliation_diffs set {change} where record_id = '{amended.record_id}'")
    sent(asked.settings)
    assert states_of(asked.settings) == {"withdrawn": 1, "sent": 3}
    assert int(amended.record_id) not in told_awin(asked)


def test_what_is_locked_or_withheld_meanwhile_is_not_sent(asked: Brand) -> None:
    locked, withheld, *_ = drafted(asked.settings).instructions
    released(asked.settings)
    with duckdb.connect(str(asked.settings.published / "affiliate.duckdb")) as marts:
        marts.execute(f"update fct_conversions set lock_state = 'locked' where conversion_id = '{locked.record_id}'")
        marts.execute(f"update fct_conversions set is_withheld = true where conversion_id = '{withheld.record_id}'")
    sent(asked.settings)
    assert states_of(asked.settings) == {"withdrawn": 1, "released": 1, "sent": 2}
