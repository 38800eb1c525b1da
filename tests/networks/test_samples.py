"""The networks' sample answers, asked for by the real client, landed, loaded and compared with golden rows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from affiliate_assets.connectors.paging import WholeWindow
from tests.networks.cases import (
    any_stream_of,
    cases_of,
    pages_folder,
    per_any_network,
    per_any_stream,
    per_clock,
    per_network,
    per_stream,
    stream_of,
)
from tests.networks.golden import differences
from tests.networks.mutants import landed_lines
from tests.networks.playing import Played, load, play, script_of, stage


@per_any_network
def test_every_file_beside_the_cases_is_named_by_one(slug: str) -> None:
    there = {path.name for path in pages_folder(slug).iterdir()} - {"cases.json"}
    assert there == cases_of(slug).files()


@per_any_network
def test_every_pull_is_read_to_its_end(slug: str, played: Played) -> None:
    for manifest in played.manifests:
        assert (manifest.status, manifest.message) == ("complete", None), manifest.stream
        assert manifest.proof
        assert manifest.dead_letters == []


@per_network
def test_every_answer_of_every_pull_is_asked_for_once(slug: str, played: Played) -> None:
    for pull, hits in zip(cases_of(slug).pulls, played.hits, strict=True):
        assert len(hits) == len(script_of(slug, pull)), pull


@per_network
def test_every_page_after_the_first_is_asked_for_by_a_question_of_its_own(slug: str, played: Played) -> None:
    for pull, hits in zip(cases_of(slug).pulls, played.hits, strict=True):
        if pull.job is None:
            assert len({(hit.path, hit.body) for hit in hits}) == len(hits), pull


@per_any_network
def test_records_are_accepted_and_rejected_as_the_cases_say(slug: str, played: Played) -> None:
    found = {
        row["window_id"]: (row["accepted"], row["quarantined"])
        for row in played.rows("select window_id, accepted, quarantined from ops.windows")
    }
    for pull, manifest in zip(cases_of(slug).pulls, played.manifests, strict=True):
        assert found[manifest.window_id] == (pull.accepted, pull.rejected), pull
        assert manifest.records == pull.accepted + pull.rejected


@per_any_stream
def test_the_valid_table_holds_the_golden_rows(slug: str, name: str, played: Played) -> None:
    rows = played.rows(f"select * from valid_{slug}.{name}")
    assert rows
    assert differences(cases_of(slug).valid[name], rows) == []


@per_any_stream
def test_the_golden_rows_name_every_column(slug: str, name: str) -> None:
    named = {column for row in cases_of(slug).valid[name] for column in row}
    assert set(any_stream_of(slug, name).schema.columns) <= named


@per_any_stream
def test_some_record_fills_every_column(slug: str, name: str, played: Played) -> None:
    columns = list(any_stream_of(slug, name).schema.columns)
    counted = ", ".join(f'count("{column}") as "{column}"' for column in columns)
    (row,) = played.rows(f"select {counted} from valid_{slug}.{name}")
    assert [column for column in columns if not row[column]] == []


@per_any_stream
def test_the_samples_show_no_field_that_the_declaration_does_not_know(slug: str, name: str, played: Played) -> None:
    assert played.rows(f"select field, kind, detail from ops.drift where stream = '{name}'") == []


@per_stream
def test_only_allowed_fields_land(slug: str, name: str, played: Played) -> None:
    stream = stream_of(slug, name)
    landed = {field for line in landed_lines(played, name) for field in json.loads(line)}
    assert landed <= stream.allowed
    assert not landed & stream.dropped


@per_clock
def test_the_samples_answer_to_every_clock(slug: str, name: str, clock: str) -> None:
    assert clock in {pull.window.clock for pull in cases_of(slug).pulls_of(name)}


@per_stream
def test_the_samples_show_an_empty_window_where_there_are_windows(slug: str, name: str) -> None:
    pulls = cases_of(slug).pulls_of(name)
    assert pulls
    assert not stream_of(slug, name).clocks or any(pull.accepted + pull.rejected == 0 for pull in pulls)


@per_stream
def test_the_samples_answer_by_key_where_the_network_does(slug: str, name: str) -> None:
    rule = stream_of(slug, name).open_records
    asks_by_key = rule is not None and rule.keys_per_call > 0
    assert asks_by_key == any(pull.window.keys for pull in cases_of(slug).pulls_of(name))


@per_stream
def test_the_samples_have_a_second_page_where_the_network_has_pages(slug: str, name: str) -> None:
    stream = stream_of(slug, name)
    if not isinstance(stream.paging, WholeWindow) and stream.job is None:
        assert max(len(pull.pages) for pull in cases_of(slug).pulls_of(name)) > 1


@per_network
def test_some_record_changes_from_one_pull_to_a_later_one(slug: str, played: Played) -> None:
    streams = [stream for stream in played.manifests if stream_of(slug, stream.stream).clocks]
    assert any(
        played.rows(f"select _key from valid_{slug}.{name} group by _account_id, _key having count(*) > 1")
        or _more_rows_of_a_family(played, slug, name)
        for name in {stream.stream for stream in streams}
    )


def _more_rows_of_a_family(played: Played, slug: str, name: str) -> bool:
    """Corrections as rows of their own change no record; they come with a later pull."""
    return len(played.rows(f"select distinct _observed_at from valid_{slug}.{name}")) > 1


@per_network
def test_a_pull_that_is_repeated_changes_nothing(slug: str, played: Played, tmp_path: Path) -> None:
    with stage(slug) as on:
        for pull in cases_of(slug).pulls:
            for _ in range(2):
                on.script = script_of(slug, pull)
                assert play(on, pull, tmp_path).status == "complete"
    load(slug, tmp_path / "landing", tmp_path / "warehouse.duckdb")
    again = Played(slug, tmp_path, (), (), (), "")
    for name in {pull.stream for pull in cases_of(slug).pulls}:
        for table in (f"raw_{slug}.{name}", f"valid_{slug}.{name}", f"quarantine.{slug}__{name}"):
            versions = f"select _account_id, _key, _row_hash, _observed_at from {table} order by all"
            assert again.rows(versions) == played.rows(versions), table


@per_any_network
def test_a_load_that_is_repeated_changes_nothing(slug: str, played: Played) -> None:
    before = _counts(played, slug)
    load(slug, played.landing, played.warehouse)
    assert _counts(played, slug) == before


def _counts(played: Played, slug: str) -> list[object]:
    names = sorted({pull.stream for pull in cases_of(slug).pulls})
    tables = [f"{room}_{slug}.{name}" for name in names for room in ("raw", "valid")]
    return [played.rows(f"select count(*) as n from {table}") for table in [*tables, "ops.windows", "ops.pages"]]


@per_stream
def test_control_totals_read_their_sample_report(slug: str, name: str) -> None:
    from decimal import Decimal

    from affiliate_assets.connectors.language import Answer
    from tests.networks.cases import sample

    control, case = stream_of(slug, name).control, cases_of(slug).controls.get(name)
    assert (control is None) == (case is None)
    if control is not None and case is not None:
        total = control.read(Answer(200, {}, sample(slug, case.file), None))
        assert (total.records, total.amount) == (case.records, Decimal(case.amount))


@per_stream
def test_a_control_report_of_another_shape_is_refused(slug: str, name: str) -> None:
    from affiliate_assets.connectors.language import Answer
    from affiliate_assets.errors import BrokenAnswer, ContractError

    control = stream_of(slug, name).control
    if control is not None:
        for body in (b"", b"<html></html>", b'{"unexpected": 1}', b'[{"unexpected": 1}]'):
            with pytest.raises((BrokenAnswer, ContractError)):
                control.read(Answer(200, {}, body, None))


@per_any_network
def test_the_samples_hold_no_real_person(slug: str) -> None:
    for file in sorted(cases_of(slug).files()):
        text = (pages_folder(slug) / file).read_bytes().decode("utf-8", "replace")
        found = re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text)
        assert all(host.endswith((".example", ".test", "example.com", "example.org")) for host in found), file
