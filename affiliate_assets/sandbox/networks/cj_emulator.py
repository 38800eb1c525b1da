"""CJ's commission query over a world.

Choices where CJ's description is silent: `sinceCommissionId` excludes its row (its pages would overlap for
ever otherwise); a query whose narrowest window is longer than 31 days, or that has neither a window nor ids,
times out with 504, except for rows still open (`actionStatuses` of new and extended only), which are few.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from affiliate_assets.sandbox.config import DAY
from affiliate_assets.sandbox.corrections import Desk
from affiliate_assets.sandbox.networks.cj_graphql import Field, QueryError, parse
from affiliate_assets.sandbox.networks.cj_records import RECORD_FIELDS, action_status, locking_date, record
from affiliate_assets.sandbox.networks.cj_tracking import corrected_rows, take_orders
from affiliate_assets.sandbox.reports import Conversion, LedgerRow
from affiliate_assets.sandbox.times import to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, Tampering, to_json

if TYPE_CHECKING:
    from affiliate_assets.sandbox.world import World

_MAX_WINDOW = 31 * DAY
_WINDOWS = ("Posting", "Event", "Locking")
_LISTS = [
    "forAdvertisers",
    "commissionIds",
    "publisherIds",
    "adIds",
    "websiteIds",
    "actionStatuses",
    "actionTypes",
    "lockingMethods",
    "validationStatuses",
]
_ARGUMENTS = {
    *_LISTS,
    "sinceCommissionId",
    *(f"{side}{name}Date" for side in ("since", "before") for name in _WINDOWS),
}
_FIELDS: dict[str, object] = {
    **dict.fromkeys(("count", "limit", "maxCommissionId", "payloadComplete")),
    "records": RECORD_FIELDS,
}
#: List arguments and the record's field that each is compared with.
_FILTERS = {
    "publisherIds": "publisherId",
    "adIds": "aid",
    "websiteIds": "websiteId",
    "actionTypes": "actionType",
    "lockingMethods": "lockingMethod",
    "validationStatuses": "validationStatus",
}


class _TimedOut(Exception):
    """The query asks for more than one answer can gather."""


class CjEmulator:
    """CJ over a world."""

    def __init__(self, world: "World", token: str, tampering: Tampering, limit: int) -> None:
        """Index the world's commission rows by posting date and by lock.

        Args:
            world: The world.
            token: The only accepted token; it may see all of the world's CJ accounts.
            tampering: Changed fields.
            limit: Most rows in one answer.
        """
        self._token, self._tampering, self._limit = token, tampering, limit
        self._accounts = {account.account_id for account in world.accounts if account.network == "cj"}
        self._places = {a.account_id: place for place, a in enumerate(world.accounts) if a.network == "cj"}
        self._ledger = world.ledger
        self.desk = Desk(world.conversions_of("cj"), self._index, by_rows=True)
        self._index(world.conversions_of("cj"))

    def _index(self, conversions: list[Conversion]) -> None:
        rows = corrected_rows(self._ledger, conversions, self.desk.taken)
        self._rows = rows
        self._ids = {row.commission_id: row for row in rows}
        self._posted = [row.posted_at for row in rows]

    def token_of(self, ask: Ask) -> str | None:
        """Return the bearer token."""
        return ask.bearer()

    def answer(self, ask: Ask, at: int) -> Answer:
        """Answer a request as of an instant; errors come with status 200, save 504 and 404."""
        path = ask.path.strip("/")
        if ask.method != "POST" or path not in ("query", "graphql"):
            return Answer(404)
        if ask.bearer() != self._token:
            return _error("Not Authenticated: the token is missing or not valid")
        if path == "graphql":
            return take_orders(ask, at, self.desk, self._places)
        try:
            return self._run(ask, at)
        except QueryError as error:
            return _error(str(error))
        except _TimedOut:
            return Answer(504)

    def _run(self, ask: Ask, at: int) -> Answer:
        fields = parse(*_body(ask))
        data: dict[str, object] = {}
        rows = 0
        for top in fields:
            if top.name != "advertiserCommissions":
                raise QueryError(f"Validation error: field '{top.name}' is not defined")
            _check(top.fields, _FIELDS, top.name)
            payload = self._commissions(_arguments(top), at)
            rows += len(payload["records"]) if isinstance(payload["records"], list) else 0
            data[top.alias] = _select(payload, top.fields)
        return to_json({"data": data}, rows=rows)

    def _commissions(self, arguments: dict[str, object], at: int) -> dict[str, object]:
        wanted = _texts(arguments.get("forAdvertisers"))
        if not wanted:
            raise QueryError("Validation error: argument 'forAdvertisers' is required")
        for account_id in wanted:
            if account_id not in self._accounts:
                raise QueryError(f"Not Authorized: no access to advertiser {account_id}")
        found = self._find(arguments, at)
        since = _number(arguments.get("sinceCommissionId"))
        statuses = {text.lower() for text in _texts(arguments.get("actionStatuses"))}
        chosen = [
            row
            for row in found
            if row.posted_at <= at
            and row.conversion.programme.account_id in wanted
            and (since is None or row.commission_id > since)
            and (not statuses or action_status(row.conversion, at) in statuses)
        ]
        chosen.sort(key=lambda row: row.commission_id)
        filters = [(name, _texts(arguments[key])) for key, name in _FILTERS.items() if arguments.get(key)]
        records: list[dict[str, object]] = []
        last, complete = None, True
        for row in chosen:
            content = record(row, at)
            if any(str(content[name]).lower() not in {text.lower() for text in texts} for name, texts in filters):
                continue
            if len(records) == self._limit:
                complete = False
                break
            last = str(row.commission_id)
            records.append(self._tampering.apply("cj", last, content))
        return {
            "count": len(records),
            "limit": self._limit,
            "maxCommissionId": last,
            "payloadComplete": complete,
            "records": records,
        }

    def _find(self, arguments: dict[str, object], at: int) -> list[LedgerRow]:
        windows = {name: _window(arguments, name, at) for name in _WINDOWS}
        given = {name: window for name, window in windows.items() if window is not None}
        ids = arguments.get("commissionIds")
        if ids is not None:
            rows = [
                row for text in dict.fromkeys(_texts(ids)) if (row := self._ids.get(_number(text) or 0)) is not None
            ]
        else:
            statuses = {text.lower() for text in _texts(arguments.get("actionStatuses"))}
            narrow = min((end - start for start, end in given.values()), default=None)
            if narrow is None and (not statuses or not statuses <= {"new", "extended"}):
                raise _TimedOut
            if narrow is not None and narrow > _MAX_WINDOW:
                raise _TimedOut
            start, end = given.get("Posting", (0, at + 1))
            rows = self._rows[bisect_left(self._posted, start) : bisect_left(self._posted, end)]
        clocks: dict[str, Callable[[LedgerRow], int]] = {
            "Posting": lambda row: row.posted_at,
            "Event": lambda row: row.conversion.occurred_at,
            "Locking": lambda row: locking_date(row.conversion, at),
        }
        for name, (start, end) in given.items():
            rows = [row for row in rows if start <= clocks[name](row) < end]
        return rows


def _error(message: str) -> Answer:
    return to_json({"errors": [{"message": message}]})


def _body(ask: Ask) -> tuple[str, Mapping[str, object]]:
    try:
        body = json.loads(ask.body)
    except ValueError:
        raise QueryError("Syntax error: the body is not JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise QueryError("Syntax error: the body has no query")
    variables = body.get("variables") or {}
    if not isinstance(variables, dict):
        raise QueryError("Syntax error: variables must be an object")
    return body["query"], variables


def _arguments(top: Field) -> dict[str, object]:
    for name in top.arguments:
        if name not in _ARGUMENTS:
            raise QueryError(f"Validation error: argument '{name}' is not defined")
    return {name: value for name, value in top.arguments.items() if value is not None}


def _check(fields: list[Field], known: Mapping[str, object], above: str) -> None:
    """Refuse unknown fields, objects without fields and values with some; an empty `known` allows all."""
    if not fields:
        raise QueryError(f"Validation error: field '{above}' needs a selection of fields")
    for asked in fields:
        if asked.name == "__typename" or not known:
            continue
        if asked.name not in known:
            raise QueryError(f"Validation error: field '{asked.name}' is not defined")
        below = known[asked.name]
        if isinstance(below, dict):
            _check(asked.fields, below, asked.name)
        elif asked.fields:
            raise QueryError(f"Validation error: field '{asked.name}' has no fields")


def _select(value: object, fields: list[Field]) -> object:
    """Return only what was asked for; a field that was taken out of a record stays out."""
    if isinstance(value, list):
        return [_select(item, fields) for item in value]
    if not isinstance(value, dict):
        return value
    chosen = {asked.alias: _select(value[asked.name], asked.fields) for asked in fields if asked.name in value}
    for asked in fields:
        if asked.name == "__typename":
            chosen[asked.alias] = "AdvertiserCommission"
    return chosen


def _texts(value: object) -> list[str]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [str(item) for item in items]


def _number(value: object) -> int | None:
    if value is None:
        return None
    try:
        return int(str(value))
    except ValueError:
        raise QueryError(f"Validation error: '{value}' is not a commission id") from None


def _window(arguments: dict[str, object], name: str, at: int) -> tuple[int, int] | None:
    """Return a half-open window; an open end reaches past the present, an open start to 1970."""
    since, before = arguments.get(f"since{name}Date"), arguments.get(f"before{name}Date")
    if since is None and before is None:
        return None
    start = 0 if since is None else _instant(since)
    return start, max(start, at + 1) if before is None else _instant(before)


def _instant(value: object) -> int:
    try:
        moment = datetime.fromisoformat(str(value))
        return to_epoch(moment)
    except ValueError:
        raise QueryError(f"Validation error: '{value}' is not an Instant") from None
