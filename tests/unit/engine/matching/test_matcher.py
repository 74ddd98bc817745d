"""The matcher follows the state; the property tests compare it with one made anew after every event."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.ids import AgentId, ContactId, QueueId
from acd.engine.matching import Matcher, facts_of
from acd.engine.state import Agent, Contact, EngineState, Free, InIvr, Position, Waiting
from tests.engine_kit import Bench, levels, make_plan, n

POSITION = Position(next(iter(make_plan().flows)), n("q_bill"))
BILLING, TECH = QueueId("billing"), QueueId("tech")


def contact(queue: QueueId = BILLING) -> Contact:
    return Contact(ContactId("c"), Waiting(1.0, queue, levels(), 0, POSITION), "169", None, "", 0.0)


def test_before_a_plan_is_loaded_there_is_nobody() -> None:
    matcher = Matcher(EngineState())
    assert matcher.best_agent(contact()) is None
    assert matcher.best_contact(AgentId("ana"), 0.0) is None


def test_the_length_of_a_queue_counts_who_waits_in_it_now() -> None:
    matcher = Matcher(EngineState(make_plan()))
    waiting = contact()
    matcher.contact_changed(waiting)
    assert matcher.on_line(BILLING) == 1
    matcher.contact_changed(contact(TECH))
    assert (matcher.on_line(BILLING), matcher.on_line(TECH)) == (0, 1)
    matcher.contact_changed(replace(waiting, phase=InIvr(2.0, POSITION)))
    matcher.contact_dropped(waiting.id)
    assert matcher.on_line(TECH) == 0


def test_only_a_waiting_contact_gets_an_agent() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.call()
    assert bench.engine.matcher.best_agent(bench.contact(leg)) is None
    assert not bench.engine.matcher.may_take(AgentId("ana"), bench.contact(leg))


def test_a_matcher_made_of_a_state_is_the_one_that_followed_it() -> None:
    bench = Bench()
    bench.login("ana", "citra")
    for digit in "112":
        bench.queued(digit)
    assert bench.engine.matcher.snapshot() == Matcher(bench.state).snapshot()
    assert bench.engine.matcher.snapshot() != Matcher(EngineState(make_plan())).snapshot()


def test_occupancy_is_the_share_of_the_time_logged_in_when_the_agent_became_free() -> None:
    agent = Agent(AgentId("ana"), Free(200.0), "ready", logged_in_at=100.0, worked_s=25.0)
    assert facts_of(agent).occupancy == 0.25
    assert facts_of(replace(agent, logged_in_at=200.0)).occupancy == 0.0


def test_conversation_and_wrap_up_are_work_until_the_next_login() -> None:
    bench = Bench()
    leg = bench.talking("ana")
    bench.sleep(30.0)
    bench.hang_up(leg)
    bench.sleep(4.0)
    assert bench.request("ana", "end_wrap_up").ok
    assert bench.agent("ana").worked_s == 34.0
    bench.request("ana", "logout")
    bench.login("ana")
    assert (bench.agent("ana").worked_s, bench.agent("ana").logged_in_at) == (0.0, bench.at)
