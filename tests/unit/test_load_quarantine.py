"""Records that do not fit their declaration, beside those that do."""

from __future__ import annotations

import json

import pytest

from .bench import Bench, sale


@pytest.mark.parametrize(
    ("record", "check"),
    [
        (sale(1, price={"amount": "ten", "currency": "EUR"}), "amount: type"),
        (sale(1, price={"amount": {"x": 1}, "currency": "EUR"}), "amount: type"),
        (sale(1, price={"amount": 9_999_999_999_999, "currency": "EUR"}), "amount: type"),
        (sale(1, soldAt="yesterday"), "sold_at: type"),
        (sale(1, price={"currency": "EUR"}), "amount: not_nullable"),
        (sale(1, price="absent"), "amount: not_nullable; currency: not_nullable"),
        (sale(1, state="absent"), "state: not_nullable"),
        (sale(1, state=""), "state: not_nullable"),
        (sale(1, price={"amount": 1, "currency": "euro"}), "currency: str_matches('^[A-Z]{3}$')"),
        (sale(-1), "id: greater_than(0)"),
        (sale("abc"), "id: type"),
    ],
)
def test_a_wrong_record_is_quarantined_with_every_failed_check_and_the_others_go_on(
    bench: Bench, record: dict[str, object], check: str
) -> None:
    bench.land([record, sale(2)])
    result = bench.load()
    assert (result.verdict.accepted, result.verdict.rejected, result.verdict.flagged) == (1, 1, 0)
    assert result.verdict.rejected_share == 0.5
    assert bench.quarantine() == [(str(record["id"]), check, "rejected", False)]
    assert bench.valid("id") == [(2,)]
    ((account, key, next_step, run, kept),) = bench.rows(
        "select _account_id, _key, next_step, _run_id, record from quarantine.acme__sales"
    )
    assert (account, key, run) == ("A1", str(record["id"]), "r1")
    assert "reference" in next_step
    assert json.loads(kept) == record


def test_a_record_without_its_key_is_quarantined_by_name_and_stored_once(bench: Bench) -> None:
    for hour in (0, 1):
        bench.land([sale("absent"), sale("absent", note="another"), sale(2)], hour=hour)
        bench.load()
    assert [(key, disposition) for key, _, disposition, _ in bench.quarantine()] == [(None, "rejected")] * 2
    assert all("_key: not_nullable" in checks for _, checks, _, _ in bench.quarantine())


def test_a_word_never_seen_before_is_accepted_and_flagged(bench: Bench) -> None:
    bench.land([sale(1, state="frozen"), sale(2)])
    result = bench.load()
    assert (result.verdict.accepted, result.verdict.rejected, result.verdict.flagged) == (2, 0, 1)
    assert result.verdict.checks == {"state: unknown word 'frozen'": 1}
    assert bench.quarantine() == [("1", "state: unknown word 'frozen'", "flagged", False)]
    assert ("frozen",) in bench.valid("state")
    assert "new word" in bench.rows("select next_step from quarantine.acme__sales")[0][0]


def test_every_record_fetched_is_accepted_or_rejected(bench: Bench) -> None:
    records = [sale(n, soldAt="never" if n % 3 == 0 else "2026-03-01T00:00:00") for n in range(1, 21)]
    records += [sale(30, price={"amount": "x", "currency": "nope"})]
    bench.land(records[:10], records[10:])
    verdict = bench.load().verdict
    assert (verdict.accepted, verdict.rejected) == (14, 7)
    assert verdict.checks == {
        "sold_at: type": 6,
        "amount: type": 1,
        "currency: str_matches('^[A-Z]{3}$')": 1,
    }
    assert len(bench.valid()) == 14
    assert len(bench.quarantine()) == 7


def test_a_later_good_version_releases_the_record_and_an_earlier_one_does_not(bench: Bench) -> None:
    bench.land([sale(1, state="absent"), sale(2, state="odd"), sale(3, state="absent")], hour=5)
    bench.load()
    bench.land([sale(1), sale(2)], hour=4)
    bench.load()
    assert [released for _, _, _, released in bench.quarantine()] == [False, False, False]
    bench.land([sale(1, state="done"), sale(2, state="done"), sale(3, state="odd")], hour=6)
    bench.load()
    assert bench.quarantine() == [
        ("1", "state: not_nullable", "rejected", True),
        ("2", "state: unknown word 'odd'", "flagged", True),
        ("3", "state: not_nullable", "rejected", False),
        ("3", "state: unknown word 'odd'", "flagged", False),
    ]


def test_fields_the_declaration_does_not_know_are_recorded_once_with_their_first_page(bench: Bench) -> None:
    bench.land([sale(1, colour="red", email="a@b.example")])
    bench.land([sale(2, colour="blue", size=3)], hour=1)
    result = bench.load()
    assert result.unknown_fields == ("colour", "size")
    assert bench.rows("select network, stream, field, kind, records, first_page_id from ops.drift order by field") == [
        ("acme", "sales", "colour", "unknown_field", 2, "w1#1"),
        ("acme", "sales", "size", "unknown_field", 1, "w2#1"),
    ]
    assert result.verdict.accepted == 2
