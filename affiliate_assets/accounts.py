"""The networks that a configuration has accounts on, and whether each account can be read at all."""

from __future__ import annotations

from collections.abc import Sequence

from affiliate_assets.connectors.source import Network
from affiliate_assets.errors import ConfigError, Where
from affiliate_assets.networks import all_connectors, chosen_connectors, file_connectors
from affiliate_assets.settings import Settings


def configured_networks(settings: Settings, networks: Sequence[str] | None = None) -> list[Network]:
    """The networks that have an account, or those of them with the given names, in alphabetical order.

    Raises:
        ConfigError: A network is not known, or has no account.
    """
    configured = {account.network for account in settings.accounts}
    for connector in chosen_connectors(networks) if networks else []:
        if connector.slug not in configured:
            raise ConfigError(
                f"No account of {connector.slug} is configured.",
                next_step=f"add one under [[accounts]] in {settings.config_path.name}.",
            )
    return [connector for connector in chosen_connectors(networks) if connector.slug in configured]


def check_networks(settings: Settings) -> None:
    """Refuse a configuration with an account that nothing would ever be read for.

    Raises:
        ConfigError: An account's network is unknown, or it is read from files and the account names none, or the other
            way round.
    """
    known, by_file = all_connectors(), file_connectors()
    for account in settings.accounts:
        where = Where(account.network, account.account_id)
        if account.network not in known:
            raise ConfigError(
                f"Account {account.account_id} names the network {account.network!r}, which does not exist.",
                next_step=f"choose from {', '.join(known)}.",
            )
        title = known[account.network].title
        if account.network in by_file and not account.files:
            raise ConfigError(
                f"{title} is read from files, and the account names none.",
                next_step=f'add files = "drop/{account.network}/*.csv" to the account, a glob relative to the'
                " configuration file.",
                where=where,
            )
        if account.network not in by_file and account.files:
            raise ConfigError(
                f"{title} is asked over its API and reads no files.",
                next_step="take `files` out of the account.",
                where=where,
            )
