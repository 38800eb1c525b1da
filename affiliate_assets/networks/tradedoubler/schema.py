"""Tradedoubler's records: allowed fields, typed columns, checks.

Amounts are in `report_currency`, the currency that the answer says it was converted to. Times of transactions are
naive, in the zone of the account.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import currency, flag, instant, integer, money, text, word

# Pending, accepted, denied.
STATUSES = ("P", "A", "D")

TRANSACTIONS = pa.DataFrameSchema(
    {
        "transaction_id": integer("transactionId", "Tradedoubler's id of the row.", pa.Check.gt(0), required=True),
        "program_id": integer("programId", "Programme.", required=True),
        "program_name": text("programName", "Its name."),
        "source_id": integer("sourceId", "Publisher's site that Tradedoubler credits.", required=True),
        "source_name": text("sourceName", "Its name."),
        "event_id": integer("eventId", "Tracked event, which the advertiser defines."),
        "event_name": text("eventName", "Its name."),
        "event_type_id": integer("eventTypeId", "Kind of event: 4 lead, 5 sale.", required=True),
        "status": word("status", "State: P pending, A accepted, D denied.", STATUSES, required=True),
        "pending_rule": text("pendingRule", "What happens by itself to a pending row: approved or denied."),
        "time_of_last_click": instant("timeOfLastClick", "Last click before the transaction."),
        "time_of_transaction": instant("timeOfTransaction", "Sale or lead.", required=True),
        "time_of_create": instant("timeOfCreate", "Arrival at Tradedoubler; later for offline sales."),
        "time_of_last_modified": instant("timeOfLastModified", "Last change; empty before the first."),
        "modified": flag("modified", "The row was changed, in amount or in state."),
        "order_number": text("orderNumber", "Merchant's order number, of a sale."),
        "lead_number": text("leadNumber", "Merchant's number of a lead."),
        "order_value": money("orderValue", "Current order value.", required=True),
        "commission": money("commission", "The publisher's commission.", required=True),
        "report_currency": currency("reportCurrencyCode", "Currency of both amounts.", required=True),
        "paid": flag("paid", "The commission is on an invoice."),
        "voucher_code": text("voucherCode", "Voucher."),
        "epi": text("epi", "Publisher's click reference."),
        "epi2": text("epi2", "Publisher's second click reference."),
    },
    strict=True,
)

# `reportCurrencyCode` stands beside the records and is written into each of them.
TRANSACTION_FIELDS = frozenset(
    {
        "adId", "commission", "crossDevice", "epi", "epi2", "eventId", "eventName", "eventTypeId", "leadNumber",
        "modified", "orderNumber", "orderValue", "paid", "pendingRule", "productInfo", "programId", "programName",
        "reportCurrencyCode", "sourceId", "sourceName", "status", "timeOfCreate", "timeOfLastClick",
        "timeOfLastModified", "timeOfTransaction", "transactionId", "voucherCode",
    }
)  # fmt: skip

# Not needed: the buyer's device, and the feed product that was clicked on.
TRANSACTION_FIELDS_DROPPED = frozenset({"deviceObject", "productsApi"})

SOURCES = pa.DataFrameSchema(
    {
        "source_id": integer("sourceId", "Tradedoubler's id of the publisher's site.", pa.Check.gt(0), required=True),
        "source_name": text("sourceName", "Its name.", required=True),
        "source_url": text("sourceUrl", "Its address."),
        "status_id": integer("statusId", "Connection with the programme: 1 under consideration, 3 accepted."),
        "status_name": text("statusName", "The same in words."),
        "segment_name": text("segmentName", "Segment of the programme, which decides on the commission."),
        "category_name": text("categoryName", "Category that the advertiser has put it in."),
        "promotion_type_name": text("promotionTypeName", "Kind of publisher."),
        "created": instant("created", "Application."),
        "last_changed": instant("lastChanged", "Last change of the connection."),
    },
    strict=True,
)

SOURCE_FIELDS = frozenset(
    {
        "categoryId", "categoryName", "created", "lastChanged", "promotionTypeId", "promotionTypeName", "rank",
        "segmentId", "segmentName", "sourceId", "sourceName", "sourceUrl", "statusId", "statusName",
    }
)  # fmt: skip
# The segment in a further spelling.
SOURCE_FIELDS_DROPPED = frozenset({"segment"})

PROGRAMS = pa.DataFrameSchema(
    {
        "id": integer("id", "Tradedoubler's id of the programme.", pa.Check.gt(0), required=True),
        "name": text("name", "Name.", required=True),
        "country_code": text("countryCode", "Country."),
        "currency_code": currency("currencyCode", "Currency that it tracks in."),
        "active": flag("active", "It runs."),
        "paused": flag("paused", "Tradedoubler has stopped it for a while."),
        "closed_program": flag("closedProgram", "Publishers are invited only."),
        "start_date": text("startDate", "First day, as written."),
        "end_date": text("endDate", "Last day, as written."),
    },
    strict=True,
)

PROGRAM_FIELDS = frozenset(
    {
        "active", "closedProgram", "countryCode", "createdDate", "currencyCode", "endDate", "id",
        "implementationTypeId", "name", "paused", "prepayment", "startDate",
    }
)  # fmt: skip
# Not needed.
PROGRAM_FIELDS_DROPPED = frozenset({"categoryIds", "deepLinking", "keywordPolicyId", "logoUrl", "sourceStatus"})
