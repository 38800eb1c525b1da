"""Refresh tokens that the network replaces each time they are used."""

from __future__ import annotations

import json
import logging
import multiprocessing
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from affiliate_assets.errors import ConfigError, CredentialRefused, RetryableError
from affiliate_assets.http.tokens import forget_tokens

from .logins import ASK, SECRETS, Service, oauth, proving

pytestmark = pytest.mark.usefixtures("login_secrets")


def refresh_file(folder: Path) -> tuple[Path, dict[str, str]]:
    path = folder / "secrets" / "refresh"
    path.parent.mkdir()
    path.write_text(SECRETS["REFRESH"] + "\n")
    return path, {"refresh_token": f"file:{path}"}


def test_a_rotated_refresh_token_replaces_the_old_one_before_it_is_used(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.on_token, service.expires_in = service.rotate, 3600
    path, credentials = refresh_file(tmp_path)
    asking = proving(service, oauth("refresh_token"), tmp_path, credentials=credentials)
    asking.send(ASK)
    kept = json.loads(path.read_text())
    assert (kept["refresh_token"], kept["access_token"]) == ("rotated-refresh-1", "living-token-1")
    assert time.time() + 3500 < kept["expires_at"] <= time.time() + 3600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {entry.name for entry in path.parent.iterdir()} <= {"refresh", "refresh.lock"}
    service.living = "killed"
    asking.send(ASK)
    assert json.loads(path.read_text())["refresh_token"] == "rotated-refresh-2"
    assert len(service.logins()) == 2
    written = (tmp_path / "calls.ndjson").read_text() + caplog.text
    for secret in ("rotated-refresh", "living-token", SECRETS["REFRESH"]):
        assert secret not in written


def test_a_restart_uses_the_kept_token_and_the_kept_budget(service: Service, tmp_path: Path) -> None:
    service.on_token, service.expires_in = service.rotate, 3600
    _, credentials = refresh_file(tmp_path)
    for _ in range(3):
        forget_tokens()
        proving(service, oauth("refresh_token"), tmp_path, credentials=credentials).send(ASK)
    assert len(service.logins()) == 1


def pull_in_process(url: str, folder: str, credentials: dict[str, str], ready: Any, done: Any) -> None:
    asking = proving(Service(url=url), oauth("refresh_token"), Path(folder), credentials=credentials)
    ready.wait(60)
    for _ in range(4):
        asking.send(ASK)
    done.wait(60)
    for _ in range(4):
        asking.send(ASK)


def test_two_processes_spend_a_refresh_token_once(service: Service, tmp_path: Path) -> None:
    service.on_token, service.expires_in = service.rotate, 3600
    path, credentials = refresh_file(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Barrier(2), spawn.Barrier(3)
    workers = [
        spawn.Process(target=pull_in_process, args=(service.url, str(tmp_path), credentials, ready, done))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    while len(service.asked) < 9 and all(worker.is_alive() for worker in workers):
        time.sleep(0.01)
    assert len(service.logins()) == 1
    with service.lock:
        service.living = "killed"
    done.wait(30)
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    assert len(service.logins()) == 2
    assert json.loads(path.read_text())["refresh_token"] == service.refresh == "rotated-refresh-2"


def test_a_rotation_that_cannot_be_kept_is_a_matter_of_configuration(service: Service, tmp_path: Path) -> None:
    service.on_token = service.rotate
    with pytest.raises(ConfigError, match="file:PATH") as caught:
        proving(service, oauth("refresh_token"), tmp_path).send(ASK)
    assert "rotated-refresh" not in str(caught.value)
    assert "env:REFRESH" in str(caught.value)


def test_nothing_is_asked_where_the_new_token_could_not_be_written(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, credentials = refresh_file(tmp_path)
    (path.parent / "refresh.part").mkdir()
    with pytest.raises(ConfigError, match="could not be replaced"):
        proving(service, oauth("refresh_token"), tmp_path, credentials=credentials).send(ASK)
    assert service.asked == []
    assert path.read_text().strip() == SECRETS["REFRESH"]


def test_a_refresh_file_that_another_process_holds_is_waited_for_within_bounds(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affiliate_assets.http.rotation._LOCK_SECONDS", 0.05)
    path, credentials = refresh_file(tmp_path)
    asking = proving(service, oauth("refresh_token"), tmp_path, credentials=credentials)
    with FileLock(f"{path}.lock"), pytest.raises(RetryableError, match="Another process has held"):
        asking.send(ASK)
    assert service.asked == []


@pytest.mark.parametrize("content", ['{"access_token": "a"}', "{half", "[]"])
def test_a_spoilt_refresh_file_is_told_without_its_content(service: Service, tmp_path: Path, content: str) -> None:
    path, credentials = refresh_file(tmp_path)
    path.write_text(content)
    service.on_token = service.rotate
    with pytest.raises((ConfigError, CredentialRefused)) as caught:
        proving(service, oauth("refresh_token"), tmp_path, credentials=credentials).send(ASK)
    assert content not in str(caught.value)


def test_accounts_of_one_refresh_file_share_budget_and_token(service: Service, tmp_path: Path) -> None:
    service.on_token = service.rotate
    _, credentials = refresh_file(tmp_path)
    for name in ("A1", "A2"):
        proving(service, oauth("refresh_token"), tmp_path, name, credentials=credentials).send(ASK)
    assert len(service.logins()) == 1
