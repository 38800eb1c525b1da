"""Awin's records: allowed fields, typed columns, checks. Money is in the programme's currency, times are UTC."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import currency, flag, instant, integer, money, text, word

STATUSES = ("pending", "approved", "declined", "deleted")

TRANSACTIONS = pa.DataFrameSchema(
    {
        "id": integer("id", "Awin's id of the transaction; stable.", pa.Check.gt(0), required=True),
        "advertiser_id": integer("advertiserId", "Advertiser account, which is the programme.", required=True),
        "publisher_id": integer("publisherId", "Publisher that Awin credits.", required=True),
        "site_name": text("siteName", "Publisher's name."),
        "publisher_url": text("publisherUrl", "Publisher's site."),
        "url": text("url", "Site or page the click came from."),
        "campaign": text("campaign", "Publisher's own campaign label."),
        "commission_status": word("commissionStatus", "State of the commission.", STATUSES, required=True),
        "type": text("type", "Kind of transaction; bonus kinds are told by this text."),
        "order_ref": text("orderRef", "Merchant's order number; neither unique nor always there."),
        "click_ref": text("clickRefs.clickRef", "Publisher's first click reference."),
        "click_date": instant("clickDate", "Click."),
        "transaction_date": instant("transactionDate", "Sale.", required=True),
        "validation_date": instant("validationDate", "Decision; empty while pending."),
        "sale_amount": money("saleAmount.amount", "Current sale amount.", required=True),
        "sale_currency": currency("saleAmount.currency", "Currency of the sale amount.", required=True),
        "commission_amount": money("commissionAmount.amount", "The publisher's share.", required=True),
        "commission_currency": currency("commissionAmount.currency", "Currency of the commission.", required=True),
        "network_fee_amount": money("networkFee.amount", "Awin's fee; information, not part of the commission."),
        "network_fee_currency": currency("networkFee.currency", "Currency of the fee."),
        "advertiser_cost_amount": money("advertiserCost.amount", "Cost of the brand; what it holds is not told."),
        "advertiser_cost_currency": currency("advertiserCost.currency", "Currency of the cost."),
        "amended": flag("amended", "The amounts were changed after tracking."),
        "amend_reason": text("amendReason", "Why they were changed."),
        "old_sale_amount": money("oldSaleAmount.amount", "Sale amount before the amendment."),
        "old_commission_amount": money("oldCommissionAmount.amount", "Commission before the amendment."),
        "decline_reason": text("declineReason", "Why it was declined."),
        "tracked_amount": money("trackedCurrencyAmount.amount", "Amount in the buyer's currency, where it differed."),
        "tracked_currency": currency("trackedCurrencyAmount.currency", "The buyer's currency."),
        "customer_acquisition": text("customerAcquisition", "New or existing customer, as tracked."),
        "customer_country": text("customerCountry", "Country of the buyer."),
        "voucher_code_used": flag("voucherCodeUsed", "A voucher was used."),
        "voucher_code": text("voucherCode", "The voucher."),
        "lapse_time": integer("lapseTime", "Seconds from click to sale."),
        "paid_to_publisher": flag("paidToPublisher", "Paid out by Awin."),
        "payment_id": integer("paymentId", "Awin's payment; 0 when none."),
        "transaction_query_id": integer("transactionQueryId", "Open dispute; 0 when none."),
    },
    strict=True,
)

# May carry personal data, so never written.
TRANSACTION_FIELDS_DROPPED = frozenset({"basketProducts", "customParameters", "ipHash"})

TRANSACTION_FIELDS = frozenset(
    {
        "advertiserCost", "advertiserCountry", "advertiserId", "amendReason", "amended", "campaign", "clickDate",
        "clickDevice", "clickRefs", "commissionAmount", "commissionSharingPublisherId",
        "commissionSharingSelectedRatePublisherId", "commissionStatus", "customerAcquisition", "customerCountry",
        "declineReason", "id", "lapseTime", "networkFee", "oldCommissionAmount", "oldSaleAmount", "orderRef",
        "originalSaleAmount", "paidToPublisher", "paymentId", "publisherId", "publisherUrl", "saleAmount", "siteName",
        "trackedCurrencyAmount", "transactionDate", "transactionDevice", "transactionParts", "transactionQueryId",
        "type", "url", "validationDate", "voucherCode", "voucherCodeUsed",
    }
)  # fmt: skip

PUBLISHERS = pa.DataFrameSchema(
    {
        "id": integer("id", "Awin's id of the publisher.", pa.Check.gt(0), required=True),
        "name": text("name", "Name.", required=True),
        "primary_region": text("primaryRegion", "Region the publisher names first."),
        "primary_type": text("primaryType", "Kind of publisher, in Awin's words."),
    },
    strict=True,
)

PUBLISHER_FIELDS = frozenset({"id", "name", "primaryRegion", "primaryType", "salesRegions"})
