"""A brand on a simulated world, run the way a user runs it: `affiliate run` in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from affiliate_assets.demo import demo_secrets, write_configuration
from affiliate_assets.sandbox import Sandbox, World
from affiliate_assets.settings import PROJECT_ROOT

AFFILIATE = str(Path(sys.executable).with_name("affiliate"))
# Of one run. It catches what hangs, on a slow machine with other work too; a run takes a minute on a quiet one.
DEADLINE = 600.0


@dataclass(frozen=True)
class Brand:
    """A folder with configuration, data and exports, and the networks it is served by."""

    root: Path
    sandbox: Sandbox
    environment: dict[str, str]

    def start(self, *arguments: str, now: datetime) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [AFFILIATE, "run", *arguments],
            env={**self.environment, "AFFILIATE_NOW": now.isoformat()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=PROJECT_ROOT,
        )

    def run(self, *arguments: str, now: datetime) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, now=now)
        try:
            out, err = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def command(self, *arguments: str, now: datetime) -> subprocess.CompletedProcess[str]:
        """Another command of the command line, as of that instant."""
        return subprocess.run(
            [AFFILIATE, *arguments],
            env={**self.environment, "AFFILIATE_NOW": now.isoformat()},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            cwd=PROJECT_ROOT,
        )

    def kill_when(self, reached: Callable[[], bool], *, now: datetime) -> bool:
        """Start a run and kill all of it with SIGKILL as soon as the condition holds; whether it was alive then."""
        process = self.start(now=now)
        deadline = time.monotonic() + DEADLINE
        while not reached() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        alive = process.poll() is None
        os.killpg(process.pid, signal.SIGKILL) if alive else None
        process.communicate(timeout=30)
        return alive

    def checksums(self) -> dict[str, str]:
        """What the marts say of the brand; those of the pulls themselves change with every run."""
        manifest = json.loads((self.root / "data" / "published" / "manifest.json").read_text())
        of_pulls = ("fct_api_calls", "rpt_operations_")
        return {name: mart["checksum"] for name, mart in manifest["marts"].items() if not name.startswith(of_pulls)}


@contextmanager
def brand(root: Path, world: World, clock: datetime, limits: Mapping[str, int] | None = None) -> Iterator[Brand]:
    """Serve the world and set up a brand in `root` with its first export."""
    with Sandbox(world, clock=clock, limits=limits) as sandbox:
        write_configuration(sandbox, world, root / "affiliate.toml", data="data")
        sandbox.write_exports(root / "exports")
        environment = {
            **os.environ,
            **demo_secrets(sandbox),
            "AFFILIATE_CONFIG": str(root / "affiliate.toml"),
            "DAGSTER_HOME": str(root / "dagster_home"),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        }
        yield Brand(root, sandbox, environment)
