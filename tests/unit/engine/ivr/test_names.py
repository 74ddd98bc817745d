"""What expressions read: each name's value, its type, and what is gone after a reload."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.calendar_plan import Closure
from acd.domain.exits import Exit
from acd.domain.flow import HangUpNode
from acd.domain.flow_values import Value, VariableType
from acd.domain.ids import CalendarId, FlowId, LegId, PromptKey
from acd.domain.plan import Plan
from acd.engine import arrival, ivr
from acd.engine.ivr import names
from acd.engine.ivr.names import value_of
from acd.engine.matching import Matcher
from acd.engine.state import Position
from acd.engine.turn import Turn
from tests.engine_kit import EN, ID, MONDAY_10, Bench, make_plan, n

CALENDAR = CalendarId("office")
LARGE = "DAHDI/i1"
"""A trunk with room for every caller here."""


def walk_of(made: Bench, leg: LegId | None = None) -> ivr.Walk:
    """A walk of a caller who has just come; of ``leg`` if that is given."""
    contact = made.contact(leg or made.call(endpoint=LARGE))
    turn = Turn(made.state, made.plan, made.engine.matcher, made.at)
    return ivr.Walk(arrival.scene(turn, contact), Position(FlowId("main"), n("menu")))


def values(walk: ivr.Walk, prefix: str) -> dict[str, Value]:
    """Everything below a prefix."""
    known = names.types(walk.scene.plan.queues, walk.scene.plan.calendars)
    return {name.removeprefix(prefix): value_of(walk, name) for name in known if name.startswith(prefix)}


def test_every_name_has_a_value_of_its_type() -> None:
    walk = walk_of(Bench(make_plan(remember_callers_s=60.0)))
    known = names.types(walk.scene.plan.queues, walk.scene.plan.calendars)
    python: dict[VariableType, type] = {"text": str, "date": str, "time": str, "number": int, "boolean": bool}
    assert {name: type(value_of(walk, name)) for name in known} == {name: python[t] for name, t in known.items()}
    assert len(known) == len(names.PLAIN) + 3 * len(names.OF_QUEUE) + len(names.OF_CALENDAR)


@pytest.mark.parametrize(
    ("given", "number", "anonymous"),
    [
        ("0811222333", "+62811222333", False),
        ("+62217654321", "+62217654321", False),
        ("6591234567", "", False),
        ("+6591234567", "+6591234567", False),
        ("1500123", "", False),
        ("", "", True),
        ("anonymous", "", True),
    ],
)
def test_the_caller_has_a_number_in_e164_or_none(given: str, number: str, anonymous: bool) -> None:  # noqa: FBT001 - a table
    made = Bench()
    assert values(walk_of(made, made.call(caller=given)), "caller.") == {"number": number, "anonymous": anonymous}


def test_the_call_says_where_it_came_in_and_what_is_spoken() -> None:
    made = Bench()
    leg = made.call("169", LARGE)
    walk = walk_of(made, leg)
    read = [value_of(walk, name) for name in ("access_code", "trunk", "contact.id", "language")]
    assert read == ["169", "e1", leg, ID]
    walk.use(EN)
    assert value_of(walk, "language") == EN
    walk.language = None
    assert value_of(walk, "language") == ""
    blank = ivr.Walk(replace(walk.scene, contact=replace(walk.scene.contact, trunk=None)), walk.position)
    assert value_of(blank, "trunk") == ""


def test_the_moment_is_told_by_the_clock_of_the_deployment() -> None:
    def now(plan: Plan) -> list[Value]:
        made = Bench(plan, at=MONDAY_10 + 0.75)
        walk = walk_of(made)
        return [value_of(walk, name) for name in ("now", "today", "time_of_day", "weekday")]

    assert now(make_plan()) == ["2024-06-03T10:00:00+07:00", "2024-06-03", "10:00", 1]
    assert now(make_plan(time_zone="Asia/Jayapura"))[0] == "2024-06-03T12:00:00+09:00"
    assert now(make_plan(time_zone="Pacific/Honolulu"))[1:] == ["2024-06-02", "17:00", 7]


def test_a_queue_tells_its_length_and_the_agents_who_could_serve_this_caller() -> None:
    made = Bench()
    walk = walk_of(made)
    assert values(walk, "queue.billing.") == {
        "length": 0,
        "estimated_wait": names.UNKNOWN,
        "agents_ready": 0,
        "agents_logged_in": 0,
    }
    made.login("ana", "budi", "citra", "dewi")  # dewi serves tech and general only, citra has no skill for billing
    walk = walk_of(made)
    assert values(walk, "queue.billing.") == {
        "length": 0,
        "estimated_wait": 0,
        "agents_ready": 2,
        "agents_logged_in": 2,
    }
    assert value_of(walk, "queue.general.agents_ready") == 4
    walk.use(EN)  # only budi speaks it
    assert value_of(walk, "queue.billing.agents_ready") == 1
    made.queued(endpoint=LARGE)
    made.queued(endpoint=LARGE)
    made.queued(endpoint=LARGE)
    walk = walk_of(made)
    assert value_of(walk, "queue.billing.length") == 3
    assert [value_of(walk, f"queue.billing.agents_{which}") for which in ("ready", "logged_in")] == [0, 2]


def test_the_estimated_wait_is_whole_seconds_as_soon_as_it_is_known() -> None:
    made = Bench()
    talking = made.talking("ana", endpoint=LARGE)
    for _ in range(6):
        waiting = made.queued(endpoint=LARGE)
        made.sleep(7.3)
        made.hang_up(talking)
        made.request("ana", "end_wrap_up")
        made.pick_up("ana")
        talking = waiting
    wait = value_of(walk_of(made), "queue.billing.estimated_wait")
    assert type(wait) is int
    assert wait > 0


def test_an_agent_whom_a_reload_took_away_serves_nobody() -> None:
    made = Bench()
    made.login("ana")
    walk = walk_of(made)
    state = made.state.copy()
    state.plan = gone = replace(walk.scene.plan, agents={})
    later = replace(walk.scene, plan=gone, state=state, matcher=Matcher(state))
    assert value_of(ivr.Walk(later, walk.position), "queue.billing.agents_ready") == 0


def test_a_calendar_tells_its_state_why_and_until_when() -> None:
    made = Bench()
    assert values(walk_of(made), "calendar.office.") == {
        "state": "open",
        "reason": "",
        "message": "",
        "lunch": False,
        "reopens": "",
        "reopens_on": "",
    }
    night = Bench(at=MONDAY_10 + 8 * 3600)
    assert values(walk_of(night), "calendar.office.")["state"] == "closed"
    assert values(walk_of(night), "calendar.office.")["reopens"] == "2024-06-04T08:00:00+07:00"
    assert values(walk_of(night), "calendar.office.")["reopens_on"] == "2024-06-04"


def test_a_closure_gives_its_reason_and_message_and_may_have_no_end() -> None:
    plan = make_plan()
    closed = replace(plan.calendars[CALENDAR], closure=Closure(0.0, "rudi", "flood", message=PromptKey("msg")))
    made = Bench(replace(plan, calendars={CALENDAR: closed}))
    told = values(walk_of(made), "calendar.office.")
    assert (told["state"], told["reason"], told["message"], told["reopens"]) == ("closed", "flood", "msg", "")


def test_earlier_contacts_of_the_same_number_are_known() -> None:
    made = Bench(make_plan(remember_callers_s=3600.0))
    nothing = {"calls": 0, "last_exit": "", "last_queue": "", "last_at": "", "minutes_ago": names.UNKNOWN}
    assert values(walk_of(made), "earlier.") == nothing
    made.sleep(60.0)
    made.hang_up(made.queued(caller="+62811222333"))
    made.sleep(150.0)
    assert values(walk_of(made), "earlier.") == {
        "calls": 1,
        "last_exit": Exit.SHORT_ABANDONED.value,
        "last_queue": "billing",
        "last_at": "2024-06-03T10:01:00+07:00",
        "minutes_ago": 2,
    }
    made.hang_up(made.call())
    assert value_of(walk_of(made), "earlier.last_queue") == ""
    assert values(walk_of(made, made.call(caller="0899000111")), "earlier.") == nothing


def test_a_variable_of_the_flow_is_read_as_it_is_now() -> None:
    walk = walk_of(Bench())
    walk.keep("nib", "123")
    assert value_of(walk, "nib") == "123"


@pytest.mark.parametrize(
    "name",
    ["nib", "caller.x", "queue.none.length", "queue.billing.x", "calendar.none.state", "calendar.office.x", "a.b.c"],
)
def test_what_is_not_there_is_a_key_error(name: str) -> None:
    walk = walk_of(Bench())
    with pytest.raises(KeyError):
        value_of(walk, name)


def test_no_name_can_be_a_variable_of_a_flow() -> None:
    assert {"queue", "calendar", "caller", "now", "earlier", "language"} <= names.TAKEN
    assert HangUpNode(n("x")).kind not in names.TAKEN
