"""Tradedoubler's records as they are sent: field names and order of its published answers."""

from datetime import datetime
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY, Account
from affiliate_assets.sandbox.money import exchange
from affiliate_assets.sandbox.people import Publisher
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Row, number

ZONE = ZoneInfo("Europe/Stockholm")

_PROMOTIONS = {"Coupon": (5, "Voucher codes"), "Cashback": (6, "Cashback"), "Content": (2, "Content")}
_STATUS = {"pending": "P", "approved": "A", "reversed": "D"}
_LEADS = 500_000_000_000
_DEVICES = (("desktop", "Windows", "Chrome"), ("mobile", "iOS", "Safari"), ("mobile", "Android", "Chrome"))


def written(seconds: int) -> str:
    """Return an instant as `2026-01-14 10:22:05.0` on Swedish time."""
    return datetime.fromtimestamp(seconds, ZONE).strftime("%Y-%m-%d %H:%M:%S.0")


def _event(account: Account, offset: int) -> int:
    return int(account.account_id) + offset


def transaction(c: Conversion, at: int, currency: str) -> Row:
    """Return a visible transaction as of an instant, its amounts in the currency asked for."""
    state, status, account = c.step(at), c.status(at), c.programme
    changed_at = c.changed_at(at)
    order, mark = c.order, c.number
    device, system, browser = _DEVICES[mark % 3]
    voided = status == "reversed"

    def money(minor: int) -> str:
        shown = minor if currency == account.currency else exchange(minor, account.currency, currency, c.occurred_at)
        return number(shown, currency)

    return {
        "transactionId": mark,
        "programId": int(account.account_id),
        "programName": account.name,
        "sourceName": c.partner.name,
        "sourceId": int(c.partner.publisher_id),
        "adId": 24_600_000 + mark % 7,
        "eventId": _event(account, 80_000),
        "eventName": "Sale",
        "eventTypeId": 5,
        "timeOfLastClick": None if c.click_at is None else written(c.click_at),
        "timeOfCreate": written(c.visible_at),
        "timeOfTransaction": written(c.occurred_at),
        "timeOfLastModified": written(changed_at) if changed_at > c.visible_at else None,
        "epi": c.partner.key if mark % 4 else None,
        "epi2": None,
        "leadNumber": None,
        "orderNumber": c.order_ref,
        "orderValue": money(state.sale),
        "commission": money(c.commission(state.sale)),
        "paid": status == "approved" and at >= c.final_at + 30 * DAY,
        "status": _STATUS[status],
        "productInfo": {
            "productID": None,
            "productName": None,
            "quantity": None,
            "productValue": None,
            "productGroup": None,
        },
        "voucherCode": (order.voucher or None) if order else None,
        "productsApi": {"productId": None, "productName": None},
        "crossDevice": None,
        "pendingRule": "AUTO_APPROVE" if status == "pending" else None,
        "deviceObject": {"deviceType": device, "operatingSystem": system, "browser": browser},
        "modified": changed_at > c.visible_at or voided,
    }


def lead(c: Conversion, currency: str) -> Row:
    """Return the registration for a newsletter that came with a sale: a commission without any order."""
    row = transaction(c, c.visible_at, currency)
    account = c.programme
    return {
        **row,
        "transactionId": _LEADS + c.number,
        "eventId": _event(account, 80_001),
        "eventName": "Newsletter",
        "eventTypeId": 4,
        "timeOfLastModified": None,
        "leadNumber": f"LEAD-{c.number}",
        "orderNumber": None,
        "orderValue": number(0, currency),
        "commission": number(80, currency),
        "paid": False,
        "status": "A",
        "voucherCode": None,
        "pendingRule": None,
        "modified": False,
    }


def source(publisher: Publisher) -> Row:
    """Return a publisher's site and its connection with a programme."""
    kind_id, kind = _PROMOTIONS.get(publisher.kind, (1, publisher.kind))
    return {
        "sourceId": int(publisher.publisher_id),
        "sourceName": publisher.name,
        "sourceUrl": f"https://www.{publisher.site}",
        "promotionTypeId": kind_id,
        "promotionTypeName": kind,
        "statusId": 3,
        "statusName": "Accepted",
        "segmentId": 1,
        "segmentName": "General",
        "created": "2025-02-14T09:22:05.000+0100",
        "lastChanged": "2025-06-01T11:00:00.000+0200",
        "rank": 0,
        "categoryId": 1234,
        "categoryName": "Network - Blind",
    }


def program(account: Account) -> Row:
    """Return a programme as it is listed."""
    return {
        "id": int(account.account_id),
        "countryCode": account.shop.upper(),
        "closedProgram": False,
        "active": True,
        "paused": False,
        "createdDate": "2024-02-01",
        "startDate": "2024-02-14",
        "endDate": None,
        "name": account.name,
        "logoUrl": "https://acme.example/logo.png",
        "prepayment": False,
        "deepLinking": True,
        "categoryIds": [14],
        "keywordPolicyId": 0,
        "implementationTypeId": 3,
        "currencyCode": account.currency,
        "sourceStatus": {"accepted": 5, "underConsideration": 0},
    }
