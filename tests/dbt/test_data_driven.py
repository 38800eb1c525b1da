"""What the data-driven models say of the brand of `brand.py`, worked out by hand."""

from __future__ import annotations

from decimal import Decimal

from tests.dbt.conftest import Build

CHANNELS = ["affiliate", "direct", "email", "paid"]


def test_removal_effects_are_those_of_the_paths_of_the_brand(acme: Build) -> None:
    # Six orders came straight from an affiliate, one by email, paid and direct; one affiliate click came to nothing.
    assert acme.query("select path, conversions, nulls from intermediate.int_paths__aggregated order by path") == [
        ("affiliate", 6, 1),
        ("email > paid > direct", 1, 0),
    ]
    # 7/8 convert; 1/8 without affiliate, 6/8 without any of the others.
    effects = acme.query("select channel, round(channel_effect, 6) from intermediate.int_weights__markov order by 1")
    lost = [Decimal("0.857143"), *[Decimal("0.142857")] * 3]
    assert [(channel, effect.quantize(Decimal("0.000001"))) for channel, effect in effects] == list(
        zip(CHANNELS, lost, strict=True)
    )


def test_credits_of_shapley_add_up_to_its_result_for_whole_channels(acme: Build) -> None:
    rows = acme.query(
        """
        select channel, credited_conversions, model_conversions from marts.fct_attribution_channels
        where attribution_model = 'shapley' and channel <> 'unattributed' order by channel
        """
    )
    assert [channel for channel, *_ in rows] == CHANNELS
    assert sum(credited for _, credited, _ in rows) == sum(orders for *_, orders in rows) == 7
    # A third of an order is rounded once in the order and once over all.
    assert all(abs(credited - orders) <= Decimal("0.000001") for _, credited, orders in rows)


def test_every_weight_lies_in_its_interval(acme: Build) -> None:
    rows = acme.query(
        """
        select
            attribution_model, count(*), count(weight_low),
            bool_and(channel_weight between weight_low and weight_high)
        from marts.fct_attribution_channels where channel_weight is not null group by 1 order by 1
        """
    )
    assert rows == [(model, 4, 4, True) for model in ("leave_one_out", "markov", "shapley")]
