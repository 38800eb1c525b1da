"""The log of calls and the state of the circuits → warehouse."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from affiliate_assets.http.circuit import CircuitBreaker, circuits_file
from affiliate_assets.landing.tables import OPS, put_rows
from affiliate_assets.settings import Settings

_COLUMNS = OPS["ops.api_calls"].columns


def calls_file(landing: Path, network: str, account_id: str, run_id: str) -> Path:
    """Where the calls of one account in one run are logged, one JSON object a line."""
    return landing / network / account_id / "calls" / f"{run_id}.ndjson"


def load_calls(warehouse: duckdb.DuckDBPyConnection, landing: Path, network: str) -> None:
    """Bring logged calls that are not in the warehouse yet into `ops.api_calls`."""
    known = dict(warehouse.execute("select path, bytes from ops.call_files").fetchall())
    sizes = {
        str(file.relative_to(landing)): file.stat().st_size for file in landing.glob(f"{network}/*/calls/*.ndjson")
    }
    # A file that another run is still writing grows, and is read once more then.
    fresh = {path: size for path, size in sizes.items() if known.get(path) != size}
    if not fresh:
        return
    columns = ", ".join(f"'{name}': '{type_}'" for name, type_ in _COLUMNS.items())
    names = ", ".join(_COLUMNS)
    warehouse.execute(
        f"""
        insert or ignore into ops.api_calls ({names})
        select {names} from read_json($files, format = 'newline_delimited', columns = {{{columns}}},
                                      ignore_errors = true)
        where call_id is not null
        """,
        {"files": [str(landing / path) for path in fresh]},
    )
    put_rows(warehouse, "ops.call_files", [{"path": path, "bytes": size} for path, size in fresh.items()])


def load_circuits(warehouse: duckdb.DuckDBPyConnection, settings: Settings, network: str, as_of: datetime) -> None:
    """Keep the present state of every circuit of the network's accounts."""
    put_rows(
        warehouse,
        "ops.circuits",
        [
            {
                "network": network,
                "account_id": account.account_id,
                "operation": circuit.operation,
                "state": circuit.state,
                "reason": circuit.reason,
                "failures": circuit.failures,
                "opened_at": circuit.opened_at,
                "retry_at": circuit.retry_at,
                "as_of": as_of,
            }
            for account in settings.accounts_of(network)
            for circuit in CircuitBreaker(circuits_file(settings.data), network, account.account_id).states()
        ],
    )
