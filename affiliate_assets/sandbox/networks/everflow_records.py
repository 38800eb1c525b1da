"""Everflow's conversions, events, clicks, offers and partners as they are sent, named as in the documented rows."""

from urllib.parse import urlencode

from affiliate_assets.sandbox.config import HOUR, Account
from affiliate_assets.sandbox.network import Click
from affiliate_assets.sandbox.people import Publisher, digest
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.wire import number

NETWORK_ID = 912
#: Offer of each advertiser.
OFFERS = {"3": 21, "7": 34}
_COUNTRIES = {"us": ("US", "United States"), "kw": ("KW", "Kuwait")}
_DEVICES = (("PC", "Desktop"), ("Mobile", "iOS"), ("Mobile", "Android"), ("Tablet", "iOS"))
_EVENT_PAYOUT = 100
#: The operator's margin on a payout, as a divisor.
_MARGIN = 4


def id_of(conversion: Conversion) -> str:
    """Return the id of a conversion."""
    return digest("everflow", conversion.number)


def revenue_of(payout: int) -> int:
    """Return what the advertiser pays where the partner gets a payout."""
    return payout + payout // _MARGIN


def state_of(conversion: Conversion, at: int) -> tuple[str, bool]:
    """Return the status of a visible conversion and whether a rule has held it back."""
    status = conversion.status(at)
    if status in ("pending", "approved"):
        return status, False
    if conversion.step(at).reason == "no such order":
        return "invalid", False
    return "rejected", conversion.number % 5 == 0


def has_event(conversion: Conversion) -> bool:
    """Tell whether an event follows the conversion."""
    return conversion.number % 40 == 0


def event_at(conversion: Conversion) -> int:
    """Return when that event happens; it shows as late as the conversion does."""
    return conversion.occurred_at + HOUR


def conversion_row(conversion: Conversion, token: str | None, at: int) -> dict[str, object]:
    """Return a visible conversion as of an instant."""
    currency = conversion.programme.currency
    state, (status, scrub) = conversion.step(at), state_of(conversion, at)
    payout = conversion.commission(state.sale)
    void = status in ("rejected", "invalid")
    return {
        "conversion_id": id_of(conversion),
        "conversion_unix_timestamp": conversion.occurred_at,
        "status": status,
        "payout": number(payout, currency),
        "revenue": number(revenue_of(payout), currency),
        "sale_amount": number(state.sale, currency),
        "is_event": False,
        "event": "Base",
        "notes": state.reason,
        "error_code": 14 if void else 0,
        "error_message": state.reason if void else "",
        "is_scrub": scrub,
        "coupon_code": conversion.order.voucher if conversion.order else "",
        "order_id": conversion.order_ref or "",
        **_shared(conversion, token),
    }


def event_row(conversion: Conversion, token: str | None) -> dict[str, object]:
    """Return the event after a conversion: a fixed commission, no sale and no order."""
    currency = conversion.programme.currency
    return {
        "conversion_id": digest("everflow-event", conversion.number),
        "conversion_unix_timestamp": event_at(conversion),
        "status": "approved",
        "payout": number(_EVENT_PAYOUT, currency),
        "revenue": number(revenue_of(_EVENT_PAYOUT), currency),
        "sale_amount": 0,
        "is_event": True,
        "event": "Newsletter sign-up",
        "notes": "",
        "error_code": 0,
        "error_message": "",
        "is_scrub": False,
        "coupon_code": "",
        "order_id": "",
        **_shared(conversion, token),
    }


def event_money() -> tuple[int, int]:
    """Return payout and revenue of an event, in minor units."""
    return _EVENT_PAYOUT, revenue_of(_EVENT_PAYOUT)


def _shared(conversion: Conversion, token: str | None) -> dict[str, object]:
    account, partner, mark = conversion.programme, conversion.partner, conversion.number
    device, platform = _DEVICES[mark % 4]
    ip = f"203.0.113.{mark % 250}"
    empty = ("app_id", "idfa", "idfa_md5", "idfa_sha1", "google_ad_id", "google_ad_id_md5", "google_ad_id_sha1")
    return {
        "sub1": partner.key if mark % 3 else "",
        **dict.fromkeys(("sub2", "sub3", "sub4", "sub5"), ""),
        "source_id": "" if mark % 4 else f"story-{mark % 9}",
        "payout_type": "cps",
        "revenue_type": "rps",
        "session_user_ip": ip,
        "conversion_user_ip": ip,
        "country": _COUNTRIES[account.shop][1],
        "region": "",
        "city": "",
        "dma": 0,
        "carrier": "",
        "platform": platform,
        "os_version": "",
        "device_type": device,
        "device_model": "",
        "brand": "",
        "browser": "Safari",
        "language": "English",
        "http_user_agent": "Mozilla/5.0 (sandbox)",
        "adv1": f"cust_{mark}",
        **dict.fromkeys(("adv2", "adv3", "adv4", "adv5"), ""),
        "transaction_id": token or digest("everflow-click", mark),
        "click_unix_timestamp": conversion.click_at or 0,
        "url": "https://shop.example/checkout/thanks",
        "isp": "",
        "referer": f"https://{partner.site}/",
        **dict.fromkeys((*empty, "android_id", "android_id_md5", "android_id_sha1"), ""),
        "currency_id": account.currency,
        "email": f"buyer{mark}@mail.example",
        "is_view_through": False,
        "previous_network_offer_id": 0,
        "network_offer_payout_revenue_id": 55,
        "relationship": {
            **_parties(account, partner),
            "query_parameters": {"sub1": partner.key, "email": f"buyer{mark}@mail.example"},
            "attribution_method": "last_touch",
        },
    }


def _parties(account: Account, partner: Publisher) -> dict[str, object]:
    return {
        "offer": {
            "network_offer_id": OFFERS[account.account_id],
            "network_id": NETWORK_ID,
            "name": account.name,
            "offer_status": "active",
        },
        "advertiser": {
            "network_advertiser_id": int(account.account_id),
            "network_id": NETWORK_ID,
            "name": account.name,
            "account_status": "active",
        },
        "affiliate": {
            "network_affiliate_id": int(partner.publisher_id),
            "network_id": NETWORK_ID,
            "name": partner.name,
            "account_status": "active",
        },
    }


def click_row(click: Click, converted: bool) -> dict[str, object]:
    """Return a click."""
    account, partner = click.account, click.publisher
    device, platform = _DEVICES[click.rank % 4]
    landing = urlencode({"_ef_transaction_id": click.token, "email": f"visitor{click.rank}@mail.example"})
    return {
        "transaction_id": click.token,
        "is_unique": 1,
        "unix_timestamp": click.at,
        "tracking_url": "https://www.trk.example/2CTPL/ABC12/",
        "source_id": "",
        "sub1": partner.key if click.rank % 3 else "",
        **dict.fromkeys(("sub2", "sub3", "sub4", "sub5"), ""),
        "payout_type": "CPA",
        "revenue_type": "CPA",
        "payout": 0,
        "revenue": 0,
        "referer": f"https://www.{partner.site}/offers?visitor={click.rank}",
        "error_code": 0,
        "error_message": "",
        "user_ip": f"203.0.113.{click.rank % 250}",
        "url": f"https://{account.shop}.shop.example/sale?{landing}",
        "is_view_through": False,
        "has_conversion": converted,
        "is_test_mode": False,
        "coupon_code": "",
        "creative_id": 0,
        "currency_id": account.currency,
        "relationship": {
            **_parties(account, partner),
            "geolocation": {
                "country_code": _COUNTRIES[account.shop][0],
                "region_name": "",
                "city_name": "",
            },
            "device_information": {"platform_name": platform, "browser_name": "Safari", "device_type": device},
            "query_parameters": {},
        },
    }


def affiliate_row(partner: Publisher, made_at: int) -> dict[str, object]:
    """Return a partner."""
    return {
        "network_affiliate_id": int(partner.publisher_id),
        "network_id": NETWORK_ID,
        "name": partner.name,
        "account_status": "active",
        "network_employee_id": 6,
        "internal_notes": "",
        "default_currency_id": partner.currency,
        "time_created": made_at,
        "time_saved": made_at,
    }


def offer_row(account: Account, made_at: int) -> dict[str, object]:
    """Return an advertiser's offer."""
    return {
        "network_offer_id": OFFERS[account.account_id],
        "network_id": NETWORK_ID,
        "network_advertiser_id": int(account.account_id),
        "name": account.name,
        "destination_url": "https://shop.example/?_ef_transaction_id={transaction_id}",
        "offer_status": "active",
        "currency_id": account.currency,
        "time_created": made_at,
        "time_saved": made_at,
    }
