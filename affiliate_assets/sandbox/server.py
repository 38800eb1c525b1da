"""The emulated networks over HTTP on the loopback interface, with a clock that only moves when set."""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from affiliate_assets.sandbox import control, delivery
from affiliate_assets.sandbox.answering import Answering
from affiliate_assets.sandbox.calls import Call
from affiliate_assets.sandbox.config import Account
from affiliate_assets.sandbox.corrections import Desks
from affiliate_assets.sandbox.faults import FaultServed
from affiliate_assets.sandbox.limits import Budget
from affiliate_assets.sandbox.network import Breach, Network, Setting, Window
from affiliate_assets.sandbox.registry import NETWORKS
from affiliate_assets.sandbox.serving import Serving
from affiliate_assets.sandbox.times import from_epoch, to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, Emulator, Tampering
from affiliate_assets.sandbox.world import World

#: Calls in the first of each network's windows.
LIMITS: Mapping[str, int] = {slug: network.limits[0].calls for slug, network in NETWORKS.items() if network.limits}
#: Real seconds that a call of a network with a cap on calls under way takes at least.
_HOLD = 0.02
_MINUTE = 60


class Sandbox:
    """Serves a world while its context is open.

    Args:
        world: The world to serve.
        clock: First instant of the frozen clock.
        port: Port on 127.0.0.1; 0 takes a free one.
        page_limit: Most rows in one answer of a network that has pages.
        limits: Calls allowed in a minute, by network; the published windows where a network is not named.
        limit_window: Real seconds that a minute of any window lasts.
        now: The monotonic clock that limits are counted by.
        pause_seconds: How long the faults that are forms of a limit tell to wait.
        drip_seconds: How long a dripping answer takes.

    Attributes:
        networks: The networks served.
        desks: What the brand tells the networks to decide.
        calls: All calls so far.
    """

    def __init__(
        self,
        world: World,
        clock: datetime,
        *,
        port: int = 0,
        page_limit: int = 10_000,
        limits: Mapping[str, int] | None = None,
        limit_window: float = 60.0,
        now: Callable[[], float] = time.monotonic,
        pause_seconds: int = 1,
        drip_seconds: float = 1.0,
    ) -> None:
        """Prepare the emulators; nothing listens yet."""
        self.world = world
        self.calls: list[Call] = []
        self._at = to_epoch(clock)
        self._now, self._drip = now, drip_seconds
        self._tampering = Tampering()
        self._declared: dict[str, Network] = {network.slug: network for network in world.market.networks}
        self.networks = tuple(self._declared)
        self._emulators: dict[str, Emulator] = {
            slug: network.emulator(
                Setting(world, network, network.accounts, self.credentials(slug), self._tampering, page_limit)
            )
            for slug, network in self._declared.items()
        }
        self.desks = Desks(self._emulators, lambda: self._at)
        asked = {slug: (Window(calls, _MINUTE),) for slug, calls in (limits or {}).items()}
        self._limits = {
            slug: Budget(asked.get(slug, network.limits), limit_window / _MINUTE, now)
            for slug, network in self._declared.items()
        }
        self._under_way: Counter[str] = Counter()
        self._failures: dict[str, list[Answer]] = {network: [] for network in self.networks}
        self._counts: Counter[str] = Counter()
        self._answering = Answering(world, self._emulators, self.credentials, pause_seconds, self._move)
        self._wanted_port, self._port = port, 0
        self._serving: Serving | None = None

    def __enter__(self) -> Self:
        """Listen on 127.0.0.1 and wait until calls are answered.

        Raises:
            OSError: The port is taken.
            RuntimeError: The server did not start within ten seconds.
        """
        self._serving = Serving(self._application(), self._wanted_port)
        self._port = self._serving.port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._serving is not None:
            self._serving.stop()
            self._serving = None

    def reset(self, clock: datetime) -> None:
        """Begin anew without stopping: forget calls, limits, canned failures, faults and tampering.

        No call may be under way.
        """
        self._at = to_epoch(clock)
        self.calls = []
        self._answering.reset()
        self.clear_faults()
        self._tampering.clear()
        self._counts.clear()
        for network in self.networks:
            self._limits[network].clear()
            self._failures[network].clear()

    @property
    def faults_served(self) -> list[FaultServed]:
        """All calls that got a fault."""
        return self._answering.served

    @property
    def clock(self) -> datetime:
        """The frozen clock, UTC."""
        return from_epoch(self._at)

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._port

    @property
    def breaches(self) -> list[Call]:
        """Calls refused because a limit was broken; canned answers and faults do not count."""
        return [call for call in self.calls if call.breach]

    def url(self, network: str) -> str:
        """Return a network's base URL."""
        return f"http://127.0.0.1:{self._port}/{network}"

    def base_url(self, account: Account) -> str:
        """Return where an account is asked: at the network, or at a place of its own below it."""
        own = f"/{account.account_id}" if self._declared[account.network].place_per_account else ""
        return f"{self.url(account.network)}{own}"

    def token(self, network: str) -> str:
        """Return the token that a network accepts, for all accounts of the world."""
        return f"sandbox-{network}-{self.world.config.seed:06d}"

    def credentials(self, network: str) -> dict[str, str]:
        """Return all secrets of a network's accounts, by the names that a connector asks for."""
        names = self._declared[network].secrets
        if names == ("token",):
            return {"token": self.token(network)}
        return {name: f"sandbox-{network}-{name}-{self.world.config.seed:06d}" for name in names}

    def set_clock(self, instant: datetime) -> None:
        """Set the clock, forwards or backwards."""
        self._at = to_epoch(instant)

    def _move(self, at: int) -> None:
        self._at = at

    def tamper(self, network: str, record_id: str, **changes: object) -> None:
        """Change fields of one record in all later answers.

        Args:
            network: The network.
            record_id: The record's id, as the network's emulator names it (Awin: transaction id; CJ: commissionId).
            changes: New values by field name, dots lead into objects (`**{"saleAmount.amount": "x"}`);
                `DELETE` takes the field out.
        """
        self._emulators[network]
        self._tampering.add(network, record_id, changes)

    def fail_next(
        self,
        network: str,
        status: int = 503,
        times: int = 1,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next calls of a network with the same failure."""
        text = body.encode() if isinstance(body, str) else body
        self._failures[network] += [Answer(status, text, 0, headers or {})] * times

    def inject(self, network: str, kind: str, *, after: int = 0, times: int = 1) -> None:
        """Let a fault strike calls of a network.

        Calls that it cannot strike (a fault of rows meets an answer without any) pass, and it waits for the next.

        Args:
            network: The network.
            kind: Name of the fault, see `FAULTS`.
            after: Calls of the network that pass before it; 0 strikes the next one.
            times: Outbreaks in a row; one outbreak of a storm is several calls.

        Raises:
            KeyError: There is no such network.
            ValueError: There is no such fault, or it makes no sense at that network.
        """
        self._answering.plan.inject(network, kind, self._counts[network] + after, times)

    def random_faults(self, seed: int, rate: float, kinds: Iterable[str] | None = None) -> None:
        """Give each later call of any network a fault with probability `rate`, replacing an earlier plan.

        Which call gets which fault depends on the seed, the place of the call among those of its network, and
        whether its answer can be struck; nothing else.

        Args:
            seed: Seed.
            rate: Probability between 0 and 1.
            kinds: Names of the faults to draw from; all of `FAULTS` where None.

        Raises:
            ValueError: There is no such fault, or the rate is no probability.
        """
        self._answering.plan.draw(seed, rate, kinds, {network: self._counts[network] for network in self.networks})

    def clear_faults(self) -> None:
        """Serve no more faults, and accept tokens again that died of one."""
        self._answering.plan.clear()
        self.revive()

    def revive(self) -> None:
        """Accept tokens again that died of a fault."""
        self._answering.dead.clear()

    def write_exports(self, folder: Path, since: datetime | None = None) -> tuple[Path, ...]:
        """Write the shop's files as of the clock; with `since` only what appeared or changed after it."""
        return self.world.write_exports(folder, self.clock, since)

    def write_drops(self, folder: Path) -> list[Path]:
        """Write the files of networks that are read by file, as of the clock, each account's in a folder of its own."""
        return self.world.write_drops(folder, self.clock)

    def _application(self) -> ASGIApp:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        catch_all = Route("/{network}/{path:path}", self._serve, methods=methods)
        inner = Starlette(routes=[*control.routes(self), catch_all], exception_handlers={404: _unknown})
        return delivery.dated(inner, lambda: self.clock)

    async def _serve(self, request: Request) -> Response:
        network = request.path_params["network"]
        emulator = self._emulators.get(network)
        if emulator is None:
            return Response(status_code=404)
        body = await request.body()
        ask = Ask(request.method, f"/{request.path_params['path']}", request.query_params, request.headers, body)
        token = emulator.token_of(ask)
        token_hash = hashlib.sha256(token.encode()).hexdigest()[:16] if token else ""
        received_at, canned, fault = self._now(), False, None
        index, declared = self._counts[network], self._declared[network]
        self._counts[network] += 1
        breach = self._limits[network].breach(token_hash if declared.limited_by_token else "", ask.path, self._at)
        if declared.concurrent and breach is None:
            self._under_way[network] += 1
            if self._under_way[network] > declared.concurrent:
                breach = Breach(1, None, self._at, concurrent=True)
            try:
                await asyncio.sleep(_HOLD)
            finally:
                self._under_way[network] -= 1
        if breach is not None:
            answer = declared.refusal(breach)
        elif self._failures[network]:
            answer, canned = self._failures[network].pop(0), True
        else:
            answer, fault = self._answering.answer(network, ask, index, self._at)
        posted = body.decode("utf-8", "replace") if request.method != "GET" else ""
        query = " ".join(filter(None, (request.url.query, posted)))
        call = Call(
            network, ask.method, ask.path, query, token_hash, answer.status, answer.rows, received_at, self.clock
        )
        self.calls.append(replace(call, canned=canned, fault=fault, breach=breach is not None))
        return delivery.response(answer, self.clock + timedelta(seconds=answer.date_shift), self._drip)


async def _unknown(request: Request, error: Exception) -> Response:
    return Response(status_code=404)
