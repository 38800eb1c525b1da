"""Commission Factory's transactions and affiliates as they are sent: field names and order of its reference."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY, SHOPS
from affiliate_assets.sandbox.money import exchange, to_decimal
from affiliate_assets.sandbox.people import Publisher, digest
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch, naive_local, to_epoch

_COUNTRIES = {"DE": ("DEU", "Germany"), "GB": ("GBR", "United Kingdom"), "US": ("USA", "United States")}
_CURRENCIES = {"EUR": "Euro", "GBP": "Pound Sterling", "USD": "US Dollar"}
_REASONS = {"refunded": "Order returned", "cancelled": "Order cancelled", "duplicate order": "Duplicate order"}
_METHODS = ("Cookie", "Cookie", "Server", "Clickless")
_FOUR_PLACES = Decimal("0.0001")
_FOUNDED = to_epoch(datetime(2024, 2, 5, 3, tzinfo=UTC))


def invoiced_at(conversion: Conversion) -> int:
    """Return when the brand pays a locked transaction: the first of a month at 2:00 UTC, 10 days later at least."""
    earliest = from_epoch(conversion.final_at + 10 * DAY)
    carry, month = divmod(earliest.month, 12)
    return to_epoch(datetime(earliest.year + carry, month + 1, 1, 2, tzinfo=UTC))


def paid_at(conversion: Conversion) -> int:
    """Return when the publisher is paid: 14 days after the brand has paid."""
    return invoiced_at(conversion) + 14 * DAY


def status_of(conversion: Conversion, at: int) -> str:
    """Return the fine word for the state at an instant."""
    status = conversion.status(at)
    if status == "approved":
        return "Paid" if paid_at(conversion) <= at else "Approved" if invoiced_at(conversion) <= at else "Locked"
    return "Pending" if status == "pending" else "Void"


def modified_at(conversion: Conversion, at: int) -> int:
    """Return when the record changed last by an instant: it showed, changed, was locked, invoiced or paid."""
    changed = conversion.changed_at(at)
    if conversion.status(at) != "approved":
        return changed
    return max([changed, *(moment for moment in (invoiced_at(conversion), paid_at(conversion)) if moment <= at)])


def transaction(conversion: Conversion, at: int, zone: ZoneInfo) -> dict[str, object]:
    """Return a visible transaction as of an instant, its times in the account's zone."""
    partner, currency, mark = conversion.partner, conversion.programme.currency, conversion.number
    state, fine, order = conversion.step(at), status_of(conversion, at), conversion.order
    amended = not state.void and any(step.at <= at for step in conversion.steps[1:])
    invoiced = fine in ("Approved", "Paid")
    country, country_name = _COUNTRIES[SHOPS[conversion.market.shop_of[conversion.account]].country]
    reported = "EUR" if mark % 9 == 0 else currency
    reported_sale = exchange(state.sale, currency, reported, conversion.occurred_at)
    commission = conversion.commission(state.sale)
    return {
        "Id": mark,
        "DateCreated": f"{naive_local(conversion.occurred_at, zone)}.000",
        "DateModified": f"{naive_local(modified_at(conversion, at), zone)}.000",
        "AffiliateId": int(partner.publisher_id),
        "AffiliateContactName": _contact(partner),
        "AffiliateBusinessName": partner.name,
        "TrafficType": partner.kind,
        "TrafficSource": f"https://www.{partner.site}/",
        "CreativeType": "Banner" if mark % 3 else "Text Link",
        "CreativeId": 60_400 + mark % 5 if mark % 3 else None,
        "CreativeName": f"Banner {mark % 5}" if mark % 3 else None,
        "CustomerCountryCode": country,
        "CustomerCountryName": country_name,
        "CustomerIpAddress": digest("ip", mark),
        "CustomerType": None if order is None else "Existing" if order.returning else "New",
        "OrderId": conversion.order_ref,
        "AdditionalNotes": None,
        "TrackingMethod": _METHODS[mark % 4],
        "SaleValue": _amount(state.sale, currency),
        "Commission": _amount(commission, currency),
        "OverrideFee": _amount(conversion.fee(state.sale), currency),
        "ReportedCurrencyCode": reported,
        "ReportedCurrencyName": _CURRENCIES[reported],
        "ReportedSaleValue": _amount(reported_sale, reported),
        "TrafficSourceApproved": mark % 11 != 0,
        "Status": {"Locked": "Pending", "Paid": "Approved"}.get(fine, fine),
        "Status2": fine,
        "InvoiceId": 55_000 + invoiced_at(conversion) // (28 * DAY) if invoiced else None,
        "VoidReason": _REASONS.get(state.reason, "Not in line with the terms") if state.void else None,
        "AmendedReason": "Partial return" if amended else None,
        "CouponCode": (order.voucher or None) if order else None,
        "Items": _items(conversion, state.sale, commission, reported_sale, reported),
    }


def affiliates(publishers: Iterable[Publisher], zone: ZoneInfo) -> list[dict[str, object]]:
    """Return the listing: every publisher, and one each that is only invited or waiting."""
    rows = [
        _affiliate(int(publisher.publisher_id), _contact(publisher), publisher.name, "Approved", zone)
        for publisher in publishers
    ]
    rows.append(_affiliate(44_005, "Sam Hale", "Harbour Deals Daily", "Invited", zone))
    rows.append(_affiliate(44_260, "Ria Moss", None, "Pending", zone))
    return rows


def _affiliate(number: int, contact: str, business: str | None, status: str, zone: ZoneInfo) -> dict[str, object]:
    joined = _FOUNDED + number * 61 % (300 * DAY)
    applied, approved = joined + 9 * DAY, joined + 12 * DAY
    return {
        "Id": number,
        "DateCreated": f"{naive_local(joined, zone)}.000",
        "DateModified": f"{naive_local(approved, zone)}.000",
        "DateApplied": None if status == "Invited" else f"{naive_local(applied, zone)}.000",
        "DateApproved": f"{naive_local(approved, zone)}.000" if status == "Approved" else None,
        "ContactName": contact,
        "BusinessName": business,
        "Status": status,
        "TrafficSources": None,
    }


def _contact(publisher: Publisher) -> str:
    first, last = ("Alex", "Robin", "Kim", "Toni"), ("Marsh", "Vale", "Ford", "Lane", "Holt")
    return f"{first[int(publisher.publisher_id) % 4]} {last[int(publisher.publisher_id) % 5]}"


def _items(conversion: Conversion, sale: int, commission: int, reported_sale: int, reported: str) -> list[object]:
    """Split a third of the sales into two lines whose parts add up; the others show none."""
    if conversion.number % 3:
        return []
    currency = conversion.programme.currency
    halves = [(part // 2, part - part // 2) for part in (sale, commission, reported_sale)]
    return [
        {
            "Sku": f"AH-{210 + place}",
            "Quantity": 1,
            "ReportedSaleValue": _amount(halves[2][place], reported),
            "SaleValue": _amount(halves[0][place], currency),
            "Commission": _amount(halves[1][place], currency),
            "Name": ("Linen cushion", "Candle")[place],
            "Brand": "Acme",
            "Category": "Decor",
        }
        for place in (0, 1)
    ]


def _amount(minor: int, currency: str) -> Decimal:
    """Return an amount with the four decimals that the network writes."""
    return to_decimal(minor, currency).quantize(_FOUR_PLACES)
