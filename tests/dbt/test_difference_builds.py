"""Three nights of the hand-made brand: what they publish of differences, and that any of them is built again equal."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from affiliate_assets.landing.decisions import Decision, decide
from affiliate_assets.landing.differences import NotedNight, note_night
from tests.compiled import Compiled, models
from tests.dbt.conftest import PLACE, Build, rebuilt

MARTS = ("fct_differences", "rpt_difference_ageing")
FIRST, SECOND, THIRD = "2026-03-02 03:00:00", "2026-03-03 03:00:00", "2026-03-04 03:00:00"
TOO_MUCH = "network:awin:1001:2"
OF_CJ = "network = 'cj' and status <> 'closed_by_data'"

# Awin takes 18.00 back, while CJ does not answer.
AGREES = """
    insert into valid_awin.transactions
    select * replace ('awin-2-{version}' as _row_hash, '{at}'::timestamp as _observed_at, {amount} as sale_amount)
    from valid_awin.transactions where _row_hash = 'awin-2'
"""


@dataclass(frozen=True)
class Nights:
    """What each night noted and published; the warehouse is as of the last."""

    warehouse: Path
    noted: dict[str, NotedNight]
    published: dict[str, dict[str, list[tuple[Any, ...]]]]
    again: NotedNight


def read(build: Build) -> dict[str, list[tuple[Any, ...]]]:
    return {mart: build.query(f"select * from marts.{mart} order by all") for mart in MARTS}


@pytest.fixture(scope="module")
def nights(acme: Build, compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    warehouse = Path(shutil.copy(acme.warehouse, tmp_path_factory.mktemp("nights") / "affiliate.duckdb"))
    noted, published = {}, {}

    def night(at: str, *changes: str) -> NotedNight:
        with duckdb.connect(str(warehouse)) as connection:
            for change in changes:
                connection.execute(change)
            connection.execute("update config.brand set as_of = ?", [at])
        build = rebuilt(compiled, warehouse, compiled.upstream("rpt_difference_ageing"))
        assert build.success
        published[at] = read(build)
        with duckdb.connect(str(warehouse)) as connection:
            return note_night(connection, run_id=at)

    noted[FIRST] = night(FIRST)
    with duckdb.connect(str(warehouse)) as connection:
        for key, status in ((TOO_MUCH, "disputed"), ("order:main:3001", "accepted")):
            moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
            decide(
                connection,
                Decision(
                    diff_key=key,
                    status=status,
                    owner="finance",
                    note=None,
                    decided_by="EM",
                    decided_at=moment,
                    source="cli",
                ),
            )
    noted[SECOND] = night(
        SECOND,
        AGREES.format(version="b", at="2026-03-03 03:00:00", amount="90"),
        "update ops.standings set held = true where network = 'cj'",
    )
    noted[THIRD] = night(
        THIRD,
        AGREES.format(version="c", at="2026-03-04 03:00:00", amount="120"),
        "update ops.standings set held = false where network = 'cj'",
    )
    return Nights(warehouse, noted, published, night(THIRD))


def of(nights: Nights, at: str, key: str) -> dict[str, Any]:
    with duckdb.connect(str(nights.warehouse), read_only=True) as connection:
        names = [row[0] for row in connection.execute("describe marts.fct_differences").fetchall()]
    [row] = [row for row in nights.published[at]["fct_differences"] if row[names.index("diff_key")] == key]
    return dict(zip(names, row, strict=True))


def test_each_night_notes_what_happened_and_the_same_night_again_nothing(nights: Nights) -> None:
    opened = nights.noted[FIRST].events["opened"]
    assert nights.noted[FIRST].events == {"opened": opened}
    of_cj = nights.noted[SECOND].events["suspended"]
    # Both sides of the pair; and the orders of 02:00 and 02:30, which CJ ought to know, cannot open yet.
    assert nights.noted[SECOND].events == {"closed": 2, "suspended": of_cj}
    assert nights.noted[THIRD].events["reopened"] == 2
    assert nights.noted[THIRD].events["resumed"] == of_cj
    assert nights.again == NotedNight()
    assert opened > of_cj > 1


def test_a_difference_closes_by_itself_and_comes_back_as_itself(nights: Nights) -> None:
    first, second, third = (of(nights, at, TOO_MUCH) for at in (FIRST, SECOND, THIRD))
    assert (first["status"], str(first["first_seen_at"])) == ("open", FIRST)
    assert (second["status"], str(second["closed_at"]), str(second["last_seen_at"])) == (
        "closed_by_data",
        SECOND,
        FIRST,
    )
    assert (second["decided_status"], second["became_reason"], second["class"]) == (
        "disputed",
        "agrees",
        "amount_mismatch",
    )
    assert (third["status"], third["reopened_count"], third["owner"]) == ("open", 1, "finance")
    assert (str(third["first_seen_at"]), str(third["opened_at"]), third["closed_at"]) == (FIRST, THIRD, None)
    assert third["amount_difference"] == 30


def test_what_is_decided_shows_from_the_next_night_and_stays(nights: Nights) -> None:
    assert [of(nights, at, "order:main:3001")["status"] for at in (FIRST, SECOND, THIRD)] == [
        "open",
        "accepted",
        "accepted",
    ]
    assert of(nights, THIRD, "order:main:3001")["age_days"] == 2


def test_of_a_held_network_nothing_closes_and_nothing_is_summed(nights: Nights, acme: Build) -> None:
    [(of_cj,)] = acme.query(f"select count(*) from marts.fct_differences where {OF_CJ}")
    suspended = [row for row in nights.published[SECOND]["rpt_difference_ageing"] if row[1] == "cj"]
    names = [row[0] for row in acme.query("describe marts.rpt_difference_ageing")]
    amounts = [names.index(name) for name in names if name.endswith(("_amount", "_difference", "_risk", "_reporting"))]
    assert len(amounts) == 5
    assert {row[place] for row in suspended for place in amounts} == {None}
    assert sum(row[names.index("records")] for row in suspended) == of_cj
    assert sum(row[names.index("suspended_records")] for row in suspended) == of_cj


def test_any_past_night_is_built_again_as_it_was_published(
    nights: Nights, of_the_past: Compiled, tmp_path: Path
) -> None:
    for at in (FIRST, SECOND, THIRD):
        warehouse = Path(shutil.copy(nights.warehouse, tmp_path / "affiliate.duckdb"))
        build = rebuilt(of_the_past.put_in(PLACE, at), warehouse, models)
        assert read(build) == nights.published[at]
        with duckdb.connect(str(warehouse)) as connection:
            assert note_night(connection, run_id="past") == NotedNight()
