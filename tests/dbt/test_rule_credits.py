"""The attribution models in SQL on ten thousand random journeys, beside their definitions in exact fractions."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pytest

from tests.attribution.reference import RULES, Rule, whole_parts
from tests.attribution.worlds import NINE
from tests.compiled import Compiled
from tests.dbt.conftest import Build, rebuilt
from tests.dbt.journeys import DIRECT, Journey, write

COUNT = 10_000
CHANNELS = (DIRECT, "affiliate", "email", "paid", "social", "organic")
DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}
LOOKBACK = 30 * 86400
MILLION = 1_000_000
# A model of the brand's own, which leaves orders without credit.
OWN = (
    {"attribution_model": "own", "rule_number": 1, "position": "first", "channel": "email", "weight": Decimal("0.5")},
    {"attribution_model": "own", "rule_number": 2, "channel": "affiliate", "weight": Decimal("0.7"), "is_shared": True},
)
# What marketing-attribution-models gives to channels A, B and C, which are in lower case here.
NINE_CREDITS = {
    "first": (9, 9, 9),
    "last": (15, 6, 6),
    "linear": (10.5, 9, 7.5),
    "position": (11.1, 8.4, 7.5),
}

# Channel, credit and revenue by number of the touch, which is None for what nobody earned.
Lines = dict[int | None, tuple[str, Decimal, Decimal]]


def random_journey(number: int) -> Journey:
    """Up to a dozen touches, some of them of the same second; amounts of either sign, some finer than the currency."""
    draw = random.Random(number)
    count = draw.randint(0, draw.choice((3, 6, 12)))
    moments = [draw.randint(0, LOOKBACK) for _ in range(max(count - draw.randint(0, 1), 1))] + [0, LOOKBACK]
    ages = sorted((draw.choice(moments) for _ in range(count)), reverse=True)
    currency = draw.choice(list(DIGITS))
    places = draw.choice((DIGITS[currency], DIGITS[currency], 6))
    units = draw.choice((draw.randint(-50, 50), draw.randint(0, 10**6), draw.randint(0, 10**10)))
    return Journey(
        f"J{number}", draw.choices(CHANNELS, k=count), ages, Decimal(units).scaleb(-places), currency=currency
    )


def rounded_amount(journey: Journey) -> Decimal:
    """To the smallest unit of its currency, halves away from zero."""
    return journey.amount.quantize(Decimal(1).scaleb(-DIGITS[journey.currency]), ROUND_HALF_UP)


def defined_lines(journey: Journey, rule: Rule) -> Lines:
    """Credit in millionths, and revenue in the smallest units by credit, each rounded so that nothing is lost."""
    amount, digits = rounded_amount(journey), DIGITS[journey.currency]
    weights = rule(journey.channels, journey.ages) if journey.channels else []
    if not any(weights):
        return {None: ("unattributed", Decimal(1), amount)}
    credits = whole_parts(weights, MILLION)
    units = whole_parts(credits, int(abs(amount).scaleb(digits)))
    return {
        place: (channel, Decimal(credit).scaleb(-6), Decimal(part).scaleb(-digits).copy_sign(amount))
        for place, (channel, credit, part) in enumerate(zip(journey.channels, credits, units, strict=True), start=1)
        if credit
    }


@pytest.fixture(scope="module")
def journeys() -> dict[str, Journey]:
    return {f"main:{journey.order_id}": journey for journey in map(random_journey, range(COUNT))}


@pytest.fixture(scope="module")
def credited(journeys: dict[str, Journey], compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The random journeys and the nine paths, of three orders each, with every model of attribution."""
    warehouse = tmp_path_factory.mktemp("journeys") / "affiliate.duckdb"
    nine = [
        Journey(f"N{place}-{number}", path.split(" > "), range(path.count(">"), -1, -1))
        for place, path in enumerate(NINE)
        for number in range(3)
    ]
    project = write(warehouse, [*journeys.values(), *nine], compiled)
    seed = ("seeds", "custom_attribution_models")
    own = pa.Table.from_pylist(list(OWN), schema=project.seeds[seed].schema)
    project = replace(project, seeds=project.seeds | {seed: own})
    return rebuilt(project, warehouse, project.upstream("fct_attribution_credits"))


def test_every_model_shares_out_each_order_to_the_last_unit(journeys: dict[str, Journey], credited: Build) -> None:
    rows = credited.query(
        """
        select attribution_model, order_key, sum(credit_fraction), min(credit_fraction), sum(credited_revenue)
        from marts.fct_attribution_credits where order_id like 'J%' group by attribution_model, order_key
        """
    )
    models = {model for model, *_ in rows}
    assert models == {*RULES, "markov", "shapley", "leave_one_out", "own"}
    assert len(rows) == len(models) * COUNT
    for model, order, credit, least, revenue in rows:
        assert (credit, revenue) == (1, rounded_amount(journeys[order])), (model, order)
        assert least > 0, (model, order)


def test_rules_credit_every_touch_as_defined(journeys: dict[str, Journey], credited: Build) -> None:
    found: dict[tuple[str, str], Lines] = defaultdict(dict)
    for model, order, touch, *line in credited.query(
        """
        select attribution_model, order_key, touch_number, channel, credit_fraction, credited_revenue
        from marts.fct_attribution_credits where order_id like 'J%'
        """
    ):
        found[model, order][touch] = tuple(line)
    for model, rule in RULES.items():
        for order, journey in journeys.items():
            assert found[model, order] == defined_lines(journey, rule), (model, journey)


@pytest.mark.parametrize("model", NINE_CREDITS)
def test_the_nine_paths_are_credited_as_published(model: str, credited: Build) -> None:
    """Paths: tests/test_mam.py of DP6/Marketing-Attribution-Models (Apache-2.0)."""
    rows = credited.query(
        f"""
        select channel, sum(credit_fraction), sum(credited_revenue)
        from marts.fct_attribution_credits
        where order_id like 'N%' and attribution_model = '{model}' group by channel order by channel
        """
    )
    assert [channel for channel, *_ in rows] == ["a", "b", "c"]
    # Eighteen orders have a third to give, and each of their touches is rounded by less than a millionth.
    assert [float(credit) for _, credit, _ in rows] == pytest.approx(NINE_CREDITS[model], abs=2e-5)
    # And by less than a cent.
    assert [float(revenue) for *_, revenue in rows] == pytest.approx(NINE_CREDITS[model], abs=0.2)
