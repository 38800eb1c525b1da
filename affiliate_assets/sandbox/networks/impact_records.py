"""Records of impact.com as they are sent: actions, their log of changes, partners, programmes and clicks."""

from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY, Account
from affiliate_assets.sandbox.network import Click
from affiliate_assets.sandbox.people import Publisher, digest
from affiliate_assets.sandbox.reports import Conversion, Step
from affiliate_assets.sandbox.times import with_offset
from affiliate_assets.sandbox.wire import Row, number

#: The service writes its times with the offset of the US west coast.
PACIFIC = ZoneInfo("America/Los_Angeles")
SALE, TEST = 3301, 3399
_CLEARS_AFTER = 20 * DAY
_TEST_SALE = 999
_REASONS = {
    "refunded": "ITEM_RETURNED",
    "returned in part": "ITEM_RETURNED",
    "cancelled": "ORDER_ERROR",
    "no such order": "CONS_FRAUD",
}
_DEVICES = ("DESKTOP", "PHONE", "TABLET")


class Entry(NamedTuple):
    """An entry of the log of changes: when, of which item, by how much sale and commission, why and to which state."""

    at: int
    serial: int
    sku: str
    sale: int
    commission: int
    reason: str
    state: str


def action_id(conversion: Conversion) -> str:
    """Return the id of an action: programme, partner contract, number."""
    return f"{conversion.programme.programme_id}.7711.{conversion.number}"


def test_id(conversion: Conversion) -> str:
    """Return the id of the test action that was made beside a conversion."""
    return f"{conversion.programme.programme_id}.7799.{conversion.number}"


def is_tested(conversion: Conversion) -> bool:
    """Tell whether somebody made a test action beside a conversion."""
    return conversion.number % 50 == 7


def updated_at(conversion: Conversion, at: int) -> int:
    """Return the last update by an instant: it appeared or was modified; an approval by the lock is none."""
    return conversion.step(at).at


def _sale(step: Step) -> int:
    return 0 if step.void else step.sale


def _moment(at: int | None) -> str:
    return "" if at is None else with_offset(at, PACIFIC)


def action(conversion: Conversion, at: int) -> Row:
    """Return a visible action as of an instant."""
    account, partner = conversion.programme, conversion.partner
    seen = [step for step in conversion.steps if step.at <= at]
    sale, first = _sale(seen[-1]), conversion.steps[0].sale
    before = _sale(seen[-2]) if len(seen) > 1 else 0
    commission, status = conversion.commission(sale), conversion.status(at)
    cleared_at = conversion.final_at + _CLEARS_AFTER
    order = conversion.order

    def money(minor: int) -> str:
        return number(minor, account.currency)

    return {
        "Id": action_id(conversion),
        **_programme(account),
        "ActionTrackerId": SALE,
        "ActionTrackerName": "Online sale",
        "EventCode": "",
        "MediaPartnerId": int(partner.publisher_id),
        "MediaPartnerName": partner.name,
        "State": status.upper(),
        "AdId": 604_411 + conversion.publisher,
        "ClientCost": money(commission + conversion.fee(sale)),
        "Payout": money(commission),
        "DeltaPayout": money(commission - conversion.commission(before)),
        "IntendedPayout": money(conversion.commission(first)),
        "Amount": money(sale),
        "DeltaAmount": money(sale - before),
        "IntendedAmount": money(first),
        "Currency": account.currency,
        "ReferringDate": _moment(conversion.click_at),
        "EventDate": _moment(conversion.occurred_at),
        "CreationDate": _moment(conversion.visible_at),
        "LockingDate": _moment(conversion.final_at),
        "ClearedDate": _moment(cleared_at) if status == "approved" and cleared_at <= at else "",
        "ReferringType": "CLICK_COOKIE",
        "ReferringDomain": partner.site,
        "PromoCode": (order.voucher or "") if order else "",
        "Oid": conversion.order_ref or "",
        "CustomerId": digest("customer", conversion.number, length=12),
        "CustomerStatus": ("EXISTING" if order.returning else "NEW") if order else "",
        "CustomerPostCode": "n/a",
        "CustomerArea": "n/a",
        "CustomerCity": "n/a",
        "CustomerRegion": "n/a",
        "CustomerCountry": account.shop.upper() if conversion.number % 3 else "n/a",
        "IpAddress": digest("address", conversion.number),
        "SharedId": "fall-guide" if conversion.number % 5 == 0 else "",
        "CallerId": "",
        "Note": "",
        "Uri": "",
    }


def test_action(conversion: Conversion, at: int) -> Row:
    """Return the reversed test action beside a conversion; it names no order."""
    nothing = number(0, conversion.programme.currency)
    tried = number(_TEST_SALE, conversion.programme.currency)
    return {
        **action(conversion, conversion.visible_at),
        "Id": test_id(conversion),
        "ActionTrackerId": TEST,
        "ActionTrackerName": "Test",
        "State": "REVERSED",
        **dict.fromkeys(("ClientCost", "Payout", "DeltaPayout", "IntendedPayout", "Amount"), nothing),
        "DeltaAmount": number(-_TEST_SALE, conversion.programme.currency),
        "IntendedAmount": tried,
        "Oid": "",
        "PromoCode": "",
        "ClearedDate": "",
    }


def log_of(conversion: Conversion) -> Iterator[Entry]:
    """Yield everything that is ever logged of an action; an approval by the lock is not."""
    by_item = conversion.number % 3 == 0
    sale, commission = 0, 0
    for place, step in enumerate(conversion.steps):
        changed = _sale(step) - sale
        paid = conversion.commission(_sale(step)) - commission
        reason = "IR_BLANK" if place == 0 else _REASONS.get(step.reason, "ORDER_UPDATE")
        state = "REVERSED" if step.void else "PENDING"
        parts = (
            [(changed // 3, paid // 3), (changed - changed // 3, paid - paid // 3)] if by_item else [(changed, paid)]
        )
        for item, (part, share) in enumerate(parts):
            sku = f"SKU-{item + 1}" if by_item else ""
            yield Entry(step.at, 2 * place + item, sku, part, share, reason, state)
        sale, commission = _sale(step), conversion.commission(_sale(step))


def test_log_of(conversion: Conversion) -> Iterator[Entry]:
    """Yield the log of the test action beside a conversion."""
    yield Entry(conversion.visible_at, 0, "", _TEST_SALE, 0, "IR_BLANK", "PENDING")
    yield Entry(conversion.visible_at, 1, "", -_TEST_SALE, 0, "TEST_ACTION", "REVERSED")


def update(conversion: Conversion, entry: Entry, of: str) -> Row:
    """Return an entry of the log as it is sent; `of` is the id of its action."""
    account = conversion.programme
    is_test = entry.reason == "TEST_ACTION" or of == test_id(conversion)
    return {
        "Id": f"{of}.{51_000_001 + entry.serial}",
        "ActionId": of,
        "CampaignId": int(account.programme_id),
        "ActionTrackerId": TEST if is_test else SALE,
        "EventTypeId": str(TEST if is_test else SALE),
        "EventTypeName": "Test" if is_test else "Online sale",
        "EventCode": "",
        "MediaPartnerId": int(conversion.partner.publisher_id),
        "State": entry.state,
        "StateDetail": "",
        "StateDetailDescription": "",
        "AdId": 604_411 + conversion.publisher,
        "Disposition": entry.reason,
        "DeltaPayout": number(entry.commission, account.currency),
        "DeltaAmount": number(entry.sale, account.currency),
        "Currency": account.currency,
        "Category": "Furniture" if entry.sku else "",
        "Sku": entry.sku,
        "Quantity": "1",
        **dict.fromkeys(
            (
                "CatalogName",
                "CatalogCategory",
                "CatalogDescription",
                "CatalogManufacturer",
                "CatalogOriginalFormatCategory",
                "CatalogSubCategory",
            ),
            "",
        ),
        "PayoutLevel": "ITEM" if entry.sku else "ORDER",
        "DefaultPayoutRate": "8",
        "ContractId": f"S-{710_000 + conversion.publisher}",
        "UpdateDate": _moment(entry.at),
        "LockingDate": _moment(conversion.final_at),
        "ClearingDate": "",
        "ActionDate": _moment(conversion.occurred_at),
        "Oid": "" if is_test else conversion.order_ref or "",
        "CustomerId": digest("customer", conversion.number, length=12),
        "CustomerStatus": "",
        "SharedId": "",
        "ActionUri": "",
        "Uri": "",
    }


def partner(publisher: Publisher, account: Account) -> Row:
    """Return a partner of a programme, with the personal data that come with it."""
    return {
        "Id": publisher.publisher_id,
        "Name": publisher.name,
        "Description": f"{publisher.kind} site",
        "Website": f"https://{publisher.site}",
        "State": "ACTIVE",
        "Address": {"Country": publisher.region, "Address1": "1 Main Street", "City": "Anytown", "PostalCode": "00000"},
        "Phone": {"Country": publisher.region, "Number": "0000000000"},
        "Currency": publisher.currency or account.currency,
        "Timezone": "America/Los_Angeles",
        "PartnerType": "MARKETPLACE" if int(publisher.publisher_id) % 2 else "DIRECT",
        "PromotionalMethods": [{"Type": publisher.kind.upper(), "IsPrimary": True}],
        "PromotionalCountries": [publisher.region],
        "Contacts": [{"FirstName": "Sam", "LastName": "Sample", "Email": f"sam@{publisher.site}", "IsPrimary": True}],
    }


def campaign(account: Account) -> Row:
    """Return a programme."""
    return {"Id": int(account.programme_id), "Name": account.name, "State": "ACTIVE", "Type": "Performance"}


def click(found: Click) -> Row:
    """Return a click as an export writes it."""
    publisher = found.publisher
    return {
        "Id": found.token,
        **_programme(found.account),
        "ProfileId": digest("profile", found.token),
        "IpAddress": digest("address", found.token),
        "EventDate": _moment(found.at),
        "MediaId": int(publisher.publisher_id),
        "MediaName": publisher.name,
        "AdId": 604_411,
        "AdName": "Text link",
        "AdType": "TEXT_LINK",
        "CustomerArea": "n/a",
        "CustomerCity": "n/a",
        "CustomerRegion": "n/a",
        "CustomerCountry": found.account.shop.upper() if found.rank % 3 else "n/a",
        "DeviceType": _DEVICES[found.rank % 3],
        "ReferringUrl": f"https://{publisher.site}/offers",
        "ReferringDomain": publisher.site,
        "LandingPageUrl": f"https://shop-{found.account.shop}.example/?im_ref={found.token}&irgwc=1",
        "SharedId": "fall-guide" if found.rank % 5 == 0 else "",
        "UniqueClick": found.rank % 4 != 0,
        "CpcBid": "0.0",
        "PartnerRelated": {"SubId1": "top-table" if found.rank % 2 else "", "SubId2": "", "SubId3": ""},
    }


def _programme(account: Account) -> Row:
    return {"CampaignId": int(account.programme_id), "CampaignName": account.name}
