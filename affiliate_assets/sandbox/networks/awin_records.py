"""One Awin transaction as it is sent: field names and order of Awin's published answer."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY, SHOPS
from affiliate_assets.sandbox.people import digest
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch, naive_local, to_epoch
from affiliate_assets.sandbox.wire import number

_DECLINE_REASONS = {
    "refunded": "Returned",
    "cancelled": "Cancelled",
    "duplicate order": "Duplicate",
    "no such order": "No such order",
}
_DEVICES = ("Windows", "iPhone", "Android Mobile", "Mac")


def decided_at(conversion: Conversion) -> int:
    """Return when the transaction is approved, declined or deleted."""
    return next((step.at for step in conversion.steps if step.void), conversion.final_at)


def amended_at(conversion: Conversion) -> int | None:
    """Return when the amount is changed in place, None if never."""
    return next((step.at for step in conversion.steps[1:] if not step.void), None)


def transaction(conversion: Conversion, at: int, zone: ZoneInfo, *, basket: bool) -> dict[str, object]:
    """Return a visible transaction as of an instant, its times in the zone asked for."""
    partner, account = conversion.partner, conversion.programme
    state, first = conversion.step(at), conversion.steps[0].sale
    commission, status = conversion.commission(state.sale), conversion.status(at)
    changed_at, decision = amended_at(conversion), decided_at(conversion)
    amended, decided = changed_at is not None and changed_at <= at, decision <= at
    paid = status == "approved" and _paid_at(decision) <= at
    order, shop = conversion.order, SHOPS[conversion.market.shop_of[conversion.account]]
    mark = conversion.number
    group = {"commissionGroupId": 90211, "commissionGroupCode": "DEFAULT", "commissionGroupName": "Default"}

    def money(cents: int) -> dict[str, object]:
        return {"amount": number(cents), "currency": account.currency}

    return {
        "id": conversion.number,
        "url": f"https://www.{partner.site}/offers",
        "advertiserId": int(account.account_id),
        "publisherId": int(partner.publisher_id),
        "commissionSharingPublisherId": None,
        "commissionSharingSelectedRatePublisherId": None,
        "campaign": "autumn" if mark % 5 == 0 else None,
        "siteName": partner.name,
        "commissionStatus": "declined" if status == "reversed" else status,
        "commissionAmount": money(commission),
        "saleAmount": money(state.sale),
        "networkFee": money(conversion.fee(state.sale)),
        "advertiserCost": {"amount": None, "currency": None},
        "ipHash": str(-int(digest("ip", mark, length=12), 16)),
        "customerCountry": shop.country,
        "clickRefs": {"clickRef": partner.key} if mark % 4 else None,
        "clickDate": None if conversion.click_at is None else naive_local(conversion.click_at, zone),
        "transactionDate": naive_local(conversion.occurred_at, zone),
        "validationDate": naive_local(decision, zone) if decided else None,
        "type": "Commission group transaction",
        "declineReason": _DECLINE_REASONS.get(state.reason, "Breach of terms") if state.void else None,
        "voucherCodeUsed": bool(order and order.voucher),
        "voucherCode": (order.voucher or None) if order else None,
        "lapseTime": conversion.occurred_at - (conversion.click_at or conversion.occurred_at),
        "amended": amended,
        "amendReason": "Part of the order returned" if amended else None,
        "oldSaleAmount": money(first) if amended else None,
        "oldCommissionAmount": money(conversion.commission(first)) if amended else None,
        "clickDevice": _DEVICES[mark % 4],
        "transactionDevice": _DEVICES[mark // 4 % 4],
        "customerAcquisition": None if order is None else "EXISTING" if order.returning else "NEW",
        "publisherUrl": f"https://www.{partner.site}/offers",
        "advertiserCountry": shop.country,
        "orderRef": conversion.order_ref,
        "customParameters": [],
        "transactionParts": [
            {
                **group,
                "amount": number(state.sale),
                "commissionAmount": number(commission),
                "advertiserCost": None,
                "trackedParts": [{"code": "DEFAULT", "amount": number(first), "currency": account.currency}],
            }
        ],
        "paidToPublisher": paid,
        "paymentId": 8_840_000 + _paid_at(decision) // DAY if paid else 0,
        "transactionQueryId": 0,
        "trackedCurrencyAmount": None,
        "originalSaleAmount": None,
        "basketProducts": [_product(first)] if basket else None,
    }


def _product(sale: int) -> dict[str, object]:
    return {
        "productId": "P-77",
        "productName": "Desk lamp",
        "unitPrice": number(sale),
        "quantity": 1,
        "skuCode": "LMP-77-BLK",
        "commissionGroupCode": "DEFAULT",
        "category": "Lighting",
    }


def _paid_at(decision: int) -> int:
    """Return the pay day: the first of a month at 10:00 UTC, at least 20 days after the approval."""
    earliest = from_epoch(decision + 20 * DAY)
    carry, month = divmod(earliest.month, 12)
    return to_epoch(datetime(earliest.year + carry, month + 1, 1, 10, tzinfo=UTC))
