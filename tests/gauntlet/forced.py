"""How many calls the faults of a plan force, beyond those of nights without faults."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from affiliate_assets.connectors.language import ApiStream
from affiliate_assets.landing.pages import Manifest
from affiliate_assets.networks import api_connectors
from affiliate_assets.sandbox import EVERY_FAULT, Call
from affiliate_assets.sandbox import NETWORKS as EMULATED

from .excuses import LEFT_OUT
from .ground import Ground, connector_of, first_asked
from .running import Outcome

# Faults of paging that an answer on its own may not show.
UNTOLD = (*LEFT_OUT, "row_twice", "page_huge")
_CURSOR = re.compile(r",? *sinceCommissionId: *\\\"\d+\\\"")


def forced_calls(outcome: Outcome, network: str, made: Sequence[Call]) -> int:
    """The calls that the faults force. These are

    * every struck call, because it is asked once more, with a new session where the network has sessions;
    * the pages of a window with a record in it that is doubtful, because it is read once more;
    * where a report and the rows contradict each other, because one of them is cut or doubled: all windows of the
      report's span, and the report once more;
    * the pages that had been landed of a window that was not read to its end, and the three calls of its job;
    * what late records want read before a window that was not read to its end, as before every gap;
    * a window's other half, where it timed out as a whole;
    * the windows on the first clock instead of one on a clock that the network refuses;
    * a call of each account that was under way when the process died, and of each page that the disk did not take.
    """
    streams = api_connectors()[network].streams
    ground, days = outcome.plan.ground, outcome.plan.ground.days + outcome.clean
    reports = {path: stream for stream in streams for path in _report_paths(stream, ground, network)}
    questions: dict[tuple[str, str], set[str]] = {}
    for call in made:
        questions.setdefault(_question(network, call), set()).add(call.query)
    struck = [call for call in made if call.fault is not None]
    forced = (2 if EMULATED[network].sessions else 1) * len(struck)
    controlled = [stream for stream in streams if stream.control is not None]
    for call in struck:
        assert call.fault is not None
        contradicts = EVERY_FAULT[call.fault].group == "data" or call.fault in UNTOLD
        if call.path in reports or (controlled and call.fault in UNTOLD):
            span = max(stream.max_span for stream in controlled).days
            forced += math.ceil(days / span) + 1 if contradicts else 0
        elif contradicts:
            forced += len(questions[_question(network, call)])
        if call.status == 400:
            forced += sum(
                math.ceil(clock.instead / stream.max_span)
                for stream in streams
                for clock in stream.clocks
                if clock.instead is not None and clock.name in call.query
            )
    jobs = {stream.name for stream in streams if stream.job is not None}
    windows = [window for name, night in outcome.nights if name == network for window in night.windows]
    unread = [window for window in windows if window.status != "complete"]
    forced += sum(len(window.pages) + 3 * (window.stream in jobs) for window in unread)
    halved = {stream.name for stream in streams if stream.shortest_span is not None}
    forced += sum(1 for window in unread if window.status == "abandoned" and window.stream in halved)
    forced += _overlapping(outcome, network, unread)
    return forced + 2 * outcome.killed[network] + outcome.refused[network]


def _overlapping(outcome: Outcome, network: str, unread: Sequence[Manifest]) -> int:
    """How many more windows lead from the overlap before what was not read to the present than from there alone."""
    more: dict[tuple[str, str, str], int] = {}
    for window in unread:
        stream = connector_of(network, outcome.plan.ground, window.as_of).stream(window.stream)
        if window.window_start is None or window.clock != stream.clocks[0].name:
            continue
        earliest = first_asked(stream, outcome.settings, window.as_of)
        overlapped = max(earliest, window.window_start - stream.clocks[0].overlap)
        with_overlap, without = (
            math.ceil((window.as_of - start) / stream.max_span) for start in (overlapped, window.window_start)
        )
        of = (window.run_id, window.account_id, window.stream)
        more[of] = max(more.get(of, 0), with_overlap - without)
    return sum(more.values())


def _report_paths(stream: ApiStream, ground: Ground, network: str) -> list[str]:
    if stream.control is None:
        return []
    at = ground.first_morning
    accounts = [account.account_id for account in EMULATED[network].accounts]
    return ["/" + stream.control.request(account, at, at).path.lstrip("/") for account in accounts]


def _question(network: str, call: Call) -> tuple[str, str]:
    """What a call asks for, whichever page of it."""
    parameter = EMULATED[network].rows.page_parameter
    query = re.sub(rf"(?<![\w]){parameter}=[^& ]*&?", "", call.query) if parameter else call.query
    return call.path, _CURSOR.sub("", query)
