"""One folder a network: `connector.py` declares it, `schema.py` types its records, README.md cites sources."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from affiliate_assets.connectors.language import Connector


@cache
def all_connectors() -> dict[str, Connector]:
    """Every network of this package by slug, in alphabetical order."""
    slugs = sorted(module.name for module in iter_modules(__path__) if module.ispkg)
    return {slug: import_module(f"{__name__}.{slug}.connector").CONNECTOR for slug in slugs}
