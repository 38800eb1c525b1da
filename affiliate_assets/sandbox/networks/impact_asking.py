"""How impact.com reads a question and cuts a list into pages."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from affiliate_assets.sandbox.times import from_epoch, to_epoch
from affiliate_assets.sandbox.wire import Answer, Ask, Row, to_json

_SPAN, _HISTORY = timedelta(days=45), timedelta(days=3 * 365)
_DEFAULT_SIZE, _LEAST_SIZE, _MOST_PAGES = 20_000, 2_000, 10


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, field: str = "", detail: str = "") -> None:
        errors = [{"Field": field, "Message": detail}] if field else []
        self.answer = to_json({"Status": "ERROR", "Message": message, "Errors": errors}, status)
        super().__init__(message)


def invalid(field: str, detail: str) -> Refusal:
    return Refusal(400, "Validation Failed", field, detail)


def paged(ask: Ask, name: str, rows: list[Row], limit: int) -> Answer:
    """Return one page of a list; actions and their log refuse more than ten, and pages that are too small."""
    page, size = whole(ask, "Page", 1), whole(ask, "PageSize", _DEFAULT_SIZE)
    bound, taken = name in ("Actions", "ActionUpdates"), min(size, limit)
    if bound and size < _LEAST_SIZE:
        raise invalid("PageSize", "Must not be less than 2000")
    if bound and len(rows) > _MOST_PAGES * taken:
        raise Refusal(400, "The result has more than 10 pages. Reduce the date range or increase PageSize.")
    pages, first = max(1, -(-len(rows) // taken)), (page - 1) * taken
    part = rows[first : first + taken]

    def uri(number: int) -> str:
        kept = {key: value for key, value in ask.query.items() if key not in ("Page", "PageSize")}
        return f"{ask.path}?{urlencode({**kept, 'Page': number, 'PageSize': size})}"

    body: Row = {
        "@page": str(page),
        "@numpages": str(pages),
        "@pagesize": str(taken),
        "@total": str(len(rows)),
        "@start": str(first),
        "@end": str(max(first, first + len(part) - 1)),
        "@uri": uri(page),
        "@firstpageuri": uri(1),
        "@previouspageuri": uri(page - 1) if page > 1 else "",
        "@nextpageuri": uri(page + 1) if page < pages else "",
        "@lastpageuri": uri(pages),
        name: part,
    }
    return to_json(body, rows=len(part))


def whole(ask: Ask, name: str, default: int) -> int:
    """Return a parameter that is a number from 1 on."""
    text = ask.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise invalid(name, "Not a numeric value")
    return int(text)


def span(ask: Ask, start: str, end: str, at: int) -> tuple[int, int] | None:
    """Return the span of one pair of filters; None without it."""
    if start not in ask.query and end not in ask.query:
        return None
    bounds = []
    for name in (start, end):
        if name not in ask.query:
            raise invalid(name, f"{start} and {end} must be given together")
        try:
            text = ask.query[name]
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise invalid(name, "Not a date and time of ISO 8601") from None
        if "T" not in text:
            raise invalid(name, "A time is missing")
        bounds.append(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    first, last = bounds
    if last - first > _SPAN:
        raise invalid(end, "The date range must not be longer than 45 days")
    if first < from_epoch(at) - _HISTORY:
        raise invalid(start, "Must not lie more than 3 years in the past")
    return to_epoch(first), to_epoch(last)
