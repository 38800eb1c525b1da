"""Landed pages → `work.arrived`, a batch at a time."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import duckdb
import polars as pl

from affiliate_assets.connectors.language import Stream
from affiliate_assets.errors import InternalError, Where
from affiliate_assets.landing.notes import Fresh
from affiliate_assets.landing.tables import stored
from affiliate_assets.landing.typed import type_records

# Most JSON of one transaction, unless one page is more; what a load holds in memory grows with this, not with the
# number of pages.
BATCH_BYTES = 32_000_000


def batches(pages: list[Fresh]) -> list[list[Fresh]]:
    """All pages, in batches of about one size: rows of a small last one would wait in the write-ahead log and be
    written twice."""
    found = []
    while pages:
        left = sum(page.bytes for _, _, page in pages)
        count = _fitting(pages, left / max(1, math.ceil(left / BATCH_BYTES)))
        found.append(pages[:count])
        pages = pages[count:]
    return found


def full_batches(pages: list[Fresh]) -> list[list[Fresh]]:
    """The first of the pages, in batches that the page after them does not fit into."""
    found = []
    while (count := _fitting(pages, BATCH_BYTES)) < len(pages):
        found.append(pages[:count])
        pages = pages[count:]
    return found


def _fitting(pages: list[Fresh], aim: float) -> int:
    """How many of the first pages come nearest to so many bytes, without being more than a batch may be."""
    size = 0
    for count, (_, _, page) in enumerate(pages):
        if count and (size + page.bytes > BATCH_BYTES or size + page.bytes / 2 > aim):
            return count
        size += page.bytes
    return len(pages)


def arriving(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream, found: Iterable[list[Fresh]]
) -> Iterator[tuple[list[Fresh], str]]:
    """Each batch and the id of its load, while its records are `work.arrived`; the next one is read meanwhile.

    Raises:
        InternalError: A listed page is missing or was changed on disk.
    """

    def read(batch: list[Fresh]) -> tuple[list[Fresh], str]:
        load_id = uuid.uuid4().hex[:12]
        with warehouse.cursor() as beside:
            _read_pages(beside, network, stream, batch, load_id)
        return batch, load_id

    waiting = iter(found)
    with ThreadPoolExecutor(1, thread_name_prefix="pages") as pool:
        coming = [pool.submit(read, batch) for batch in islice(waiting, 1)]
        while coming:
            batch, load_id = coming.pop().result()
            warehouse.execute("drop table if exists work.arrived")
            warehouse.execute(f"alter table work.arriving_{load_id} rename to arrived")
            coming += [pool.submit(read, following) for following in islice(waiting, 1)]
            yield batch, load_id


def _read_pages(
    warehouse: duckdb.DuckDBPyConnection, network: str, stream: Stream, batch: list[Fresh], load_id: str
) -> None:
    """Table `work.arriving`: every record of the pages, with its key, hash and origin."""
    for path, manifest, page in batch:
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != page.sha256:
            raise InternalError(
                f"The manifest lists {path.name}, which is not on disk as it was written.",
                next_step="restore the landing zone from its backup, or delete that window's folder and run again.",
                where=Where(network, manifest.account_id, stream.name, manifest.window_id),
            )
    origins = pl.DataFrame(
        [
            {
                "path": str(path),
                "_account_id": manifest.account_id,
                "_observed_at": stored(page.observed_at),
                "_fetched_at": stored(page.fetched_at),
                "_page_id": page.page_id,
                "_load_id": load_id,
                "_run_id": page.run_id,
                "_time_zone": manifest.time_zone,
            }
            for path, manifest, page in batch
        ]
    )
    files = [str(path) for path, _, page in batch if page.records]
    # A record is no longer than its page; what is allowed here, DuckDB takes as buffer.
    longest = max(page.bytes for _, _, page in batch) + 1
    source = f"read_ndjson_objects($files, filename = true, maximum_object_size = {longest})"
    warehouse.register("origins", origins)
    type_records(
        warehouse,
        stream,
        f"""
        select json as record, o.* exclude (path)
        from {source if files else "(select null::json as json, '' as filename where $files is null)"} f
        join origins o on o.path = f.filename
        """,
        {"files": files or None},
        table=f"work.arriving_{load_id}",
    )
    warehouse.unregister("origins")
