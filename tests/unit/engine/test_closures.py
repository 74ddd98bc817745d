"""Closures a supervisor orders: at once, for every reader of the calendar, until they end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import HangUp, Originate, Play, Spoken
from acd.domain.events import PlanLoaded
from acd.domain.ids import CalendarId, LegId, PromptKey
from acd.domain.orders import CloseCalendar, ReopenCalendar
from acd.engine.calendar_views import CalendarView
from acd.engine.core import Engine
from acd.engine.state import EngineState
from acd.engine.views import view
from acd.store.codec import decode, encode
from tests.callback_kit import CALLING_HOURS, CallbackBench, callback_plan
from tests.engine_kit import MONDAY_10, Bench, prompts

OFFICE = CalendarId("office")
FLOOD = CloseCalendar(OFFICE, "banjir")
HOUR = 3600.0


def heard(bench: Bench) -> tuple[PromptKey | Spoken, ...]:
    """What a caller hears who comes now and chooses Indonesian."""
    leg = bench.call()
    bench.press(leg, "1")
    said = bench.got(Play)[-1].prompts
    bench.hang_up(leg)
    return said


def shown(bench: Bench, calendar: CalendarId = OFFICE) -> CalendarView:
    seen = view(bench.state, bench.at)
    assert seen is not None
    return next(c for c in seen.calendars if c.id == calendar)


def test_the_next_caller_finds_it_closed_and_after_reopening_open() -> None:
    bench = Bench()
    assert heard(bench) == prompts("notice")
    assert bench.order(FLOOD).ok
    assert heard(bench) == prompts("closed")
    assert bench.order(ReopenCalendar(OFFICE)).ok
    assert heard(bench) == prompts("notice")


def test_it_ends_by_itself() -> None:
    bench = Bench()
    bench.order(replace(FLOOD, until=bench.at + HOUR))
    bench.sleep(HOUR - 1)
    assert heard(bench) == prompts("closed")
    bench.sleep(1)
    assert heard(bench) == prompts("notice")
    assert bench.order(ReopenCalendar(OFFICE)).message == "no closure is in force"


def test_everybody_sees_who_closed_it_why_and_until_when() -> None:
    bench = Bench()
    assert shown(bench).closure is None
    assert (shown(bench).state, shown(bench).by, shown(bench).opens_at) == ("open", "hours", bench.at)
    until = bench.at + 2 * HOUR
    bench.order(replace(FLOOD, until=until, message=PromptKey("darurat")))
    now = shown(bench)
    assert (now.state, now.by, now.opens_at, now.message) == ("closed", "closure", until, "darurat")
    assert now.reason == {"": "banjir"}
    assert now.closure is not None
    assert (now.closure.by, now.closure.since, now.closure.until) == ("supervisor/rudi", MONDAY_10, until)
    bench.order(FLOOD)
    assert shown(bench).opens_at is None, "nobody knows"


def test_it_outlives_a_restart_and_a_reload() -> None:
    bench = Bench()
    bench.order(FLOOD)
    restarted = Bench(engine=Engine(decode(EngineState, encode(bench.state))), at=bench.at)
    assert heard(restarted) == prompts("closed")
    restarted.feed(PlanLoaded(restarted.at, restarted.plan))
    assert heard(restarted) == prompts("closed")
    without = replace(restarted.plan, calendars={})
    restarted.feed(PlanLoaded(restarted.at, without))
    restarted.feed(PlanLoaded(restarted.at, restarted.plan))
    assert heard(restarted) == prompts("closed"), "a reload that lost the calendar does not open it"


def test_what_is_over_is_forgotten() -> None:
    bench = Bench()
    bench.order(replace(FLOOD, until=bench.at + 60))
    bench.sleep(60)
    bench.feed(PlanLoaded(bench.at, bench.plan))
    assert bench.state.closures == {}


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (CloseCalendar(CalendarId("x"), "banjir"), "no such calendar"),
        (ReopenCalendar(CalendarId("x")), "no such calendar"),
        (ReopenCalendar(OFFICE), "no closure is in force"),
        (replace(FLOOD, until=MONDAY_10), "the time to open again is past"),
        (replace(FLOOD, until=MONDAY_10 + 400 * 24 * HOUR), "the time to open again is more than a year away"),
    ],
)
def test_what_cannot_be_is_refused(order: CloseCalendar | ReopenCalendar, why: str) -> None:
    bench = Bench()
    assert (bench.order(order).ok, bench.order(order).message) == (False, why)
    assert bench.state.closures == {}


def test_the_same_request_closes_once() -> None:
    bench = Bench()
    bench.order(FLOOD, request_id="x")
    bench.order(ReopenCalendar(OFFICE))
    assert bench.order(FLOOD, request_id="x").ok
    assert heard(bench) == prompts("notice")


def test_those_who_wait_already_keep_waiting() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.order(FLOOD)
    assert not bench.got(HangUp)
    bench.login("ana")
    assert [offer.agent for offer in bench.contact(leg).phase.offers] == ["ana"]  # type: ignore[union-attr]


# ---------------------------------------------------------------- callbacks


def test_nobody_is_called_back_while_it_is_closed_and_at_the_reopening_somebody_is() -> None:
    bench = CallbackBench(callback_plan())
    contact = bench.promised()
    bench.order(CloseCalendar(CALLING_HOURS, "banjir", bench.at + 120))
    bench.login("budi")
    assert bench.held(contact).why == "closed"
    assert not bench.got(Originate)
    bench.order(CloseCalendar(CALLING_HOURS, "banjir"))
    bench.sleep(150)
    assert bench.held(contact).why == "closed", "closed for longer than was said first"
    bench.order(ReopenCalendar(CALLING_HOURS))
    bench.sleep(0)
    assert [c.device for c in bench.got(Originate)] == ["PJSIP/budi"]


def test_a_closure_of_another_calendar_does_not_concern_callbacks() -> None:
    bench = CallbackBench(callback_plan())
    bench.promised()
    bench.order(FLOOD)
    bench.login("budi")
    assert bench.leg_of("budi") != LegId("")
