"""The helpers every desk needs."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.commands import CancelTimer, Ignored, StartTimer
from acd.domain.exits import Exit
from acd.domain.ids import AgentId, ContactId, TimerKey
from acd.engine.matching import Matcher
from acd.engine.state import Agent, Contact, EngineState, Free, Leaving
from acd.engine.turn import Chosen, Turn
from tests.engine_kit import make_plan

KEY = TimerKey("ring:c")


def turn() -> Turn:
    return Turn(state := EngineState(), make_plan(), Matcher(state), 100.0)


def test_each_start_of_a_timer_has_a_generation_of_its_own_and_replaces_the_one_before() -> None:
    now = turn()
    now.start_timer(KEY, 5)
    now.start_timer(KEY, 7)
    assert now.out == [StartTimer(KEY, 1, 105.0), StartTimer(KEY, 2, 107.0)]
    assert now.state.timers[KEY].generation == 2


def test_only_a_running_timer_is_cancelled() -> None:
    now = turn()
    now.cancel_timer(KEY)
    assert now.out == []
    now.start_timer(KEY, 5)
    now.cancel_timer(KEY)
    assert now.out[-1] == CancelTimer(KEY)
    assert not now.state.timers


def test_an_unknown_agent_or_contact_is_nobody() -> None:
    now = turn()
    assert now.change_agent(AgentId("x"), lambda agent: agent) is None
    assert now.contact(ContactId("x")) is None


def test_what_changes_nothing_says_which_event_and_why() -> None:
    now = turn()
    now.ignore(object(), "why")
    assert now.out == [Ignored("object", "why")]


def test_what_was_before_each_change_is_kept_in_order() -> None:
    now = turn()
    agent = Agent(AgentId("ana"), Free(1.0))
    now.put_agent(agent)
    busy = now.change_agent(agent.id, lambda a: replace(a, busy=True))
    now.drop_agent(agent.id)
    assert now.agents_were == [(agent.id, None), (agent.id, agent), (agent.id, busy)]
    assert not now.state.agents
    contact = Contact(ContactId("c"), Leaving(1.0, Exit.CLOSED, 16), "169", None, "", 1.0)
    now.put(contact)
    now.chosen(contact.id, agent.id)
    now.drop(contact.id)
    assert now.contacts_were == [(contact.id, None), (contact.id, contact)]
    assert now.offers == [Chosen(contact.id, agent.id, now.plan, agents=3, contacts=1)]
