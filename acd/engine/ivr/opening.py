"""Whether a calendar is open at a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from acd.domain.plan import CalendarPlan


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def opening(calendar: CalendarPlan, at: float) -> Literal["open", "closed", "holiday"]:
    """Read a calendar at ``at`` (seconds since the epoch)."""
    local = datetime.fromtimestamp(at, _zone(calendar.time_zone))
    if local.date().isoformat() in calendar.holidays:
        return "holiday"
    since_midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    minute = since_midnight / timedelta(minutes=1)
    weekday = local.isoweekday()
    if any(h.weekday == weekday and h.opens_min <= minute < h.closes_min for h in calendar.hours):
        return "open"
    return "closed"
