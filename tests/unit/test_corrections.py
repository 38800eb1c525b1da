"""Corrections from the difference to the network and back: drafted, released by a second person, sent once, proved."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from affiliate_assets.cli import EXIT_CONFIG, EXIT_PARTIAL, app
from affiliate_assets.corrections import sending
from affiliate_assets.corrections.journal import Journal, Line, held, journal_file
from affiliate_assets.corrections.sending import batches, described
from affiliate_assets.errors import InternalError, RetryableError
from tests.conftest import FIRST_MORNING, Brand
from tests.unit.corrections import (
    NOON,
    drafted,
    entries_of,
    pending_awin,
    prove,
    publish,
    released,
    sent,
    size,
    states_of,
    told_awin,
)

NEXT = FIRST_MORNING + timedelta(days=1)


@pytest.fixture
def asked(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> Brand:
    """A brand with one pending Awin transaction for each kind of difference."""
    monkeypatch.setenv("AFFILIATE_CONFIG", str(brand.settings.config_path))
    monkeypatch.setenv("AFFILIATE_NOW", NOON.isoformat())
    brand.pull("awin", FIRST_MORNING)
    publish(brand.settings, "awin", pending_awin(brand))
    brand.sandbox.set_clock(NOON)
    return brand


def command(*words: str) -> Any:
    return CliRunner().invoke(app, ["corrections", *words])


def test_a_difference_becomes_a_call_of_the_published_shape(asked: Brand) -> None:
    told = drafted(asked.settings, "decline", "amend", "approve").instructions
    (batch,) = batches(list(entries_of(asked.settings).values()))
    request = batch.request(NOON)
    assert (request.method, request.path) == ("POST", "advertisers/1001/transactions/batch")
    assert request.content is not None
    lines = json.loads(request.content, parse_float=Decimal)
    ids = [int(one.record_id) for one in told]
    amount = told[3].sale_amount - Decimal("1.50")
    assert lines == [
        {"action": "decline", "transaction": {"transactionId": ids[0], "declineReason": "no such order"}},
        {"action": "decline", "transaction": {"transactionId": ids[1], "declineReason": "order returned"}},
        {"action": "decline", "transaction": {"transactionId": ids[2], "declineReason": "duplicate order"}},
        {
            "action": "amend",
            "approve": False,
            "transaction": {
                "transactionId": ids[3],
                "amendReason": "sale amount corrected",
                "currency": "EUR",
                "saleAmount": amount,
                "transactionParts": [{"amount": amount, "commissionGroupCode": "DEFAULT"}],
            },
        },
        {"action": "approve", "transaction": {"transactionId": ids[4]}},
    ]
    # Exactly the minor units, and no credential.
    assert f'"saleAmount": {amount:.2f}'.encode() in request.content
    assert asked.sandbox.token("awin") not in described(batch.connector, request)


def test_nothing_is_sent_that_no_second_person_released(asked: Brand) -> None:
    assert command("draft", "--by", "Ada").exit_code == 0
    before = len(asked.sandbox.calls)
    own = command("release", "--all", "--by", " ADA ")
    assert own.exit_code == EXIT_CONFIG
    assert "cannot release" in own.output
    shown = command("dry-run")
    assert shown.exit_code == 0
    assert '"declineReason": "no such order"' in shown.output
    assert command("send", "--confirm").exit_code == 0
    assert told_awin(asked) == {}
    assert command("release", "--all", "--by", "Grace").exit_code == 0
    dry = command("send")
    assert "Nothing was sent" in dry.output
    assert len(asked.sandbox.calls) == before
    assert states_of(asked.settings) == {"released": 4}


def test_what_is_sent_is_taken_once_and_the_next_pull_shows_it(asked: Brand) -> None:
    told = drafted(asked.settings, "decline", "amend", "approve").instructions
    released(asked.settings)
    assert command("send", "--confirm").exit_code == 0
    assert command("send", "--confirm").exit_code == 0
    assert states_of(asked.settings) == {"sent": 5}
    assert told_awin(asked) == {int(one.record_id): 1 for one in told}
    asked.pull("awin", NEXT)
    found = dict(
        asked.query(
            "select _key, commission_status || ' ' || sale_amount::decimal(18,2)::varchar from valid_awin.transactions"
            " qualify row_number() over (partition by _key order by _observed_at desc) = 1"
        )
    )
    words = {"approve": "approved", "decline": "declined", "amend": "pending"}
    for one in told:
        assert found[one.record_id] == f"{words[one.action]} {one.amount or one.sale_amount:.2f}"
    # What the models will judge.
    assert asked.query("select state, count(*) from ops.corrections group by all") == [("sent", 5)]


def test_the_published_figures_settle_what_was_sent(asked: Brand) -> None:
    names = [one.instruction_id for one in drafted(asked.settings).instructions]
    released(asked.settings)
    sent(asked.settings)
    prove(asked.settings, {names[0]: "taken", names[1]: "not_taken", names[2]: "waiting"})
    result = command("settle")
    assert result.exit_code == EXIT_PARTIAL
    assert result.output.strip() == "1 taken, 1 not taken within their time, 2 not proved yet."
    assert [entries_of(asked.settings)[name].state for name in names] == ["taken", "not_taken", "sent", "sent"]
    # What was proved not taken may be drafted once more, and needs both people again; nothing else may.
    assert [one.instruction_id for one in drafted(asked.settings).instructions] == [names[1]]
    again = entries_of(asked.settings)[names[1]]
    assert (again.state, again.attempt, again.released_by) == ("drafted", 2, None)


def test_a_proof_of_an_earlier_call_settles_no_later_one(asked: Brand) -> None:
    names = [one.instruction_id for one in drafted(asked.settings).instructions]
    released(asked.settings)
    sent(asked.settings)
    prove(asked.settings, {names[0]: "not_taken"})
    assert command("settle").exit_code == EXIT_PARTIAL
    drafted(asked.settings, at=NOON + timedelta(days=3))
    released(asked.settings, at=NOON + timedelta(days=3))
    sent(asked.settings, at=NOON + timedelta(days=3))
    assert command("settle").exit_code == 0
    assert entries_of(asked.settings)[names[0]].state == "sent"


class Killed(BaseException):
    """What SIGKILL leaves: no code runs after it."""


def killing(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """Let the process die at the n-th moment that leaves a trace; returns how many there have been."""
    moments = 0

    def moment() -> None:
        nonlocal moments
        moments += 1
        if moments == at:
            raise Killed

    fsync, ask = os.fsync, sending.NetworkClient.send

    def dying_fsync(descriptor: int) -> None:
        moment()
        fsync(descriptor)
        moment()

    def dying_send(self: Any, *arguments: Any, **named: Any) -> Any:
        moment()
        answer = ask(self, *arguments, **named)
        moment()
        return answer

    monkeypatch.setattr("affiliate_assets.corrections.journal.os.fsync", dying_fsync)
    monkeypatch.setattr(sending.NetworkClient, "send", dying_send)
    return lambda: moments


@pytest.mark.parametrize("moment", range(1, 12))
def test_killed_at_any_moment_nothing_is_sent_twice(asked: Brand, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    told = drafted(asked.settings).instructions
    released(asked.settings)
    with monkeypatch.context() as patched:
        moments = killing(patched, moment)
        try:
            sent(asked.settings)
        except Killed:
            assert moments() == moment
        else:
            # A send has no more moments than these.
            assert moments() < moment
            assert moment > 8
    heard = told_awin(asked)
    for _ in range(3):
        sent(asked.settings)
    states = states_of(asked.settings)
    counts = told_awin(asked)
    assert set(counts.values()) <= {1}
    if heard:
        assert counts == heard == {int(one.record_id): 1 for one in told}
        assert set(states) <= {"sent", "unknown"}
    # Whatever was not heard was either sent after all, or waits for the proof.
    assert set(states) <= {"sent", "unknown"}
    assert bool(counts) or states == {"unknown": 4}


def test_half_a_line_of_a_killed_process_never_happened(asked: Brand) -> None:
    drafted(asked.settings)
    path = journal_file(asked.settings.data)
    whole = path.read_bytes()
    for cut in (1, 20):
        path.write_bytes(whole + b'{"at":"2026-03-02T12:00:00Z","event":"released","ids":["x"]}'[:-cut])
        assert states_of(asked.settings) == {"drafted": 4}
        released(asked.settings)
        assert states_of(asked.settings) == {"released": 4}
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("fault", "state", "requests"),
    [
        ({"status": 400}, "refused", 1),
        ({"status": 401}, "released", 1),
        ({"status": 403}, "released", 1),
        ({"status": 429}, "released", 1),
        ({"status": 500}, "unknown", 1),
        ({"status": 503}, "unknown", 1),
        ({"status": 503, "headers": {"X-RateLimit-Remaining": "998"}}, "unknown", 1),
        ({"status": 503, "headers": {"Retry-After": "1"}}, "unknown", 1),
        ({"status": 200, "body": "<html>"}, "unknown", 1),
    ],
)
def test_only_a_plain_answer_is_certain_and_no_call_is_repeated(
    asked: Brand, fault: dict[str, Any], state: str, requests: int
) -> None:
    drafted(asked.settings)
    released(asked.settings)
    before = len(asked.sandbox.calls)
    asked.sandbox.fail_next("awin", times=5, **fault)
    result = command("send", "--confirm")
    assert result.exit_code == EXIT_PARTIAL
    assert "Next:" in result.output
    assert states_of(asked.settings) == {state: 4}
    assert len(asked.sandbox.calls) - before == requests


@pytest.mark.parametrize("kind", ["reset_before", "reset_inside"])
def test_a_call_that_breaks_off_is_unknown_and_not_repeated(asked: Brand, kind: str) -> None:
    drafted(asked.settings)
    released(asked.settings)
    asked.sandbox.inject("awin", kind)
    sent(asked.settings)
    assert states_of(asked.settings) == {"unknown": 4}
    sent(asked.settings)
    assert set(told_awin(asked).values()) == {1}


def test_a_batch_is_never_larger_than_the_network_takes(asked: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from affiliate_assets.networks import api_connectors

    awin = api_connectors()["awin"]
    assert awin.corrections is not None
    small = {"awin": replace(awin, corrections=replace(awin.corrections, batch=3))}
    monkeypatch.setattr(sending, "api_connectors", lambda: small)
    drafted(asked.settings)
    assert [len(batch.ids) for batch in batches(list(entries_of(asked.settings).values()))] == [3, 1]


def test_one_process_at_a_time(asked: Brand) -> None:
    with held(asked.settings.data, NOON), pytest.raises(RetryableError), held(asked.settings.data, NOON, seconds=0.01):
        pass


def test_an_event_that_cannot_follow_is_refused_and_not_written(asked: Brand) -> None:
    (name, *_) = [one.instruction_id for one in drafted(asked.settings).instructions]
    path = journal_file(asked.settings.data)
    before = size(path)
    with held(asked.settings.data, NOON) as journal, pytest.raises(InternalError):
        journal.add(Line(NOON, "sending", [name]))
    assert size(path) == before


def test_drafting_again_adds_nothing(asked: Brand) -> None:
    assert len(drafted(asked.settings).instructions) == 4
    before = size(journal_file(asked.settings.data))
    assert drafted(asked.settings, by="Grace").instructions == ()
    assert size(journal_file(asked.settings.data)) == before


def test_withdrawn_and_shown(asked: Brand) -> None:
    (first, *_) = drafted(asked.settings).instructions
    assert command("withdraw", first.instruction_id[:10], "--by", "Ada").exit_code == 0
    assert states_of(asked.settings) == {"withdrawn": 1, "drafted": 3}
    shown = command("show", first.instruction_id)
    assert f"record id: {first.record_id}" in shown.output
    assert command("list", "--state", "withdrawn").output.count("withdrawn") == 1
    assert command("show", "zz").exit_code == EXIT_CONFIG


def test_a_journal_changed_by_hand_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corrections.ndjson"
    path.write_text('{"at":"2026-03-02T12:00:00Z","event":"released","ids":["x"]}\n', encoding="utf-8")
    with pytest.raises(InternalError):
        Journal(path, NOON)
