"""What the files say about matching becomes the plan, and what has no effect is told with its place."""

from __future__ import annotations

import pytest

from acd.domain.errors import ConfigError
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, FlowId, NodeId, QueueId, SkillId
from acd.domain.plan import Capacity, Plan, RelaxationStep, Reservation
from acd.domain.skills import SkillLevel
from acd.settings import load
from tests.unit.settings.conftest import Deployment

LKPM = "    relaxation: [{after: 45s, lower: {lkpm: 1}}]\n"
NODE = "last_agent: 24h, agent_wait: 15s"
AGENT = "agent101: {name: Petugas 101, "


def plan(deployment: Deployment) -> Plan:
    return load(deployment.config, deployment.flows, {}, secrets=False).plan


def level(skill: str, minimum: int) -> SkillLevel:
    return SkillLevel(SkillId(skill), minimum)


def test_the_sample_relaxes_lkpm_and_remembers_who_dealt_with_a_complaint(sample: Deployment) -> None:
    made = plan(sample)
    assert made.queues[QueueId("q_lkpm")].relaxation == (RelaxationStep(45.0, (level("lkpm", 1),)),)
    node = made.flows[FlowId("169")].nodes[NodeId("q_pengaduan")]
    assert isinstance(node, QueueNode)
    assert (node.last_agent_within_s, node.agent_wait_s) == (86400.0, 15.0)
    assert (made.contact_policy, made.reservations) == ("longest_wait", ())


def test_everything_that_can_be_said_of_matching_reaches_the_plan(sample: Deployment) -> None:
    sample.change(
        "queues.yaml",
        LKPM,
        """    policy: round_robin
    prefers: {lang_en: 2}
    tier: 1
    weight: 2.5
    service_time: 4m
    share: 3
    relaxation:
      - {after: 20s, lower: {lkpm: 0}, drop_preferred: true}
      - {after: 40s, tier: 2, helpers: [q_umum]}
""",
    )
    sample.append(
        "queues.yaml",
        """
contact_policy: weight
reservations:
  - {skill: lang_en, level: 2, keep: 1, queues: [q_lkpm], priority: 500}
""",
    )
    sample.change("agents.yaml", AGENT, AGENT + "tiers: {q_umum: 2}, ")
    sample.change("agents.yaml", "agent102: {", "agent102: {capacity: {voice: {beside: [email]}, email: {most: 2}}, ")
    sample.change("169.yaml", NODE, "prefers: {lang_en: 1}, agent: agent122, agent_wait: 5s")
    made = plan(sample)
    queue = made.queues[QueueId("q_lkpm")]
    assert (queue.policy, queue.prefers, queue.tier) == ("round_robin", (level("lang_en", 2),), 1)
    assert (queue.weight, queue.service_time_s, queue.share) == (2.5, 240.0, 3)
    assert queue.relaxation == (
        RelaxationStep(20.0, (level("lkpm", 0),), drop_preferred=True),
        RelaxationStep(40.0, tier=2, helpers=(QueueId("q_umum"),)),
    )
    assert made.contact_policy == "weight"
    assert made.reservations == (Reservation(SkillId("lang_en"), 2, 1, (QueueId("q_lkpm"),), 500),)
    agent = made.agents[AgentId("agent101")]
    assert agent.tiers == {QueueId("q_umum"): 2}
    assert set(agent.queues) == set(made.queues), "levels make the queues explicit"
    assert made.agents[AgentId("agent102")].capacity == (Capacity("voice", 1, ("email",)), Capacity("email", 2))
    node = made.flows[FlowId("169")].nodes[NodeId("q_pengaduan")]
    assert isinstance(node, QueueNode)
    assert (node.prefers, node.agent, node.agent_wait_s) == ((level("lang_en", 1),), "agent122", 5.0)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("queues.yaml", LKPM, "    policy: longest_idel\n", "policy: unknown policy 'longest_idel'; did you mean"),
        ("queues.yaml", LKPM, "    policy: 3x\n", "policy: must be a policy such as longest_idle"),
        ("queues.yaml", LKPM, "    policy: no_such_module:Mine\n", "policy: cannot load no_such_module:Mine: Module"),
        ("queues.yaml", LKPM, "    policy: datetime:timedelta\n", "datetime:timedelta is no agent policy"),
        ("queues.yaml", "queues:\n", "contact_policy: datetime:timedelta\nqueues:\n", "is no contact policy"),
        ("queues.yaml", "queues:\n", "contact_policy: a:B\nqueues:\n", "contact_policy: cannot load a:B"),
        (
            "queues.yaml",
            "queues:\n",
            "contact_policy: weigth\nqueues:\n",
            "'weigth'; did you mean 'weight'",
        ),
        ("queues.yaml", LKPM, "    weight: heavy\n", "weight: must be a number such as 2 or 0.5, not 'heavy'"),
        ("queues.yaml", LKPM, "    prefers: {lkpmm: 2}\n", "prefers.lkpmm: unknown skill 'lkpmm'"),
        ("queues.yaml", "lower: {lkpm: 1}", "lower: {lkpm: 2}", "is not lower than what the queue requires (2)"),
        ("queues.yaml", "lower: {lkpm: 1}", "lower: {lkpm: -1}", "lower.lkpm: must not be below 0"),
        ("queues.yaml", "lower: {lkpm: 1}", "lower: {lkpn: 1}", "unknown skill 'lkpn'"),
        ("queues.yaml", "{after: 45s, lower: {lkpm: 1}}", "{after: 45s}", "relaxation[0]: changes nothing"),
        ("queues.yaml", "lower: {lkpm: 1}", "tier: 2", "without `tier` in the queue all levels are asked"),
        (
            "queues.yaml",
            LKPM,
            "    tier: 3\n" + LKPM.replace("lower: {lkpm: 1}", "tier: 2"),
            "not higher than the queue's",
        ),
        ("queues.yaml", "lower: {lkpm: 1}", "helpers: [q_lkpm]", "a queue's own agents need not help out"),
        ("queues.yaml", "lower: {lkpm: 1}", "helpers: [q_umun]", "unknown queue 'q_umun'"),
        (
            "queues.yaml",
            "{after: 45s, lower: {lkpm: 1}}",
            "{after: 45s, lower: {lkpm: 1}}, {after: 45s, drop_preferred: true}",
            "must be later than the step before (45s)",
        ),
        ("queues.yaml", "queues:\n", "reservations: [{skill: lang_en, keep: 1}]\nqueues:\n", "from everybody"),
        (
            "queues.yaml",
            "queues:\n",
            "reservations: [{skill: x, keep: 1, priority: 1}]\nqueues:\n",
            "unknown skill 'x'",
        ),
        ("agents.yaml", AGENT, AGENT + "tiers: {q_umun: 2}, ", "tiers.q_umun: unknown queue 'q_umun'"),
        ("agents.yaml", AGENT, AGENT + "tiers: {q_umum: 10}, ", "tiers.q_umum: must be from 1 to 9"),
        (
            "agents.yaml",
            AGENT,
            AGENT + "queues: [q_umum], tiers: {q_progres: 2}, ",
            "'q_progres' is none of the agent's queues",
        ),
        ("agents.yaml", AGENT, AGENT + "capacity: {voice: {most: 2}}, ", "an agent has one call at a time"),
        ("169.yaml", NODE, "agent: agent999", "unknown agent 'agent999'"),
        ("169.yaml", NODE, "agent: agent122, last_agent: 1h", "has no effect beside `agent`"),
        ("169.yaml", NODE, "prefers: {lang_fr: 1}", "unknown skill 'lang_fr'"),
    ],
)
def test_each_mistake_about_matching_is_told(sample: Deployment, file: str, old: str, new: str, message: str) -> None:
    sample.change(file, old, new)
    with pytest.raises(ConfigError) as caught:
        plan(sample)
    assert message in str(caught.value)
