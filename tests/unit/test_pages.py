from __future__ import annotations

import errno
import hashlib
import itertools
import socket
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import zstandard

from affiliate_assets.connectors.language import Window
from affiliate_assets.errors import RetryableError
from affiliate_assets.http.circuit import CircuitBreaker
from affiliate_assets.landing import pages
from affiliate_assets.landing.extract import pull_windows
from affiliate_assets.landing.pages import Manifest, UnknownField, WindowFolder, manifests, new_window_id, write_whole
from affiliate_assets.landing.window import Pull, Question

from .support import QUICK, SALES, Scripted, client, manifest, serving

AT = datetime(2026, 3, 2, 3, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)


def full_disk(monkeypatch: pytest.MonkeyPatch, after: int, code: int = errno.ENOSPC) -> None:
    """Let `after` files be written; every later one fails as a full disk does, half way."""
    left = [after]
    flush = pages.os.fsync

    def failing(descriptor: int) -> None:
        if left[0] == 0:
            raise OSError(code, "No space left on device")
        left[0] -= 1
        flush(descriptor)

    monkeypatch.setattr(pages.os, "fsync", failing)


def test_a_page_is_on_disk_whole_and_listed_with_its_checksum(tmp_path: Path) -> None:
    folder = WindowFolder(tmp_path, manifest())
    folder.add_page(b'{"id":1}\n{"id":2}\n', 2, run_id="r1", as_of=AT, unknown={"b": ("Text", 1), "a": ("12", 2)})
    ((path, read),) = manifests(tmp_path, "acme", "sales")
    assert path == tmp_path / "acme" / "A1" / "sales" / "w1"
    (page,) = read.pages
    content = (path / page.file).read_bytes()
    assert zstandard.decompress(content) == b'{"id":1}\n{"id":2}\n'
    assert page.sha256 == hashlib.sha256(content).hexdigest()
    assert (page.page_id, page.records, page.bytes, page.unknown_fields) == (
        "w1#1",
        2,
        18,
        {"b": UnknownField("Xxxx", 1), "a": UnknownField("99", 2)},
    )
    assert read.status == "open"
    assert list(path.glob("*.part")) == []


def test_a_crash_between_page_and_manifest_leaves_the_page_unlisted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = WindowFolder(tmp_path, manifest())
    folder.add_page(b"{}\n", 1, run_id="r1", as_of=AT)
    monkeypatch.setattr(WindowFolder, "save", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        folder.add_page(b"{}\n", 1, run_id="r1", as_of=AT)
    ((path, read),) = manifests(tmp_path, "acme", "sales")
    assert [page.page for page in read.pages] == [1]
    assert (path / "0002.ndjson.zst").is_file()


def test_a_file_that_was_being_written_when_the_process_died_is_no_window(tmp_path: Path) -> None:
    folder = WindowFolder(tmp_path, manifest())
    folder.save()
    whole = (folder.path / "window.json").read_bytes()
    dead = tmp_path / "acme" / "A1" / "sales" / "w2"
    dead.mkdir()
    (dead / "window.json.part").write_bytes(whole[:40])
    (dead / "0001.ndjson.zst.part").write_bytes(b"half")
    assert [read.window_id for _, read in manifests(tmp_path, "acme", "sales")] == ["w1"]


@pytest.mark.parametrize(
    ("code", "advice"), [(errno.ENOSPC, "free disk space"), (errno.EDQUOT, "free disk space"), (errno.EACCES, "rights")]
)
def test_a_disk_that_refuses_names_the_place_and_the_next_step_and_keeps_earlier_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, advice: str
) -> None:
    folder = WindowFolder(tmp_path, manifest())
    folder.add_page(b'{"id":1}\n', 1, run_id="r1", as_of=AT)
    with monkeypatch.context() as broken:
        full_disk(broken, 0, code)
        with pytest.raises(RetryableError) as caught:
            folder.add_page(b'{"id":2}\n', 1, run_id="r1", as_of=AT)
    text = str(caught.value)
    for part in ("network acme", "account A1", "stream sales", advice, "pages already landed are kept"):
        assert part in text
    ((path, read),) = manifests(tmp_path, "acme", "sales")
    assert [page.page for page in read.pages] == [1]
    assert sorted(file.name for file in path.iterdir()) == ["0001.ndjson.zst", "window.json"]


def test_writing_again_replaces_the_file_at_once_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    write_whole(file, b"old")
    with monkeypatch.context() as broken:
        full_disk(broken, 0)
        with pytest.raises(OSError, match="No space"):
            write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_windows_come_in_the_order_they_were_started_and_the_settled_ones_are_not_read(tmp_path: Path) -> None:
    for number, hour in (("late", 5), ("early", 1), ("settled", 3)):
        entry = manifest(number)
        entry.started_at = AT.replace(hour=hour)
        WindowFolder(tmp_path, entry).save()
    (tmp_path / "acme" / "A1" / "sales" / "settled" / "window.json").write_bytes(b"never read")
    found = [read.window_id for _, read in manifests(tmp_path, "acme", "sales", skip={"settled"})]
    assert found == ["early", "late"]


def test_two_attempts_at_one_window_have_names_of_their_own() -> None:
    first, second = (new_window_id("sold", START, AT) for _ in range(2))
    assert first != second
    assert first.startswith("20260301T000000Z_20260302T030000Z_sold_")


PLAN = [Question(SALES, Window("new sales", "sold", START.replace(day=day), AT.replace(day=day))) for day in (1, 2, 3)]


def pull(url: str, folder: Path, plan: list[Question] = PLAN, circuit: CircuitBreaker | None = None) -> list[Manifest]:
    circuit = circuit or CircuitBreaker(folder / "circuits.sqlite", "acme", "A1")
    return pull_windows(Pull(client(url, folder), circuit, folder / "landing", "r1", AT, START), plan)


@pytest.mark.usefixtures("token")
def test_a_window_that_fails_for_a_passing_cause_is_incomplete_and_the_next_is_asked(tmp_path: Path) -> None:
    down = Scripted(503, b"down")
    with serving([Scripted(), down, down, down, Scripted(200, b'[{"id":3}]')]) as server:
        results = pull(server.url, tmp_path)
    assert [m.status for m in results] == ["complete", "incomplete", "complete"]
    assert [(m.requests, m.retries) for m in results] == [(1, 0), (3, 2), (1, 0)]
    assert [m.records for m in results] == [0, 0, 1]
    for part in ("network acme", "account A1", "stream sales", "window sold 2026-03-02", "503", "Next: "):
        assert part in str(results[1].message)


@pytest.mark.usefixtures("token")
def test_a_refusal_ends_the_account_and_every_window_left_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving([Scripted(), Scripted(401, b"no")]) as server:
        results = pull(server.url, tmp_path)
    assert len(server.paths) == 2
    assert [m.status for m in results] == ["complete", "failed", "failed"]
    assert "Not asked" in str(results[2].message)
    assert "check the account's token" in caplog.text
    assert all(m.finished_at is not None for m in results)


@pytest.mark.usefixtures("token")
def test_an_answer_out_of_shape_names_network_account_stream_and_window(tmp_path: Path) -> None:
    with serving([Scripted(200, b"<html>Please sign in</html>")]) as server:
        results = pull(server.url, tmp_path)
    assert [m.status for m in results] == ["incomplete", "incomplete", "incomplete"]
    for part in ("network acme", "account A1", "stream sales", "window sold 2026-03-01", "JSON array", "Next: "):
        assert part in str(results[0].message)
    (letter,) = results[0].dead_letters
    assert (letter.reason, letter.status, letter.page) == ("body", 200, 1)
    assert letter.masked_sample.startswith("<xxxx>Xxxxxx xxxx xx<")
    assert "acme-secret" not in letter.request


@pytest.mark.usefixtures("token")
def test_an_unreachable_network_leaves_every_window_incomplete(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    results = pull(f"http://127.0.0.1:{port}", tmp_path, PLAN[:1])
    assert [m.status for m in results] == ["incomplete"]


@pytest.mark.usefixtures("token")
def test_a_disk_that_fills_up_while_landing_loses_no_page_and_names_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving([Scripted(200, b'[{"id":1}]')]) as server, monkeypatch.context() as broken:
        full_disk(broken, 3)  # page, manifest, manifest of the first window
        results = pull(server.url, tmp_path)
    assert [m.status for m in results] == ["complete", "incomplete", "incomplete"]
    assert "network acme, account A1, stream sales" in str(results[1].message)
    assert "free disk space" in str(results[1].message)
    kept = [m for _, m in manifests(tmp_path / "landing", "acme", "sales")]
    assert [(m.status, m.records) for m in kept] == [("complete", 1)]
    assert list((tmp_path / "landing").rglob("*.part")) == []


@pytest.mark.usefixtures("token")
def test_the_landed_window_is_the_manifest_that_was_returned(tmp_path: Path) -> None:
    with serving([Scripted(200, b'[{"id":1,"email":"a@b.example","new":1}]')]) as server:
        (returned,) = pull(server.url, tmp_path, PLAN[:1])
    ((path, landed),) = manifests(tmp_path / "landing", "acme", "sales")
    assert msgspec.json.encode(landed) == msgspec.json.encode(returned)
    assert landed.pages[0].unknown_fields == {"new": UnknownField("9", 1)}
    assert zstandard.decompress((path / "0001.ndjson.zst").read_bytes()) == b'{"id":1}\n'


@pytest.fixture
def due(tmp_path: Path) -> CircuitBreaker:
    """A circuit that was open and may be tried."""
    clock = itertools.chain([0.0], itertools.repeat(1_000_000.0))
    path = tmp_path / "circuits.sqlite"
    circuit = CircuitBreaker(path, "acme", "A1", failures=1, seconds=300, now=lambda: next(clock))
    circuit.failed("sales", "down")
    return circuit


@pytest.mark.usefixtures("token")
def test_a_trial_that_a_limit_ends_is_made_by_the_next_window(tmp_path: Path, due: CircuitBreaker) -> None:
    with serving([*[Scripted(429)] * QUICK.attempts, Scripted()]) as server:
        results = pull(server.url, tmp_path, circuit=due)
    assert [m.status for m in results] == ["incomplete", "complete", "complete"]
    assert [m.requests for m in results] == [QUICK.attempts, 1, 1]
    assert due.states()[0].state == "closed"


@pytest.mark.usefixtures("token")
def test_a_trial_that_a_full_disk_ends_is_made_by_the_next_run(
    tmp_path: Path, due: CircuitBreaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving([Scripted()]) as server:
        with monkeypatch.context() as broken:
            full_disk(broken, 0)
            pull(server.url, tmp_path, PLAN[:1], due)
        assert [m.status for m in pull(server.url, tmp_path, PLAN[:1], due)] == ["complete"]
    assert due.states()[0].state == "closed"


@pytest.mark.usefixtures("token")
def test_an_account_that_ended_takes_no_trial_with_it(tmp_path: Path, due: CircuitBreaker) -> None:
    with serving([Scripted(401)]) as server:
        results = pull(server.url, tmp_path, circuit=due)
    assert [m.status for m in results] == ["failed", "failed", "failed"]
    assert (due.states()[0].state, due.states()[0].failures) == ("open", 1)
    assert due.open_until("sales") is None


def test_the_windows_of_one_account_are_read_without_those_of_the_others(tmp_path: Path) -> None:
    for account_id in ("A1", "A12", "A[1]"):
        WindowFolder(tmp_path, manifest(f"of {account_id}", account_id=account_id)).save()
    (tmp_path / "acme" / "A12" / "sales" / "of A12" / "window.json").write_bytes(b"never read")
    for account_id in ("A1", "A[1]"):
        found = [read.account_id for _, read in manifests(tmp_path, "acme", "sales", account=account_id)]
        assert found == [account_id]
