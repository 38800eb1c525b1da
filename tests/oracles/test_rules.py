"""The models by rule, in SQL, beside independent implementations: each conversion is an order with its own touches.

A credit has six decimals, so sums over orders miss theirs by what was rounded. What a credit is to the last digit, is
proved against the definition of its rule (tests/dbt/test_rule_credits.py); here that definition equals theirs to 1e-9,
and SQL comes as close as rounding lets it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.attribution.reference import RULES, whole_parts
from tests.compiled import Compiled
from tests.dbt.conftest import rebuilt
from tests.dbt.journeys import Journey, write
from tests.oracles.cases import EXACT, GIVEN, HOURS, Named, Rows, channels_of, installed

pytestmark = installed

MILLIONTH = 1e-6
# Nothing is rounded where one touch gets all.
UNDIVIDED = ("first", "last")
# A currency of four decimals: the value of their paths has three and more.
CURRENCY, SMALLEST = "CLF", 1e-4


def ages(channels: list[str]) -> list[int]:
    return [HOURS * 3600 * age for age in range(len(channels), 0, -1)]


def defined(rows: Rows, model: str) -> tuple[Named, Named]:
    """Conversions and value by channel, by the definition of the rule, not rounded."""
    conversions, worth = Counter[str](), Counter[str]()
    for path, count, value, _ in rows:
        channels = channels_of(path)
        weights = RULES[model](channels, ages(channels))
        for channel, weight in zip(channels, weights, strict=True):
            share = float(weight / sum(weights))
            conversions[channel] += share * count
            worth[channel] += share * value
    return dict(conversions), dict(worth)


@dataclass(frozen=True)
class Credited:
    """What SQL gives one channel, and by how much rounding may have changed it."""

    conversions: float
    value: float
    conversions_bound: float
    value_bound: float


NOTHING = Credited(0, 0, 0, 0)
Credits = dict[tuple[int, str], dict[str, Credited]]


def orders_of(case: int, rows: Rows) -> list[Journey]:
    """An order for each conversion of each path, which share its value evenly."""
    journeys = []
    for place, (path, count, value, _) in enumerate(rows):
        amounts = whole_parts([1] * count, round(value / SMALLEST)) if count else []
        channels = channels_of(path)
        journeys += [
            Journey(f"{case}-{place}-{number}", channels, ages(channels), Decimal(amount).scaleb(-4), CURRENCY)
            for number, amount in enumerate(amounts)
        ]
    return journeys


@pytest.fixture(scope="module")
def cases(answers: dict[str, Any]) -> list[Rows]:
    return [answers["shipped"]["rows"], *GIVEN]


@pytest.fixture(scope="module")
def credits(cases: list[Rows], compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Credits:
    warehouse = tmp_path_factory.mktemp("oracles") / "affiliate.duckdb"
    orders = [order for case, rows in enumerate(cases) for order in orders_of(case, rows)]
    project = write(warehouse, orders, compiled)
    build = rebuilt(project, warehouse, project.upstream("fct_attribution_credits"))
    found: Credits = defaultdict(dict)
    for case, model, channel, credit, revenue, touches, amounts in build.query(
        """
        select
            cast(split_part(c.order_id, '-', 1) as integer), c.attribution_model, c.channel, sum(c.credit_fraction),
            sum(c.credited_revenue), count(*), sum(o.commissionable_amount)
        from marts.fct_attribution_credits as c
        inner join marts.fct_orders as o using (order_key)
        group by all
        """
    ):
        found[case, model][channel] = Credited(
            float(credit),
            float(revenue),
            0 if model in UNDIVIDED else MILLIONTH * touches,
            # Rounded are the amount of the order (by one and a half at most), its parts, and the credits they go by.
            2.5 * SMALLEST * touches + MILLIONTH * float(amounts),
        )
    return found


def channel_attribution(told: dict[str, Any], model: str) -> tuple[Named, Named]:
    """Conversions and value by channel."""
    rules = told["channel_attribution"]["rules"]
    conversions, worth = (
        {channel: row[f"{model}_touch_{what}"] for channel, row in rules.items()} for what in ("conversions", "value")
    )
    return conversions, worth


def assert_within(found: dict[str, Credited], expected: Named, what: str) -> None:
    """Each channel, in lower case with us, lies as close as its bound says; one without a row has nothing."""
    assert found.keys() <= {channel.lower() for channel in expected}
    for channel, number in expected.items():
        ours = found.get(channel.lower(), NOTHING)
        bound = getattr(ours, f"{what}_bound") + EXACT
        assert getattr(ours, what) == pytest.approx(number, abs=bound), channel


def test_the_orders_are_those_of_channel_attribution(cases: list[Rows], credits: Credits) -> None:
    assert len(cases[0]) == 10_000
    for model in RULES.keys() - {"affiliate_last_click"}:
        found = credits[0, model].values()
        assert sum(channel.conversions for channel in found) == pytest.approx(19_785, abs=EXACT)
        assert sum(channel.value for channel in found) == pytest.approx(74_802.97, abs=0.01)


@pytest.mark.parametrize("model", ["first", "last", "linear"])
def test_channel_attribution_agrees(model: str, cases: list[Rows], answers: dict[str, Any], credits: Credits) -> None:
    for case, (rows, told) in enumerate(zip(cases, [answers["shipped"], *answers["given"]], strict=True)):
        conversions, worth = channel_attribution(told, model)
        for ours, theirs in zip(defined(rows, model), (conversions, worth), strict=True):
            assert ours == pytest.approx(theirs, abs=EXACT, rel=EXACT)
        assert_within(credits[case, model], conversions, "conversions")
        assert_within(credits[case, model], worth, "value")


def test_rounding_costs_no_channel_a_thousandth_of_a_conversion(answers: dict[str, Any], credits: Credits) -> None:
    theirs, _ = channel_attribution(answers["shipped"], "linear")
    assert {name: channel.conversions for name, channel in credits[0, "linear"].items()} == pytest.approx(
        theirs, abs=1e-3, rel=0
    )


@pytest.mark.parametrize("model", ["first", "last", "linear", "position", "time_decay"])
def test_marketing_attribution_models_agrees(model: str, answers: dict[str, Any], credits: Credits) -> None:
    for case, (rows, told) in enumerate(zip(GIVEN, answers["given"], strict=True), start=1):
        ours, _ = defined(rows, model)
        theirs = dict.fromkeys(ours, 0.0) | told["marketing_attribution_models"][model]
        # Ours rounds the weights of time decay to a millionth, before they are shares.
        assert ours == pytest.approx(theirs, abs=1e-5 if model == "time_decay" else EXACT)
        assert_within(credits[case, model], theirs, "conversions")


def test_the_nine_paths_are_credited_as_published(answers: dict[str, Any]) -> None:
    theirs = answers["given"][0]["marketing_attribution_models"]
    assert theirs["first"] == {"A": 9, "B": 9, "C": 9}
    assert theirs["last"] == {"A": 15, "B": 6, "C": 6}
    assert theirs["linear"] == pytest.approx({"A": 10.5, "B": 9, "C": 7.5})
    assert theirs["position"] == pytest.approx({"A": 11.1, "B": 8.4, "C": 7.5})
