"""Voluum's records: columns asked for, allowed fields, typed columns, checks.

Times are texts of a 12-hour clock in the zone asked for; revenue is a number in the account's currency; what is not
known is an empty text.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import instant, integer, money, text

#: How Voluum prints a time, as strptime reads it.
PRINTED = "%Y-%m-%d %I:%M:%S %p"

CONVERSIONS = pa.DataFrameSchema(
    {
        "row_id": text("rowId", "Click, transaction and conversion type: what tells rows apart.", required=True),
        "click_id": text("clickId", "Voluum's id of the visit and of its clicks.", required=True),
        "transaction_id": text("transactionId", "The merchant's id, often its order; empty where none was sent."),
        "external_id": text("externalId", "The traffic source's own click id."),
        "postback_timestamp": instant(
            "postbackTimestamp", "Arrival of the conversion or its correction.", required=True, form=PRINTED
        ),
        "visit_timestamp": instant("visitTimestamp", "Visit that led to it.", form=PRINTED),
        "conversion_type": text("conversionType", "Type by name; corrections usually have one of their own."),
        "conversion_type_id": text("conversionTypeId", "Type by id."),
        "conversions": integer("conversions", "How many conversions the row counts for."),
        "revenue": money("revenue", "What the conversion brings; negative on a correction.", required=True),
        "campaign_id": text("campaignId", "Campaign, which is the account.", required=True),
        "campaign_name": text("campaignName", "Its name."),
        "traffic_source_id": text("trafficSourceId", "Traffic source: where the visitor came from."),
        "traffic_source_name": text("trafficSourceName", "Its name."),
        "affiliate_network_name": text("affiliateNetworkName", "Affiliate network of the offer."),
        "offer_id": text("offerId", "Offer."),
        "offer_name": text("offerName", "Its name."),
        "country_code": text("countryCode", "Country, ISO 3166."),
        "device_name": text("deviceName", "Kind of device."),
        "custom_variable1": text("customVariable1", "First variable that the traffic source hands over."),
    },
    strict=True,
)

#: Columns that the question names.
CONVERSION_COLUMNS = tuple(
    path for column in CONVERSIONS.columns.values() if (path := str(column.metadata["path"])) != "rowId"
)
CONVERSION_FIELDS = frozenset({*CONVERSION_COLUMNS, "rowId"})

# Persons and their devices; what traffic sources put into variables may be anything.
CONVERSION_PERSONAL = frozenset({"city", "ip", "isp", *(f"customVariable{number}" for number in range(2, 11))})

CONVERSION_FIELDS_DROPPED = CONVERSION_PERSONAL | {
    "affiliateNetworkId", "brand", "browser", "browserVersion", "connectionType", "cost", "countryName", "creativeId",
    "device", "landerId", "landerName", "mobileCarrier", "model", "os", "osVersion", "payout", "profit", "region",
}  # fmt: skip

_OF_A_TOUCH = {
    "click_id": text("clickId", "Voluum's id of the visit and of its clicks.", required=True),
    "external_id": text("externalId", "The traffic source's own click id."),
    "campaign_id": text("campaignId", "Campaign, which is the account."),
    "campaign_name": text("campaignName", "Its name."),
    "offer_id": text("offerId", "Offer."),
    "offer_name": text("offerName", "Its name."),
    "country_code": text("countryCode", "Country, ISO 3166."),
}

VISITS = pa.DataFrameSchema(
    {
        **_OF_A_TOUCH,
        "visited_at": instant("timestamp", "Visit.", required=True, form=PRINTED),
        "traffic_source_id": text("trafficSourceId", "Traffic source: where the visitor came from."),
        "traffic_source_name": text("trafficSourceName", "Its name."),
        "device_name": text("deviceName", "Kind of device."),
        "custom_variable1": text("customVariable1", "First variable that the traffic source hands over."),
    },
    strict=True,
)

CLICKS = pa.DataFrameSchema(
    {**_OF_A_TOUCH, "clicked_at": instant("timestamp", "Click from the page visited to an offer.", required=True,
                                          form=PRINTED)},
    strict=True,
)  # fmt: skip

VISIT_FIELDS = frozenset(str(column.metadata["path"]) for column in VISITS.columns.values())
CLICK_FIELDS = frozenset(str(column.metadata["path"]) for column in CLICKS.columns.values())

TOUCH_PERSONAL = CONVERSION_PERSONAL | {"referrer", "userAgent"}
VISIT_FIELDS_DROPPED = TOUCH_PERSONAL | CONVERSION_FIELDS_DROPPED - {"cost", "payout", "profit"} | {
    "affiliateNetworkName",
}  # fmt: skip
CLICK_FIELDS_DROPPED = VISIT_FIELDS_DROPPED | (VISIT_FIELDS - CLICK_FIELDS)
