"""Our models beside independent implementations, on their data and on random paths.

`make oracles` installs them into an environment of their own and runs this; without it, nothing is compared here.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affiliate_assets.attribution import rules
from affiliate_assets.attribution.markov import Chain
from affiliate_assets.attribution.paths import Floats, Paths
from tests.attribution.worlds import NINE, random_rows

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"

pytestmark = pytest.mark.skipif(
    not (ENVIRONMENT / ".installed").exists(), reason="the oracles are not installed: make oracles"
)

EXACT = 1e-9
Named = dict[str, float]


def paths_of(rows: Iterable[list[Any]]) -> Paths:
    return Paths.of(([name.strip() for name in path.split(">")], *numbers) for path, *numbers in rows)


def named(channels: Iterable[str], numbers: Floats) -> Named:
    return dict(zip(channels, numbers.tolist(), strict=True))


@pytest.fixture(scope="module")
def given() -> list[list[list[Any]]]:
    """The nine paths, then random ones, without paths that nobody took: ChannelAttribution would divide by zero."""
    random = [
        [
            [" > ".join(touches), conversions, value, nulls]
            for touches, conversions, value, nulls in random_rows(case, channels=5, paths=40)
            if conversions + nulls
        ]
        for case in range(25)
    ]
    return [[[path, 3, 3.0, 0] for path in NINE], *random]


@pytest.fixture(scope="module")
def answers(given: list[list[list[Any]]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    question = tmp_path_factory.mktemp("oracles") / "paths.json"
    question.write_text(json.dumps(given), "utf-8")
    command = [str(PYTHON), str(HERE / "answers.py"), str(question), str(ENVIRONMENT / "sources")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return dict(json.loads(told.stdout))


def closed_form(transitions: dict[str, Any], removed: str | None = None) -> float:
    """Chance to convert by their transition matrix, solved apart from our chain."""
    moves = transitions["moves"]
    code = next((code for code, name in transitions["names"].items() if name == removed), None)

    def is_removed(state: str) -> bool:
        return code in state.split()

    states = sorted({origin for origin, *_ in moves if not is_removed(origin)})
    matrix, gains = np.eye(len(states)), np.zeros(len(states))
    for origin, target, chance in moves:
        if origin in states and target == "(conversion)":
            gains[states.index(origin)] += chance
        elif origin in states and target in states:
            matrix[states.index(origin), states.index(target)] -= chance
    return float(np.linalg.solve(matrix, gains)[states.index("(start)")])


def assert_rules_agree(paths: Paths, theirs: dict[str, Named]) -> None:
    for name, rule in {"first": rules.first, "last": rules.last, "linear": rules.linear}.items():
        ours = rules.totals(paths, rule)
        for what, numbers in {"conversions": ours.conversions, "value": ours.value}.items():
            expected = {channel: row[f"{name}_touch_{what}"] for channel, row in theirs.items()}
            assert named(ours.channels, numbers) == pytest.approx(expected, abs=EXACT, rel=EXACT)


def assert_chains_agree(paths: Paths, theirs: dict[str, Any]) -> None:
    for order in (1, 2):
        ours, transitions = Chain.of(paths, order).removal(), theirs[f"transitions_{order}"]
        probability = closed_form(transitions)
        assert ours.probability == pytest.approx(probability, abs=EXACT)
        effects = [1 - closed_form(transitions, channel) / probability for channel in ours.channels]
        assert ours.effects == pytest.approx(effects, abs=EXACT)


def test_channel_attribution_agrees_on_its_own_paths(answers: dict[str, Any]) -> None:
    rows, theirs = answers["shipped"]["rows"], answers["shipped"]["channel_attribution"]
    paths = paths_of(rows)
    assert len(paths) == 10_000
    assert paths.conversions.sum() == 19_785
    assert paths.values.sum() == pytest.approx(74_802.97, abs=0.01)
    assert_rules_agree(paths, theirs["rules"])
    assert_chains_agree(paths, theirs)


def test_its_simulation_misses_what_its_own_chain_says(answers: dict[str, Any]) -> None:
    paths = paths_of(answers["shipped"]["rows"])
    removal = Chain.of(paths).removal()
    assert removal.probability == pytest.approx(0.22384513559686, abs=1e-14)
    exact = named(removal.channels, removal.weights * 19_785)
    assert (exact["delta"], exact["mi"]) == (pytest.approx(4.61, abs=0.005), pytest.approx(1.72, abs=0.005))
    simulated = answers["shipped"]["channel_attribution"]["simulated"]
    large = [channel for channel in exact if exact[channel] > 1000]
    assert len(large) == 6
    assert [simulated[channel] for channel in large] == pytest.approx([exact[channel] for channel in large], rel=0.07)


def test_channel_attribution_agrees_on_other_paths(given: list[list[list[Any]]], answers: dict[str, Any]) -> None:
    for rows, told in zip(given, answers["given"], strict=True):
        assert_rules_agree(paths_of(rows), told["channel_attribution"]["rules"])
        assert_chains_agree(paths_of(rows), told["channel_attribution"])


def test_marketing_attribution_models_agrees(given: list[list[list[Any]]], answers: dict[str, Any]) -> None:
    of_sequence = {"first": rules.first, "last": rules.last, "linear": rules.linear, "position": rules.position}
    for rows, told in zip(given, answers["given"], strict=True):
        theirs, paths = told["marketing_attribution_models"], paths_of(rows)
        for name, rule in of_sequence.items():
            ours = rules.totals(paths, rule)
            expected = [theirs[name].get(channel, 0.0) for channel in ours.channels]
            assert ours.conversions == pytest.approx(expected, abs=EXACT)
        removal = Chain.of(paths).removal()
        assert named(removal.channels, removal.effects) == pytest.approx(theirs["removal_effects"], abs=EXACT)


def test_the_nine_paths_are_credited_as_published(answers: dict[str, Any]) -> None:
    theirs = answers["given"][0]["marketing_attribution_models"]
    assert theirs["first"] == {"A": 9, "B": 9, "C": 9}
    assert theirs["last"] == {"A": 15, "B": 6, "C": 6}
    assert theirs["linear"] == pytest.approx({"A": 10.5, "B": 9, "C": 7.5})
    assert theirs["position"] == pytest.approx({"A": 11.1, "B": 8.4, "C": 7.5})
    total = sum(theirs["removal_effects"].values())
    weights = {channel: 27 * effect / total for channel, effect in theirs["removal_effects"].items()}
    assert weights == pytest.approx({"A": 10.643154, "B": 8.514523, "C": 7.842324}, abs=1e-6)
