"""The parts a model is made of, and what a what-if changes in them.

Decides how more agents, other policies and other capacities are put into a plan. Must not know files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from acd.domain.ids import AgentId, SkillId
from acd.domain.plan import AgentPlan, Plan
from acd.domain.skills import SkillLevel
from acd.sim.chance import Distribution
from acd.sim.crews import Absence, Roster, crews
from acd.sim.model import Kind, Model


@dataclass(frozen=True, slots=True)
class Frame:
    """What no what-if changes."""

    start_s: float
    periods_s: tuple[float, ...]
    warm_up_s: float
    day_factor: Distribution | None
    target_s: float


@dataclass(frozen=True, slots=True)
class Parts:
    """A model in the making; each function below gives one with something changed."""

    plan: Plan
    kinds: tuple[Kind, ...]
    rosters: tuple[Roster, ...]
    capacity: int | None
    absences: tuple[Absence, ...] = ()
    lines: tuple[tuple[float, float], ...] = ()

    def model(self, frame: Frame) -> Model:
        """Put the parts together."""
        end = frame.start_s
        for length in frame.periods_s:
            end += length
        return Model(
            plan=self.plan,
            kinds=self.kinds,
            crews=crews(self.rosters, self.absences, frame.start_s, end),
            capacity=self.capacity,
            start_s=frame.start_s,
            periods_s=frame.periods_s,
            warm_up_s=frame.warm_up_s,
            day_factor=frame.day_factor,
            target_s=frame.target_s,
            lines=self.lines,
        )


def group(name: str, count: int, skills: Sequence[SkillLevel]) -> tuple[AgentPlan, ...]:
    """Agents who know the same; their ids order as their numbers do."""
    ids = (AgentId(f"{name}-{number:05d}") for number in range(1, count + 1))
    return tuple(AgentPlan(id=id_, name=id_, device=f"sim/{id_}", skills=tuple(skills)) for id_ in ids)


def with_more(parts: Parts, like: str, count: int) -> Parts | None:
    """Let so many more agents be at work all the time; None when there is nobody like that.

    ``like`` is a crew, an agent, or a skill: then the new ones are copies of the middle one, by level, of those whose
    own matter it is, who know nothing better apart from languages; if it is nobody's, of all who have it.
    """
    model = _somebody_like(parts, like)
    if model is None:
        return None
    name = f"{like}+{count}"
    while any(roster.name == name for roster in parts.rosters):
        name += "+"
    added = tuple(
        replace(model, id=agent.id, name=agent.name, device=agent.device) for agent in group(name, count, model.skills)
    )
    roster = Roster(name, tuple(agent.id for agent in added), ((0.0, count),))
    plan = replace(parts.plan, agents={**parts.plan.agents, **{agent.id: agent for agent in added}})
    return replace(parts, plan=plan, rosters=(*parts.rosters, roster))


def _somebody_like(parts: Parts, like: str) -> AgentPlan | None:
    agents = parts.plan.agents
    if like in agents:
        return agents[AgentId(like)]
    for roster in parts.rosters:
        if roster.name == like and roster.members:
            return agents[roster.members[0]]
    spoken = set(parts.plan.language_skills.values())
    having: list[tuple[int, int, AgentPlan]] = []
    own: list[tuple[int, int, AgentPlan]] = []
    for place, agent in enumerate(agents.values()):
        levels = {skill.skill: skill.level for skill in agent.skills}
        level = levels.get(SkillId(like))
        if level is not None:
            having.append((-level, place, agent))
            if level == max(other for skill, other in levels.items() if skill not in spoken or skill == like):
                own.append(having[-1])
    found = sorted(own or having, key=lambda one: one[:2])
    return found[len(found) // 2][2] if found else None


def with_policies(parts: Parts, agent: str | None, contact: str | None) -> Parts:
    """Let every queue choose agents, and agents choose contacts, by these policies; None leaves the plan's."""
    plan = parts.plan
    if agent is not None:
        plan = replace(plan, queues={name: replace(queue, policy=agent) for name, queue in plan.queues.items()})
    if contact is not None:
        plan = replace(plan, contact_policy=contact)
    return replace(parts, plan=plan)


def with_arrivals(parts: Parts, factor: float) -> Parts:
    """Multiply all arrival rates."""
    return replace(
        parts, kinds=tuple(replace(kind, rates=tuple(rate * factor for rate in kind.rates)) for kind in parts.kinds)
    )
