"""A landing zone and a warehouse, without a network before and without dbt behind them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from affiliate_assets.connectors.paging import AllowedFields
from affiliate_assets.landing.load import LoadResult, load_stream
from affiliate_assets.landing.pages import Status, WindowFolder

from .support import SALES, manifest

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def sale(number: object = 1, **changes: object) -> dict[str, object]:
    record: dict[str, object] = {
        "id": number,
        "state": "open",
        "price": {"amount": 10.5, "currency": "EUR"},
        "soldAt": "2026-03-01T10:00:00",
        "note": None,
    }
    record |= changes
    return {name: value for name, value in record.items() if value != "absent"}


@dataclass
class Bench:
    """A landing zone and a warehouse for the stream of the tests."""

    folder: Path
    warehouse: duckdb.DuckDBPyConnection
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def land(
        self,
        *pages: list[dict[str, object]] | bytes,
        hour: float = 0,
        status: Status = "complete",
        account: str = "A1",
        start: datetime = DAY - timedelta(days=1),
        end: datetime = DAY,
    ) -> str:
        """Land one window as it would be observed `hour` hours into the day."""
        at = DAY + timedelta(hours=hour)
        number = next(self.numbers)
        landed = manifest(
            f"w{number}",
            account_id=account,
            window_start=start,
            window_end=end,
            as_of=at,
            started_at=at + timedelta(milliseconds=number),
            status=status,
        )
        window = WindowFolder(self.folder / "landing", landed)
        for page in pages:
            body = page if isinstance(page, bytes) else json.dumps(page).encode()
            lines = AllowedFields(SALES.allowed, SALES.dropped).lines(body)
            window.add_page(lines.content, lines.records, run_id="r1", as_of=at, unknown=lines.unknown)
        window.save()
        return landed.window_id

    def load(self) -> LoadResult:
        return load_stream(self.warehouse, self.folder / "landing", "acme", SALES)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(sql).fetchall()

    def valid(self, columns: str = "id, state, amount") -> list[tuple[Any, ...]]:
        return self.rows(f"select {columns} from valid_acme.sales order by all")

    def quarantine(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select _key, failed_checks, disposition, released_at is not null from quarantine.acme__sales"
            " order by first_seen_at, _key, disposition"
        )

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """What the tables say, without the ids of the load."""
        exclude = "exclude (_load_id)"
        return [
            self.rows(f"select * {exclude} from {table} order by all")
            for table in ("raw_acme.sales", "valid_acme.sales", "quarantine.acme__sales")
        ]
