"""What a calendar says at a moment, and why.

A closure in force wins over an override of the date, that over a holiday, that over the weekday's hours. Must not know
who may order a closure, nor what a caller is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from acd.domain.calendar_plan import ANY_LANGUAGE, CalendarPlan, Closure, Wording
from acd.domain.ids import Language, PromptKey
from acd.engine import hours

State = Literal["open", "closed", "holiday"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a calendar says at a moment."""

    state: State
    by: Literal["hours", "holiday", "override", "closure"]
    """What decided."""
    lunch: bool = False
    """Open, with agents on their breaks in turn."""
    reason: Wording = field(default_factory=dict)
    """The holiday's name, or why the day is special; empty for the weekday's hours."""
    message: PromptKey | None = None
    """A prompt about it."""


def closed_by(calendar: CalendarPlan, at: float) -> Closure | None:
    """The closure in force at a moment."""
    closure = calendar.closure
    return closure if closure is not None and (closure.until is None or at < closure.until) else None


def read(calendar: CalendarPlan, at: float) -> Reading:
    """Read a calendar at ``at`` (seconds since the epoch)."""
    closure = closed_by(calendar, at)
    if closure is not None:
        return Reading("closed", "closure", reason={ANY_LANGUAGE: closure.reason}, message=closure.message)
    now = hours.local(calendar.time_zone, at)
    day = now.date().isoformat()
    override = calendar.overrides.get(day)
    is_open = hours.is_open(calendar, now)
    lunch = is_open and hours.at_lunch(calendar, now)
    if override is not None:
        return Reading("open" if is_open else "closed", "override", lunch, override.reason, override.message)
    if day in calendar.holidays and not is_open:
        known = calendar.holiday_names.get(day)
        return Reading("holiday", "holiday", reason=known.names if known is not None else {})
    return Reading("open" if is_open else "closed", "hours", lunch)


def worded(wording: Wording, language: Language | None) -> str:
    """What is said in a language: in that, else as meant for any, else as given first; '' when nothing is."""
    for wanted in (language or ANY_LANGUAGE, ANY_LANGUAGE):
        if wanted in wording:
            return wording[wanted]
    return next(iter(wording.values()), "")
