"""The journal of corrections → warehouse, so that the models judge what became of each instruction."""

from __future__ import annotations

import duckdb

from affiliate_assets.corrections.journal import as_rows, journal_file, read_entries
from affiliate_assets.landing.tables import put_rows
from affiliate_assets.settings import Settings


def load_corrections(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Keep the present state of every instruction."""
    put_rows(warehouse, "ops.corrections", as_rows(read_entries(journal_file(settings.data))))
