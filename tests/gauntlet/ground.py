"""Small worlds, a brand on each, and what its tables hold after nights without any fault."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from affiliate_assets.connectors.language import Connector, RateLimit
from affiliate_assets.landing.night import run_network
from affiliate_assets.landing.report import Night
from affiliate_assets.landing.tables import LOAD_COLUMNS
from affiliate_assets.networks import all_connectors
from affiliate_assets.sandbox import Sandbox, World, WorldConfig, build_world
from affiliate_assets.settings import Settings

NETWORKS = ("awin", "cj")
STREAMS = {"awin": ("transactions", "publishers"), "cj": ("commissions",)}
SECRETS = {"awin": "GAUNTLET_AWIN_TOKEN", "cj": "GAUNTLET_CJ_TOKEN"}
HASH_KEY = "GAUNTLET_HASH_KEY"
# So wide that no call waits; the plans with real budgets bring limits of their own.
WIDE = RateLimit(100_000, timedelta(milliseconds=20))
NO_LIMITS = {"awin": 1_000_000, "cj": 1_000_000}

Key = tuple[str, str]
Row = dict[str, Any]
# Days after a world's first morning on which the network is pulled, in order.
Mornings = tuple[int, ...]


@dataclass(frozen=True)
class Ground:
    """The shape of a world and of its networks.

    Attributes:
        days: Days with orders before the first morning; the world itself goes on for two weeks.
        page_limit: Most rows in one CJ answer.
    """

    name: str
    seed: int
    days: int
    orders_per_day: int
    page_limit: int

    @property
    def first_morning(self) -> datetime:
        return datetime(2026, 1, 1, 3, tzinfo=UTC) + timedelta(days=self.days)

    def morning(self, day: int) -> datetime:
        return self.first_morning + timedelta(days=day)


GROUNDS = (
    Ground("long", seed=11, days=58, orders_per_day=3, page_limit=5),
    Ground("busy", seed=12, days=36, orders_per_day=6, page_limit=12),
)


@cache
def world_of(ground: Ground) -> World:
    config = WorldConfig(
        seed=ground.seed,
        start=date(2026, 1, 1),
        days=ground.days + 14,
        orders_per_day=ground.orders_per_day,
    )
    return build_world(config)


@cache
def connectors(limit: RateLimit = WIDE) -> dict[str, Connector]:
    return {slug: replace(connector, limits=(limit,)) for slug, connector in all_connectors().items()}


def settings_for(sandbox: Sandbox, root: Path, **pulls: float) -> Settings:
    """A brand of the sandbox's accounts whose data lie below `root`; waits are as short as they can be."""
    bounds = {"attempts": 4, "seconds": 5.0, "first_wait": 0.001, "circuit_seconds": 0.001}
    document = {
        "brand": {
            "name": "Acme",
            "reporting_currency": "EUR",
            "time_zone": "Europe/Berlin",
            "start_date": date(2026, 1, 1),
        },
        "privacy": {"hash_key": f"env:{HASH_KEY}"},
        "pulls": {**bounds, **pulls},
        # One record of a small world is already more than a hundredth.
        "quality": {"max_rejected_share": 0.01},
        "accounts": [
            {
                "network": account.network,
                "account_id": account.account_id,
                "currency": account.currency,
                "base_url": sandbox.url(account.network),
                "credentials": {"token": f"env:{SECRETS[account.network]}"},
            }
            for account in sandbox.world.accounts
        ],
        "config_path": root / "affiliate.toml",
    }
    return Settings.model_validate(document)


def pull(settings: Settings, connector: Connector, run_id: str, as_of: datetime) -> Night:
    return run_network(settings, connector, requested=None, follow_changes=True, run_id=run_id, as_of=as_of)


@dataclass
class Tables:
    """The current version of every record by stream, and how many calls the nights took that led there.

    Attributes:
        calls: Of each night.
    """

    rows: dict[str, dict[Key, Row]]
    calls: list[int] = field(default_factory=list)


def current_rows(warehouse: duckdb.DuckDBPyConnection, network: str) -> dict[str, dict[Key, Row]]:
    """The typed columns of the current version of each record, and `_run_id`, by stream."""
    found: dict[str, dict[Key, Row]] = {}
    dropped = ", ".join(set(LOAD_COLUMNS) - {"_account_id", "_key", "_run_id"})
    for stream in STREAMS[network]:
        rows = warehouse.execute(
            f"""
            select * exclude (age, {dropped}) from (
                select *, row_number() over (
                    partition by _account_id, _key order by _observed_at desc, _fetched_at desc, _row_hash desc) as age
                from valid_{network}.{stream}
            ) where age = 1
            """
        )
        names = [column[0] for column in rows.description]
        records = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        found[stream] = {(record.pop("_account_id"), record.pop("_key")): record for record in records}
    return found


@dataclass(frozen=True)
class References:
    """Nights without faults, kept in a folder that the workers of one test session share."""

    folder: Path

    def tables(self, ground: Ground, network: str, mornings: Mornings) -> Tables:
        """What the network's tables hold after these nights, from an empty folder."""
        return pickle.loads((self._node(ground, network, mornings) / "tables.pickle").read_bytes())

    def copy(self, ground: Ground, network: str, mornings: Mornings, root: Path) -> None:
        """Put the data folder as these nights leave it below `root`."""
        shutil.copytree(self._node(ground, network, mornings) / "data", root / "data")

    def _node(self, ground: Ground, network: str, mornings: Mornings) -> Path:
        node = self.folder / f"{ground.name}-{network}-{'-'.join(map(str, mornings))}"
        if (node / "tables.pickle").exists():
            return node
        calls: list[int] = []
        before = None
        if mornings[1:]:
            before = self._node(ground, network, mornings[:-1])
            calls = self.tables(ground, network, mornings[:-1]).calls
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(node.with_suffix(".lock")):
            if (node / "tables.pickle").exists():
                return node
            shutil.rmtree(node, ignore_errors=True)
            node.mkdir()
            if before is not None:
                shutil.copytree(before / "data", node / "data")
            at = ground.morning(mornings[-1])
            with sandbox_of(ground, at) as sandbox:
                settings = settings_for(sandbox, node)
                night = pull(settings, connectors()[network], f"reference-{len(mornings)}", at)
                assert night.problems == ()
                assert not night.standing.held
                calls = [*calls, len(sandbox.calls)]
            with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
                rows = current_rows(warehouse, network)
            part = node / "tables.part"
            part.write_bytes(pickle.dumps(Tables(rows, calls)))
            part.rename(node / "tables.pickle")
        return node


@contextmanager
def sandbox_of(
    ground: Ground, at: datetime, limits: dict[str, int] = NO_LIMITS, limit_window: float = 60.0
) -> Iterator[Sandbox]:
    # The hints to wait are fractions of a second, which the clients take as well.
    with Sandbox(
        world_of(ground),
        at,
        page_limit=ground.page_limit,
        limits=limits,
        limit_window=limit_window,
        pause_seconds=0.01,  # type: ignore[arg-type]
        drip_seconds=0.05,
    ) as sandbox:
        yield sandbox
