"""The measured steps from page to valid, and their floors: `python -m benchmarks.way STEP FOLDER URL ROWS`.

A step runs in a process of its own and prints one JSON object of figures: seconds, `peak_mb` and what it counted.
Imports are made inside the steps, since what a step imports is part of its peak memory.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affiliate_assets.connectors.language import ApiStream
    from affiliate_assets.http.client import NetworkClient
    from affiliate_assets.landing.beside import LoadBeside
    from affiliate_assets.landing.pages import Manifest
    from affiliate_assets.landing.window import Pull

Figures = dict[str, float]
ACCOUNT = "71204"


def peak_mb() -> float:
    """Highest resident memory of this process so far, MiB; Linux counts in KiB, macOS in bytes."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    # What `getrusage` tells begins with the memory of the process that started this one.
    (peak,) = re.findall(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(peak) / 2**10


@dataclass(frozen=True, slots=True)
class Way:
    """The real client, pull and load of one stream; only the rate limit is lifted, and the paging is the server's."""

    landing: Path
    warehouse: Path
    stream: ApiStream
    client: NetworkClient
    pull: Pull
    beside: LoadBeside

    def read(self) -> list[Manifest]:
        from affiliate_assets.connectors.language import Window
        from affiliate_assets.landing.extract import pull_windows
        from affiliate_assets.landing.window import Question

        window = Window("benchmark", "transaction", self.pull.start, self.pull.as_of)
        return pull_windows(self.pull, [Question(self.stream, window)])

    def load(self) -> None:
        from affiliate_assets.landing.load import load_stream
        from affiliate_assets.landing.warehouse import connection

        with connection(self.warehouse) as opened:
            load_stream(opened, self.landing, "awin", self.stream)

    def prepare(self) -> None:
        from affiliate_assets.landing.tables import create_tables
        from affiliate_assets.landing.warehouse import connection

        with connection(self.warehouse) as opened:
            create_tables(opened, "awin", [self.stream])

    def accepted(self) -> int:
        """Rows of the valid table."""
        from affiliate_assets.landing.tables import valid_table
        from affiliate_assets.landing.warehouse import connection

        with connection(self.warehouse) as opened:
            ((rows,),) = opened.execute(f"select count(*) from {valid_table('awin', self.stream.name)}").fetchall()
        return int(rows)


def _way(folder: Path, url: str) -> Way:
    """One window of many pages."""
    from dataclasses import replace
    from datetime import timedelta

    from affiliate_assets.connectors.language import RateLimit, Request, Window
    from affiliate_assets.connectors.paging import BodyCursor
    from affiliate_assets.http.calls import CallLog
    from affiliate_assets.http.circuit import CircuitBreaker, circuits_file
    from affiliate_assets.http.client import NetworkClient, budgets_file

    # `extract` and `load` are not needed here, but imported before the clock starts, as the peer imports dlt.
    from affiliate_assets.landing import extract, load  # noqa: F401
    from affiliate_assets.landing.beside import LoadBeside
    from affiliate_assets.landing.calls import calls_file
    from affiliate_assets.landing.window import Pull
    from affiliate_assets.networks.awin.connector import CONNECTOR
    from affiliate_assets.settings import AccountSettings

    def request(account_id: str, window: Window, cursor: str | None) -> Request:
        return Request("GET", "transactions", {} if cursor is None else {"cursor": cursor})

    paging = BodyCursor(envelope=(), records="records", cursor="next")
    stream = replace(CONNECTOR.stream("transactions"), request=request, paging=paging, control=None)
    connector = replace(
        CONNECTOR, base_url=url, limits=(RateLimit(1_000_000, timedelta(seconds=1)),), streams=(stream,)
    )
    account = AccountSettings(network="awin", account_id=ACCOUNT, credentials={"token": "env:BENCHMARK_TOKEN"})
    now = datetime.now(UTC)
    landing, warehouse = folder / "landing", folder / "warehouse" / "affiliate.duckdb"
    calls = CallLog(calls_file(landing, "awin", ACCOUNT, "benchmark"), "benchmark", now)
    client = NetworkClient(connector, account, budgets_file(folder), calls=calls)
    circuit = CircuitBreaker(circuits_file(folder), "awin", ACCOUNT)
    beside = LoadBeside(warehouse, landing, "awin", [stream])
    pull = Pull(client, circuit, landing, "benchmark", now, now - timedelta(days=30), beside.note)
    return Way(landing, warehouse, stream, client, pull, beside)


def ingest(folder: Path, url: str, rows: int) -> Figures:
    """Ours: pages from HTTP to the valid table, as a night takes them, in one process."""
    from affiliate_assets.landing.extract import side_by_side

    way = _way(folder / "whole", url)
    started = perf_counter()
    way.prepare()
    (landed,) = side_by_side([way.read], way.beside.load)
    way.load()
    seconds = perf_counter() - started
    accepted = way.accepted()
    if landed.status != "complete" or accepted != rows:
        raise SystemExit(f"{accepted} of {rows} records arrived: {landed.message}")
    return {
        "seconds": seconds,
        "peak_mb": peak_mb(),
        "requests": way.client.effort.requests,
        "sent_mb": way.client.effort.bytes / 1e6,
        "landed_mb": sum(file.stat().st_size for file in way.landing.rglob("*.zst")) / 1e6,
        "warehouse_mb": way.warehouse.stat().st_size / 1e6,
        "accepted": accepted,
    }


def pull(folder: Path, url: str, rows: int) -> Figures:
    """The half of it that asks and lands, alone."""
    way = _way(folder, url)
    started = perf_counter()
    (landed,) = way.read()
    seconds = perf_counter() - started
    if landed.records != rows:
        raise SystemExit(f"{landed.records} of {rows} records landed: {landed.message}")
    return {"seconds": seconds, "peak_mb": peak_mb()}


def load(folder: Path, url: str, rows: int) -> Figures:
    """The half of it that loads what `pull` has landed, alone."""
    way = _way(folder, url)
    started = perf_counter()
    way.prepare()
    way.load()
    return {"seconds": perf_counter() - started, "peak_mb": peak_mb()}


def _bodies(url: str, rows: int) -> Iterator[bytes]:
    import requests

    from benchmarks.server import page_count

    with requests.Session() as session:
        for page in range(page_count(rows)):
            yield session.get(f"{url}/transactions", params={"cursor": page}, timeout=60).content


def http(folder: Path, url: str, rows: int) -> Figures:
    """The same pages by a bare requests session, thrown away."""
    started = perf_counter()
    size = sum(len(body) for body in _bodies(url, rows))
    return {"seconds": perf_counter() - started, "peak_mb": peak_mb(), "bytes_per_record": size / rows}


def _parse(url: str, rows: int, decode: Callable[[bytes], Any]) -> Figures:
    seconds = 0.0
    for body in _bodies(url, rows):
        started = perf_counter()
        decode(body)
        seconds += perf_counter() - started
    return {"seconds": seconds, "peak_mb": peak_mb()}


def parse_msgspec(folder: Path, url: str, rows: int) -> Figures:
    """JSON to Python objects and nothing else; the time of HTTP is left out."""
    import msgspec

    return _parse(url, rows, msgspec.json.decode)


def parse_orjson(folder: Path, url: str, rows: int) -> Figures:
    """The same by orjson, or by the standard library where that is not installed."""
    try:
        import orjson
    except ImportError:
        return _parse(url, rows, json.loads)
    return _parse(url, rows, orjson.loads)


def _read(folder: Path, name: str, query: str) -> Figures:
    import duckdb

    files = [str(file) for file in sorted((folder / "landing").rglob("*.ndjson.zst"))]
    database = folder / f"{name}.duckdb"
    started = perf_counter()
    with duckdb.connect(str(database), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        connection.execute(f"create table floor as select {query}", [files])
    seconds = perf_counter() - started
    database.unlink()
    return {"seconds": seconds, "peak_mb": peak_mb()}


def read_objects(folder: Path, url: str, rows: int) -> Figures:
    """DuckDB: landed files → a table of JSON, nothing else."""
    return _read(folder, "objects", "json from read_ndjson_objects(?)")


TYPED = """{id: 'BIGINT', advertiserId: 'BIGINT', publisherId: 'BIGINT', siteName: 'VARCHAR', url: 'VARCHAR',
    commissionStatus: 'VARCHAR', type: 'VARCHAR', orderRef: 'VARCHAR', clickRefs: 'STRUCT(clickRef VARCHAR)',
    clickDate: 'TIMESTAMP', transactionDate: 'TIMESTAMP', validationDate: 'TIMESTAMP',
    saleAmount: 'STRUCT(amount DECIMAL(18,6), currency VARCHAR)',
    commissionAmount: 'STRUCT(amount DECIMAL(18,6), currency VARCHAR)', declineReason: 'VARCHAR',
    voucherCodeUsed: 'BOOLEAN', voucherCode: 'VARCHAR', lapseTime: 'BIGINT', customerCountry: 'VARCHAR',
    paidToPublisher: 'BOOLEAN'}"""


def read_typed(folder: Path, url: str, rows: int) -> Figures:
    """DuckDB: landed files → 20 typed columns, without raw, change detection or checks."""
    return _read(folder, "typed", f"* from read_json(?, format = 'newline_delimited', columns = {TYPED})")


STEPS: dict[str, Callable[[Path, str, int], Figures]] = {
    step.__name__: step for step in (ingest, pull, load, http, parse_msgspec, parse_orjson, read_objects, read_typed)
}

if __name__ == "__main__":
    name, folder, url, rows = sys.argv[1:]
    sys.stdout.write(json.dumps(STEPS[name](Path(folder), url, int(rows))) + "\n")
