"""Control totals: what the network's own report says of the days that were read.

A report is independent of the listing that it controls, so a listing that was cut without a word shows here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from affiliate_assets.connectors.language import ApiStream, ControlTotals
from affiliate_assets.connectors.planning import Span, union
from affiliate_assets.errors import AffiliateError, Where
from affiliate_assets.http.calls import About
from affiliate_assets.http.client import NetworkClient
from affiliate_assets.landing.pages import ControlReport, Manifest, WindowFolder

log = logging.getLogger(__name__)


def ask_control_totals(
    client: NetworkClient,
    landing: Path,
    streams: Iterable[ApiStream],
    manifests: Iterable[Manifest],
    complete: Mapping[str, Iterable[Span]],
) -> None:
    """Ask one report a stream over all whole days that were ever read, tonight's windows on its first clock included.

    The answer is kept in the manifest of the last of these windows; it is compared once the pages are loaded. No
    report is asked while a window is missing, or where no day is over yet. One that is not answered is made up for
    by the next, which reaches back as far.
    """
    for stream in {stream.name: stream for stream in streams}.values():
        if stream.control is None:
            continue
        read = [m for m in manifests if m.stream == stream.name and m.clock == stream.clocks[0].name]
        span = control_span(stream.control, read, complete.get(stream.name, ()))
        if span is None:
            continue
        last = read[-1]
        try:
            _ask(client, stream.control, span, WindowFolder(landing, last))
        except AffiliateError as error:
            log.warning("No control total: %s", error.at(Where(last.network, last.account_id, stream.name)))


def _ask(client: NetworkClient, control: ControlTotals, span: Span, folder: WindowFolder) -> None:
    """Put the report into the window's manifest; what it cost counts as the window's, also where none is had."""
    window, effort = folder.manifest, client.effort
    before, waited = (effort.requests, effort.retries), client.waited_seconds
    try:
        about = About(window.stream, window.window_id, purpose="control")
        reply = client.send(control.request(window.account_id, span.start, span.end), control.read, about)
        total, at = reply.value, datetime.now(UTC)
        window.control = ControlReport(span.start, span.end, total.records, str(total.amount), reply.call_id, at)
    finally:
        window.requests += effort.requests - before[0]
        window.retries += effort.retries - before[1]
        window.waited_seconds = round(window.waited_seconds + client.waited_seconds - waited, 3)
        folder.save()


def control_span(control: ControlTotals, read: list[Manifest], complete: Iterable[Span] = ()) -> Span | None:
    """The whole UTC days without a gap, ending with tonight's last window, that were over when it was read.

    None without any, or while one of tonight's windows is missing.
    """
    tonight = [Span(m.window_start, m.window_end) for m in read if m.window_start and m.window_end]
    if not tonight or any(manifest.status != "complete" for manifest in read):
        return None
    end = max(span.end for span in tonight)
    (stretch,) = [span for span in union([*tonight, *complete]) if span.start < end <= span.end]
    first = midnight(stretch.start)
    if first < stretch.start:
        first += timedelta(days=1)
    last = midnight(min(stretch.end, *(manifest.as_of for manifest in read)))
    first = max(first, last - control.max_span)
    return Span(first, last) if first < last else None


def midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
