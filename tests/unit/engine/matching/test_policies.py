"""Each policy chooses whom its name says; the property tests hold all of them to a naive oracle as well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.ids import AgentId, ContactId, QueueId
from acd.domain.plan import AgentPlan, Plan
from acd.engine.matching import STANDARD, Router, agent_parts, contact_parts
from acd.engine.matching.facts import AgentFacts, Requirement
from acd.engine.matching.fit import Fit
from acd.engine.matching.policies import agent_policy, contact_policy
from acd.engine.matching.policies.contract import Crowd, Head
from tests.engine_kit import agent_plan, levels, make_plan, with_queue

BILLING, TECH, GENERAL = QueueId("billing"), QueueId("tech"), QueueId("general")
NEED = Requirement(BILLING, levels(billing=1))


def plan(policy: str = "longest_idle", *agents: AgentPlan) -> Plan:
    made = make_plan()
    if agents:
        made = replace(made, agents={agent.id: agent for agent in agents})
    return with_queue(made, "billing", policy=policy)


def chosen(policy: str, *facts: AgentFacts, agents: tuple[AgentPlan, ...] = ()) -> str:
    router = Router(plan(policy, *agents))
    for fact in facts:
        router.agent_available(fact)
    choice = router.best_agent(ContactId("c"), NEED, 0)
    assert choice is not None
    assert len(choice.rank) == len(agent_parts(STANDARD.agent[policy]))
    return choice.id


ANA, BUDI = AgentId("ana"), AgentId("budi")


@pytest.mark.parametrize(
    ("policy", "ana", "budi", "expected"),
    [
        ("longest_idle", AgentFacts(ANA, 5.0), AgentFacts(BUDI, 4.0), "budi"),
        ("longest_idle", AgentFacts(ANA, 5.0), AgentFacts(BUDI, 5.0), "ana"),
        ("best_proficiency", AgentFacts(ANA, 1.0), AgentFacts(BUDI, 9.0), "budi"),
        ("least_occupied", AgentFacts(ANA, 1.0, occupancy=0.5), AgentFacts(BUDI, 9.0, occupancy=0.4), "budi"),
        ("fewest_contacts", AgentFacts(ANA, 1.0, contacts=3), AgentFacts(BUDI, 9.0, contacts=2), "budi"),
        ("round_robin", AgentFacts(ANA, 1.0, last_offer=7), AgentFacts(BUDI, 9.0, last_offer=6), "budi"),
        ("round_robin", AgentFacts(ANA, 9.0), AgentFacts(BUDI, 1.0), "ana"),
        ("fixed_order", AgentFacts(ANA, 9.0, 9, 0.9, 9), AgentFacts(BUDI, 1.0), "ana"),
    ],
)
def test_of_two_agents_the_policy_takes_the_one_its_name_says(
    policy: str, ana: AgentFacts, budi: AgentFacts, expected: str
) -> None:
    assert chosen(policy, ana, budi) == expected


def test_only_the_required_skills_count_for_proficiency() -> None:
    agents = (agent_plan("x", billing=2, tech=5), agent_plan("y", billing=3))
    facts = (AgentFacts(AgentId("x"), 0.0), AgentFacts(AgentId("y"), 9.0))
    assert chosen("best_proficiency", *facts, agents=agents) == "y"


def test_lots_fall_on_agents_in_proportion_to_their_proficiency() -> None:
    router = Router(plan("weighted_random", agent_plan("x", billing=1), agent_plan("y", billing=4)))
    router.agent_available(AgentFacts(AgentId("x"), 0.0))
    router.agent_available(AgentFacts(AgentId("y"), 0.0))
    drawn = [router.best_agent(ContactId(f"1717383600.{n}"), NEED, 0) for n in range(2000)]
    on_y = sum(choice is not None and choice.id == "y" for choice in drawn)
    assert 1520 <= on_y <= 1680, "4 of 5 lots, within 4.5 standard deviations"


def test_the_group_with_most_idle_beyond_its_size_is_asked_under_the_fixed_queue_ratio() -> None:
    many = [agent_plan(f"m{n}", billing=1) for n in range(6)]
    few = [agent_plan(f"f{n}", billing=2) for n in range(2)]
    # 3 of 6 idle against 2 of 2: the small group has more than its share, though fewer are idle.
    idle = [AgentFacts(agent.id, 0.0) for agent in (*many[:3], *few)]
    assert chosen("fixed_queue_ratio", *idle, agents=(*many, *few)) == "f0"
    idle = [AgentFacts(agent.id, 0.0) for agent in (*many[:5], few[0])]
    assert chosen("fixed_queue_ratio", *idle, agents=(*many, *few)) == "m0"


# ---------------------------------------------------------------- contacts


def waiting(policy: str, now: float, **queues: dict[str, object]) -> list[str]:
    """The order in which one agent takes three contacts: old in billing, young in tech, and one in general."""
    made = replace(plan("longest_idle", agent_plan("ana", billing=2, tech=5)), contact_policy=policy)
    for queue, changes in queues.items():
        made = with_queue(made, queue, **changes)
    router = Router(made)
    router.agent_available(AgentFacts(ANA, 0.0))
    router.contact_waiting(ContactId("old"), Requirement(BILLING, levels(billing=1)), 0, 0.0)
    router.contact_waiting(ContactId("young"), Requirement(TECH, levels(tech=1)), 0, 40.0)
    router.contact_waiting(ContactId("other"), Requirement(GENERAL, ()), 0, 20.0)
    order = []
    while (choice := router.best_contact(ANA, now)) is not None:
        assert len(choice.rank) == len(contact_parts(STANDARD.contact[policy]))
        order.append(choice.id)
        router.contact_gone(ContactId(choice.id))
    return order


def test_the_longest_wait_counts_across_queues() -> None:
    assert waiting("longest_wait", 50.0) == ["old", "other", "young"]


def test_a_plain_policy_adds_nothing_to_the_rank() -> None:
    for policy in STANDARD.contact.values():
        head = Head(0, 1.0, make_plan().queues[BILLING], Fit(1, 0, 1), 1)
        assert (policy.weigh(head, Crowd(1, 1), 2.0) == ()) is policy.plain
        assert len(policy.weigh(head, Crowd(1, 1), 2.0)) == len(policy.parts)


def test_a_weight_makes_waiting_time_count_more_and_ageing_wins_in_the_end() -> None:
    assert waiting("weight", 50.0, tech={"weight": 6.0}) == ["young", "old", "other"]
    assert waiting("weight", 50.0, tech={"weight": 4.0}) == ["old", "young", "other"]


def test_the_contact_the_agent_is_best_for_comes_first() -> None:
    assert waiting("best_skill_first", 50.0) == ["young", "old", "other"]


def test_generalised_c_mu_prefers_the_dear_and_the_quick() -> None:
    assert waiting("generalised_cmu", 50.0, billing={"service_time_s": 600.0}) == ["other", "old", "young"]


def test_the_queue_longest_beyond_its_share_comes_first() -> None:
    assert waiting("fixed_queue_ratio", 50.0, billing={"share": 3}, general={"share": 2})[0] == "young"


def test_a_name_nobody_knows_stands_for_the_default() -> None:
    assert agent_policy(STANDARD, "theirs:Own") is STANDARD.agent["best_proficiency"]
    assert contact_policy(STANDARD, "theirs:Own") is STANDARD.contact["longest_wait"]
