"""A world of Awin and CJ hands out the same bytes as before further networks could be declared."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from affiliate_assets.sandbox import Sandbox, World, WorldConfig, build_world

from .http_client import Reply, awin, cj
from .reference import utc

WORLDS = {
    3: WorldConfig(seed=3, days=60, orders_per_day=15),
    7: WorldConfig(),
    11: WorldConfig(seed=11, start=date(2025, 10, 10), days=40, orders_per_day=20, plant_every=3),
}
FIELDS = (
    "commissionId originalActionId original orderId actionStatus validationStatus clickDate eventDate postingDate "
    "lockingDate correctionReason coupon newToFile publisherId publisherName advertiserId saleAmountAdvCurrency "
    "saleAmountPubCurrency saleAmountUsd pubCommissionAmountPubCurrency pubCommissionAmountUsd cjFeeUsd "
    "items { commissionItemId perItemSaleAmountPubCurrency totalCommissionUsd }"
)
LABELS = ("root_cause", "commission_reason", "expected_commission", "signal")
#: SHA-256 of what was handed out, by seed: exports, truth, ledger, answers, answers among faults.
KNOWN: dict[int, dict[str, str]] = {
    3: {
        "answers": "b48859421b5f53b457048f5443f6a04d8b9782b4693a04fadb24148c9874944a",
        "exports": "d95b6cced1fc10afcfe38e8b879efbfb887ee3f3c4b231f0270f5540f7103984",
        "faults": "65d2c25311c8bd5001bcefaafc6c15499f4a25a70faea1bfe46949efd33cd21b",
        "ledger": "3ce0cfe3dcc1d33587b548411914225d0895c659b3de6216beca9994ea407601",
        "truth": "50ccf8f15e6622cb3f8c761990614bae38ea667cc83a65c07002b894c2aabe26",
    },
    7: {
        "answers": "9ae6b0da6eb985ac5804d46397e6dce7b3d095124812be4bc9a88565011a1b14",
        "exports": "ce48f5a8415d026631e3c360693ee980339587bb3f247d781ba28e1efdec3517",
        "faults": "4b3e5f434118258b09ae58e6d70e3331d5cb607dc69d5669babe866c62c56747",
        "ledger": "973e5a5bc9a9f3b3f097efe76bf94c34416cec35c5c95cdab01a909479387a7f",
        "truth": "4006af774778c6ea5be47c0efdb0376c42d208af8c76f073e520b7fca8f416bf",
    },
    11: {
        "answers": "67ba245a44d3a613bcc7702411c6498af1dc41ef1019e5e0976fd7d2a6a537fa",
        "exports": "b3ea9d1e1f10c21f28e2122e0813f4d66e9b12139d039bf28b04bf896a60ce20",
        "faults": "e2d5ae16bf5c2838d0d0dff261af1023d1664c48e6f4647c2d10d9fad46080ae",
        "ledger": "255b693511cb200f0cc92e8b5c961e0979f234f36b3f0b746697eeb1dd38ca28",
        "truth": "d7b0ae45addab526aeda747d73ec069de9d53f998ca5f681ace5f11d6371335e",
    },
}


def months(world: World) -> Iterator[tuple[datetime, datetime]]:
    """Yield windows of 30 days over the world and its late decisions."""
    for days in range(0, world.config.days + 60, 30):
        yield world.start + timedelta(days=days), world.start + timedelta(days=days + 30)


def replies(sandbox: Sandbox, world: World) -> Iterator[Reply]:
    """Yield answers to every kind of question."""
    for account in ("1001", "1002"):
        yield awin(sandbox, f"/advertisers/{account}/publishers")
        for start, end in months(world):
            for clock in ("transaction", "validation", "amendment"):
                days = {"startDate": f"{start:%Y-%m-%dT%H:%M:%S}", "endDate": f"{end:%Y-%m-%dT%H:%M:%S}"}
                path = f"/advertisers/{account}/transactions/"
                yield awin(sandbox, path, **days, dateType=clock, timezone="Europe/London", showBasketProducts="true")
            report = {"startDate": f"{start:%Y-%m-%d}", "endDate": f"{end:%Y-%m-%d}", "timezone": "Europe/Berlin"}
            yield awin(sandbox, f"/advertisers/{account}/reports/publisher", **report)
    for start, end in months(world):
        for clock in ("Posting", "Locking"):
            bounds = f'since{clock}Date: "{start.isoformat()}", before{clock}Date: "{end.isoformat()}"'
            text = f'{{ advertiserCommissions(forAdvertisers: ["4410927", "4410928"], {bounds}) {{ count '
            yield cj(sandbox, f"{text} maxCommissionId payloadComplete records {{ {FIELDS} }} }} }}")


def sums(world: World, folder: Path) -> dict[str, str]:
    """Return the checksums of everything that a world hands out."""
    middle = world.start + timedelta(days=world.config.days // 2, hours=3)
    late = world.end + timedelta(days=20, hours=3)
    exports, truth, answers, faults = (hashlib.sha256() for _ in range(4))
    for now, since in ((middle, None), (late, middle), (late, None)):
        for path in world.write_exports(folder, now, since):
            exports.update(path.read_bytes())
        frame = world.truth(now)
        # Labels came later; what was told before them is what it was.
        truth.update(repr(frame.drop(LABELS).rows()).encode())
    ledger = hashlib.sha256(
        repr(
            [
                (row.commission_id, row.conversion.number, row.posted_at, row.sale, row.original, row.reason)
                for row in world.ledger
            ]
        ).encode()
    )
    limits = {"awin": 10_000, "cj": 10_000}
    with Sandbox(world, middle, page_limit=90, limits=limits, drip_seconds=0.01) as sandbox:
        for now in (middle, late):
            sandbox.set_clock(now)
            for reply in replies(sandbox, world):
                answers.update(f"{reply.status}{sorted(reply.headers.items())}".encode() + reply.body)
        sandbox.reset(middle)
        sandbox.random_faults(5, 0.6, [kind for kind in LIMITED if kind != "row_inserted"])
        for reply in replies(sandbox, world):
            faults.update(f"{reply.status}".encode() + reply.body)
        faults.update(repr(sandbox.faults_served).encode())
    found = {"exports": exports, "truth": truth, "ledger": ledger, "answers": answers, "faults": faults}
    return {name: made.hexdigest() for name, made in found.items()}


#: Faults that leave a whole answer, so that a plain client can read it.
LIMITED = [
    *("limit_429", "limit_429_seconds", "limit_429_date", "limit_429_reset_unix", "limit_403", "limit_200"),
    *("storm_502", "json_cut", "html", "graphql_error", "graphql_partial", "page_empty", "list_empty"),
    *("page_repeated", "cursor_repeats", "rows_reordered", "rows_left_out", "count_lies", "row_twice"),
    *("unknown_status", "missing_key", "null_key", "id_as_string", "id_as_number", "money_as_string"),
    *("money_as_number", "count_as_string", "order_as_number", "retyped_field", "unknown_field", "vanished_field"),
    *("strange_text", "nul_text", "echo_500", "echo_400", "echo_200", "clock_ahead"),
]


@pytest.mark.parametrize("seed", sorted(WORLDS))
def test_the_world_of_two_networks_is_what_it_was(seed: int, tmp_path: Path) -> None:
    """Exports, truth, ledger and answers, also among faults, are equal to the byte."""
    world = build_world(WORLDS[seed])
    assert world.start >= utc(2025, 1, 1)
    assert sums(world, tmp_path) == KNOWN[seed]
