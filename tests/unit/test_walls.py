"""A window for a network that compares naive times: nothing of it is lost where the clock tells an hour twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from affiliate_assets.connectors.language import Window

MINUTE = timedelta(minutes=1)
# The clocks of New York are set back at 06:00 UTC on the first of November, and forward at 07:00 UTC on 8 March.
BACK = datetime(2026, 11, 1, 6, tzinfo=UTC)
FORWARD = datetime(2026, 3, 8, 7, tzinfo=UTC)


def walls(start: datetime, end: datetime, zone: str = "America/New_York") -> tuple[str, str]:
    asked = Window("test", "sold", start, end, time_zone=zone).walls()
    return f"{asked[0]:%d %H:%M}", f"{asked[1]:%d %H:%M}"


def test_away_from_a_change_it_is_the_wall_clock() -> None:
    assert walls(BACK - timedelta(days=1), BACK + timedelta(hours=1)) == ("31 02:00", "01 02:00")
    assert walls(FORWARD - MINUTE, FORWARD) == ("08 01:59", "08 03:00")
    assert walls(BACK, BACK + MINUTE, "UTC") == ("01 06:00", "01 06:01")


def test_in_the_hour_told_twice_it_is_wider() -> None:
    assert walls(BACK - 10 * MINUTE, BACK + timedelta(hours=2)) == ("01 00:50", "01 03:00")
    assert walls(BACK - timedelta(hours=3), BACK + 10 * MINUTE) == ("31 23:00", "01 02:10")


@pytest.mark.parametrize("begins", range(-90, 91, 15))
@pytest.mark.parametrize("lasts", [1, 20, 45, 100])
def test_every_minute_of_the_window_is_told_between_its_walls(begins: int, lasts: int) -> None:
    start, end = BACK + begins * MINUTE, BACK + (begins + lasts) * MINUTE
    low, high = Window("test", "sold", start, end, time_zone="America/New_York").walls()
    for minute in range(lasts):
        told = (start + minute * MINUTE).astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
        assert low <= told <= high
