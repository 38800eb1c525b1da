"""Start the night's job without the UI, on the same instance."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from affiliate_assets import errors
from affiliate_assets.accounts import check_networks, configured_networks
from affiliate_assets.defs.common import AS_OF_TAG, raw_key
from affiliate_assets.defs.jobs import JOB, RANGE_END, RANGE_START, nightly_tags, source_keys
from affiliate_assets.landing.report import SourceReport, read_reports
from affiliate_assets.networks import api_connectors
from affiliate_assets.settings import NOW_VARIABLE, PROJECT_ROOT, load_settings, now

VERDICT = "operations__night"
# The event log keeps everything; the terminal gets one line a source.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: one report a source, and the first step that failed unless it is the verdict."""

    run_id: str
    reports: tuple[SourceReport, ...]
    failed_step: str | None


def job() -> dg.JobDefinition:
    """The job, found again by name in every process of a run."""
    from affiliate_assets.definitions import defs

    return defs().resolve_job_def(JOB)


def instance() -> dg.DagsterInstance:
    """The instance of `DAGSTER_HOME`, by default the one beside the project."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT / "dagster_home")))
    home.mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.get()


def run_job(days: tuple[date, date] | None = None, networks: Sequence[str] | None = None) -> Outcome:
    """Execute `reconciliation_nightly` and wait for it.

    Args:
        days: First and last day of a backfill; without it the night's own range.
        networks: Only these networks are pulled; models and marts are always built.

    Raises:
        ConfigError: A network is not known or has no account, or the configuration is refused.
    """
    settings = load_settings()
    check_networks(settings)
    chosen = configured_networks(settings, networks)
    # Files have no days; what lies there is read.
    asked = api_connectors()
    keys = [raw_key(network.slug, stream) for network in chosen if network.slug in asked for stream in network.streams]
    with instance() as opened:
        tags = (
            {RANGE_START: days[0].isoformat(), RANGE_END: days[1].isoformat()}
            if days
            else dict(nightly_tags(settings, opened, keys))
        )
        if NOW_VARIABLE in os.environ:
            tags[AS_OF_TAG] = now().isoformat()
        left_out = source_keys(network for network in configured_networks(settings) if network not in chosen)
        selection = sorted(set(job().asset_layer.executable_asset_keys) - left_out) if left_out else None
        with _output_to(settings.data / "state" / "last_run.log"):
            result = dg.execute_job(
                dg.reconstructable(job), instance=opened, run_config=_QUIET, tags=tags, asset_selection=selection
            )
        failed = [_told(event) for event in result.all_events if event.is_step_failure and event.step_key != VERDICT]
        reports = tuple(read_reports(settings, result.run_id))
        if not result.success and not failed and not any(report.problems for report in reports):
            failed.append(f"the run did not end well; what it said lies in {settings.data / 'state' / 'last_run.log'}")
        return Outcome(result.run_id, reports, failed[0] if failed else None)


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what dbt and the workers print into a file; the event log has it too, the terminal gets the outcome."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    terminal = {number: os.dup(number) for number in (1, 2)}
    with path.open("wb") as file:
        for number in terminal:
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, saved in terminal.items():
                os.dup2(saved, number)
                os.close(saved)


def _told(event: dg.DagsterEvent) -> str:
    """The step, and the sentence of its Failure or of an error of this project; else the first cause with its class."""
    failure = event.step_failure_data
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return f"step {event.step_key}: {failure.user_failure_data.description}"
    chain = [failure.error] if failure.error else []
    while chain and chain[-1].cause is not None:
        chain.append(chain[-1].cause)
    ours = [error.message.partition(": ")[2] for error in chain if error.message.startswith(f"{errors.__name__}.")]
    said = ours or [error.message for error in reversed(chain)] or ["no error told"]
    return f"step {event.step_key}: {said[0].strip()}"
