"""Windows that are too long for the network: halves are asked for instead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from .acme import DAY, STREAM, TOKEN, AcmeBrand, acme_brand, sale
from .support import Scripted


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AcmeBrand]:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, STREAM, start="2026-02-22") as brand:
        brand.network.records = [sale(1, "2026-02-22"), sale(2, "2026-02-25"), sale(3, "2026-03-01")]
        yield brand


def days(path: str) -> timedelta:
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    return datetime.fromisoformat(query["end"]) - datetime.fromisoformat(query["start"])


def slow_beyond(acme: AcmeBrand, longest: timedelta, status: int = 504) -> None:
    acme.network.instead = lambda path: Scripted(status) if days(path) > longest else None


def asked(acme: AcmeBrand) -> list[tuple[str, str]]:
    return list(dict.fromkeys(acme.network.spans()))


@pytest.mark.parametrize("status", [504, 408])
def test_a_window_that_times_out_is_read_in_halves_where_no_longest_one_is_documented(
    acme: AcmeBrand, status: int
) -> None:
    acme.declare(shortest_span=DAY)
    slow_beyond(acme, 5 * DAY, status)
    night = acme.pull()
    # 22 February 0:00 to 2 March 3:00 are 195 hours; half of them are four days and an hour and a half.
    assert asked(acme) == [
        ("2026-02-22T00", "2026-03-02T03"),
        ("2026-02-22T00", "2026-02-26T01"),
        ("2026-02-26T01", "2026-03-02T03"),
    ]
    assert acme.query("select id from valid_acme.sales order by id") == [(1,), (2,), (3,)]
    assert acme.query("select status, count(*) from ops.windows group by all order by all") == [
        ("abandoned", 1),
        ("complete", 2),
    ]
    assert night.problems == ()


def test_the_halves_end_at_the_shortest_span_and_what_is_left_is_asked_for_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, STREAM, start="2026-02-22", more="circuit_failures = 99") as acme:
        acme.network.records = [sale(1, "2026-02-22"), sale(2, "2026-02-25"), sale(3, "2026-03-01")]
        acme.declare(shortest_span=3 * DAY)
        slow_beyond(acme, timedelta(0))
        assert acme.pull().problems
        # 195 hours, two halves of 97.5 and four quarters, which are shorter than three days.
        assert acme.query("select status, count(*) from ops.windows group by all order by all") == [
            ("abandoned", 3),
            ("incomplete", 4),
        ]
        acme.network.instead = lambda path: None
        assert acme.pull().problems == ()
        assert acme.query("select id from valid_acme.sales order by id") == [(1,), (2,), (3,)]


def test_a_network_that_is_down_opens_the_circuit_in_spite_of_the_halves(acme: AcmeBrand) -> None:
    acme.declare(shortest_span=DAY)
    slow_beyond(acme, timedelta(0))
    acme.pull()
    # Two attempts for each of eight days, four, two and one: then three of the shortest have failed.
    assert len(acme.network.asked) <= 2 * 10
    ((message,),) = acme.query("select message from ops.windows where message like '%circuit is open%' limit 1")
    assert "Not asked" in message


@pytest.mark.parametrize(("shortest", "status"), [(None, 504), (DAY, 500)])
def test_no_halves_for_a_network_that_names_its_longest_window_or_for_another_failure(
    acme: AcmeBrand, shortest: timedelta | None, status: int
) -> None:
    acme.declare(shortest_span=shortest)
    slow_beyond(acme, 5 * DAY, status)
    acme.pull()
    assert asked(acme) == [("2026-02-22T00", "2026-03-02T03")]
    assert acme.query("select status from ops.windows") == [("incomplete",)]
