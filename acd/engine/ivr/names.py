"""The names expressions read besides a flow's variables: the caller, the moment, queues, calendars, earlier contacts.

Decides what each name means and its type. A value is found only when an expression reads it. Numbers are whole: seconds
are rounded up, so that the same state gives the same value on every machine. Must not know how expressions are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Final

from acd.domain.calendar_plan import CalendarPlan
from acd.domain.flow_values import Value, VariableType
from acd.domain.ids import CalendarId, QueueId
from acd.domain.plan import QueuePlan
from acd.engine import calendars, earlier, estimate, hours, matching, numbers
from acd.engine.matching.facts import Requirement
from acd.engine.matching.headcount import AtWork

if TYPE_CHECKING:
    from acd.engine.ivr.walk import Walk

UNKNOWN: Final = -1
"""The number of what is not known: no wait can be estimated, no earlier contact is remembered."""


# ---------------------------------------------------------------- the caller and the moment


def _number(walk: Walk) -> str:
    return numbers.of_caller(walk.scene.contact.caller, walk.scene.plan.numbers)


def _anonymous(walk: Walk) -> bool:
    return not any(char.isdecimal() for char in walk.scene.contact.caller)


def _local(walk: Walk, at: float, time_zone: str = "") -> datetime:
    return hours.local(time_zone or walk.scene.plan.time_zone, at)


def _iso(walk: Walk, at: float, time_zone: str = "") -> str:
    return _local(walk, at, time_zone).isoformat(timespec="seconds")


def _now(walk: Walk) -> datetime:
    return _local(walk, walk.scene.at)


# ---------------------------------------------------------------- earlier contacts


def _known(walk: Walk) -> earlier.Earlier | None:
    scene = walk.scene
    return earlier.of(scene.state.earlier, _number(walk), scene.at, scene.plan.remember_callers_s)


def _calls(walk: Walk) -> int:
    known = _known(walk)
    return 0 if known is None else known.calls


def _last_exit(walk: Walk) -> str:
    known = _known(walk)
    return "" if known is None else known.last_exit.value


def _last_queue(walk: Walk) -> str:
    known = _known(walk)
    return "" if known is None else known.last_queue or ""


def _last_at(walk: Walk) -> str:
    known = _known(walk)
    return "" if known is None else _iso(walk, known.last_at)


def _minutes_ago(walk: Walk) -> int:
    known = _known(walk)
    return UNKNOWN if known is None else int((walk.scene.at - known.last_at) // 60)


# ---------------------------------------------------------------- queues


def _length(walk: Walk, queue: QueuePlan) -> int:
    """Callers on the line who wait there, those whose agent's phone rings included."""
    return walk.scene.matcher.on_line(queue.id)


def _at_work(walk: Walk, queue: QueuePlan, who: AtWork) -> int:
    """Agents who could serve this caller there."""
    requires = matching.requirement(walk.scene.plan, queue, None, walk.language)
    return walk.scene.matcher.at_work(Requirement(queue.id, requires), who)


def _ready(walk: Walk, queue: QueuePlan) -> int:
    """Agents who could take this caller there now."""
    return _at_work(walk, queue, "available")


def _logged_in(walk: Walk, queue: QueuePlan) -> int:
    """Agents who could serve this caller there, whatever they are doing."""
    return _at_work(walk, queue, "logged_in")


def _estimated_wait(walk: Walk, queue: QueuePlan) -> int:
    """Seconds that this caller, coming there now, would wait for an agent."""
    if not _length(walk, queue) and _ready(walk, queue):
        return 0
    requires = matching.requirement(walk.scene.plan, queue, None, walk.language)
    known = estimate.newcomer(walk.scene.state, queue.id, requires, walk.scene.at)
    return UNKNOWN if known is None else ceil(known.wait_s)


# ---------------------------------------------------------------- calendars


def _reading(walk: Walk, calendar: CalendarPlan) -> calendars.Reading:
    return calendars.read(calendar, walk.scene.at)


def _reopens(walk: Walk, calendar: CalendarPlan) -> str:
    """When it opens next, by its own clock; '' while it is open, and when that is not known."""
    opens = None if _reading(walk, calendar).state == "open" else hours.next_opening(calendar, walk.scene.at)
    return "" if opens is None else _iso(walk, opens, calendar.time_zone)


# ---------------------------------------------------------------- all of them

PLAIN: Final[Mapping[str, tuple[VariableType, Callable[[Walk], Value]]]] = {
    "caller.number": ("text", _number),
    "caller.anonymous": ("boolean", _anonymous),
    "access_code": ("text", lambda walk: walk.scene.contact.access_code),
    "trunk": ("text", lambda walk: walk.scene.contact.trunk or ""),
    "language": ("text", lambda walk: walk.language or ""),
    "contact.id": ("text", lambda walk: walk.scene.contact.id),
    "now": ("text", lambda walk: _iso(walk, walk.scene.at)),
    "today": ("date", lambda walk: _now(walk).date().isoformat()),
    "time_of_day": ("time", lambda walk: _now(walk).strftime("%H:%M")),
    "weekday": ("number", lambda walk: _now(walk).isoweekday()),
    "earlier.calls": ("number", _calls),
    "earlier.last_exit": ("text", _last_exit),
    "earlier.last_queue": ("text", _last_queue),
    "earlier.last_at": ("text", _last_at),
    "earlier.minutes_ago": ("number", _minutes_ago),
}
"""Names every flow may read."""
OF_QUEUE: Final[Mapping[str, tuple[VariableType, Callable[[Walk, QueuePlan], Value]]]] = {
    "length": ("number", _length),
    "estimated_wait": ("number", _estimated_wait),
    "agents_ready": ("number", _ready),
    "agents_logged_in": ("number", _logged_in),
}
"""What follows ``queue.NAME.``"""
OF_CALENDAR: Final[Mapping[str, tuple[VariableType, Callable[[Walk, CalendarPlan], Value]]]] = {
    "state": ("text", lambda walk, calendar: _reading(walk, calendar).state),
    "reason": ("text", lambda walk, calendar: calendars.worded(_reading(walk, calendar).reason, walk.language)),
    "message": ("text", lambda walk, calendar: _reading(walk, calendar).message or ""),
    "lunch": ("boolean", lambda walk, calendar: _reading(walk, calendar).lunch),
    "reopens": ("text", _reopens),
    "reopens_on": ("date", lambda walk, calendar: _reopens(walk, calendar)[:10]),
}
"""What follows ``calendar.NAME.``"""
TAKEN: Final = frozenset({name.partition(".")[0] for name in PLAIN} | {"queue", "calendar"})
"""What no variable can be called."""


def types(queues: Iterable[str], calendar_names: Iterable[str]) -> dict[str, VariableType]:
    """Every name that flows may read besides their variables, and its type."""
    return {
        **{name: type_ for name, (type_, _) in PLAIN.items()},
        **{f"queue.{queue}.{part}": type_ for queue in queues for part, (type_, _) in OF_QUEUE.items()},
        **{f"calendar.{one}.{part}": type_ for one in calendar_names for part, (type_, _) in OF_CALENDAR.items()},
    }


def value_of(walk: Walk, name: str) -> Value:
    """The value of a name, or of a variable of the flow. Raises ``KeyError`` for what a reload took away."""
    if name in walk.variables:
        return walk.variables[name]
    if name in PLAIN:
        return PLAIN[name][1](walk)
    owner, _, part = name.rpartition(".")
    kind, _, id_ = owner.partition(".")
    if kind == "queue":
        return OF_QUEUE[part][1](walk, walk.scene.plan.queues[QueueId(id_)])
    if kind == "calendar":
        return OF_CALENDAR[part][1](walk, walk.scene.plan.calendars[CalendarId(id_)])
    raise KeyError(name)
