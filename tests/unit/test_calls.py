from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from affiliate_assets.connectors.auth import QueryKeys
from affiliate_assets.connectors.language import Answer, Priority, RateLimit, Request
from affiliate_assets.errors import (
    AffiliateError,
    BrokenAnswer,
    BudgetSpent,
    ContractError,
    CredentialRefused,
    NetworkStopped,
)
from affiliate_assets.http.calls import About, CallLog
from affiliate_assets.http.client import NetworkClient

from .support import QUICK, Scripted, account, connector, serving

TOKEN = "calls-secret-0815"
AS_OF = datetime(2026, 3, 2, 3, tzinfo=UTC)
ASK = Request("GET", "A1/sales", {"day": "2026-03-01", "who": "erika"})
COLUMNS = {
    *("call_id", "correlation_id", "run_id", "network", "account_id", "stream", "window_id", "page", "purpose"),
    *("method", "path", "attempt", "status", "bytes", "duration_ms", "waited_ms", "headroom", "outcome"),
    *("priority", "started_at", "as_of"),
}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)


def logged(url: str, folder: Path, **changes: Any) -> NetworkClient:
    return NetworkClient(
        connector(url, **changes),
        account(),
        folder / "b.sqlite",
        QUICK,
        priority=Priority.BACKFILL,
        calls=CallLog(folder / "calls" / "run.ndjson", "run-1", AS_OF),
    )


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "calls" / "run.ndjson"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def test_every_request_is_one_line_and_attempts_of_a_question_belong_together(tmp_path: Path) -> None:
    limits = (RateLimit(10, timedelta(minutes=1)),)
    with serving([Scripted(503), Scripted(429), Scripted(200, b"[12]")]) as server:
        asking = logged(server.url, tmp_path, limits=limits)
        about = About("sales", "w-1", 2)
        reply = asking.send(ASK, lambda answer: len(answer.body), about)
        asking.send(ASK, about=About(purpose="probe"))
    found = lines(tmp_path)
    assert len(found) == asking.effort.requests == len(server.paths) == 4
    assert all(set(line) == COLUMNS for line in found)
    assert [line["outcome"] for line in found] == ["server", "limit", "ok", "ok"]
    assert [line["attempt"] for line in found] == [1, 2, 3, 1]
    assert [line["headroom"] for line in found] == [9, 8, 7, 6]
    assert len({line["call_id"] for line in found}) == 4
    assert [line["correlation_id"] == found[0]["correlation_id"] for line in found] == [True, True, True, False]
    assert reply.value == reply.answer.body.__len__() == 4
    assert reply.call_id == found[2]["call_id"]
    third = found[2]
    assert (third["run_id"], third["network"], third["account_id"]) == ("run-1", "acme", "A1")
    assert (third["stream"], third["window_id"], third["page"], third["purpose"]) == ("sales", "w-1", 2, "page")
    assert (third["method"], third["path"], third["status"], third["bytes"]) == ("GET", "/A1/sales", 200, 4)
    assert (third["priority"], third["as_of"]) == ("backfill", "2026-03-02T03:00:00.000000")
    assert (found[3]["stream"], found[3]["purpose"]) == (None, "probe")
    started = datetime.strptime(third["started_at"], "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC)
    assert abs(started - datetime.now(UTC)) < timedelta(minutes=1)


def refusing(error: AffiliateError) -> Any:
    def read(answer: Answer) -> None:
        raise error

    return read


@pytest.mark.parametrize(
    ("script", "read", "outcomes"),
    [
        (Scripted(401), None, ["auth"]),
        (Scripted(404), None, ["refused"]),
        (Scripted(200), refusing(ContractError("no", next_step="x")), ["contract"]),
        (Scripted(200), refusing(BrokenAnswer("cut", next_step="x")), ["body", "body", "body"]),
        (Scripted(200, b"[]", (("Content-Length", "9"), ("Connection", "close"))), None, ["connection"] * 3),
        (Scripted(200, b"nonsense", (("Content-Encoding", "gzip"),)), None, ["body"] * 3),
    ],
)
def test_how_it_ended_is_told_in_one_word(tmp_path: Path, script: Scripted, read: Any, outcomes: list[str]) -> None:
    with serving([script]) as server:
        asking = logged(server.url, tmp_path)
        with pytest.raises(AffiliateError) as caught:
            asking.send(ASK, read or (lambda answer: answer))
    assert [line["outcome"] for line in lines(tmp_path)] == outcomes
    evidence = caught.value.evidence
    assert evidence is not None
    assert json.loads(evidence.request)["params"] == dict(ASK.params)


def test_a_refused_connection_has_a_line_without_status(tmp_path: Path) -> None:
    asking = logged("http://127.0.0.1:9", tmp_path)
    with pytest.raises(AffiliateError) as caught:
        asking.send(ASK)
    assert [(line["outcome"], line["status"], line["bytes"]) for line in lines(tmp_path)] == [
        ("connection", None, 0)
    ] * 3
    assert caught.value.evidence is None


def test_a_call_that_was_not_made_has_no_line(tmp_path: Path) -> None:
    with serving([Scripted(200)]) as server:
        asking = logged(server.url, tmp_path, limits=(RateLimit(1, timedelta(hours=1)),))
        asking.send(ASK)
        with pytest.raises(BudgetSpent) as caught:
            asking.send(ASK)
    assert len(lines(tmp_path)) == asking.effort.requests == len(server.paths) == 1
    assert caught.value.retry_after is not None
    assert 3500 < caught.value.retry_after < 3601
    assert "it goes on at" in str(caught.value)


def test_the_wait_for_the_budget_is_told_apart_from_the_call(tmp_path: Path) -> None:
    with serving([Scripted(200)]) as server:
        asking = logged(server.url, tmp_path, limits=(RateLimit(1, timedelta(seconds=0.5)),))
        for _ in range(2):
            asking.send(ASK)
    first, second = lines(tmp_path)
    assert first["waited_ms"] == 0
    assert 300 <= second["waited_ms"] <= 900
    assert second["duration_ms"] < 300
    assert asking.waited_seconds == second["waited_ms"] / 1000


def test_no_secret_and_no_value_of_the_query_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"key {TOKEN} is wrong".encode()
    with serving([Scripted(503, echo)]) as server:
        asking = logged(server.url, tmp_path, auth=QueryKeys({"apiKey": "token"}))
        with pytest.raises(AffiliateError) as caught:
            asking.send(Request("GET", f"{TOKEN}/sales?apiKey={TOKEN}", {"who": "erika"}))
        assert TOKEN in server.paths[0]
    written = (tmp_path / "calls" / "run.ndjson").read_text()
    assert "GET /[redacted]/sales?" in caplog.text
    for text in (written, str(caught.value), repr(caught.value.evidence), caplog.text):
        assert TOKEN not in text
    assert "erika" not in written
    assert lines(tmp_path)[0]["path"] == "/[redacted]/sales"


def test_calls_from_threads_are_whole_lines(tmp_path: Path) -> None:
    with serving([Scripted(200)]) as server:
        log = CallLog(tmp_path / "calls" / "run.ndjson", "r", AS_OF)
        clients = [NetworkClient(connector(server.url), account(), tmp_path / "b.sqlite", calls=log) for _ in range(4)]

        def work(asking: NetworkClient) -> None:
            for _ in range(5):
                asking.send(ASK)

        threads = [threading.Thread(target=work, args=(asking,)) for asking in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    assert len(lines(tmp_path)) == 20


def no_folder(folder: Path) -> None:
    (folder / "calls").write_text("a file where the folder should be")


def full_disk(folder: Path) -> None:
    (folder / "calls").mkdir()
    (folder / "calls" / "run.ndjson").symlink_to("/dev/full")


@pytest.mark.parametrize("trouble", [no_folder, full_disk])
def test_a_log_that_cannot_be_written_is_said_once_and_fails_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, trouble: Callable[[Path], None]
) -> None:
    trouble(tmp_path)
    with serving([Scripted(200)]) as server:
        asking = logged(server.url, tmp_path)
        for _ in range(3):
            assert asking.send(ASK).answer.status == 200
    assert sum("log of calls" in record.getMessage() for record in caplog.records) == 1


def test_a_refused_login_of_a_static_token_is_not_repeated(tmp_path: Path) -> None:
    with serving([Scripted(401)]) as server:
        with pytest.raises(CredentialRefused):
            logged(server.url, tmp_path).send(ASK)
        with pytest.raises(NetworkStopped):
            logged(server.url, tmp_path).send(ASK)
    assert len(server.paths) == 2
