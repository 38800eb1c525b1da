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
NAMES = {"acme_ads": "make network NAME=acme_ads", "acme_shop": "make network NAME=acme_shop BY_FILE=1"}


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


@pytest.mark.parametrize(("name", "make"), NAMES.items(), ids=NAMES)
def test_the_recipe_makes_a_network_that_passes_everything(copy: Path, name: str, make: str) -> None:
    lines = [line for language, text in fenced(RECIPE) if language == "sh" for line in text.splitlines()]
    place = lines.index(make)
    later = [lines.index(other) for other in NAMES.values() if lines.index(other) > place]
    others = lines[place + 1 : min(later, default=len(lines))]
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file() and ".venv" not in path.parts}
    run(make, copy)
    after = {path for path in copy.rglob("*") if path.is_file() and ".venv" not in path.parts}
    touched = {str(path.relative_to(copy)) for path, content in before.items() if path.read_bytes() != content}
    assert touched == {"dbt_project/dbt_project.yml", "docs/networks.md"}
    assert all(name in str(path.relative_to(copy)) for path in after - before.keys())
    project = (copy / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8").splitlines()
    original = before[copy / "dbt_project" / "dbt_project.yml"].decode().splitlines()
    assert [line for line in project if line not in original] == [f"    - {{name: {name}}}"]
    *_, told = [run(line, copy) for line in others]
    (passed,) = re.findall(r"(\d+) passed", told)
    assert int(passed) >= 60


TWIN = """
from pathlib import Path
from affiliate_assets.landing.records import DroppedFile
from affiliate_assets.networks.acme_shop.connector import CONNECTOR
from tests.unit.workbook import Number, write

folder, stream = Path("affiliate_assets/networks/acme_shop/pages"), CONNECTOR.stream("conversions")
text = (folder / "conversions_2026-01-02.csv").read_text(encoding="utf-8")
windows, sheet = Path("conversions_windows.csv"), Path("conversions_twin.xlsx")
windows.write_bytes(text.encode("cp1252"))


def cell(value, place, in_table):
    if in_table and place in (5, 6):
        return Number(value.replace(".", "").replace(",", "."))
    return value or None


rows = [line.split(";") for line in text.splitlines()]
write(sheet, [[cell(value, place, row[0].isdigit()) for place, value in enumerate(row)] for row in rows])
read = []
for path in (folder / "conversions_2026-01-02.csv", windows, sheet):
    file = DroppedFile(path, stream, "7001", "key")
    file.check()
    read.append(list(file.records()))
assert read[0] == read[1] == read[2] and len(read[0]) == 3, read
assert read[0][0]["sale_amount"] == "1084" and read[0][1]["publisher_name"] == "Müller Notes"
"""


def test_the_export_of_the_recipe_is_the_same_in_another_encoding_and_as_a_spreadsheet(copy: Path) -> None:
    """After the recipe, as it reads the toy's files."""
    done = subprocess.run(
        [str(copy / ".venv" / "bin" / "python"), "-c", TWIN],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_network_that_is_there_is_not_written_over(copy: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    for name in ("awin", "Awin", "two words"):
        command = [str(copy / ".venv" / "bin" / "affiliate"), "network", name]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 2, done.stdout
        assert "Next:" in done.stdout
