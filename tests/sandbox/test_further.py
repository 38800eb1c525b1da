"""Situations that are planted where they are asked for: each ends as declared, and each is what it is called."""

import csv
from pathlib import Path

import polars as pl
import pytest

from affiliate_assets.crm.terms import TERMS
from affiliate_assets.sandbox import EVERY_KIND, NETWORKS, Style, World, WorldConfig, build_world
from affiliate_assets.sandbox.agreements import CAP, REFUSED_VOUCHER
from affiliate_assets.sandbox.changes import ID_LENGTH
from affiliate_assets.sandbox.config import SHOPS
from affiliate_assets.sandbox.further import FURTHER
from affiliate_assets.sandbox.items import items_of
from affiliate_assets.sandbox.labels import CAUSES
from affiliate_assets.sandbox.scenarios import FURTHER_ORPHAN_KINDS, KINDS
from affiliate_assets.sandbox.times import to_epoch

from .reference import utc

LONG_AFTER = utc(2027, 6, 1)
DIFFERENT = {"missing_in_crm", "missing_in_network", "amount_mismatch", "status_mismatch", "duplicate_claim"}


@pytest.fixture(scope="module", params=[(1, Style()), (2, Style("W", ("SHOP24",), "", 8_100_001))])
def everything(request: pytest.FixtureRequest) -> World:
    """A world of every kind over all networks, in two manners of order ids."""
    seed, style = request.param
    return build_world(
        WorldConfig(
            seed=seed,
            days=60,
            orders_per_day=40,
            plant_every=2,
            networks=tuple(NETWORKS),
            kinds=EVERY_KIND,
            agreements=True,
            style=style,
            items=True,
        )
    )


def test_every_kind_is_planted_on_many_networks(everything: World) -> None:
    """All kinds are there several times, and each further one on at least five networks."""
    assert len(EVERY_KIND) >= 24
    assert everything.planted().keys() == set(EVERY_KIND)
    assert min(everything.planted().values()) >= 10
    for kind, declared in FURTHER.items():
        mine = {c.network for c in everything.conversions if c.kind == kind}
        assert len(mine) >= (5 if declared.reports else 0), kind


def test_every_kind_ends_as_declared(everything: World) -> None:
    """Long after the last event, the records of a kind have its classes, and the differing ones its cause."""
    frame = everything.truth(LONG_AFTER)
    for kind, declared in FURTHER.items():
        mine = frame.filter(pl.col("kind") == kind)
        assert set(mine.filter(pl.col("side") == "order")["class"]) == {declared.order}, kind
        told = set(mine.filter(pl.col("side") == "network")["class"])
        assert told == ({declared.network} | ({"matched"} if declared.network == "duplicate_claim" else set())) - {None}
        different = mine.filter(pl.col("class").is_in(sorted(DIFFERENT)))
        cause = "not_tracked" if declared.order == "missing_in_network" else CAUSES.get(kind)
        assert set(different["root_cause"]) <= {cause}, kind
        assert set(mine.filter(~pl.col("class").is_in(sorted(DIFFERENT)))["root_cause"]) <= {"no_difference"}
    for kind in FURTHER_ORPHAN_KINDS:
        mine = frame.filter(pl.col("kind") == kind)
        cause = "order_id_missing" if kind == "no_order_named" else "order_unknown"
        assert set(mine.select("side", "class", "root_cause").rows()) == {("network", "missing_in_crm", cause)}
    ordinary = frame.filter(pl.col("kind").is_null())
    assert set(ordinary["class"]) == {"matched", "not_affiliate"}
    assert set(ordinary["commission_reason"].drop_nulls()) <= {"as_agreed", "currency_differs"}
    for kind, (network, order) in KINDS.items():
        found = set(frame.filter(pl.col("kind") == kind)["class"])
        assert found <= {network, order, "matched"}, kind


def test_wrong_commissions_are_wrong(everything: World) -> None:
    """What is paid differs from what is owed exactly where a reason is told, and the reason is the planted one."""
    frame = everything.truth(LONG_AFTER).filter(
        pl.col("expected_commission").is_not_null() & (pl.col("side") == "network")
    )
    differs = frame.filter(pl.col("publisher_commission") != pl.col("expected_commission"))
    assert set(differs["commission_reason"]) == {
        *("wrong_rate", "wrong_tier", "cap_ignored", "wrong_base", "voucher_not_authorised", "outside_click_window"),
        *("returning_paid_as_new", "order_void"),
    }
    assert set(frame.filter(pl.col("publisher_commission") == pl.col("expected_commission"))["commission_reason"]) == {
        "as_agreed"
    }
    for kind in ("wrong_rate", "wrong_tier", "cap_ignored", "unauthorised_voucher", "late_conversion", "wrong_base"):
        mine = frame.filter(pl.col("kind") == kind)
        assert mine.height >= 5
        assert mine.filter(pl.col("publisher_commission") <= pl.col("expected_commission")).height == (
            mine.filter(pl.col("publisher_commission") < pl.col("expected_commission")).height
        )


def test_what_is_planted_is_what_it_is_called(everything: World) -> None:
    """Ids are cut where they are said to be, parts add up, foreign accounts are foreign, and two claims are alike."""
    style, late = everything.config.style, to_epoch(LONG_AFTER)
    for order in everything.orders:
        told = order.conversions
        if order.kind == "id_cut":
            assert told[0].order_ref == order.order_id[:ID_LENGTH] != order.order_id
        elif order.kind == "id_in_comment":
            assert style.order_id(order.number) in str(told[0].order_ref) != order.order_id
        elif order.kind == "split_shipment":
            assert sum(c.steps[0].sale for c in told) == order.net
            assert min(c.steps[0].sale for c in told) > 0
        elif order.kind == "subscription_renewal":
            assert told[1].occurred_at - told[0].occurred_at == 30 * 86_400
        elif order.kind in ("booked_in_other_currency", "currency_label_wrong"):
            assert told[0].programme.currency != SHOPS[order.shop].currency
        elif order.kind in ("double_pixel", "double_back_button", "double_batch"):
            first, second = told
            assert (first.network, first.partner, first.steps[0].sale) == (
                second.network,
                second.partner,
                second.steps[0].sale,
            )
            assert 0 <= second.occurred_at - first.occurred_at < 1_800
            assert second.order_ref != first.order_ref
        elif order.kind == "cap_ignored":
            assert told[0].commission(order.net) > CAP >= told[0].owed(order.net)
        elif order.kind == "unauthorised_voucher":
            assert order.voucher == REFUSED_VOUCHER
        elif order.kind == "gift_card_taken_off":
            assert told[0].step(late).sale + order.gift_card == order.net
        elif order.kind == "line_left_out":
            assert order.net - told[0].step(late).sale == items_of(order)[-1].net > 0
        elif order.kind == "line_alone":
            assert 0 < told[0].step(late).sale == items_of(order)[0].net < order.net - items_of(order)[-1].net
        elif order.kind == "last_second_takeover":
            assert told[0].click_at is None or order.ordered_at - told[0].click_at < 15
        elif order.kind == "late_conversion":
            assert order.ordered_at - int(told[0].click_at or 0) > 30 * 86_400
            assert order.click_at is None


def test_the_brand_keeps_a_list_of_its_terms(everything: World, tmp_path: Path) -> None:
    """The list has only columns that a brand may keep, each id once, and a rate for each account's publishers."""
    with everything.write_terms(tmp_path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) <= set(TERMS.columns)
    assert len({row["term_id"] for row in rows}) == len(rows)
    agreed = {(row["network"], row["account_id"], row["publisher_id"]) for row in rows if row["rate"]}
    assert agreed == {
        (network.slug, account.account_id, publisher.publisher_id)
        for network in everything.market.networks
        if not network.tracker
        for account in network.accounts
        for publisher in network.publishers
    }


def test_a_world_without_wishes_keeps_its_rates_and_columns(tmp_path: Path) -> None:
    """Neither gift cards nor agreements are in a world that does not ask for them."""
    world = build_world(WorldConfig(seed=5, days=20, orders_per_day=10))
    orders, _ = world.write_exports(tmp_path, utc(2026, 2, 1))
    assert "gift_card" not in orders.read_text(encoding="utf-8-sig").splitlines()[0]
    assert set(world.truth(LONG_AFTER)["signal"]) == {None}
    for conversion in world.conversions:
        assert conversion.commission(10_000) == conversion.partner.rate
