"""An application served on 127.0.0.1 by a thread of its own, started and stopped within milliseconds."""

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from affiliate_assets.sandbox.delivery import Protocol

_PATIENCE = 10.0


class _Server(uvicorn.Server):
    """uvicorn without its polling: it stops when told, and open connections do not hold it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.listening.set()
        await self._stopped.wait()

    def stop(self) -> None:
        """Stop from another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Serving:
    """One running server.

    Attributes:
        port: The port listened on.
    """

    def __init__(self, application: ASGIApp, port: int) -> None:
        """Listen on 127.0.0.1 and wait until calls are answered.

        Args:
            application: What answers.
            port: Port; 0 takes a free one.

        Raises:
            OSError: The port is taken.
            RuntimeError: The server did not start within ten seconds.
        """
        # Named as TCP, so that asyncio switches off the delay of small writes on its connections.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            raise
        self.port: int = listener.getsockname()[1]
        config = uvicorn.Config(
            application,
            http=Protocol,
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            lifespan="off",
            loop="asyncio",
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="sandbox", daemon=True)
        self._thread.start()
        if not self._server.listening.wait(_PATIENCE):
            raise RuntimeError("the sandbox did not start")

    def stop(self) -> None:
        """Stop listening and drop all connections."""
        self._server.stop()
        self._thread.join(_PATIENCE)
