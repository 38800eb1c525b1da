from __future__ import annotations

from datetime import timedelta

import pytest

from affiliate_assets.doctor import Finding, examine
from affiliate_assets.errors import ConfigError
from tests.conftest import FIRST_MORNING, HASH_KEY, SECRETS, Brand


@pytest.fixture
def healthy(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> Brand:
    monkeypatch.setenv("AFFILIATE_CONFIG", str(brand.settings.config_path))
    monkeypatch.setenv("AFFILIATE_NOW", FIRST_MORNING.isoformat())
    brand.sandbox.write_exports(brand.exports)
    return brand


def examined() -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine()}


def edit(brand: Brand, old: str, new: str) -> None:
    text = brand.settings.config_path.read_text()
    assert old in text
    brand.settings.config_path.write_text(text.replace(old, new, 1))


def test_a_healthy_brand_has_one_fine_line_each_for_one_call_an_account(healthy: Brand) -> None:
    findings = examined()
    assert list(findings) == [
        "configuration",
        "privacy key",
        "exports of orders",
        "exports of touchpoints",
        "Awin 1001",
        "Awin 1002",
        "CJ Affiliate 4410927",
        "CJ Affiliate 4410928",
    ]
    assert [str(finding) for finding in findings.values() if not finding.ok] == []
    assert len(healthy.sandbox.calls) == 4
    assert "\n" not in "".join(map(str, findings.values()))


def test_a_zone_of_an_account_that_is_asked_for_utc_is_told(healthy: Brand) -> None:
    edit(healthy, 'account_id = "1001"', 'account_id = "1001"\ntime_zone = "Europe/Berlin"')
    findings = examined()
    assert [subject for subject, finding in findings.items() if not finding.ok] == ["Awin 1001"]
    assert findings["Awin 1001"].message.endswith("Next: remove time_zone of this account.")


def test_a_wrong_token_and_a_missing_one_are_told_for_their_accounts_only(
    healthy: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRETS["awin"], "wrong-token-123")
    monkeypatch.delenv(SECRETS["cj"])
    monkeypatch.delenv(HASH_KEY)
    findings = examined()
    assert [subject for subject, finding in findings.items() if not finding.ok] == [
        "privacy key",
        "Awin 1001",
        "Awin 1002",
        "CJ Affiliate 4410927",
        "CJ Affiliate 4410928",
    ]
    assert "401" in findings["Awin 1001"].message
    assert "wrong-token-123" not in findings["Awin 1001"].message
    assert f"env:{SECRETS['cj']}" in findings["CJ Affiliate 4410927"].message
    assert all("Next: " in finding.message for finding in findings.values() if not finding.ok)


def test_a_clock_that_is_wrong_is_told(healthy: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFILIATE_NOW", (FIRST_MORNING + timedelta(minutes=6)).isoformat())
    assert "differ by 0:06:00" in examined()["Awin 1001"].message


def test_an_unknown_network_a_missing_currency_and_missing_files_are_told(healthy: Brand) -> None:
    edit(healthy, 'network = "awin"\naccount_id = "1001"', 'network = "awinn"\naccount_id = "1001"')
    edit(healthy, 'account_id = "4410927"\ncurrency = "EUR"', 'account_id = "4410927"')
    edit(healthy, "exports/orders_*.csv", "elsewhere/*.csv")
    findings = examined()
    assert "choose from awin, cj" in findings["awinn 1001"].message
    assert "add currency" in findings["CJ Affiliate 4410927"].message
    assert "no file found" in findings["exports of orders"].message
    assert findings["Awin 1002"].ok


@pytest.mark.parametrize(
    ("slug", "title", "zone"),
    [("tune", "TUNE", "UTC"), ("post_affiliate_pro", "Post Affiliate Pro", "America/Los_Angeles")],
)
def test_a_missing_zone_is_told_where_the_network_does_not_tell_it(
    healthy: Brand, slug: str, title: str, zone: str
) -> None:
    """Its naive times would be read in another zone without a word."""
    edit(healthy, 'network = "awin"\naccount_id = "1001"', f'network = "{slug}"\naccount_id = "1001"')
    finding = examined()[f"{title} 1001"]
    assert not finding.ok
    assert f"read in {zone}." in finding.message
    assert 'add time_zone = "…"' in finding.message
    edit(
        healthy,
        f'network = "{slug}"\naccount_id = "1001"',
        f'network = "{slug}"\naccount_id = "1001"\ntime_zone = "UTC"',
    )
    assert "time_zone" not in examined()[f"{title} 1001"].message


def test_without_a_configuration_there_is_nothing_to_examine(healthy: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFILIATE_CONFIG", str(healthy.exports / "none.toml"))
    with pytest.raises(ConfigError, match="no configuration file"):
        list(examine())
