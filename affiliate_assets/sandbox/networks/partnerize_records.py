"""Partnerize's records of conversions, clicks, publishers and campaigns.

A third of the conversions have two items. Where one of these is taken back in part and its number is even, the part
is an item that is rejected; else the items' values are changed. One in five of two items is approved item by item, so
that it is `mixed` while the second one waits. What is rejected keeps its amounts.
"""

from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliate_assets.sandbox.config import DAY, Account
from affiliate_assets.sandbox.network import Click
from affiliate_assets.sandbox.people import Publisher, digest
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import Row, number

_STATUS_IDS = {"pending": 1}
_DEVICES = {1: "Mobile", 2: "Desktop", 3: "Tablet"}


class Item(NamedTuple):
    """One item at an instant: amounts in minor units, its state, and when it was last changed and approved."""

    sale: int
    commission: int
    cost: int
    status: str
    reason: str | None
    changed_at: int
    approved_at: int | None


def conversion_id(conversion: Conversion) -> str:
    """Return the id: region, a lower-case L, and a number."""
    return f"1110l{conversion.number}"


def _is_split(conversion: Conversion) -> bool:
    return conversion.number % 3 == 0 and conversion.steps[0].sale > 2


def _taken_back(conversion: Conversion) -> int | None:
    """Return what an item was worth that is rejected alone, None where no item is."""
    steps = conversion.steps
    if not _is_split(conversion) or conversion.number % 2 or len(steps) != 2 or steps[1].void:
        return None
    part = steps[0].sale - steps[1].sale
    return part if 0 < part < steps[0].sale else None


def _first_approval(conversion: Conversion) -> int:
    """Return when the first of two items is approved."""
    alone = _is_split(conversion) and conversion.number % 5 == 0 and len(conversion.steps) == 1
    return max(conversion.final_at - DAY // 2, conversion.visible_at + 1) if alone else conversion.final_at


def modified_at(conversion: Conversion, at: int) -> int:
    """Return the last change of the conversion or of an item up to an instant."""
    early = _first_approval(conversion)
    changed = conversion.changed_at(at)
    return max(changed, early) if early <= at and not conversion.step(at).void else changed


def items_at(conversion: Conversion, at: int) -> list[Item]:
    """Return the items at an instant; those not rejected add up to the present sale."""
    state, changed = conversion.step(at), modified_at(conversion, at)
    part = _taken_back(conversion)
    if part is not None:
        values = [conversion.steps[0].sale - part, part]
    elif _is_split(conversion):
        values = [state.sale - state.sale // 3, state.sale // 3]
    else:
        values = [state.sale]
    whole = sum(values)
    shares = [conversion.commission(values[0])]
    costs = [shares[0] + conversion.fee(values[0])]
    if len(values) == 2:
        shares.append(conversion.commission(whole) - shares[0])
        costs.append(conversion.commission(whole) + conversion.fee(whole) - costs[0])
    items = []
    for place, value in enumerate(values):
        decided = _first_approval(conversion) if place == 0 else conversion.final_at
        if state.void:
            status, reason = "rejected", state.reason.capitalize() or "Breach of terms"
        elif place == 1 and part is not None and at >= conversion.steps[1].at:
            status, reason = "rejected", "Returned in part"
        else:
            status, reason = ("approved" if at >= decided else "pending"), None
        approved_at = decided if status == "approved" else None
        items.append(Item(value, shares[place], costs[place], status, reason, changed, approved_at))
    return items


def status_of(items: list[Item]) -> str:
    """Return the state of the conversion."""
    statuses = {item.status for item in items}
    return statuses.pop() if len(statuses) == 1 else "mixed"


def wall_clock(seconds: int, zone: ZoneInfo) -> str:
    """Return an instant as naive time of a zone."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def conversion_record(conversion: Conversion, click: Click | None, at: int, zone: ZoneInfo, *, paid: bool) -> Row:
    """Return a conversion as the report shows it at an instant; `paid` adds the payment of each item."""
    account, order, items = conversion.programme, conversion.order, items_at(conversion, at)
    record: Row = {
        "conversion_id": conversion_id(conversion),
        "campaign_id": account.account_id,
        "publisher_id": conversion.partner.publisher_id,
        "conversion_time": wall_clock(conversion.occurred_at, zone),
        "device_id": f"1100l{conversion.number}",
        "creative_type": 0,
        "creative_id": 0,
        "specific_creative_id": 0,
        "currency": account.currency,
        "advertiser_reference": "",
        "conversion_reference": conversion.order_ref or "",
        "customer_type": None if order is None else "existing" if order.returning else "new",
        "referer_ip": _address(conversion.number),
        "source_referer": f"https://{conversion.partner.site}/",
        "last_modified": wall_clock(modified_at(conversion, at), zone),
        "conversion_type": 1,
        "country": account.shop.upper().replace("UK", "GB"),
        "customer_reference": f"cust-{order.customer}" if order else "",
        "ref_conversion_metric_id": 2,
        "campaign_title": account.name,
        "publisher_name": conversion.partner.name,
        "click": _click_of(conversion, click, zone),
        "ref_conversion_metric": "Standard",
        "conversion_value": {
            "conversion_value_id": conversion_id(conversion),
            "conversion_status": status_of(items),
            "value": number(sum(item.sale for item in items), account.currency),
            "commission": number(sum(item.cost for item in items), account.currency),
            "publisher_commission": number(sum(item.commission for item in items), account.currency),
        },
        "meta_data": [],
        "conversion_items": [
            _item_record(conversion, place, item, zone, paid=paid, at=at) for place, item in enumerate(items, 1)
        ],
        "was_disputed": False,
        "currency_original": "",
        "currency_conversion_rate": "",
        "conversion_lag": conversion.occurred_at - (conversion.click_at or conversion.occurred_at),
        "clickref": click.token if click else "",
    }
    return record


def _item_record(conversion: Conversion, place: int, item: Item, zone: ZoneInfo, *, paid: bool, at: int) -> Row:
    currency, order = conversion.programme.currency, conversion.order
    record: Row = {
        "conversion_item_id": f"1112l{conversion.number * 10 + place}",
        "sku": f"SKU-{conversion.number % 97}-{place}",
        "category": "Furniture" if place == 1 else "Textiles",
        "item_value": number(item.sale, currency),
        "item_commission": number(item.cost, currency),
        "item_publisher_commission": number(item.commission, currency),
        "item_status": item.status,
        "invoice_id": None,
        "last_update": wall_clock(item.changed_at, zone),
        "display_to_publisher": 1,
        "approved_at": None if item.approved_at is None else wall_clock(item.approved_at, zone),
        "reject_reason": item.reason,
        "voucher_codes": [order.voucher] if order and order.voucher else [],
        "meta_data": {},
    }
    if item.status in _STATUS_IDS:
        record["item_status_id"] = _STATUS_IDS[item.status]
    if paid:
        record |= {"payment_status": "unpaid", "invoice_create_date": None, "invoice_paid_date": None}
    return record


def _click_of(conversion: Conversion, click: Click | None, zone: ZoneInfo) -> Row | None:
    """Return the click inside a conversion, where `last_used` is Unix time."""
    if conversion.click_at is None:
        return None
    known = click_record(click, zone) if click else {}
    known.pop("publisher_name", None)
    return {
        **known,
        "set_time": wall_clock(conversion.click_at, zone),
        "last_used": conversion.occurred_at,
        "status": "nibbled",
        "ref_device": _DEVICES[2],
        "ref_traffic_source": "Affiliate",
        "ref_partnership_model": "CPA",
        "ref_user_context": "Web",
    }


def click_record(click: Click, zone: ZoneInfo) -> Row:
    """Return a click as the click report shows it."""
    device = 1 + click.rank % 3
    return {
        "click_id": f"1101l{click.rank}",
        "device_id": f"1100l{click.rank}",
        "campaign_id": click.account.account_id,
        "publisher_id": click.publisher.publisher_id,
        "type": "standard",
        "status": "fresh",
        "set_time": wall_clock(click.at, zone),
        "set_ip": _address(click.rank),
        "last_used": wall_clock(click.at, zone),
        "last_ip": _address(click.rank),
        "advertiser_reference": "",
        "referer": f"https://{click.publisher.site}/offers?reader={digest('reader', click.rank, length=6)}",
        "creative_id": 0,
        "creative_type": 0,
        "specific_creative_id": 0,
        "country": click.account.shop.upper().replace("UK", "GB"),
        "ref_device_id": device,
        "ref_traffic_source_id": 3,
        "ref_partnership_model_id": 2,
        "ref_user_context_id": 2,
        "clickref": click.token,
        "publisher_name": click.publisher.name,
    }


def publisher_record(publisher: Publisher) -> Row:
    """Return a publisher with what it would rather keep to itself."""
    return {
        "publisher_id": publisher.publisher_id,
        "account_name": publisher.key.replace("-", ""),
        "company_name": publisher.name,
        "campaign_status": "a",
        "network_status": "a",
        "contact_name": f"Contact {publisher.key}",
        "contact_email": f"partners@{publisher.site}",
        "phone": "01595725007",
        "phone_area": "+44",
        "vat_number": 974997534,
        "signup_ip": _address(len(publisher.key)),
        "default_currency": publisher.currency or "GBP",
        "operating_country": publisher.region,
        "reporting_timezone": "Europe/London",
        "promotional_method_name": publisher.kind,
        "vertical_name": "Home",
        "foreign_identifier": None,
        "websites": [{"active": "y", "primary": "y", "website_url": f"https://{publisher.site}"}],
    }


def campaign_record(account: Account) -> Row:
    """Return a campaign."""
    return {
        "campaign_id": account.account_id,
        "title": account.name,
        "advertiser_id": "1101l110",
        "advertiser_name": "Acme Home",
        "status": "a",
        "default_currency": account.currency,
        "reporting_timezone": "Europe/London",
        "conversion_type": "sale",
        "cookie_period": 30 * DAY,
        "force_approve_period": 45,
        "conversion_hiatus_period": 7,
        "unique_conversion_refs": "y",
        "multiple_conversions_per_click": "n",
        "test_mode": "n",
        "tq_enabled": "y",
        "tq_auto_approve": 60,
        "destination_url": "https://shop.example",
        "invoice_contact": "Accounts Payable",
    }


def _address(mark: int) -> str:
    return f"203.0.113.{mark % 250 + 1}"
