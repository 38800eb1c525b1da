"""Partnerize's records: allowed fields, typed columns, checks.

Ids contain a lower-case L and are texts. Times are naive in the zone asked for, which is UTC. Amounts are in the
currency of their conversion; `commission` is all that the brand pays, the network's part included.
"""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import currency, flag, instant, integer, money, text, word

ITEM_STATUSES = ("pending", "approved", "rejected", "fraudulent")
CONVERSION_STATUSES = (*ITEM_STATUSES, "mixed")

CONVERSION_ITEMS = pa.DataFrameSchema(
    {
        "conversion_id": text("conversion_id", "Partnerize's id of the conversion; stable.", required=True),
        "conversion_item_id": text("conversion_item_id", "Partnerize's id of the item; stable.", required=True),
        "conversion_item_ids": text(
            "conversion_item_ids", "All items of the conversion in this answer, divided by blanks.", required=True
        ),
        "campaign_id": text("campaign_id", "Campaign, which is the programme.", required=True),
        "campaign_title": text("campaign_title", "Its title."),
        "publisher_id": text("publisher_id", "Publisher that Partnerize credits.", required=True),
        "publisher_name": text("publisher_name", "Its name."),
        "conversion_reference": text("conversion_reference", "Merchant's order number."),
        "conversion_type": integer("conversion_type", "Kind of conversion, by Partnerize's number."),
        "conversion_status": word(
            "conversion_value.conversion_status", "State of the conversion; mixed where items differ.",
            CONVERSION_STATUSES,
        ),
        "conversion_time": instant("conversion_time", "Sale.", required=True),
        "last_modified": instant("last_modified", "Last change of the conversion.", required=True),
        "currency": currency("currency", "Currency of the amounts.", required=True),
        "currency_original": currency("currency_original", "Currency before Partnerize converted; NULL if it did not."),
        "currency_conversion_rate": text("currency_conversion_rate", "Rate of that; its direction is not told."),
        "conversion_amount": money("conversion_value.value", "Sum of all items, rejected ones included."),
        "conversion_commission": money("conversion_value.commission", "What the brand pays for all items."),
        "conversion_publisher_commission": money(
            "conversion_value.publisher_commission", "The publisher's share for all items."
        ),
        "customer_type": word("customer_type", "New or existing customer.", ("new", "existing")),
        "country": text("country", "Country of the buyer."),
        "click_id": text("click_click_id", "The click."),
        "clickref": text("clickref", "Reference of the click, as on the landing page."),
        "clicked_at": instant("click_set_time", "Click."),
        "conversion_lag": integer("conversion_lag", "Seconds from click to sale."),
        "was_disputed": flag("was_disputed", "The publisher has disputed it."),
        "category": text("category", "Kind of goods, in the merchant's words."),
        "item_status": word("item_status", "State of the item.", ITEM_STATUSES, required=True),
        "item_status_id": integer("item_status_id", "The state's number; only 1 = pending is known."),
        "item_amount": money("item_value", "Current amount of the item.", required=True),
        "item_commission": money("item_commission", "What the brand pays for it, the network's part included."),
        "item_publisher_commission": money("item_publisher_commission", "The publisher's share.", required=True),
        "item_updated_at": instant("last_update", "Last change of the item."),
        "approved_at": instant("approved_at", "Approval; empty before."),
        "reject_reason": text("reject_reason", "Why it was rejected."),
        "voucher_code": text("voucher_code", "Vouchers, divided by commas."),
        "invoice_id": text("invoice_id", "Invoice that the item is on."),
        "payment_status": text("payment_status", "State of the payment; its words are not documented."),
        "invoice_created_at": instant("invoice_create_date", "Invoice written."),
        "invoice_paid_at": instant("invoice_paid_date", "Invoice paid."),
    },
    strict=True,
)  # fmt: skip

CONVERSION_ITEM_FIELDS = frozenset(
    {
        "approved_at", "campaign_id", "campaign_title", "category", "click_click_id", "click_set_time", "clickref",
        "conversion_id", "conversion_item_id", "conversion_item_ids", "conversion_lag", "conversion_reference",
        "conversion_time", "conversion_type", "conversion_value", "country", "currency", "currency_conversion_rate",
        "currency_original", "customer_type", "display_to_publisher", "invoice_create_date", "invoice_id",
        "invoice_paid_date", "item_commission", "item_publisher_commission", "item_status", "item_status_id",
        "item_value", "last_modified", "last_update", "payment_status", "publisher_id", "publisher_name",
        "ref_conversion_metric", "ref_device", "ref_partnership_model", "ref_traffic_source", "ref_user_context",
        "reject_reason", "sku", "voucher_code", "was_disputed",
    }
)  # fmt: skip

_CLICK_OF_CONVERSION_DROPPED = frozenset(
    f"click_{name}"
    for name in (
        "advertiser_reference", "campaign_id", "clickref", "cookie_id", "country", "creative_id", "creative_type",
        "device_id", "last_ip", "last_used", "publisher_id", "ref_device", "ref_device_id", "ref_partnership_model",
        "ref_partnership_model_id", "ref_traffic_source", "ref_traffic_source_id", "ref_user_context",
        "ref_user_context_id", "referer", "set_ip", "specific_creative_id", "status", "type",
    )
)  # fmt: skip

# References, meta data, addresses and device ids may point at a person; the rest is not needed.
CONVERSION_ITEM_FIELDS_DROPPED = _CLICK_OF_CONVERSION_DROPPED | {
    "advertiser_reference", "commission", "cookie_id", "creative_id", "creative_type", "customer_reference",
    "device_id", "item_meta_data", "meta_data", "publisher_commission", "ref_conversion_metric_id", "ref_device_id",
    "ref_partnership_model_id", "ref_traffic_source_id", "ref_user_context_id", "referer_ip", "source_referer",
    "specific_creative_id", "voucher_codes",
}  # fmt: skip

CLICKS = pa.DataFrameSchema(
    {
        "click_id": text("click_id", "Partnerize's id of the click.", required=True),
        "campaign_id": text("campaign_id", "Campaign, which is the programme.", required=True),
        "publisher_id": text("publisher_id", "Publisher.", required=True),
        "publisher_name": text("publisher_name", "Its name."),
        "type": text("type", "Kind of click: standard, batch or cpc."),
        "status": word("status", "Use of the click.", ("fresh", "stale", "used", "nibbled")),
        "set_time": instant("set_time", "Click.", required=True),
        "last_used": instant("last_used", "Last conversion or visit by it."),
        "country": text("country", "Country."),
        "clickref": text("clickref", "Reference of the click, as on the landing page."),
        "referer_host": text("referer_host", "Host of the page the click came from."),
        "ref_device_id": integer("ref_device_id", "Kind of device, by Partnerize's number."),
        "ref_device": text("ref_device", "Kind of device, where it is named."),
    },
    strict=True,
)

CLICK_FIELDS = frozenset(
    {
        "campaign_id", "click_id", "clickref", "country", "last_used", "publisher_id", "publisher_name", "ref_device",
        "ref_device_id", "ref_partnership_model", "ref_traffic_source", "ref_user_context", "referer_host", "set_time",
        "status", "type",
    }
)  # fmt: skip

CLICK_FIELDS_DROPPED = frozenset(
    {
        "advertiser_reference", "cookie_id", "creative_id", "creative_type", "device_id", "last_ip",
        "ref_partnership_model_id", "ref_traffic_source_id", "ref_user_context_id", "referer", "set_ip",
        "specific_creative_id",
    }
)  # fmt: skip

PUBLISHERS = pa.DataFrameSchema(
    {
        "publisher_id": text("publisher_id", "Partnerize's id of the publisher.", required=True),
        "account_name": text("account_name", "Name of its account."),
        "company_name": text("company_name", "Name of the company."),
        "campaign_status": word(
            "campaign_status", "Its standing in the campaign, by letter: approved, pending, rejected or none.",
            ("a", "p", "r", "n"),
        ),
        "network_status": text("network_status", "Its standing on the network, by letter."),
        "default_currency": currency("default_currency", "Currency it is paid in."),
        "operating_country": text("operating_country", "Country it works in."),
        "reporting_timezone": text("reporting_timezone", "Zone of its reports."),
        "promotional_method_name": text("promotional_method_name", "Kind of publisher, in Partnerize's words."),
        "vertical_name": text("vertical_name", "What it is about, in Partnerize's words."),
    },
    strict=True,
)  # fmt: skip

PUBLISHER_FIELDS = frozenset(
    {
        "account_name", "campaign_status", "company_name", "default_currency", "network_id", "network_status",
        "operating_country", "promotional_method", "promotional_method_name", "publisher_id", "reporting_timezone",
        "vertical", "vertical_name",
    }
)  # fmt: skip

# Contacts, tax numbers and free text; the rest is not needed.
PUBLISHER_FIELDS_DROPPED = frozenset(
    {
        "abn", "campaign_custom_terms_and_conditions_id", "campaign_custom_terms_and_conditions_title",
        "campaign_select", "company_division", "contact_email", "contact_locale", "contact_name", "databases",
        "description", "foreign_identifier", "gst_registered", "im_provider", "im_username", "is_affiliate_user",
        "is_foreign_network", "is_lead_user", "legal_entity", "network_notes", "phone", "phone_area",
        "promotional_countries", "reporting_identifier", "signup_ip", "uk_vat_registered", "us_tax_state",
        "vat_number", "websites", "week_start",
    }
)  # fmt: skip

CAMPAIGNS = pa.DataFrameSchema(
    {
        "campaign_id": text("campaign_id", "Partnerize's id of the campaign.", required=True),
        "title": text("title", "Title."),
        "advertiser_id": text("advertiser_id", "The brand."),
        "advertiser_name": text("advertiser_name", "Its name."),
        "status": text("status", "State of the campaign, by letter."),
        "default_currency": currency("default_currency", "Currency of its conversions."),
        "reporting_timezone": text("reporting_timezone", "Zone of its reports where none is asked for."),
        "conversion_type": text("conversion_type", "Kind of conversion."),
        "cookie_period": integer("cookie_period", "Seconds for which a click counts."),
        "force_approve_period": integer("force_approve_period", "Days until an undecided item is approved; 0 = never."),
        "conversion_hiatus_period": integer("conversion_hiatus_period", "Days before a conversion is decided."),
        "tq_auto_approve": integer("tq_auto_approve", "Days until an unanswered transaction query is approved."),
        "unique_conversion_refs": text("unique_conversion_refs", "y where an order number may come only once."),
        "test_mode": text("test_mode", "y in test mode."),
    },
    strict=True,
)

CAMPAIGN_FIELDS = frozenset(
    {
        "advertiser_id", "advertiser_name", "campaign_id", "conversion_hiatus_period", "conversion_type",
        "cookie_period", "default_currency", "force_approve_period", "multiple_conversions_per_click",
        "reporting_timezone", "status", "test_mode", "title", "tq_auto_approve", "tq_enabled", "tracking_method",
        "unique_conversion_refs", "vertical_id", "vertical_name",
    }
)  # fmt: skip

# Billing addresses and contacts, texts and pictures; the rest is not needed.
CAMPAIGN_FIELDS_DROPPED = frozenset(
    {
        "advertiser_icon", "allow_deep_linking", "allow_third_party_pixel", "app_tracking_provider",
        "app_tracking_provider_tracking_link", "append_url_parameters", "associated_campaigns",
        "auto_approve_publisher", "auto_rejected_ips", "automated_invoicing_date", "automated_invoicing_po_number",
        "basket_value_cap", "budget_summary_interval", "budget_summary_start_time", "campaign_currency_conversions",
        "campaign_icon", "campaign_icon_upload", "campaign_languages", "campaign_logo", "campaign_notes",
        "campaign_overloads", "commission_by_meta", "commission_by_meta_label", "commissions", "cookie_status",
        "deeplink_method", "default_commission_rate", "default_override", "deferred_lead_submission", "description",
        "destination_url", "dont_consolidate", "dont_invoice", "extra_restricted_deep_linking", "hidden_campaign",
        "invoice_address_1", "invoice_address_2", "invoice_address_3", "invoice_address_4", "invoice_address_country",
        "invoice_address_postcode", "invoice_company", "invoice_contact", "invoice_only", "ip_tracking_time", "is_cpc",
        "lead_confirmation_url_fail", "lead_confirmation_url_success", "meta_field_values_field_limit",
        "meta_field_values_total_limit", "network_fee", "pay_publisher_directly", "payment_date",
        "prepend_url_string", "promotional_countries", "recurring_payment_setup", "report_meta_purge_period",
        "restricted_deep_linking", "secure_tracking", "short_link_subdomain", "terms", "tq_enabled_publishers",
        "tracking_subdomain", "week_start",
    }
)  # fmt: skip
