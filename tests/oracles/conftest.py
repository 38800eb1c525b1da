"""What the oracles say, asked once, and the project in SQL."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.dbt.conftest import compiled, first_build, target
from tests.oracles.cases import ENVIRONMENT, GIVEN, HERE, HOURS

__all__ = ["compiled", "first_build", "target"]


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As `answers.py` prints them: of the paths that ChannelAttribution ships, and of those in `GIVEN`."""
    question = tmp_path_factory.mktemp("oracles") / "paths.json"
    question.write_text(json.dumps(GIVEN), "utf-8")
    python, script = ENVIRONMENT / "bin" / "python", HERE / "answers.py"
    command = [python, script, question, ENVIRONMENT / "sources", str(HOURS)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return dict(json.loads(told.stdout))
