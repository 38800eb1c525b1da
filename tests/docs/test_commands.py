"""Every command in the documentation exists."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from affiliate_assets.cli import app
from tests.docs.pages import ROOT, commands, pages

_cli = get_command(app)
_MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
_TARGETS = set(re.findall(r"^([a-z-]+):.*## \S", _MAKEFILE, re.MULTILINE))
_VARIABLES = set(re.findall(r"^(\w+) \?=", _MAKEFILE, re.MULTILINE))
COMMANDS = sorted({(page.name, command) for page in pages() for command in commands(page)})
_IS_MAKE = re.compile(r"(\S+=\S+ )*make ")


def test_the_readme_names_the_two_commands():
    assert {"make demo", "make ui"} <= {command for page, command in COMMANDS if page == "README.md"}


@pytest.mark.parametrize(("page", "command"), [entry for entry in COMMANDS if _IS_MAKE.match(entry[1])])
def test_a_make_command_names_a_target_and_variables_of_the_makefile(page: str, command: str):
    words = shlex.split(command)
    for word in words[words.index("make") + 1 :]:
        name, is_variable, _ = word.partition("=")
        assert name in (_VARIABLES if is_variable else _TARGETS), f"{page}: {command}"


@pytest.mark.parametrize(("page", "command"), [entry for entry in COMMANDS if not _IS_MAKE.match(entry[1])])
def test_an_affiliate_command_and_its_options_exist(page: str, command: str):
    words = shlex.split(command)
    place = next(i for i, word in enumerate(words) if word.rpartition("/")[2] == "affiliate")
    named, rest = _cli, words[place + 1 :]
    while isinstance(named, TyperGroup) and rest:
        name, *rest = rest
        assert name in named.commands, f"{page}: {command}"
        named = named.commands[name]
    known = {option for parameter in named.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known, f"{page}: {command}"


@pytest.mark.parametrize("name", [None, *sorted(_cli.commands)])
def test_help_works(name: str | None):
    result = CliRunner().invoke(app, ["--help"] if name is None else [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


@pytest.mark.parametrize("name", sorted(_cli.commands))
def test_every_subcommand_is_in_the_documentation(name: str):
    assert any(re.search(rf"\baffiliate {name}\b", page.read_text(encoding="utf-8")) for page in pages())


def test_make_help_lists_every_target_with_a_line():
    phony = set(re.search(r"^\.PHONY: (.+)$", _MAKEFILE, re.MULTILINE).group(1).split())
    assert phony == _TARGETS


def test_the_ci_runs_make_test():
    assert re.search(r"^exec make test$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    assert "make test" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
