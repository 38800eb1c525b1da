"""What an operator checks first: configuration, secrets, connectivity, clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from affiliate_assets.connectors.files import FileConnector
from affiliate_assets.connectors.language import Connector, Priority
from affiliate_assets.connectors.source import Network
from affiliate_assets.crm.streams import CRM
from affiliate_assets.errors import AffiliateError, Where
from affiliate_assets.http.calls import About, CallLog
from affiliate_assets.http.client import NetworkClient, RetryBounds, budgets_file
from affiliate_assets.landing.calls import calls_file
from affiliate_assets.landing.files import drops_of, waiting
from affiliate_assets.networks import all_connectors, api_connectors, file_connectors
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
    drops = drops_of(settings, CRM)
    configured = {export.stream for export in settings.exports}
    for stream in CRM.streams:
        if not stream.needed and stream.name not in configured:
            continue
        count = sum(drop.stream is not None and drop.stream.name == stream.name for drop in drops)
        message = (
            f"{count} files"
            if count
            else "no file found. Next: check the [[exports]] path, or wait for the first export."
        )
        yield Finding(f"exports of {stream.name}", count > 0, message)
    asked, by_file = api_connectors(), file_connectors()
    for account in settings.accounts:
        if account.network in asked:
            yield _account(settings, asked[account.network], account)
        elif account.network in by_file:
            yield _dropped(settings, by_file[account.network], account)
        else:
            yield Finding(
                f"{account.network} {account.account_id}",
                False,
                f"no such network. Next: choose from {', '.join(all_connectors())}.",
            )


def _dropped(settings: Settings, connector: FileConnector, account: AccountSettings) -> Finding:
    """What lies in the folder of an account whose network is read from files."""
    subject = f"{connector.title} {account.account_id}"
    missing = _missing(connector, account)
    if missing is not None:
        return Finding(subject, False, missing)
    if account.files is None:
        return Finding(
            subject,
            False,
            f"{connector.title} is read from files, and the account names none."
            f' Next: add files = "drop/{connector.slug}/*.csv" to it.',
        )
    drops = [drop for drop in drops_of(settings, connector) if drop.account_id == account.account_id]
    if not drops:
        return Finding(subject, False, f"no file at {account.files}. Next: check the path, or drop the first export.")
    strange = [drop.path.name for drop in drops if drop.stream is None]
    if strange:
        return Finding(
            subject, False, f"{strange[0]} is a file of no kind that it has. Next: take it out of the folder."
        )
    left, newest = waiting(settings, connector, drops), drops[-1]
    return Finding(
        subject,
        True,
        f"{len(drops)} files, {len(left)} of them not read yet,"
        f" the newest {newest.path.name} of {newest.exported_at():%Y-%m-%d %H:%M} UTC",
    )


def _privacy(settings: Settings) -> Finding:
    try:
        resolve(settings.privacy.hash_key, Where())
    except AffiliateError as error:
        return Finding("privacy key", False, str(error))
    return Finding("privacy key", True, f"{settings.privacy.hash_key} is set")


def _missing(connector: Network, account: AccountSettings) -> str | None:
    """What the network leaves to the account to tell, and the account does not, or tells in vain."""
    if connector.needs_currency and account.currency is None:
        return f'{connector.title} does not tell the currency. Next: add currency = "…" to this account.'
    if connector.needs_time_zone and account.time_zone is None:
        zones = ", ".join(sorted({stream.time_zone for stream in connector.streams}))
        return (
            f"{connector.title} does not tell the zone of its times, which are read in {zones}."
            ' Next: add time_zone = "…" to this account, as it is set at the network.'
        )
    if connector.asks_for_utc and account.time_zone is not None:
        return (
            f"{connector.title} is asked for times in UTC, whatever zone is told."
            " Next: remove time_zone of this account."
        )
    return None


def _account(settings: Settings, connector: Connector, account: AccountSettings) -> Finding:
    subject = f"{connector.title} {account.account_id}"
    missing = _missing(connector, account)
    if missing is not None:
        return Finding(subject, False, missing)
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
