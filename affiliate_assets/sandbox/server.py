"""The emulated networks over HTTP on the loopback interface, with a clock that only moves when set."""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from affiliate_assets.sandbox.awin import AwinEmulator
from affiliate_assets.sandbox.cj import CjEmulator
from affiliate_assets.sandbox.config import networks
from affiliate_assets.sandbox.times import from_epoch, to_epoch, zulu
from affiliate_assets.sandbox.wire import Answer, Ask, Emulator, RollingLimit, Tampering
from affiliate_assets.sandbox.world import World

#: Calls a minute of one token: Awin publishes it, for CJ it is the polite ceiling.
LIMITS: Mapping[str, int] = {"awin": 20, "cj": 25}


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the sandbox.

    Attributes:
        network: The network called.
        method: HTTP method.
        path: Path below the network's base, with its leading slash.
        query: Query string; for a POST, its body.
        token_hash: First 16 digits of the SHA-256 of the token sent, empty without one.
        status: Status of the answer.
        rows: Records in the answer.
        received_at: Seconds of the monotonic clock.
        sim_time: The sandbox's clock, UTC.
        canned: Whether the answer came from `fail_next`.
    """

    network: str
    method: str
    path: str
    query: str
    token_hash: str
    status: int
    rows: int
    received_at: float
    sim_time: datetime
    canned: bool = False


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
    ) -> None:
        """Prepare the emulators; nothing listens yet."""
        self.world = world
        self.calls: list[Call] = []
        self._at = to_epoch(clock)
        self._now = now
        self._tampering = Tampering()
        self._emulators: dict[str, Emulator] = {
            "awin": AwinEmulator(world, self.token("awin"), self._tampering),
            "cj": CjEmulator(world, self.token("cj"), self._tampering, page_limit),
        }
        allowed = {**LIMITS, **(limits or {})}
        self._limits = {network: RollingLimit(allowed[network], limit_window, now) for network in networks()}
        self._failures: dict[str, list[Answer]] = {network: [] for network in networks()}
        self._wanted_port, self._port = port, 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Listen on 127.0.0.1 and wait until calls are answered.

        Raises:
            OSError: The port is taken.
            RuntimeError: The server did not start within ten seconds.
        """
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self._wanted_port))
        except OSError:
            listener.close()
            raise
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._application(),
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            lifespan="off",
            loop="asyncio",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="sandbox", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)

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
        """Calls refused because a limit was broken; canned answers do not count."""
        return [call for call in self.calls if call.status == 429 and not call.canned]

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

    def write_exports(self, folder: Path, since: datetime | None = None) -> tuple[Path, Path]:
        """Write the shop's files as of the clock; with `since` only what appeared or changed after it."""
        return self.world.write_exports(folder, self.clock, since)

    def _application(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(
            routes=[
                Route("/_sandbox/health", self._health),
                Route("/_sandbox/calls", self._list_calls),
                Route("/_sandbox/clock", self._move_clock, methods=["POST"]),
                Route("/{network}/{path:path}", self._serve, methods=methods),
            ],
            exception_handlers={404: self._unknown},
        )

    def _dated(self, response: Response) -> Response:
        response.headers["Date"] = format_datetime(self.clock, usegmt=True)
        return response

    async def _unknown(self, request: Request, error: Exception) -> Response:
        return self._dated(Response(status_code=404))

    async def _health(self, request: Request) -> Response:
        return self._dated(JSONResponse({"status": "ok", "now": zulu(self._at), "networks": list(networks())}))

    async def _list_calls(self, request: Request) -> Response:
        calls = [asdict(call) | {"sim_time": zulu(to_epoch(call.sim_time))} for call in self.calls]
        return self._dated(JSONResponse({"calls": calls, "breaches": len(self.breaches)}))

    async def _move_clock(self, request: Request) -> Response:
        try:
            self.set_clock(datetime.fromisoformat((await request.json())["now"]))
        except (ValueError, KeyError, TypeError) as error:
            return self._dated(JSONResponse({"error": f"now must be an instant with its offset: {error}"}, 400))
        return self._dated(JSONResponse({"now": zulu(self._at)}))

    async def _serve(self, request: Request) -> Response:
        network = request.path_params["network"]
        emulator = self._emulators.get(network)
        if emulator is None:
            return self._dated(Response(status_code=404))
        body = await request.body()
        ask = Ask(request.method, f"/{request.path_params['path']}", request.query_params, request.headers, body)
        token = emulator.token_of(ask)
        token_hash = hashlib.sha256(token.encode()).hexdigest()[:16] if token else ""
        received_at, canned = self._now(), False
        if not self._limits[network].allows(token_hash):
            answer = Answer(429)
        elif self._failures[network]:
            answer, canned = self._failures[network].pop(0), True
        else:
            answer = emulator.answer(ask, self._at)
        query = body.decode("utf-8", "replace") if request.method == "POST" else request.url.query
        self.calls.append(
            Call(
                network,
                ask.method,
                ask.path,
                query,
                token_hash,
                answer.status,
                answer.rows,
                received_at,
                self.clock,
                canned,
            )
        )
        return self._dated(Response(answer.body, answer.status, dict(answer.headers)))
