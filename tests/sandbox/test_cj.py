"""The CJ emulator over HTTP, against CJ's description."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from affiliate_assets.sandbox import DELETE, Sandbox, World
from affiliate_assets.sandbox.networks.cj_records import RECORD_FIELDS

from .http_client import cj, send
from .reference import utc

PLAIN = " ".join(name for name, below in RECORD_FIELDS.items() if below is None)
JANUARY = 'sincePostingDate: "2026-01-01T00:00:00Z", beforePostingDate: "2026-01-31T00:00:00Z"'


def query(arguments: str, fields: str = PLAIN, account: str = "4410927") -> str:
    """Return a query text for one account."""
    return (
        f'{{ advertiserCommissions(forAdvertisers: ["{account}"], {arguments}) '
        f"{{ count limit maxCommissionId payloadComplete records {{ {fields} }} }} }}"
    )


def page(sandbox: Sandbox, text: str, variables: dict[str, object] | None = None) -> dict[str, Any]:
    """Return one page; an error fails."""
    reply = cj(sandbox, text, variables=variables)
    assert reply.status == 200, reply.body
    payload: dict[str, Any] = reply.json()["data"]["advertiserCommissions"]
    return payload


def everything(sandbox: Sandbox, arguments: str, account: str = "4410927", fields: str = PLAIN) -> list[dict[str, Any]]:
    """Return the rows of all pages."""
    found: list[dict[str, Any]] = []
    since = ""
    while True:
        payload = page(sandbox, query(arguments + since, fields, account))
        found += payload["records"]
        if payload["payloadComplete"]:
            return found
        since = f', sinceCommissionId: "{payload["maxCommissionId"]}"'


def test_only_the_fields_asked_for(sandbox: Sandbox) -> None:
    """Fields come in the order asked for, nested and aliased ones too; amounts are strings, times in Z."""
    fields = "orderId commissionId sale: saleAmountAdvCurrency postingDate items { sku quantity }"
    record = page(sandbox, query(JANUARY, fields))["records"][0]
    assert list(record) == ["orderId", "commissionId", "sale", "postingDate", "items"]
    assert isinstance(record["sale"], str)
    assert record["postingDate"].endswith("Z")
    assert all(list(item) == ["sku", "quantity"] for item in record["items"])


def test_all_fields_of_the_schema(sandbox: Sandbox) -> None:
    """Every documented field can be asked for; money in all three views carries the same sign."""
    for row in everything(
        sandbox, JANUARY, fields=f"{PLAIN} verticalAttributes {{ custStatus }} situationDetails {{ id }}"
    ):
        assert row.keys() == RECORD_FIELDS.keys() - {"items"}
        signs = {
            (Decimal(row[name]) > 0) - (Decimal(row[name]) < 0)
            for name in row
            if name.startswith(("saleAmount", "pubCommission", "advCommission", "cjFee"))
        }
        assert len(signs) == 1
        assert row["original"] is (signs == {1} and row["correctionReason"] is None)


def test_pages(sandbox: Sandbox) -> None:
    """Pages hold at most the limit, run by number of the id, and make up the whole without gap or repeat."""
    first = page(sandbox, query(JANUARY))
    assert (first["count"], first["limit"], first["payloadComplete"]) == (50, 50, False)
    assert first["maxCommissionId"] == first["records"][-1]["commissionId"]
    ids = [int(row["commissionId"]) for row in everything(sandbox, JANUARY)]
    assert ids == sorted(set(ids))
    assert len(ids) > 100
    assert {len(str(number)) for number in ids} == {9, 10} or max(ids) < 10**9


def test_an_empty_window(sandbox: Sandbox) -> None:
    """An empty answer is complete and has no greatest id."""
    empty = page(sandbox, query('sincePostingDate: "2024-01-01T00:00:00Z", beforePostingDate: "2024-01-02T00:00:00Z"'))
    assert empty == {"count": 0, "limit": 50, "maxCommissionId": None, "payloadComplete": True, "records": []}


def test_windows_are_half_open(sandbox: Sandbox) -> None:
    """`since` takes its bound in, `before` leaves it out, on all three clocks."""
    row = page(sandbox, query(JANUARY))["records"][7]
    for clock, field in (("Posting", "postingDate"), ("Event", "eventDate"), ("Locking", "lockingDate")):
        at = datetime.fromisoformat(row[field])
        later, earlier = at + timedelta(hours=1), at - timedelta(hours=1)
        with_it = f'since{clock}Date: "{at.isoformat()}", before{clock}Date: "{later.isoformat()}"'
        without = f'since{clock}Date: "{earlier.isoformat()}", before{clock}Date: "{at.isoformat()}"'
        assert row in everything(sandbox, with_it)
        assert row not in everything(sandbox, without)


def test_variables(sandbox: Sandbox) -> None:
    """Arguments may come as variables."""
    text = """
        query Commissions($ids: [String!]!, $since: Instant, $before: Instant = "2026-01-31T00:00:00Z") {
          advertiserCommissions(forAdvertisers: $ids, sincePostingDate: $since, beforePostingDate: $before) {
            payloadComplete records { commissionId }
          }
        }"""
    mine = page(sandbox, text, variables={"ids": ["4410927", "4410928"], "since": "2026-01-01T00:00:00Z"})
    assert mine["records"]
    assert list(mine) == ["payloadComplete", "records"]


def test_by_commission_ids_and_statuses(sandbox: Sandbox) -> None:
    """Known rows can be read again by id, open ones by status, both without a window."""
    rows = page(sandbox, query(JANUARY))["records"][:3]
    ids = ", ".join(f'"{row["commissionId"]}"' for row in rows)
    assert page(sandbox, query(f"commissionIds: [{ids}]"))["records"] == rows
    open_rows = everything(sandbox, "actionStatuses: [new, extended]")
    assert {row["actionStatus"] for row in open_rows} == {"new", "extended"}


@pytest.mark.parametrize(
    "arguments",
    [
        'sincePostingDate: "2026-01-01T00:00:00Z", beforePostingDate: "2026-02-01T00:00:01Z"',
        'beforeEventDate: "2026-01-31T00:00:00Z"',
        'sinceCommissionId: "1"',
        "actionStatuses: [locked]",
    ],
)
def test_wide_queries_time_out(sandbox: Sandbox, arguments: str) -> None:
    """A window above 31 days, or none, ends in 504."""
    reply = cj(sandbox, query(arguments))
    assert (reply.status, reply.body) == (504, b"")


@pytest.mark.parametrize(
    ("text", "token", "words"),
    [
        (query(JANUARY), "", "Not Authenticated"),
        (query(JANUARY), "wrong", "Not Authenticated"),
        ("{ nonsense", "wrong", "Not Authenticated"),
        (query(JANUARY, "commisionId", "1"), None, "field 'commisionId' is not defined"),
        (query(JANUARY, "commissionId { x }"), None, "has no fields"),
        (query(JANUARY, "items"), None, "needs a selection"),
        (query(JANUARY, account="1"), None, "Not Authorized"),
        (query("sinceDate: 1"), None, "argument 'sinceDate' is not defined"),
        (query('sincePostingDate: "yesterday"'), None, "not an Instant"),
        ("{ advertiserCommissions { count } }", None, "'forAdvertisers' is required"),
        ("{ commissionDetails { count } }", None, "field 'commissionDetails' is not defined"),
        ("{ advertiserCommissions(", None, "Syntax error"),
        ("{ advertiserCommissions { ...x } }", None, "Syntax error"),
        ("{ %", None, "Syntax error"),
        ("", None, "Syntax error"),
    ],
)
def test_errors_come_with_status_200(sandbox: Sandbox, text: str, token: str | None, words: str) -> None:
    """Errors stand in the body, in the order authentication, schema, authorisation, never beside data."""
    reply = cj(sandbox, text, token)
    assert reply.status == 200
    body = reply.json()
    assert list(body) == ["errors"]
    assert words in body["errors"][0]["message"]


def test_a_body_that_is_no_query(sandbox: Sandbox) -> None:
    """A body without query text is a syntax error, a GET is not found."""
    reply = send(f"{sandbox.url('cj')}/query", sandbox.token("cj"), ["query"])
    assert "Syntax error" in reply.json()["errors"][0]["message"]
    assert send(f"{sandbox.url('cj')}/query", sandbox.token("cj")).status == 404


def test_a_restatement_is_two_rows_at_one_instant(sandbox: Sandbox, world: World) -> None:
    """The first row of a pair takes the earlier state back, the second has the new one."""
    families = defaultdict(list)
    for account in ("4410927", "4410928"):
        for row in everything(sandbox, JANUARY, account):
            families[row["originalActionId"]].append(row)
    pairs = 0
    for first, *later in families.values():
        assert first["original"]
        for back, new in zip(later[::2], later[1::2], strict=False):
            pairs += 1
            assert not back["original"]
            assert back["postingDate"] == new["postingDate"]
            assert back["correctionReason"] == new["correctionReason"] == "RETURNED_MERCHANDISE"
            for name in ("saleAmountAdvCurrency", "pubCommissionAmountUsd", "advCommissionAmountAdvCurrency"):
                assert Decimal(back[name]) == -Decimal(first[name])
                assert 0 < Decimal(new[name]) < Decimal(first[name])
    assert pairs > 3


def test_states_move_on_the_same_row_without_a_new_posting(sandbox: Sandbox) -> None:
    """A row goes from new to locked on the 11th and to closed later; only its lock date tells."""
    seen = []
    for now in (utc(2026, 2, 11, 9, 59), utc(2026, 2, 11, 10), utc(2026, 3, 4)):
        sandbox.set_clock(now)
        rows = everything(sandbox, JANUARY)
        # In the first hours of the UTC month it is still December in Los Angeles, with an earlier lock.
        seen.append({row["commissionId"]: row for row in rows if row["eventDate"] > "2026-01-01T08"})
    before, locked, closed = seen
    assert before.keys() == locked.keys() == closed.keys()
    for key, row in before.items():
        states = row["actionStatus"], locked[key]["actionStatus"], closed[key]["actionStatus"]
        assert states in {("new", "locked", "closed"), ("new", "extended", "extended")}
        assert row["lockingDate"] == "2026-02-11T10:00:00Z"
        moved = states[1] == "extended"
        assert locked[key]["lockingDate"] == ("2026-03-11T09:00:00Z" if moved else row["lockingDate"])
        assert row["postingDate"] == closed[key]["postingDate"]
    window = 'sinceLockingDate: "2026-02-11T00:00:00Z", beforeLockingDate: "2026-02-12T00:00:00Z"'
    assert {row["actionStatus"] for row in everything(sandbox, window)} == {"closed"}


def test_declined_means_fully_corrected(sandbox: Sandbox) -> None:
    """Open-ended actions are declined exactly when their family sums to zero; fixed ones are automated."""
    sandbox.set_clock(utc(2026, 3, 20))
    sums: dict[str, Decimal] = defaultdict(Decimal)
    states: dict[str, str] = {}
    for row in everything(sandbox, JANUARY, "4410928"):
        sums[row["originalActionId"]] += Decimal(row["saleAmountAdvCurrency"])
        states[row["originalActionId"]] = row["validationStatus"]
    late = 'sincePostingDate: "2026-01-31T00:00:00Z", beforePostingDate: "2026-02-28T00:00:00Z"'
    for row in everything(sandbox, late, "4410928"):
        sums[row["originalActionId"]] += Decimal(row["saleAmountAdvCurrency"])
    assert {states[key] == "DECLINED" for key in states if sums[key] == 0} == {True}
    assert {states[key] for key in states if sums[key] > 0} <= {"ACCEPTED", "PENDING"}
    assert {row["validationStatus"] for row in everything(sandbox, JANUARY)} == {"AUTOMATED"}


def test_tampered_records(sandbox: Sandbox) -> None:
    """A changed field shows in later answers, a deleted one is missing although it was asked for."""
    first = page(sandbox, query(JANUARY))["records"][0]
    sandbox.tamper("cj", first["commissionId"], actionStatus="frozen", eventDate=DELETE)
    changed = page(sandbox, query(JANUARY))["records"][0]
    assert changed == {name: value for name, value in first.items() if name != "eventDate"} | {"actionStatus": "frozen"}


def test_25_calls_a_minute(world: World) -> None:
    """The 26th call within a minute gets 429."""
    with Sandbox(world, utc(2026, 2, 1), now=lambda: 5.0) as sandbox:
        statuses = [cj(sandbox, query(JANUARY, "commissionId")).status for _ in range(27)]
        assert statuses == [200] * 25 + [429] * 2
        assert len(sandbox.breaches) == 2
