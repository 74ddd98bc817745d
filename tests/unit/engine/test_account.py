"""An offer is explained as of its own moment, with everybody who was passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.decision import Ahead, Candidate, Decision, Passed
from acd.domain.events import (
    AgentRequested,
    CallArrived,
    DigitPressed,
    LegAnswered,
    LegEnded,
    LinkChanged,
    PhoneChanged,
    PlanLoaded,
)
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, ContactId, LegId, QueueId, RequestId, SkillId
from acd.domain.plan import Medium, RelaxationStep, Reservation
from acd.engine.core import Engine
from acd.engine.matching import STANDARD
from acd.engine.rating import CANDIDATES_KEPT, NAMED, RANKED, rate
from acd.engine.roster import Roster, why_not
from acd.engine.state import Agent, Free, InCall, Offered, Waiting, WrapUp
from tests.engine_kit import GW, Bench, agent_plan, levels, make_plan, n, with_node, with_queue

C = ContactId("c")
ANA = Agent(AgentId("ana"), Free(0.0), presence="ready")


def reasons(decision: Decision) -> dict[str, str]:
    """The reason given for each agent named."""
    return {agent: passed.reason for passed in decision.passed for agent in passed.agents}


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (None, ("not_logged_in", "")),
        (replace(ANA, presence="logged_out"), ("not_logged_in", "")),
        (replace(ANA, leaving=True), ("leaving", "")),
        (replace(ANA, work=InCall(0.0, C)), ("in_call", "")),
        (replace(ANA, work=WrapUp(0.0, C, 9.0)), ("wrap_up", "")),
        (replace(ANA, work=Offered(0.0, ContactId("d"), 0.0)), ("offered_other", "")),
        (replace(ANA, work=Offered(0.0, C, 0.0)), ("rings_already", "")),
        (replace(ANA, presence="paused", pause_reason="lunch"), ("paused", "lunch")),
        (replace(ANA, reachable=False), ("phone_unreachable", "")),
        (replace(ANA, busy=True), ("phone_busy", "")),
        (replace(ANA, dialling=True), ("phone_busy", "")),
        (replace(ANA, leg=LegId("x")), ("hanging_up", "")),
        (replace(ANA, resting=True), ("resting", "")),
        (ANA, None),
    ],
)
def test_each_obstacle_has_its_reason(agent: Agent | None, reason: tuple[str, str] | None) -> None:
    assert why_not(agent, C) == reason


def test_names_the_candidates_by_rank_and_a_reason_for_everybody_else() -> None:
    bench = Bench()
    bench.login("ana", "budi", "citra")
    bench.sleep(5)
    leg = bench.queued()
    (decision,) = bench.decisions
    since = bench.at - 5
    assert decision.contact_id == ContactId(leg)
    assert (decision.offer, decision.agent, decision.queue) == (1, "budi", "billing")
    assert (decision.at, decision.waiting_since, decision.plan_version) == (bench.at, bench.at, "v1")
    assert [(need.skill, need.level) for need in decision.requires] == [("billing", 1), ("lang_id", 1)]
    assert decision.rank_names == ("tried", "tier", "preferred", "proficiency", "idle_since", "id")
    assert decision.candidates == (
        Candidate(AgentId("budi"), (0, 1, 0, -10, since, "budi")),
        Candidate(AgentId("ana"), (0, 1, 0, -8, since, "ana")),
    )
    assert (decision.policy, decision.contact_policy) == ("best_proficiency", "longest_wait")
    assert decision.candidates_count == 2
    assert decision.passed == (
        Passed("other_queues", 1, (AgentId("dewi"),)),
        Passed("lacks_skill", 1, (AgentId("citra"),), "", SkillId("billing"), 0, 1),
    )
    assert decision.trigger == "arrived"
    assert (decision.ahead, decision.ahead_count, decision.behind_count) == ((), 0, 0)


def test_what_the_chosen_agent_did_is_explained_as_it_was_before_the_offer() -> None:
    bench = Bench()
    bench.login("citra")
    bench.queued("2")
    (decision,) = bench.decisions
    assert decision.best == decision.agent == "citra"
    assert reasons(decision)["dewi"] == "not_logged_in"


def test_each_of_several_offers_of_one_event_has_its_own_moment() -> None:
    bench = Bench()
    bench.feed(LinkChanged(bench.at, "ari", up=False))
    bench.login("ana", "budi")
    first, second = bench.queued(), bench.queued()
    assert not bench.decisions
    bench.feed(LinkChanged(bench.at, "ari", up=True))
    bench.feed(bench.pbx.resync(after_gap=True))
    one, two = bench.decisions
    assert (one.contact_id, one.agent, one.trigger) == (ContactId(first), "budi", "resync")
    assert [c.agent for c in one.candidates] == ["budi", "ana"]
    assert (one.ahead_count, one.behind_count) == (0, 1)
    assert (two.contact_id, two.agent) == (ContactId(second), "ana")
    assert [c.agent for c in two.candidates] == ["ana"]
    assert reasons(two)["budi"] == "offered_other"
    assert two.ahead == (Ahead("being_offered", 1, QueueId("billing"), one.waiting_since, (one.contact_id,)),)


def test_tells_who_was_ahead_in_line_and_why_the_agent_did_not_get_them() -> None:
    bench = Bench(with_queue(make_plan(), "billing", priority=5))
    bench.queued("1", language="2")  # needs English, which ana does not speak
    bench.sleep(3)
    bench.queued("2")  # tech, with priority 1
    bench.sleep(3)
    mine = bench.queued("1")
    bench.login("ana")
    (decision,) = bench.decisions
    assert (decision.contact_id, decision.agent, decision.trigger) == (ContactId(mine), "ana", "agent_free")
    (ahead,) = decision.ahead
    assert (ahead.reason, ahead.skill, ahead.has, ahead.needs) == ("lacks_skill", "lang_en", 0, 1)
    assert (decision.ahead_count, decision.behind_count) == (1, 1)


def test_an_agent_who_serves_other_queues_is_no_reason_against_who_waits_there() -> None:
    bench = Bench()
    bench.queued("1")
    mine = bench.call("170")
    bench.login("dewi")
    (decision,) = bench.decisions
    assert (decision.contact_id, decision.agent) == (ContactId(mine), "dewi")
    bench = Bench(make_plan(agents={a.id: a for a in (agent_plan("eka", "tech", tech=1, lang_id=1, billing=3),)}))
    bench.queued("1")
    bench.queued("2")
    bench.login("eka")
    assert [d.queue for d in bench.decisions] == ["tech"]


def test_the_second_try_says_that_the_first_came_to_nothing() -> None:
    bench = Bench()
    bench.login("ana", "budi")
    bench.queued()
    bench.sleep(15)
    _, again = bench.decisions
    assert (again.offer, again.agent, again.trigger) == (2, "ana", "offer_ended")
    assert reasons(again)["budi"] == "resting"


def test_an_overflow_says_that_the_needs_changed() -> None:
    bench = Bench()
    bench.login("citra")
    bench.queued()
    bench.sleep(30)
    (decision,) = bench.decisions
    assert (decision.queue, decision.agent, decision.trigger) == ("general", "citra", "changed")


def test_a_reload_says_so() -> None:
    bench = Bench()
    bench.queued()
    hired = {**bench.plan.agents, AgentId("eka"): agent_plan("eka", login=True, billing=1, lang_id=1)}
    bench.feed(PlanLoaded(bench.at, replace(bench.plan, version="v2", agents=hired)))
    (decision,) = bench.decisions
    assert (decision.agent, decision.trigger, decision.plan_version) == ("eka", "reload", "v2")
    assert sum(passed.count for passed in decision.passed) == 4


def test_of_several_phones_at_once_each_is_explained() -> None:
    bench = Bench(with_queue(make_plan(), "billing", ring=2))
    bench.login("ana", "budi")
    bench.queued()
    one, two = bench.decisions
    assert (one.agent, one.offer, two.agent, two.offer) == ("budi", 1, "ana", 2)
    assert reasons(two)["budi"] == "rings_already"
    assert two.trigger == "arrived"


def test_what_is_kept_of_a_large_site_is_bounded_and_everybody_is_counted() -> None:
    agents = [agent_plan(f"a{n:04}", login=n < 300, billing=1 + n % 5, lang_id=1) for n in range(600)]
    bench = Bench(make_plan(agents={agent.id: agent for agent in agents}))
    bench.queued()
    (decision,) = bench.decisions
    assert len(decision.candidates) == CANDIDATES_KEPT
    assert decision.candidates_count == 300
    (out,) = decision.passed
    assert (out.reason, out.count, len(out.agents)) == ("not_logged_in", 300, NAMED)
    assert decision.best == decision.agent == "a0004"


def test_without_a_plan_or_twice_there_is_nothing_to_explain() -> None:
    engine = Engine()
    engine.handle(LegAnswered(1.0, LegId("x")))
    assert engine.account() == []
    bench = Bench()
    bench.login("citra")
    bench.engine.handle(CallArrived(bench.at, LegId("c9"), f"{GW}-9", "170", ""))
    assert len(bench.engine.account()) == 1
    assert bench.engine.account() == []


def test_an_explanation_taken_late_is_of_its_own_moment_all_the_same() -> None:
    bench = Bench(with_queue(make_plan(), "billing", ring=2))
    bench.login("ana", "budi")
    leg = LegId("call1")
    bench.call()
    bench.press(leg, "1")
    engine = bench.engine
    engine.handle(DigitPressed(bench.at, leg, "1"))
    accounts = engine.account()
    engine.handle(PhoneChanged(bench.at, "PJSIP/ana", reachable=False, busy=False))
    engine.handle(LegEnded(bench.at, leg))
    told = [account.decision for account in (explain() for explain in accounts) if account.kind == "write_decision"]
    assert [(d.agent, d.candidates_count) for d in told] == [("budi", 2), ("ana", 1)]


def test_a_reservation_is_named_on_both_sides() -> None:
    kept = Reservation(SkillId("billing"), 1, keep=1, queues=(QueueId("billing"),))
    plan = make_plan(reservations=(kept,))
    bench = Bench(with_queue(plan, "general", requires=levels(lang_id=1), priority=0))
    waits = bench.queued("2")
    bench.sleep(2)
    bench.feed(PlanLoaded(bench.at, with_node(bench.plan, QueueNode(n("q_bill"), QueueId("general")))))
    held = bench.queued("1")
    bench.feed(PlanLoaded(bench.at, with_queue(plan, "general", requires=levels(lang_id=1))))
    bench.sleep(1)
    mine = bench.queued("1")
    bench.login("ana")
    (decision,) = bench.decisions
    assert (decision.contact_id, decision.agent) == (ContactId(mine), "ana")
    assert {(ahead.reason, *ahead.contacts) for ahead in decision.ahead} == {
        ("lacks_skill", waits),
        ("reserved", held),
    }


def test_one_agent_waited_for_alone_is_named_on_both_sides() -> None:
    plan = with_node(make_plan(), QueueNode(n("q_bill"), QueueId("billing"), agent=AgentId("budi"), agent_wait_s=20.0))
    bench = Bench(plan)
    bench.login("budi")
    bench.feed(PhoneChanged(bench.at, "PJSIP/budi", reachable=True, busy=True))
    ahead = bench.queued("1")
    bench.sleep(1)
    bench.feed(PlanLoaded(bench.at, make_plan()))
    mine = bench.queued("1")
    bench.login("ana")
    (decision,) = bench.decisions
    assert (decision.contact_id, decision.agent) == (ContactId(mine), "ana")
    assert [(a.reason, *a.contacts) for a in decision.ahead] == [("named_other", ahead)]
    bench.feed(PhoneChanged(bench.at, "PJSIP/budi", reachable=True, busy=False))
    named = bench.decisions[-1]
    assert (named.agent, named.named, named.policy, named.rank_names) == ("budi", "budi", "named", ("tried", "id"))
    assert named.passed == (Passed("named_other", 3, (AgentId("ana"), AgentId("citra"), AgentId("dewi")), "budi"),)


def test_an_agent_waited_for_alone_who_is_no_longer_in_the_plan_is_nobody() -> None:
    bench = Bench()
    contact = bench.contact(bench.queued("1"))
    assert isinstance(contact.phase, Waiting)
    rating = rate(Roster(bench.plan), STANDARD, contact, replace(contact.phase, named=AgentId("gone")), {})
    assert (rating.ranks, rating.able, [passed.count for passed in rating.passed]) == ([], 0, [4])


def test_who_will_do_later_is_told_from_when() -> None:
    steps = (RelaxationStep(10.0, lower=levels(billing=4)), RelaxationStep(40.0, helpers=(QueueId("tech"),)))
    plan = with_queue(make_plan(), "billing", requires=levels(billing=5), relaxation=steps, max_wait_s=None)
    eka = agent_plan("eka", "tech", billing=5, lang_id=1)
    fay = agent_plan("fay", billing=4, lang_id=1)
    bench = Bench(replace(plan, agents={**plan.agents, eka.id: eka, fay.id: fay}))
    bench.login("budi")
    bench.queued("1")
    (decision,) = bench.decisions
    later = {str(agent): (p.reason, p.later_s) for p in decision.passed for agent in p.agents}
    assert later["eka"] == ("other_queues", 40.0)
    assert later["fay"] == ("lacks_skill", 10.0)
    assert later["citra"] == ("lacks_skill", None)


def test_lots_fall_on_those_who_did_not_let_the_call_pass() -> None:
    bench = Bench(with_queue(make_plan(), "billing", policy="weighted_random"))
    bench.login("ana", "budi")
    leg = bench.queued("1")
    for _ in range(2):
        bench.pbx.end(bench.leg_of(bench.decisions[-1].agent), 21)
        bench.settle()
    bench.sleep(6)
    first, second, third = bench.decisions
    assert {first.agent, second.agent} == {"ana", "budi"}
    assert [candidate.rank[-2] for candidate in first.candidates] == [0, 1]
    assert third.best == third.agent
    assert third.candidates[0].rank[0] == 1
    assert bench.contact(leg).offers == 3


def test_the_chosen_one_of_a_thousand_alike_is_ranked() -> None:
    agents = [agent_plan(f"a{n:04}", billing=1, lang_id=1) for n in range(RANKED + 5)]
    bench = Bench(make_plan(agents={agent.id: agent for agent in agents}))
    for agent in reversed(agents):
        bench.engine.handle(AgentRequested(bench.at, RequestId("r"), agent.id, "login"))
        bench.at += 1
    bench.queued()
    decision = bench.decisions[-1]
    assert decision.best == decision.agent == agents[-1].id
    assert decision.candidates_count == RANKED + 5


def test_the_last_agents_kept_for_others_are_passed_over_as_reserved() -> None:
    bench = Bench(make_plan(reservations=(Reservation(SkillId("billing"), 1, keep=2, queues=(QueueId("tech"),)),)))
    bench.login("ana", "budi")
    contact = bench.contact(bench.queued("1"))
    assert isinstance(contact.phase, Waiting)
    rating = rate(Roster(bench.plan), STANDARD, contact, contact.phase, bench.state.agents)
    assert (rating.ranks, rating.able) == ([], 0)
    (reserved,) = [passed for passed in rating.passed if passed.reason == "reserved"]
    assert (reserved.agents, reserved.skill) == ((AgentId("ana"), AgentId("budi")), "billing")


@pytest.mark.parametrize(("medium", "reason"), [("voice", "phone_busy"), ("email", "no_capacity")])
def test_one_agent_waited_for_alone_has_the_reason_that_holds_now(medium: Medium, reason: str) -> None:
    bench = Bench()
    bench.login("budi")
    bench.feed(PhoneChanged(bench.at, "PJSIP/budi", reachable=True, busy=True))
    contact = bench.contact(bench.queued("1"))
    assert isinstance(contact.phase, Waiting)
    waiting = replace(contact.phase, named=AgentId("budi"), medium=medium)
    rating = rate(Roster(bench.plan), STANDARD, contact, waiting, bench.state.agents)
    assert rating.ranks == []
    assert (reason, (AgentId("budi"),)) in [(passed.reason, passed.agents) for passed in rating.passed]


def test_a_medium_nobody_has_capacity_for_is_said_of_everybody() -> None:
    bench = Bench()
    bench.login("ana")
    contact = bench.contact(bench.queued("2"))
    assert isinstance(contact.phase, Waiting)
    rating = rate(Roster(bench.plan), STANDARD, contact, replace(contact.phase, medium="email"), bench.state.agents)
    assert [(passed.reason, passed.count) for passed in rating.passed] == [("no_capacity", 4)]


def test_groups_are_weighed_by_who_is_free_in_them() -> None:
    crew = [agent_plan(f"one{n}", billing=1, lang_id=1) for n in range(3)]
    crew += [agent_plan(f"two{n}", billing=1, lang_id=1, tech=1) for n in range(2)]
    plan = make_plan(agents={agent.id: agent for agent in crew})
    bench = Bench(with_queue(plan, "billing", policy="fixed_queue_ratio"))
    bench.login("one0", "two0", "two1")
    bench.queued("1")
    (decision,) = bench.decisions
    assert decision.candidates_count == 3
    assert decision.best == decision.agent == "two0"
    assert decision.candidates[0].rank < decision.candidates[-1].rank
    assert decision.candidates[-1].agent == "one0"
