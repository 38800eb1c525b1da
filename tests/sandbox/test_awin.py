"""The Awin emulator over HTTP, against Awin's description."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from affiliate_assets.sandbox import DELETE, Sandbox

from .http_client import awin, send
from .reference import utc

#: Field names of a transaction, in the order of Awin's published answer.
FIELDS = re.findall(
    r"\w+",
    "id url advertiserId publisherId commissionSharingPublisherId "
    "commissionSharingSelectedRatePublisherId campaign siteName commissionStatus commissionAmount "
    "saleAmount networkFee advertiserCost ipHash customerCountry clickRefs clickDate transactionDate "
    "validationDate type declineReason voucherCodeUsed voucherCode lapseTime amended amendReason "
    "oldSaleAmount oldCommissionAmount clickDevice transactionDevice customerAcquisition publisherUrl "
    "advertiserCountry orderRef customParameters transactionParts paidToPublisher paymentId "
    "transactionQueryId trackedCurrencyAmount originalSaleAmount basketProducts ",
)


def window(start: datetime, end: datetime, **more: str) -> dict[str, str]:
    """Return the parameters of a window in UTC."""
    form = "%Y-%m-%dT%H:%M:%S"
    return {"startDate": f"{start:{form}}", "endDate": f"{end:{form}}", "timezone": "UTC", **more}


JANUARY = window(utc(2026, 1, 1), utc(2026, 1, 31))


def rows(sandbox: Sandbox, account: str = "1001", **query: str) -> list[dict[str, Any]]:
    """Return transactions; a refusal fails."""
    reply = awin(sandbox, f"/advertisers/{account}/transactions/", **query)
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = reply.json()
    return found


def test_a_transaction_has_the_published_fields(sandbox: Sandbox) -> None:
    """Names and order of fields; money as objects with JSON numbers of exact cents; naive times."""
    reply = awin(sandbox, "/advertisers/1002/transactions/", **JANUARY)
    assert reply.headers["content-type"].startswith("application/json")
    for row in reply.json():
        assert list(row) == FIELDS
        assert row["saleAmount"]["currency"] == "GBP"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row["transactionDate"])
        assert row["basketProducts"] is None
        part = row["transactionParts"][0]
        assert (part["amount"], part["commissionAmount"]) == (
            row["saleAmount"]["amount"],
            row["commissionAmount"]["amount"],
        )
    amounts = re.findall(rb'"amount": ([^,}]+)', reply.body)
    assert amounts
    assert all(re.fullmatch(rb"-?\d+\.\d{1,2}|null", amount) for amount in amounts)


def test_path_with_and_without_slash_and_token_in_query(sandbox: Sandbox) -> None:
    """Both spellings and both ways of the token give the same bytes."""
    with_slash = awin(sandbox, "/advertisers/1001/transactions/", **JANUARY)
    without = awin(sandbox, "/advertisers/1001/transactions", **JANUARY)
    by_query = awin(sandbox, "/advertisers/1001/transactions", "", accessToken=sandbox.token("awin"), **JANUARY)
    assert with_slash.body == without.body == by_query.body
    assert len(with_slash.json()) > 50


def test_window_includes_both_ends(sandbox: Sandbox) -> None:
    """Neighbouring windows share the second between them."""
    first = rows(sandbox, **JANUARY)[0]
    at = datetime.fromisoformat(first["transactionDate"])
    assert first in rows(sandbox, **window(at - timedelta(days=1), at))
    assert first in rows(sandbox, **window(at, at + timedelta(days=1)))
    assert first not in rows(sandbox, **window(at + timedelta(seconds=1), at + timedelta(days=1)))


@pytest.mark.parametrize(
    "change",
    [
        {"endDate": "2026-02-01T00:00:01"},
        {"endDate": "2025-12-31T00:00:00"},
        {"startDate": None},
        {"endDate": None},
        {"startDate": "2026-01-01"},
        {"startDate": "2026-01-01T00:00:00Z"},
        {"dateType": "click"},
        {"timezone": "Mars/Olympus"},
        {"status": "open"},
    ],
)
def test_bad_parameters_are_refused(sandbox: Sandbox, change: dict[str, str | None]) -> None:
    """Each answers 400 with Awin's error object."""
    query = {name: value for name, value in {**JANUARY, **change}.items() if value is not None}
    reply = awin(sandbox, "/advertisers/1001/transactions/", **query)
    assert reply.status == 400
    assert set(reply.json()) == {"error", "description"}


def test_31_days_are_accepted(sandbox: Sandbox) -> None:
    """The longest window is 31 times 24 hours."""
    assert rows(sandbox, **window(utc(2026, 1, 1), utc(2026, 2, 1)))


@pytest.mark.parametrize("token", ["", "wrong"])
def test_bad_token(sandbox: Sandbox, token: str) -> None:
    """Without the right token the body is the one seen on the real interface."""
    reply = awin(sandbox, "/advertisers/1001/transactions/", token, **JANUARY)
    assert reply.status == 401
    assert reply.json() == {
        "error": "unauthorized",
        "description": "Full authentication is required to access this resource",
    }


def test_unknown_account_and_path(sandbox: Sandbox) -> None:
    """A stranger's account is forbidden, an unknown path not found; CJ's account is a stranger here."""
    assert awin(sandbox, "/advertisers/9/transactions/", **JANUARY).status == 403
    assert awin(sandbox, "/advertisers/4410927/publishers").status == 403
    reply = awin(sandbox, "/no-such-path")
    assert (reply.status, reply.json()["description"]) == (404, "Not Found (404 NOT_FOUND)")


def test_accounts_and_publishers(sandbox: Sandbox) -> None:
    """One user sees both accounts; publishers come in Awin's shape."""
    accounts = awin(sandbox, "/accounts", type="advertiser").json()
    assert [account["accountId"] for account in accounts["accounts"]] == [1001, 1002]
    publishers = awin(sandbox, "/advertisers/1001/publishers").json()
    assert [list(publisher) for publisher in publishers] == [
        ["id", "name", "primaryRegion", "salesRegions", "primaryType"]
    ] * 7


def test_times_follow_the_zone_asked_for(sandbox: Sandbox) -> None:
    """The same transaction has other text in another zone, and the window is read in that zone too."""
    mine = rows(sandbox, **JANUARY)[5]
    local = datetime.fromisoformat(mine["transactionDate"]) + timedelta(hours=1)
    (other,) = [
        row for row in rows(sandbox, **{**window(local, local), "timezone": "Europe/Berlin"}) if row["id"] == mine["id"]
    ]
    assert other["transactionDate"] == f"{local:%Y-%m-%dT%H:%M:%S}"
    assert mine["id"] not in [row["id"] for row in rows(sandbox, **window(local, local))]


def test_filters(sandbox: Sandbox) -> None:
    """Status and publishers narrow a window, baskets come only when asked for."""
    everything = rows(sandbox, **JANUARY)
    for status in ("pending", "approved", "declined", "deleted"):
        expected = [row["id"] for row in everything if row["commissionStatus"] == status]
        assert [row["id"] for row in rows(sandbox, **JANUARY, status=status)] == expected
    some = rows(sandbox, **JANUARY, publisherId="330411,331550")
    assert {row["publisherId"] for row in some} == {330411, 331550}
    assert rows(sandbox, **JANUARY, showBasketProducts="true")[0]["basketProducts"][0]["quantity"] == 1


def test_by_ids(sandbox: Sandbox) -> None:
    """Ids need no window; those of another account are left out."""
    mine = rows(sandbox, **JANUARY)[:3]
    other = rows(sandbox, "1002", **JANUARY)[0]
    ids = ",".join(str(row["id"]) for row in [*mine, other])
    assert rows(sandbox, ids=ids, timezone="UTC") == mine
    assert awin(sandbox, "/advertisers/1001/transactions", ids="x").status == 400


def states(sandbox: Sandbox) -> Iterator[dict[int, dict[str, Any]]]:
    """Yield all transactions of January as they stand on later days."""
    for day in (utc(2026, 1, 31, 3), utc(2026, 2, 12, 3), utc(2026, 3, 20, 3)):
        sandbox.set_clock(day)
        yield {row["id"]: row for row in rows(sandbox, **JANUARY)}


def test_the_clock_moves_states(sandbox: Sandbox) -> None:
    """Pending ones are decided with their date; what is decided stays; amounts change only while pending."""
    moved = 0
    before: dict[int, dict[str, Any]] = {}
    for now in states(sandbox):
        for number, old in before.items():
            new = now[number]
            if old["commissionStatus"] == "pending":
                moved += new["commissionStatus"] != "pending"
                assert (new["validationDate"] is None) == (new["commissionStatus"] == "pending")
            else:
                kept = ("commissionStatus", "saleAmount", "validationDate", "amended")
                assert [old[name] for name in kept] == [new[name] for name in kept]
        before = now
    assert moved > 50


def test_three_clocks_together_see_every_change(sandbox: Sandbox) -> None:
    """New by transaction, decided by validation, changed by amendment: nothing else moves but payments."""
    sandbox.set_clock(utc(2026, 2, 10, 3))
    old = {
        row["id"]: row for row in rows(sandbox, **JANUARY) + rows(sandbox, **window(utc(2026, 2, 1), utc(2026, 2, 28)))
    }
    sandbox.set_clock(utc(2026, 2, 20, 3))
    new = {
        row["id"]: row for row in rows(sandbox, **JANUARY) + rows(sandbox, **window(utc(2026, 2, 1), utc(2026, 2, 28)))
    }
    told = {"transaction": 0, "validation": 0, "amendment": 0}
    merged = dict(old)
    for clock in told:
        for row in rows(sandbox, **window(utc(2026, 2, 10, 2), utc(2026, 2, 20, 4), dateType=clock)):
            told[clock] += merged.get(row["id"]) != row
            merged[row["id"]] = row
    assert {number: merged[number] for number in new} == new
    assert min(told.values()) > 0


def test_an_amendment_keeps_the_old_amounts(sandbox: Sandbox) -> None:
    """The earlier amounts stand beside the present ones, both positive."""
    amended = rows(sandbox, **JANUARY, dateType="amendment")
    assert amended
    for row in amended:
        assert row["amended"] is True
        assert row["amendReason"]
        assert Decimal() < row["saleAmount"]["amount"] < row["oldSaleAmount"]["amount"]
        assert row["commissionAmount"]["amount"] < row["oldCommissionAmount"]["amount"]


def test_nothing_of_the_future(sandbox: Sandbox) -> None:
    """A row appears within three minutes of its sale, never before."""
    everything = rows(sandbox, **JANUARY)
    for row in everything[10:13]:
        at = datetime.fromisoformat(row["transactionDate"]).replace(tzinfo=utc(2026, 1, 1).tzinfo)
        sandbox.set_clock(at)
        assert row["id"] not in [found["id"] for found in rows(sandbox, **JANUARY)]
        sandbox.set_clock(at + timedelta(minutes=3))
        assert row["id"] in [found["id"] for found in rows(sandbox, **JANUARY)]


def test_tampered_records(sandbox: Sandbox) -> None:
    """Changed, nested and deleted fields show in all later answers of that record alone."""
    first, second, *_ = rows(sandbox, **JANUARY)
    changes: dict[str, object] = {
        "commissionStatus": "frozen",
        "saleAmount.amount": "many",
        "orderRef": DELETE,
    }
    sandbox.tamper("awin", str(first["id"]), **changes, paymentId=Decimal("1.25"))
    changed, same, *_ = rows(sandbox, **JANUARY)
    assert (changed["commissionStatus"], changed["saleAmount"]["amount"], changed["paymentId"]) == (
        "frozen",
        "many",
        Decimal("1.25"),
    )
    assert "orderRef" not in changed
    assert same == second
    assert b'"paymentId": 1.25' in awin(sandbox, "/advertisers/1001/transactions/", ids=str(first["id"])).body


def test_the_limit_is_a_rolling_minute_for_all_accounts_of_a_user(world: Any) -> None:
    """The 21st call within a minute gets 429 without body or hints; a call drops out after 60 seconds."""
    seconds = [0.0]
    with Sandbox(world, utc(2026, 2, 1), now=lambda: seconds[0]) as sandbox:
        for call in range(20):
            seconds[0] = call * 2.0
            assert awin(sandbox, f"/advertisers/{1001 + call % 2}/publishers").status == 200
        seconds[0] = 59.9
        reply = awin(sandbox, "/accounts")
        assert (reply.status, reply.body) == (429, b"")
        assert not {"retry-after", "content-type"} & reply.headers.keys()
        assert not [name for name in reply.headers if "rate" in name]
        assert send(sandbox.url("awin") + "/accounts", "another user").status == 401
        seconds[0] = 60.0
        assert awin(sandbox, "/accounts").status == 200
        assert awin(sandbox, "/accounts").status == 429
        assert [call.status for call in sandbox.breaches] == [429, 429]
        assert json.dumps([call.path for call in sandbox.breaches]) == '["/accounts", "/accounts"]'
