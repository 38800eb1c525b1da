"""One source's night against networks that answer over HTTP; truth is the world that the sandbox serves."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
import zstandard

from affiliate_assets.connectors.language import Connector, RateLimit
from affiliate_assets.connectors.planning import Span
from affiliate_assets.errors import ConfigError
from affiliate_assets.landing.pages import manifests
from affiliate_assets.landing.plan import plan_network
from affiliate_assets.landing.report import read_reports, save_report
from affiliate_assets.sandbox import DELETE, Call, Sandbox, World
from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, SECRETS, Brand

from .support import stored

NEXT_MORNING = FIRST_MORNING + timedelta(days=1)
LATER_MORNING = FIRST_MORNING + timedelta(days=9)
START = datetime(2025, 12, 31, 23, tzinfo=UTC)
ACCOUNTS = {"awin": ("1001", "1002"), "cj": ("4410927", "4410928")}
MONTH = timedelta(days=30)

LATEST = """
    select * from (
        select *, row_number() over (partition by _account_id, _key order by _observed_at desc, _row_hash) as age
        from valid_{table}
    ) where age = 1
"""
Figures = dict[tuple[str, str], tuple[str | None, Decimal, Decimal]]


def truth(world: World, network: str, at: datetime) -> Figures:
    """Status, sale and publisher's commission of every conversion, as the world has them."""
    rows = world.truth(at).filter((world.truth(at)["side"] == "network") & (world.truth(at)["network"] == network))
    return {
        (row["account_id"], row["record_id"]): (row["network_status"], row["sale_amount"], row["publisher_commission"])
        for row in rows.iter_rows(named=True)
    }


def awin_figures(brand: Brand) -> Figures:
    rows = brand.query(
        "select _account_id, _key, commission_status, sale_amount, commission_amount"
        f" from ({LATEST.format(table='awin.transactions')})"
    )
    words = {"declined": "reversed"}
    return {(a, k): (words.get(s, s), sale, commission) for a, k, s, sale, commission in rows}  # type: ignore


def cj_figures(brand: Brand) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    rows = brand.query(
        "select _account_id, original_action_id, sum(sale_amount_adv_currency), sum(pub_commission_amount_usd)"
        f" from ({LATEST.format(table='cj.commissions')}) group by all"
    )
    return {(a, k): (sale, commission) for a, k, sale, commission in rows}  # type: ignore


def cj_statuses(brand: Brand) -> dict[str, object]:
    rows = brand.query(f"select _key, action_status from ({LATEST.format(table='cj.commissions')})")
    return {str(key): "locked" if status == "closed" else status for key, status in rows}


def expected_cj_statuses(world: World, at: datetime) -> dict[str, str]:
    """From CJ's words: locked on the announced day; a locked row is not read again to see it closed."""
    now, found = int(at.timestamp()), {}
    for row in world.ledger:
        if row.posted_at <= now:
            final, extended = row.conversion.final_at, row.conversion.extended_at
            if now >= final:
                found[str(row.commission_id)] = "locked"
            else:
                found[str(row.commission_id)] = "extended" if extended is not None and now >= extended else "new"
    return found


def asked(calls: Iterable[Call], account: str) -> Counter[str]:
    """How often each kind of question was asked for an account."""
    kinds: Counter[str] = Counter()
    for call in calls:
        if call.network == "awin" and f"/{account}/" in call.path:
            kind = call.path.rstrip("/").rpartition(f"/{account}/")[2]
            kinds[parse_qs(call.query)["dateType"][0] if kind == "transactions" else kind] += 1
        elif call.network == "cj" and f'[\\"{account}\\"]' in call.query:
            kinds[next(k for k in ("commissionIds", "LockingDate", "PostingDate") if k in call.query)] += 1
    return kinds


def windows_asked(calls: Iterable[Call]) -> list[timedelta]:
    """The length of every window that reached Awin."""
    spans = []
    for call in calls:
        query = parse_qs(call.query)
        if "startDate" in query and "reports" not in call.path:
            start, end = (datetime.fromisoformat(query[name][0]) for name in ("startDate", "endDate"))
            spans.append(end - start)
    return spans


def pull_both(brand: Brand, at: datetime) -> None:
    for network in ACCOUNTS:
        night = brand.pull(network, at)
        assert night.problems == ()


def counts(brand: Brand, *tables: str) -> list[tuple[object, ...]]:
    return [brand.query(f"select count(*), bit_xor(hash(_row_hash, _observed_at)) from {table}")[0] for table in tables]


def test_after_the_backfill_and_after_each_later_night_every_amount_and_status_is_the_worlds(brand: Brand) -> None:
    for morning in (FIRST_MORNING, NEXT_MORNING, LATER_MORNING):
        pull_both(brand, morning)
        awin, cj = truth(brand.world, "awin", morning), truth(brand.world, "cj", morning)
        assert len(awin) > 250
        assert len(cj) > 200
        assert awin_figures(brand) == awin
        assert cj_figures(brand) == {key: (sale, commission) for key, (_, sale, commission) in cj.items()}
        assert cj_statuses(brand) == expected_cj_statuses(brand.world, morning)
    assert brand.sandbox.breaches == []
    assert {call.status for call in brand.sandbox.calls} == {200}


def test_the_backfill_asks_the_fewest_windows_that_cover_the_span(brand: Brand) -> None:
    pull_both(brand, FIRST_MORNING)
    pieces = math.ceil((FIRST_MORNING - START) / MONTH)
    assert pieces == 3
    for account in ACCOUNTS["awin"]:
        assert asked(brand.sandbox.calls, account) == {
            "transaction": pieces,
            "publishers": 1,
            "reports/publisher": 1,
        }
    for account in ACCOUNTS["cj"]:
        assert asked(brand.sandbox.calls, account) == {"PostingDate": pieces}
    assert len(brand.sandbox.calls) == 4 * pieces + 2 + 2
    assert max(windows_asked(brand.sandbox.calls)) <= MONTH


def test_a_night_asks_each_clock_once_and_open_rows_in_one_call(brand: Brand) -> None:
    pull_both(brand, FIRST_MORNING)
    before = len(brand.sandbox.calls)
    pull_both(brand, NEXT_MORNING)
    tonight = brand.sandbox.calls[before:]
    for account in ACCOUNTS["awin"]:
        assert asked(tonight, account) == {
            "transaction": 1,
            "validation": 1,
            "amendment": 1,
            "publishers": 1,
            "reports/publisher": 1,
        }
    for account in ACCOUNTS["cj"]:
        # Fewer than a hundred open rows an account: one call by id is cheaper than two more windows.
        assert asked(tonight, account) in (
            {"PostingDate": 1, "LockingDate": 1, "commissionIds": 1},
            {"PostingDate": 2, "LockingDate": 1},
        )
    assert len(tonight) == 2 * 5 + 2 * 3


def test_the_same_night_again_adds_no_version_and_asks_only_what_may_have_changed(brand: Brand) -> None:
    tables = ("raw_awin.transactions", "valid_awin.transactions", "valid_awin.publishers", "valid_cj.commissions")
    pull_both(brand, FIRST_MORNING)
    before, calls = counts(brand, *tables), len(brand.sandbox.calls)
    for network in ACCOUNTS:
        night = brand.pull(network, FIRST_MORNING)
        assert {name: load.new_versions for name, load in night.loads.items() if load.new_versions} == {}
    assert counts(brand, *tables) == before
    again = brand.sandbox.calls[calls:]
    for account in ACCOUNTS["awin"]:
        assert asked(again, account) == {"publishers": 1}
    for account in ACCOUNTS["cj"]:
        assert set(asked(again, account)) <= {"commissionIds", "PostingDate"}
        assert asked(again, account).total() <= 3


def test_a_backfill_of_old_days_asks_those_days_only(brand: Brand) -> None:
    days = Span(datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC))
    night = brand.pull("awin", FIRST_MORNING, requested=days, follow_changes=False)
    assert night.problems == ()
    for account in ACCOUNTS["awin"]:
        assert asked(brand.sandbox.calls, account) == {"transaction": 1, "reports/publisher": 1}
    assert windows_asked(brand.sandbox.calls) == [timedelta(days=10)] * 2
    dates = brand.query("select min(transaction_date), max(transaction_date) from valid_awin.transactions")
    assert dates[0][0] >= stored(2026, 1, 10)  # type: ignore[operator]
    assert dates[0][1] <= stored(2026, 1, 20)  # type: ignore[operator]


def quick(connector: Connector, **limits: int) -> Connector:
    return dataclasses.replace(connector, limits=(RateLimit(limits["calls"], timedelta(seconds=1)),))


def test_a_tight_budget_costs_time_and_breaks_no_limit(brand: Brand) -> None:
    # The network's window is a little shorter than the client's, as calls arrive unevenly on a busy machine.
    with Sandbox(brand.world, FIRST_MORNING, limits={"awin": 4}, limit_window=0.8) as tight:
        text = brand.settings.config_path.read_text().replace(brand.sandbox.url("awin"), tight.url("awin"))
        brand.settings.config_path.write_text(text)
        brand.settings = load_settings(brand.settings.config_path)
        brand.connectors["awin"] = quick(brand.connectors["awin"], calls=4)
        night = brand.pull("awin", FIRST_MORNING)
        assert tight.breaches == []
        assert len(tight.calls) == 10
        span = max(call.received_at for call in tight.calls) - min(call.received_at for call in tight.calls)
    assert night.problems == ()
    assert 0.8 <= span < 8
    assert sum(window.waited_seconds for window in night.windows) > 1


def test_a_wrong_token_stops_that_network_with_its_name_and_next_step_and_the_other_goes_on(
    brand: Brand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "not-the-right-token-99"
    monkeypatch.setenv(SECRETS["awin"], wrong)
    awin = brand.pull("awin", FIRST_MORNING)
    cj = brand.pull("cj", FIRST_MORNING)
    assert cj.problems == ()
    assert {call.status for call in brand.sandbox.calls if call.network == "awin"} == {401}
    assert len([call for call in brand.sandbox.calls if call.network == "awin"]) == 2
    told = "\n".join(awin.problems)
    for account in ACCOUNTS["awin"]:
        assert f"network awin, account {account}, stream transactions, window transaction 2025-12-31" in told
    assert "401" in told
    assert "check the account's token" in told
    assert wrong not in told + caplog.text
    assert {window.status for window in awin.windows} == {"failed"}
    # The next night, with the right token, nothing is missing.
    monkeypatch.setenv(SECRETS["awin"], brand.sandbox.token("awin"))
    assert brand.pull("awin", NEXT_MORNING).problems == ()
    assert awin_figures(brand) == truth(brand.world, "awin", NEXT_MORNING)


def test_a_missing_secret_stops_that_network_and_names_its_reference(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SECRETS["cj"])
    night = brand.pull("cj", FIRST_MORNING)
    assert len(night.problems) == 2
    for account, problem in zip(ACCOUNTS["cj"], sorted(night.problems), strict=True):
        assert f"network cj, account {account}" in problem
        assert f"env:{SECRETS['cj']}" in problem
    assert [call for call in brand.sandbox.calls if call.network == "cj"] == []
    assert brand.pull("awin", FIRST_MORNING).problems == ()


def test_an_account_without_its_secret_is_told_as_not_asked_beside_one_that_was_read(brand: Brand) -> None:
    first, last = '[accounts.credentials]\ntoken = "', "env:"
    before, second = brand.settings.config_path.read_text().split('account_id = "1002"')
    second = second.replace(f"{first}{last}{SECRETS['awin']}", f"{first}{last}NEVER_SET", 1)
    brand.settings.config_path.write_text(f'{before}account_id = "1002"{second}')
    brand.settings = load_settings(brand.settings.config_path)
    night = brand.pull("awin", FIRST_MORNING)
    assert {window.account_id for window in night.windows} == {"1001"}
    (not_asked,) = night.not_asked
    assert "account 1002" in not_asked
    assert "env:NEVER_SET" in not_asked
    assert night.problems == night.not_asked


def test_one_account_that_fails_leaves_the_other_account_of_the_network_alone(brand: Brand) -> None:
    text = brand.settings.config_path.read_text().replace('account_id = "1002"', 'account_id = "9999"')
    brand.settings.config_path.write_text(text)
    brand.settings = load_settings(brand.settings.config_path)
    night = brand.pull("awin", FIRST_MORNING)
    assert all("account 9999" in problem for problem in night.problems)
    assert night.problems
    assert {w.account_id: w.status for w in night.windows} == {"1001": "complete", "9999": "failed"}
    assert {account for account, _ in awin_figures(brand)} == {"1001"}


def test_an_outage_leaves_a_gap_that_the_next_night_closes(brand: Brand) -> None:
    brand.sandbox.fail_next("cj", status=200, times=1, body='{"errors":[{"message":"Not Authorized"}]}')
    night = brand.pull("cj", FIRST_MORNING)
    assert any("Not Authorized" in problem and "window posting" in problem for problem in night.problems)
    failed = {w.account_id for w in night.windows if w.status == "failed"}
    assert len(failed) == 1
    assert brand.pull("cj", NEXT_MORNING).problems == ()
    cj = truth(brand.world, "cj", NEXT_MORNING)
    assert cj_figures(brand) == {key: (sale, commission) for key, (_, sale, commission) in cj.items()}


def test_a_network_that_stumbles_once_is_asked_again(brand: Brand) -> None:
    brand.sandbox.fail_next("awin", status=503, times=1)
    night = brand.pull("awin", FIRST_MORNING)
    assert night.problems == ()
    assert sum(window.retries for window in night.windows) == 1
    assert sum(window.requests for window in night.windows) == len(brand.sandbox.calls) == 11
    assert awin_figures(brand) == truth(brand.world, "awin", FIRST_MORNING)


def test_a_window_longer_than_the_network_takes_is_refused_and_told(brand: Brand) -> None:
    connector = brand.connectors["awin"]
    streams = tuple(dataclasses.replace(stream, max_span=timedelta(days=40)) for stream in connector.streams)
    brand.connectors["awin"] = dataclasses.replace(connector, streams=streams)
    night = brand.pull("awin", FIRST_MORNING)
    assert any(
        "network awin, account 1001, stream transactions, window transaction" in problem
        and "must not be longer than 31 days" in problem
        and "Next: " in problem
        for problem in night.problems
    )
    assert brand.query("select held from ops.standings where network = 'awin'") == [(True,)]
    brand.connectors["awin"] = connector
    assert brand.pull("awin", FIRST_MORNING).problems == ()
    assert brand.query("select held from ops.standings where network = 'awin'") == [(False,)]
    assert awin_figures(brand) == truth(brand.world, "awin", FIRST_MORNING)


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


def test_planning_asks_nobody(brand: Brand) -> None:
    _, plans = plan_network(
        brand.settings, brand.connectors["cj"], requested=None, follow_changes=True, as_of=FIRST_MORNING
    )
    assert {plan.account.account_id: len(plan.questions) for plan in plans} == {"4410927": 3, "4410928": 3}
    assert brand.sandbox.calls == []


def test_a_network_without_an_account_has_its_tables_and_nothing_in_them(brand: Brand) -> None:
    text = brand.settings.config_path.read_text()
    blocks = re.split(r"(?=\[\[accounts\]\])", text)
    brand.settings.config_path.write_text("".join(block for block in blocks if 'network = "cj"' not in block))
    brand.settings = load_settings(brand.settings.config_path)
    night = brand.pull("cj", FIRST_MORNING)
    assert (night.windows, night.problems) == ((), ())
    assert brand.query("select count(*) from valid_cj.commissions") == [(0,)]
    assert brand.query("select count(*) from quarantine.cj__commissions") == [(0,)]


def test_the_report_of_a_run_is_kept_for_whoever_asks_later(brand: Brand) -> None:
    night = brand.pull("awin", FIRST_MORNING)
    save_report(brand.settings, "run-1", "awin", night)
    (report,) = read_reports(brand.settings, "run-1")
    rows = len(truth(brand.world, "awin", FIRST_MORNING))
    assert (report.windows, report.complete, report.requests, report.rejected) == (8, 8, 10, 0)
    assert report.new_versions - rows == brand.query("select count(*) from valid_awin.publishers")[0][0]
    assert str(report).startswith("awin: complete, 8 of 8 windows, 10 calls")
    assert read_reports(brand.settings, "another") == []


def test_a_warehouse_of_another_brand_is_refused(brand: Brand) -> None:
    brand.pull("awin", FIRST_MORNING)
    text = brand.settings.config_path.read_text().replace('name = "Acme"', 'name = "Another"')
    brand.settings.config_path.write_text(text)
    brand.settings = load_settings(brand.settings.config_path)
    with pytest.raises(ConfigError, match="holds the data of 'Acme'"):
        brand.pull("awin", NEXT_MORNING)
    assert brand.query("select name from config.brand") == [("Acme",)]
