"""CJ as a network of the world: accounts, publishers, habits, and how checks ask it."""

import json
from collections.abc import Mapping
from decimal import Decimal

from affiliate_assets.sandbox.config import Account
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Click, Network, Probe, RowFields, Window
from affiliate_assets.sandbox.networks.cj_emulator import CjEmulator
from affiliate_assets.sandbox.people import Publisher
from affiliate_assets.sandbox.times import lock_after, zulu
from affiliate_assets.sandbox.wire import Answer, Ask

_SHOWN = "count maxCommissionId payloadComplete records { commissionId originalActionId saleAmountAdvCurrency }"


def _listing(
    secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
) -> Ask:
    bounds = f'sincePostingDate: "{zulu(start)}", beforePostingDate: "{zulu(end)}"'
    bounds += f', sinceCommissionId: "{cursor}"' if cursor else ""
    text = f'{{ advertiserCommissions(forAdvertisers: ["{account.account_id}"], {bounds}) {{ {_SHOWN} }} }}'
    headers = {"authorization": f"Bearer {secrets['token']}"}
    return Ask("POST", "/query", {}, headers, json.dumps({"query": text}).encode())


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    payload = json.loads(answer.body)["data"]["advertiserCommissions"]
    found = [
        (row["commissionId"], row["originalActionId"], Decimal(row["saleAmountAdvCurrency"]))
        for row in payload["records"]
    ]
    return found, None if payload["payloadComplete"] else payload["maxCommissionId"]


def _landing(click: Click) -> dict[str, str]:
    # CJ documents the name in both cases.
    return {"CJEVENT" if click.rank % 10 == 0 else "cjevent": click.token}


_PUBLISHERS = (
    Publisher(
        "setup-stories", "5290117", "Setup Stories", "setup-stories.example", "US", "Content", 800, "USD", "100338811"
    ),
    Publisher(
        "deal-harbour", "5310044", "DealHarbour Ltd", "deal-harbour.example", "GB", "Coupon", 700, "GBP", "100441190"
    ),
    Publisher("spar-fuchs", "5330981", "SPARFUCHS GmbH", "spar-fuchs.example", "DE", "Coupon", 650, "EUR", "100502213"),
    Publisher("the-edit", "5341207", "The Edit Media", "the-edit.example", "GB", "Content", 950, "GBP", "100511874"),
    Publisher("cash-canyon", "5288450", "Cash Canyon", "cash-canyon.example", "US", "Loyalty", 500, "USD", "100330975"),
    Publisher(
        "porch-living", "5350618", "Porch & Living", "porch-living.example", "US", "Content", 850, "USD", "100527740"
    ),
)

NETWORK = Network(
    slug="cj",
    accounts=(
        Account("cj", "4410927", "Acme Home DE", "EUR", "de"),
        Account("cj", "4410928", "Acme Home US", "USD", "us"),
    ),
    publishers=_PUBLISHERS,
    habits=Habits(
        "restated",
        occurs=(0, 20),
        shows=(120, 1_380),
        lock=lock_after,
        hides_click=True,
        commission_currency="USD",
        not_planted=frozenset({"late_reversal"}),
    ),
    # No limit is published; this is the polite ceiling.
    limits=(Window(25, 60),),
    limited_by_token=True,
    fee=3_000,
    secrets=("token",),
    emulator=lambda setting: CjEmulator(setting.world, setting.secrets["token"], setting.tampering, setting.page_limit),
    rows=RowFields(
        records=("data.*.records",),
        key=("commissionId",),
        other_keys=("id", "publisherId"),
        amount=("saleAmountAdvCurrency",),
        status=("actionStatus",),
        order=("orderId",),
        text=("publisherName", "name"),
        optional=("coupon",),
        amount_type="string",
        count="count",
    ),
    landing=_landing,
    first_number=1_886_200_501,
    number_step=2,
    # Close below a power of ten, so that ids of both lengths occur and text order is not number order.
    first_row=999_999_000,
    row_step=3,
    probe=Probe(listing=_listing, read=_read),
)
