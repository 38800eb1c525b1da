"""impact.com's brand interface over a world: actions by three clocks, their log, partners, programmes, click exports.

Choices where the description is silent: both ends of a span are included, and 45 days exactly are accepted; a span of
the event or locking date is bound like one of the update date; the refusal of more than ten pages is a 400 in the
usual envelope, with words of its own; an export's day is one of the US west coast, and its job has ended when it is
asked about first; a file asked for before is still being written (202); an answer is XML where JSON is not accepted.
The account SID in addresses is the programmes', the user name of Basic authentication the sandbox's secret.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

from affiliate_assets.sandbox.config import DAY
from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.habits import Habits
from affiliate_assets.sandbox.network import Account, Breach, Click, Network, Probe, RowFields, Setting, Window
from affiliate_assets.sandbox.networks import impact_records as records
from affiliate_assets.sandbox.networks.impact_asking import Refusal, invalid, paged, span
from affiliate_assets.sandbox.networks.impact_changes import change_action
from affiliate_assets.sandbox.people import digest, enlist
from affiliate_assets.sandbox.reports import Conversion
from affiliate_assets.sandbox.times import from_epoch, zulu
from affiliate_assets.sandbox.wire import Answer, Ask, Row, to_json

_SID = "IRAcmeDemo0001"
_FIRST_EXPORT = "2024-04-09"
_CLOCKS = (("ActionDateStart", "ActionDateEnd"), ("StartDate", "EndDate"), ("LockingDateStart", "LockingDateEnd"))

Dates = Callable[[Conversion], int]


class ImpactEmulator:
    """impact.com over a world."""

    def __init__(self, setting: Setting) -> None:
        """Sort conversions and clicks by programme."""
        self._setting = setting
        self._programmes = {account.programme_id: account for account in setting.accounts}
        self.desk = Desk(setting.world.conversions_of(setting.network.slug), self._index, by_rows=True)
        self._index(setting.world.conversions_of(setting.network.slug))
        self._asked_about: set[str] = set()

    def _index(self, conversions: list[Conversion]) -> None:
        self._mine: dict[str, list[Conversion]] = {programme: [] for programme in self._programmes}
        for conversion in conversions:
            self._mine[conversion.programme.programme_id].append(conversion)

    def token_of(self, ask: Ask) -> str | None:
        """Return the password of Basic authentication."""
        found = ask.basic()
        return found[1] if found else None

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant."""
        try:
            return self._answer(ask, at)
        except Refusal as refusal:
            return refusal.answer

    def _answer(self, ask: Ask, at: int) -> Answer:
        secrets = self._setting.secrets
        if ask.basic() != (secrets["account_sid"], secrets["auth_token"]):
            raise Refusal(401, "Access Denied")
        if "json" not in ask.headers.get("accept", "") and not ask.path.endswith("/Download"):
            return Answer(200, b"<ImpactRadiusResponse/>", 0, {"Content-Type": "application/xml"})
        match ask.path.strip("/").split("/"):
            case ["Advertisers", sid, *rest] if sid != _SID and rest:
                raise Refusal(403, "Access to this account is denied")
            case ["Advertisers", sid, "Actions"] if ask.method in ("PUT", "DELETE"):
                return change_action(sid, ask, at, self.desk)
            case ["Advertisers", _, "Actions"]:
                return paged(ask, "Actions", self._actions(ask, at), self._setting.page_limit)
            case ["Advertisers", _, "ActionUpdates"]:
                return paged(ask, "ActionUpdates", self._updates(ask, at), self._setting.page_limit)
            case ["Advertisers", _, "MediaPartners"]:
                account = self._programme(ask.query.get("CampaignId", ""))
                partners = [records.partner(each, account) for each in self._setting.network.publishers]
                return paged(ask, "Partners", partners, self._setting.page_limit)
            case ["Advertisers", _, "Campaigns"]:
                campaigns = [records.campaign(account) for account in self._setting.accounts]
                return paged(ask, "Campaigns", campaigns, self._setting.page_limit)
            case ["Advertisers", _, "Campaigns", programme]:
                return to_json(records.campaign(self._programme(programme, 404)))
            case ["Advertisers", _, "Programs", programme, "ClickExport"]:
                return self._queue(ask, self._programme(programme, 404), at)
            case ["Advertisers", _, "Jobs", job]:
                return self._job(job, at)
            case ["Advertisers", _, "Jobs", job, "Download"]:
                return self._download(ask, job, at)
        raise Refusal(404, "The requested resource does not exist")

    def _programme(self, text: str, status: int = 400) -> Account:
        if status == 400 and not text.isdecimal():
            raise invalid("CampaignId", "Not a numeric value" if text else "Required")
        if text not in self._programmes:
            raise Refusal(404, "No such program")
        return self._programmes[text]

    def _actions(self, ask: Ask, at: int) -> list[Row]:
        mine = self._mine[self._programme(ask.query.get("CampaignId", "")).programme_id]
        dates: list[Dates] = [
            lambda conversion: conversion.occurred_at,
            lambda conversion: records.updated_at(conversion, at),
            lambda conversion: conversion.final_at,
        ]
        asked = [
            (bounds, dated) for names, dated in zip(_CLOCKS, dates, strict=True) if (bounds := span(ask, *names, at))
        ]
        asked = asked or [((at - 7 * DAY, at), dates[1])]
        found = [
            conversion
            for conversion in mine
            if conversion.visible_at <= at and all(start <= dated(conversion) <= end for (start, end), dated in asked)
        ]
        rows = []
        for conversion in sorted(found, key=lambda each: (-each.visible_at, -each.number)):
            row = records.action(conversion, at)
            rows.append(self._setting.tamper(str(row["Id"]), row))
            if records.is_tested(conversion):
                rows.append(records.test_action(conversion, at))
        wanted = ask.query.get("State")
        return [row for row in rows if wanted in (None, row["State"])]

    def _updates(self, ask: Ask, at: int) -> list[Row]:
        programme = self._programme(ask.query.get("CampaignId", "")).programme_id
        start, end = span(ask, "StartDate", "EndDate", at) or (at - 7 * DAY, at)
        found = []
        for conversion in self._mine[programme]:
            logs = [(records.action_id(conversion), records.log_of(conversion))]
            if records.is_tested(conversion):
                logs.append((records.test_id(conversion), records.test_log_of(conversion)))
            for of, log in logs:
                for entry in log:
                    if start <= entry.at <= min(end, at):
                        found.append((entry.at, records.update(conversion, entry, of)))
        found.sort(key=lambda each: (-each[0], str(each[1]["Id"])))
        return [row for _, row in found]

    def _queue(self, ask: Ask, account: Account, at: int) -> Answer:
        day = ask.query.get("Date", f"{from_epoch(at):%Y-%m-%d}")
        try:
            date.fromisoformat(day)
        except ValueError:
            raise invalid("Date", "Not a date as yyyy-MM-dd") from None
        if day <= _FIRST_EXPORT:
            raise invalid("Date", "Only dates after April 9, 2024 are supported")
        kind = ask.query.get("ResultFormat", "CSV")
        # The name tells everything about the job, so that one outlives a restart.
        job = f"{account.programme_id}-{day}-{kind}-{digest('job', account.programme_id, day, length=12)}"
        uri = f"/Advertisers/{_SID}/Jobs/{job}"
        queued = {"Status": "QUEUED", "QueuedUri": uri, "ResultUri": f"{uri}/Download", "ReplayUri": f"{uri}/Replay"}
        return to_json(queued)

    def _job(self, job: str, at: int) -> Answer:
        self._of(job)
        self._asked_about.add(job)
        return to_json(self._state(job, "COMPLETED", at))

    def _state(self, job: str, status: str, at: int) -> Row:
        uri = f"/Advertisers/{_SID}/Jobs/{job}/Download"
        return {
            "Id": job,
            "Type": "ClickExport",
            "ProgramId": job.partition("-")[0],
            "CreatedBy": _SID,
            "CreatedDate": zulu(at),
            "Status": status,
            "StatusMessage": "Job processing completed successfully." if status == "COMPLETED" else "",
            "Replayable": True,
            "ResultUri": uri if status == "COMPLETED" else None,
        }

    def _of(self, job: str) -> tuple[Account, str, str]:
        programme, _, rest = job.partition("-")
        if programme not in self._programmes or len(rest) < len("yyyy-mm-dd-") + 4:
            raise Refusal(404, "No such job")
        return self._programmes[programme], rest[:10], rest[11:].partition("-")[0]

    def _download(self, ask: Ask, job: str, at: int) -> Answer:
        account, day, kind = self._of(job)
        if job not in self._asked_about:
            return to_json(self._state(job, "RUNNING", at), 202)
        if ask.query.get("Mode") != "Stream":
            return Answer(302, b"", 0, {"Location": f"https://files.example/{job}?signature={digest(job)}"})
        rows = [
            records.click(found)
            for found in self._setting.world.clicks_of(self._setting.network.slug)
            if found.account == account and found.at <= at
            if f"{datetime.fromtimestamp(found.at, records.PACIFIC):%Y-%m-%d}" == day
        ]
        if kind != "JSON":
            lines = ["Id,EventDate", *(f"{row['Id']},{row['EventDate']}" for row in rows)]
            return Answer(200, "\r\n".join(lines).encode(), len(rows), {"Content-Type": "application/octet-stream"})
        body = to_json({"Clicks": rows}, rows=len(rows))
        return Answer(200, body.body, len(rows), {"Content-Type": "application/octet-stream"})


def _refusal(breach: Breach) -> Answer:
    calls = breach.window.calls if breach.window else 1_000
    headers = {"X-RateLimit-Limit": str(calls), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(breach.wait)}
    return Answer(429, headers=headers)


def _listing(
    names: tuple[str, str],
) -> Callable[[Mapping[str, str], str | None, Account, int, int, str | None], Ask]:
    def ask(
        secrets: Mapping[str, str], token: str | None, account: Account, start: int, end: int, cursor: str | None
    ) -> Ask:
        question = {"CampaignId": account.programme_id, names[0]: zulu(start), names[1]: zulu(end - 1)}
        if cursor is not None:
            question = dict(parse_qsl(urlsplit(cursor).query))
        headers = {"authorization": _basic(secrets), "accept": "application/json"}
        return Ask("GET", f"/Advertisers/{_SID}/Actions", question, headers, b"")

    return ask


def _basic(secrets: Mapping[str, str]) -> str:
    return "Basic " + b64encode(f"{secrets['account_sid']}:{secrets['auth_token']}".encode()).decode()


def _read(answer: Answer) -> tuple[list[tuple[str, str, Decimal]], str | None]:
    body = json.loads(answer.body, parse_float=Decimal)
    rows = [row for row in body["Actions"] if row["ActionTrackerId"] != records.TEST]
    return [(row["Id"], row["Id"], Decimal(row["Amount"])) for row in rows], body["@nextpageuri"] or None


def _landing(click: Click) -> dict[str, str]:
    return {"im_ref": click.token, "irgwc": "1"}


NETWORK = Network(
    slug="impact",
    accounts=(
        Account("impact", f"{_SID}.1450", "Acme Home US", "USD", "us", programme_id="1450"),
        Account("impact", f"{_SID}.1466", "Acme Home UK", "GBP", "uk", programme_id="1466"),
        Account("impact", f"{_SID}.1482", "Acme Home Japan", "JPY", "jp", programme_id="1482"),
    ),
    publishers=enlist(
        {
            "deal-harbour": "20881",
            "the-edit": "20990",
            "setup-stories": "21007",
            "cash-canyon": "21040",
            "porch-living": "21044",
            "kurashi-note": "21055",
            "point-machi": "21060",
        },
        spell=lambda name: f"{name} (Partner)",
    ),
    habits=Habits("in_place", occurs=(2, 20), shows=(300, 900), approves=(30, 15), void_amount="zero"),
    limits=(Window(1_000, 3_600), Window(10, DAY, path="/ClickExport")),
    refusal=_refusal,
    fee=2_000,
    secrets=("account_sid", "auth_token"),
    emulator=ImpactEmulator,
    rows=RowFields(
        records=("Actions", "ActionUpdates", "Partners", "Campaigns", "Clicks"),
        key=("Id",),
        key_type="word",
        other_keys=("MediaPartnerId",),
        amount=("Amount", "DeltaAmount"),
        status=("State",),
        order=("Oid",),
        text=("MediaPartnerName", "Name"),
        optional=("PromoCode", "Website"),
        count="@total",
        count_type="string",
        page_parameter="Page",
    ),
    landing=_landing,
    record_id=records.action_id,
    first_number=900_101,
    probe=Probe(listing=_listing(_CLOCKS[0]), read=_read, changes=tuple(map(_listing, _CLOCKS[1:])), span=2 * DAY),
)
