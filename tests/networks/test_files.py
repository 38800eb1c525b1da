"""Networks that are read by file: what is declared; what becomes of files that come broken, twice, in any order."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from affiliate_assets import errors
from affiliate_assets.connectors.files import FileConnector, FileStream
from affiliate_assets.connectors.schema import path_of
from affiliate_assets.errors import AffiliateError
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.landing.records import DroppedFile
from tests.networks.cases import BY_FILE, Pull, cases_of, per_dropped_network, per_dropped_stream, sample
from tests.networks.dropping import HASH_KEY, drop, drop_all, land
from tests.networks.playing import Played, load
from tests.networks.test_secrets import CANARY, written

UNKNOWN = "Conformance: never heard of"

_OF_A_STREAM: dict[str, Callable[[FileStream], bool]] = {
    "has the field of every typed column": lambda s: {path_of(c)[0] for c in s.schema.columns.values()} <= s.fields,
    "has its key": lambda s: bool(s.key) and set(s.key) <= s.fields,
    "makes one key of its identity": lambda s: not s.identity or (len(s.key) == 1 and set(s.identity) <= s.fields),
    "drops no title that it reads": lambda s: not s.columns.keys() & s.dropped,
    "lets only fields be missing that it has": lambda s: s.optional <= set(s.columns.values()),
    "needs some title": lambda s: bool(set(s.columns.values()) - s.optional),
    "joins fields that it has": lambda s: all(set(p) <= set(s.columns.values()) for p in s.joined.values()),
    "hashes fields that it has": lambda s: {*s.hashed, *s.hosts} <= set(s.columns.values()),
    "tells decimals and thousands apart": lambda s: s.format.decimal != s.format.thousands,
    "reads UTF-8 before what fits everything": lambda s: all(e.startswith("utf") for e in s.format.encodings[:-1]),
}


def longest(slug: str, name: str) -> Pull:
    return max(cases_of(slug).pulls_of(name), key=lambda pull: pull.accepted)


def account_of(slug: str, pull: Pull) -> str:
    return pull.account_id or cases_of(slug).accounts[0].account_id


def later_name(pull: Pull) -> str:
    """Another name that the same stream takes."""
    path = Path(pull.files[0].file)
    return f"{path.stem}_later{path.suffix}"


def text_of(slug: str, pull: Pull) -> str:
    stream = BY_FILE[slug].stream(pull.stream)
    return sample(slug, pull.files[0].file).decode(stream.format.encodings[-1] if _is_odd(slug, pull) else "utf-8-sig")


def _is_odd(slug: str, pull: Pull) -> bool:
    try:
        sample(slug, pull.files[0].file).decode("utf-8-sig")
    except UnicodeError:
        return True
    return False


def dropped(slug: str, pull: Pull, content: bytes, folder: Path, name: str | None = None) -> Manifest:
    """What becomes of a file with this content."""
    drop(folder, account_of(slug, pull), name or pull.files[0].file, content, pull.at)
    (manifest,) = land(slug, folder, pull.at)
    return manifest


@per_dropped_stream
@pytest.mark.parametrize("rule", sorted(_OF_A_STREAM))
def test_a_stream_of_files(slug: str, name: str, rule: str) -> None:
    assert _OF_A_STREAM[rule](BY_FILE[slug].stream(name))


@per_dropped_network
def test_every_stream_has_files_of_its_own(slug: str) -> None:
    connector: FileConnector = BY_FILE[slug]
    patterns = [stream.names for stream in connector.streams]
    assert len(set(patterns)) == len(patterns)


@per_dropped_network
def test_every_broken_sample_is_refused_whole_by_name_with_the_next_step(slug: str, tmp_path: Path) -> None:
    cases = cases_of(slug)
    assert len(cases.errors) >= 3
    for number, form in enumerate(cases.errors):
        pull = next(pull for pull in cases.pulls if form.stream in (None, pull.stream))
        folder = tmp_path / str(number)
        manifest = dropped(slug, pull, sample(slug, form.file), folder, form.file)
        assert (manifest.status, manifest.records) == ("failed", 0), form.file
        assert manifest.message is not None
        assert form.file in manifest.message
        assert "nothing of it was taken" in manifest.message
        stream = BY_FILE[slug].stream(pull.stream)
        with pytest.raises(AffiliateError) as refused:
            DroppedFile(
                folder / "drop" / account_of(slug, pull) / form.file, stream, account_of(slug, pull), HASH_KEY
            ).check()
        assert type(refused.value) is getattr(errors, form.raises), form.file


@per_dropped_stream
def test_a_file_without_one_of_its_titles_is_refused_with_the_title(slug: str, name: str, tmp_path: Path) -> None:
    pull, stream = longest(slug, name), BY_FILE[slug].stream(name)
    needed = [title for title, field in stream.columns.items() if field not in stream.optional]
    for number, title in enumerate(needed):
        content = text_of(slug, pull).replace(title, f"{title} of old", 1).encode()
        manifest = dropped(slug, pull, content, tmp_path / str(number))
        # A title may be part of another one, which is then the one that is missing.
        assert manifest.status == "failed", title
        assert any(part in str(manifest.message) for part in needed if title in part)


@per_dropped_stream
@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85])
def test_a_file_that_is_cut_inside_a_line_is_refused_or_its_last_line_kept_out(
    slug: str, name: str, share: float, tmp_path: Path
) -> None:
    pull = longest(slug, name)
    whole = text_of(slug, pull)
    cut = whole[: int(len(whole) * share)].rstrip("\r\n")
    manifest = dropped(slug, pull, cut[:-1].encode(), tmp_path)
    assert manifest.status == "failed" or manifest.records < pull.accepted + pull.rejected
    load(slug, tmp_path / "landing", tmp_path / "warehouse.duckdb")
    rows = Played(slug, tmp_path, (), (), (), "").rows(f"select _key from valid_{slug}.{name}")
    assert len(rows) < max(pull.accepted, 1)


@per_dropped_stream
def test_a_title_nobody_knows_is_noticed_and_its_values_never_land(slug: str, name: str, tmp_path: Path) -> None:
    pull, stream = longest(slug, name), BY_FILE[slug].stream(name)
    mark, lines, below = stream.format.delimiter, [], False
    for line in text_of(slug, pull).splitlines():
        titles = {cell.strip(f" {stream.format.quote}") for cell in line.split(mark)}
        is_title = len(titles & stream.columns.keys()) > len(stream.columns) / 2
        is_record = below and line.count(mark) == lines[-1].count(mark) - 1
        lines.append(f"{line}{mark}{UNKNOWN}" if is_title else f"{line}{mark}{CANARY}" if is_record else line)
        below |= is_title
    manifest = dropped(slug, pull, "\r\n".join([*lines, ""]).encode(), tmp_path)
    assert manifest.status == "complete"
    assert set(manifest.pages[0].unknown_fields) == {UNKNOWN}
    assert manifest.pages[0].unknown_fields[UNKNOWN].records == pull.accepted
    load(slug, tmp_path / "landing", tmp_path / "warehouse.duckdb")
    found = Played(slug, tmp_path, (), (), (), "").rows("select field, kind, masked_sample from ops.drift")
    assert [(row["field"], row["kind"]) for row in found] == [(UNKNOWN, "unknown_field")]
    assert CANARY.encode() not in written(tmp_path / "landing")


@per_dropped_stream
@pytest.mark.parametrize("seed", [1, 2])
def test_titles_may_come_in_any_order(slug: str, name: str, seed: int, tmp_path: Path) -> None:
    pull, stream = longest(slug, name), BY_FILE[slug].stream(name)
    path = drop(tmp_path / "a", account_of(slug, pull), pull.files[0].file, text_of(slug, pull).encode(), pull.at)
    mark = stream.format.delimiter
    rows = [line.split(mark) for line in text_of(slug, pull).splitlines()]
    width = max(len(row) for row in rows)
    order = random.Random(seed).sample(range(width), width)
    mixed = [[row[place] for place in order] if len(row) == width else row for row in rows]
    text = "".join(mark.join(row) + "\r\n" for row in mixed)
    other = drop(tmp_path / "b", account_of(slug, pull), pull.files[0].file, text.encode(), pull.at)
    read = [list(DroppedFile(each, stream, account_of(slug, pull), HASH_KEY).records()) for each in (path, other)]
    assert read[0] == read[1]


@per_dropped_stream
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_line_ends_and_marks_of_encoding_change_nothing(
    slug: str, name: str, ending: str, encoding: str, tmp_path: Path
) -> None:
    pull, stream = longest(slug, name), BY_FILE[slug].stream(name)
    account_id, text = account_of(slug, pull), text_of(slug, pull)
    as_sent = drop(tmp_path / "a", account_id, "a.csv", text.encode(), pull.at)
    other = drop(
        tmp_path / "b", account_id, "a.csv", (ending.join(text.splitlines()) + ending).encode(encoding), pull.at
    )
    read = [list(DroppedFile(each, stream, account_id, HASH_KEY).records()) for each in (as_sent, other)]
    assert read[0] == read[1]
    assert len(read[0]) == pull.accepted + pull.rejected


def state(slug: str, folder: Path) -> dict[str, list[object]]:
    """The newest version of every record, and what is in quarantine."""
    load(slug, folder / "landing", folder / "warehouse.duckdb")
    played = Played(slug, folder, (), (), (), "")
    found: dict[str, list[object]] = {}
    for stream in BY_FILE[slug].streams:
        columns = ", ".join(f'"{name}"' for name in stream.schema.columns)
        found[stream.name] = list(
            played.rows(
                f"select _account_id, _key, _row_hash, {columns} from valid_{slug}.{stream.name}"
                " qualify row_number() over (partition by _account_id, _key"
                " order by _observed_at desc, _fetched_at desc, _row_hash desc) = 1 order by all"
            )
        )
        found[f"{stream.name} held"] = list(
            played.rows(f"select _account_id, _key, failed_checks from quarantine.{slug}__{stream.name} order by all")
        )
    return found


@per_dropped_network
def test_files_landed_in_any_order_come_to_the_same(slug: str, tmp_path: Path, played: Played) -> None:
    in_turn = state(slug, played.folder)
    count = len(cases_of(slug).pulls)
    orders = [list(reversed(range(count))), *(random.Random(seed).sample(range(count), count) for seed in (1, 2))]
    for number, order in enumerate(orders):
        folder = tmp_path / str(number)
        drop_all(slug, folder, order)
        assert state(slug, folder) == in_turn, order


@per_dropped_network
def test_a_file_that_is_dropped_again_changes_nothing(slug: str, tmp_path: Path) -> None:
    drop_all(slug, tmp_path)
    before = state(slug, tmp_path)
    cases = cases_of(slug)
    for pull in cases.pulls:
        for page in pull.files:
            later = pull.at + timedelta(days=400)
            # The same file touched, and a copy of it.
            drop(tmp_path, account_of(slug, pull), page.file, sample(slug, page.file), later)
            drop(tmp_path, account_of(slug, pull), later_name(pull), sample(slug, page.file), later)
    assert land(slug, tmp_path, max(pull.at for pull in cases.pulls) + timedelta(days=500)) == []
    assert state(slug, tmp_path) == before


@per_dropped_stream
def test_a_record_that_comes_again_unchanged_makes_no_version(slug: str, name: str, tmp_path: Path) -> None:
    """A later export that holds the earlier one and nothing new."""
    pull = longest(slug, name)
    text = text_of(slug, pull)
    dropped(slug, pull, text.encode(), tmp_path)
    load(slug, tmp_path / "landing", tmp_path / "warehouse.duckdb")
    # Another content by a line break at its end, as a blank line is.
    drop(tmp_path, account_of(slug, pull), later_name(pull), f"{text}\r\n".encode(), pull.at + timedelta(days=1))
    (again,) = land(slug, tmp_path, pull.at + timedelta(days=2))
    assert again.records == pull.accepted + pull.rejected
    load(slug, tmp_path / "landing", tmp_path / "warehouse.duckdb")
    found = Played(slug, tmp_path, (), (), (), "").rows(f"select _key from raw_{slug}.{name}")
    assert len(found) == pull.accepted + pull.rejected


@per_dropped_stream
def test_versions_are_dated_by_the_export_and_never_later_than_the_run(slug: str, name: str, tmp_path: Path) -> None:
    pull = longest(slug, name)
    content = text_of(slug, pull).encode()
    dated = dropped(slug, pull, content, tmp_path / "past")
    assert dated.pages[0].observed_at <= pull.at
    drop(tmp_path / "ahead", account_of(slug, pull), later_name(pull), content, pull.at + timedelta(days=3))
    (ahead,) = land(slug, tmp_path / "ahead", pull.at)
    assert ahead.pages[0].observed_at <= pull.at


@per_dropped_stream
def test_two_equal_lines_of_a_file_are_two_records_only_without_an_id(slug: str, name: str, tmp_path: Path) -> None:
    pull, stream = longest(slug, name), BY_FILE[slug].stream(name)
    lines = text_of(slug, pull).splitlines(keepends=True)
    cells = [line.count(stream.format.delimiter) for line in lines]
    place = max(number for number, count in enumerate(cells) if count == max(cells))
    manifest = dropped(slug, pull, "".join([*lines[: place + 1], *lines[place:]]).encode(), tmp_path)
    if manifest.status == "failed":
        # The file's own total says that there is one too many.
        assert stream.format.totals is not None
        return
    load(slug, tmp_path / "landing", tmp_path / "warehouse.duckdb")
    rows = Played(slug, tmp_path, (), (), (), "").rows(f"select _key from valid_{slug}.{name}")
    assert len(rows) == pull.accepted + bool(stream.identity)
