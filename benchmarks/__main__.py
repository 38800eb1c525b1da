"""Measure, and keep what was found in `results.md`.

`python -m benchmarks [--rows N …] [--skip-dbt] [--skip-night] [--skip-reconciliation] [--skip-attribution]
[--peer PYTHON]`
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import attribution, night, reconciliation
from benchmarks.apart import ROOT, run_step

RESULTS = ROOT / "benchmarks" / "results.md"
SIZES = (10_000, 100_000, 1_000_000)
VERSIONS = ("duckdb", "polars", "pandera", "msgspec", "requests", "dbt-core", "dbt-duckdb")
HEADERS = ("step", "seconds", "rows/s", "peak MB")
FLOOR_HEADERS = ("ours", "beside", "rows/s of ours ÷ its rows/s")
# dlt by its fastest way and by its default; the default is slow, so it gets no more rows than this.
PEERS = ("parquet_flat", "parquet", "default")
PEERS_FROM, PEER_DEFAULT_ROWS = 100_000, 20_000
# Up to so many rows a step takes seconds, of which one time alone says little.
SHORT, ROUNDS = 100_000, 3

Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """The tables of one size, and the sentences below them."""

    rows: int
    steps: Sequence[tuple[str, ...]]
    ratios: Sequence[tuple[str, ...]]
    notes: list[str]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="numbers of conversions to measure")
    parser.add_argument("--skip-dbt", action="store_true", help="leave the dbt build out")
    parser.add_argument("--skip-night", action="store_true", help="leave the night of all networks out")
    parser.add_argument("--skip-reconciliation", action="store_true", help="leave a million orders out")
    parser.add_argument("--skip-attribution", action="store_true", help="leave ten million touches out")
    parser.add_argument("--peer", type=Path, help="interpreter with benchmarks/peers/requirements.txt installed")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to write")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    load = os.getloadavg()[0]
    reports = []
    for rows in options.rows:
        with console.status(f"{rows:,} conversions"):
            peer = options.peer if rows >= PEERS_FROM else None
            report = describe(rows, measure(rows, with_dbt=not options.skip_dbt, peer=peer))
        reports.append(report)
        _print(console, report)
    further = []
    if not options.skip_night:
        with console.status("a night of all networks"):
            further.append(night.measure().page())
    if not options.skip_reconciliation:
        with console.status(f"{reconciliation.SIZE:,} orders"):
            further.append(reconciliation.page())
    if not options.skip_attribution:
        with console.status(f"{attribution.TOUCHES:,} touches"):
            further.append(attribution.page())
    for section in further:
        console.print("\n".join(section), markup=False)
    options.results.write_text(markdown(reports, load, further), encoding="utf-8")
    console.print(f"Kept in {options.results}")
    return 0


def measure(rows: int, *, with_dbt: bool, peer: Path | None) -> Figures:
    """Every step in its own process, so that its peak memory is its own; files live as long as the measuring.

    Steps of seconds are measured in several rounds, ours and the peer's in turn, and the middle one counts.

    Raises:
        SystemExit: A step failed, or not every record arrived in the valid table.
    """
    with tempfile.TemporaryDirectory(prefix="affiliate_benchmark_") as name:
        rounds = [_round(Path(name) / str(number), rows, peer) for number in range(ROUNDS if rows <= SHORT else 1)]
        figures = {step: _middle([found[step] for found in rounds]) for step in rounds[0]}
        for step in ("prepare", "build", "copy") if with_dbt else ():
            figures[step] = run_step("models", step, Path(name), rows)
    return figures


def _round(folder: Path, rows: int, peer: Path | None) -> Figures:
    """Each step from page to valid once, and the peer's, in a folder of their own."""
    folder.mkdir()
    figures: Figures = {}
    with page_server(rows) as url:
        for step in ("http", "parse_msgspec", "parse_orjson", "ingest", "pull", "load"):
            figures[step] = run_step("way", step, folder, url, rows)
        for setting in PEERS[:2] if peer else ():
            figures[f"dlt_{setting}"] = _peer(peer, folder, url, rows, setting)
    if peer:
        with page_server(PEER_DEFAULT_ROWS) as url:
            figures["dlt_default"] = _peer(peer, folder, url, PEER_DEFAULT_ROWS, "default")
            figures["dlt_default"]["seconds"] *= rows / PEER_DEFAULT_ROWS
    for step in ("read_objects", "read_typed"):
        figures[step] = run_step("way", step, folder, "-", rows)
    if figures["ingest"]["accepted"] != rows:
        raise SystemExit(f"{figures['ingest']['accepted']} of {rows} records arrived in the valid table")
    return figures


def _middle(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of the round in the middle, with the highest peak of all."""
    middle = sorted(found, key=lambda figures: figures["seconds"])[len(found) // 2]
    peaks = [figures["peak_mb"] for figures in found if "peak_mb" in figures]
    return {**middle, "peak_mb": max(peaks)} if peaks else middle


@contextmanager
def page_server(rows: int) -> Iterator[str]:
    """The page server in a process of its own; yields its base URL."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", str(rows)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        if not port:
            raise SystemExit("the page server did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _peer(python: Path | None, folder: Path, url: str, rows: int, setting: str) -> dict[str, Any]:
    """dlt on the same server, in its own environment."""
    script = ROOT / "benchmarks" / "peers" / "dlt_rest_api.py"
    finished = subprocess.run(
        [str(python), str(script), str(folder), url, str(rows), setting],
        cwd=folder, env={**os.environ, "NO_PROXY": "127.0.0.1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if finished.returncode:
        raise SystemExit(f"dlt {setting} failed:\n{finished.stderr[-3000:]}")
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return figures


def describe(rows: int, figures: Figures) -> Report:
    """Figures → tables. Rows per second are conversions, whatever else a step writes."""
    ours, http = figures["ingest"], figures["http"]
    seconds = {step: float(found["seconds"]) for step, found in figures.items() if "seconds" in found}
    peaks = {step: found.get("peak_mb") for step, found in figures.items()}
    names = {
        "ingest": "page → valid, one process",
        "pull": "pull alone: HTTP and landing",
        "load": "load alone: pages → raw → valid",
        "build": "dbt build",
        "dlt_parquet_flat": "peer: dlt, Parquet, nothing unnested",
        "dlt_parquet": "peer: dlt, Parquet",
        "dlt_default": f"peer: dlt by default (from {PEER_DEFAULT_ROWS:,} rows)",
        "http": "floor: HTTP alone, requests",
        "parse_msgspec": "floor: JSON parse alone, msgspec",
        "parse_orjson": "floor: JSON parse alone, orjson",
        "read_objects": "floor: DuckDB read_ndjson_objects → table",
        "read_typed": "floor: DuckDB read_json, 20 typed columns → table",
        "copy": "floor: create table as select of dbt's largest table",
    }
    steps = [
        (name, f"{seconds[step]:.2f}", f"{rows / seconds[step]:,.0f}", f"{peaks[step]:,.0f}" if peaks.get(step) else "")
        for step, name in names.items()
        if step in seconds
    ]
    pairs = [
        ("ingest", ("dlt_parquet_flat",)),
        ("ingest", ("dlt_parquet",)),
        ("ingest", ("dlt_default",)),
        ("pull", ("http",)),
        ("pull", ("parse_msgspec",)),
        ("load", ("read_objects",)),
        ("load", ("read_typed",)),
        ("ingest", ("http", "read_typed")),
        ("build", ("copy",)),
    ]
    ratios = [
        (names[step], " + ".join(names[beside].partition(": ")[2] for beside in others),
         f"{sum(seconds[beside] for beside in others) / seconds[step]:.2f}")
        for step, others in pairs
        if step in seconds and set(others) <= set(seconds)
    ]  # fmt: skip
    notes = [
        f"Valid rows: {ours['accepted']:,} of {rows:,}; {http['bytes_per_record']:,.0f} bytes a record as sent,"
        f" {ours['sent_mb']:,.0f} MB in {ours['requests']:,} pages; landed {ours['landed_mb']:,.1f} MB,"
        f" warehouse {ours['warehouse_mb']:,.0f} MB.",
    ]
    if "build" in figures:
        notes += _dbt_notes(figures)
    return Report(rows, steps, ratios, notes)


def _dbt_notes(figures: Figures) -> list[str]:
    build, copy = figures["build"], figures["copy"]
    slowest = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in build["slowest"])
    notes = [
        f"dbt ran {build['nodes']} nodes on 2 threads, {build['nodes_seconds']:.1f} node seconds in"
        f" {build['seconds']:.1f} s with start and a full parse; warehouse {figures['prepare']['warehouse_mb']:,.0f} →"
        f" {build['warehouse_mb']:,.0f} MB; its largest table is {copy['table']} with {copy['rows']:,} rows."
        f" Slowest: {slowest}."
    ]
    if build["problem"]:
        notes.append(f"dbt did not end well: {build['problem']}")
    return notes


def _print(console: Console, report: Report) -> None:
    for title, headers, lines in (
        (f"{report.rows:,} conversions", HEADERS, report.steps),
        ("beside the floors", FLOOR_HEADERS, report.ratios),
    ):
        table = Table(*headers, title=title)
        for line in lines:
            table.add_row(*line)
        console.print(table)
    for note in report.notes:
        console.print(note, markup=False)


def markdown(reports: list[Report], load: float, further: Sequence[list[str]] = ()) -> str:
    """All of it as a page; `load` is the machine's load average before the first step, `further` are more sections."""
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}; {_machine()}, Python {platform.python_version()},"
        f" {versions}. Load average before the first step: {load:.1f}.",
        "",
        f"Each step runs in a process of its own; those from page to valid run {ROUNDS} times up to {SHORT:,} rows, and"
        " the time in the middle counts. Peak MB is the highest resident memory of such a process (of `dbt build`: of"
        " the dbt process). Pages of 1,000 Awin-shaped records of 1.2 kB come over loopback HTTP, one window of many"
        " pages, through the real client, pull and load as a night takes them, with the rate limit lifted: at Awin's 20"
        " calls a minute the network would be the limit long before. dlt reads the same pages from the same server with"
        " its `rest_api` source into DuckDB, in an environment of its own (`benchmarks/peers/requirements.txt`); it"
        " neither keeps the pages nor checks the records. No figure includes imports. Values are invented and compress"
        " better than real ones. For dbt the valid tables are filled by SQL with as many conversions (half Awin, half"
        " CJ, one version each), as many orders and two touches an order; nothing was parsed before.",
    ]
    for report in reports:
        lines += ["", f"## {report.rows:,} conversions", ""]
        lines += [*_grid(HEADERS, report.steps), "", *_grid(FLOOR_HEADERS, report.ratios)]
        for note in report.notes:
            lines += ["", note]
    for section in further:
        lines += ["", *section]
    return "\n".join(lines) + "\n"


def _grid(headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    rule = ("---", *("---:" for _ in headers[1:])) if headers == HEADERS else ("---", "---", "---:")
    return [f"| {' | '.join(row)} |" for row in (headers, rule, *rows)]


def _machine() -> str:
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {gigabytes:.0f} GiB of memory"


if __name__ == "__main__":
    sys.exit(main())
