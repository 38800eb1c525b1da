"""What is owed for sales by contract, worked out sale by sale in Python, apart from the models."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.dbt.contract import BASES, BERLIN, CENT, PUBLISHERS, D, Sale, Term, is_membership


@dataclass(frozen=True)
class Owed:
    """The term that holds, what is owed by it, and what would be without its caps and prohibitions."""

    term: Term | None
    amount: Decimal | None
    fee: Decimal | None
    before_prohibition: Decimal
    before_caps: Decimal
    prohibition: str | None


def local_day(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=BERLIN)


def word(voucher: str | None) -> str | None:
    return voucher.strip().upper() if voucher else None


def fits_place_and_time(term: Term, sale: Sale) -> bool:
    return (
        term.get("account_id") in (None, sale.account)
        and term.get("publisher_id") in (None, sale.publisher)
        and local_day(term["valid_from"]) <= sale.at
        and (term.get("valid_to") is None or sale.at < local_day(term["valid_to"]))
    )


def groups(terms: list[Term], sale: Sale) -> set[str]:
    """The brand's own groups of the publisher at the time, else its type in the network's list."""
    own = {term["partner_group"].lower() for term in terms if is_membership(term) and fits_place_and_time(term, sale)}
    listed = PUBLISHERS[sale.publisher]
    return own or ({listed.lower()} if listed else set())


def fits(term: Term, sale: Sale, sales_before: Decimal, of_groups: set[str]) -> bool:
    if is_membership(term) or not fits_place_and_time(term, sale):
        return False
    if term["partner_group"] is not None and term["partner_group"].lower() not in of_groups:
        return False
    if sale.is_bonus:
        return term["bonus"] is not None
    return (
        term["customer_type"] in (None, sale.customer)
        and word(term["voucher_code"]) in (None, word(sale.voucher))
        and (term["tier_from"] is None or term["currency"] != "EUR" or sales_before >= term["tier_from"])
        and (
            term["rate"] is not None
            or term["flat_amount"] is not None
            or (term["voucher_allowed"] is False and sale.voucher is not None)
        )
    )


def specificity(term: Term) -> tuple[Any, ...]:
    return (
        0 if term["publisher_id"] else 1 if term["partner_group"] else 2,
        term["account_id"] is None,
        term["voucher_code"] is None,
        term["customer_type"] is None,
        term["currency"] != "EUR",
        -(term["tier_from"] if term["tier_from"] is not None else -1),
        -local_day(term["valid_from"]).timestamp(),
        term["term_id"],
    )


def before_caps(term: Term, sale: Sale, base: Decimal | None = None) -> Decimal:
    if sale.is_bonus:
        return D(term["bonus"] or 0)
    taken_of = base if base is not None else sale.base(term["base"] or "net_goods")
    share = taken_of * term["rate"] if term["rate"] is not None else D(0)
    return (share + (term["flat_amount"] or 0)).quantize(CENT, ROUND_HALF_UP)


def of_one_sale(term: Term, sale: Sale, base: Decimal | None = None) -> Decimal:
    amount = before_caps(term, sale, base)
    cap = None if sale.is_bonus else term["cap_per_order"]
    return amount if cap is None else min(amount, cap)


def has_amounts(term: Term, sale: Sale) -> bool:
    names = ("flat_amount", "tier_from", "cap_per_order", "cap_per_month")
    return sale.is_bonus or any(term[name] is not None for name in names)


def prohibition(term: Term, sale: Sale) -> str | None:
    if sale.is_bonus:
        return None
    if sale.is_void:
        return "order_void"
    if sale.voucher is not None and term["voucher_allowed"] is False:
        return "voucher_not_authorised"
    window = term["click_window_days"]
    return "outside_click_window" if window is not None and sale.click_age > timedelta(days=window) else None


def in_order(sales: list[Sale]) -> list[Sale]:
    return sorted(sales, key=lambda sale: (sale.at, f"awin:{sale.account}:{sale.number}"))


def expectations(sales: list[Sale], terms: list[Term]) -> Iterator[tuple[Sale, Owed]]:
    """What is owed for each sale, taken in the order of time."""
    sold: dict[tuple[Any, ...], Decimal] = {}
    used: dict[tuple[Any, ...], Decimal] = {}
    for sale in in_order(sales):
        month = (sale.account, sale.publisher, sale.month)
        before = sold.get(month, D(0))
        if not sale.is_bonus:
            sold[month] = before + sale.base("net_goods")
        of_groups = groups(terms, sale)
        holding = sorted((term for term in terms if fits(term, sale, before, of_groups)), key=specificity)
        if not holding:
            nothing = D(0) if sale.is_void and not sale.is_bonus else None
            yield sale, Owed(None, nothing, None, D(0), D(0), "order_void" if nothing is not None else None)
            continue
        term = holding[0]
        forbidden = prohibition(term, sale)
        amount: Decimal | None = D(0) if forbidden else of_one_sale(term, sale)
        if not forbidden and term["currency"] != "EUR" and has_amounts(term, sale):
            amount = None
        cap = term["cap_per_month"]
        if cap is not None and not sale.is_bonus and amount is not None:
            share = (*month, cap)
            left = cap - used.get(share, D(0))
            amount = min(amount, left)
            used[share] = used.get(share, D(0)) + amount
        rate = term["network_fee_rate"]
        fee = None if amount is None or rate is None else (amount * rate).quantize(CENT, ROUND_HALF_UP)
        yield sale, Owed(term, amount, fee, of_one_sale(term, sale), before_caps(term, sale), forbidden)


def wrongly_paid(draw: random.Random, sale: Sale, owed: Owed, terms: list[Term]) -> tuple[Decimal, str] | None:
    """A wrong commission and why it is wrong; None where nothing can be wrong, or it could be for two reasons."""
    if owed.term is None or owed.amount is None:
        return None
    if sale.is_bonus:
        return owed.amount + 5, "bonus_differs"
    if owed.prohibition and owed.before_prohibition > CENT:
        return owed.before_prohibition, owed.prohibition
    if owed.prohibition:
        return None
    if owed.before_caps - owed.amount > CENT:
        return owed.before_caps, "cap_ignored"
    name = draw.choice(BASES)
    wrong = of_one_sale(owed.term, sale, sale.base(name)) if owed.term["rate"] else owed.amount
    others = {of_one_sale(term, sale) for term in terms if not is_membership(term) and term is not owed.term}
    if wrong == owed.amount or wrong in others:
        return None
    return wrong, "wrong_base"


def paid_by(draw: random.Random, sales: list[Sale], terms: list[Term]) -> Iterator[tuple[Sale, str]]:
    """The sales as the network pays them, and the reason that its arithmetic has to tell."""
    for sale, owed in expectations(sales, terms):
        wrong = wrongly_paid(draw, sale, owed, terms) if draw.random() < 0.6 else None
        if wrong is not None:
            yield replace(sale, paid=wrong[0]), wrong[1]
        elif owed.term is None and owed.amount is None:
            yield sale, "no_term_known"
        elif owed.amount is None:
            yield sale, "currency_differs"
        else:
            yield replace(sale, paid=owed.amount), "as_agreed"
