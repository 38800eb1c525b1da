"""TUNE's records: fields that are asked for, typed columns, checks.

All values come as text. Amounts are in the row's currency, times are naive in the network's own zone. A field is named
`Model.field` by TUNE and lands as `Model_field`, the fields of a record's own model without the prefix.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import currency, instant, integer, money, text, word

STATUSES = ("approved", "pending", "rejected")
# 81 and above are partner caps; two digits are read as the whole list.
STATUS_CODES = tuple(
    str(code) for code in (*range(11, 20), 21, 22, 23, 31, 41, 42, 43, 51, 52, *range(61, 66), *range(81, 100))
)
_ID = pa.Check.str_matches(r"^[A-Za-z0-9-]+$")

CONVERSIONS = pa.DataFrameSchema(
    {
        "tune_event_id": text("tune_event_id", "TUNE's id of this row; stable.", _ID, required=True),
        "ad_id": text("ad_id", "Transaction, which is the click session; its goals share it.", empty=("0",)),
        "offer_id": text("offer_id", "Offer, which is the programme.", required=True),
        "offer_name": text("Offer_name", "Its name."),
        "affiliate_id": text("affiliate_id", "Partner that TUNE credits.", required=True),
        "affiliate_company": text("Affiliate_company", "Its name."),
        "goal_id": integer("goal_id", "Goal; 0 is the offer's default one.", pa.Check.ge(0), required=True),
        "goal_name": text("Goal_name", "Its name."),
        "datetime": instant("datetime", "Conversion.", required=True),
        "session_datetime": instant("session_datetime", "Click; a date of zeros where there is none."),
        "status": word("status", "State of the row.", STATUSES, required=True),
        "status_code": word("status_code", "Why it has this state, and what made the row.", STATUS_CODES),
        "sale_amount": money("sale_amount", "Order amount; negative on an adjustment."),
        "payout": money("payout", "The partner's share.", required=True),
        "revenue": money("revenue", "What the advertiser pays."),
        "currency": currency("currency", "Currency of the three amounts."),
        "advertiser_info": text("advertiser_info", "Advertiser's reference, usually the order."),
        "affiliate_info1": text("affiliate_info1", "Partner's own sub id."),
        "source": text("source", "Partner's own source."),
    },
    strict=True,
)

AFFILIATES = pa.DataFrameSchema(
    {
        "id": text("id", "TUNE's id of the partner.", _ID, required=True),
        "company": text("company", "Its name.", required=True),
        "country": text("country", "Its country."),
        "status": text("status", "State of the partner."),
    },
    strict=True,
)

OFFERS = pa.DataFrameSchema(
    {
        "id": text("id", "TUNE's id of the offer.", _ID, required=True),
        "name": text("name", "Its name.", required=True),
        "currency": text("currency", "Its currency; empty where it is the network's."),
        "status": text("status", "State of the offer."),
    },
    strict=True,
)


def _fields(schema: pa.DataFrameSchema) -> frozenset[str]:
    return frozenset(str(column.metadata["path"]) for column in schema.columns.values())


# Exactly what is asked for: TUNE returns no field that was not named.
CONVERSION_FIELDS = _fields(CONVERSIONS)
AFFILIATE_FIELDS = _fields(AFFILIATES)
OFFER_FIELDS = _fields(OFFERS)

# Personal, deprecated (`id`), free text, or not needed. Asking for the personal ones shortens the history as well.
CONVERSION_FIELDS_DROPPED = frozenset(
    {
        "Advertiser_company", "Browser_display_name", "Browser_id", "ConversionMeta_note",
        "ConversionsMobile_adv_sub2", "ConversionsMobile_adv_sub3", "ConversionsMobile_adv_sub4",
        "ConversionsMobile_adv_sub5", "ConversionsMobile_affiliate_click_id", "advertiser_id", "affiliate_info2",
        "affiliate_info3", "affiliate_info4", "affiliate_info5", "conversion_status", "id", "ip", "refer",
        "session_ip",
    }
)  # fmt: skip
AFFILIATE_FIELDS_DROPPED = frozenset(
    {"address1", "address2", "city", "date_added", "modified", "phone", "ref_id", "region", "signup_ip", "website",
     "zipcode"}
)  # fmt: skip
OFFER_FIELDS_DROPPED = frozenset({"advertiser_id"})
