"""All declared networks, found among the modules of `networks`, and the market of a configuration."""

import pkgutil
from importlib import import_module

from affiliate_assets.sandbox import networks
from affiliate_assets.sandbox.config import SHOPS, WorldConfig, by_place
from affiliate_assets.sandbox.market import Market
from affiliate_assets.sandbox.network import Network


def _found() -> dict[str, Network]:
    modules = (import_module(f"{networks.__name__}.{found.name}") for found in pkgutil.iter_modules(networks.__path__))
    declared = [network for module in modules if (network := getattr(module, "NETWORK", None)) is not None]
    return {network.slug: network for network in declared}


#: Every network by its slug.
NETWORKS: dict[str, Network] = _found()


def market_of(config: WorldConfig) -> Market:
    """Return the market of a configuration.

    Raises:
        ValueError: A network is not declared.
    """
    unknown = [slug for slug in config.networks if slug not in NETWORKS]
    if unknown:
        raise ValueError(f"no networks {unknown}; declared are {sorted(NETWORKS)}")
    networks = tuple(NETWORKS[slug] for slug in config.networks)
    elsewhere = by_place(config.systems)
    return Market(
        networks,
        config.style,
        agreements=config.agreements,
        more_rate=config.more_rate,
        itemised=frozenset(place for place in range(len(SHOPS)) if config.items and place not in elsewhere),
    )
