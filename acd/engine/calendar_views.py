"""What the outside may see of calendars: part of ``acd.engine.views``. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acd.domain.calendar_plan import CalendarPlan
from acd.domain.ids import CalendarId, Language, PromptKey
from acd.domain.plan import Plan
from acd.engine import calendars
from acd.engine.hours import next_opening


@dataclass(frozen=True, slots=True)
class ClosureView:
    """A closure a supervisor ordered; times are seconds since the epoch."""

    since: float
    by: str
    """Name of the supervisor's token."""
    reason: str
    until: float | None
    """Null: until it is taken back."""
    message: PromptKey | None


@dataclass(frozen=True, slots=True)
class CalendarView:
    """What one calendar says now."""

    id: CalendarId
    time_zone: str
    state: calendars.State
    by: Literal["hours", "holiday", "override", "closure"]
    """What decided: the weekday's hours, a holiday, an override of the date, or a closure that was ordered."""
    lunch: bool
    """Open, with agents on their breaks in turn."""
    reason: dict[Language, str]
    """By language; under "" what is meant for any. Empty for the weekday's hours."""
    message: PromptKey | None
    """A prompt about it."""
    opens_at: float | None
    """When it is open next, seconds since the epoch; now if it is. Null: not within a year, or nobody knows."""
    closure: ClosureView | None


def calendar_views(plan: Plan, at: float) -> tuple[CalendarView, ...]:
    """What every calendar of a plan in force says."""
    return tuple(_calendar(calendar, at) for calendar in plan.calendars.values())


def _calendar(calendar: CalendarPlan, at: float) -> CalendarView:
    reading, closure = calendars.read(calendar, at), calendars.closed_by(calendar, at)
    return CalendarView(
        id=calendar.id,
        time_zone=calendar.time_zone,
        state=reading.state,
        by=reading.by,
        lunch=reading.lunch,
        reason=reading.reason,
        message=reading.message,
        opens_at=next_opening(calendar, at),
        closure=None
        if closure is None
        else ClosureView(closure.since, closure.by, closure.reason, closure.until, closure.message),
    )
