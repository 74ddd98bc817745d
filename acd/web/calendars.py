"""The resources of calendars: what they say now, and closing one at once in an emergency."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from acd.domain.ids import CalendarId, PromptKey
from acd.domain.orders import CloseCalendar, Order, ReopenCalendar
from acd.engine.calendar_views import CalendarView
from acd.web.inputs import CloseBody, OrderBody
from acd.web.orders import give
from acd.web.problems import Problem, bad_field
from acd.web.routes import Call, Route


@dataclass(frozen=True, slots=True)
class Calendars:
    """All calendars."""

    calendars: tuple[CalendarView, ...]


async def _list(call: Call) -> Calendars:
    view = call.deps.view()
    if view is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No configuration is loaded yet.", kind="not-ready")
    return Calendars(view.calendars)


async def _show(call: Call) -> CalendarView:
    wanted = call.path["calendar_id"]
    for calendar in (await _list(call)).calendars:
        if calendar.id == wanted:
            return calendar
    raise Problem(HTTPStatus.NOT_FOUND, "There is no such calendar.", kind="unknown-calendar")


async def _ordered(call: Call, order: Order) -> CalendarView:
    await _show(call)
    await give(call, order)
    return await _show(call)


async def _close(call: Call) -> CalendarView:
    body: CloseBody = call.body
    message = PromptKey(body.message) if body.message is not None else None
    if message is not None and message not in call.deps.words().prompts:
        raise bad_field("message", "is no prompt of this deployment")
    return await _ordered(call, CloseCalendar(CalendarId(call.path["calendar_id"]), body.reason, body.until, message))


async def _reopen(call: Call) -> CalendarView:
    return await _ordered(call, ReopenCalendar(CalendarId(call.path["calendar_id"])))


_ERRORS = (404, 409, 503, 504)
ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/calendars", _list, "What every calendar says now", "calendars", Calendars, errors=(503,)),
    Route("GET", "/api/v1/calendars/{calendar_id}", _show, "One calendar", "calendars", CalendarView,
          errors=(404, 503)),
    Route("POST", "/api/v1/calendars/{calendar_id}/close", _close, "Close a calendar at once", "calendars",
          CalendarView, role="supervisor", body=CloseBody, errors=_ERRORS),
    Route("POST", "/api/v1/calendars/{calendar_id}/reopen", _reopen, "Take an ordered closure back", "calendars",
          CalendarView, role="supervisor", body=OrderBody, errors=_ERRORS),
)  # fmt: skip
