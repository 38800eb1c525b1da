"""Dagster's entry point."""

from functools import cache

import dagster as dg

from affiliate_assets.defs.build import build_definitions


@dg.definitions
@cache
def defs() -> dg.Definitions:
    """All definitions, built once in a process and those forked from it."""
    return build_definitions()
