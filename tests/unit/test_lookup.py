"""Values that requests leave to the network to tell: asked for once, and put in place before anything goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from affiliate_assets.connectors.language import Answer, Request
from affiliate_assets.connectors.lookup import Lookup
from affiliate_assets.errors import ContractError
from affiliate_assets.http.calls import About

from .support import Scripted, client, listening

pytestmark = pytest.mark.usefixtures("token")


def zone(answer: Answer) -> int:
    for entry in json.loads(answer.body):
        if entry["name"] == "UTC":
            return int(entry["id"])
    raise ContractError("There is no UTC.", next_step="look.")


ZONE = Lookup(Request("GET", "zones"), zone)
PLACE = Lookup(Request("GET", "zones", {"of": "place"}), lambda answer: "here & there")


class Network:
    """Tells the zones and notes what else it was asked."""

    def __init__(self, zones: bytes = b'[{"name": "UTC", "id": 131}]') -> None:
        self.zones = zones
        self.asked: list[tuple[str, bytes]] = []

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Scripted:
        self.asked.append((path, body))
        return Scripted(200, self.zones if path.startswith("/zones") else b"[]")


def test_a_value_is_asked_for_once_and_stands_in_every_request_that_needs_it(tmp_path: Path) -> None:
    network = Network()
    with listening(network.respond) as url:
        asking = client(url, tmp_path)
        for page in ("1", "2"):
            asking.send(Request("POST", "report", {"page": page}, json={"zone": ZONE, "query": {"zone": 1}}))
        asking.send(Request("GET", "report", {"zone": ZONE, "place": PLACE}))  # type: ignore[dict-item]
    paths = [path for path, _ in network.asked]
    assert paths == [
        "/zones",
        "/report?page=1",
        "/report?page=2",
        "/zones?of=place",
        "/report?zone=131&place=here+%26+there",
    ]
    assert [json.loads(body) for path, body in network.asked if "page" in path] == [
        {"zone": 131, "query": {"zone": 1}}
    ] * 2
    assert asking.effort.requests == 5


def test_a_request_without_one_asks_for_nothing_else(tmp_path: Path) -> None:
    network = Network()
    with listening(network.respond) as url:
        client(url, tmp_path).send(Request("POST", "report", json={"zone": 67}))
    assert network.asked == [("/report", b'{"zone": 67}')]


def test_a_value_that_is_not_told_keeps_the_request_from_going_out_and_is_asked_for_again(tmp_path: Path) -> None:
    network = Network(b"[]")
    with listening(network.respond) as url:
        asking = client(url, tmp_path)
        for _ in range(2):
            with pytest.raises(ContractError, match="There is no UTC") as caught:
                asking.send(Request("POST", "report", json={"zone": ZONE}), about=About("sales"))
            assert caught.value.where.stream == "sales"
    assert [path for path, _ in network.asked] == ["/zones", "/zones"]
