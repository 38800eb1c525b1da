"""When each record of a stream was last in an export: what a full export lacks is gone from the system."""

from __future__ import annotations

import duckdb

from affiliate_assets.connectors.files import FileStream
from affiliate_assets.connectors.language import Stream


def note_sightings(warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream) -> None:
    """Keep the export (UTC) that last had each record of `work.arrived`; runs inside the caller's transaction.

    A record in quarantine was there too. One without a key is nobody.
    """
    if not isinstance(stream, FileStream) or not stream.is_sighted:
        return
    warehouse.execute(
        """
        insert into ops.sightings (network, account_id, stream, record_key, last_seen_at)
        select ?, _account_id, ?, _key, max(_observed_at) from work.arrived where _key is not null
        group by _account_id, _key
        on conflict (network, account_id, stream, record_key) do update set
            last_seen_at = greatest(sightings.last_seen_at, excluded.last_seen_at)
        """,
        [network, stream.name],
    )
