"""The naive way to match: look at everybody, every time. What the router must agree with, whatever it does to be quick.

Written from the words of the policies, without the router's parts except ``fit``, which the unit tests hold to a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.domain.ids import AgentId, ContactId, QueueId
from acd.domain.plan import Plan, QueuePlan
from acd.engine.matching.facts import AgentFacts, Rank, Requirement
from acd.engine.matching.fit import Fit, fit, group_of, room
from acd.engine.matching.lots import draw
from acd.engine.matching.staff import name_of


@dataclass
class Wish:
    """A contact that waits."""

    need: Requirement
    priority: int
    since: float


@dataclass
class Oracle:
    """Everybody, in dictionaries."""

    plan: Plan
    available: dict[AgentId, AgentFacts] = field(default_factory=dict)
    waiting: dict[ContactId, Wish] = field(default_factory=dict)

    def queue(self, queue: QueueId) -> QueuePlan:
        return self.plan.queues[queue]

    # ------------------------------------------------------------ who may

    def _open(self, agent: AgentId, need: Requirement) -> bool:
        facts = self.available.get(agent)
        return facts is not None and need.medium in room(self.plan.agents[agent].capacity, facts.load)

    def _reserved(self, agent: AgentId, need: Requirement, priority: int) -> bool:
        for kept in self.plan.reservations:

            def has(other: AgentId, skill: str = kept.skill, level: int = kept.level) -> bool:
                return any(s.skill == skill and s.level >= level for s in self.plan.agents[other].skills)

            left = sum(has(other) and self._open(other, need) for other in self.available)
            privileged = need.queue in kept.queues or (kept.priority is not None and priority >= kept.priority)
            if has(agent) and left <= kept.keep and not privileged:
                return True
        return False

    def may(self, agent: AgentId, need: Requirement, priority: int) -> Fit | None:
        """How an available agent fits; None when the agent must not be offered this contact now."""
        if not self._open(agent, need):
            return None
        if need.agent is not None:
            return Fit(0, 0, 0) if need.agent == agent else None
        how = fit(group_of(self.plan.agents[agent]), need)
        return how if isinstance(how, Fit) and not self._reserved(agent, need, priority) else None

    # ------------------------------------------------------------ an agent for a contact

    def _order(self, policy: str, agent: AgentId) -> tuple[float, ...]:
        facts, position = self.available[agent], list(self.plan.agents).index(agent)
        return {
            "least_occupied": (facts.occupancy, facts.idle_since),
            "fewest_contacts": (facts.contacts, facts.idle_since),
            "round_robin": (facts.last_offer, position),
            "fixed_order": (position,),
            "weighted_random": (0,),
        }.get(policy, (facts.idle_since,))

    def best_agent(
        self, contact: ContactId, need: Requirement, priority: int, offers: int, tried: tuple[AgentId, ...]
    ) -> Rank | None:
        able = {a: how for a in self.available if (how := self.may(a, need, priority)) is not None}
        if need.agent is not None:
            named: list[Rank] = [(int(a in tried), a) for a in able]
            return min(named, default=None)
        policy = self.queue(need.queue).policy

        def rank(agent: AgentId) -> Rank:
            how = able[agent]
            level: Rank = (-how.proficiency,) if policy == "best_proficiency" else ()
            return (int(agent in tried), how.tier, -how.preferred, *level, *self._order(policy, agent), agent)

        ranks = sorted(map(rank, able))
        if not ranks or ranks[0][0] == 1 or policy not in {"weighted_random", "fixed_queue_ratio"}:
            return ranks[0] if ranks else None
        best = [AgentId(str(r[-1])) for r in ranks if r[:3] == ranks[0][:3]]
        prefix: Rank = ranks[0][:3]
        if policy == "weighted_random":
            return (*prefix, 0, self._drawn(best, able, contact, offers))
        weighed: list[Rank] = [(*prefix, *self._imbalance(a, need, able[a]), *self._order(policy, a), a) for a in best]
        return min(weighed)

    def _drawn(self, best: list[AgentId], able: dict[AgentId, Fit], contact: ContactId, offers: int) -> AgentId:
        """Each agent with a run of lots, groups in the order of their skills and queues, agents of a group by id."""
        best.sort(key=lambda a: (name_of(group_of(self.plan.agents[a])), a))
        lots = [agent for agent in best for _ in range(max(1, able[agent].proficiency))]
        return lots[draw(contact, offers, len(lots))]

    def _imbalance(self, agent: AgentId, need: Requirement, how: Fit) -> tuple[int]:
        def alike(other: AgentId) -> Fit | str:
            return fit(group_of(self.plan.agents[other]), need)

        level = []
        for other, plan in self.plan.agents.items():
            fits = alike(other)
            takes = need.medium in room(plan.capacity, ())
            if takes and isinstance(fits, Fit) and (fits.tier, fits.preferred) == (how.tier, how.preferred):
                level.append(other)
        mine = [a for a in level if group_of(self.plan.agents[a]) == group_of(self.plan.agents[agent])]
        idle = sum(self._open(a, need) for a in level)
        mine_idle = sum(self._open(a, need) for a in mine)
        return (len(mine) * idle - mine_idle * len(level),)

    # ------------------------------------------------------------ a contact for an agent

    def best_contact(self, agent: AgentId, now: float) -> Rank | None:
        able = {
            contact: how
            for contact, wish in self.waiting.items()
            if (how := self.may(agent, wish.need, wish.priority)) is not None
        }
        queues = {self.waiting[contact].need.queue for contact in able}
        lengths = {q: sum(w.need.queue == q for w in self.waiting.values()) for q in queues}
        shares = sum(self.queue(q).share for q in queues)

        def weigh(contact: ContactId) -> tuple[float, ...]:
            wish, how = self.waiting[contact], able[contact]
            queue = self.queue(wish.need.queue)
            waited = now - wish.since
            return {
                "longest_wait": (),
                "weight": (-queue.weight * waited,),
                "best_skill_first": (-how.proficiency,),
                "generalised_cmu": (-queue.weight * waited / queue.service_time_s,),
                "fixed_queue_ratio": (queue.share * sum(lengths.values()) - lengths[queue.id] * shares,),
            }[self.plan.contact_policy]

        ranks: list[Rank] = [(-self.waiting[c].priority, *weigh(c), self.waiting[c].since, c) for c in able]
        return min(ranks, default=None)
