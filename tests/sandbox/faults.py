"""Questions that every fault can strike, and what their answers hold."""

from collections.abc import Callable
from typing import Any

from affiliate_assets.sandbox import FAULTS, Sandbox

from .http_client import Reply, cj
from .reference import utc

Rows = list[dict[str, Any]]

QUERY = (
    '{ advertiserCommissions(forAdvertisers: ["4410927"], sincePostingDate: "2026-01-01T00:00:00Z", '
    'beforePostingDate: "2026-01-31T00:00:00Z"CURSOR) { count maxCommissionId payloadComplete '
    "records { commissionId orderId actionStatus saleAmountAdvCurrency coupon publisherName } } }"
)

STRUCK = [(network, kind) for kind, fault in FAULTS.items() for network in sorted(fault.networks)]

NOW = utc(2026, 2, 20, 3)


def cj_page(sandbox: Sandbox, cursor: str | None = None) -> Reply:
    """Ask CJ for a page of January."""
    return cj(sandbox, QUERY.replace("CURSOR", "" if cursor is None else f', sinceCommissionId: "{cursor}"'))


def payload(reply: Reply) -> dict[str, Any]:
    """Return CJ's object around the records."""
    found: dict[str, Any] = reply.json()["data"]["advertiserCommissions"]
    return found


def rows(network: str, reply: Reply) -> Rows:
    """Return the records of an answer."""
    found: Rows = reply.json() if network == "awin" else payload(reply)["records"]
    return found


def struck(sandbox: Sandbox, ask: Callable[[str], Reply], network: str, kind: str) -> tuple[Reply, Reply]:
    """Return the true answer and the struck one; asked again, the truth is back."""
    true = ask(network)
    sandbox.inject(network, kind)
    got = ask(network)
    assert [(served.network, served.kind) for served in sandbox.faults_served] == [(network, kind)]
    assert sandbox.calls[-1].fault == kind
    assert sandbox.breaches == []
    sandbox.clear_faults()
    assert ask(network).body == true.body
    return true, got
