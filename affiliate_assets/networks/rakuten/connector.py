"""Rakuten Advertising, advertiser's reporting service: how it is asked. Sources: README.md beside this."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from affiliate_assets.connectors.auth import QueryKeys
from affiliate_assets.connectors.language import Answer, ApiStream, Clock, Connector, RateLimit, Request, Window
from affiliate_assets.connectors.paging import WholeWindow
from affiliate_assets.errors import ConfigError, ContractError
from affiliate_assets.networks.rakuten.schema import LEDGER, LEDGER_FIELDS, LEDGER_FIELDS_DROPPED, REPORT

# The saved report that the operator makes in the dashboard; README.md lists its columns.
_PATH = "en/reports/affiliate-ledger/filters"
# A cancellation is entered by the end of the month after the sale: at most two months of 31 days.
_LATE = timedelta(days=62)
_DATES = {"transaction": "transaction_date", "process": "process_date"}


def _asked(account_id: str) -> dict[str, str]:
    network, dot, mid = account_id.partition(".")
    if not dot or not network or not mid:
        raise ConfigError(
            f"The account id {account_id!r} is not <network>.<MID>.",
            next_step='write account_id = "1.40771" in affiliate.toml: number of the network (1 is the US) and MID.',
        )
    return {"include_summary": "N", "network": network, "tz": "GMT"}


def _ledger(account_id: str, window: Window, cursor: str | None) -> Request:
    assert window.start is not None
    assert window.end is not None
    assert window.clock is not None
    # Whole days; whether the last one is included is not stated, so the day in which the window ends is named.
    span = {"start_date": f"{window.start:%Y-%m-%d}", "end_date": f"{window.end:%Y-%m-%d}"}
    return Request("GET", _PATH, {**span, **_asked(account_id), "date_type": window.clock})


def _probe(account_id: str) -> Request:
    return Request("GET", _PATH, {"date_range": "last-30-days", **_asked(account_id), "date_type": "process"})


def _within_what_was_asked(request: Request, answer: Answer) -> None:
    """Refuse lines of other days than were asked for: a filter that is not understood may be passed over.

    It also notices days and months that have changed places.
    """
    start, end, clock = (request.params[name] for name in ("start_date", "end_date", "date_type"))
    first, last, column = date.fromisoformat(str(start)), date.fromisoformat(str(end)), _DATES[str(clock)]
    for record in REPORT.records(answer.body):
        try:
            day = datetime.strptime(record.get(column, ""), "%m/%d/%y").replace(tzinfo=UTC).date()
        except ValueError:
            continue
        if not first <= day <= last:
            raise ContractError(
                f"Asked for {clock} dates from {first} to {last}, the report holds a line of {day}.",
                next_step="compare the report's filters and the form of its dates with the connector's README.",
            )


CONNECTOR = Connector(
    slug="rakuten",
    title="Rakuten Advertising",
    base_url="https://ran-reporting.rakutenmarketing.com",
    auth=QueryKeys({"token": "token"}),
    # Nothing is published for reports; for the interfaces of publishers, 100 a minute is hearsay.
    limits=(RateLimit(20, timedelta(minutes=1)),),
    limit_statuses=frozenset({403, 429}),
    probe=_probe,
    correction="negative_lines",
    tells_status=False,
    asks_for_utc=True,
    lock_rule="a cancellation is entered by the end of the month after the sale, and what is entered later is paid"
    " (linkshare-ec help, Japan)",
    owner="team:affiliate-data",
    docs_url="https://pubhelp.rakutenadvertising.com",
    streams=(
        ApiStream(
            name="ledger",
            description="One line of the ledger report: an article of a sale, or one that is taken back.",
            request=_ledger,
            paging=WholeWindow(shape=REPORT.array),
            key=("line_id",),
            allowed=LEDGER_FIELDS,
            dropped=LEDGER_FIELDS_DROPPED,
            schema=LEDGER,
            clocks=(
                Clock("transaction", "transaction_at", "sales, and late lines of theirs", _LATE),
                # Lines entered by hand may show some weeks after the date that they are given.
                Clock("process", "process_at", "lines entered since", timedelta(days=35)),
            ),
            # The longest range is not documented.
            max_span=timedelta(days=30),
            shortest_span=timedelta(days=1),
            agrees=_within_what_was_asked,
        ),
    ),
)
