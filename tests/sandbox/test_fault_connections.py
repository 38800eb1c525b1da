"""Connections that break or drip as described, once; the next call is whole."""

import json
import socket
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from affiliate_assets.sandbox import FAULTS, FaultServed, Sandbox, World

from .faults import NOW, QUERY, STRUCK
from .http_client import Bytes, awin, plain
from .test_awin import JANUARY

CONNECTION = [(network, kind) for network, kind in STRUCK if FAULTS[kind].group == "connection"]


def on_a_socket(sandbox: Sandbox, network: str, second: str) -> Bytes:
    """Ask the same as `ask` does, on a connection of its own."""
    if network == "awin":
        path = f"/advertisers/1001/transactions/?{urlencode(JANUARY)}"
        return plain(sandbox.url("awin") + path, sandbox.token("awin"))
    query = QUERY.replace("CURSOR", f', sinceCommissionId: "{second}"')
    return plain(f"{sandbox.url('cj')}/query", sandbox.token("cj"), {"query": query})


@pytest.mark.parametrize(("network", "kind"), CONNECTION)
def test_connections_break(sandbox: Sandbox, second: str, network: str, kind: str) -> None:
    """Bytes stop where the kind says, by RST or by FIN; the next call is whole."""
    true = on_a_socket(sandbox, network, second)
    sandbox.inject(network, kind)
    got = on_a_socket(sandbox, network, second)
    half, length = len(true.body) // 2, f"content-length: {len(true.body)}".encode()
    ended: dict[str, tuple[str, bytes]] = {
        "reset_before": ("reset", b""),
        "reset_inside": ("reset", true.body[:half]),
        "reset_at_end": ("reset", true.body),
        # Nobody uses a connection again that was asked to be closed.
        "reset_after": ("closed", true.body),
        "body_cut": ("closed", true.body[:half]),
        "chunks_unended": ("closed", b"%x\r\n%b\r\n" % (len(true.body), true.body)),
        "slow_drip": ("closed", true.body),
    }
    assert (got.ended, got.body) == ended[kind]
    assert (length in got.head) is (kind not in ("reset_before", "reset_at_end", "chunks_unended"))
    assert (b"HTTP/1.1 200 OK" in got.head) is (kind != "reset_before")
    assert sandbox.faults_served == [FaultServed(network, kind, sandbox.faults_served[0].call_index)]
    assert on_a_socket(sandbox, network, second).body == true.body


def test_a_drip_takes_its_time(world: World) -> None:
    """It lasts as long as told, other calls go on meanwhile, and a caller may give up."""
    with Sandbox(world, NOW, drip_seconds=0.4) as sandbox:
        sandbox.inject("awin", "slow_drip")
        got = plain(sandbox.url("awin") + "/accounts", sandbox.token("awin"))
        assert got.seconds > 0.39
        assert json.loads(got.body)["userId"]
    # Longer than any call of this test waits.
    with Sandbox(world, NOW, drip_seconds=600) as sandbox:
        sandbox.inject("awin", "slow_drip")
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as impatient:
            impatient.sendall(
                f"GET /awin/accounts HTTP/1.1\r\nAuthorization: Bearer {sandbox.token('awin')}\r\n".encode()
            )
            impatient.sendall(b"Host: sandbox\r\n\r\n")
            assert impatient.recv(15) == b"HTTP/1.1 200 OK"
            assert awin(sandbox, "/accounts").status == 200
        assert awin(sandbox, "/accounts").status == 200


def test_a_reset_after_the_body_strikes_the_next_call_on_that_connection(sandbox: Sandbox) -> None:
    """The answer is whole, the next call over the same connection dies unseen, a new connection works."""
    sandbox.inject("awin", "reset_after")
    connection, path = HTTPConnection("127.0.0.1", sandbox.port, timeout=5), "/awin/accounts"
    headers = {"Authorization": f"Bearer {sandbox.token('awin')}"}
    connection.request("GET", path, headers=headers)
    assert json.loads(connection.getresponse().read())["userId"]
    connection.request("GET", path, headers=headers)
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    connection.close()
    assert [call.fault for call in sandbox.calls] == ["reset_after"]
    assert awin(sandbox, "/accounts").status == 200
