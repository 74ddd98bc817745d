"""Supervisors' orders about waiting contacts and agents' skills."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import HangUp, Ignored, Originate
from acd.domain.events import PlanLoaded
from acd.domain.ids import AgentId, ContactId, LegId, QueueId
from acd.domain.orders import AssignToAgent, MoveToQueue, Order, ResetSkills, SetPriority, SetSkills
from acd.engine import supervising
from acd.engine.core import Engine
from acd.engine.state import EngineState, Free, Talking, Waiting
from acd.engine.views import view
from acd.store.codec import decode, encode
from tests.engine_kit import Bench, levels, make_plan, with_queue

ANA, BUDI, CITRA = AgentId("ana"), AgentId("budi"), AgentId("citra")


def contact(leg: LegId) -> ContactId:
    return ContactId(leg)


def waiting(bench: Bench, leg: LegId) -> Waiting:
    phase = bench.contact(leg).phase
    assert isinstance(phase, Waiting)
    return phase


def rung(bench: Bench, leg: LegId) -> list[str]:
    return [offer.agent for offer in waiting(bench, leg).offers]


def ends(bench: Bench, leg: LegId, agent: str) -> None:
    """A conversation and the wrap-up after it."""
    bench.hang_up(leg)
    bench.request(agent, "end_wrap_up")


# ---------------------------------------------------------------- priority


def test_a_contact_of_higher_priority_is_served_first_and_keeps_its_waited_time() -> None:
    bench = Bench()
    busy = bench.talking("ana")
    first = bench.queued()
    bench.sleep(5)
    second = bench.queued()
    since = waiting(bench, second).since
    bench.sleep(3)
    assert bench.order(SetPriority(contact(second), 500)).ok
    assert (waiting(bench, second).priority, waiting(bench, second).since) == (500, since)
    ends(bench, busy, "ana")
    assert (rung(bench, first), rung(bench, second)) == ([], ["ana"])


def test_a_new_priority_takes_nobodys_phone_away() -> None:
    bench = Bench()
    bench.login("ana")
    first, second = bench.queued(), bench.queued()
    bench.order(SetPriority(contact(second), 999))
    assert (rung(bench, first), rung(bench, second)) == (["ana"], [])


# ---------------------------------------------------------------- another queue


def test_a_contact_moved_to_another_queue_is_offered_there_at_once_with_its_waited_time() -> None:
    bench = Bench()
    bench.login("citra")
    leg = bench.queued()
    entered = bench.contact(leg).queued_at
    bench.sleep(20)
    assert bench.order(MoveToQueue(contact(leg), QueueId("tech"))).ok
    moved = waiting(bench, leg)
    assert (moved.queue, moved.requires, rung(bench, leg)) == ("tech", levels(lang_id=1, tech=1), ["citra"])
    assert moved.since == entered == bench.contact(leg).queued_at
    assert bench.timers[f"wait:{leg}"].due == bench.at + 40  # type: ignore[index]
    bench.pick_up("citra")
    bench.hang_up(leg)
    assert (bench.records[0].queue, bench.records[0].wait_s) == ("tech", 20.0)


def test_who_was_rung_for_the_old_queue_is_taken_back_without_blame() -> None:
    bench = Bench()
    bench.login("ana", "citra")
    leg = bench.queued()
    bench.sleep(2)
    bench.order(MoveToQueue(contact(leg), QueueId("tech")))
    assert [h.leg_id for h in bench.got(HangUp)] == [f"acd-l-{leg}-1"]
    assert (bench.agent("ana").missed, bench.agent("ana").resting, bench.agent("ana").leg) == (0, False, None)
    assert rung(bench, leg) == ["citra"]


def test_a_supervisors_word_counts_more_than_a_full_queue_and_ends_the_old_queues_longest_wait() -> None:
    bench = Bench(with_queue(with_queue(make_plan(), "general", max_length=0), "general", max_wait_s=None))
    leg = bench.queued()
    assert bench.order(MoveToQueue(contact(leg), QueueId("general"))).ok
    assert waiting(bench, leg).queue == "general"
    assert f"wait:{leg}" not in bench.timers


def test_a_contact_moved_to_where_it_waits_stays_as_it_is() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    before = bench.contact(leg)
    assert bench.order(MoveToQueue(contact(leg), QueueId("billing"))).ok
    assert bench.contact(leg) == before


# ---------------------------------------------------------------- one agent


def test_an_assigned_contact_rings_that_agent_whatever_the_skills() -> None:
    bench = Bench()
    bench.login("ana", "citra")
    leg = bench.queued()
    assert rung(bench, leg) == ["ana"]
    assert bench.order(AssignToAgent(contact(leg), CITRA)).ok
    assert rung(bench, leg) == ["citra"]
    assert isinstance(bench.agent("ana").work, Free)
    bench.pick_up("citra")
    assert isinstance(bench.contact(leg).phase, Talking)


def test_an_assigned_contact_waits_for_that_agent_alone() -> None:
    bench = Bench()
    busy = bench.talking("citra", digit="2")
    leg = bench.queued()
    bench.order(AssignToAgent(contact(leg), CITRA))
    bench.login("ana")
    assert rung(bench, leg) == []
    seen = view(bench.state, bench.at)
    assert seen is not None
    assert {c.id: c.agent for c in seen.contacts}[contact(leg)] == "citra"
    bench.hang_up(busy)
    assert rung(bench, leg) == ["citra"]


def test_of_several_phones_the_assigned_one_rings_on() -> None:
    bench = Bench(with_queue(make_plan(), "billing", ring=2))
    bench.login("ana", "budi")
    leg = bench.queued()
    legs = {agent: bench.leg_of(agent) for agent in ("ana", "budi")}
    bench.order(AssignToAgent(contact(leg), ANA))
    assert rung(bench, leg) == ["ana"]
    assert bench.agent("ana").leg == legs["ana"]
    assert [h.leg_id for h in bench.got(HangUp)] == [legs["budi"]]
    assert bench.got(Originate) == []


@pytest.mark.parametrize("how", ["reject", "pause", "logout", "no answer"])
def test_when_the_assigned_agent_does_not_take_the_contact_everybody_is_asked(how: str) -> None:
    bench = Bench()
    bench.login("ana", "budi")
    leg = bench.queued()
    bench.order(AssignToAgent(contact(leg), ANA))
    assert rung(bench, leg) == ["ana"]
    if how == "no answer":
        bench.sleep(15)
    else:
        bench.request("ana", how)  # type: ignore[arg-type]
    assert rung(bench, leg) == ["budi"]
    assert not waiting(bench, leg).assigned


@pytest.mark.parametrize("how", ["pause", "logout", "plan"])
def test_contacts_that_wait_for_an_agent_who_goes_are_everybodys_again(how: str) -> None:
    bench = Bench()
    bench.talking("citra", digit="2")
    leg = bench.queued()
    bench.order(AssignToAgent(contact(leg), CITRA))
    bench.login("budi")
    assert rung(bench, leg) == []
    if how == "plan":
        bench.feed(PlanLoaded(bench.at, make_plan(agents={k: v for k, v in bench.plan.agents.items() if k != CITRA})))
    else:
        bench.request("citra", how)  # type: ignore[arg-type]
    assert rung(bench, leg) == ["budi"]


def test_an_agent_paused_for_not_answering_lets_go_of_the_others_assigned() -> None:
    bench = Bench(with_queue(make_plan(), "billing", max_no_answer=1))
    bench.login("ana")
    first = bench.queued()
    second = bench.queued()
    for leg in (first, second):
        assert bench.order(AssignToAgent(contact(leg), ANA)).ok
    bench.sleep(15)
    assert bench.agent("ana").pause_reason == "no_answer"
    assert not waiting(bench, second).assigned
    bench.login("budi")
    assert rung(bench, first) == ["budi"]


# ---------------------------------------------------------------- skills


def test_a_skill_given_at_run_time_counts_at_once_and_is_seen() -> None:
    bench = Bench()
    bench.login("citra")
    leg = bench.queued()
    assert rung(bench, leg) == []
    assert bench.order(SetSkills(CITRA, levels(billing=2, lang_id=5))).ok
    assert rung(bench, leg) == ["citra"]
    seen = view(bench.state, bench.at)
    assert seen is not None
    (citra,) = (a for a in seen.agents if a.id == "citra")
    assert (citra.skills, citra.skills_by) == ((("billing", 2), ("lang_id", 5)), "supervisor/rudi")


def test_a_skill_taken_away_is_no_longer_offered_for() -> None:
    bench = Bench()
    bench.login("ana")
    bench.order(SetSkills(ANA, levels(lang_id=5)))
    leg = bench.queued()
    assert rung(bench, leg) == []


def test_queues_served_can_be_changed_too_and_stay_when_not_named() -> None:
    bench = Bench()
    dewi = AgentId("dewi")
    bench.login("dewi")
    leg = bench.queued()
    bench.order(SetSkills(dewi, levels(billing=1, lang_id=5)))
    assert rung(bench, leg) == [], "still tech and general only"
    bench.order(SetSkills(dewi, levels(billing=1, lang_id=5), (QueueId("billing"),)))
    assert rung(bench, leg) == ["dewi"]


def test_changed_skills_outlive_a_restart_and_a_reload_and_end_at_the_logout() -> None:
    bench = Bench()
    bench.login("citra")
    bench.order(SetSkills(CITRA, levels(billing=2, lang_id=5)))
    bench.order(SetSkills(CITRA, levels(billing=4, lang_id=5)))
    bench.engine = Engine(decode(EngineState, encode(bench.state)))
    bench.feed(PlanLoaded(bench.at, replace(make_plan(), version="v2")))
    leg = bench.queued()
    assert rung(bench, leg) == ["citra"]
    bench.hang_up(leg)
    bench.request("citra", "logout")
    bench.login("citra")
    assert bench.state.plan is not None
    assert bench.state.plan.agents[CITRA] == make_plan().agents[CITRA]
    assert rung(bench, bench.queued()) == []
    assert not bench.state.skill_changes


def test_configured_skills_can_be_given_back_and_an_agent_the_plan_lost_keeps_none() -> None:
    bench = Bench()
    bench.login("citra")
    bench.order(SetSkills(CITRA, levels(billing=2)))
    assert bench.order(ResetSkills(CITRA)).ok
    assert bench.order(ResetSkills(CITRA)).ok
    assert bench.state.plan == make_plan()
    bench.order(SetSkills(CITRA, levels(billing=2)))
    bench.feed(PlanLoaded(bench.at, make_plan(agents={})))
    assert not bench.state.skill_changes


# ---------------------------------------------------------------- refusals and repeats

NOBODY, CALL = ContactId("nobody"), ContactId("call1")
REFUSALS: list[tuple[Order, str]] = [
    (SetPriority(NOBODY, 1), "no such contact"),
    (MoveToQueue(NOBODY, QueueId("tech")), "no such contact"),
    (AssignToAgent(NOBODY, ANA), "no such contact"),
    (SetPriority(CALL, 1), "the contact is not waiting"),
    (MoveToQueue(CALL, QueueId("tech")), "the contact is not waiting"),
    (MoveToQueue(ContactId("call2"), QueueId("nowhere")), "no such queue"),
    (AssignToAgent(CALL, ANA), "the contact is not waiting"),
    (AssignToAgent(ContactId("call2"), AgentId("nobody")), "no such agent"),
    (AssignToAgent(ContactId("call2"), BUDI), "the agent is not logged in"),
    (AssignToAgent(ContactId("call2"), CITRA), "the agent is paused"),
    (SetSkills(AgentId("nobody"), levels(tech=1)), "no such agent"),
    (SetSkills(ANA, levels(juggling=1)), "unknown skill 'juggling'"),
    (SetSkills(ANA, levels(tech=1), (QueueId("nowhere"),)), "unknown queue 'nowhere'"),
    (ResetSkills(AgentId("nobody")), "no such agent"),
]


@pytest.mark.parametrize(("order", "why"), REFUSALS)
def test_an_order_that_cannot_be_done_changes_nothing_and_says_why(order: Order, why: str) -> None:
    bench = Bench()
    assert contact(bench.talking("ana")) == CALL
    bench.queued()
    bench.login("citra")
    bench.request("citra", "pause")
    before = (dict(bench.state.contacts), dict(bench.state.agents), bench.state.plan)
    reply = bench.order(order)
    assert (reply.ok, reply.message) == (False, why)
    assert (bench.state.contacts, bench.state.agents, bench.state.plan) == before


def test_an_order_sent_twice_is_done_once_and_answered_alike() -> None:
    bench = Bench()
    leg = bench.queued()
    assert bench.order(SetPriority(contact(leg), 7), request_id="x").ok
    bench.order(SetPriority(contact(leg), 9))
    assert bench.order(SetPriority(contact(leg), 7), request_id="x").ok
    assert waiting(bench, leg).priority == 9
    assert "order is known and was answered" in {i.reason for i in bench.got(Ignored)}
    refused = bench.order(SetPriority(NOBODY, 7), request_id="y")
    assert bench.order(SetPriority(contact(leg), 7), request_id="y") == refused


def test_an_orders_answer_is_forgotten_after_a_while() -> None:
    bench = Bench()
    leg = bench.queued(digit="1")
    bench.order(SetPriority(NOBODY, 1), request_id="old")
    bench.at += supervising.KEPT_S + 1
    bench.order(SetPriority(contact(leg), 3), request_id="new")
    assert list(bench.state.orders) == ["new"]
