"""The named policies, and the names of the numbers in their ranks."""

from __future__ import annotations

from acd.domain.plan import Plan
from acd.engine.matching.policies import agents, contacts
from acd.engine.matching.policies.contract import AgentPolicy, ContactPolicy, Policies

__all__ = [
    "STANDARD",
    "AgentPolicy",
    "ContactPolicy",
    "Policies",
    "agent_parts",
    "agent_policy",
    "contact_parts",
    "contact_policy",
    "standard",
]

STANDARD = Policies(
    agent={
        "longest_idle": agents.LongestIdle(),
        "best_proficiency": agents.BestProficiency(),
        "least_occupied": agents.LeastOccupied(),
        "fewest_contacts": agents.FewestContacts(),
        "round_robin": agents.RoundRobin(),
        "fixed_order": agents.FixedOrder(),
        "weighted_random": agents.WeightedRandom(),
        "fixed_queue_ratio": agents.FixedQueueRatio(),
    },
    contact={
        "longest_wait": contacts.LongestWait(),
        "weight": contacts.Weight(),
        "best_skill_first": contacts.BestSkillFirst(),
        "generalised_cmu": contacts.GeneralisedCMu(),
        "fixed_queue_ratio": contacts.FixedQueueRatio(),
    },
)
"""The policies that come with the product."""


def standard(plan: Plan) -> Policies:  # noqa: ARG001 - others look at what the plan names
    """The policies that come with the product, whatever the plan."""
    return STANDARD


DEFAULT_AGENT = "best_proficiency"
DEFAULT_CONTACT = "longest_wait"


def agent_policy(policies: Policies, name: str) -> AgentPolicy:
    """Look a policy up. A name that only another deployment's own module explains stands for the default."""
    return policies.agent.get(name) or policies.agent[DEFAULT_AGENT]


def contact_policy(policies: Policies, name: str) -> ContactPolicy:
    """Look a policy up, in the same way."""
    return policies.contact.get(name) or policies.contact[DEFAULT_CONTACT]


def agent_parts(policy: AgentPolicy) -> tuple[str, ...]:
    """Names of the numbers in the rank of an agent; ``tried`` is 1 for who let the contact pass."""
    return ("tried", "tier", "preferred", *policy.parts, "id")


def contact_parts(policy: ContactPolicy) -> tuple[str, ...]:
    """Names of the numbers in the rank of a contact."""
    return ("priority", *policy.parts, "since", "id")
