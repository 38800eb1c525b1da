"""What the gauntlet's suites share."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow
import pytest
from filelock import FileLock

from affiliate_assets import secrets

from .ground import HASH_KEY
from .references import References

if importlib.util.find_spec("pandas") is None:
    # DuckDB looks for it at every bound value; that it is not there should be known without a search of the disk.
    # PyArrow looks once, and would take this for a module.
    pyarrow.array([0])
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets of the invented brand, and nothing of this machine's environment."""
    monkeypatch.setattr(secrets, "_known", set())
    for variable in ("AFFILIATE_CONFIG", "AFFILIATE_NOW", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(HASH_KEY, "a key for invented customers")


def _scratch() -> str | None:
    # In memory where the machine has such a folder: nothing here outlives a test.
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder for one brand's data, which is removed afterwards: hundreds of warehouses would fill the disk."""
    with TemporaryDirectory(prefix="gauntlet-", dir=_scratch()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Iterator[References]:
    """Nights without faults, shared by the workers of a session; the last one to leave removes them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "references"
    mine = folder / f"{os.getpid()}.user"
    with FileLock(folder.with_suffix(".lock")):
        folder.mkdir(exist_ok=True)
        mine.touch()
    yield References(folder)
    with FileLock(folder.with_suffix(".lock")):
        mine.unlink()
        if not list(folder.glob("*.user")):
            shutil.rmtree(folder)
