from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from affiliate_assets import export_settings
from affiliate_assets.crm import systems
from affiliate_assets.crm.streams import CRM
from affiliate_assets.errors import ConfigError, InternalError, RetryableError, Where
from affiliate_assets.export_settings import ExportSettings
from affiliate_assets.secrets import RedactingFilter, redact, resolve
from affiliate_assets.settings import load_settings, now

EVERY_FIELD = """
[brand]
name = "Acme"
reporting_currency = "EUR"
time_zone = "Europe/Berlin"
start_date = 2026-01-01

[paths]
data = "somewhere"

[privacy]
hash_key = "env:AFFILIATE_HASH_KEY"

[quality]
max_rejected_share = 0.02

[matching]
order_id_prefixes = ["ORD", "ACME"]
winner = "voucher_owner"
network_priority = ["cj", "awin"]
voucher_owners = [{code = "SPRING15", network = "awin", publisher_id = "77"}]
order_id_cut_at = [50, 64]
least_score = 0.55

[[exports]]
stream = "orders"
path = "exports/orders_*.csv"

[[accounts]]
network = "awin"
account_id = "1001"
name = "Acme DE"
currency = "GBP"
base_url = "https://gateway.example/awin"
[accounts.credentials]
token = "env:AWIN_TOKEN"

[[accounts]]
network = "awin"
account_id = "1002"
[accounts.credentials]
token = "file:/run/secrets/awin"
"""


def written(folder: Path, text: str = EVERY_FIELD) -> Path:
    path = folder / "affiliate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(folder, text))
    return str(caught.value)


def test_every_field_is_read_and_paths_lie_beside_the_file(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path))
    assert settings.brand.start_date == date(2026, 1, 1)
    assert settings.landing == tmp_path / "somewhere" / "landing"
    assert settings.warehouse == tmp_path / "somewhere" / "warehouse" / "affiliate.duckdb"
    assert settings.published == tmp_path / "somewhere" / "published"
    assert settings.matching.order_id_prefixes == ("ORD", "ACME")
    assert settings.matching.winner == "voucher_owner"
    assert settings.matching.network_priority == ("cj", "awin")
    assert [owner.model_dump() for owner in settings.matching.voucher_owners] == [
        {"code": "SPRING15", "network": "awin", "publisher_id": "77"}
    ]
    assert settings.matching.order_id_cut_at == (50, 64)
    assert settings.matching.least_score == Decimal("0.55")
    assert settings.matching.inferred_within_minutes == 60
    assert settings.quality.max_rejected_share == 0.02
    assert [account.account_id for account in settings.accounts_of("awin")] == ["1001", "1002"]
    assert settings.accounts_of("cj") == ()


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("2026-01-01", datetime(2025, 12, 31, 23, tzinfo=UTC)),
        ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("2026-03-30", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC)),
        ("2026-10-26", datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_the_first_instant_is_midnight_of_the_brands_zone(tmp_path: Path, day: str, instant: datetime) -> None:
    text = EVERY_FIELD.replace("start_date = 2026-01-01", f"start_date = {day}")
    assert load_settings(written(tmp_path, text)).start() == instant


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('name = "Acme"', 'name = "Acme"\nnickname = "A"', "brand.nickname"),
        ("[paths]", "[path]", "path"),
        ('currency = "GBP"', 'curency = "GBP"', "accounts.0.curency"),
        ('reporting_currency = "EUR"', 'reporting_currency = "euro"', "brand.reporting_currency"),
        ('time_zone = "Europe/Berlin"', 'time_zone = "Berlin"', "brand.time_zone"),
        ("start_date = 2026-01-01", 'start_date = "soon"', "brand.start_date"),
        ('stream = "orders"', 'stream = "refunds"', "exports.0.stream"),
        ("max_rejected_share = 0.02", "max_rejected_share = 2", "quality.max_rejected_share"),
        ('name = "Acme"', "", "brand.name"),
    ],
)
def test_a_field_that_is_unknown_missing_or_wrong_is_refused_by_name(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    message = refusal(tmp_path, EVERY_FIELD.replace(old, new, 1))
    assert f"{named}:" in message
    assert "affiliate.toml.example" in message


def test_the_configuration_takes_every_stream_that_files_are_read_for() -> None:
    streams = get_args(ExportSettings.model_fields["stream"].annotation)
    assert sorted(streams) == sorted(stream.name for stream in CRM.streams)
    assert sorted(export_settings.SYSTEMS) == sorted(stream.name for stream in systems.SYSTEMS)


def test_all_wrong_fields_are_named_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, EVERY_FIELD.replace('"EUR"', '"euro"').replace('"GBP"', '"pound"'))
    assert "brand.reporting_currency" in message
    assert "accounts.0.currency" in message


@pytest.mark.parametrize("field", ['token = "env:AWIN_TOKEN"', 'hash_key = "env:AFFILIATE_HASH_KEY"'])
@pytest.mark.parametrize("value", ["sk-live-51Habcdef", "env:", "vault:awin", "hunter2:env"])
def test_a_bare_secret_is_refused_without_being_repeated(tmp_path: Path, field: str, value: str) -> None:
    name = field.split(" ")[0]
    message = refusal(tmp_path, EVERY_FIELD.replace(field, f'{name} = "{value}"'))
    assert name in message
    assert "must be a reference" in message
    assert value not in message.replace("'env:NAME'", "")


def test_an_account_listed_twice_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, EVERY_FIELD.replace('account_id = "1002"', 'account_id = "1001"'))
    assert "account 1001 of awin is listed more than once" in message


def test_a_missing_file_and_a_broken_one_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"affiliate\.toml\.example"):
        load_settings(tmp_path / "none.toml")
    assert "not valid TOML" in refusal(tmp_path, "[brand\n")


def test_the_configuration_is_found_through_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFILIATE_CONFIG", str(written(tmp_path)))
    assert load_settings().config_path == tmp_path / "affiliate.toml"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T03:00:00Z", datetime(2026, 3, 1, 3, tzinfo=UTC)),
        ("2026-03-01T03:00:00+01:00", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_past_night_is_named_by_an_instant(text: str, instant: datetime) -> None:
    assert now({"AFFILIATE_NOW": text}) == instant


@pytest.mark.parametrize("text", ["2026-03-01T03:00:00", "2026-03-01", "yesterday"])
def test_a_past_night_without_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="AFFILIATE_NOW") as caught:
        now({"AFFILIATE_NOW": text})
    assert "2026-03-01T03:00:00Z" in str(caught.value)


def test_without_the_variable_now_is_now() -> None:
    assert abs((now({}) - datetime.now(UTC)).total_seconds()) < 5


def test_a_secret_comes_from_the_environment_or_a_file_without_its_white_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", " value-one \n")
    (tmp_path / "secret").write_text("value-two\n", encoding="utf-8")
    assert resolve("env:A_SECRET", Where()) == "value-one"
    assert resolve(f"file:{tmp_path / 'secret'}", Where()) == "value-two"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_a_secret_file_that_is_missing_empty_or_not_text_is_a_configuration_error(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        resolve(f"file:{path}", Where("awin", "1001"))
    assert str(path) in str(caught.value)
    assert "network awin, account 1001" in str(caught.value)


def test_what_was_resolved_and_what_looks_like_a_secret_is_cut_out_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "swordfish-77")
    monkeypatch.setenv("LONGER", "swordfish-77-and-more")
    resolve("env:A_SECRET", Where())
    resolve("env:LONGER", Where())
    told = redact("swordfish-77-and-more | swordfish-77 | ?accessToken=abc&x=1 | Authorization: Bearer abcdefgh12")
    assert told == "[redacted] | [redacted] | ?accessToken=[redacted]&x=1 | Authorization: Bearer [redacted]"
    assert redact("?NetworkToken=abc&my_api_key=d&page=2") == "?NetworkToken=[redacted]&my_api_key=[redacted]&page=2"


def test_log_records_are_cleaned_in_message_arguments_and_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("A_SECRET", "swordfish-77")
    resolve("env:A_SECRET", Where())
    log = logging.getLogger("affiliate_assets.tests")
    cleaner = RedactingFilter()
    log.addFilter(cleaner)
    try:
        raise ValueError("with swordfish-77 inside")
    except ValueError:
        log.exception("failed for %s", "swordfish-77")
    finally:
        log.removeFilter(cleaner)
    assert "failed for [redacted]" in caplog.text
    assert "with [redacted] inside" in caplog.text
    assert "swordfish" not in caplog.text


def test_an_error_tells_its_place_and_the_next_step_and_keeps_what_it_knew() -> None:
    error = RetryableError("It failed.", next_step="wait.", where=Where(window="w1"))
    assert str(error) == "[window w1] It failed. Next: wait."
    error.at(Where("awin", "1001", "transactions", "another"))
    assert str(error) == "[network awin, account 1001, stream transactions, window w1] It failed. Next: wait."
    assert str(InternalError("A bug.", next_step="report it.")) == "A bug. Next: report it."


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('winner = "priority"', "needs network_priority"),
        ('winner = "voucher_owner"', "needs voucher_owners"),
        ('winner = "coin"', "matching.winner"),
        ("order_id_cut_at = [5]", "matching.order_id_cut_at.0"),
        ("least_score = 1.5", "matching.least_score"),
        ("named_within_days = 0", "matching.named_within_days"),
        ('network_priority = ["cj", "awin", "cj"]', "names a network twice"),
    ],
)
def test_a_policy_without_what_it_goes_by_is_refused(tmp_path: Path, line: str, complaint: str) -> None:
    text = EVERY_FIELD.partition("[matching]")[0] + f"[matching]\n{line}\n"
    assert complaint in refusal(tmp_path, text)


def test_without_a_policy_the_last_click_wins(tmp_path: Path) -> None:
    text = EVERY_FIELD.partition("[matching]")[0]
    assert load_settings(written(tmp_path, text)).matching.winner == "last_click"
