"""Who could take a contact, plainly: the agents of a plan in squads of like ones, and every reason against an agent.

A second definition beside the matcher's, made to be read and to be compared with it, never to decide. ``Squad.lack``
is about what agents are (skills, queues, levels, capacity), ``why_not`` about what they do at a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from acd.domain.decision import Reason
from acd.domain.ids import AgentId, ContactId, QueueId, SkillId
from acd.domain.plan import AgentPlan, Medium, Plan, Reservation
from acd.engine.matching.fit import HELPERS_FROM, VOICE_ONLY, Fit, Group, group_of
from acd.engine.relaxing import relax
from acd.engine.state import Agent, InCall, Offered, Waiting, WrapUp

StandingReason: TypeAlias = Literal["no_capacity", "other_queues", "tier", "lacks_skill"]


class Lack(NamedTuple):
    """What makes agents unfit for a contact, whatever they do at the moment."""

    reason: StandingReason
    skill: SkillId | None = None
    has: int = 0
    needs: int = 0
    later_s: float | None = None
    """Waited time from which on they would do; None when they never would."""


class Squad:
    """Agents alike in skills, queues, levels and media."""

    def __init__(self, agent: AgentPlan) -> None:
        self.group: Group = group_of(agent)
        self.media = _media(agent)
        self.skills: Mapping[SkillId, int] = {s.skill: s.level for s in agent.skills}
        self.tiers: Mapping[QueueId, int] = dict(self.group.tiers)
        self.agents: list[AgentId] = []

    def tier(self, waiting: Waiting) -> int | None:
        """At which level they serve the contact's queue, or help out; None when neither."""
        if not self.tiers:
            return 1
        own = self.tiers.get(waiting.queue)
        if own is not None and (waiting.tier is None or own <= waiting.tier):
            return own
        return min((HELPERS_FROM + self.tiers[queue] for queue in waiting.helpers if queue in self.tiers), default=None)

    def lack(self, plan: Plan, waiting: Waiting) -> Lack | None:
        """Why none of them can take a contact now; None when each can."""
        lack = self._lack(waiting)
        queue = plan.queues.get(waiting.queue)
        if lack is None or queue is None:
            return lack
        for step in queue.relaxation[waiting.step :]:
            waiting = relax(waiting, step)
            if self._lack(waiting) is None:
                return lack._replace(later_s=step.after_s)
        return lack

    def _lack(self, waiting: Waiting) -> Lack | None:
        if waiting.medium not in self.media:
            return Lack("no_capacity")
        if self.tier(waiting) is None:
            own = self.tiers.get(waiting.queue)
            return Lack("other_queues") if own is None else Lack("tier", None, own, waiting.tier or 0)
        for need in waiting.requires:
            has = self.skills.get(need.skill, 0)
            if has < need.level:
                return Lack("lacks_skill", need.skill, has, need.level)
        return None

    def fit(self, waiting: Waiting) -> Fit:
        """How well they fit a contact they can take."""
        liked = sum(self.skills.get(like.skill, 0) >= like.level for like in waiting.prefers)
        return Fit(self.tier(waiting) or 0, liked, sum(self.skills[need.skill] for need in waiting.requires))

    def counts_for(self, reservation: Reservation, medium: Medium) -> bool:
        """Whether they are among those a reservation counts."""
        return medium in self.media and self.skills.get(reservation.skill, 0) >= reservation.level


def _media(agent: AgentPlan) -> frozenset[Medium]:
    return frozenset(c.medium for c in agent.capacity or VOICE_ONLY if c.most > 0)


class Roster:
    """The agents of a plan: thousands of agents are a few dozen squads."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.squad_of: dict[AgentId, Squad] = {}
        self.position: dict[AgentId, int] = {}
        squads: dict[tuple[Group, frozenset[Medium]], Squad] = {}
        for position, agent in enumerate(plan.agents.values()):
            kind = (group_of(agent), _media(agent))
            squad = squads.get(kind)
            if squad is None:
                squad = squads[kind] = Squad(agent)
            squad.agents.append(agent.id)
            self.squad_of[agent.id] = squad
            self.position[agent.id] = position
        self.squads = tuple(squads.values())


def why_not(agent: Agent | None, contact: ContactId) -> tuple[Reason, str] | None:
    """Why an agent cannot be rung for a contact, and the reason of a pause; None when nothing stands in the way."""
    if agent is None or agent.presence == "logged_out":
        return "not_logged_in", ""
    if agent.leaving:
        return "leaving", ""
    match agent.work:
        case InCall():
            return "in_call", ""
        case WrapUp():
            return "wrap_up", ""
        case Offered(contact=other):
            return ("rings_already" if other == contact else "offered_other"), ""
        case _:
            pass
    if agent.presence == "paused":
        return "paused", agent.pause_reason
    if not agent.reachable or agent.cut:
        return "phone_unreachable", ""
    if agent.busy or agent.dialling:
        return "phone_busy", ""
    if agent.resting:
        return "resting", ""
    return ("hanging_up", "") if agent.leg is not None else None


def kept_for_others(reservation: Reservation, waiting: Waiting) -> bool:
    """Whether a reservation is not for such a contact."""
    urgent = reservation.priority is not None and waiting.priority >= reservation.priority
    return waiting.queue not in reservation.queues and not urgent
