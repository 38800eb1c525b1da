"""What several suites share: a small brand whose networks are served on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import hypothesis
import pytest

from affiliate_assets.connectors.language import Connector
from affiliate_assets.connectors.planning import Span
from affiliate_assets.crm.streams import CRM
from affiliate_assets.landing.night import run_files, run_network
from affiliate_assets.landing.report import Night
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import Sandbox, World, WorldConfig, build_world
from affiliate_assets.settings import Settings, load_settings
from tests.waiting import WaitingClock

# The same examples on every machine, and no failure because a machine is slow.
hypothesis.settings.register_profile("project", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.load_profile("project")

FIRST_MORNING = datetime(2026, 3, 2, 3, tzinfo=UTC)
SECRETS = {"awin": "BRAND_AWIN_TOKEN", "cj": "BRAND_CJ_TOKEN"}
HASH_KEY = "BRAND_HASH_KEY"
# How `affiliate.toml` begins.
BRAND = (
    "[brand]",
    'name = "Acme"',
    'reporting_currency = "EUR"',
    'time_zone = "Europe/Berlin"',
    "start_date = 2026-01-01",
    "[privacy]",
    f'hash_key = "env:{HASH_KEY}"',
)


@pytest.fixture(scope="session")
def small_world() -> World:
    return build_world(WorldConfig(seed=7, start=date(2026, 1, 1), days=70, orders_per_day=15))


@dataclass
class Brand:
    """A configured brand: its settings, the sandbox behind them, and one night of one source at a time."""

    settings: Settings
    sandbox: Sandbox
    world: World
    exports: Path
    connectors: dict[str, Connector]
    clock: WaitingClock
    runs: int = 0

    def pull(self, network: str, at: datetime, *, requested: Span | None = None, follow_changes: bool = True) -> Night:
        self.sandbox.set_clock(at)
        self.runs += 1
        return run_network(
            self.settings,
            self.connectors[network],
            requested=requested,
            follow_changes=follow_changes,
            run_id=f"run-{self.runs}",
            as_of=at,
        )

    def load_exports(self, at: datetime) -> Night:
        self.runs += 1
        return run_files(self.settings, CRM, run_id=f"run-{self.runs}", as_of=at)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()


@pytest.fixture
def brand(small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brand]:
    clock = WaitingClock()
    clock.install(monkeypatch)
    with Sandbox(small_world, clock=FIRST_MORNING, now=clock) as sandbox:
        for network, variable in SECRETS.items():
            monkeypatch.setenv(variable, sandbox.token(network))
        monkeypatch.setenv(HASH_KEY, "a key for invented customers")
        path = tmp_path / "affiliate.toml"
        path.write_text(_toml(sandbox, small_world), encoding="utf-8")
        exports = tmp_path / "exports"
        exports.mkdir()
        yield Brand(load_settings(path), sandbox, small_world, exports, api_connectors(), clock)


def _toml(sandbox: Sandbox, world: World) -> str:
    lines = list(BRAND)
    for stream in ("orders", "touchpoints"):
        lines += ["[[exports]]", f'stream = "{stream}"', f'path = "exports/{stream}_*.csv"']
    for account in world.accounts:
        lines += [
            "[[accounts]]",
            f'network = "{account.network}"',
            f'account_id = "{account.account_id}"',
            f'currency = "{account.currency}"',
            f'base_url = "{sandbox.url(account.network)}"',
            "[accounts.credentials]",
            f'token = "env:{SECRETS[account.network]}"',
        ]
    return "\n".join(lines) + "\n"
