"""Post Affiliate Pro's records: columns that are asked for, typed columns, checks.

All values come as text or null. Amounts are in the account's default currency, which no answer tells; times are naive
in the server's zone.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.delimited import BROKEN
from affiliate_assets.connectors.schema import instant, integer, money, text, word

STATUSES = ("A", "P", "D")
PAYOUT_STATUSES = ("P", "U")
TYPES = ("S", "A", "C", "I", "B", "U", "F", "R", "H", "E")
_ID = pa.Check.str_matches(r"^[A-Za-z0-9_-]+$")

TRANSACTIONS = pa.DataFrameSchema(
    {
        "id": text("id", "Row's id in the grid; assumed to equal transid.", _ID, required=True),
        "transid": text("transid", "Transaction's id; stable.", _ID, required=True),
        "parenttransid": text("parenttransid", "Sale behind a refund, or behind the commission of an upper tier."),
        "t_orderid": text("t_orderid", "Merchant's order."),
        "productid": text("productid", "Product."),
        "userid": text("userid", "Affiliate that is credited.", required=True),
        "campaignid": text("campaignid", "Campaign."),
        "bannerid": text("bannerid", "Banner."),
        "channel": text("channel", "Affiliate's own channel."),
        "rtype": word("rtype", "What the row is: sale, recurring, refund …", TYPES, required=True),
        "tier": integer("tier", "Tier; 1 is the affiliate who referred the sale.", pa.Check.ge(1), required=True),
        "commtypeid": text("commtypeid", "Commission type of the campaign."),
        "rstatus": word("rstatus", "State of the row.", STATUSES, required=True),
        "payoutstatus": word("payoutstatus", "Whether the commission was paid; letters unverified.", PAYOUT_STATUSES),
        "payouthistoryid": text("payouthistoryid", "Payout it was paid with."),
        "dateinserted": instant("dateinserted", "When the row was made.", required=True),
        "dateapproved": instant("dateapproved", "When it was approved."),
        "totalcost": money("totalcost", "Order amount; negative on a refund."),
        "commission": money("commission", "Commission of this row; negative on a refund.", required=True),
        "originalcurrencyid": text("originalcurrencyid", "Internal id of the buyer's currency."),
        "originalcurrencyvalue": money("originalcurrencyvalue", "Order amount in the buyer's currency."),
        "originalcurrencyrate": text(
            "originalcurrencyrate", "Rate from it to the account's currency, with all its digits."
        ),
        "firstclicktime": instant("firstclicktime", "First click."),
        "lastclicktime": instant("lastclicktime", "Last click before the sale."),
        "clickcount": integer("clickcount", "Clicks of the visitor."),
        "trackmethod": text("trackmethod", "How the sale was recognised."),
        "couponid": text("couponid", "Internal id of the coupon."),
        "countrycode": text("countrycode", "Buyer's country."),
    },
    strict=True,
)

AFFILIATES = pa.DataFrameSchema(
    {
        "userid": text("userid", "Affiliate's id.", _ID, required=True),
        "refid": text("refid", "Id that the affiliate chose for links."),
        "company": text("data2", "Company name, in the sign-up form as it is delivered."),
        "affiliate_status": text("rstatus", "State of the affiliate."),
    },
    strict=True,
)

CAMPAIGNS = pa.DataFrameSchema(
    {
        "id": text("id", "Campaign's id.", _ID, required=True),
        "name": text("name", "Its name.", required=True),
        "campaign_status": text("rstatus", "State of the campaign."),
    },
    strict=True,
)


def _columns(schema: pa.DataFrameSchema) -> tuple[str, ...]:
    return tuple(str(column.metadata["path"]) for column in schema.columns.values())


# Exactly what is asked for: a grid returns the columns that are named.
TRANSACTION_COLUMNS, AFFILIATE_COLUMNS, CAMPAIGN_COLUMNS = map(_columns, (TRANSACTIONS, AFFILIATES, CAMPAIGNS))
TRANSACTION_FIELDS, AFFILIATE_FIELDS, CAMPAIGN_FIELDS = (
    frozenset({*columns, BROKEN}) for columns in (TRANSACTION_COLUMNS, AFFILIATE_COLUMNS, CAMPAIGN_COLUMNS)
)

# Addresses of buyers, what the merchant puts into extras and notes, and the object's name of t_orderid.
TRANSACTION_FIELDS_DROPPED = frozenset(
    {
        "data1", "data2", "data3", "data4", "data5", "firstclickdata1", "firstclickdata2", "firstclickip",
        "firstclickreferer", "ip", "lastclickdata1", "lastclickdata2", "lastclickip", "lastclickreferer",
        "merchantnote", "orderid", "refererurl", "systemnote",
    }
)  # fmt: skip
# Persons behind an affiliate, and its figures.
AFFILIATE_FIELDS_DROPPED = frozenset(
    {
        "clicksRaw",
        "clicksUnique",
        "dateinserted",
        "firstname",
        "id",
        "lastname",
        "parentuserid",
        "salesCount",
        "username",
    }
)
CAMPAIGN_FIELDS_DROPPED = frozenset({"commissionsdetails", "commissionsexist", "dateinserted", "isdefault", "rorder"})
