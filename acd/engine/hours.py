"""When a calendar is open next. Decides nothing; time comes in as seconds since the epoch."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from acd.domain.plan import CalendarPlan

_DAYS = 370
"""How far ahead to look: over the longest year, and then some."""


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    return ZoneInfo(name)


def next_opening(calendar: CalendarPlan, at: float) -> float | None:
    """The first moment from ``at`` on that is open: ``at`` itself when it is; None when there is none in a year."""
    first = datetime.fromtimestamp(at, zone(calendar.time_zone)).date()
    for ahead in range(_DAYS):
        day = first + timedelta(days=ahead)
        if day.isoformat() in calendar.holidays:
            continue
        midnight = datetime.combine(day, time(0), zone(calendar.time_zone))
        for hours in sorted((h.opens_min, h.closes_min) for h in calendar.hours if h.weekday == day.isoweekday()):
            opens, closes = ((midnight + timedelta(minutes=minute)).timestamp() for minute in hours)
            if closes > at:
                return max(at, opens)
    return None
