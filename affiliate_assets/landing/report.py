"""What one source brought in a run: as a value for the steps, as one line in a file for the end of the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from affiliate_assets.landing.load import LoadResult
from affiliate_assets.landing.pages import Manifest, write_whole
from affiliate_assets.landing.standing import Standing
from affiliate_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Night:
    """What one source brought.

    Attributes:
        windows: What was asked for and how it ended.
        loads: What reached the warehouse, by stream name.
        problems: Why the source is not in order, one sentence each; empty when it is.
        not_asked: Those of the problems that kept an account or folder from being read at all.
        standing: What the warehouse says of the source now.
    """

    windows: tuple[Manifest, ...]
    loads: dict[str, LoadResult]
    problems: tuple[str, ...]
    not_asked: tuple[str, ...] = ()
    standing: Standing = field(default_factory=Standing)


class SourceReport(msgspec.Struct):
    """One source's line in the report of a run."""

    source: str
    windows: int
    complete: int
    requests: int
    records: int
    new_versions: int
    rejected: int
    problems: list[str]

    def __str__(self) -> str:
        state = "complete" if not self.problems else "NOT IN ORDER"
        return (
            f"{self.source}: {state}, {self.complete} of {self.windows} windows, {self.requests} calls,"
            f" {self.records} records read, {self.new_versions} new or changed, {self.rejected} in quarantine"
        )


def save_report(settings: Settings, run_id: str, source: str, night: Night) -> None:
    """Keep the outcome of one source where the other steps of the run, and the command line, find it."""
    report = SourceReport(
        source=source,
        windows=len(night.windows),
        complete=sum(window.status == "complete" for window in night.windows),
        requests=sum(window.requests for window in night.windows),
        records=sum(load.records for load in night.loads.values()),
        new_versions=sum(load.new_versions for load in night.loads.values()),
        rejected=sum(load.verdict.rejected for load in night.loads.values()),
        problems=list(night.problems),
    )
    folder = _reports(settings, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{source}.json", msgspec.json.encode(report))


def read_reports(settings: Settings, run_id: str) -> list[SourceReport]:
    """The reports of one run, by source."""
    files = sorted(_reports(settings, run_id).glob("*.json"))
    return [msgspec.json.decode(file.read_bytes(), type=SourceReport) for file in files]


def _reports(settings: Settings, run_id: str) -> Path:
    return settings.data / "state" / "nights" / run_id
