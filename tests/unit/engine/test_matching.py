"""Who qualifies, who is chosen, in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.domain.ids import AgentId, ContactId, LegId, QueueId, SkillId
from acd.domain.plan import Plan, QueueNode
from acd.engine import matching
from acd.engine.state import Agent, Contact, Free, InCall, Offer, Position, Waiting
from tests.engine_kit import EN, ID, agent_plan, levels, make_plan, n

PLAN = make_plan()
SKILLS = {a.id: {s.skill: s.level for s in a.skills} for a in PLAN.agents.values()}


def idle(name: str, since: float = 0.0, **more: Any) -> Agent:
    return replace(Agent(AgentId(name), Free(since), "ready"), **more)


def waiting(queue: str = "billing", since: float = 0.0, priority: int = 0, **requires: int) -> Waiting:
    return Waiting(since, QueueId(queue), levels(**requires), priority, Position(next(iter(PLAN.flows)), n("q_bill")))


def contact(name: str, phase: Waiting) -> Contact:
    return Contact(ContactId(name), phase, "169", None, "", 0.0)


def best(phase: Waiting, *agents: Agent, plan: Plan = PLAN) -> str | None:
    return matching.Matcher(plan).best_agent({agent.id: agent for agent in agents}, phase)


def test_requirements_join_queue_node_and_language_with_the_higher_minimum() -> None:
    node = QueueNode(n("q"), QueueId("billing"), requires=levels(billing=4, vip=1))
    queue = PLAN.queues[QueueId("billing")]
    assert matching.requirement(PLAN, queue, node, EN) == levels(billing=4, lang_en=1, vip=1)
    assert matching.requirement(PLAN, queue, None, None) == levels(billing=1)
    unspoken = replace(PLAN, language_skills={})
    assert matching.requirement(unspoken, queue, None, ID) == levels(billing=1)


@pytest.mark.parametrize(
    "obstacle",
    [
        {"presence": "paused"},
        {"presence": "logged_out"},
        {"work": InCall(0.0, ContactId("c"))},
        {"leg": LegId("old")},
        {"reachable": False},
        {"busy": True},
        {"resting": True},
        {"leaving": True},
    ],
)
def test_an_agent_with_any_obstacle_is_not_available(obstacle: dict[str, Any]) -> None:
    assert matching.available(idle("ana"))
    assert not matching.available(idle("ana", **obstacle))


@pytest.mark.parametrize(
    ("agent", "queue", "requires", "expected"),
    [
        ("ana", "billing", {"billing": 3}, True),
        ("ana", "billing", {"billing": 4}, False),
        ("ana", "billing", {"billing": 1, "lang_en": 1}, False),
        ("ana", "general", {}, True),
        ("dewi", "billing", {"billing": 1}, False),
        ("dewi", "tech", {"tech": 1}, True),
    ],
)
def test_an_agent_qualifies_by_queue_and_every_minimum(
    agent: str,
    queue: str,
    requires: dict[str, int],
    expected: bool,  # noqa: FBT001 - table
) -> None:
    plan = PLAN.agents[AgentId(agent)]
    assert (matching.match(plan, SKILLS[plan.id], waiting(queue, **requires)) is not None) is expected


def test_the_best_match_wins_over_the_longest_idle() -> None:
    assert best(waiting(billing=1), idle("ana", 0.0), idle("budi", 50.0)) == "budi"


def test_of_equal_matches_the_longest_idle_wins_then_the_lower_id() -> None:
    assert best(waiting(lang_id=1), idle("ana", 5.0), idle("budi", 4.0)) == "budi"
    assert best(waiting(lang_id=1), idle("budi", 5.0), idle("ana", 5.0)) == "ana"


def test_only_the_required_skills_count_for_the_match() -> None:
    plan = make_plan(agents={a.id: a for a in (agent_plan("x", billing=2, tech=5), agent_plan("y", billing=3))})
    assert best(waiting(billing=1), idle("x"), idle("y"), plan=plan) == "y"


def test_who_let_the_contact_pass_is_asked_last_but_is_asked() -> None:
    phase = replace(waiting(billing=1), tried=(AgentId("budi"),))
    assert best(phase, idle("ana"), idle("budi")) == "ana"
    assert best(phase, idle("budi")) == "budi"
    assert best(phase) is None


def choose(agent: str, *contacts: Contact) -> str | None:
    plan = PLAN.agents[AgentId(agent)]
    return matching.next_contact(PLAN, SKILLS[plan.id], plan.id, contacts)


def test_an_agent_takes_priority_then_the_longest_wait_then_the_lower_id() -> None:
    old, new = contact("old", waiting(since=1.0)), contact("new", waiting(since=2.0))
    urgent = contact("urgent", waiting(since=3.0, priority=1))
    assert choose("ana", new, old) == "old"
    assert choose("ana", new, old, urgent) == "urgent"
    assert choose("ana", contact("b", waiting()), contact("a", waiting())) == "a"


def test_an_agent_is_not_given_who_is_being_offered_or_needs_more() -> None:
    ringing = contact("r", replace(waiting(), offers=(Offer(AgentId("budi"), LegId("l"), 0.0),)))
    demanding = contact("d", waiting(billing=4))
    assert choose("ana", ringing, demanding) is None
    assert SkillId("billing") in SKILLS[AgentId("ana")]
