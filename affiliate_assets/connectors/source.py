"""What every source of records has in common, wherever they come from: frozen values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandera.polars as pa


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One kind of record, wherever it comes from.

    Attributes:
        name: Table name in the raw and valid schemas.
        description: What one record is, for the asset catalogue.
        key: Top-level fields of the record that identify it within the account.
        schema: pandera schema of the valid table, made with `connectors.schema`.
        time_zone: Zone of naive times in the source, unless the account's `time_zone` says another.
    """

    name: str
    description: str
    key: tuple[str, ...]
    schema: pa.DataFrameSchema
    time_zone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where records come from.

    Attributes:
        slug: Lower snake case, the same in folder, schema, asset group and docs.
        title: The source's own spelling.
        streams: What is read.
        owner: Who is asked when it breaks.
    """

    slug: str
    title: str
    streams: tuple[Stream, ...]
    owner: str


@dataclass(frozen=True, kw_only=True)
class Network(Source):
    """One network, seen from the brand's side, however it is read.

    Attributes:
        docs_url: The network's reference.
        correction: How a conversion is corrected: the same record changes in place, rows are added that net with it,
            lines with negative amounts are added, or not at all.
        tells_status: Its conversions carry a state; without, they are `untracked_status`.
        tells_payment: It tells whether a commission was paid.
        lock_rule: When a conversion can no longer be changed, in words with the source.
        needs_currency: The network does not tell the currency: the account must.
        needs_time_zone: Its times are naive in a zone that it does not tell: the account must.
        asks_for_utc: Its calls name UTC as the zone of their times, so that an account's `time_zone` is no one's.
        role: A tracker logs once more what networks report: its conversions are no claims, its clicks are touchpoints.
        currency: The currency of everything that the network tells, where it has only one.
    """

    docs_url: str
    correction: Literal["in_place", "extra_rows", "negative_lines", "none"] = "in_place"
    tells_status: bool = True
    tells_payment: bool = False
    lock_rule: str = "not documented"
    needs_currency: bool = False
    needs_time_zone: bool = False
    asks_for_utc: bool = False
    role: Literal["network", "tracker"] = "network"
    currency: str | None = None
