"""The examples are complete and load; the two files that name the code location agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from affiliate_assets.settings import Settings, load_settings
from tests.docs.pages import ROOT, fenced, pages, project_files

EXAMPLE = ROOT / "affiliate.toml.example"


def _fields(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        nested = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)]
        found += [f for kind in nested for f in _fields(kind, f"{prefix}{name}.")] or [f"{prefix}{name}"]
    return found


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _uncommented(text: str) -> str:
    """The example with its commented-out settings switched on."""
    return re.sub(r'^# (\w+ = "[^"\n]*"|\[[\w.]+\])', r"\1", text, flags=re.MULTILINE)


def test_the_example_loads():
    settings = load_settings(EXAMPLE)
    assert {account.network for account in settings.accounts} == {"awin", "cj", "shareasale"}


@pytest.mark.parametrize("name", [name for name in _fields(Settings) if name != "config_path"])
def test_every_setting_is_in_the_example(name: str):
    level: object = tomllib.loads(_uncommented(EXAMPLE.read_text(encoding="utf-8")))
    for part in name.split("."):
        tables = level if isinstance(level, list) else [level]
        level = next((table[part] for table in tables if part in table), None)
        assert level is not None, f"{name} is not in {EXAMPLE.name}"


def test_every_configuration_in_the_documentation_loads(tmp_path: Path):
    blocks = [text for page in pages() for language, text in fenced(page) if language == "toml"]
    assert blocks
    for text in blocks:
        path = tmp_path / "affiliate.toml"
        path.write_text(text, encoding="utf-8")
        assert load_settings(path).accounts


def test_every_secret_of_the_example_is_in_the_environment_example():
    referred = set(re.findall(r'^\w+ = "env:(\w+)"', EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    given = set(re.findall(r"^(\w+)=$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert referred == given


def test_every_variable_named_in_the_documentation_exists():
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for file in project_files()
        if file.suffix in (".py", ".yml", ".example") and "tests" not in file.parts and file.name != ".env.example"
    )
    sources = [*pages(), ROOT / ".env.example", ROOT / "Makefile"]
    named = {
        name
        for source in sources
        for name in re.findall(r"\b(?:AFFILIATE|DAGSTER|AWIN|CJ)_[A-Z_]+\b", source.read_text(encoding="utf-8"))
    }
    assert {"AFFILIATE_CONFIG", "AFFILIATE_NOW", "AFFILIATE_WAREHOUSE", "DAGSTER_HOME"} <= named
    assert sorted(name for name in named if not re.search(rf"\b{name}\b", code)) == []


def test_the_workspace_and_the_dg_table_name_one_code_location():
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))
    (entry,) = workspace["load_from"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]["project"]
    assert entry["python_module"] == {
        "module_name": project.get("code_location_target_module", f"{project['root_module']}.definitions"),
        "location_name": project["code_location_name"],
    }
