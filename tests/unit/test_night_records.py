"""What becomes of single records of a night, damaged ones and sound ones."""

from __future__ import annotations

import pytest
import zstandard

from affiliate_assets.connectors.planning import Span
from affiliate_assets.landing.pages import manifests
from affiliate_assets.sandbox import DELETE, Sandbox, World
from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, Brand

from .nights import START, cj_figures, truth


def one_of(world: World, network: str) -> tuple[str, str]:
    """Account and id of a record that is known on the first morning."""
    place = next(iter(truth(world, network, FIRST_MORNING)))
    if network == "awin":
        return place
    row = next(row for row in world.ledger if str(row.conversion.number) == place[1])
    return place[0], str(row.commission_id)


@pytest.mark.parametrize(
    ("network", "changes", "check"),
    [
        ("awin", {"saleAmount.amount": DELETE}, "sale_amount: not_nullable"),
        ("awin", {"saleAmount.amount": "84 pounds"}, "sale_amount: type"),
        ("awin", {"transactionDate": 12}, "transaction_date: type"),
        ("awin", {"commissionStatus": None}, "commission_status: not_nullable"),
        ("cj", {"pubCommissionAmountUsd": DELETE}, "pub_commission_amount_usd: not_nullable"),
        ("cj", {"original": "perhaps"}, "original: type"),
    ],
)
def test_a_damaged_record_ends_in_quarantine_by_account_key_check_and_next_step(
    brand: Brand, network: str, changes: dict[str, object], check: str
) -> None:
    account, key = one_of(brand.world, network)
    stream = "transactions" if network == "awin" else "commissions"
    brand.sandbox.tamper(network, key, **changes)
    night = brand.pull(network, FIRST_MORNING)
    verdict = night.loads[stream].verdict
    assert (verdict.rejected, verdict.flagged, verdict.checks) == (1, 0, {check: 1})
    assert verdict.accepted + verdict.rejected == night.loads[stream].new_versions
    rows = brand.query(
        "select _account_id, _key, failed_checks, disposition, released_at, next_step"
        f" from quarantine.{network}__{stream}"
    )
    ((found, found_key, checks, disposition, released, next_step),) = rows
    assert (found, found_key, checks, disposition, released) == (account, key, check, "rejected", None)
    assert next_step
    assert brand.query(f"select count(*) from valid_{network}.{stream} where _key = '{key}'") == [(0,)]


def test_a_status_never_seen_before_is_kept_flagged_and_reported(brand: Brand) -> None:
    account, key = one_of(brand.world, "awin")
    brand.sandbox.tamper("awin", key, commissionStatus="frozen")
    night = brand.pull("awin", FIRST_MORNING)
    assert night.loads["transactions"].verdict.flagged == 1
    (problem,) = night.problems
    for part in ("network awin, stream transactions", "'frozen' (1)", "quarantine.awin__transactions"):
        assert part in problem
    status = brand.query(f"select commission_status from valid_awin.transactions where _key = '{key}'")
    assert status == [("frozen",)]
    assert brand.query("select _account_id, _key, disposition from quarantine.awin__transactions") == [
        (account, key, "flagged")
    ]


def test_too_many_damaged_records_are_a_problem_and_few_are_not(brand: Brand) -> None:
    ids = [key for _, key in truth(brand.world, "awin", FIRST_MORNING)]
    brand.sandbox.tamper("awin", ids[0], transactionDate=None)
    assert brand.pull("awin", FIRST_MORNING).problems == ()
    for key in ids[:20]:
        brand.sandbox.tamper("awin", key, transactionDate=None)
    (problem,) = brand.pull("awin", FIRST_MORNING, requested=Span(START, FIRST_MORNING), follow_changes=False).problems
    assert "19 of 19 records are in quarantine" in problem
    assert "transaction_date: not_nullable (19)" in problem


def test_a_field_the_network_adds_is_left_out_and_recorded(brand: Brand) -> None:
    _, key = one_of(brand.world, "awin")
    brand.sandbox.tamper("awin", key, buyerPhone="+44 20 7946 0000")
    night = brand.pull("awin", FIRST_MORNING)
    assert night.problems == ()
    assert night.loads["transactions"].unknown_fields == ("buyerPhone",)
    assert brand.query("select network, stream, field from ops.drift") == [("awin", "transactions", "buyerPhone")]
    assert brand.query("select count(*) from raw_awin.transactions where record::varchar like '%7946%'") == [(0,)]


def test_personal_fields_of_awin_are_in_no_landed_page_and_no_table(brand: Brand) -> None:
    brand.pull("awin", FIRST_MORNING)
    landed = b"".join(
        zstandard.decompress((folder / page.file).read_bytes())
        for folder, manifest in manifests(brand.settings.landing, "awin", "transactions")
        for page in manifest.pages
    )
    assert b"saleAmount" in landed
    for name in (b"ipHash", b"customParameters", b"basketProducts"):
        assert name not in landed
    assert brand.query("select count(*) from raw_awin.transactions where record::varchar like '%ipHash%'") == [(0,)]


def test_pages_of_one_window_are_landed_one_by_one_and_add_up(brand: Brand) -> None:
    with Sandbox(brand.world, FIRST_MORNING, page_limit=40) as small_pages:
        text = brand.settings.config_path.read_text().replace(brand.sandbox.url("cj"), small_pages.url("cj"))
        brand.settings.config_path.write_text(text)
        brand.settings = load_settings(brand.settings.config_path)
        night = brand.pull("cj", FIRST_MORNING)
        assert len(small_pages.calls) > 6
    assert night.problems == ()
    assert sum(len(window.pages) for window in night.windows) == len(small_pages.calls)
    assert max(page.records for window in night.windows for page in window.pages) == 40
    assert len(cj_figures(brand)) == len(truth(brand.world, "cj", FIRST_MORNING))
    assert brand.query("select sum(records) from ops.pages") == brand.query("select count(*) from valid_cj.commissions")


def test_every_row_leads_back_to_its_page_window_and_run(brand: Brand) -> None:
    brand.pull("awin", FIRST_MORNING)
    rows = brand.query(
        """
        select count(*), count(p.page_id), count(w.window_id), count(distinct v._run_id), min(w.status), min(p.path)
        from valid_awin.transactions v
        left join ops.pages p on p.page_id = v._page_id and p.load_id = v._load_id and p.observed_at = v._observed_at
        left join ops.windows w on w.window_id = p.window_id and w.run_id = v._run_id and w.account_id = v._account_id
        """
    )
    total, pages, windows, runs, status, path = rows[0]
    assert total == pages == windows
    assert (runs, status) == (1, "complete")
    assert (brand.settings.landing / str(path)).is_file()
    assert brand.query("select distinct _observed_at from valid_awin.transactions") == [
        (FIRST_MORNING.replace(tzinfo=None),)
    ]
