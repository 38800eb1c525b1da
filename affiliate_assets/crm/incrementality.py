"""What the brand's own experiments say: which share of the orders would not exist without a channel or publisher."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.schema import money, text
from affiliate_assets.crm.terms import DATE, day_of, rule

_COLUMNS = ("channel", "network", "account_id", "publisher_id", "valid_from", "valid_to", "share", "method", "note")

INCREMENTALITY = FileStream(
    name="incrementality",
    description="One measurement, as of a hold-out or lift test: a share of the orders of a span that somebody caused.",
    key=("measurement_id",),
    columns={name: name for name in _COLUMNS},
    optional=frozenset({"network", "account_id", "publisher_id", "method", "note"}),
    identity=("channel", "network", "account_id", "publisher_id", "valid_from", "valid_to"),
    needed=False,
    schema=pa.DataFrameSchema(
        {
            "measurement_id": text("measurement_id", "Made of whom and of the span.", required=True),
            "channel": text(
                "channel",
                "Channel, as the rules of channels name it; unattributed: orders that come anyway.",
                required=True,
            ),
            "network": text(
                "network",
                "Slug of the publisher's network; blank for a whole channel.",
                pa.Check.str_matches("^[a-z0-9_]+$"),
                rule("a network needs a publisher", pl.col("network").is_null() | pl.col("publisher_id").is_not_null()),
            ),
            "account_id": text(
                "account_id",
                "Account with the network; blank for all of them.",
                rule("an account needs a network", pl.col("account_id").is_null() | pl.col("network").is_not_null()),
            ),
            "publisher_id": text(
                "publisher_id",
                "The publisher; blank for a whole channel.",
                rule("a publisher needs a network", pl.col("publisher_id").is_null() | pl.col("network").is_not_null()),
            ),
            "valid_from": text(
                "valid_from",
                "First day of orders, in the brand's zone.",
                pa.Check.str_matches(DATE),
                rule("a day of the calendar", day_of("valid_from").is_not_null()),
                required=True,
            ),
            "valid_to": text(
                "valid_to",
                "First day after them.",
                pa.Check.str_matches(DATE),
                rule("a day of the calendar", day_of("valid_to").is_not_null()),
                rule("after valid_from", day_of("valid_to") > day_of("valid_from")),
                required=True,
            ),
            "share": money(
                "share", "Share of all orders of the span: 0.08.", pa.Check.ge(0), pa.Check.le(1), required=True
            ),
            "method": text("method", "How it was measured."),
            "note": text("note", "Anything else; no personal data.", pa.Check.str_matches(r"^[^@]*$")),
        },
        strict=True,
    ),
)
