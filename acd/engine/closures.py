"""Closures that a supervisor orders: in force at once, over by themselves or by another order.

They stand in the plan in force itself, as changed skills do, so that flows, callbacks and views all see them, and they
outlive reloads and restarts. Must not know who may order one, nor what a calendar says otherwise.
"""

from __future__ import annotations

from acd.domain.calendar_plan import CalendarPlan, Closure
from acd.domain.copies import replace
from acd.domain.ids import CalendarId
from acd.domain.orders import CloseCalendar, ReopenCalendar
from acd.domain.plan import Plan
from acd.engine.agent import Refused
from acd.engine.calendars import closed_by
from acd.engine.state import EngineState, Promised
from acd.engine.turn import Turn

LONGEST_S = 366 * 86_400.0
"""A closure for longer is a slip of the pen; one without an end is possible."""


def close(turn: Turn, order: CloseCalendar, by: str) -> Refused | None:
    """Close a calendar from now on; a closure in force is replaced."""
    if order.calendar not in turn.plan.calendars:
        return Refused("no such calendar")
    if order.until is not None and order.until <= turn.at:
        return Refused("the time to open again is past")
    if order.until is not None and order.until > turn.at + LONGEST_S:
        return Refused("the time to open again is more than a year away")
    turn.state.closures[order.calendar] = Closure(turn.at, by, order.reason, order.until, order.message)
    _use(turn, order.calendar)
    return None


def reopen(turn: Turn, order: ReopenCalendar) -> Refused | None:
    """Take a closure back: the configured hours hold again."""
    calendar = turn.plan.calendars.get(order.calendar)
    if calendar is None:
        return Refused("no such calendar")
    if closed_by(calendar, turn.at) is None:
        return Refused("no closure is in force")
    del turn.state.closures[order.calendar]
    _use(turn, order.calendar)
    return None


def _use(turn: Turn, calendar: CalendarId) -> None:
    """Let what is ordered hold, and callbacks that wait for the calendar to open be looked at again."""
    turn.use(in_force(turn.state, turn.plan, turn.at))
    if turn.plan.callbacks is None or turn.plan.callbacks.calendar != calendar:
        return
    for contact in list(turn.state.contacts.values()):
        if isinstance(contact.phase, Promised) and contact.phase.why == "closed":
            turn.start_timer(f"back:{contact.id}", 0.0)


def in_force(state: EngineState, plan: Plan, at: float) -> Plan:
    """Lay the closures over a plan. Those that are over are forgotten; one whose calendar is gone waits for it."""
    for calendar_id, closure in list(state.closures.items()):
        if closure.until is not None and closure.until <= at:
            del state.closures[calendar_id]
    calendars: dict[CalendarId, CalendarPlan] = {}
    for calendar_id, calendar in plan.calendars.items():
        closure_now = state.closures.get(calendar_id)
        same = calendar.closure == closure_now
        calendars[calendar_id] = calendar if same else replace(calendar, closure=closure_now)
    return plan if calendars == plan.calendars else replace(plan, calendars=calendars)
