"""`docs/networks.md`, made of the declarations and the status maps."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from affiliate_assets.connectors.auth import Basic, BearerToken, HeaderKeys, OAuth2, QueryKeys, SignedRequest
from affiliate_assets.connectors.corrections import Corrections
from affiliate_assets.connectors.files import FileConnector, FileStream
from affiliate_assets.connectors.language import ApiStream, Connector, RateLimit
from affiliate_assets.connectors.source import Network

_BEGIN = """# Networks

Made of the declarations in `affiliate_assets/networks/` and of the status maps: `affiliate network --docs` writes this
page anew, and a test keeps it true. What is known of a network, how sure it is and what is read cautiously stands in
its own README. How to add one: [adding-a-network.md](adding-a-network.md).

A clock is one of the network's own times that a window can be read against. The first clock of a stream dates the
record; together they see every change that a network lets one ask for. A record that is still open is read again until
its state is terminal, however old it is.

A tracker logs once more what the networks report: its conversions claim no order, its clicks are touchpoints.
"""
_END = """
The brand's own side, orders and touchpoints, comes from CSV files: `affiliate_assets/crm/streams.py`.
"""
_CORRECTIONS = {
    "in_place": "in place",
    "extra_rows": "rows that net",
    "negative_lines": "negative lines",
    "none": "none",
}


def networks_page(connectors: Iterable[Network], seeds: Path) -> str:
    """The page about these networks; `seeds` is the folder of the status maps."""
    every = list(connectors)
    asked = [connector for connector in every if isinstance(connector, Connector)]
    dropped = [connector for connector in every if isinstance(connector, FileConnector)]
    parts = [
        _BEGIN,
        "## Access",
        _table(
            "Network | Slug | Host | Authentication | Credentials | Limits of a credential | Owner",
            (_access(connector) for connector in asked),
        ),
        "## What they tell",
        _table(
            "Network | Role | Streams | Corrections | Status | Payment | Currency in settings | Final when",
            (_told(connector) for connector in every),
        ),
        "Pending conversions that a contract approves by itself after some days: `validation_days` in"
        " `dbt_project/dbt_project.yml`, one entry a network.",
        "## Streams",
        _table(
            "Network | Stream | Clocks (overlap) | Longest window | Still open, read again | Control total | Key",
            (_stream(connector, stream) for connector in asked for stream in connector.streams),
        ),
        "## What they are told",
        "What the brand approves, declines and amends by `affiliate corrections`; the others are told by a person.",
        _table(
            "Network | Approve | Decline | Amend | How | Most in one | Shows within | Codes | Source",
            (_corrected(connector, connector.corrections) for connector in asked if connector.corrections),
        ),
        "## By file",
        "Read from files that somebody drops: `files` in the account tells where. XLSX is read as CSV is.",
        _table(
            "Network | Slug | Stream | Delimiter | Encoding | Numbers | Zone | Identity | Owner",
            (_by_file(connector, stream) for connector in dropped for stream in connector.streams),
        ),
        "## Status maps",
    ]
    for connector in every:
        parts += [f"### {connector.title}", _status_map(connector, seeds / f"status_map__{connector.slug}.csv")]
    return "\n".join(f"{part}\n" if not part.endswith("\n") else part for part in [*parts, _END.strip()])


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit."""
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{length.total_seconds():g} s"


def _access(connector: Connector) -> tuple[str, ...]:
    limits = ", ".join(_limit(limit) for limit in connector.limits)
    return (
        _link(connector),
        f"`{connector.slug}`",
        f"`{urlsplit(connector.base_url).netloc}`",
        _authentication(connector),
        ", ".join(f"`{name}`" for name in connector.auth.secrets),
        limits + (", one at a time" if connector.one_at_a_time else ""),
        connector.owner,
    )


def _limit(limit: RateLimit) -> str:
    return f"{limit.calls:,} in {span(limit.per)}"


def _authentication(connector: Connector) -> str:
    match connector.auth:
        case BearerToken():
            return "bearer token"
        case Basic():
            return "HTTP Basic"
        case HeaderKeys(headers=headers):
            return f"header {', '.join(f'`{name}`' for name in headers)}"
        case QueryKeys(parameters=parameters):
            return f"query {', '.join(f'`{name}`' for name in parameters)}"
        case OAuth2(grant=grant):
            return f"OAuth 2, {grant.replace('_', ' ')}"
        case SignedRequest():
            return "signed request"
        case _:
            return "session"


def _told(connector: Network) -> tuple[str, ...]:
    return (
        connector.title,
        connector.role,
        ", ".join(f"`{stream.name}`" for stream in connector.streams),
        _CORRECTIONS[connector.correction],
        "yes" if connector.tells_status else "no: `untracked_status`",
        "yes" if connector.tells_payment else "no",
        "required" if connector.needs_currency else "no" + (f": {connector.currency}" if connector.currency else ""),
        connector.lock_rule,
    )


def _corrected(connector: Connector, corrections: Corrections) -> tuple[str, ...]:
    codes = sorted({f"`{code}`" for code in corrections.reasons.values() if code})
    return (
        connector.title,
        *("yes" if action in corrections.actions else "no" for action in ("approve", "decline", "amend")),
        "a file that a person uploads" if corrections.by_hand else "call",
        f"{corrections.batch:,}",
        span(corrections.within),
        ", ".join(codes) or "–",
        corrections.source,
    )


def _stream(connector: Connector, stream: ApiStream) -> tuple[str, ...]:
    clocks = ", ".join(f"{clock.name} ({span(clock.overlap)})" for clock in stream.clocks)
    return (
        f"`{connector.slug}`",
        f"`{stream.name}`",
        clocks or "whole listing",
        span(stream.max_span) if stream.clocks else "–",
        _open(stream),
        "yes" if stream.control else "–",
        ", ".join(f"`{name}`" for name in stream.key),
    )


def _by_file(connector: FileConnector, stream: FileStream) -> tuple[str, ...]:
    form = stream.format
    return (
        _link(connector),
        f"`{connector.slug}`",
        f"`{stream.name}`",
        f"`{form.delimiter}`" if form.delimiter.isprintable() else "tab",
        ", else ".join(form.encodings),
        f"`1{form.thousands}234{form.decimal}56`",
        stream.time_zone,
        ", ".join(f"`{name}`" for name in stream.identity or stream.key),
        connector.owner,
    )


def _link(connector: Network) -> str:
    return f"[{connector.title}](../affiliate_assets/networks/{connector.slug}/README.md)"


def _open(stream: ApiStream) -> str:
    rule = stream.open_records
    if rule is None:
        return "–"
    words = ", ".join(
        [f"`{word}`" for word in sorted(rule.words)] + [f"`{word}` until it is paid" for word in sorted(rule.payable)]
    )
    rhythm = f"after {span(rule.reread_after)}" if rule.reread_after else "every night"
    return f"{words}, {rhythm}" + (f", {rule.keys_per_call} ids a call" if rule.keys_per_call else "")


def _status_map(connector: Network, path: Path) -> str:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    rows = list(csv.DictReader(text.splitlines()))
    if not rows:
        return f"{connector.title} tells no state that could be mapped."
    return _table(
        "Field | Word | Status | Lock | Payment | Row | Source",
        (
            (
                f"`{row['raw_field']}`",
                f"`{row['raw_word']}`",
                *(row[name] or "–" for name in ("status", "lock_state", "payment_state", "row_kind")),
                f"[{row['source']}]({row['source_url']}), {row['source_date']}",
            )
            for row in rows
        ),
    )


def _table(heading: str, rows: Iterable[tuple[str, ...]]) -> str:
    columns = heading.count("|") + 1
    cells = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join([f"| {heading} |", "|" + "---|" * columns, *(f"| {row} |" for row in cells)])
