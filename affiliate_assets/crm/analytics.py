"""The tables of web analytics and of advertising spend: few columns of many, none of them personal in the clear.

Titles are those of the documented tables: Google Analytics 4's export to BigQuery (nested, Parquet), Snowplow's
`atomic.events`, and the warehouse tables of Segment and RudderStack (`pages`, `order_completed`).
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.schema import currency, instant, money, text

_VISITOR = text("visitor_hash", "Keyed hash of the browser's id; none where consent was refused.")
_URL = text("page_url", "Address of the page with its click ids.")
_REFERRER = text("referrer_host", "Host of the page before.")
_TAGS = {
    "utm_source": text("utm_source", "Campaign source."),
    "utm_medium": text("utm_medium", "Campaign medium."),
    "utm_campaign": text("utm_campaign", "Campaign."),
}

_COLLECTED = "collected_traffic_source"

GA4_EVENTS = FileStream(
    name="ga4_events",
    description="One event of Google Analytics 4 as exported to BigQuery: a page view, or a purchase.",
    key=("event_key",),
    columns={
        "event_name": "event_name",
        "event_timestamp": "event_timestamp",
        "user_pseudo_id": "visitor_id",
        "stream_id": "stream_id",
        "event_params.page_location": "page_url",
        "event_params.page_referrer": "referrer",
        f"{_COLLECTED}.manual_source": "utm_source",
        f"{_COLLECTED}.manual_medium": "utm_medium",
        f"{_COLLECTED}.manual_campaign_name": "utm_campaign",
        f"{_COLLECTED}.gclid": "gclid",
        f"{_COLLECTED}.dclid": "dclid",
        f"{_COLLECTED}.srsltid": "srsltid",
        "ecommerce.transaction_id": "order_id",
    },
    # Tables of properties that never had a campaign or an order lack the nested columns.
    optional=frozenset(
        {"stream_id", "utm_source", "utm_medium", "utm_campaign", "gclid", "dclid", "srsltid", "order_id"}
    ),
    hashed={"visitor_id": "visitor_hash"},
    hosts={"referrer": "referrer_host"},
    # The table has no id of an event.
    identity=("visitor_hash", "event_timestamp", "event_name", "page_url"),
    needed=False,
    is_wide=True,
    schema=pa.DataFrameSchema(
        {
            "event_key": text("event_key", "Made of browser, time, name and page.", required=True),
            "event_name": text("event_name", "Name of the event.", required=True),
            "occurred_at": instant("event_timestamp", "Event logged, by the device.", required=True, form="unix_us"),
            "visitor_hash": _VISITOR,
            "stream_id": text("stream_id", "Data stream of the property."),
            "page_url": _URL,
            "referrer_host": _REFERRER,
            **_TAGS,
            "gclid": text("gclid", "Click id of Google Ads."),
            "dclid": text("dclid", "Click id of Display & Video 360."),
            "srsltid": text("srsltid", "Click id of a free listing."),
            "order_id": text("order_id", "The shop's order number, of a purchase."),
        },
        strict=True,
    ),
)

SNOWPLOW_EVENTS = FileStream(
    name="snowplow_events",
    description="One event of Snowplow's atomic.events.",
    key=("event_id",),
    columns={
        "event_id": "event_id",
        "app_id": "app_id",
        "event": "event_name",
        "derived_tstamp": "derived_tstamp",
        "domain_userid": "visitor_id",
        "page_url": "page_url",
        "page_referrer": "referrer",
        "mkt_source": "utm_source",
        "mkt_medium": "utm_medium",
        "mkt_campaign": "utm_campaign",
        "tr_orderid": "order_id",
    },
    optional=frozenset({"order_id"}),
    hashed={"visitor_id": "visitor_hash"},
    hosts={"referrer": "referrer_host"},
    needed=False,
    is_wide=True,
    schema=pa.DataFrameSchema(
        {
            "event_id": text("event_id", "Id of the event; it can come twice.", required=True),
            "app_id": text("app_id", "Site."),
            "event_name": text("event_name", "Kind of event: page_view, transaction, struct …", required=True),
            "occurred_at": instant("derived_tstamp", "Event, corrected for the clock of the device.", required=True),
            "visitor_hash": _VISITOR,
            "page_url": _URL,
            "referrer_host": _REFERRER,
            **_TAGS,
            "order_id": text("order_id", "The shop's order number, of a transaction."),
        },
        strict=True,
    ),
)

SEGMENT_PAGES = FileStream(
    name="segment_pages",
    description="One page call of Segment or RudderStack.",
    key=("event_id",),
    columns={
        "id": "event_id",
        "timestamp": "timestamp",
        "anonymous_id": "visitor_id",
        "context_page_url": "page_url",
        "context_page_referrer": "referrer",
        "context_campaign_source": "utm_source",
        "context_campaign_medium": "utm_medium",
        "context_campaign_name": "utm_campaign",
    },
    # A column exists only once a value came.
    optional=frozenset({"referrer", "utm_source", "utm_medium", "utm_campaign"}),
    hashed={"visitor_id": "visitor_hash"},
    hosts={"referrer": "referrer_host"},
    needed=False,
    is_wide=True,
    schema=pa.DataFrameSchema(
        {
            "event_id": text("event_id", "Id of the message.", required=True),
            "occurred_at": instant("timestamp", "Call, corrected for the clock of the device.", required=True),
            "visitor_hash": _VISITOR,
            "page_url": _URL,
            "referrer_host": _REFERRER,
            **_TAGS,
        },
        strict=True,
    ),
)

SEGMENT_ORDERS = FileStream(
    name="segment_orders",
    description="One call Order Completed of Segment or RudderStack: whose browser an order came from.",
    key=("event_id",),
    columns={"id": "event_id", "timestamp": "timestamp", "anonymous_id": "visitor_id", "order_id": "order_id"},
    hashed={"visitor_id": "visitor_hash"},
    needed=False,
    is_wide=True,
    schema=pa.DataFrameSchema(
        {
            "event_id": text("event_id", "Id of the message.", required=True),
            "occurred_at": instant("timestamp", "Call, corrected for the clock of the device.", required=True),
            "visitor_hash": _VISITOR,
            "order_id": text("order_id", "The shop's order number."),
        },
        strict=True,
    ),
)

AD_SPEND = FileStream(
    name="ad_spend",
    description="What a channel or campaign cost on one day, as the brand books it.",
    key=("spend_key",),
    columns={name: name for name in ("day", "channel", "campaign", "currency", "cost")},
    optional=frozenset({"campaign"}),
    identity=("day", "channel", "campaign", "currency"),
    needed=False,
    schema=pa.DataFrameSchema(
        {
            "spend_key": text("spend_key", "Made of day, channel, campaign and currency.", required=True),
            "day": text(
                "day",
                "Day in the zone of the account it was spent in.",
                pa.Check.str_matches(r"^\d{4}-\d{2}-\d{2}$"),
                required=True,
            ),
            "channel": text("channel", "Channel, as the rules of channels name it.", required=True),
            "campaign": text("campaign", "Campaign, as its tag names it; empty for what no campaign owns."),
            "currency": currency("currency", "Currency of the cost.", required=True),
            "cost": money("cost", "What was spent.", required=True),
        },
        strict=True,
    ),
)

ANALYTICS = (GA4_EVENTS, SNOWPLOW_EVENTS, SEGMENT_PAGES, SEGMENT_ORDERS, AD_SPEND)
