"""What the outside may see is complete, masked and of one moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.domain.events import PlanLoaded
from acd.domain.ids import AgentId, ContactId
from acd.engine import view_shapes, views
from acd.engine.state import Agent, EngineState, Free, InCall, Offered, WrapUp
from tests.engine_kit import Bench, make_plan

CALL = ContactId("c")


def look(bench: Bench) -> view_shapes.EngineView:
    seen = views.view(bench.state, bench.at)
    assert seen is not None
    return seen


def test_without_a_plan_there_is_nothing_to_see() -> None:
    assert views.view(EngineState(), 1.0) is None


@pytest.mark.parametrize(("number", "shown"), [("0811222333", "•••••••333"), ("123", "123"), ("12", "12"), ("", "")])
def test_callers_numbers_are_masked_but_for_three_digits(number: str, shown: str) -> None:
    assert views.masked(number) == shown


@pytest.mark.parametrize(
    ("about", "activity", "since"),
    [
        ({}, "idle", 5.0),
        ({"busy": True}, "unavailable", 5.0),
        ({"resting": True}, "unavailable", 5.0),
        ({"presence": "paused"}, "paused", 2.0),
        ({"presence": "logged_out"}, "logged_out", 2.0),
        ({"work": Offered(6.0, CALL, 5.0)}, "offered", 6.0),
        ({"work": InCall(7.0, CALL), "presence": "paused"}, "talking", 7.0),
        ({"work": WrapUp(8.0, CALL, 9.0)}, "wrap_up", 8.0),
    ],
)
def test_an_agents_activity_follows_from_work_then_presence(about: dict[str, Any], activity: str, since: float) -> None:
    agent = replace(Agent(AgentId("ana"), Free(5.0), "ready", 2.0), **about)
    assert views.activity_of(agent) == (activity, since)
    assert activity in view_shapes.ACTIVITIES


def test_every_phase_is_shown_with_its_place_in_the_queue() -> None:
    bench = Bench()
    talking = bench.talking("budi")
    bench.sleep(1)
    first = bench.queued()
    bench.sleep(1)
    second = bench.queued()
    bench.login("ana")
    listening = bench.call(endpoint="DAHDI/i1/169")
    bench.obeying = False
    leaving = bench.call("999", endpoint="DAHDI/i1/169")
    bench.sleep(3)
    seen = {c.id: c for c in look(bench).contacts}
    assert {str(leg): seen[ContactId(leg)].phase for leg in (talking, first, second, listening, leaving)} == {
        talking: "talking",
        first: "offered",
        second: "waiting",
        listening: "ivr",
        leaving: "leaving",
    }
    assert [seen[ContactId(leg)].position for leg in (first, second, talking)] == [None, 1, None]
    assert seen[ContactId(talking)].agent == "budi"
    assert seen[ContactId(first)].caller == "•••••••333"
    billing = next(q for q in look(bench).queues if q.id == "billing")
    assert (billing.waiting, billing.longest_wait_s, billing.agents_ready, billing.agents_logged_in) == (2, 4.0, 0, 2)


def test_ready_agents_are_counted_where_their_skills_and_queues_allow() -> None:
    bench = Bench()
    bench.login("ana", "citra", "dewi")
    ready = {q.id: q.agents_ready for q in look(bench).queues}
    assert ready == {"billing": 1, "tech": 2, "general": 3}
    assert all(q.longest_wait_s == 0 for q in look(bench).queues)


def test_trunks_show_use_peak_refusals_and_state() -> None:
    bench = Bench()
    for _ in range(4):
        bench.call()
    gw = next(t for t in look(bench).trunks if t.id == "gw")
    assert (gw.capacity, gw.in_use, gw.peak, gw.blocked, gw.up) == (3, 3, 3, 1, True)


def test_an_agent_on_the_way_out_of_the_plan_is_still_shown() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.feed(PlanLoaded(bench.at, make_plan(agents={})))
    (ana,) = look(bench).agents
    assert (ana.id, ana.name, ana.device, ana.skills, ana.activity) == ("ana", "ana", "", (), "talking")
    assert ana.contact_id == bench.contact(leg).id


def test_the_view_carries_the_figures_and_the_links() -> None:
    bench = Bench()
    seen = look(bench)
    assert (seen.ari_up, seen.ami_up, seen.plan_version, seen.at) == (True, True, "v1", bench.at)
    assert seen.figures is bench.state.figures
    assert next(a for a in seen.agents if a.id == "ana").skills == (("billing", 3), ("lang_id", 5))


def test_a_view_is_the_same_with_the_plans_index_at_hand_and_never_uses_another_plans() -> None:
    bench = Bench()
    bench.talking()
    assert views.view(bench.state, bench.at, views.index_of(bench.plan)) == look(bench)
    old = views.index_of(make_plan(agents={}))
    assert views.view(bench.state, bench.at, old) == look(bench)
