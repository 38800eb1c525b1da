"""Connections that end early, drip or stay silent, and bodies that are not whole."""

from __future__ import annotations

import gzip
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from affiliate_assets.connectors.language import Request
from affiliate_assets.errors import RetryableError
from affiliate_assets.http.client import RetryBounds

from .support import WHOLE, Scripted, client, serving, socket_serving

pytestmark = pytest.mark.usefixtures("token")
ASK = Request("GET", "A1/sales")


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_an_answer_cut_short_is_tried_again(tmp_path: Path) -> None:
    cut = Scripted(200, b"[]", (("Content-Length", "400"), ("Connection", "close")))
    with serving([cut, Scripted(200, b"[1]")]) as server:
        assert client(server.url, tmp_path).send(ASK).answer.body == b"[1]"


@pytest.mark.parametrize("how", [reset, socket.socket.close])
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConte",
        b"HTTP/1.1 200 OK\r\nServer: x\r\n",
        WHOLE[:-3],
        WHOLE[:-2],
        b"nonsense\r\n\r\n",
    ],
)
def test_a_connection_that_ends_early_is_tried_again(
    tmp_path: Path, sent: bytes, how: Callable[[socket.socket], None]
) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(WHOLE if number else sent)
        time.sleep(0.02)
        if not number:
            how(connection)

    with socket_serving(talk) as url:
        asking = client(url, tmp_path)
        assert asking.send(ASK).answer.body == b"[1]"
    assert (asking.effort.requests, asking.effort.retries) == (2, 1)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_slow_drip_cannot_hold_a_pull(tmp_path: Path, chunked: bool) -> None:
    head = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 100000"

    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        for _ in range(5_000):
            connection.sendall(b"1\r\n[\r\n" if chunked else b"[")
            time.sleep(0.02)

    started = time.monotonic()
    bounds = RetryBounds(attempts=2, seconds=60, first_wait=0.01, longest_wait=0.02, attempt_seconds=0.3)
    with socket_serving(talk) as url, pytest.raises(RetryableError) as caught:
        client(url, tmp_path, bounds).send(ASK)
    # The whole of it would take a hundred seconds.
    assert time.monotonic() - started < 50
    assert caught.value.cause == "timeout"


def test_a_slow_drip_of_headers_cannot_hold_a_pull_either(tmp_path: Path) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(5_000):
            connection.sendall(b"X-More: 1\r\n" if number else b"X")
            time.sleep(0.02)

    started = time.monotonic()
    bounds = RetryBounds(attempts=2, seconds=60, first_wait=0.01, longest_wait=0.02, attempt_seconds=0.1)
    with socket_serving(talk) as url, pytest.raises(RetryableError):
        client(url, tmp_path, bounds).send(ASK)
    assert time.monotonic() - started < 50


def test_silence_is_a_timeout(tmp_path: Path) -> None:
    bounds = RetryBounds(attempts=1, seconds=10, attempt_seconds=0.2)
    with socket_serving(lambda connection, number: time.sleep(0.5)) as url, pytest.raises(RetryableError) as caught:
        client(url, tmp_path, bounds).send(ASK)
    assert caught.value.cause == "timeout"


def test_a_chunked_answer_that_ends_early_is_tried_again(tmp_path: Path) -> None:
    def talk(connection: socket.socket, number: int) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\n[1]\r\n"
        connection.sendall(head + (b"0\r\n\r\n" if number else b""))

    with socket_serving(talk) as url:
        asking = client(url, tmp_path)
        assert asking.send(ASK).answer.body == b"[1]"
    assert asking.effort.retries == 1


ZIPPED = gzip.compress(b"[" + b"1," * 5000 + b"1]", mtime=0)


@pytest.mark.parametrize("broken", [ZIPPED[: len(ZIPPED) // 2], ZIPPED[:-4], ZIPPED[:-8] + b"\0" * 8, b"[1]"])
def test_a_broken_gzip_is_tried_again_and_a_whole_one_read(tmp_path: Path, broken: bytes) -> None:
    encoded = (("Content-Encoding", "gzip"),)
    with serving([Scripted(200, broken, encoded), Scripted(200, ZIPPED, encoded)]) as server:
        asking = client(server.url, tmp_path)
        assert asking.send(ASK).answer.body == gzip.decompress(ZIPPED)
    assert asking.effort.retries == 1
