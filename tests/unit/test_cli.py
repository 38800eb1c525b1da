"""What a command prints and how it ends."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from affiliate_assets.cli import EXIT_CONFIG, app
from affiliate_assets.networks import all_connectors
from tests.conftest import FIRST_MORNING, Brand


@pytest.fixture
def configured(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> Brand:
    monkeypatch.setenv("AFFILIATE_CONFIG", str(brand.settings.config_path))
    monkeypatch.setenv("AFFILIATE_NOW", FIRST_MORNING.isoformat())
    return brand


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("names", [["unknown"], ["awin", "unknown"]])
def test_a_plan_of_a_network_that_does_not_exist_is_refused_with_the_names_there_are(names: list[str]) -> None:
    result = CliRunner().invoke(app, ["plan", *(word for name in names for word in ("--network", name))])
    assert result.exit_code == EXIT_CONFIG
    listed = ", ".join(all_connectors())
    assert result.output.strip() == f"There is no network 'unknown'. Next: choose from {listed}."


def test_a_plan_tells_windows_calls_and_time_of_the_chosen_network_and_asks_nobody(configured: Brand) -> None:
    result = CliRunner().invoke(app, ["plan", "--network", "awin"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "Awin 1001: 4 windows, 5 calls"
    assert lines[-1] == "Awin in all: 10 calls, 0 s at the published limit of 20 in a minute"
    assert "CJ" not in result.output
    assert configured.sandbox.calls == []
