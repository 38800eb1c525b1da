"""impact.com's records: allowed fields, typed columns, checks. Amounts are in the row's currency, times are UTC."""

from __future__ import annotations

import pandera.polars as pa

from affiliate_assets.connectors.schema import currency, flag, instant, integer, money, text, word

STATES = ("PENDING", "APPROVED", "REVERSED")
# What stands where nothing is known.
_NOTHING = ("n/a", "N/A", "NA", "{}", "[]")

ACTIONS = pa.DataFrameSchema(
    {
        "id": text("Id", "impact.com's id of the action; stable.", required=True),
        "campaign_id": integer("CampaignId", "Programme.", required=True),
        "campaign_name": text("CampaignName", "Programme's name.", empty=_NOTHING),
        "action_tracker_id": integer("ActionTrackerId", "Event type."),
        "action_tracker_name": text("ActionTrackerName", "Event type's name.", empty=_NOTHING),
        "event_code": text("EventCode", "The brand's own code of the event type.", empty=_NOTHING),
        "media_partner_id": integer("MediaPartnerId", "Partner that is credited.", required=True),
        "media_partner_name": text("MediaPartnerName", "Partner's name.", empty=_NOTHING),
        "state": word("State", "State of the action; a modification leaves it PENDING.", STATES, required=True),
        "ad_id": integer("AdId", "Ad of the winning click."),
        "amount": money("Amount", "Current sale amount; 0 once reversed.", required=True),
        "payout": money("Payout", "The partner's current commission; 0 once reversed.", required=True),
        "client_cost": money("ClientCost", "What the brand pays in all: payout and fees."),
        "intended_amount": money("IntendedAmount", "Sale amount as first reported."),
        "intended_payout": money("IntendedPayout", "Payout as first reported."),
        "delta_amount": money("DeltaAmount", "Last change of the amount; the amount itself when it never changed."),
        "delta_payout": money("DeltaPayout", "Last change of the payout; the payout itself when it never changed."),
        "currency": currency("Currency", "Currency of all amounts of the action.", required=True),
        "referring_date": instant("ReferringDate", "Winning click."),
        "referring_type": text("ReferringType", "How the click was recognised.", empty=_NOTHING),
        "referring_domain": text("ReferringDomain", "Domain of the winning click.", empty=_NOTHING),
        "event_date": instant("EventDate", "Sale.", required=True),
        "creation_date": instant("CreationDate", "When impact.com recorded the action."),
        "locking_date": instant("LockingDate", "After it, the action cannot change and a pending one is approved."),
        "cleared_date": instant("ClearedDate", "When the commission was paid; empty before."),
        "promo_code": text("PromoCode", "Voucher used.", empty=_NOTHING),
        "oid": text("Oid", "Merchant's order number.", empty=_NOTHING),
        "customer_status": text("CustomerStatus", "The brand's label of the customer, such as NEW.", empty=_NOTHING),
        "customer_country": text("CustomerCountry", "Country of the buyer.", empty=_NOTHING),
        "shared_id": text("SharedId", "Value that the partner passed with the click.", empty=_NOTHING),
    },
    strict=True,
)

# Of a person, a free text, or an address of the record itself.
ACTION_FIELDS_DROPPED = frozenset(
    {
        "CallerId", "CustomerArea", "CustomerCity", "CustomerId", "CustomerPostCode", "CustomerRegion", "IpAddress",
        "Note", "Uri",
    }
)  # fmt: skip

ACTION_FIELDS = frozenset(
    {
        "ActionTrackerId", "ActionTrackerName", "AdId", "Amount", "CampaignId", "CampaignName", "ClearedDate",
        "ClientCost", "CreationDate", "Currency", "CustomerCountry", "CustomerStatus", "DeltaAmount", "DeltaPayout",
        "EventCode", "EventDate", "Id", "IntendedAmount", "IntendedPayout", "LockingDate", "MediaPartnerId",
        "MediaPartnerName", "Oid", "Payout", "PromoCode", "ReferringDate", "ReferringDomain", "ReferringType",
        "SharedId", "State",
    }
)  # fmt: skip

ACTION_UPDATES = pa.DataFrameSchema(
    {
        "id": text("Id", "impact.com's id of the update.", required=True),
        "action_id": text("ActionId", "Action that it changed.", required=True),
        "campaign_id": integer("CampaignId", "Programme.", required=True),
        "event_type_name": text("EventTypeName", "Event type's name.", empty=_NOTHING),
        "media_partner_id": integer("MediaPartnerId", "Partner that is credited."),
        "state": word("State", "State of the action at this update.", STATES, required=True),
        "state_detail": text("StateDetail", "More on the state, such as PAID.", empty=_NOTHING),
        "disposition": text("Disposition", "Reason code; IR_BLANK when the action was created.", empty=_NOTHING),
        "delta_amount": money("DeltaAmount", "Change of the sale amount by this update.", required=True),
        "delta_payout": money("DeltaPayout", "Change of the payout by this update.", required=True),
        "currency": currency("Currency", "Currency of the changes."),
        "sku": text("Sku", "Item it is about, where payouts are set by item.", empty=_NOTHING),
        "category": text("Category", "Category of the item.", empty=_NOTHING),
        "quantity": money("Quantity", "Quantity of the item."),
        "level": text("PayoutLevel", "ORDER or ITEM: what an update is about.", empty=_NOTHING),
        "update_date": instant("UpdateDate", "When the update was recorded.", required=True),
        "action_date": instant("ActionDate", "Sale."),
        "locking_date": instant("LockingDate", "After it, the action cannot change."),
        "clearing_date": instant("ClearingDate", "When the commission is to be paid."),
        "oid": text("Oid", "Merchant's order number.", empty=_NOTHING),
    },
    strict=True,
)

ACTION_UPDATE_FIELDS_DROPPED = frozenset(
    {
        "ActionTrackerId", "ActionUri", "AdId", "CatalogCategory", "CatalogDescription", "CatalogManufacturer",
        "CatalogName", "CatalogOriginalFormatCategory", "CatalogSubCategory", "ContractId", "CustomerId",
        "CustomerStatus", "DefaultPayoutRate", "EventCode", "EventTypeId", "SharedId", "StateDetailDescription", "Uri",
    }
)  # fmt: skip

ACTION_UPDATE_FIELDS = frozenset(
    {
        "ActionDate", "ActionId", "CampaignId", "Category", "ClearingDate", "Currency", "DeltaAmount", "DeltaPayout",
        "Disposition", "EventTypeName", "Id", "LockingDate", "MediaPartnerId", "Oid", "PayoutLevel", "Quantity", "Sku",
        "State", "StateDetail", "UpdateDate",
    }
)  # fmt: skip

MEDIA_PARTNERS = pa.DataFrameSchema(
    {
        "id": integer("Id", "impact.com's id of the partner.", pa.Check.gt(0), required=True),
        "name": text("Name", "Name.", required=True),
        "website": text("Website", "Partner's site.", empty=_NOTHING),
        "state": text("State", "State of the partner's account.", empty=_NOTHING),
        "currency": currency("Currency", "Currency the partner is paid in."),
        "time_zone": text("Timezone", "Partner's time zone.", empty=_NOTHING),
        "partner_type": text("PartnerType", "DIRECT or MARKETPLACE.", empty=_NOTHING),
    },
    strict=True,
)

MEDIA_PARTNER_FIELDS_DROPPED = frozenset(
    {
        "AccountManager", "Address", "Contacts", "CreatedBy", "DateCreated", "DateLastUpdated", "Description",
        "IndirectTax", "LastUpdatedBy", "LinkedAccounts", "PartnerValues", "Phone", "Programs", "PromotionalCategories",
        "PromotionalCountries", "PromotionalMethods", "Properties", "Uri",
    }
)  # fmt: skip

MEDIA_PARTNER_FIELDS = frozenset({"Currency", "Id", "Name", "PartnerType", "State", "Timezone", "Website"})

CAMPAIGNS = pa.DataFrameSchema(
    {
        "id": integer("Id", "Programme's id, which is CampaignId elsewhere.", pa.Check.gt(0), required=True),
        "name": text("Name", "Name.", required=True),
        "state": text("State", "State of the programme.", empty=_NOTHING),
        "type": text("Type", "Kind of programme, such as Performance.", empty=_NOTHING),
    },
    strict=True,
)

CAMPAIGN_FIELDS_DROPPED = frozenset(
    {
        "Categories", "CompanyContacts", "DirectTrackingSettings", "DisplayFutureAds", "DisplayServicingAgency",
        "GatewayTrackingSettings", "GiftCardPayouts", "HasStandDownPolicy", "IdentityMatching", "ImpressionTracking",
        "ListInMarketplace", "LongDescription", "MobileReadyAds", "PromoCodeTracking", "Rating", "Resources",
        "SearchKeywords", "ShippingRegions", "ShortDescription", "SiteDefinition", "ThirdPartyImpressionPixel",
        "TrackingDomain", "TrademarkBidding", "Uri", "ViewThroughCrediting",
    }
)  # fmt: skip

CAMPAIGN_FIELDS = frozenset({"Id", "Name", "State", "Type"})

CLICKS = pa.DataFrameSchema(
    {
        "id": text("Id", "impact.com's reference of the journey (im_ref); several clicks may share it.", required=True),
        "campaign_id": integer("CampaignId", "Programme.", required=True),
        "event_date": instant("EventDate", "Click.", required=True),
        "media_id": integer("MediaId", "Partner whose link was clicked.", required=True),
        "ad_id": integer("AdId", "Ad that was clicked."),
        "ad_type": text("AdType", "Kind of ad.", empty=_NOTHING),
        "device_type": text("DeviceType", "Kind of device.", empty=_NOTHING),
        "customer_country": text("CustomerCountry", "Country the click came from.", empty=_NOTHING),
        "referring_domain": text("ReferringDomain", "Domain the click came from.", empty=_NOTHING),
        "landing_page_url": text("LandingPageUrl", "Page that was landed on.", empty=_NOTHING),
        "shared_id": text("SharedId", "Value that the partner passed.", empty=_NOTHING),
        "sub_id_1": text("PartnerRelated.SubId1", "Partner's first own reference.", empty=_NOTHING),
        "unique_click": flag("UniqueClick", "Counts as unique by the IAB's rule."),
        "payout": money("Payout", "What the click itself pays."),
    },
    strict=True,
)

# Device and network of a person, what that person searched for, or not needed.
CLICK_FIELDS_DROPPED = frozenset(
    {
        "AdName", "BidKeyword", "BrandRelated", "Browser", "CampaignName", "CpcBid", "CustomerArea", "CustomerCity",
        "CustomerRegion", "DealName", "DealScope", "DealType", "DeviceFamily", "IpAddress", "MediaName", "Os",
        "ProductSku", "ProfileId", "ReferringUrl", "SearchText", "TrafficCategory", "TrafficSource",
    }
)  # fmt: skip

CLICK_FIELDS = frozenset(
    {
        "AdId", "AdType", "CampaignId", "CustomerCountry", "DeviceType", "EventDate", "Id", "LandingPageUrl", "MediaId",
        "PartnerRelated", "Payout", "ReferringDomain", "SharedId", "UniqueClick",
    }
)  # fmt: skip
