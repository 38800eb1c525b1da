"""One CJ commission row as it is sent, and the names of all its fields."""

from collections.abc import Callable

from affiliate_assets.sandbox.config import DAY, SHOPS
from affiliate_assets.sandbox.money import convert, to_text, usd_rate
from affiliate_assets.sandbox.reports import Conversion, LedgerRow
from affiliate_assets.sandbox.times import zulu

_CLOSE_AFTER = 20 * DAY

_ITEM_FIELDS: dict[str, object] = dict.fromkeys(
    [
        "commissionItemId",
        "discountUsd",
        "discountPubCurrency",
        "discountAdvCurrency",
        "itemListId",
        "totalCommissionAdvCurrency",
        "totalCommissionPubCurrency",
        "totalCommissionUsd",
        "quantity",
        "perItemSaleAmountAdvCurrency",
        "perItemSaleAmountPubCurrency",
        "perItemSaleAmountUsd",
        "sku",
    ]
)
_SITUATION: dict[str, object] = {"id": None, "name": None}
_ITEM_FIELDS["situationDetails"] = _SITUATION

#: Field names of a record; a field with fields below has them in a dictionary, `{}` stands for any.
RECORD_FIELDS: dict[str, object] = dict.fromkeys(
    [
        "actionStatus",
        "actionTrackerId",
        "actionTrackerName",
        "actionType",
        "adOwner",
        "advCommissionAmountAdvCurrency",
        "advCommissionAmountUsd",
        "advertiserId",
        "advertiserName",
        "aid",
        "cjFeeAdvCurrency",
        "cjFeeUsd",
        "clickDate",
        "clickReferringURL",
        "commissionId",
        "concludingBrowser",
        "concludingDeviceName",
        "concludingDeviceType",
        "correctionReason",
        "country",
        "coupon",
        "eventDate",
        "initiatingBrowser",
        "initiatingDeviceName",
        "initiatingDeviceType",
        "isCrossDevice",
        "lockingDate",
        "lockingMethod",
        "newToFile",
        "orderDiscountAdvCurrency",
        "orderDiscountOrigCurrency",
        "orderDiscountPubCurrency",
        "orderDiscountUsd",
        "orderId",
        "validationStatus",
        "original",
        "originalActionId",
        "postingDate",
        "pubCommissionAmountPubCurrency",
        "pubCommissionAmountUsd",
        "publisherId",
        "publisherName",
        "reviewedStatus",
        "saleAmountAdvCurrency",
        "saleAmountPubCurrency",
        "saleAmountUsd",
        "siteToStoreOffer",
        "source",
        "websiteId",
        "websiteName",
    ]
)
RECORD_FIELDS |= {"items": _ITEM_FIELDS, "situationDetails": _SITUATION, "verticalAttributes": {}}


def locking_date(conversion: Conversion, at: int) -> int:
    """Return the lock as it is announced at an instant: the first date until that one is put off."""
    first = conversion.extended_at
    return first if first is not None and at < first else conversion.final_at


def action_status(conversion: Conversion, at: int) -> str:
    """Return new, extended, locked or closed at an instant."""
    if at >= conversion.final_at + _CLOSE_AFTER:
        return "closed"
    if at >= conversion.final_at:
        return "locked"
    return "extended" if conversion.extended_at is not None and at >= conversion.extended_at else "new"


def _validation(conversion: Conversion, at: int) -> tuple[str, str]:
    """Return locking method and validation status; only open-ended actions have a decision of their own."""
    if SHOPS[conversion.market.shop_of[conversion.account]].name != "us":
        return "FIXED_DATE", "AUTOMATED"
    if conversion.step(at).void:
        return "OPEN_ENDED", "DECLINED"
    return "OPEN_ENDED", "ACCEPTED" if at >= conversion.final_at else "PENDING"


def record(row: LedgerRow, at: int) -> dict[str, object]:
    """Return a posted row as of an instant, with every field."""
    conversion = row.conversion
    partner, account, order = conversion.partner, conversion.programme, conversion.order
    commission = conversion.commission(row.sale)
    fee = conversion.fee(row.sale)
    discount = order.discount if order and row.original else 0
    own, theirs = (
        usd_rate(account.currency, conversion.occurred_at),
        usd_rate(partner.currency, conversion.occurred_at),
    )
    method, validation = _validation(conversion, at)
    mark = conversion.number

    def usd(cents: int) -> str:
        return to_text(conversion.usd(cents))

    def foreign(cents: int) -> str:
        return to_text(convert(cents, own, theirs))

    return {
        "actionStatus": action_status(conversion, at),
        "actionTrackerId": "388120",
        "actionTrackerName": "Online sale",
        "actionType": "sim_sale" if mark % 4 == 1 else "item_sale",
        "adOwner": None,
        "advCommissionAmountAdvCurrency": to_text(commission + fee),
        "advCommissionAmountUsd": usd(commission + fee),
        "advertiserId": account.account_id,
        "advertiserName": account.name,
        "aid": "13002244",
        "cjFeeAdvCurrency": to_text(fee),
        "cjFeeUsd": usd(fee),
        "clickDate": None if conversion.click_at is None else zulu(conversion.click_at),
        "clickReferringURL": None if conversion.click_at is None else f"https://www.{partner.site}/offers",
        "commissionId": str(row.commission_id),
        "concludingBrowser": "Chrome",
        "concludingDeviceName": "Windows 10",
        "concludingDeviceType": "Desktop",
        "correctionReason": row.reason,
        "country": SHOPS[conversion.market.shop_of[conversion.account]].country,
        "coupon": (order.voucher or None) if order else None,
        "verticalAttributes": None,
        "eventDate": zulu(conversion.occurred_at),
        "initiatingBrowser": "Safari",
        "initiatingDeviceName": "iPhone",
        "initiatingDeviceType": "Mobile",
        "isCrossDevice": mark % 3 == 0,
        "lockingDate": zulu(locking_date(conversion, at)),
        "lockingMethod": method,
        "newToFile": None if order is None else not order.returning,
        "orderDiscountAdvCurrency": to_text(discount) if discount else "0",
        "orderDiscountOrigCurrency": to_text(discount) if discount else "0",
        "orderDiscountPubCurrency": foreign(discount) if discount else "0",
        "orderDiscountUsd": usd(discount) if discount else "0",
        "orderId": conversion.order_ref,
        "validationStatus": validation,
        "original": row.original,
        "originalActionId": str(mark),
        "postingDate": zulu(row.posted_at),
        "pubCommissionAmountPubCurrency": foreign(commission),
        "pubCommissionAmountUsd": usd(commission),
        "publisherId": partner.publisher_id,
        "publisherName": partner.name,
        "reviewedStatus": None,
        "saleAmountAdvCurrency": to_text(row.sale),
        "saleAmountPubCurrency": foreign(row.sale),
        "saleAmountUsd": usd(row.sale),
        "siteToStoreOffer": None,
        "source": None,
        "websiteId": partner.site_id,
        "websiteName": partner.site,
        "items": [_item(row, usd, foreign)] if row.original and mark % 4 != 1 else [],
        "situationDetails": [],
    }


def _item(row: LedgerRow, usd: Callable[[int], str], foreign: Callable[[int], str]) -> dict[str, object]:
    commission = row.conversion.commission(row.sale)
    return {
        "commissionItemId": str(550_000_000 + row.commission_id),
        "discountUsd": "0",
        "discountPubCurrency": "0",
        "discountAdvCurrency": "0",
        "itemListId": None,
        "totalCommissionAdvCurrency": to_text(commission),
        "totalCommissionPubCurrency": foreign(commission),
        "totalCommissionUsd": usd(commission),
        "quantity": 1,
        "perItemSaleAmountAdvCurrency": to_text(row.sale),
        "perItemSaleAmountPubCurrency": foreign(row.sale),
        "perItemSaleAmountUsd": usd(row.sale),
        "sku": "CHAIR-9",
        "situationDetails": [],
    }
