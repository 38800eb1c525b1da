"""One world for all tests of the sandbox, and the sandbox that serves it."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

import pytest

from affiliate_assets.sandbox import Sandbox, World, WorldConfig, build_world

from .faults import cj_page, payload
from .http_client import Reply, awin
from .reference import utc
from .test_awin import JANUARY


@pytest.fixture(scope="session")
def world() -> World:
    """Return a world of the smallest size that promises every kind."""
    return build_world(WorldConfig(seed=3, start=date(2026, 1, 1), days=60, orders_per_day=15))


@pytest.fixture(scope="session")
def now() -> datetime:
    """Return an instant at which the world has decided and undecided records."""
    return utc(2026, 2, 20, 3)


@pytest.fixture
def sandbox(world: World, now: datetime) -> Iterator[Sandbox]:
    """Serve the world with limits far away."""
    with Sandbox(world, now, page_limit=50, limits={"awin": 1_000, "cj": 1_000}, drip_seconds=0.2) as running:
        yield running


@pytest.fixture
def second(sandbox: Sandbox) -> str:
    """Return CJ's cursor to the second page."""
    return str(payload(cj_page(sandbox))["maxCommissionId"])


@pytest.fixture
def ask(sandbox: Sandbox, second: str) -> Callable[[str], Reply]:
    """Ask for something that every fault can strike: Awin's January, the second page of CJ's."""

    def asked(network: str) -> Reply:
        if network == "awin":
            return awin(sandbox, "/advertisers/1001/transactions/", **JANUARY)
        return cj_page(sandbox, second)

    return asked
