"""What of Everflow's records is kept inside their nested parts, and what their rows say of the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from affiliate_assets.connectors.answers import value_or_none
from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.connectors.paging import decoded
from affiliate_assets.errors import ContractError

TIME = "%Y-%m-%d %H:%M:%S"
Fields = dict[str, msgspec.Raw]

_records = msgspec.json.Decoder(list[Fields])
_fields = msgspec.json.Decoder(Fields)

# `relationship` also holds raw query parameters and data on the visitor.
_PARTNERS = {
    "offer": {"network_offer_id", "name"},
    "advertiser": {"network_advertiser_id"},
    "affiliate": {"network_affiliate_id", "name"},
}
_OF_A_CONVERSION: Mapping[str, set[str]] = {**_PARTNERS, "attribution_method": set()}
_OF_A_CLICK: Mapping[str, set[str]] = {
    **_PARTNERS,
    "geolocation": {"country_code"},
    "device_information": {"device_type"},
}
_ADDRESSES = ("url", "referer")


def conversions_kept(records: bytes) -> bytes:
    """The rows with the named parts of `relationship` only."""
    return _each(records, partial(_trim, kept=_OF_A_CONVERSION))


def clicks_kept(records: bytes) -> bytes:
    """The rows with the named parts of `relationship` only, and addresses without query and fragment."""

    def cut(row: Fields) -> None:
        _trim(row, _OF_A_CLICK)
        for name in _ADDRESSES:
            address = value_or_none(row.get(name), str)
            if address is not None:
                whole = address.partition("#")[0].partition("?")[0]
                row[name] = msgspec.Raw(msgspec.json.encode(whole))

    return _each(records, cut)


def _each(records: bytes, change: Callable[[Fields], None]) -> bytes:
    rows = decoded(_records, records)
    for row in rows:
        change(row)
    return msgspec.json.encode(rows)


def _trim(row: Fields, kept: Mapping[str, set[str]]) -> None:
    if "relationship" not in row:
        return
    parts = {name: part for name, part in (_object(row["relationship"]) or {}).items() if name in kept}
    for name, names in kept.items():
        inner = _object(parts[name]) if name in parts and names else None
        if inner is not None:
            trimmed = {field: value for field, value in inner.items() if field in names}
            parts[name] = msgspec.Raw(msgspec.json.encode(trimmed))
        elif names:
            parts.pop(name, None)
    row["relationship"] = msgspec.Raw(msgspec.json.encode(parts))


def _object(value: msgspec.Raw) -> Fields | None:
    try:
        return _fields.decode(value)
    except msgspec.DecodeError:
        return None


def agrees(records: str, clock: str, request: Request, answer: Answer) -> None:
    """Refuse an answer with a row outside the span or of another advertiser than asked for.

    A wrong time zone moves the span by hours and a filter that is not understood takes all advertisers in, both without
    a word. What is no number here is left to validation, and what is no JSON to the paging.

    Args:
        records: Field of the rows.
        clock: Field of a row with its Unix time.
        request: What was asked, for one advertiser.
        answer: What came.
    """
    assert request.json is not None
    start, end = (_seconds(str(request.json[name])) for name in ("from", "to"))
    (asked,) = request.json["query"]["filters"]
    try:
        rows: list[Any] = msgspec.json.decode(answer.body)[records]
        told = [(row.get(clock), _advertiser(row)) for row in rows]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        return
    outside = [at for at, _ in told if type(at) is int and at and not start <= at <= end]
    if outside:
        first = datetime.fromtimestamp(min(outside), UTC) if 0 < min(outside) < 1 << 37 else min(outside)
        raise ContractError(
            f"{len(outside)} rows lie outside the span asked for, the first at {first}: it was not read as UTC.",
            next_step="compare the time zone that /meta/timezones gives with the one the reports use.",
        )
    strangers = {found for _, found in told if type(found) is int and str(found) != asked["filter_id_value"]}
    if strangers:
        raise ContractError(
            f"Rows of advertiser {min(strangers)} came, of {asked['filter_id_value']} were asked for.",
            next_step="compare the filter with Everflow's reference.",
        )


def _advertiser(row: Mapping[str, Any]) -> object:
    try:
        return row["relationship"]["advertiser"]["network_advertiser_id"]
    except (KeyError, TypeError):
        return None


def _seconds(text: str) -> int:
    return int(datetime.strptime(text, TIME).replace(tzinfo=UTC).timestamp())
