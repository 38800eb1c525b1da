"""impact.com, brand API version 14: how it is asked. Sources of every fact: README.md beside this file."""

from __future__ import annotations

import re
from datetime import timedelta

from affiliate_assets.connectors.auth import Basic
from affiliate_assets.connectors.language import (
    Answer,
    ApiStream,
    AsyncJob,
    Clock,
    Connector,
    JobStatus,
    OpenRecords,
    RateLimit,
    Request,
    Window,
)
from affiliate_assets.connectors.listing import Linked
from affiliate_assets.connectors.paging import too_large
from affiliate_assets.errors import AffiliateError, ConfigError, NetworkStopped, RetryableError
from affiliate_assets.http.answers import snippet
from affiliate_assets.networks.impact.answers import (
    clicks_of,
    echoes,
    job_id,
    job_status,
    listed,
    partners_of,
    whole_file,
)
from affiliate_assets.networks.impact.corrections import CORRECTIONS
from affiliate_assets.networks.impact.schema import (
    ACTION_FIELDS,
    ACTION_FIELDS_DROPPED,
    ACTION_UPDATE_FIELDS,
    ACTION_UPDATE_FIELDS_DROPPED,
    ACTION_UPDATES,
    ACTIONS,
    CAMPAIGN_FIELDS,
    CAMPAIGN_FIELDS_DROPPED,
    CAMPAIGNS,
    CLICK_FIELDS,
    CLICK_FIELDS_DROPPED,
    CLICKS,
    MEDIA_PARTNER_FIELDS,
    MEDIA_PARTNER_FIELDS_DROPPED,
    MEDIA_PARTNERS,
)

_TIME = "%Y-%m-%dT%H:%M:%SZ"
# The version is pinned: a new one may rename fields.
_HEADERS = {"Accept": "application/json", "IR-Version": "14"}
_SIZE = {"PageSize": "20000"}
# The clocks of Actions, and the filters that read them.
_FILTERS = {
    "action_date": ("ActionDateStart", "ActionDateEnd"),
    "updated": ("StartDate", "EndDate"),
    "locking": ("LockingDateStart", "LockingDateEnd"),
}
# More than ten pages are refused; the words are not documented.
_TOO_MANY = re.compile(
    rb"(?i)\b(pages?|records?|results?)\b.{0,80}\b(exceed|too many|maximum|more than|limit)"
    rb"|\b(exceed|too many|maximum|more than|limit).{0,80}\b(pages?|page ?size|records?|results?)\b"
)
# The general allowance is 1,000 an hour; those of exports are counted in tens.
_AN_EXPORTS_ALLOWANCE = 100


def _programme(account_id: str) -> tuple[str, str]:
    """Account SID and campaign id of `<AccountSID>.<CampaignId>`."""
    sid, _, campaign = account_id.rpartition(".")
    if not sid or not campaign.isdecimal():
        raise ConfigError(
            f"The account id {account_id!r} is not <AccountSID>.<CampaignId>.",
            next_step='write account_id = "IR…1.1450" in affiliate.toml: one entry for each programme.',
        )
    return sid, campaign


def _get(account_id: str, resource: str, params: dict[str, str] | None = None) -> Request:
    sid, _ = _programme(account_id)
    return Request("GET", f"Advertisers/{sid}/{resource}", params or {}, headers=_HEADERS)


def _next(link: str) -> Request:
    """The next page: its link is a path below the base URL that holds the whole question."""
    return Request("GET", link, headers=_HEADERS)


def _span(account_id: str, resource: str, window: Window, filters: tuple[str, str]) -> Request:
    assert window.start is not None
    assert window.end is not None
    _, campaign = _programme(account_id)
    start, end = filters
    # Neither end means the last days only, so both are sent; the end is included.
    params = {"CampaignId": campaign, start: window.start.strftime(_TIME), end: window.end.strftime(_TIME), **_SIZE}
    return _get(account_id, resource, params)


def _actions(account_id: str, window: Window, cursor: str | None) -> Request:
    if cursor is not None:
        return _next(cursor)
    assert window.clock is not None
    return _span(account_id, "Actions", window, _FILTERS[window.clock])


def _action_updates(account_id: str, window: Window, cursor: str | None) -> Request:
    return _next(cursor) if cursor is not None else _span(account_id, "ActionUpdates", window, _FILTERS["updated"])


def _media_partners(account_id: str, window: Window, cursor: str | None) -> Request:
    if cursor is not None:
        return _next(cursor)
    return _get(account_id, "MediaPartners", {"CampaignId": _programme(account_id)[1], **_SIZE})


def _campaigns(account_id: str, window: Window, cursor: str | None) -> Request:
    return _next(cursor) if cursor is not None else _get(account_id, "Campaigns", _SIZE)


def _click_export(account_id: str, window: Window) -> Request:
    assert window.start is not None
    _, campaign = _programme(account_id)
    params = {"Date": f"{window.start:%Y-%m-%d}", "ResultFormat": "JSON"}
    return _get(account_id, f"Programs/{campaign}/ClickExport", params)


def _clicks(account_id: str, window: Window, cursor: str | None) -> Request:
    return _click_export(account_id, window)


def _job(account_id: str, name: str) -> Request:
    return _get(account_id, f"Jobs/{name}")


def _status(answer: Answer) -> JobStatus:
    return job_status(answer, {"Accept": "*/*", "IR-Version": _HEADERS["IR-Version"]})


def _probe(account_id: str) -> Request:
    return _get(account_id, f"Campaigns/{_programme(account_id)[1]}")


def _problem(answer: Answer) -> AffiliateError | None:
    if answer.status == 202:
        return RetryableError(
            "The network is still writing the file.",
            next_step="run again later; the same job is then asked for.",
            cause="running",
        )
    if answer.status == 400 and _TOO_MANY.search(answer.body):
        return too_large(f"The network refuses that many records at once: {snippet(answer.body)}.")
    limit = answer.headers.get("x-ratelimit-limit", "")
    if answer.status == 429 and limit.isdecimal() and int(limit) <= _AN_EXPORTS_ALLOWANCE:
        # A pause until tomorrow is meant for exports, not for everything that this credential reads.
        return NetworkStopped(
            f"The network queues no further export today; it takes {limit}.",
            next_step="run again tomorrow; if it recurs, somebody else exports with this account too.",
        )
    return None


def _paging(records: str) -> Linked:
    return Linked((records,), ("@nextpageuri",), ("@total",), shape=listed)


CONNECTOR = Connector(
    slug="impact",
    title="impact.com",
    base_url="https://api.impact.com",
    auth=Basic("account_sid", "auth_token"),
    limits=(RateLimit(1_000, timedelta(hours=1)),),
    probe=_probe,
    problem=_problem,
    correction="in_place",
    tells_status=True,
    tells_payment=True,
    lock_rule="After its LockingDate, which the contract sets, an action can no longer be modified, and a pending one "
    "is approved (brand API v14, Action.LockingDate). Only RESET undoes a reversal.",
    owner="team:affiliate-data",
    docs_url="https://integrations.impact.com",
    corrections=CORRECTIONS,
    streams=(
        ApiStream(
            name="actions",
            description="One action (conversion); changed in place, so every observed version is kept.",
            request=_actions,
            paging=_paging("Actions"),
            key=("Id",),
            allowed=ACTION_FIELDS,
            dropped=ACTION_FIELDS_DROPPED,
            schema=ACTIONS,
            clocks=(
                Clock("action_date", "event_date", "new actions", timedelta(days=7)),
                # An action tells no time of its last update; an untouched one was last updated when it was created.
                Clock("updated", "creation_date", "modified or reversed since", timedelta(days=2)),
                # A payment is no documented update: what locked in the last two months is looked at again for it.
                Clock("locking", "locking_date", "approved by locking, and paid since", timedelta(days=60)),
            ),
            # At most 45 days are documented; whether exactly 45 × 24 hours pass, both ends included, is not.
            max_span=timedelta(days=44),
            history=timedelta(days=3 * 365 - 1),
            # Approved by hand before the locking date: no clock is documented to carry that.
            open_records=OpenRecords("state", frozenset({"PENDING"}), timedelta(days=7)),
            agrees=echoes,
        ),
        ApiStream(
            name="action_updates",
            description="One entry of the log of changes: of an action, or of an item where payouts are set by item.",
            request=_action_updates,
            paging=_paging("ActionUpdates"),
            key=("Id",),
            allowed=ACTION_UPDATE_FIELDS,
            dropped=ACTION_UPDATE_FIELDS_DROPPED,
            schema=ACTION_UPDATES,
            clocks=(Clock("updated", "update_date", "changes of actions", timedelta(days=3)),),
            max_span=timedelta(days=44),
            history=timedelta(days=3 * 365 - 1),
            agrees=echoes,
        ),
        ApiStream(
            name="media_partners",
            description="One partner of the programme.",
            request=_media_partners,
            paging=Linked((), ("@nextpageuri",), ("@total",), shape=partners_of),
            key=("Id",),
            allowed=MEDIA_PARTNER_FIELDS,
            dropped=MEDIA_PARTNER_FIELDS_DROPPED,
            schema=MEDIA_PARTNERS,
            agrees=echoes,
        ),
        ApiStream(
            name="campaigns",
            description="One programme of the account, whether it has an entry in affiliate.toml or not.",
            request=_campaigns,
            paging=_paging("Campaigns"),
            key=("Id",),
            allowed=CAMPAIGN_FIELDS,
            dropped=CAMPAIGN_FIELDS_DROPPED,
            schema=CAMPAIGNS,
        ),
        ApiStream(
            name="clicks",
            description="One click on a partner's link, from the export of its day.",
            request=_clicks,
            paging=Linked((), ("@nextpageuri",), shape=clicks_of),
            key=("Id", "EventDate", "MediaId"),
            allowed=CLICK_FIELDS,
            dropped=CLICK_FIELDS_DROPPED,
            schema=CLICKS,
            clocks=(Clock("day", "event_date", "clicks of the day", timedelta(0)),),
            max_span=timedelta(days=1),
            # The zone of an export's day is not told: twelve hours later the day is over everywhere.
            day_is_whole_after=timedelta(hours=12),
            # Exports reach back to April 2024, but at ten a day older clicks are not worth their turn.
            history=timedelta(days=400),
            job=AsyncJob(
                submit=_click_export,
                job_id=job_id,
                poll=_job,
                status=_status,
                every=timedelta(seconds=15),
                patience=timedelta(minutes=10),
                a_day=10,
            ),
            agrees=whole_file,
        ),
    ),
)
