"""Instants: whole seconds since 1970 in UTC inside the sandbox, and the calendar of CJ's locks."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_PACIFIC = ZoneInfo("America/Los_Angeles")


def to_epoch(instant: datetime) -> int:
    """Return an aware instant as whole seconds, fractions cut off.

    Raises:
        ValueError: The instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return int(instant.timestamp() // 1)


def from_epoch(seconds: int) -> datetime:
    """Return seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def naive_local(seconds: int, zone: ZoneInfo) -> str:
    """Return an instant as local time without offset, `2026-01-14T10:22:05`."""
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%S")


def with_offset(seconds: int, zone: ZoneInfo) -> str:
    """Return an instant as local time with offset, `2026-01-14T10:22:05+01:00`."""
    return datetime.fromtimestamp(seconds, zone).isoformat()


def zulu(seconds: int) -> str:
    """Return an instant as `2026-01-14T09:22:05Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4096)
def _eleventh(year: int, month: int) -> int:
    carry, month = divmod(month - 1, 12)
    return to_epoch(datetime(year + carry, month + 1, 11, 2, tzinfo=_PACIFIC))


def lock_after(event_at: int, months: int = 1) -> int:
    """Return CJ's lock of an event: 2 a.m. Pacific on the 11th of the month(s) after the event's month.

    The event's month is read in Pacific time too, so that no event is locked before its month is over there.
    """
    event = datetime.fromtimestamp(event_at, _PACIFIC)
    return _eleventh(event.year, event.month + months)
