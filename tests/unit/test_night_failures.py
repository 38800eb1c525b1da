"""Nights in which a network, an account or the configuration is not in order."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from affiliate_assets.errors import ConfigError
from affiliate_assets.settings import load_settings
from tests.conftest import FIRST_MORNING, SECRETS, Brand

from .nights import ACCOUNTS, NEXT_MORNING, awin_figures, cj_figures, truth


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


def test_a_warehouse_of_another_brand_is_refused(brand: Brand) -> None:
    brand.pull("awin", FIRST_MORNING)
    text = brand.settings.config_path.read_text().replace('name = "Acme"', 'name = "Another"')
    brand.settings.config_path.write_text(text)
    brand.settings = load_settings(brand.settings.config_path)
    with pytest.raises(ConfigError, match="holds the data of 'Acme'"):
        brand.pull("awin", NEXT_MORNING)
    assert brand.query("select name from config.brand") == [("Acme",)]
