"""When the doors are open: opening hours as the wall clock shows them, turned into moments.

Every span of a day is one stretch of time: from the first moment at which the local clock shows its beginning or more
to the first at which it shows its end or more. So a change of the clock neither opens a door twice nor shuts it early.
Knows no reasons and no names: those are ``calendars``'. Time comes in as seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from acd.domain.calendar_plan import CalendarPlan, Span

_DAYS = 370
"""How far ahead to look: over the longest year, and then some."""
_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    return ZoneInfo(name)


def local(time_zone: str, at: float) -> datetime:
    """What the local clock shows."""
    return datetime.fromtimestamp(at, zone(time_zone))


@lru_cache(maxsize=1024)
def moment(time_zone: str, day: date, minute: int) -> float:
    """The first moment at which the local clock shows this minute of this day, or later: 1440 is the next midnight."""
    where = zone(time_zone)
    wall = datetime.combine(day, time(0)) + timedelta(minutes=minute)
    late = wall.replace(tzinfo=where).timestamp()
    if datetime.fromtimestamp(late, where).replace(tzinfo=None) == wall:
        return late
    # The clock skips this minute (PEP 495: fold=0 lies behind the change then, fold=1 before it). Find the change.
    early = wall.replace(tzinfo=where, fold=1).timestamp()
    while late - early > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, where).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late


def spans(calendar: CalendarPlan, day: date) -> tuple[Span, ...]:
    """When a day is open, in minutes, as configured; nothing on holidays. Closures ordered at run time do not count."""
    key = day.isoformat()
    override = calendar.overrides.get(key)
    if override is not None:
        return override.spans
    if key in calendar.holidays:
        return ()
    weekday = day.isoweekday()
    return tuple(sorted([(h.opens_min, h.closes_min) for h in calendar.hours if h.weekday == weekday]))


def openings(calendar: CalendarPlan, day: date) -> Iterator[tuple[float, float]]:
    """The moments at which a day's spans begin and end; none for those a clock change swallows."""
    for starts, ends in spans(calendar, day):
        opens, closes = (moment(calendar.time_zone, day, minute) for minute in (starts, ends))
        if opens < closes:
            yield opens, closes


def is_open(calendar: CalendarPlan, now: datetime) -> bool:
    """Whether the configured hours are open; ``now`` is what the calendar's own clock shows, see ``local``."""
    today = now.date()
    if not now.fold:
        return _shown(spans(calendar, today), now)
    # The clock shows this hour for the second time, perhaps with yesterday's date again: what is shown decides nothing.
    at = now.timestamp()
    return any(opens <= at < closes for day in (today, today + _DAY) for opens, closes in openings(calendar, day))


def at_lunch(calendar: CalendarPlan, now: datetime) -> bool:
    """Whether it is within the calendar's lunch, open or not."""
    lunch = calendar.lunch
    return lunch is not None and _shown(((lunch.starts_min, lunch.ends_min),), now)


def _shown(during: tuple[Span, ...], now: datetime) -> bool:
    minute = now.hour * 60 + now.minute
    return any(starts <= minute < ends for starts, ends in during)


def next_opening(calendar: CalendarPlan, at: float) -> float | None:
    """The first moment from ``at`` on that is open: ``at`` itself when it is; None when there is none in a year.

    A closure in force counts: until it ends nothing is open.
    """
    if (closure := calendar.closure) is not None:
        if closure.until is None:
            return None
        at = max(at, closure.until)
    first = local(calendar.time_zone, at).date() - _DAY
    # A later minute of the local clock never comes at an earlier moment: the first span that ends after `at` is it.
    for ahead in range(_DAYS):
        for opens, closes in openings(calendar, first + ahead * _DAY):
            if closes > at:
                return max(at, opens)
    return None
