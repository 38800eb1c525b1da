"""What the brand's own experiments say: which share of the orders would not exist without a channel or publisher."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.schema import money, text
from affiliate_assets.crm.rules import needs, rule, span_of_days

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
                rule("a network needs a publisher", needs("network", "publisher_id")),
            ),
            "account_id": text(
                "account_id",
                "Account with the network; blank for all of them.",
                rule("an account needs a network", needs("account_id", "network")),
            ),
            "publisher_id": text(
                "publisher_id",
                "The publisher; blank for a whole channel.",
                rule("a publisher needs a network", needs("publisher_id", "network")),
            ),
            **span_of_days("First day of orders, in the brand's zone.", "First day after them.", may_stay_open=False),
            "share": money(
                "share", "Share of all orders of the span: 0.08.", pa.Check.ge(0), pa.Check.le(1), required=True
            ),
            "method": text("method", "How it was measured."),
            "note": text("note", "Anything else; no personal data.", pa.Check.str_matches(r"^[^@]*$")),
        },
        strict=True,
    ),
)
