"""The plan of a night in words: what is asked, why, in how many calls, and how long these take at the limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from affiliate_assets.connectors.files import FileSource
from affiliate_assets.connectors.language import Connector
from affiliate_assets.connectors.planning import seconds_at_limit
from affiliate_assets.landing.files import Drop
from affiliate_assets.landing.plan import AccountPlan
from affiliate_assets.landing.window import Question


def calls_of(questions: Sequence[Question]) -> int:
    """The calls of one account if every window fits on one page: the fewest that can find every change.

    A longer window takes one more for each further page, an asynchronous job one for each poll.
    """
    controlled = {q.stream.name for q in questions if q.stream.control and q.window.clock == q.stream.clocks[0].name}
    return sum(3 if question.stream.job else 1 for question in questions) + len(controlled)


def told(connector: Connector, plans: Sequence[AccountPlan]) -> Iterator[str]:
    """One line a window below one line an account, then the calls and the time of the network."""
    total = 0
    for plan in plans:
        calls = calls_of(plan.questions)
        total += calls
        yield f"{connector.title} {plan.account.account_id}: {len(plan.questions)} windows, {calls} calls"
        for question in plan.questions:
            gone_on = f", going on after page {len(question.unfinished.pages)}" if question.unfinished else ""
            yield f"  {question.stream.name}  {question.window}  ({question.window.reason}{gone_on})"
    if plans:
        limits = " and ".join(f"{limit.calls} in {_span(limit.per)}" for limit in connector.limits)
        time = duration(seconds_at_limit(total, connector.limits))
        yield f"{connector.title} in all: {total} calls, {time} at the published limit of {limits}"


def told_files(source: FileSource, drops: Sequence[Drop]) -> Iterator[str]:
    """How many files wait, then one line each."""
    yield f"{source.title}: {len(drops)} files to read, no calls"
    for drop in drops:
        stream = drop.stream.name if drop.stream else "of no stream"
        exported = f"{drop.exported_at():%Y-%m-%d %H:%MZ}"
        yield f"  {stream}  {drop.path.name}  (account {drop.account_id}, exported {exported})"


def duration(seconds: float) -> str:
    """A time as a person says it, to the minute; below one minute in seconds."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(math.ceil(whole / 60), 60)
    return " ".join([f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0))


def _span(per: timedelta) -> str:
    seconds = per.total_seconds()
    named = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour", 86400.0: "a day"}
    return named.get(seconds, f"{seconds:g} s")
