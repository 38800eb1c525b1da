"""The emulated networks over HTTP on the loopback interface, with a clock that only moves when set."""

import hashlib
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from affiliate_assets.sandbox import control, delivery
from affiliate_assets.sandbox.awin import AwinEmulator
from affiliate_assets.sandbox.calls import Call
from affiliate_assets.sandbox.cj import CjEmulator
from affiliate_assets.sandbox.config import DAY, networks
from affiliate_assets.sandbox.faults import FaultPlan, FaultServed
from affiliate_assets.sandbox.hits import Hit, anonymous
from affiliate_assets.sandbox.serving import Serving
from affiliate_assets.sandbox.times import from_epoch, to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, Emulator, RollingLimit, Tampering
from affiliate_assets.sandbox.world import World

#: Calls a minute of one token: Awin publishes it, for CJ it is the polite ceiling.
LIMITS: Mapping[str, int] = {"awin": 20, "cj": 25}


class Sandbox:
    """Serves a world while its context is open.

    Args:
        world: The world to serve.
        clock: First instant of the frozen clock.
        port: Port on 127.0.0.1; 0 takes a free one.
        page_limit: Most rows in one CJ answer.
        limits: Calls allowed in a window, by network; `LIMITS` where a network is not named.
        limit_window: Length of that window in seconds of real time.
        now: The monotonic clock that limits are counted by.
        pause_seconds: How long the faults that are forms of a limit tell to wait.
        drip_seconds: How long a dripping answer takes.

    Attributes:
        calls: All calls so far.
        faults_served: All calls that got a fault.
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
        self.faults_served: list[FaultServed] = []
        self._at = to_epoch(clock)
        self._now, self._pause, self._drip = now, pause_seconds, drip_seconds
        self._tampering = Tampering()
        self._emulators: dict[str, Emulator] = {
            "awin": AwinEmulator(world, self.token("awin"), self._tampering),
            "cj": CjEmulator(world, self.token("cj"), self._tampering, page_limit),
        }
        allowed = {**LIMITS, **(limits or {})}
        self._limits = {network: RollingLimit(allowed[network], limit_window, now) for network in networks()}
        self._failures: dict[str, list[Answer]] = {network: [] for network in networks()}
        self._counts: Counter[str] = Counter()
        self._plan = FaultPlan()
        self._dead: set[str] = set()
        self._posted = [row.posted_at for row in world.ledger]
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
        self.calls, self.faults_served = [], []
        self.clear_faults()
        self._tampering.clear()
        self._counts.clear()
        for network in networks():
            self._limits[network].clear()
            self._failures[network].clear()

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
        return [call for call in self.calls if call.status == 429 and not call.canned and call.fault is None]

    def url(self, network: str) -> str:
        """Return a network's base URL."""
        return f"http://127.0.0.1:{self._port}/{network}"

    def token(self, network: str) -> str:
        """Return the token that a network accepts, for all accounts of the world."""
        return f"sandbox-{network}-{self.world.config.seed:06d}"

    def set_clock(self, instant: datetime) -> None:
        """Set the clock, forwards or backwards."""
        self._at = to_epoch(instant)

    def tamper(self, network: str, record_id: str, **changes: object) -> None:
        """Change fields of one record in all later answers.

        Args:
            network: The network.
            record_id: Awin: transaction id; CJ: commissionId.
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
        self._plan.inject(network, kind, self._counts[network] + after, times)

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
        self._plan.draw(seed, rate, kinds, {network: self._counts[network] for network in networks()})

    def clear_faults(self) -> None:
        """Serve no more faults, and accept tokens again that died of one."""
        self._plan.clear()
        self.revive()

    def revive(self) -> None:
        """Accept tokens again that died of a fault."""
        self._dead.clear()

    def write_exports(self, folder: Path, since: datetime | None = None) -> tuple[Path, Path]:
        """Write the shop's files as of the clock; with `since` only what appeared or changed after it."""
        return self.world.write_exports(folder, self.clock, since)

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
        index = self._counts[network]
        self._counts[network] += 1
        if not self._limits[network].allows(token_hash):
            answer = Answer(429)
        elif self._failures[network]:
            answer, canned = self._failures[network].pop(0), True
        else:
            answer, fault = self._answer(network, emulator, ask, index)
        query = body.decode("utf-8", "replace") if request.method == "POST" else request.url.query
        call = Call(
            network, ask.method, ask.path, query, token_hash, answer.status, answer.rows, received_at, self.clock
        )
        self.calls.append(replace(call, canned=canned, fault=fault))
        return delivery.response(answer, self.clock + timedelta(seconds=answer.date_shift), self._drip)

    def _answer(self, network: str, emulator: Emulator, ask: Ask, index: int) -> tuple[Answer, str | None]:
        """Return the answer to a call and the name of the fault in it."""
        if network in self._dead:
            self.faults_served.append(FaultServed(network, "token_death", index))
            return emulator.answer(anonymous(ask), self._at), "token_death"
        answer = emulator.answer(ask, self._at)

        def kill() -> Answer:
            self._dead.add(network)
            return emulator.answer(anonymous(ask), self._at)

        def hit(rng: Random) -> Hit:
            return Hit(network, ask, self._at, answer, rng, self._pause, emulator.answer, self._advance, kill)

        struck = self._plan.strike(network, index, hit)
        if struck is None:
            return answer, None
        fault, answer, call = struck
        self.faults_served.append(FaultServed(network, fault.name, index, call.record))
        return answer, fault.name

    def _advance(self) -> int:
        """Move the clock by five minutes, or on to CJ's next row if that is later but within a day."""
        place = bisect_right(self._posted, self._at)
        following = self._posted[place] if place < len(self._posted) else self._at
        self._at = max(self._at + 300, following if following <= self._at + DAY else 0)
        return self._at


async def _unknown(request: Request, error: Exception) -> Response:
    return Response(status_code=404)
