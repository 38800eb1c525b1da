"""Corrections and processes that die or meet: whatever happens when, no network is told anything twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from affiliate_assets.corrections.journal import journal_file
from affiliate_assets.sandbox import World
from tests.unit.corrected import NOON, Asked, serving, world_of_corrections
from tests.unit.corrections import drafted, entries_of, released, sent, states_of
from tests.unit.test_corrections import Killed, killing

SEND = [sys.executable, "-c", "from affiliate_assets.cli import app; app()", "corrections", "send", "--confirm"]


@pytest.fixture(scope="module")
def world() -> World:
    return world_of_corrections()


@pytest.fixture
def asked(
    world: World, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Asked]:
    with serving(str(request.param), world, tmp_path, monkeypatch) as served:
        monkeypatch.setenv("AFFILIATE_CONFIG", str(served.settings.config_path))
        monkeypatch.setenv("AFFILIATE_NOW", NOON.isoformat())
        yield served


@pytest.mark.parametrize("asked", ["cj", "impact", "partnerize", "tune"], indirect=True)
def test_killed_at_any_moment_no_network_is_told_twice(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    told = drafted(asked.settings, "decline", "amend", "approve", at=NOON).instructions
    released(asked.settings, at=NOON)
    journal = journal_file(asked.settings.data)
    whole, moment, survived = journal.read_bytes(), 0, False
    while not survived:
        moment += 1
        journal.write_bytes(whole)
        asked.forget()
        for file in asked.settings.data.glob("state/rate_budgets.sqlite*"):
            file.unlink()
        with monkeypatch.context() as patched:
            moments = killing(patched, moment)
            try:
                sent(asked.settings, at=NOON)
            except Killed:
                assert moments() == moment
            else:
                survived = True
        heard = asked.times_told(told)
        for _ in range(2):
            sent(asked.settings, at=NOON)
        counts, states = asked.times_told(told), entries_of(asked.settings)
        assert set(counts.values()) <= {1}
        assert heard <= counts
        # Whatever was not heard was either sent after all, or waits for the proof.
        assert all(states[one.instruction_id].state == "unknown" for one in told if one.instruction_id not in counts)
        assert {entry.state for entry in states.values()} <= {"sent", "unknown"}
    # Every call has ten: two before and after each of the journal's fsyncs, and around the call.
    calls = {"cj": 2, "impact": 4, "partnerize": 3, "tune": 4}[asked.network]
    assert moment == 10 * calls + 1
    assert states_of(asked.settings) == {"sent": len(told)}


@pytest.mark.parametrize("asked", ["cj", "impact", "partnerize", "tune"], indirect=True)
def test_a_call_that_breaks_off_is_not_repeated(asked: Asked) -> None:
    told = drafted(asked.settings, "decline", at=NOON).instructions
    released(asked.settings, at=NOON)
    journal = journal_file(asked.settings.data)
    whole = journal.read_bytes()
    # TUNE's call is a GET, which a library may think harmless to repeat.
    for kind in ("reset_before", "reset_inside", "unavailable"):
        journal.write_bytes(whole)
        asked.forget()
        if kind == "unavailable":
            asked.sandbox.fail_next(asked.network, status=503, times=1)
        else:
            asked.sandbox.inject(asked.network, kind)
        for _ in range(2):
            sent(asked.settings, at=NOON)
        assert asked.times_told(told) == {one.instruction_id: 1 for one in told}
        assert states_of(asked.settings)["unknown"] >= 1
        assert set(states_of(asked.settings)) <= {"sent", "unknown"}


@pytest.mark.parametrize("asked", ["cj", "impact", "partnerize", "tune"], indirect=True)
def test_two_processes_at_once_send_each_instruction_once(asked: Asked) -> None:
    told = drafted(asked.settings, at=NOON).instructions
    released(asked.settings, at=NOON)
    both = [subprocess.Popen(SEND, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    said = [process.communicate(timeout=240)[0] for process in both]
    # Either waits for the other and finds nothing to send, or gives up waiting.
    assert 0 in [process.returncode for process in both], said
    assert asked.times_told(told) == {one.instruction_id: 1 for one in told}
    assert states_of(asked.settings) == {"sent": len(told)}


@pytest.mark.parametrize("asked", ["partnerize"], indirect=True)
def test_a_process_killed_while_the_network_answers_leaves_no_doubt_unsaid(asked: Asked) -> None:
    told = drafted(asked.settings, "decline", at=NOON).instructions
    released(asked.settings, at=NOON)
    asked.sandbox.inject("partnerize", "slow_drip")
    process = subprocess.Popen(SEND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not asked.times_told(told) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert process.poll() is None
    process.kill()
    process.wait(30)
    assert states_of(asked.settings) == {"sending": 3}
    sent(asked.settings, at=NOON + timedelta(minutes=1))
    assert states_of(asked.settings) == {"unknown": 3}
    assert asked.times_told(told) == {one.instruction_id: 1 for one in told}
