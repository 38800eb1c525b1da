"""Steps of a benchmark in processes of their own, so that the peak memory of each is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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
