"""TUNE (HasOffers), network side of API version 3. Sources of every fact: README.md beside this file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from affiliate_assets.connectors.auth import QueryKeys
from affiliate_assets.connectors.language import (
    ApiStream,
    Clock,
    Connector,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.networks.tune.answers import KEYS, PAGE, Conversions, agrees, pages_of, problem
from affiliate_assets.networks.tune.corrections import CORRECTIONS
from affiliate_assets.networks.tune.schema import (
    AFFILIATE_FIELDS,
    AFFILIATE_FIELDS_DROPPED,
    AFFILIATES,
    CONVERSION_FIELDS,
    CONVERSION_FIELDS_DROPPED,
    CONVERSIONS,
    OFFER_FIELDS,
    OFFER_FIELDS_DROPPED,
    OFFERS,
)

_Params = dict[str, str | tuple[str, ...]]
_TIME = "%Y-%m-%d %H:%M:%S"


def _ask(target: str, method: str, fields: Iterable[str], limit: int, page: str | None, params: _Params) -> Request:
    question: _Params = {"Target": target, "Method": method, "fields[]": tuple(sorted(fields))}
    return Request("GET", "Apiv3/json", {**question, **params, "limit": str(limit), "page": page or "1"})


def _in_report(field: str) -> str:
    """The report's name of a landed field: `Stat.payout`, `Offer.name`."""
    return field.replace("_", ".", 1) if field[0].isupper() else f"Stat.{field}"


_REPORT_FIELDS = tuple(map(_in_report, CONVERSION_FIELDS))


def _report(conditional: str, field: str, values: tuple[str, ...], page: str | None) -> Request:
    params: _Params = {
        f"filters[Stat.{field}][conditional]": conditional,
        f"filters[Stat.{field}][values][]": values,
        "sort[Stat.datetime]": "asc",
    }
    return _ask("Report", "getConversions", _REPORT_FIELDS, PAGE, page, params)


def _updated(window: Window, page: str | None) -> Request:
    """The keys of conversions that were changed by hand; whether the last day is included is not stated."""
    assert window.start is not None
    assert window.end is not None
    params: _Params = {
        "start_date": f"{window.local(window.start):%Y-%m-%d}",
        "end_date": f"{window.local(window.end):%Y-%m-%d}",
    }
    return _ask("Conversion", "findUpdatedConversions", ("tune_event_id",), KEYS, page, params)


def _conversions(account_id: str, window: Window, cursor: str | None) -> Request:
    kind, _, rest = (cursor or "").partition(":")
    if kind == "read":
        return _report("EQUAL_TO", "tune_event_id", tuple(rest.partition(":")[2].split(",")), None)
    if window.keys:
        return _report("EQUAL_TO", "tune_event_id", window.keys, cursor)
    if window.clock == "updated":
        return _updated(window, cursor)
    start, end = window.walls()
    return _report("BETWEEN", "datetime", (f"{start:{_TIME}}", f"{end:{_TIME}}"), cursor)


def _offers(account_id: str, window: Window, cursor: str | None) -> Request:
    return _ask("Offer", "findAll", OFFER_FIELDS, PAGE, cursor, {"sort[id]": "asc"})


def _affiliates(account_id: str, window: Window, cursor: str | None) -> Request:
    return _ask("Affiliate", "findAll", AFFILIATE_FIELDS, PAGE, cursor, {"sort[id]": "asc"})


def _probe(account_id: str) -> Request:
    return _ask("Offer", "findAll", ("id",), 1, None, {})


CONNECTOR = Connector(
    slug="tune",
    title="TUNE",
    base_url="https://{account_id}.api.hasoffers.com",
    auth=QueryKeys({"NetworkToken": "network_token"}),
    # Of an enterprise account; what lower plans allow is not published.
    limits=(RateLimit(50, timedelta(seconds=10)),),
    probe=_probe,
    problem=problem,
    needs_time_zone=True,
    correction="extra_rows",
    lock_rule="never: the operator may change a conversion of any state (TUNE support, conversion report)",
    owner="team:affiliate-data",
    docs_url="https://developers.tune.com",
    corrections=CORRECTIONS,
    streams=(
        ApiStream(
            name="conversions",
            description="One conversion, goal, adjustment or test row; changed in place, so every version is kept.",
            request=_conversions,
            paging=Conversions(),
            key=("tune_event_id",),
            allowed=CONVERSION_FIELDS,
            dropped=CONVERSION_FIELDS_DROPPED,
            schema=CONVERSIONS,
            clocks=(
                # No clock shows an adjustment row that is dated back, nor a change that nobody made by hand.
                Clock("datetime", "datetime", "new conversions, and adjustments dated back", timedelta(days=90)),
                # When it was changed is not told: the row carries its own date only.
                Clock("updated", "datetime", "changed by hand since", timedelta(days=2)),
            ),
            # Broad questions end in 504.
            max_span=timedelta(days=7),
            shortest_span=timedelta(hours=1),
            # Published are 762 days.
            history=timedelta(days=760),
            # Approvals that come by themselves are on no clock.
            open_records=OpenRecords("status", frozenset({"pending"}), timedelta(0), keys_per_call=KEYS),
            agrees=agrees,
        ),
        ApiStream(
            name="affiliates",
            description="One partner of the network.",
            request=_affiliates,
            paging=pages_of("Affiliate"),
            key=("id",),
            allowed=AFFILIATE_FIELDS,
            dropped=AFFILIATE_FIELDS_DROPPED,
            schema=AFFILIATES,
            agrees=agrees,
        ),
        ApiStream(
            name="offers",
            description="One offer, which is a programme.",
            request=_offers,
            paging=pages_of("Offer"),
            key=("id",),
            allowed=OFFER_FIELDS,
            dropped=OFFER_FIELDS_DROPPED,
            schema=OFFERS,
            agrees=agrees,
        ),
    ),
)
