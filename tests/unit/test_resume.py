"""Windows that a run left unfinished. Which calls are due is worked out from the world's own ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from filelock import FileLock

from affiliate_assets.connectors.language import RateLimit
from affiliate_assets.connectors.paging import BodyCursor
from affiliate_assets.connectors.planning import Span
from affiliate_assets.http.client import budgets_file
from affiliate_assets.landing import batches, load, night
from affiliate_assets.landing.pages import WindowFolder
from tests.conftest import FIRST_MORNING, Brand

from .paged import ACCOUNT, MONTH, OVERLAP, START, Cj, Killed, joined, paged_cj


@pytest.fixture
def cj(brand: Brand) -> Iterator[Cj]:
    with paged_cj(brand) as found:
        yield found


def test_a_first_pull_asks_every_page_once(cj: Cj) -> None:
    cj.pull()
    windows = cj.pages(START)
    assert min(len(pages) for pages in windows[:2]) >= 3
    assert cj.asked() == joined(windows)
    assert cj.rows() == (cj.total(), cj.total())


@pytest.mark.parametrize("landed", range(8))
def test_after_a_run_that_died_the_next_asks_from_the_page_after_the_last_landed_one(
    cj: Cj, monkeypatch: pytest.MonkeyPatch, landed: int
) -> None:
    windows = cj.pages(START)
    assert landed < len(joined(windows))
    cj.killed(monkeypatch, landed)
    assert cj.asked() == joined(windows)[: landed + 1]
    before = len(cj.sandbox.calls)

    # The page that was on its way is asked for again, and after it only what is left.
    done, rest = 0, landed
    while rest >= len(windows[done]):
        rest -= len(windows[done])
        done += 1
    begun = windows[done][rest:] if rest else []
    known = done + bool(rest)
    following = START + known * MONTH - OVERLAP if known else START
    cj.pull()
    assert cj.asked(before) == begun + joined(cj.pages(following))
    assert cj.rows() == (cj.total(), cj.total())
    assert {m.status for m in cj.landed()} == {"complete"}


def test_a_window_gone_on_with_keeps_its_id_and_names_the_run_of_each_page(
    cj: Cj, monkeypatch: pytest.MonkeyPatch
) -> None:
    cj.killed(monkeypatch, 2)
    (unfinished,) = cj.landed()
    assert (unfinished.status, len(unfinished.pages)) == ("open", 2)
    later = FIRST_MORNING + timedelta(hours=4)
    cj.pull(later)
    first = cj.landed()[0]
    assert (first.window_id, first.status) == (unfinished.window_id, "complete")
    assert [page.run_id for page in first.pages[:3]] == ["run-1", "run-1", "run-2"]
    assert [page.page for page in first.pages] == list(range(1, len(first.pages) + 1))
    assert [page.observed_at for page in first.pages[1:3]] == [FIRST_MORNING, later]
    ((status, pages, records, accepted, proof, run),) = cj.brand.query(
        f"select status, pages, records, accepted, proof, run_id from ops.windows where window_id = '{first.window_id}'"
    )
    expected = len(cj.ids(START, START + MONTH))
    assert (status, pages, records, accepted, run) == ("complete", len(first.pages), expected, expected, "run-1")
    assert proof
    assert cj.brand.query("select held from ops.standings where network = 'cj'") == [(False,)]


def test_a_run_that_died_between_its_last_page_and_its_note_of_completeness_doubles_nothing(
    cj: Cj, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = len(cj.pages(START)[0])
    add_page = WindowFolder.add_page

    def failing(self: WindowFolder, *args: object, **named: object) -> None:
        add_page(self, *args, **named)  # type: ignore[arg-type]
        if len(self.manifest.pages) == pages:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(WindowFolder, "add_page", failing)
        with pytest.raises(Killed):
            cj.brand.pull("cj", FIRST_MORNING)
    cj.pull()
    assert cj.rows() == (cj.total(), cj.total())
    assert cj.brand.query("select held from ops.standings where network = 'cj'") == [(False,)]


def test_a_window_whose_cursors_are_no_places_in_the_data_is_abandoned_and_asked_whole_again(
    cj: Cj, monkeypatch: pytest.MonkeyPatch
) -> None:
    class RowNumbers(BodyCursor):
        resumable = False  # type: ignore[misc]

    connector = cj.brand.connectors["cj"]
    (stream,) = connector.streams
    paging = stream.paging
    assert isinstance(paging, BodyCursor)
    rows = RowNumbers(paging.envelope, paging.records, paging.cursor, paging.complete, paging.count)
    cj.brand.connectors["cj"] = replace(connector, streams=(replace(stream, paging=rows),))
    cj.killed(monkeypatch, 2)
    before = len(cj.sandbox.calls)
    cj.pull()
    assert cj.asked(before) == joined(cj.pages(START))
    assert cj.rows() == (cj.total(), cj.total())
    assert [m.status for m in cj.landed()] == ["abandoned", "complete", "complete", "complete"]
    assert cj.brand.query("select count(*) from ops.windows where status = 'abandoned' and made_good_at is null") == [
        (0,)
    ]


@pytest.mark.parametrize(("hours", "goes_on"), [(35, True), (37, False)])
def test_a_window_is_gone_on_with_for_a_day_and_a_half(
    cj: Cj, monkeypatch: pytest.MonkeyPatch, hours: int, goes_on: bool
) -> None:
    cj.killed(monkeypatch, 2)
    (manifest,) = cj.landed()
    manifest.started_at -= timedelta(hours=hours)
    cj.edit(manifest)
    before = len(cj.sandbox.calls)
    cj.pull()
    assert (cj.asked(before)[0] == cj.pages(START)[0][2]) is goes_on
    assert (cj.asked(before) == joined(cj.pages(START))) is not goes_on
    assert cj.rows() == (cj.total(), cj.total())


def test_a_run_beside_a_living_one_leaves_its_windows_alone_and_asks_for_itself(
    cj: Cj, monkeypatch: pytest.MonkeyPatch
) -> None:
    cj.killed(monkeypatch, 2)
    (living,) = cj.landed()
    before = len(cj.sandbox.calls)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        (path,) = (cj.brand.settings.data / "state" / "pulls").glob(f"cj-{ACCOUNT}.lock")
        with FileLock(path):
            held.set()
            done.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held.wait(10)
        cj.brand.pull("cj", FIRST_MORNING)
    finally:
        done.set()
        other.join()
    assert cj.asked(before) == joined(cj.pages(START))
    assert cj.landed()[0] == living
    assert cj.rows() == (cj.total(), cj.total())
    # Once nobody holds it any more, it is settled one way or the other.
    cj.pull(FIRST_MORNING + timedelta(hours=1))
    assert cj.landed()[0].status in ("complete", "abandoned")
    assert cj.rows()[0] == cj.rows()[1] == cj.total(FIRST_MORNING + timedelta(hours=1))


def test_pages_that_a_killed_run_landed_but_never_loaded_are_loaded_and_not_asked_again(
    cj: Cj, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(night, "_loaded", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            cj.brand.pull("cj", FIRST_MORNING)
    assert cj.rows() == (0, 0)
    before = len(cj.sandbox.calls)
    cj.pull()
    assert cj.asked(before) == []
    assert cj.rows() == (cj.total(), cj.total())
    assert cj.brand.query("select count(distinct run_id), min(status), max(status) from ops.windows") == [
        (1, "complete", "complete")
    ]


@pytest.mark.parametrize("stored", [1, 3])
def test_a_load_that_was_killed_between_two_batches_is_ended_by_the_next_run_without_a_call_or_a_double(
    cj: Cj, monkeypatch: pytest.MonkeyPatch, stored: int
) -> None:
    judge, left = load.judge, [stored]

    def dying(*args: object) -> object:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return judge(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "BATCH_BYTES", 1)
    with monkeypatch.context() as patch:
        patch.setattr(load, "judge", dying)
        with pytest.raises(Killed):
            cj.brand.pull("cj", FIRST_MORNING)
    assert 0 < cj.rows()[0] < cj.total()
    before = len(cj.sandbox.calls)
    cj.pull()
    assert len(cj.sandbox.calls) == before
    assert cj.rows() == (cj.total(), cj.total())
    ((records, accepted, windows),) = cj.brand.query("select sum(records), sum(accepted), count(*) from ops.windows")
    assert (records, accepted, windows) == (cj.total(), cj.total(), 3)


def test_a_backfill_goes_on_with_nothing_and_leaves_the_rest_to_the_next_night(
    cj: Cj, monkeypatch: pytest.MonkeyPatch
) -> None:
    cj.killed(monkeypatch, 2)
    before = len(cj.sandbox.calls)
    span = Span(FIRST_MORNING - timedelta(days=2), FIRST_MORNING - timedelta(days=1))
    cj.brand.pull("cj", FIRST_MORNING, requested=span, follow_changes=False)
    assert {start for start, _ in cj.asked(before)} == {span.start}
    assert cj.landed()[0].status in ("open", "incomplete")
    assert cj.brand.query("select held from ops.standings where network = 'cj'") == [(True,)]
    before = len(cj.sandbox.calls)
    cj.pull()
    assert cj.asked(before)[0] == cj.pages(START)[0][2]
    assert cj.rows() == (cj.total(), cj.total())


def test_a_budget_that_is_spent_leaves_the_window_to_be_gone_on_with_when_there_is_room_again(cj: Cj) -> None:
    pulls = cj.brand.settings.pulls.model_copy(update={"seconds": 5.0})
    cj.brand.settings = cj.brand.settings.model_copy(update={"pulls": pulls})
    roomy = cj.brand.connectors["cj"]
    cj.brand.connectors["cj"] = replace(roomy, limits=(RateLimit(2, timedelta(days=1)),))
    spent = cj.brand.pull("cj", FIRST_MORNING)
    pages = cj.pages(START)
    assert cj.asked() == pages[0][:2]
    assert [window.status for window in spent.windows] == ["incomplete"] * len(pages)
    ((known, resumable, message),) = cj.brand.query(
        "select pages, resume_at > finished_at + interval 20 hour, message from ops.windows where pages > 0"
    )
    assert (known, resumable) == (2, True)
    assert "Next: " in str(message)
    assert spent.standing.held
    assert "resumable from" in spent.standing.reasons[0]
    assert cj.brand.query("select count(*) from ops.circuits where failures > 0") == [(0,)]

    budgets_file(cj.brand.settings.data).unlink()
    cj.brand.connectors["cj"] = roomy
    before = len(cj.sandbox.calls)
    cj.pull()
    assert cj.asked(before)[0] == pages[0][2]
    assert cj.rows() == (cj.total(), cj.total())
    assert cj.brand.query("select held from ops.standings where network = 'cj'") == [(False,)]


def test_a_window_that_another_run_has_made_good_is_told_as_complete_once_it_is_read_to_its_end(
    cj: Cj, monkeypatch: pytest.MonkeyPatch
) -> None:
    cj.killed(monkeypatch, 1)
    # The unfinished window is marked by a run that finds nobody at work on it, and covered by what it asks for.
    backfill = cj.brand.pull("cj", FIRST_MORNING, requested=Span(START, FIRST_MORNING), follow_changes=False)
    assert {window.status for window in backfill.windows} == {"complete"}
    night = cj.brand.pull("cj", FIRST_MORNING)
    assert {window.status for window in night.windows} == {"complete"}
    assert cj.rows() == (cj.total(), cj.total())
