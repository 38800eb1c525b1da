"""Sends an answer the way its `Delivery` tells, down to the socket."""

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import cast

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from affiliate_assets.sandbox.wire import Answer, Delivery

_PIECES = 20
#: Longest wait for a client to take what is under way, in seconds.
_PATIENCE = 5.0


class Protocol(H11Protocol):
    """uvicorn's protocol, with itself in each request's state.

    Attributes:
        doomed: The next byte that comes in resets the connection.
    """

    doomed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the protocol where `_Broken` finds it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "protocol": self}

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        if self.doomed:
            _reset(self.transport)
        else:
            super().data_received(data)


def response(answer: Answer, clock: datetime, drip_seconds: float) -> Response:
    """Return what the application sends for an answer.

    Args:
        answer: The answer.
        clock: Its Date, UTC.
        drip_seconds: How long a drip takes from the head to the last byte.
    """
    headers = {**answer.headers, "Date": format_datetime(clock, usegmt=True)}
    if answer.delivery is Delivery.WHOLE:
        return Response(answer.body, answer.status, headers)
    return _Broken(answer, headers, drip_seconds)


def dated(application: ASGIApp, clock: Callable[[], datetime]) -> ASGIApp:
    """Return the application with a Date on every answer that has none."""

    async def dating(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start" and not any(name == b"date" for name, _ in message["headers"]):
                date = format_datetime(clock(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await application(scope, receive, send_dated)

    return dating


class _Broken(Response):
    """An answer whose bytes do not travel as they should."""

    def __init__(self, answer: Answer, headers: dict[str, str], drip_seconds: float) -> None:
        super().__init__(answer.body, answer.status, headers)
        self._delivery, self._drip_seconds = answer.delivery, drip_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol: Protocol = scope["state"]["protocol"]
        transport, body = protocol.transport, bytes(self.body)
        if self._delivery is Delivery.DRIP:
            await self._drip(transport, body, send)
            return
        if self._delivery is Delivery.RESET_AFTER:
            protocol.doomed = True
            await super().__call__(scope, receive, send)
            return
        if self._delivery is not Delivery.RESET_BEFORE:
            transport.write(self._bytes(body))
            await _taken(transport)
        if self._delivery in (Delivery.RESET_BEFORE, Delivery.RESET_INSIDE, Delivery.RESET_AT_END):
            _reset(transport)
        else:
            transport.close()
        # The server takes an answer that never came through it as sent only when the connection is gone.
        while (await receive())["type"] != "http.disconnect":
            pass

    def _bytes(self, body: bytes) -> bytes:
        lines = [b"HTTP/1.1 %d %b" % (self.status_code, HTTPStatus(self.status_code).phrase.encode())]
        sized = self._delivery in (Delivery.RESET_INSIDE, Delivery.CLOSED_INSIDE)
        lines += [name + b": " + value for name, value in self.raw_headers if sized or name != b"content-length"]
        if sized:
            body = body[: len(body) // 2]
        elif self._delivery is Delivery.UNENDED:
            lines.append(b"transfer-encoding: chunked")
            body = b"%x\r\n%b\r\n" % (len(body), body)
        return b"\r\n".join([*lines, b"", b""]) + body

    async def _drip(self, transport: asyncio.Transport, body: bytes, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for message in _pieces(body, self._drip_seconds):
            if transport.is_closing():
                return
            await send(message)


async def _pieces(body: bytes, seconds: float) -> AsyncIterator[Message]:
    size = -(-len(body) // _PIECES) or 1
    starts = range(0, len(body), size)
    for start in starts:
        await asyncio.sleep(seconds / len(starts))
        more = start + size < len(body)
        yield {"type": "http.response.body", "body": body[start : start + size], "more_body": more}


async def _taken(transport: asyncio.Transport) -> None:
    """Wait until the other side's kernel has every byte: a reset throws away what is still here."""
    handle = cast(socket.socket, transport.get_extra_info("socket"))
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + _PATIENCE, 0.0
    while not transport.is_closing() and loop.time() < deadline:
        (unsent,) = struct.unpack("i", fcntl.ioctl(handle.fileno(), termios.TIOCOUTQ, bytes(4)))
        if not transport.get_write_buffer_size() and not unsent:
            return
        await asyncio.sleep(pause)
        pause = min(0.001, pause + 0.000_1)


def _reset(transport: asyncio.Transport) -> None:
    handle = cast(socket.socket, transport.get_extra_info("socket"))
    with suppress(OSError):
        # Closing with a linger time of zero sends RST instead of FIN.
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
