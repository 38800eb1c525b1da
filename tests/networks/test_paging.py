"""Pages join to the whole; one that repeats itself, ends early or contradicts itself is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from affiliate_assets.connectors.paging import BodyCursor, WholeWindow
from tests.networks.cases import Pull, cases_of, per_stream, stream_of
from tests.networks.mutants import put, value_at
from tests.networks.playing import Played, play, script_of, stage


def longest(slug: str, name: str) -> Pull:
    return max(cases_of(slug).pulls_of(name), key=lambda pull: (len(pull.pages), pull.accepted))


def is_paged(slug: str, name: str) -> bool:
    stream = stream_of(slug, name)
    return not isinstance(stream.paging, WholeWindow) and stream.job is None


@per_stream
def test_the_pages_of_a_pull_hold_every_record_once(slug: str, name: str, played: Played) -> None:
    for pull, manifest in zip(cases_of(slug).pulls, played.manifests, strict=True):
        if pull.stream == name:
            assert len(manifest.pages) == len(pull.pages)
            keys = played.rows(
                f"select _key from raw_{slug}.{name} where _page_id like '{manifest.window_id}#%' and _key is not null"
            )
            assert len({row["_key"] for row in keys}) == len(keys)
            assert manifest.expected_records in (None, manifest.records)


@per_stream
def test_the_last_page_names_no_further_one(slug: str, name: str, played: Played) -> None:
    for manifest in played.manifests:
        if manifest.stream == name and manifest.pages:
            assert manifest.pages[-1].cursor is None
            assert all(page.cursor for page in manifest.pages[:-1]) or stream_of(slug, name).job is not None


@per_stream
def test_a_page_that_repeats_itself_for_ever_is_refused(slug: str, name: str, tmp_path: Path) -> None:
    if is_paged(slug, name):
        pull = longest(slug, name)
        with stage(slug) as on:
            on.script, on.endless = script_of(slug, pull)[:1], True
            manifest = play(on, pull, tmp_path)
        assert manifest.status in ("incomplete", "failed")
        assert len(on.hits) < 10


@per_stream
def test_pages_that_end_early_leave_the_window_open(slug: str, name: str, tmp_path: Path) -> None:
    pull = longest(slug, name)
    if len(pull.pages) > 1:
        with stage(slug) as on:
            on.script = script_of(slug, pull)[:-1]
            manifest = play(on, pull, tmp_path)
        assert manifest.status in ("incomplete", "failed")
        assert len(manifest.pages) == len(pull.pages) - 1


@per_stream
def test_an_error_between_two_pages_loses_nothing_that_landed(slug: str, name: str, tmp_path: Path) -> None:
    pull = longest(slug, name)
    if len(pull.pages) > 1:
        with stage(slug) as on:
            on.script = script_of(slug, pull)
            last = len(on.script) - 1
            on.change = lambda number, body: b"" if number == last else body
            manifest = play(on, pull, tmp_path)
        assert manifest.status == "incomplete" or manifest.message
        assert manifest.records > 0


def told_numbers(paging: Any) -> dict[str, tuple[str, ...]]:
    """Where an answer counts itself, by the declaration."""
    if isinstance(paging, BodyCursor):
        named = {"total": paging.total, "count": paging.count}
        return {name: (*paging.envelope, field) for name, field in named.items() if field}
    numbers = {name: getattr(paging, name, ()) for name in ("total", "count", "pages", "number")}
    return {name: path for name, path in numbers.items() if isinstance(path, tuple) and path}


@per_stream
def test_a_number_that_lies_is_refused(slug: str, name: str, tmp_path: Path) -> None:
    """Seven more than there are, wherever the declaration says that an answer counts records or pages."""
    pull = longest(slug, name)
    for field, path in told_numbers(stream_of(slug, name).paging).items():

        def lie(number: int, body: bytes, path: tuple[str, ...] = path) -> bytes:
            told = json.loads(body)
            sent = value_at(told, path)
            put(told, path, str(int(sent) + 7) if isinstance(sent, str) else sent + 7)
            return json.dumps(told).encode()

        with stage(slug) as on:
            on.script, on.change = script_of(slug, pull), lie
            manifest = play(on, pull, tmp_path / field)
        assert manifest.status in ("incomplete", "failed"), field


@per_stream
def test_an_answer_without_its_records_is_refused(slug: str, name: str, tmp_path: Path) -> None:
    """A field of the envelope that is gone is a broken contract, not an empty window."""
    paging, pull = stream_of(slug, name).paging, longest(slug, name)
    records = getattr(paging, "records", ())
    path = (*paging.envelope, records) if isinstance(paging, BodyCursor) else records
    if isinstance(path, tuple) and path:
        with stage(slug) as on:

            def without(number: int, body: bytes) -> bytes:
                told = json.loads(body)
                del (value_at(told, path[:-1]) if path[:-1] else told)[path[-1]]
                return json.dumps(told).encode()

            on.script, on.change = script_of(slug, pull), without
            manifest = play(on, pull, tmp_path)
        assert manifest.status in ("incomplete", "failed")
        assert manifest.records == 0


@per_stream
def test_the_same_samples_split_in_the_same_way_again(slug: str, name: str, tmp_path: Path, played: Played) -> None:
    before = [m for m in played.manifests if m.stream == name]
    with stage(slug) as on:
        for pull, manifest in zip(cases_of(slug).pulls_of(name), before, strict=True):
            on.script = script_of(slug, pull)
            again = play(on, pull, tmp_path)
            assert [page.sha256 for page in again.pages] == [page.sha256 for page in manifest.pages]
