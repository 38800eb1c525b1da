"""One folder a network: `connector.py` declares it, `schema.py` types its records, README.md cites sources."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from affiliate_assets.connectors.files import FileConnector
from affiliate_assets.connectors.language import Connector
from affiliate_assets.connectors.source import Network
from affiliate_assets.errors import ConfigError


@cache
def all_connectors() -> dict[str, Network]:
    """Every network of this package by slug, in alphabetical order."""
    folders = sorted(module.name for module in iter_modules(__path__) if module.ispkg)
    slugs = [name for name in folders if find_spec(f"{__name__}.{name}.connector")]
    return {slug: import_module(f"{__name__}.{slug}.connector").CONNECTOR for slug in slugs}


def api_connectors() -> dict[str, Connector]:
    """The networks that are asked over HTTP."""
    return {slug: network for slug, network in all_connectors().items() if isinstance(network, Connector)}


def file_connectors() -> dict[str, FileConnector]:
    """The networks that are read from dropped files."""
    return {slug: network for slug, network in all_connectors().items() if isinstance(network, FileConnector)}


def chosen_connectors(networks: Collection[str] | None = None) -> list[Network]:
    """The networks of these names, or all of them, in alphabetical order.

    Raises:
        ConfigError: There is no network of a name.
    """
    connectors = all_connectors()
    unknown = sorted(set(networks or ()) - connectors.keys())
    if unknown:
        raise ConfigError(f"There is no network {unknown[0]!r}.", next_step=f"choose from {', '.join(connectors)}.")
    return [connector for slug, connector in connectors.items() if not networks or slug in networks]
