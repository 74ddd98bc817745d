"""The router's own claims; the property tests compare everything with a naive oracle."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.ids import AgentId, ContactId, QueueId, SkillId
from acd.domain.plan import AgentPlan, Capacity, Plan, Reservation
from acd.engine.matching import Router
from acd.engine.matching.facts import AgentFacts, Requirement
from tests.engine_kit import agent_plan, levels, make_plan, with_queue

BILLING, TECH = QueueId("billing"), QueueId("tech")
ANA, BUDI, CITRA = AgentId("ana"), AgentId("budi"), AgentId("citra")
C, D = ContactId("c"), ContactId("d")
NEED = Requirement(BILLING, levels(billing=1))


def router(*idle: str, plan: Plan | None = None) -> Router:
    made = Router(plan if plan is not None else make_plan())
    for number, agent in enumerate(idle):
        made.agent_available(AgentFacts(AgentId(agent), float(number)))
    return made


def best(made: Router, need: Requirement = NEED, priority: int = 0, tried: tuple[AgentId, ...] = ()) -> str | None:
    choice = made.best_agent(C, need, priority, tried=tried)
    return choice.id if choice is not None else None


def crowd(policy: str, *names: str) -> Plan:
    """Agents all alike."""
    plan = replace(make_plan(), agents={AgentId(name): agent_plan(name, billing=2) for name in names})
    return with_queue(plan, "billing", policy=policy)


def test_who_let_the_contact_pass_is_asked_last_but_is_asked() -> None:
    for policy in ("best_proficiency", "weighted_random", "fixed_queue_ratio"):
        made = router("x", "y", plan=crowd(policy, "x", "y"))
        assert best(made, tried=(AgentId("x"),)) == "y"
        assert best(made, tried=(AgentId("x"), AgentId("y"), AgentId("gone"))) == "x"


def test_agents_the_plan_does_not_know_are_no_matter() -> None:
    made = router("nobody")
    made.agent_unavailable(AgentId("nobody"))
    assert best(made) is None
    assert made.best_contact(AgentId("nobody"), 0.0) is None
    assert made.fit_of(AgentId("nobody"), NEED) == "not in the plan"
    assert not made.may_take(AgentId("nobody"), NEED, 0)


def test_a_medium_nobody_takes_finds_nobody() -> None:
    email = NEED._replace(medium="email")
    made = router("ana")
    assert best(made, email) is None
    assert made.fit_of(ANA, email) == "takes no email"
    assert not made.may_take(ANA, email, 0)


def test_an_agent_of_several_media_is_offered_what_there_is_room_for() -> None:
    plan = make_plan()
    blended = replace(plan.agents[ANA], capacity=(Capacity("voice", 1, ("email",)), Capacity("email", 2)))
    made = router("ana", plan=replace(plan, agents={ANA: blended}))
    email = NEED._replace(medium="email")
    assert best(made, email) == "ana"
    made.contact_waiting(C, email, 0, 1.0)
    made.contact_waiting(D, NEED, 0, 2.0)
    assert made.best_contact(ANA, 3.0) == ("c", (0, 1.0, "c"))
    made.agent_available(AgentFacts(ANA, 0.0, load=("email", "email")))
    assert made.best_contact(ANA, 3.0) == ("d", (0, 2.0, "d"))
    made.agent_available(AgentFacts(ANA, 0.0, load=("voice",)))
    assert made.best_contact(ANA, 3.0) is None


def test_a_contact_that_waits_for_one_agent_is_that_agents_alone_whatever_the_skills() -> None:
    made = router("ana", "citra")
    made.contact_waiting(C, NEED._replace(agent=CITRA), 0, 1.0)
    assert made.best_contact(ANA, 2.0) is None
    assert made.best_contact(CITRA, 2.0) == ("c", (0, 1.0, "c"))
    assert best(made, NEED._replace(agent=CITRA), tried=(CITRA,)) == "citra"
    assert best(made, NEED._replace(agent=BUDI)) is None
    assert made.may_take(CITRA, NEED._replace(agent=CITRA), 0)
    assert not made.may_take(ANA, NEED._replace(agent=CITRA), 0)
    made.contact_waiting(D, NEED._replace(agent=CITRA), 1, 5.0)
    assert made.best_contact(CITRA, 2.0) == ("d", (-1, 5.0, "d"))
    made.contact_gone(D)
    assert made.best_contact(CITRA, 2.0) == ("c", (0, 1.0, "c"))


def test_a_contact_that_waits_for_one_agent_queues_with_the_others_by_rank() -> None:
    made = router("ana")
    made.contact_waiting(C, NEED, 0, 1.0)
    made.contact_waiting(D, NEED._replace(agent=ANA), 0, 2.0)
    assert made.best_contact(ANA, 3.0) == ("c", (0, 1.0, "c"))
    weighed = router("ana", plan=replace(make_plan(), contact_policy="weight"))
    weighed.contact_waiting(C, Requirement(QueueId("gone"), (), agent=ANA), 0, 1.0)
    assert weighed.best_contact(ANA, 3.0) == ("c", (0, -2.0, 1.0, "c"))


def reserved(keep: int = 1) -> Plan:
    """Three agents for billing, the last one kept for the queue ``billing`` and for priority 5."""
    plan = crowd("longest_idle", "x", "y", "z")
    return replace(plan, reservations=(Reservation(SkillId("billing"), 2, keep, (BILLING,), 5),))


GENERAL = Requirement(QueueId("general"), ())


def test_agents_without_the_skill_are_neither_counted_nor_kept() -> None:
    plan = reserved()
    made = router("x", "w", plan=replace(plan, agents={**plan.agents, AgentId("w"): agent_plan("w", tech=1)}))
    assert best(made, GENERAL) == "w"


def test_an_agent_whose_facts_change_is_ranked_by_the_new_ones_and_counted_once() -> None:
    made = router("x", plan=reserved())
    made.agent_available(AgentFacts(AgentId("x"), 9.0))
    assert best(made, GENERAL) is None
    assert made.best_agent(C, NEED, 0) == ("x", (0, 1, 0, 9.0, "x"))


def test_the_last_agents_of_a_skill_are_kept_for_their_queue_and_for_high_priorities() -> None:
    made = router("x", plan=reserved())
    assert best(made, GENERAL) is None
    assert not made.may_take(AgentId("x"), GENERAL, 0)
    assert best(made, GENERAL, 5) == "x"
    assert best(made, NEED) == "x"
    made.agent_available(AgentFacts(AgentId("y"), 1.0))
    assert best(made, GENERAL) == "x"
    made.agent_unavailable(AgentId("y"))
    assert best(made, GENERAL) is None


def test_an_agent_kept_back_takes_only_contacts_it_is_kept_for() -> None:
    made = router("x", plan=reserved())
    made.contact_waiting(C, GENERAL, 0, 1.0)
    assert made.best_contact(AgentId("x"), 9.0) is None
    made.contact_waiting(D, NEED, 0, 2.0)
    assert made.best_contact(AgentId("x"), 9.0) == ("d", (0, 2.0, "d"))
    made.contact_waiting(C, GENERAL, 5, 1.0)
    assert made.best_contact(AgentId("x"), 9.0) == ("c", (-5, 1.0, "c"))


def test_one_agent_more_sets_others_free_who_were_kept_back() -> None:
    agents = (agent_plan("x", billing=2), agent_plan("y", billing=2, tech=1))
    plan = replace(reserved(), agents={agent.id: agent for agent in agents})
    made = router("y", plan=plan)
    made.contact_waiting(C, Requirement(TECH, levels(tech=1)), 0, 1.0)
    assert made.best_contact(AgentId("y"), 9.0) is None
    made.agent_available(AgentFacts(AgentId("x"), 1.0))
    assert made.best_contact(AgentId("x"), 9.0) is None
    assert made.freed_elsewhere(AgentId("x")) == ["y"]
    assert made.best_contact(AgentId("y"), 9.0) == ("c", (0, 1.0, "c"))


def test_an_agent_with_other_skills_goes_on_with_the_same_idle_time() -> None:
    made = router("citra")
    made.contact_waiting(C, NEED, 0, 1.0)
    assert made.best_contact(CITRA, 2.0) is None
    made.agent_changed(agent_plan("citra", billing=5))
    assert made.best_contact(CITRA, 2.0) == ("c", (0, 1.0, "c"))
    assert made.best_agent(C, NEED, 0) == ("citra", (0, 1, 0, -5, 0.0, "citra"))
    made.agent_changed(agent_plan("eka", billing=5))
    made.agent_available(AgentFacts(AgentId("eka"), -1.0))
    assert best(made) == "eka"


def _versatile(number: int) -> AgentPlan:
    return replace(agent_plan(f"a{number}"), skills=levels(**{"billing": 2, "tech": 1, f"s{number}": 1}))


def test_many_groups_and_many_lines_are_compared_by_their_heads() -> None:
    agents = {a.id: a for a in (_versatile(n) for n in range(9))}
    made = Router(with_queue(replace(make_plan(), agents=agents), "billing", policy="longest_idle"))
    for number, agent in enumerate(agents):
        made.agent_available(AgentFacts(agent, float(-number)))
    assert best(made) == "a8"
    for number in range(5):
        need = Requirement(BILLING, levels(billing=1), levels(**{f"s{number}": 1}))
        made.contact_waiting(ContactId(f"c{number}"), need, 0, float(-number))
        made.contact_waiting(ContactId(f"d{number}"), need._replace(queue=TECH), 0, float(-number))
    for _ in range(2):
        assert made.best_contact(AgentId("a1"), 0.0) == ("c4", (0, -4.0, "c4"))
    assert made.waiting(BILLING) == 5
