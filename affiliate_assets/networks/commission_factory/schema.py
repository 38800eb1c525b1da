"""Commission Factory's records: allowed fields, typed columns, checks.

Money is in the account's currency, which no field names, with up to four decimals; `Reported…` is what the shop sent.
Times are naive in the account's zone.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import currency, flag, instant, integer, money, text, word

STATUSES = ("Pending", "Locked", "Approved", "Paid", "Void")
COARSE_STATUSES = ("Pending", "Approved", "Void")
METHODS = ("Affiliate", "Clickless", "Cookie", "Manual", "Mobile App", "Server", "Other")
RELATIONS = ("Approved", "Invited", "Pending")

TRANSACTIONS = pa.DataFrameSchema(
    {
        "id": integer("Id", "The network's id of the transaction; stable.", pa.Check.gt(0), required=True),
        "date_created": instant("DateCreated", "The transaction was created.", required=True),
        "date_modified": instant("DateModified", "The transaction was changed last.", required=True),
        "affiliate_id": integer("AffiliateId", "Publisher that the network credits.", required=True),
        "affiliate_business_name": text("AffiliateBusinessName", "Publisher's business; may be missing."),
        "traffic_type": text("TrafficType", "Kind of the publisher's traffic."),
        "traffic_source": text("TrafficSource", "Name or address of the publisher's traffic source."),
        "traffic_source_approved": flag("TrafficSourceApproved", "The brand has approved the traffic source."),
        "creative_type": text("CreativeType", "Kind of the creative."),
        "creative_id": integer("CreativeId", "The creative."),
        "creative_name": text("CreativeName", "Name of the creative."),
        "customer_country_code": text("CustomerCountryCode", "Country of the buyer, three letters (ISO 3166)."),
        "customer_type": text("CustomerType", "New or existing customer."),
        "order_id": text("OrderId", "Merchant's order number; not always there."),
        "tracking_method": word("TrackingMethod", "How the sale was tracked.", METHODS),
        "sale_value": money("SaleValue", "Current sale value, in the account's currency.", required=True),
        "commission": money("Commission", "The publisher's share, in the account's currency.", required=True),
        "override_fee": money("OverrideFee", "The network's fee beside it, in the account's currency."),
        "reported_currency_code": currency("ReportedCurrencyCode", "Currency that the shop reported in."),
        "reported_sale_value": money("ReportedSaleValue", "Sale value as the shop reported it, in that currency."),
        "status": word("Status", "Coarse state; Locked hides in Pending, Paid in Approved.", COARSE_STATUSES),
        "status2": word("Status2", "State of the transaction.", STATUSES, required=True),
        "invoice_id": integer("InvoiceId", "Invoice to the brand, once there is one."),
        "void_reason": text("VoidReason", "Why it is void."),
        "amended_reason": text("AmendedReason", "Why its amounts were changed."),
        "coupon_code": text("CouponCode", "Voucher."),
    },
    strict=True,
)

# The contact's and the buyer's data, free text, and what only repeats: names of codes, and lines of the order.
TRANSACTION_FIELDS_DROPPED = frozenset(
    {
        "AdditionalNotes", "AffiliateContactName", "CustomerCountryName", "CustomerIpAddress", "Items",
        "ReportedCurrencyName",
    }
)  # fmt: skip

TRANSACTION_FIELDS = frozenset(
    {
        "AffiliateBusinessName", "AffiliateId", "AmendedReason", "Commission", "CouponCode", "CreativeId",
        "CreativeName", "CreativeType", "CustomerCountryCode", "CustomerType", "DateCreated", "DateModified", "Id",
        "InvoiceId", "OrderId", "OverrideFee", "ReportedCurrencyCode", "ReportedSaleValue", "SaleValue", "Status",
        "Status2", "TrackingMethod", "TrafficSource", "TrafficSourceApproved", "TrafficType", "VoidReason",
    }
)  # fmt: skip

AFFILIATES = pa.DataFrameSchema(
    {
        "id": integer("Id", "The network's id of the publisher.", pa.Check.gt(0), required=True),
        "business_name": text("BusinessName", "Name of the business; missing where there is none."),
        "status": word("Status", "Relation of publisher and brand.", RELATIONS, required=True),
        "date_created": instant("DateCreated", "The publisher joined the network."),
        "date_modified": instant("DateModified", "The publisher was changed last."),
        "date_applied": instant("DateApplied", "The publisher applied for the programme."),
        "date_approved": instant("DateApproved", "The brand approved the publisher; empty until then."),
    },
    strict=True,
)

# A person's name; and sources that a listing always leaves empty.
AFFILIATE_FIELDS_DROPPED = frozenset({"ContactName", "TrafficSources"})

AFFILIATE_FIELDS = frozenset(
    {"BusinessName", "DateApplied", "DateApproved", "DateCreated", "DateModified", "Id", "Status"}
)
