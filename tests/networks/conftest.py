"""What the suites on networks share: every network's samples, played once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.networks.mutants import Judged, judge_mutants
from tests.networks.playing import Played, play_all


@pytest.fixture(scope="session")
def played_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Played]:
    @cache
    def play(slug: str) -> Played:
        return play_all(slug, tmp_path_factory.mktemp(f"played_{slug}"))

    return play


@pytest.fixture
def played(slug: str, played_of: Callable[[str], Played]) -> Played:
    """All pulls of the network's samples."""
    return played_of(slug)


@pytest.fixture(scope="session")
def judged_of(
    played_of: Callable[[str], Played], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Judged]:
    @cache
    def judge(slug: str, name: str) -> Judged:
        return judge_mutants(played_of(slug), name, tmp_path_factory.mktemp(f"mutants_{slug}"))

    return judge


@pytest.fixture
def judged(slug: str, name: str, judged_of: Callable[[str, str], Judged]) -> Judged:
    """A record of the stream, changed in every way that matters, and what became of each."""
    return judged_of(slug, name)
