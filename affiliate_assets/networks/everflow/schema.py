"""Everflow's records: allowed fields, typed columns, checks. Times are Unix seconds (0 = none), money is exact."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import currency, flag, instant, integer, money, text, word

STATUSES = ("approved", "pending", "rejected", "invalid")

CONVERSIONS = pa.DataFrameSchema(
    {
        "conversion_id": text("conversion_id", "Everflow's id of the row; stable.", required=True),
        "transaction_id": text("transaction_id", "Everflow's id of the click; several rows may share it."),
        "order_id": text("order_id", "Advertiser's order number; often empty."),
        "conversion_unix_timestamp": instant("conversion_unix_timestamp", "Conversion.", form="unix", required=True),
        "click_unix_timestamp": instant("click_unix_timestamp", "Click; empty without one.", form="unix"),
        "status": word("status", "State of the row.", STATUSES, required=True),
        "is_scrub": flag("is_scrub", "Held back by a throttling rule of the operator."),
        "error_code": integer("error_code", "Why it is not approved; 0 when none."),
        "error_message": text("error_message", "The same in words."),
        "is_event": flag("is_event", "An event after the base conversion, not the conversion.", required=True),
        "event": text("event", "Name of the event; Base for the conversion."),
        "sale_amount": money("sale_amount", "Order value."),
        "payout": money("payout", "What the partner earns.", required=True),
        "revenue": money("revenue", "What the advertiser pays in all.", required=True),
        "payout_type": text("payout_type", "Pricing model of the payout."),
        "revenue_type": text("revenue_type", "Pricing model of the revenue."),
        "currency_id": currency("currency_id", "Currency of the amounts."),
        "coupon_code": text("coupon_code", "Voucher."),
        "source_id": text("source_id", "Partner's own source reference."),
        "sub1": text("sub1", "Partner's first own reference."),
        "is_view_through": flag("is_view_through", "Credited to an impression, not to a click."),
        "country": text("country", "Country, by name."),
        "device_type": text("device_type", "Kind of device."),
        "network_offer_id": integer("relationship.offer.network_offer_id", "Offer, which is the programme."),
        "offer_name": text("relationship.offer.name", "Its name."),
        "network_advertiser_id": integer(
            "relationship.advertiser.network_advertiser_id", "Advertiser, which is the account.", required=True
        ),
        "network_affiliate_id": integer(
            "relationship.affiliate.network_affiliate_id", "Partner that Everflow credits.", required=True
        ),
        "affiliate_name": text("relationship.affiliate.name", "Its name."),
        "attribution_method": text("relationship.attribution_method", "How the click was chosen."),
    },
    strict=True,
)

CONVERSION_FIELDS = frozenset(
    {
        "click_unix_timestamp", "conversion_id", "conversion_unix_timestamp", "country", "coupon_code", "currency_id",
        "device_type", "error_code", "error_message", "event", "is_event", "is_scrub", "is_view_through",
        "network_offer_payout_revenue_id", "order_id", "payout", "payout_type", "previous_network_offer_id",
        "relationship", "revenue", "revenue_type", "sale_amount", "source_id", "status", "sub1", "transaction_id",
    }
)  # fmt: skip

# Persons, their devices and free text.
CONVERSION_PERSONAL = frozenset(
    {
        "adv1", "adv2", "adv3", "adv4", "adv5", "android_id", "android_id_md5", "android_id_sha1", "city",
        "conversion_user_ip", "email", "google_ad_id", "google_ad_id_md5", "google_ad_id_sha1", "http_user_agent",
        "idfa", "idfa_md5", "idfa_sha1", "isp", "notes", "referer", "session_user_ip", "url",
    }
)  # fmt: skip

CONVERSION_FIELDS_DROPPED = CONVERSION_PERSONAL | {
    "app_id", "brand", "browser", "carrier", "device_model", "dma", "language", "os_version", "platform", "region",
    "sub2", "sub3", "sub4", "sub5",
}  # fmt: skip

CLICKS = pa.DataFrameSchema(
    {
        "transaction_id": text("transaction_id", "Everflow's id of the click.", required=True),
        "unix_timestamp": instant("unix_timestamp", "Click.", form="unix", required=True),
        "url": text("url", "Page landed on, without its query."),
        "referer": text("referer", "Page the click came from, without its query."),
        "source_id": text("source_id", "Partner's own source reference."),
        "sub1": text("sub1", "Partner's first own reference."),
        "is_test_mode": flag("is_test_mode", "A test of the tracking."),
        "is_view_through": flag("is_view_through", "An impression, not a click."),
        "network_offer_id": integer("relationship.offer.network_offer_id", "Offer, which is the programme."),
        "network_advertiser_id": integer(
            "relationship.advertiser.network_advertiser_id", "Advertiser, which is the account.", required=True
        ),
        "network_affiliate_id": integer("relationship.affiliate.network_affiliate_id", "Partner."),
        "country_code": text("relationship.geolocation.country_code", "Country, ISO 3166."),
        "device_type": text("relationship.device_information.device_type", "Kind of device."),
    },
    strict=True,
)

CLICK_FIELDS = frozenset(
    {
        "is_test_mode", "is_view_through", "referer", "relationship", "source_id", "sub1", "transaction_id",
        "unix_timestamp", "url",
    }
)  # fmt: skip

CLICK_PERSONAL = frozenset({"tracking_url", "user_ip"})

# What a later conversion changes (has_conversion, payout, revenue) stands with the conversion.
CLICK_FIELDS_DROPPED = CLICK_PERSONAL | {
    "coupon_code", "creative_id", "currency_id", "error_code", "error_message", "has_conversion", "is_unique",
    "payout", "payout_type", "revenue", "revenue_type", "sub2", "sub3", "sub4", "sub5",
}  # fmt: skip

AFFILIATES = pa.DataFrameSchema(
    {
        "network_affiliate_id": integer("network_affiliate_id", "Everflow's id of the partner.", required=True),
        "name": text("name", "Name.", required=True),
        "account_status": text("account_status", "State of the partnership."),
        "default_currency_id": currency("default_currency_id", "Currency the partner is paid in."),
    },
    strict=True,
)

AFFILIATE_FIELDS = frozenset(
    {"account_status", "default_currency_id", "name", "network_affiliate_id", "network_id", "time_created"}
)

# `time_saved` moves with changes that are not read.
AFFILIATE_FIELDS_DROPPED = frozenset(
    {
        "account_executive_id", "address_id", "adress_id", "contact_address", "enable_media_cost_tracking_links",
        "has_notifications", "internal_notes", "is_contact_address_enabled", "labels", "network_affiliate_tier_id",
        "network_employee_id", "network_traffic_source_id", "referrer_id", "relationship", "time_saved",
    }
)  # fmt: skip

OFFERS = pa.DataFrameSchema(
    {
        "network_offer_id": integer("network_offer_id", "Everflow's id of the offer.", required=True),
        "network_advertiser_id": integer("network_advertiser_id", "Advertiser it belongs to."),
        "name": text("name", "Name.", required=True),
        "offer_status": text("offer_status", "State of the offer."),
        "currency_id": currency("currency_id", "Currency of its amounts."),
    },
    strict=True,
)

OFFER_FIELDS = frozenset(
    {"currency_id", "name", "network_advertiser_id", "network_id", "network_offer_id", "offer_status", "time_created"}
)

# Settings of tracking, caps and texts, none of which is compared with anything here.
OFFER_FIELDS_DROPPED = frozenset(
    {
        "already_converted_action", "app_identifier", "attribution_method", "caps_timezone_id", "conversion_method",
        "daily_click_cap", "daily_conversion_cap", "daily_payout_cap", "daily_revenue_cap", "date_live_until",
        "destination_url", "duplicate_filter_targeting_action", "email_attribution_method",
        "email_attribution_window_minute", "email_attribution_window_type", "global_click_cap",
        "global_conversion_cap", "global_payout_cap", "global_revenue_cap", "html_description", "internal_notes",
        "is_allow_deep_link", "is_allow_duplicate_conversion", "is_block_already_converted", "is_caps_enabled",
        "is_description_plain_text", "is_duplicate_filter_enabled", "is_email_attribution_enabled",
        "is_email_attribution_window_enabled", "is_fail_traffic_enabled", "is_force_terms_and_conditions",
        "is_must_approve_conversion", "is_seo_friendly", "is_session_tracking_enabled", "is_soft_cap",
        "is_use_direct_linking", "is_use_scrub_rate", "is_use_secure_link", "is_using_explicit_terms_and_conditions",
        "is_using_suppression_list", "is_view_through_enabled", "is_view_through_session_tracking_enabled",
        "is_whitelist_check_enabled", "monthly_click_cap", "monthly_conversion_cap", "monthly_payout_cap",
        "monthly_revenue_cap", "network_category_id", "network_offer_group_id", "network_tracking_domain_id",
        "preview_url", "project_id", "redirect_internal_routing_type", "redirect_mode", "redirect_routing_method",
        "relationship", "scrub_rate_percentage", "scrub_rate_status", "server_side_url", "session_definition",
        "session_duration", "session_tracking_lifespan_hour", "session_tracking_minimum_lifespan_second",
        "session_tracking_start_on", "suppression_list_id", "terms_and_conditions", "thumbnail_url", "time_saved",
        "view_through_destination_url", "view_through_session_tracking_lifespan_minute",
        "view_through_session_tracking_minimal_lifespan_second", "visibility", "weekly_click_cap",
        "weekly_conversion_cap", "weekly_payout_cap", "weekly_revenue_cap",
    }
)  # fmt: skip
