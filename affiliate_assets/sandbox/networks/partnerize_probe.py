"""How checks ask Partnerize's emulator without a connector."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from affiliate_assets.sandbox.network import Account, Probe
from affiliate_assets.sandbox.wire import Answer, Ask


def _ask_for(
    date_type: str,
) -> Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask]:
    def ask(
        secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
    ) -> Ask:
        query = {
            "start_date": datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end_date": datetime.fromtimestamp(end - 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "timezone": "UTC",
            "limit": "300",
            **({"date_type": date_type} if date_type else {}),
            **({"cursor_id": cursor} if cursor else {}),
        }
        return Ask(
            "GET",
            f"/reporting/report_advertiser/campaign/{account.account_id}/conversion.json",
            query,
            _proof(secrets),
            b"",
        )

    return ask


def _proof(secrets: Mapping[str, str]) -> dict[str, str]:
    pair = f"{secrets['application_key']}:{secrets['user_api_key']}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    body = json.loads(answer.body, parse_float=Decimal)
    shown = []
    for wrapper in body["conversions"]:
        record = wrapper["conversion_data"]
        items = [item for item in record["conversion_items"] if item["item_status"] != "rejected"]
        sale = sum((Decimal(item["item_value"]) for item in items), Decimal(0))
        shown.append((record["conversion_id"], record["conversion_id"], sale))
    following = body.get("cursor_id")
    return shown, None if following is None else str(following)


PROBE = Probe(listing=_ask_for(""), read=_read, changes=(_ask_for("last_modified"),))
