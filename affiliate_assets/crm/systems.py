"""The exports of CRM systems in which a brand keeps its orders: HubSpot deals, Salesforce opportunities.

Titles are those of the documented exports: labels in the languages of which an export was seen, and internal names.
Everything else, such as a property of the brand's own, is named in `affiliate.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa

from affiliate_assets.connectors.files import ExportedAt, FileFormat, FileStream
from affiliate_assets.connectors.schema import currency, flag, instant, integer, money, text

# Fields of which no export has a column by itself; a brand may name one.
OWN = frozenset(
    {
        *("shop", "subtotal", "discount", "shipping", "tax", "refunded", "refunded_subtotal", "gift_card"),
        *("item_count", "voucher_code", "customer_email", "customer_type"),
    }
)
REQUIRED = frozenset({"record_id", "order_id", "stage", "amount", "ordered_at"})
_NOT_LESS = pa.Check.ge(0)

_SCHEMA = pa.DataFrameSchema(
    {
        "record_id": text("record_id", "The system's id of the record.", required=True),
        "order_id": text("order_id", "The shop's order number as the record carries it; without one it is no order."),
        "shop": text("shop", "Shop of the order, where the file tells it."),
        "stage": text("stage", "Stage as the file writes it: a label or an internal id."),
        "is_closed": flag("is_closed", "Closed, as the system counts."),
        "is_won": flag("is_won", "Closed and won, as the system counts."),
        "is_deleted": flag("is_deleted", "In the recycle bin."),
        "merged_ids": text("merged_ids", "Ids of records that were merged into this one, divided by semicolons."),
        "ordered_at": instant("ordered_at", "Record made.", required=True, is_last=True),
        "updated_at": instant("updated_at", "Last change.", is_last=True),
        "currency": currency("currency", "Currency of the record's amounts."),
        "amount": money("amount", "Amount of the record.", _NOT_LESS),
        "subtotal": money("subtotal", "Goods, net of tax, before discount.", _NOT_LESS),
        "discount": money("discount", "Discount on the goods, positive.", _NOT_LESS),
        "shipping": money("shipping", "Shipping, net of tax.", _NOT_LESS),
        "tax": money("tax", "Tax.", _NOT_LESS),
        "refunded": money("refunded", "Given back, gross.", _NOT_LESS),
        "refunded_subtotal": money("refunded_subtotal", "Part of subtotal - discount given back.", _NOT_LESS),
        "gift_card": money("gift_card", "Paid with gift cards, of the total.", _NOT_LESS),
        "item_count": integer("item_count", "Pieces sold.", _NOT_LESS),
        "voucher_code": text("voucher_code", "Voucher."),
        "customer_hash": text("customer_hash", "Keyed hash of the customer's e-mail."),
        "customer_type": text("customer_type", "New or returning."),
    },
    strict=True,
)


def _columns(titles: Mapping[str, str]) -> dict[str, str]:
    """Title → field, from the titles of each field, divided by bars."""
    return {title: name for name, listed in titles.items() for title in listed.split("|")}


def _system(
    name: str,
    description: str,
    titles: Mapping[str, str],
    *,
    dropped: str,
    form: FileFormat,
    found: Mapping[str, str] | None = None,
    exported_at: ExportedAt | None = None,
) -> FileStream:
    return FileStream(
        name=name,
        description=description,
        key=("record_id",),
        columns=_columns(titles),
        optional=(frozenset(titles) | OWN) - REQUIRED,
        dropped=frozenset(dropped.split("|")),
        found=found or {},
        hashed={"customer_email": "customer_hash"},
        addresses=frozenset({"customer_email"}),
        exported_at=exported_at,
        needed=False,
        is_sighted=True,
        format=form,
        schema=_SCHEMA,
    )


HUBSPOT_DEALS = _system(
    "hubspot_deals",
    "One deal of HubSpot, as its export or the Exports API writes it.",
    {
        "record_id": "Record ID|ID de registro|hs_object_id",
        "order_id": "Order number|Número de pedido|order_number",
        "stage": "Deal Stage|Etapa del negocio|dealstage",
        "amount": "Amount|Importe|amount",
        "currency": "Currency|Moneda|deal_currency_code",
        "ordered_at": "Create Date|Fecha de creación|createdate",
        "updated_at": "Last Modified Date|hs_lastmodifieddate",
        "is_closed": "hs_is_closed",
        "is_won": "hs_is_closed_won",
        "merged_ids": "Merged object IDs|hs_merged_object_ids",
        "customer_email": "Associated Contact",
    },
    # A deal's name often carries the customer's.
    dropped="Deal Name|Nombre del negocio|dealname|Pipeline|pipeline|Close Date|Fecha de cierre|closedate|Deal owner"
    "|Last Activity Date|Associated Contact IDs|Associated Company|Associated Company IDs",
    form=FileFormat(moments=("unix_ms",)),
)

SALESFORCE_OPPORTUNITIES = _system(
    "salesforce_opportunities",
    "One opportunity of Salesforce, from a report, Data Loader, Data Export or a saved result of the Bulk API.",
    {
        "record_id": "Opportunity ID|Opportunity-ID|Id|ID",
        "order_id": "Order_Number__c|ORDER_NUMBER__C",
        "stage": "Stage|Phase|StageName|STAGENAME",
        "amount": "Amount|Betrag|AMOUNT",
        "currency": "Amount Currency|Betrag Währung|CurrencyIsoCode|CURRENCYISOCODE",
        "ordered_at": "Created Date|Erstelldatum|CreatedDate|CREATEDDATE",
        "updated_at": "SystemModstamp|SYSTEMMODSTAMP",
        "is_closed": "IsClosed|ISCLOSED",
        "is_won": "IsWon|ISWON",
        "is_deleted": "IsDeleted|ISDELETED",
    },
    dropped="Opportunity Name|Opportunity-Name|Name|NAME|Account Name|Account.Name|Close Date|Schlusstermin|CloseDate"
    "|CLOSEDATE|Lead Source|LeadSource|LEADSOURCE|Primary Campaign Source|Description|LastModifiedDate"
    "|LASTMODIFIEDDATE",
    # Report exports are in the encoding that was chosen in the dialog, and end with a footer below a blank line.
    form=FileFormat(encodings=("utf-8-sig", "iso-8859-1"), blank_line_ends=True),
    # Of 18 characters the last three follow from the first 15, which is all that a report shows.
    found={"record_id": r"^([A-Za-z0-9]{15})(?:[A-Za-z0-9]{3})?$"},
    exported_at=ExportedAt(pattern=r"^report(\d{13})(?!\d)", form="unix_ms"),
)

SYSTEMS = (HUBSPOT_DEALS, SALESFORCE_OPPORTUNITIES)
