"""One project for all worlds of these suites."""

from __future__ import annotations

import pytest

from tests.end_to_end.pulling import Project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, parsed once."""
    return Project(tmp_path_factory.mktemp("dbt"))
