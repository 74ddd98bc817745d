"""Reads opening hours such as ``mon-fri: [08:00-17:00]``.

Decides what days and spans of a day are and when two of them overlap. Must not know time zones or holidays' names.
"""

from __future__ import annotations

import re
from datetime import date

from acd.domain.calendar_plan import OpeningHours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_DAY_MIN = 24 * 60
_HOUR_MIN = 60


def days(text: str) -> tuple[int, ...] | None:
    """ISO weekdays of ``mon`` or ``mon-fri``, in order; a span may pass Sunday. None if it is neither."""
    first, dash, last = text.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        return None
    start, end = DAYS.index(first), DAYS.index(last or first)
    count = (end - start) % len(DAYS) + 1
    return tuple((start + n) % len(DAYS) + 1 for n in range(count))


def span(text: str) -> tuple[int, int] | str:
    """Minutes of the day of ``08:00-17:00`` (``24:00`` is midnight at its end), or what is wrong with it."""
    match = _SPAN.fullmatch(text)
    if not match:
        return "must be hours such as 08:00-17:00"
    h1, m1, h2, m2 = (int(g) for g in match.groups())
    opens, closes = h1 * _HOUR_MIN + m1, h2 * _HOUR_MIN + m2
    if max(m1, m2) >= _HOUR_MIN or closes > _DAY_MIN:
        return "is no time of a day (00:00 to 24:00)"
    if opens >= closes:
        return "closes before it opens; hours past midnight are two spans, one on each day"
    return opens, closes


def minute(text: str) -> int | None:
    """The minute of the day of ``11:00``; 1440 for ``24:00``; None for what is no time of a day."""
    if re.fullmatch(r"[0-9]{2}:[0-9]{2}", text) is None:
        return None
    found = int(text[:2]) * _HOUR_MIN + int(text[3:])
    return found if int(text[3:]) < _HOUR_MIN and found <= _DAY_MIN else None


def is_date(text: str) -> bool:
    """Whether a text is a date that exists, written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def overlapping(one: OpeningHours, other: OpeningHours) -> bool:
    """Whether two openings share a minute."""
    return one.weekday == other.weekday and one.opens_min < other.closes_min and other.opens_min < one.closes_min
