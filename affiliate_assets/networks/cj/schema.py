"""CJ's commission rows: allowed fields, typed columns, checks.

Amounts come as strings, in three parallel views and without a currency code: the advertiser's currency is
configured, `_usd` is US dollars, the publisher's currency is not told. Times are UTC.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import flag, instant, money, text, word

STATUSES = ("new", "extended", "locked", "closed")
VALIDATION_STATUSES = ("PENDING", "ACCEPTED", "DECLINED", "AUTOMATED")

COMMISSIONS = pa.DataFrameSchema(
    {
        "commission_id": text("commissionId", "CJ's id of this row.", pa.Check.str_matches(r"^\d+$"), required=True),
        "original_action_id": text("originalActionId", "Joins a sale and its corrections.", required=True),
        "original": flag("original", "False on a correction.", required=True),
        "correction_reason": text("correctionReason", "Why it was corrected."),
        "order_id": text("orderId", "Advertiser's order number."),
        "publisher_id": text("publisherId", "Publisher that CJ credits.", required=True),
        "publisher_name": text("publisherName", "Its name.", required=True),
        "website_id": text("websiteId", "The publisher's property (PID)."),
        "website_name": text("websiteName", "Name of the property."),
        "advertiser_id": text("advertiserId", "Advertiser company, which is the programme.", required=True),
        "advertiser_name": text("advertiserName", "Its name."),
        "action_tracker_id": text("actionTrackerId", "The tracked action."),
        "action_tracker_name": text("actionTrackerName", "Its name."),
        "action_type": text("actionType", "Kind of action (sim_sale, item_lead, bonus …).", required=True),
        "aid": text("aid", "Ad."),
        "click_date": instant("clickDate", "Click."),
        "click_referring_url": text("clickReferringURL", "Page the click came from."),
        "event_date": instant("eventDate", "Sale.", required=True),
        "posting_date": instant("postingDate", "Arrival at CJ; a correction has its own.", required=True),
        "locking_date": instant("lockingDate", "Lock; in the future while open.", required=True),
        "action_status": word("actionStatus", "State of the row.", STATUSES, required=True),
        "validation_status": word("validationStatus", "The advertiser's decision.", VALIDATION_STATUSES),
        "locking_method": text("lockingMethod", "What decides the lock."),
        "reviewed_status": text("reviewedStatus", "Review; CJ does not document the words."),
        "sale_amount_adv_currency": money("saleAmountAdvCurrency", "Sale, advertiser's currency."),
        "sale_amount_pub_currency": money("saleAmountPubCurrency", "Sale, publisher's currency."),
        "sale_amount_usd": money("saleAmountUsd", "Sale, US dollars."),
        "pub_commission_amount_pub_currency": money(
            "pubCommissionAmountPubCurrency", "The publisher's share, publisher's currency.", required=True
        ),
        "pub_commission_amount_usd": money(
            "pubCommissionAmountUsd", "The publisher's share, US dollars.", required=True
        ),
        "adv_commission_amount_adv_currency": money(
            "advCommissionAmountAdvCurrency", "What the brand pays, advertiser's currency."
        ),
        "adv_commission_amount_usd": money("advCommissionAmountUsd", "What the brand pays, US dollars."),
        "cj_fee_adv_currency": money("cjFeeAdvCurrency", "CJ's fee, advertiser's currency; information."),
        "cj_fee_usd": money("cjFeeUsd", "CJ's fee, US dollars; information."),
        "order_discount_adv_currency": money("orderDiscountAdvCurrency", "Discount, advertiser's currency."),
        "coupon": text("coupon", "Voucher."),
        "new_to_file": flag("newToFile", "New customer."),
        "country": text("country", "Country."),
        "is_cross_device": flag("isCrossDevice", "Click and sale on different devices."),
    },
    strict=True,
)

# Exactly what the query asks for: GraphQL returns nothing else.
COMMISSION_FIELDS = frozenset(str(column.metadata["path"]) for column in COMMISSIONS.columns.values())
