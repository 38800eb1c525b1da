"""What an operator checks first: configuration, secrets, connectivity, clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from affiliate_assets.connectors.language import Connector, Priority
from affiliate_assets.crm.streams import FILE_STREAMS
from affiliate_assets.errors import AffiliateError, Where
from affiliate_assets.http.calls import About, CallLog
from affiliate_assets.http.client import NetworkClient, RetryBounds, budgets_file
from affiliate_assets.landing.calls import calls_file
from affiliate_assets.landing.night import export_files
from affiliate_assets.networks import all_connectors
from affiliate_assets.secrets import resolve
from affiliate_assets.settings import AccountSettings, Settings, load_settings, now

ALLOWED_SKEW = timedelta(minutes=5)
_QUICK = RetryBounds(attempts=2, seconds=20.0, first_wait=0.5, longest_wait=2.0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was examined, whether it is fine, and what to do if not."""

    subject: str
    ok: bool
    message: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.subject}: {self.message}"


def examine() -> Iterator[Finding]:
    """Examine everything the configuration names; each account costs one call at most.

    Raises:
        ConfigError: There is no readable configuration.
    """
    settings = load_settings()
    yield Finding("configuration", True, f"{settings.config_path.name}, {len(settings.accounts)} accounts")
    yield _privacy(settings)
    for stream in FILE_STREAMS:
        count = len(export_files(settings, stream))
        message = (
            f"{count} files"
            if count
            else "no file found. Next: check the [[exports]] path, or wait for the first export."
        )
        yield Finding(f"exports of {stream.name}", count > 0, message)
    connectors = all_connectors()
    for account in settings.accounts:
        connector = connectors.get(account.network)
        if connector is None:
            yield Finding(
                f"{account.network} {account.account_id}",
                False,
                f"no such network. Next: choose from {', '.join(connectors)}.",
            )
        else:
            yield _account(settings, connector, account)


def _privacy(settings: Settings) -> Finding:
    try:
        resolve(settings.privacy.hash_key, Where())
    except AffiliateError as error:
        return Finding("privacy key", False, str(error))
    return Finding("privacy key", True, f"{settings.privacy.hash_key} is set")


def _account(settings: Settings, connector: Connector, account: AccountSettings) -> Finding:
    subject = f"{connector.title} {account.account_id}"
    if connector.needs_currency and account.currency is None:
        return Finding(
            subject, False, f'{connector.title} does not tell the currency. Next: add currency = "…" to this account.'
        )
    try:
        calls = CallLog(calls_file(settings.landing, connector.slug, account.account_id, "doctor"), "doctor", now())
        client = NetworkClient(
            connector,
            account,
            budgets_file(settings.data),
            bounds=_QUICK,
            priority=Priority.INTERACTIVE,
            calls=calls,
        )
        answer = client.send(connector.probe(account.account_id), about=About(purpose="probe")).answer
    except AffiliateError as error:
        return Finding(subject, False, str(error))
    skew = _skew(answer.served_at)
    if skew is not None and skew > ALLOWED_SKEW:
        return Finding(
            subject,
            False,
            f"this machine's clock and the network's differ by {skew}."
            " Next: set the clock (NTP), or unset AFFILIATE_NOW.",
        )
    return Finding(subject, True, "secret found, network answers, clocks agree")


def _skew(served_at: datetime | None) -> timedelta | None:
    return None if served_at is None else abs(now() - served_at)
