"""What the brand agreed with its publishers: the columns of its own list, and which rows contradict themselves."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.schema import flag, integer, money, text
from affiliate_assets.crm.rules import given, needs, rule, span_of_days

BASES = ("net_goods", "net_before_discount", "net_with_shipping", "gross")
CUSTOMER_TYPES = ("new", "returning")

_COLUMNS = (
    *("term_id", "network", "account_id", "publisher_id", "partner_group", "valid_from", "valid_to"),
    *("rate", "flat_amount", "bonus", "fixed_fee", "currency", "base", "tier_from", "cap_per_order", "cap_per_month"),
    *("customer_type", "voucher_code", "voucher_allowed", "click_window_days", "network_fee_rate", "validation_days"),
)
_AMOUNTS = ("flat_amount", "bonus", "fixed_fee", "tier_from", "cap_per_order", "cap_per_month")
_SAYS = ("rate", "flat_amount", "bonus", "fixed_fee", "voucher_allowed", "validation_days")
_WHO_AND_WHEN = ("term_id", "network", "account_id", "publisher_id", "partner_group", "valid_from", "valid_to")
# A publisher beside a group: for these days the one belongs to the other.
_IS_MEMBERSHIP = pl.col("publisher_id").is_not_null() & pl.col("partner_group").is_not_null()
_FRACTION = (pa.Check.ge(0), pa.Check.le(1))
_DAYS = (pa.Check.ge(0), pa.Check.le(3650))

TERMS = FileStream(
    name="terms",
    description="What a publisher, a group or every publisher of a network earns, from one day to another.",
    key=("term_id",),
    columns={name: name for name in _COLUMNS},
    optional=frozenset(_COLUMNS) - {"term_id", "network", "valid_from"},
    needed=False,
    schema=pa.DataFrameSchema(
        {
            "term_id": text(
                "term_id",
                "The brand's own id of the term; a later version of it replaces it.",
                rule("says neither what is owed nor until when", _IS_MEMBERSHIP | given(*_SAYS)),
                required=True,
            ),
            "network": text("network", "Slug of the network.", pa.Check.str_matches("^[a-z0-9_]+$"), required=True),
            "account_id": text("account_id", "Account with the network; blank for all of them."),
            "publisher_id": text(
                "publisher_id",
                "The one publisher; blank for more than one.",
                rule(
                    "a publisher beside its group, and nothing else",
                    ~(_IS_MEMBERSHIP & given(*(name for name in _COLUMNS if name not in _WHO_AND_WHEN))),
                ),
            ),
            "partner_group": text(
                "partner_group",
                "Publishers of this group or, as the network's list tells it, type; beside a publisher, its group.",
            ),
            **span_of_days(
                "First day, in the brand's zone.",
                "First day on which it holds no more; blank for ever.",
                may_stay_open=True,
            ),
            "rate": money(
                "rate",
                "Commission as a fraction of the base: 0.08.",
                *_FRACTION,
                rule("a rate needs a base", needs("rate", "base")),
            ),
            "flat_amount": money("flat_amount", "Commission for each sale, beside the rate.", pa.Check.ge(0)),
            "bonus": money("bonus", "What a bonus record of the publisher may be.", pa.Check.ge(0)),
            "fixed_fee": money(
                "fixed_fee",
                "What the publisher gets for each calendar month in which the term holds.",
                pa.Check.ge(0),
                rule(
                    "a fixed fee is one publisher's",
                    needs("fixed_fee", "publisher_id"),
                ),
            ),
            "currency": text(
                "currency",
                "Currency of the amounts of this term.",
                pa.Check.str_matches(r"^[A-Z]{3}$"),
                rule("an amount needs a currency", pl.col("currency").is_not_null() | ~given(*_AMOUNTS)),
            ),
            "base": text(
                "base",
                "What the rate is taken of.",
                pa.Check.isin(BASES),
                rule("a base needs a rate", needs("base", "rate")),
            ),
            "tier_from": money(
                "tier_from", "Sales of the publisher in the month from which this term holds.", pa.Check.ge(0)
            ),
            "cap_per_order": money("cap_per_order", "Most commission for one sale.", pa.Check.ge(0)),
            "cap_per_month": money(
                "cap_per_month",
                "Most commission of the publisher in a month.",
                pa.Check.ge(0),
                rule("a month is not less than an order", pl.col("cap_per_month") >= pl.col("cap_per_order")),
            ),
            "customer_type": text("customer_type", "Only for these customers.", pa.Check.isin(CUSTOMER_TYPES)),
            "voucher_code": text("voucher_code", "Only for sales with this voucher."),
            "voucher_allowed": flag(
                "voucher_allowed", "False: nothing is owed on a sale with this voucher, or, without one, with any."
            ),
            "click_window_days": integer("click_window_days", "Longest time from click to sale.", *_DAYS),
            "network_fee_rate": money("network_fee_rate", "Fee of the network, of the commission.", *_FRACTION),
            "validation_days": integer("validation_days", "Days after which an open sale is approved.", *_DAYS),
        },
        strict=True,
    ),
)
