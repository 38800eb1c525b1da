"""The reconciliation rules in plain Python over what the shop and the networks hand out."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from affiliate_assets.sandbox import World
from affiliate_assets.sandbox.networks.awin import AwinEmulator
from affiliate_assets.sandbox.networks.cj_emulator import CjEmulator
from affiliate_assets.sandbox.wire import Ask, Tampering

Row = dict[str, Any]
_CJ_FIELDS = (
    "commissionId originalActionId original orderId actionStatus validationStatus clickDate eventDate "
    "postingDate saleAmountAdvCurrency pubCommissionAmountUsd"
)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """Return an instant in UTC."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def slices(world: World, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield windows of 30 days that cover the world up to an instant."""
    start = world.start
    while start < now + timedelta(seconds=1):
        yield start, start + timedelta(days=30)
        start += timedelta(days=30)


def awin_rows(world: World, now: datetime) -> list[Row]:
    """Return every Awin transaction known at an instant."""
    emulator, found = AwinEmulator(world, "t", Tampering()), {}
    for account in ("1001", "1002"):
        for start, end in slices(world, now):
            query = {
                "startDate": f"{start:%Y-%m-%dT%H:%M:%S}",
                "endDate": f"{end:%Y-%m-%dT%H:%M:%S}",
                "timezone": "UTC",
            }
            ask = Ask("GET", f"/advertisers/{account}/transactions/", query, {"authorization": "Bearer t"}, b"")
            answer = emulator.answer(ask, int(now.timestamp() // 1))
            assert answer.status == 200
            found.update({row["id"]: row for row in json.loads(answer.body, parse_float=Decimal)})
    return list(found.values())


def cj_rows(world: World, now: datetime) -> list[Row]:
    """Return every CJ commission row posted by an instant."""
    emulator, found = CjEmulator(world, "t", Tampering(), 10_000), {}
    for account in ("4410927", "4410928"):
        for start, end in slices(world, now):
            bounds = f'sincePostingDate: "{start.isoformat()}", beforePostingDate: "{end.isoformat()}"'
            text = (
                f'{{ advertiserCommissions(forAdvertisers: ["{account}"], {bounds}) '
                f"{{ payloadComplete records {{ advertiserId {_CJ_FIELDS} }} }} }}"
            )
            ask = Ask("POST", "/query", {}, {"authorization": "Bearer t"}, json.dumps({"query": text}).encode())
            body = json.loads(emulator.answer(ask, int(now.timestamp() // 1)).body)
            payload = body["data"]["advertiserCommissions"]
            assert payload["payloadComplete"]
            found.update({row["commissionId"]: row for row in payload["records"]})
    return list(found.values())


@dataclass
class Conversion:
    """A conversion as a reader of the networks puts it together."""

    network: str
    account: str
    record_id: str
    order_ref: str | None
    void: bool
    clicked_at: datetime | None
    occurred_at: datetime
    recorded_at: datetime
    sale: Decimal
    commission: Decimal


def conversions(world: World, now: datetime) -> list[Conversion]:
    """Return the net conversions of both networks."""
    found = []
    for row in awin_rows(world, now):
        clicked, occurred = (
            datetime.fromisoformat(row[name]).replace(tzinfo=UTC) for name in ("clickDate", "transactionDate")
        )
        found.append(
            Conversion(
                "awin",
                str(row["advertiserId"]),
                str(row["id"]),
                row["orderRef"],
                row["commissionStatus"] in ("declined", "deleted"),
                clicked,
                occurred,
                occurred,
                Decimal(row["saleAmount"]["amount"]),
                Decimal(row["commissionAmount"]["amount"]),
            )
        )
    families = defaultdict(list)
    for row in cj_rows(world, now):
        families[row["originalActionId"]].append(row)
    for family, rows in families.items():
        (first,) = (row for row in rows if row["original"])
        sale = sum((Decimal(row["saleAmountAdvCurrency"]) for row in rows), Decimal())
        commission = sum((Decimal(row["pubCommissionAmountUsd"]) for row in rows), Decimal())
        clicked_at = datetime.fromisoformat(first["clickDate"]) if first["clickDate"] else None
        void = len(rows) > 1 and sale == 0
        found.append(
            Conversion(
                "cj",
                first["advertiserId"],
                family,
                first["orderId"],
                void,
                clicked_at,
                datetime.fromisoformat(first["eventDate"]),
                datetime.fromisoformat(first["postingDate"]),
                sale,
                commission,
            )
        )
    return found


def normalise(text: str | None) -> str | None:
    """Return an order id in the form that is compared."""
    if text is None:
        return None
    return re.sub(r"^(ORD|ACME)", "", re.sub(r"[^A-Z0-9]", "", text.upper())).lstrip("0")


def read_csv(path: Path) -> list[Row]:
    """Return the rows of an export."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _is_affiliate(landing_url: str) -> bool:
    names = {name.lower() for name, _ in parse_qsl(urlsplit(landing_url).query)}
    return bool(names & {"awc", "cjevent"})


def affiliate_clicks(touches: list[Row]) -> dict[str, list[datetime]]:
    """Return the instants of the affiliate clicks of each known customer."""
    clicks = defaultdict(list)
    for touch in touches:
        if touch["customer_email"] and _is_affiliate(touch["landing_url"]):
            clicks[touch["customer_email"]].append(datetime.fromisoformat(touch["occurred_at"]))
    return clicks


_COMPARED = (
    "side",
    "network",
    "account_id",
    "record_id",
    "class",
    "reason",
    "sale_amount",
    "publisher_commission",
    "order_amount",
)
Verdicts = dict[tuple[str, str, str, str], tuple[str, str | None, Decimal | None, Decimal | None, Decimal | None]]


def reconcile(world: World, now: datetime, folder: Path) -> Verdicts:
    """Return class, reason, sale, commission and order amount by (side, network, account, record)."""
    order_file, touch_file = world.write_exports(folder, now)
    orders, clicks = read_csv(order_file), affiliate_clicks(read_csv(touch_file))
    by_order = defaultdict(list)
    verdicts: Verdicts = {}
    known_orders = {normalise(order["order_id"]) for order in orders}
    moments = [datetime.fromisoformat(order[name]) for order in orders for name in ("ordered_at", "updated_at")]
    for conversion in conversions(world, now):
        ref = normalise(conversion.order_ref)
        if ref in known_orders:
            by_order[ref].append(conversion)
            continue
        key = "network", conversion.network, conversion.account, conversion.record_id
        late = not moments or conversion.occurred_at > max(moments)
        verdict = "matched" if conversion.void else "not_yet_comparable" if late else "missing_in_crm"
        reason = "void_without_order" if conversion.void else None
        verdicts[key] = verdict, reason, conversion.sale, conversion.commission, None
    for order in orders:
        _judge(order, by_order[normalise(order["order_id"])], clicks[order["customer_email"]], now, verdicts)
    return verdicts


def _judge(order: Row, claims: list[Conversion], clicks: list[datetime], now: datetime, verdicts: Verdicts) -> None:
    ordered_at = datetime.fromisoformat(order["ordered_at"])
    expected_void = order["status"] in ("cancelled", "refunded")
    amount = Decimal(order["subtotal"]) - Decimal(order["discount"]) - Decimal(order["refunded_subtotal"])
    if order["status"] == "cancelled":
        amount = Decimal()

    def rank(claim: Conversion) -> tuple[bool, float, float, str, str, str]:
        clicked = claim.clicked_at if claim.clicked_at and claim.clicked_at <= ordered_at else None
        return (
            clicked is None,
            -clicked.timestamp() if clicked else 0.0,
            claim.recorded_at.timestamp(),
            claim.network,
            claim.account,
            claim.record_id,
        )

    live = sorted((claim for claim in claims if not claim.void), key=rank)
    told, reason = None, None
    for claim in claims:
        why = None
        if live and claim is live[0]:
            verdict = told = (
                "status_mismatch" if expected_void else "matched" if claim.sale == amount else "amount_mismatch"
            )
        elif not claim.void:
            verdict = "duplicate_claim"
        elif expected_void:
            verdict = "matched"
        else:
            verdict, why = ("matched", "void_settled_elsewhere") if live else ("status_mismatch", None)
        key = "network", claim.network, claim.account, claim.record_id
        verdicts[key] = verdict, why, claim.sale, claim.commission, amount
    if told is None:
        in_window = any(timedelta() <= ordered_at - click <= timedelta(days=30) for click in clicks)
        if claims:
            told = "matched" if expected_void else "status_mismatch"
        elif not in_window:
            told = "not_affiliate"
        elif expected_void:
            told, reason = "matched", "nothing_owed"
        else:
            told = "not_yet_comparable" if now - ordered_at < timedelta(hours=1) else "missing_in_network"
    winner = live[0] if live else None
    verdicts["order", "crm", order["shop"], order["order_id"]] = (
        told,
        reason,
        winner.sale if winner else None,
        winner.commission if winner else None,
        amount,
    )


def told(world: World, now: datetime) -> Verdicts:
    """Return the world's truth in the same form."""
    names = list(_COMPARED)
    rows = world.truth(now).select(names).rows()
    return {row[:4]: row[4:] for row in rows}
