"""Steps of a benchmark in processes of their own, so that the peak memory of each is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

Step = Callable[[Path, int], dict[str, Any]]

ROOT = Path(__file__).resolve().parent.parent


def run_step(module: str, step: str, *arguments: object) -> dict[str, Any]:
    """What `python -m benchmarks.MODULE STEP …` found; nothing of it goes through a proxy.

    Raises:
        SystemExit: The step failed.
    """
    environment = {**os.environ, "BENCHMARK_TOKEN": "benchmark-token", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    finished = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", step, *map(str, arguments)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if finished.returncode:
        raise SystemExit(f"step {step} failed:\n{finished.stderr[-3000:]}")
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return figures


def step_or_page(steps: Iterable[Step], page: Callable[..., list[str]]) -> None:
    """Of a benchmark with one size: `STEP FOLDER SIZE` prints what the step found, `[SIZE]` the page of all steps."""
    arguments = sys.argv[1:]
    named = {step.__name__: step for step in steps}
    if arguments and arguments[0] in named:
        step, folder, size = arguments
        sys.stdout.write(json.dumps(named[step](Path(folder), int(size))) + "\n")
    else:
        Console().print("\n".join(page(*map(int, arguments))), markup=False, soft_wrap=True)
