"""Whether a network's figures are withheld, and why."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from affiliate_assets.connectors.language import OpenRecords
from affiliate_assets.connectors.planning import Span
from affiliate_assets.landing.plan import plan_network
from tests.conftest import FIRST_MORNING, SECRETS, Brand

from .acme import DAY, MORNING, STREAM, TOKEN, AcmeBrand, acme_brand, sale
from .nights import awin_figures, cj_figures, truth
from .support import Scripted

TABLES = {"awin": "awin__transactions", "cj": "cj__commissions"}
DOWN, BAD = Scripted(503, b"down"), Scripted(400, b"bad window")


def fail(acme: AcmeBrand, day: str, answer: Scripted = DOWN) -> None:
    """Answer the windows that begin on a day with a failure."""
    acme.network.instead = lambda path: answer if f"start={day}" in path else None


def heal(acme: AcmeBrand) -> None:
    acme.network.instead = lambda path: None


def unproved(acme: AcmeBrand) -> int:
    return int(acme.query("select count(*) from ops.windows where status <> 'complete' and made_good_at is null")[0][0])


def test_a_network_whose_windows_are_all_proved_is_not_held(acme: AcmeBrand) -> None:
    assert acme.pull().standing.reasons == ()
    assert acme.held() == (False, None)


@pytest.mark.parametrize("answer", [DOWN, BAD, Scripted(200, b"<html>")])
def test_a_window_without_an_answer_holds_the_network_and_says_which_account_and_stream(
    acme: AcmeBrand, answer: Scripted
) -> None:
    fail(acme, "2026-02-20", answer)
    night = acme.pull()
    assert night.standing.held
    assert acme.held() == (True, "account A1: 1 windows of sales are not proved complete")


@pytest.mark.parametrize("day", ["2026-02-10", "2026-02-20", "2026-03-02"])
def test_a_gap_holds_although_later_windows_were_read_until_the_gap_itself_is_read(acme: AcmeBrand, day: str) -> None:
    fail(acme, day)
    night = acme.pull()
    assert sorted(w.status for w in night.windows) == ["complete", "complete", "incomplete"]
    assert acme.held()[0]
    # A backfill of other days changes nothing of it.
    heal(acme)
    acme.pull(requested=Span(MORNING - 9 * DAY, MORNING - 8 * DAY), follow_changes=False)
    assert acme.held()[0]
    assert unproved(acme) == 1
    assert acme.pull(MORNING + DAY).problems == ()
    assert acme.held() == (False, None)
    assert unproved(acme) == 0


def test_a_gap_read_in_two_pieces_is_made_good_by_the_second_and_not_by_the_first(acme: AcmeBrand) -> None:
    fail(acme, "2026-02-20")
    acme.pull()
    heal(acme)
    first = MORNING - 10 * DAY - timedelta(hours=3)
    assert f"{first:%m-%d %H}" == "02-20 00"
    acme.pull(requested=Span(first, first + 4 * DAY), follow_changes=False)
    assert (acme.held()[0], unproved(acme)) == (True, 1)
    acme.pull(requested=Span(first + 5 * DAY, first + 10 * DAY), follow_changes=False)
    assert (acme.held()[0], unproved(acme)) == (True, 1)
    acme.pull(requested=Span(first + 4 * DAY, first + 5 * DAY), follow_changes=False)
    assert (acme.held()[0], unproved(acme)) == (False, 0)


def test_a_window_is_made_good_when_the_last_of_those_that_cover_it_was_read(acme: AcmeBrand) -> None:
    fail(acme, "2026-02-20")
    acme.pull()
    heal(acme)
    acme.pull(MORNING + DAY)
    ((good,), (later,)) = (
        acme.query("select made_good_at from ops.windows where status <> 'complete'")[0],
        acme.query("select finished_at from ops.windows where status = 'complete' and window_start = '2026-02-20'")[0],
    )
    assert good >= later


def test_a_run_killed_before_it_asked_again_leaves_the_gap_a_gap(acme: AcmeBrand) -> None:
    fail(acme, "2026-02-20")
    acme.pull()
    heal(acme)
    # A nightly run that planned and then died; after it, only old days are asked for.
    plan_network(acme.settings, acme.connector, requested=None, follow_changes=True, as_of=MORNING, alone={"A1": True})
    acme.pull(requested=Span(MORNING - 20 * DAY, MORNING - 19 * DAY), follow_changes=False)
    assert acme.held()[0]
    acme.pull(MORNING + DAY)
    assert acme.held() == (False, None)


def test_records_by_id_that_failed_are_not_made_good_by_other_ids(acme: AcmeBrand) -> None:
    _open_by_key(acme)
    acme.network.instead = lambda path: DOWN if "ids=10" in path else None
    night = acme.pull(MORNING + DAY)
    assert [w.status for w in night.windows if w.keys] == ["incomplete", "complete"]
    assert acme.held()[0]
    heal(acme)
    assert acme.pull(MORNING + 2 * DAY).problems == ()
    assert acme.held() == (False, None)


def test_records_by_id_that_failed_are_made_good_when_all_days_are_read_instead(acme: AcmeBrand) -> None:
    _open_by_key(acme)
    acme.network.instead = lambda path: DOWN if "ids=" in path else None
    acme.pull(MORNING + DAY)
    assert acme.held()[0]
    # The network takes no ids any more, so the open records are found by their dates.
    acme.declare(open_records=OpenRecords("state", frozenset({"open"}), timedelta(0)))
    assert acme.pull(MORNING + 2 * DAY).problems == ()
    assert acme.held() == (False, None)


def _open_by_key(acme: AcmeBrand) -> None:
    """A first night with four open records on four distant days, to be read two at a call."""
    acme.declare(open_records=OpenRecords("state", frozenset({"open"}), timedelta(0), 2), max_span=timedelta(days=2))
    acme.network.records = [
        sale(10 + n, day, state="open")
        for n, day in enumerate(("2026-02-11", "2026-02-15", "2026-02-19", "2026-02-23"))
    ]
    assert acme.pull().problems == ()


@pytest.mark.parametrize(("bad", "held"), [(1, False), (2, True)])
def test_a_share_of_records_in_quarantine_holds_only_above_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: int, held: bool
) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, STREAM, more="[quality]\nmax_rejected_share = 0.1") as acme:
        acme.network.records = [sale(n, soldAt="2026-03-01T10:00:00") for n in range(1, 11)]
        for record in acme.network.records[:bad]:
            record["price"] = {"amount": 1, "currency": "euro"}
        night = acme.pull()
        assert acme.held()[0] is held
        if not held:
            assert night.problems == ()
            return
        assert acme.held()[1] == "2 of 10 sales are in quarantine, more than 10.0%"
        assert any("2 of 10 records are in quarantine" in problem for problem in night.problems)
        for record in acme.network.records:
            record["price"] = {"amount": 1, "currency": "EUR"}
        assert acme.pull(MORNING + DAY).problems == ()
        assert acme.held() == (False, None)


def test_a_record_in_quarantine_whose_earlier_version_is_valid_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with acme_brand(tmp_path, STREAM, more="[quality]\nmax_rejected_share = 0.1") as acme:
        acme.network.records = [sale(n, state="open") for n in range(1, 19)]
        acme.pull()
        for record in acme.network.records[:2]:
            record["price"] = {"amount": "much", "currency": "EUR"}
        acme.pull(MORNING + DAY)
        # Two of eighteen, not two of twenty.
        assert acme.held()[0]


def test_an_account_that_was_not_asked_holds_its_network_until_it_is_asked(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv(SECRETS["cj"])
        night = brand.pull("cj", FIRST_MORNING)
        assert night.standing.held
        ((held, reasons),) = brand.query("select held, reasons from ops.standings where network = 'cj'")
        assert held
        for account in ("4410927", "4410928"):
            assert f"account {account}" in str(reasons)
        assert brand.pull("awin", FIRST_MORNING).problems == ()
    assert brand.query("select network, held from ops.standings order by all") == [("awin", False), ("cj", True)]
    assert brand.pull("cj", FIRST_MORNING).problems == ()
    assert brand.query("select network, held, reasons from ops.standings order by all") == [
        ("awin", False, None),
        ("cj", False, None),
    ]


def test_a_network_in_trouble_leaves_the_standing_of_the_other_alone(brand: Brand) -> None:
    brand.sandbox.inject("awin", "storm_500", times=20)
    pulls = brand.settings.pulls.model_copy(update={"attempts": 1})
    brand.settings = brand.settings.model_copy(update={"pulls": pulls})
    assert brand.pull("awin", FIRST_MORNING).standing.held
    assert brand.pull("cj", FIRST_MORNING).standing.reasons == ()
    assert brand.query("select network, held from ops.standings order by all") == [("awin", True), ("cj", False)]


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        ("awin", "missing_key"),
        ("awin", "null_key"),
        ("awin", "retyped_field"),
        ("awin", "row_twice"),
        ("awin", "id_as_string"),
        ("cj", "missing_key"),
        ("cj", "unknown_status"),
        ("cj", "id_as_number"),
        ("cj", "nul_text"),
    ],
)
def test_rows_that_came_wrong_are_accounted_for_and_replaced_by_the_true_ones_in_the_next_night(
    brand: Brand, network: str, kind: str
) -> None:
    brand.sandbox.inject(network, kind)
    first = brand.pull(network, FIRST_MORNING)
    assert len(brand.sandbox.faults_served) == 1
    assert first.standing.unaccounted == ()
    totals = "select sum(records), sum(accepted + quarantined), count(*) filter (accepted + quarantined <> records)"
    for table in ("pages", "windows"):
        ((records, counted, wrong),) = brand.query(f"{totals} from ops.{table} where records > 0")
        assert (records, wrong) == (counted, 0)
    night = brand.pull(network, FIRST_MORNING + DAY)
    assert night.problems == ()
    assert not night.standing.held
    assert brand.query("select count(*) from quarantine." + TABLES[network] + " where released_at is null") == [(0,)]
    expected = truth(brand.world, network, FIRST_MORNING + DAY)
    if network == "awin":
        assert awin_figures(brand) == expected
    else:
        assert cj_figures(brand) == {key: (sale, commission) for key, (_, sale, commission) in expected.items()}
