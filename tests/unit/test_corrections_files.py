"""Corrections to Commission Factory: no call is published, so a person uploads a file, once."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from affiliate_assets.cli import app
from affiliate_assets.corrections.files import folder_of
from affiliate_assets.corrections.journal import held, journal_file
from affiliate_assets.corrections.sending import send
from affiliate_assets.sandbox import World
from tests.unit.corrected import MORNING, NOON, SHOWN, WORDS, Asked, serving, world_of_corrections
from tests.unit.corrections import drafted, entries_of, prove, publish, released, sent, states_of
from tests.unit.test_corrections import Killed

ACTIONS = {"void": "decline", "lock": "approve", "amend": "amend"}


@pytest.fixture(scope="module")
def world() -> World:
    return world_of_corrections()


@pytest.fixture
def asked(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    with serving("commission_factory", world, tmp_path, monkeypatch) as served:
        monkeypatch.setenv("AFFILIATE_CONFIG", str(served.settings.config_path))
        monkeypatch.setenv("AFFILIATE_NOW", NOON.isoformat())
        drafted(served.settings, "decline", "amend", "approve", at=NOON)
        yield served


def command(*words: str) -> Any:
    return CliRunner().invoke(app, ["corrections", *words], env={"COLUMNS": "400"})


def files_of(asked: Asked) -> dict[str, Path]:
    """The files that lie there, by type of batch."""
    return {path.stem.rpartition("-")[2]: path for path in folder_of(asked.settings.data).glob("*/*/*")}


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_a_file_for_each_type_of_batch_names_the_orders(asked: Asked) -> None:
    told = [entry.instruction for entry in entries_of(asked.settings).values()]
    assert "Order ID,Sale Value" in command("dry-run").output
    assert files_of(asked) == {}
    released(asked.settings, at=NOON)
    result = command("send", "--confirm")
    assert result.exit_code == 0
    assert "0 of 5 sent, 5 written for upload" in result.output
    assert "Bulk Uploads" in result.output
    # Nothing is published that could be called, so nothing is.
    assert asked.calls == []
    by = {action: [one for one in told if one.action == action] for action in ACTIONS.values()}
    files = files_of(asked)
    assert {kind: lines_of(path) for kind, path in files.items()} == {
        "void": ["Order ID", *(str(one.order_id) for one in by["decline"])],
        "lock": ["Order ID", *(str(one.order_id) for one in by["approve"])],
        "amend": ["Order ID,Sale Value", *(f"{one.order_id},{one.amount:.2f}" for one in by["amend"])],
    }
    assert {path.parent.name for path in files.values()} == {told[0].account_id}
    # Sending again writes no other file.
    assert command("send", "--confirm").exit_code == 0
    assert files_of(asked) == files


def test_what_a_person_uploads_is_taken_and_the_next_pull_shows_it(asked: Asked) -> None:
    released(asked.settings, at=NOON)
    sent(asked.settings, at=NOON)
    told = [entry.instruction for entry in entries_of(asked.settings).values()]
    for kind, path in files_of(asked).items():
        text = path.read_bytes().decode()
        changed = asked.sandbox.desks.upload("commission_factory", told[0].account_id, kind, text)
        assert changed == len(lines_of(path)) - 1
    assert command("uploaded", "--all", "--by", "Grace").exit_code == 0
    # What lies there is yet to be uploaded; this is not.
    assert files_of(asked) == {}
    assert states_of(asked.settings) == {"sent": 5}
    assert {entry.uploaded_by for entry in entries_of(asked.settings).values()} == {"Grace"}
    asked.pull(MORNING + timedelta(days=1))
    found = {key: (status, sale) for key, status, sale in asked.query(SHOWN["commission_factory"])}
    for one in told:
        assert found[one.record_id] == (WORDS["commission_factory"][one.action], one.amount or one.sale_amount)
    prove(asked.settings, {one.instruction_id: "taken" for one in told})
    assert command("settle").output.strip() == "5 taken, 0 not taken within their time, 0 not proved yet."


def test_an_upload_that_nobody_told_of_is_settled_by_the_figures(asked: Asked) -> None:
    released(asked.settings, at=NOON)
    sent(asked.settings, at=NOON)
    (first, second, *_) = entries_of(asked.settings)
    # Only what was uploaded can have been ignored.
    prove(asked.settings, {first: "taken", second: "not_taken"})
    assert command("settle").exit_code == 0
    assert states_of(asked.settings) == {"taken": 1, "written": 4}
    sent(asked.settings, at=NOON)
    orders = [line for path in files_of(asked).values() for line in lines_of(path)[1:]]
    assert len(orders) == 4


def test_what_is_taken_back_or_overtaken_is_in_no_file(asked: Asked) -> None:
    released(asked.settings, at=NOON)
    sent(asked.settings, at=NOON)
    entries = list(entries_of(asked.settings).values())
    voided = [entry.instruction for entry in entries if entry.instruction.action == "decline"]
    assert command("withdraw", voided[0].instruction_id, "--by", "Ada").exit_code == 0
    assert lines_of(files_of(asked)["void"]) == ["Order ID", *(str(one.order_id) for one in voided[1:])]
    # The network has decided the second by itself.
    rows = [
        (one.account_id, one.record_id, one.order_id, "approved" if one is voided[1] else "pending", one.sale_amount,
         one.currency, "", one.occurred_at) for one in (entry.instruction for entry in entries)
    ]  # fmt: skip
    publish(asked.settings, "commission_factory", rows)  # type: ignore[arg-type]
    sent(asked.settings, at=NOON)
    assert lines_of(files_of(asked)["void"]) == ["Order ID", str(voided[2].order_id)]
    assert states_of(asked.settings) == {"withdrawn": 2, "written": 3}


def steps(last: int) -> Callable[[], None]:
    """Count moments, and let the process die at the last."""
    counted = itertools.count(1)

    def step() -> None:
        if next(counted) == last:
            raise Killed

    return step


def around(done: Callable[..., Any], step: Callable[[], None]) -> Callable[..., Any]:
    """Let something be a moment before and after it is done."""

    def both(*arguments: Any) -> Any:
        step()
        found = done(*arguments)
        step()
        return found

    return both


def test_killed_at_any_moment_no_order_is_in_two_files(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    released(asked.settings, at=NOON)
    journal = journal_file(asked.settings.data)
    whole, moment, survived = journal.read_bytes(), 0, False
    orders = sorted(str(entry.instruction.order_id) for entry in entries_of(asked.settings).values())
    while not survived:
        moment += 1
        journal.write_bytes(whole)
        for path in files_of(asked).values():
            path.unlink()
        step = steps(moment)
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", around(os.fsync, step))
            patched.setattr(Path, "replace", around(Path.replace, step))
            try:
                with held(asked.settings.data, NOON) as book:
                    send(asked.settings, book, NOON)
            except Killed:
                pass
            else:
                survived = True
        listed = [line.split(",")[0] for path in files_of(asked).values() if path.suffix == ".csv"
                  for line in lines_of(path)[1:]]  # fmt: skip
        assert len(set(listed)) == len(listed)
        sent(asked.settings, at=NOON + timedelta(minutes=1))
        there = files_of(asked).values()
        assert all(path.suffix == ".csv" for path in there)
        assert sorted(line.split(",")[0] for path in there for line in lines_of(path)[1:]) == orders
        assert states_of(asked.settings) == {"written": 5}
    # Three batches of four moments, and three files of four.
    assert moment == 25
