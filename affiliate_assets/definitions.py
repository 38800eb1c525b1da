"""Dagster's entry point."""

import dagster as dg

from affiliate_assets.defs.build import build_definitions


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions()
