"""Matching: which agent takes which contact.

An agent qualifies who is free, serves the queue and has every required skill at its minimum level. Of those the best
match wins (highest sum of proficiency over the required skills), then who has been idle longest, then the lower id;
somebody who let this contact pass before comes last. A free agent takes the contact of highest priority, then the one
that waited longest, then the lower id. Ranks are tuples that end in an id, so the same input gives the same choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.domain.ids import AgentId, ContactId, Language, QueueId, SkillId
from acd.domain.plan import AgentPlan, Plan, QueueNode, QueuePlan, SkillLevel
from acd.engine.state import Agent, Contact, Free, Waiting

Skills = Mapping[SkillId, int]


def requirement(
    plan: Plan, queue: QueuePlan, node: QueueNode | None, language: Language | None
) -> tuple[SkillLevel, ...]:
    """Join the queue's, the node's and the language's demands; of two minimums for a skill the higher counts."""
    wanted: dict[SkillId, int] = {}
    spoken = plan.language_skills.get(language) if language is not None else None
    demands = [*queue.requires, *(node.requires if node else ()), *([SkillLevel(spoken, 1)] if spoken else ())]
    for demand in demands:
        wanted[demand.skill] = max(demand.level, wanted.get(demand.skill, 0))
    return tuple(SkillLevel(skill, level) for skill, level in sorted(wanted.items()))


def available(agent: Agent) -> bool:
    """Tell whether an agent can be offered a contact now."""
    return (
        agent.presence == "ready"
        and isinstance(agent.work, Free)
        and agent.leg is None
        and agent.reachable
        and not agent.busy
        and not agent.dialling
        and not agent.resting
        and not agent.leaving
    )


def match(agent: AgentPlan, skills: Skills, waiting: Waiting) -> int | None:
    """Sum an agent's proficiency over a contact's required skills; None when the agent may not take it at all."""
    if agent.queues and waiting.queue not in agent.queues:
        return None
    total = 0
    for need in waiting.requires:
        level = skills.get(need.skill, 0)
        if level < need.level:
            return None
        total += level
    return total


def contact_rank(contact: Contact, waiting: Waiting) -> tuple[int, float, ContactId]:
    """Order contacts for one agent, and callers in a queue; the lowest is next."""
    return (-waiting.priority, waiting.since, contact.id)


Candidate = tuple[int, AgentId]
"""An agent who may take a contact, and the sum of the proficiencies, negative so that the best match is lowest."""


class Matcher:
    """Who may take what, worked out once for each plan: it stands between a caller and the ringing phone."""

    def __init__(self, plan: Plan | None) -> None:
        agents = plan.agents.values() if plan is not None else ()
        self._agents = tuple(agents)
        self.skills: dict[AgentId, Skills] = {a.id: {s.skill: s.level for s in a.skills} for a in agents}
        self._known: dict[tuple[QueueId, tuple[SkillLevel, ...]], tuple[Candidate, ...]] = {}

    def candidates(self, waiting: Waiting) -> tuple[Candidate, ...]:
        """Everybody who may take a contact, available or not, best match first."""
        key = (waiting.queue, waiting.requires)
        found = self._known.get(key)
        if found is None:
            matched = ((match(agent, self.skills[agent.id], waiting), agent.id) for agent in self._agents)
            found = tuple(sorted((-total, agent) for total, agent in matched if total is not None))
            self._known[key] = found
        return found

    def best_agent(self, agents: Mapping[AgentId, Agent], waiting: Waiting) -> AgentId | None:
        """Choose the agent for a contact; None when nobody can take it now."""
        best: tuple[bool, int, float, AgentId] | None = None
        for matched, agent_id in self.candidates(waiting):
            if best is not None and not best[0] and matched > best[1]:
                break  # from here on everybody matches worse than somebody who was not tried yet
            agent = agents.get(agent_id)
            if agent is not None and available(agent):
                rank = (agent_id in waiting.tried, matched, agent.work.since, agent_id)
                if best is None or rank < best:
                    best = rank
        return best[-1] if best else None


def next_contact(plan: Plan, skills: Skills, agent: AgentId, contacts: Iterable[Contact]) -> ContactId | None:
    """Choose the contact for an agent; None when nobody waits for such an agent. A contact being offered is taken."""
    ranked = (
        contact_rank(contact, contact.phase)
        for contact in contacts
        if isinstance(contact.phase, Waiting)
        and not contact.phase.offers
        and match(plan.agents[agent], skills, contact.phase) is not None
    )
    best = min(ranked, default=None)
    return best[-1] if best else None
