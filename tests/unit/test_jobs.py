"""Streams that a network prepares first: queued, polled, downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from affiliate_assets.connectors.language import Answer, AsyncJob, JobStatus, Request, Window
from affiliate_assets.landing.pages import MANIFEST, Manifest, WindowFolder, manifests

from .acme import DAY, MORNING, STREAM, TOKEN, AcmeBrand, Record, acme_brand, sale
from .support import Scripted, connector, listening


def _submit(account_id: str, window: Window) -> Request:
    assert window.start is not None
    return Request("POST", f"{account_id}/jobs", json={"start": window.start.isoformat()})


def _status(answer: Answer) -> JobStatus:
    said = msgspec.json.decode(answer.body)
    files = tuple(Request("GET", path) for path in said.get("files", ()))
    return JobStatus(said["state"], files, said.get("reason"))


JOB = AsyncJob(
    submit=_submit,
    job_id=lambda answer: str(msgspec.json.decode(answer.body)["job"]),
    poll=lambda account_id, job_id: Request("GET", f"{account_id}/jobs/{job_id}"),
    status=_status,
    every=timedelta(milliseconds=20),
    patience=timedelta(seconds=20),
    kept=timedelta(hours=2),
)


@dataclass
class Queue:
    """A network that prepares files, and what it was asked.

    Attributes:
        files: The records of each file of every job.
        polls: How often a job is still running before it is done; a job of its own number may differ.
        fails: Jobs that end as failed.
        broken: Answer instead of a file, by number of the file.
    """

    files: list[list[Record]]
    polls: int = 1
    fails: set[int] = field(default_factory=set)
    broken: dict[int, Scripted] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    running: dict[int, int] = field(default_factory=dict)

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Scripted:
        parts = urlsplit(path)
        self.asked.append(f"{method} {parts.path}" + (f"?{parts.query}" if parts.query else ""))
        if method == "POST":
            self.jobs.append(json.loads(body)["start"])
            return _json({"job": len(self.jobs)})
        job = int(parts.path.rpartition("/")[2])
        if "file" in parts.query:
            number = int(parse_qs(parts.query)["file"][0])
            return self.broken.get(number) or _json(self.files[number])
        if job in self.fails:
            return _json({"state": "failed", "reason": "out of memory"})
        self.running[job] = self.running.get(job, 0) + 1
        if self.running[job] <= self.polls:
            return _json({"state": "running"})
        return _json({"state": "done", "files": [f"A1/jobs/{job}?file={n}" for n in range(len(self.files))]})

    def downloads(self, since: int = 0) -> list[str]:
        return [call.partition("jobs/")[2] for call in self.asked[since:] if "file=" in call]


def _json(value: object) -> Scripted:
    return Scripted(body=json.dumps(value).encode())


@dataclass
class Jobs:
    brand: AcmeBrand
    queue: Queue

    def keys(self) -> list[str]:
        return [key for (key,) in self.brand.query("select _key from raw_acme.sales order by _key")]

    def windows(self) -> list[Manifest]:
        return [m for _, m in manifests(self.brand.settings.landing, "acme", "sales")]

    def age(self, hours: float) -> None:
        """Let the only window be asked so many hours earlier."""
        (manifest,) = self.windows()
        manifest.started_at -= timedelta(hours=hours)
        folder = WindowFolder(self.brand.settings.landing, manifest)
        (folder.path / MANIFEST).write_bytes(msgspec.json.encode(manifest))


IMPATIENT = replace(JOB, patience=timedelta(milliseconds=60))


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    stream = replace(STREAM, job=JOB, open_records=None, max_span=60 * DAY)
    queue = Queue([[sale(1), sale(2)], [sale(3)], [sale(4), sale(5)]])
    with acme_brand(tmp_path, stream) as brand, listening(queue.respond) as url:
        account = brand.settings.accounts[0].model_copy(update={"base_url": url})
        brand.settings = brand.settings.model_copy(update={"accounts": (account,)})
        brand.connector = connector(url, streams=(stream,))
        yield Jobs(brand, queue)


def test_a_job_is_queued_once_polled_until_it_is_done_and_every_file_is_a_page(jobs: Jobs) -> None:
    night = jobs.brand.pull()
    assert night.problems == ()
    assert jobs.queue.asked == [
        "POST /A1/jobs",
        "GET /A1/jobs/1",
        "GET /A1/jobs/1",
        "GET /A1/jobs/1?file=0",
        "GET /A1/jobs/1?file=1",
        "GET /A1/jobs/1?file=2",
    ]
    assert jobs.keys() == ["1", "2", "3", "4", "5"]
    (window,) = jobs.windows()
    assert (window.status, window.job_id, [page.records for page in window.pages]) == ("complete", "1", [2, 1, 2])
    assert jobs.brand.query("select purpose, count(*) from ops.api_calls group by all order by all") == [
        ("job", 3),
        ("page", 3),
    ]
    ((proof, requests, accepted),) = jobs.brand.query("select proof, requests, accepted from ops.windows")
    assert "job" in proof
    assert (requests, accepted) == (6, 5)


def test_a_job_without_a_file_is_a_window_without_a_record(jobs: Jobs) -> None:
    jobs.queue.files = []
    assert jobs.brand.pull().problems == ()
    assert jobs.brand.query("select status, pages, records from ops.windows") == [("complete", 0, 0)]


def test_a_job_that_takes_too_long_is_polled_further_by_the_next_run_and_not_queued_again(jobs: Jobs) -> None:
    jobs.queue.polls = 1000
    jobs.brand.declare(job=IMPATIENT)
    night = jobs.brand.pull()
    (problem,) = night.problems
    for part in ("network acme, account A1, stream sales", "job 1 is still running", "Next: "):
        assert part in problem
    (window,) = jobs.windows()
    assert (window.status, window.job_id, window.pages) == ("incomplete", "1", [])
    assert jobs.brand.held()[0]
    jobs.queue.polls = 0
    jobs.brand.declare(job=JOB)
    before = len(jobs.queue.asked)
    assert jobs.brand.pull(MORNING + timedelta(hours=1)).problems == ()
    calls = jobs.queue.asked[before:]
    assert calls[:2] == ["GET /A1/jobs/1", "GET /A1/jobs/1?file=0"]
    # The second job is that of the hour since.
    assert [start[:10] for start in jobs.queue.jobs] == ["2026-02-10", "2026-03-02"]
    assert jobs.windows()[0].window_id == window.window_id
    assert jobs.windows()[0].status == "complete"
    assert jobs.keys() == ["1", "2", "3", "4", "5"]
    assert jobs.brand.held() == (False, None)


def test_jobs_that_take_long_keep_no_other_window_from_being_queued(jobs: Jobs) -> None:
    jobs.brand.declare(max_span=4 * DAY)
    jobs.queue.polls = 1000
    jobs.brand.declare(job=IMPATIENT)
    night = jobs.brand.pull()
    assert len(jobs.queue.jobs) == len(night.windows) == 6
    # Nor does it keep the next run from asking for them at once.
    jobs.queue.polls = 0
    jobs.brand.declare(job=JOB)
    assert jobs.brand.pull().problems == ()
    assert len(jobs.queue.jobs) == 6


def test_a_job_that_failed_at_the_network_is_queued_anew_by_the_next_run(jobs: Jobs) -> None:
    jobs.queue.fails = {1}
    (problem,) = jobs.brand.pull().problems
    assert "job 1 failed: out of memory" in problem
    assert jobs.brand.held()[0]
    assert jobs.brand.pull().problems == ()
    assert len(jobs.queue.jobs) == 2
    assert {job[:1] for job in jobs.queue.downloads()} == {"2"}
    assert jobs.keys() == ["1", "2", "3", "4", "5"]
    assert jobs.brand.held() == (False, None)


def test_a_run_that_died_between_two_files_goes_on_with_the_next_file(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_page = WindowFolder.add_page

    def dying(self: WindowFolder, *args: object, **named: object) -> None:
        if len(self.manifest.pages) == 1:
            raise KeyboardInterrupt
        add_page(self, *args, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(WindowFolder, "add_page", dying)
        with pytest.raises(KeyboardInterrupt):
            jobs.brand.pull()
    before = len(jobs.queue.asked)
    assert jobs.brand.pull().problems == ()
    assert jobs.queue.downloads(before) == ["1?file=1", "1?file=2"]
    assert len(jobs.queue.jobs) == 1
    assert jobs.keys() == ["1", "2", "3", "4", "5"]
    (window,) = jobs.windows()
    assert [page.run_id for page in window.pages] == ["run-1", "run-2", "run-2"]


def test_a_file_that_cannot_be_had_is_asked_for_by_the_next_run(jobs: Jobs) -> None:
    jobs.queue.broken = {1: Scripted(503, b"down")}
    night = jobs.brand.pull()
    assert [(w.status, len(w.pages)) for w in night.windows] == [("incomplete", 1)]
    assert jobs.keys() == ["1", "2"]
    jobs.queue.broken = {}
    before = len(jobs.queue.asked)
    assert jobs.brand.pull().problems == ()
    assert jobs.queue.downloads(before) == ["1?file=1", "1?file=2"]
    assert jobs.keys() == ["1", "2", "3", "4", "5"]
    assert jobs.brand.query("select pages, records, accepted from ops.windows") == [(3, 5, 5)]


def test_a_job_that_fails_after_its_first_file_was_read_brings_every_record_from_the_new_one(jobs: Jobs) -> None:
    jobs.queue.broken = {1: Scripted(503, b"down")}
    jobs.brand.pull()
    jobs.queue.broken, jobs.queue.fails = {}, {1}
    jobs.brand.pull()
    # The new job holds other records in other files.
    jobs.queue.files = [[sale(5), sale(6)], [sale(1)], [sale(2), sale(3), sale(4)]]
    assert jobs.brand.pull().problems == ()
    assert jobs.keys() == ["1", "2", "3", "4", "5", "6"]
    assert jobs.brand.query("select count(*) from valid_acme.sales") == [(6,)]
    assert jobs.brand.query("select records, accepted from ops.windows where status = 'complete'") == [(6, 6)]


@pytest.mark.parametrize(("hours", "queued"), [(1.9, 1), (2.1, 2)])
def test_a_job_older_than_the_network_keeps_it_is_queued_again(jobs: Jobs, hours: float, queued: int) -> None:
    jobs.queue.polls = 1000
    jobs.brand.declare(job=IMPATIENT)
    jobs.brand.pull()
    jobs.age(hours)
    jobs.queue.polls = 0
    jobs.brand.declare(job=JOB)
    assert jobs.brand.pull().problems == ()
    assert len(jobs.queue.jobs) == queued
    assert jobs.keys() == ["1", "2", "3", "4", "5"]
    assert jobs.brand.held() == (False, None)


def test_the_name_of_a_job_is_on_disk_before_it_is_polled(jobs: Jobs) -> None:
    def dying(account_id: str, job_id: str) -> Request:
        raise KeyboardInterrupt

    jobs.brand.declare(job=replace(JOB, poll=dying))
    with pytest.raises(KeyboardInterrupt):
        jobs.brand.pull()
    jobs.brand.declare(job=JOB)
    assert jobs.brand.pull().problems == ()
    assert len(jobs.queue.jobs) == 1
    assert jobs.keys() == ["1", "2", "3", "4", "5"]
