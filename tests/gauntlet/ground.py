"""Small worlds of the registry's networks, and a brand on each."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from affiliate_assets.connectors.language import Answer, ApiStream, Connector, RateLimit
from affiliate_assets.errors import AffiliateError, RateLimited
from affiliate_assets.http.tokens import forget_tokens
from affiliate_assets.landing.night import run_network
from affiliate_assets.landing.report import Night
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import NETWORKS as EMULATED
from affiliate_assets.sandbox import Sandbox, World, WorldConfig, build_world
from affiliate_assets.settings import Settings

# A network that has no emulator yet joins once it has one.
NETWORKS = tuple(slug for slug in api_connectors() if slug in EMULATED)
HASH_KEY = "GAUNTLET_HASH_KEY"
# So wide that no call waits; the plans with real budgets bring limits of their own.
WIDE = RateLimit(100_000, timedelta(milliseconds=20))
NO_LIMITS = dict.fromkeys(NETWORKS, 1_000_000)
# Streams that are asked day by day begin so long before the first morning; a file that is ordered takes three calls.
DAY_BY_DAY, ORDERED = timedelta(days=14), timedelta(days=3)

# Longest pause that a declaration takes a limit to mean where the network names none; the sandbox names as much.
PAUSE = 0.01

# Days after a world's first morning on which the network is pulled, in order.
Mornings = tuple[int, ...]


@dataclass(frozen=True)
class Ground:
    """The shape of a world and of its networks.

    Attributes:
        days: Days with orders before the first morning; the world itself goes on for two weeks.
        page_limit: Most rows in one answer of a network that has pages.
    """

    name: str
    seed: int
    days: int
    orders_per_day: int
    page_limit: int
    networks: tuple[str, ...]

    @property
    def first_morning(self) -> datetime:
        return datetime(2026, 1, 1, 3, tzinfo=UTC) + timedelta(days=self.days)

    def morning(self, day: int) -> datetime:
        return self.first_morning + timedelta(days=day)


def _grounds(networks: tuple[str, ...]) -> tuple[Ground, Ground]:
    """The two shapes of a world with these networks."""
    name = "-".join(networks)
    return (
        Ground(f"long-{name}", seed=11, days=58, orders_per_day=3, page_limit=5, networks=networks),
        Ground(f"busy-{name}", seed=12, days=36, orders_per_day=6, page_limit=12, networks=networks),
    )


def _shared(networks: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Two networks share a world, or three: few orders are enough, and what strikes one must not touch another."""
    if len(networks) < 4:
        return [networks]
    return [networks[:2], *_shared(networks[2:])]


GROUNDS = {network: _grounds(group) for group in _shared(NETWORKS) for network in group}


def ground_of(network: str, turn: int) -> Ground:
    """The world of a network's plan: one shape at a turn, the other one at the next; the first pair begins long."""
    return GROUNDS[network][(turn + (network not in NETWORKS[:2])) % 2]


@cache
def world_of(ground: Ground) -> World:
    config = WorldConfig(
        seed=ground.seed,
        start=date(2026, 1, 1),
        days=ground.days + 14,
        orders_per_day=ground.orders_per_day,
        networks=ground.networks,
    )
    return build_world(config)


def variable(network: str, name: str) -> str:
    """The variable of the environment that holds a credential."""
    return f"GAUNTLET_{network}_{name}".upper()


def environment(ground: Ground) -> dict[str, str]:
    """All credentials of a world's networks by variable."""
    return {
        variable(network, name): value
        for network in ground.networks
        for name, value in _credentials(ground, network).items()
    }


def secrets_of(ground: Ground) -> list[str]:
    """What must not be written anywhere: credentials, as they are and as they travel, and the tokens of sessions."""
    found = ["sandbox-session-"]
    for network in ground.networks:
        values = list(_credentials(ground, network).values())
        pairs = [f"{one}:{other}" for one in values for other in values if one != other]
        found += [*values, *(base64.b64encode(pair.encode()).decode() for pair in pairs)]
    return found


@cache
def _credentials(ground: Ground, network: str) -> dict[str, str]:
    return Sandbox(world_of(ground), ground.first_morning).credentials(network)


@cache
def connector_of(network: str, ground: Ground, at: datetime, limit: RateLimit = WIDE) -> Connector:
    """The network's declaration with another limit, without waits and allowances of a day, and with few single days."""
    connector = api_connectors()[network]

    def unhurried(stream: ApiStream) -> ApiStream:
        if stream.job is not None:
            job = replace(stream.job, every=timedelta(milliseconds=1), a_day=100_000)
            return replace(stream, job=job, history=at - ground.first_morning + ORDERED)
        if stream.clocks and stream.max_span <= timedelta(days=1):
            return replace(stream, history=at - ground.first_morning + DAY_BY_DAY)
        return stream

    def problem(answer: Answer) -> AffiliateError | None:
        error = connector.problem(answer)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            error.retry_after = min(error.retry_after, PAUSE)
        return error

    streams = tuple(map(unhurried, connector.streams))
    return replace(connector, limits=(limit,), streams=streams, problem=problem)


def first_asked(stream: ApiStream, settings: Settings, at: datetime) -> datetime:
    """The first instant that is wanted of a stream, and that the network still tells."""
    start = settings.start()
    return start if stream.history is None else max(start, last_asked(stream, at) - stream.history)


def last_asked(stream: ApiStream, at: datetime) -> datetime:
    """The instant up to which a stream is read."""
    if stream.day_is_whole_after is None:
        return at
    return (at - stream.day_is_whole_after).replace(hour=0, minute=0, second=0, microsecond=0)


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
                "base_url": sandbox.base_url(account),
                **({} if account.zone == "UTC" else {"time_zone": account.zone}),
                "credentials": {
                    name: f"env:{variable(account.network, name)}" for name in sandbox.credentials(account.network)
                },
            }
            for account in sandbox.world.accounts
        ],
        "config_path": root / "affiliate.toml",
    }
    return Settings.model_validate(document)


def pull(settings: Settings, connector: Connector, run_id: str, as_of: datetime) -> Night:
    return run_network(settings, connector, requested=None, follow_changes=True, run_id=run_id, as_of=as_of)


@contextmanager
def sandbox_of(
    ground: Ground,
    at: datetime,
    limits: dict[str, int] = NO_LIMITS,
    limit_window: float = 60.0,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Sandbox]:
    # As if the process had just started: another sandbox may have had this port.
    forget_tokens()
    # The hints to wait are fractions of a second, which the clients take as well.
    with Sandbox(
        world_of(ground),
        at,
        page_limit=ground.page_limit,
        limits=limits,
        limit_window=limit_window,
        pause_seconds=PAUSE,  # type: ignore[arg-type]
        drip_seconds=0.05,
        now=now,
    ) as sandbox:
        yield sandbox
