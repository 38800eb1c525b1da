"""Measure many worlds and write `docs/accuracy.md`: `make accuracy` (SEEDS=50 OTHER=10 SHUFFLED=2 NIGHTS=26 JOBS=2)."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from affiliate_assets.settings import PROJECT_ROOT
from tests.accuracy.measuring import Measured
from tests.accuracy.running import measure_one, project_of
from tests.accuracy.writing import Run, page
from tests.accuracy.year import over_a_year

_FIRST_SEED, _FIRST_OTHER = 301, 901


def _number(name: str, default: int) -> int:
    told = os.environ.get(name)
    return int(told) if told else default


def _run(folder: str) -> Iterator[tuple[str, int, Measured]]:
    shuffled = _number("SHUFFLED", 2)
    asked = [("ordinary", _FIRST_SEED + place, place < shuffled) for place in range(_number("SEEDS", 50))]
    asked += [("other", _FIRST_OTHER + place, place < shuffled) for place in range(_number("OTHER", 10))]
    with ProcessPoolExecutor(_number("JOBS", 2), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(measure_one, manner, seed, folder, shuffled=mixed) for manner, seed, mixed in asked]
        for done in as_completed(running):
            yield done.result()


def main() -> None:
    """Measure, and tell each world as it is done; the page is written anew with every one of them."""
    began, found = monotonic(), {"ordinary": Run(), "other": Run()}
    path = PROJECT_ROOT / "docs" / "accuracy.md"
    with tempfile.TemporaryDirectory(prefix="accuracy-") as folder:
        for manner, seed, measured in _run(folder):
            run = found[manner] = found[manner].with_world(seed, measured)
            path.write_text(page(found["ordinary"], found["other"]), encoding="utf-8")
            sys.stdout.write(f"{monotonic() - began:6.0f} s  {manner} {seed}: {run.line(measured)}\n")
            sys.stdout.flush()
        count = _number("NIGHTS", 26)
        if count:
            year = over_a_year(_FIRST_SEED, count, Path(folder) / "year", project_of(folder))
            path.write_text(page(found["ordinary"], found["other"], year), encoding="utf-8")
    sys.stdout.write(f"written: {path}\n")


if __name__ == "__main__":
    main()
