"""Sales and contract terms drawn at random, as records of the network, the shop and the brand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.dbt import brand

D = Decimal
CENT = D("0.01")
BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BASES = ("net_goods", "net_before_discount", "net_with_shipping", "gross")
# As the network lists them.
PUBLISHERS = {"71": "Discount Code", "72": "Content", "73": "Content", "74": None}

Term = dict[str, Any]


@dataclass(frozen=True)
class Sale:
    """One sale as both sides know it, or a bonus; `paid` is what the network reports."""

    number: int
    is_bonus: bool
    account: str
    publisher: str
    at: datetime
    click_age: timedelta
    customer: str | None
    voucher: str | None
    is_void: bool
    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    refunded_net: Decimal
    paid: Decimal

    @property
    def month(self) -> tuple[int, int]:
        local = self.at.astimezone(BERLIN)
        return local.year, local.month

    def base(self, name: str) -> Decimal:
        if self.is_void:
            return D(0)
        net = self.subtotal - self.discount - self.refunded_net
        return {
            "net_goods": net,
            "net_before_discount": self.subtotal - self.refunded_net,
            "net_with_shipping": net + self.shipping,
            "gross": self.subtotal - self.discount + self.shipping + self.tax - self.refunded_net,
        }[name]


def money(draw: random.Random, most: int) -> Decimal:
    return D(draw.randrange(100, most * 100)) / 100


def drawn_sales(draw: random.Random, count: int) -> list[Sale]:
    sales = []
    for number in range(1, count + 1):
        subtotal = money(draw, 400)
        discount = (subtotal * draw.choice([0, 0, 10, 25]) / 100).quantize(CENT)
        refunded = ((subtotal - discount) * draw.choice([0, 0, 0, 30]) / 100).quantize(CENT)
        sales.append(
            Sale(
                number=number,
                is_bonus=draw.random() < 0.06,
                account=draw.choice(["1001", "1002"]),
                publisher=draw.choice(list(PUBLISHERS)),
                # Few instants, so that sales of one second occur too.
                at=FIRST + timedelta(minutes=30 * draw.randrange(48 * 75)),
                click_age=timedelta(seconds=draw.choice([60, 7 * 86400, 7 * 86400 + 1, 40 * 86400])),
                customer=draw.choice(["new", "returning", None]),
                voucher=draw.choice([None, None, "SAVE", "Other"]),
                is_void=draw.random() < 0.1,
                subtotal=subtotal,
                discount=discount,
                shipping=money(draw, 9),
                tax=money(draw, 60),
                refunded_net=refunded,
                paid=money(draw, 30),
            )
        )
    return sales


def drawn_terms(draw: random.Random, count: int) -> list[Term]:
    terms: list[Term] = [
        {"term_id": "m1", "publisher_id": "74", "partner_group": "content", "valid_from": "2026-02-01"},
        {"term_id": "m2", "publisher_id": "71", "partner_group": "Content", "valid_from": "2026-01-10"},
        {"term_id": "m3", "publisher_id": "71", "partner_group": "content", "valid_from": "2026-02-01"},
        {
            "term_id": "m4",
            "publisher_id": "73",
            "partner_group": "own",
            "valid_from": "2026-02-01",
            "account_id": "1001",
        },
    ]
    terms[1]["valid_to"] = "2026-02-15"
    for number in range(count):
        scope = draw.choice(["publisher", "group", "all", "all"])
        term: Term = {
            "term_id": f"term-{number:02d}",
            "account_id": draw.choice([None, None, "1001"]),
            "publisher_id": draw.choice(list(PUBLISHERS)) if scope == "publisher" else None,
            "partner_group": draw.choice(["content", "DISCOUNT CODE", "Own"]) if scope == "group" else None,
            "valid_from": draw.choice(["2025-06-01", "2026-01-01", "2026-01-15", "2026-02-01"]),
            "valid_to": draw.choice([None, None, "2026-02-15", "2026-03-01"]),
            "rate": draw.choice([None, D("0.05"), D("0.08"), D("0.1234")]),
            "flat_amount": draw.choice([None, None, D("1.50")]),
            "bonus": draw.choice([None, None, D(25), D(40)]),
            "currency": draw.choice(["EUR", "EUR", "EUR", "EUR", "USD"]),
            "tier_from": draw.choice([None, None, D(0), D(500), D(3000)]),
            "cap_per_order": draw.choice([None, None, D(12)]),
            "cap_per_month": draw.choice([None, None, D(90), D(40)]),
            "customer_type": draw.choice([None, None, "new", "returning"]),
            "voucher_code": draw.choice([None, None, None, " save "]),
            "voucher_allowed": draw.choice([None, True, True, False]),
            "click_window_days": draw.choice([None, 7, 30]),
            "network_fee_rate": draw.choice([None, D("0.3"), D("0.205")]),
        }
        term["base"] = None if term["rate"] is None else draw.choice(BASES)
        terms.append(term)
    return terms


def is_membership(term: Term) -> bool:
    return term.get("publisher_id") is not None and term.get("partner_group") is not None


def versions(draw: random.Random, term: Term) -> Iterator[brand.Row]:
    """The version that is known on the night, and those before and after it, which must not count."""
    changed = dict(term) | ({} if is_membership(term) else {"rate": D("0.5"), "base": "gross", "bonus": D(99)})
    if draw.random() < 0.5:
        yield brand.term(term["term_id"], "awin", **changed, _observed_at="2025-12-01 03:00:00", _row_hash="before")
    yield brand.term(term["term_id"], "awin", **term)
    if draw.random() < 0.5:
        yield brand.term(term["term_id"], "awin", **changed, _observed_at="2026-03-02 03:00:01", _row_hash="after")


def as_records(sale: Sale) -> tuple[brand.Row, brand.Row | None]:
    at = sale.at.replace(tzinfo=None)
    conversion = brand.awin(
        sale.number,
        None if sale.is_bonus else f"R{sale.number}",
        "1.00",
        _account_id=sale.account,
        publisher_id=int(sale.publisher),
        transaction_date=at,
        click_date=at - sale.click_age,
        commission_amount=sale.paid,
        type="Bonus" if sale.is_bonus else "Commission group transaction",
    )
    if sale.is_bonus:
        return conversion, None
    order = brand.order(
        f"R{sale.number}",
        str(sale.subtotal),
        "cancelled" if sale.is_void else "paid",
        ordered_at=at,
        updated_at=at,
        discount=sale.discount,
        shipping=sale.shipping,
        tax=sale.tax,
        total=sale.subtotal - sale.discount + sale.shipping + sale.tax,
        refunded=sale.refunded_net,
        refunded_subtotal=sale.refunded_net,
        voucher_code=sale.voucher,
        customer_type=sale.customer,
    )
    return conversion, order
