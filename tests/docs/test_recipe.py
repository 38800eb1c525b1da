"""The recipe for a new network, run as it is written in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, fenced, project_files

RECIPE = ROOT / "docs" / "adding-a-network.md"
NAME = "acme_ads"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it stands, with the environment of the original."""
    root = tmp_path_factory.mktemp("recipe") / "project"
    for file in project_files():
        target = root / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    (root / ".venv").symlink_to(Path(sys.prefix))
    return root


def run(command: str, root: Path) -> str:
    words = shlex.split(command)
    if words[0] == "make":
        # The environment is that of the original, whatever the copies' times say.
        words[1:1] = ["-o", "install"]
    if words[0].endswith("pytest"):
        words[1:1] = ["-v", "-p", "no:cacheprovider", f"--basetemp={root.parent / 'pytest'}"]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_recipe_makes_a_network_that_passes_everything(copy: Path) -> None:
    blocks = [text for language, text in fenced(RECIPE) if language == "sh"]
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file() and ".venv" not in path.parts}
    first, *others = [line for block in blocks for line in block.splitlines()]
    assert first == f"make network NAME={NAME}"
    run(first, copy)
    after = {path for path in copy.rglob("*") if path.is_file() and ".venv" not in path.parts}
    touched = {str(path.relative_to(copy)) for path, content in before.items() if path.read_bytes() != content}
    assert touched == {"dbt_project/dbt_project.yml", "docs/networks.md"}
    assert all(NAME in str(path.relative_to(copy)) for path in after - before.keys())
    project = (copy / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8").splitlines()
    original = (ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8").splitlines()
    assert [line for line in project if line not in original] == [f"    - {{name: {NAME}}}"]
    *_, told = [run(line, copy) for line in others]
    (passed,) = re.findall(r"(\d+) passed", told)
    assert int(passed) >= 60


def test_a_network_that_is_there_is_not_written_over(copy: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    for name in ("awin", "Awin", "two words"):
        command = [str(copy / ".venv" / "bin" / "affiliate"), "network", name]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 2, done.stdout
        assert "Next:" in done.stdout
