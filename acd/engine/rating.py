"""Every agent for one contact at one moment: the rank of who could have it, the reason against everybody else.

Goes plainly from agent to agent; asks the queue's policy by its published contract only. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from acd.domain.decision import Passed, Reason
from acd.domain.ids import AgentId, SkillId
from acd.engine.matching import agent_parts, facts_of
from acd.engine.matching.facts import Key, Rank
from acd.engine.matching.lots import draw
from acd.engine.matching.policies import Policies, agent_policy
from acd.engine.matching.policies.contract import AgentPolicy, Pool, draws, weighs
from acd.engine.matching.staff import name_of
from acd.engine.roster import Roster, Squad, kept_for_others, why_not
from acd.engine.state import Agent, Contact, Waiting

CANDIDATES_KEPT = 50
NAMED = 20
"""Agents named for one reason; all are counted."""
RANKED = 500
"""Candidates ranked beside the one chosen, of the best squads first: on a large site the rest are counted only."""


class Rating(NamedTuple):
    """The outcome. ``ranks`` are in no order."""

    policy: str
    parts: tuple[str, ...]
    ranks: list[Rank]
    able: int
    """Who could have the contact, ranked or not."""
    passed: tuple[Passed, ...]


class _Cause(NamedTuple):
    reason: Reason
    detail: str = ""
    skill: SkillId | None = None
    has: int = 0
    needs: int = 0
    later_s: float | None = None


@dataclass(slots=True)
class _Passed:
    """Who was passed over, by cause."""

    causes: dict[_Cause, tuple[list[AgentId], list[int]]] = field(default_factory=dict)

    def add(self, cause: _Cause, agents: list[AgentId]) -> None:
        names, count = self.causes.setdefault(cause, ([], [0]))
        names += agents[: NAMED - len(names)]
        count[0] += len(agents)

    def told(self) -> tuple[Passed, ...]:
        """Everybody, in the order of the reasons."""
        order = {reason: place for place, reason in enumerate(get_args(Reason))}
        told = (
            Passed(cause.reason, count[0], tuple(names), *cause[1:]) for cause, (names, count) in self.causes.items()
        )
        return tuple(sorted(told, key=lambda p: (order[p.reason], p.detail, p.skill or "", -p.has)))


def rate(
    roster: Roster,
    policies: Policies,
    contact: Contact,
    waiting: Waiting,
    agents: Mapping[AgentId, Agent | None],
    chosen: str | None = None,
) -> Rating:
    """Rate all agents of a plan for a waiting contact; the one ``chosen`` is ranked in any case."""
    passed = _Passed()
    if waiting.named is not None:
        return _only(roster, contact, waiting, waiting.named, agents, passed)
    free: dict[Squad, list[Agent]] = {}
    for squad in roster.squads:
        lack = squad.lack(roster.plan, waiting)
        if lack is None:
            free[squad] = _free(squad, contact, agents, passed)
        else:
            passed.add(_Cause(lack.reason, "", *lack[1:]), squad.agents)
    able = dict(free)
    for squad, skill in _reserved(roster, contact, waiting, agents):
        if able.get(squad):
            passed.add(_Cause("reserved", "", skill), [agent.id for agent in able[squad]])
            able[squad] = []
    queue = roster.plan.queues.get(waiting.queue)
    name = queue.policy if queue is not None else "best_proficiency"
    policy = agent_policy(policies, name)
    ranks = _Ranks(roster, policy, contact, waiting, free, able).all(chosen)
    return Rating(name, agent_parts(policy), ranks, sum(map(len, able.values())), passed.told())


def _only(
    roster: Roster,
    contact: Contact,
    waiting: Waiting,
    wanted: AgentId,
    agents: Mapping[AgentId, Agent | None],
    passed: _Passed,
) -> Rating:
    """One agent is waited for alone."""
    others = [agent for agent in roster.squad_of if agent != wanted]
    passed.add(_Cause("named_other", wanted), others)
    ranks: list[Rank] = []
    squad = roster.squad_of.get(wanted)
    if squad is not None:
        obstacle = why_not(agents.get(wanted), contact.id)
        if waiting.medium not in squad.media:
            obstacle = ("no_capacity", "")
        if obstacle is None:
            ranks.append((int(wanted in waiting.tried), wanted))
        else:
            passed.add(_Cause(*obstacle), [wanted])
    return Rating("named", ("tried", "id"), ranks, len(ranks), passed.told())


def _free(squad: Squad, contact: Contact, agents: Mapping[AgentId, Agent | None], passed: _Passed) -> list[Agent]:
    free: list[Agent] = []
    out: dict[tuple[Reason, str], list[AgentId]] = {}
    get = agents.get
    for agent_id in squad.agents:
        agent = get(agent_id)
        obstacle = why_not(agent, contact.id)
        if obstacle is None:
            free.append(agent)  # type: ignore[arg-type] # who is not there is not logged in
        else:
            out.setdefault(obstacle, []).append(agent_id)
    for (reason, detail), ids in out.items():
        passed.add(_Cause(reason, detail), ids)
    return free


def _reserved(
    roster: Roster, contact: Contact, waiting: Waiting, agents: Mapping[AgentId, Agent | None]
) -> Iterator[tuple[Squad, SkillId]]:
    """The squads whose last agents are kept for others, and for which skill."""
    for reservation in roster.plan.reservations:
        if not kept_for_others(reservation, waiting):
            continue
        squads = [squad for squad in roster.squads if squad.counts_for(reservation, waiting.medium)]
        ids = (agent for squad in squads for agent in squad.agents)
        if sum(why_not(agents.get(agent), contact.id) is None for agent in ids) <= reservation.keep:
            yield from ((squad, reservation.skill) for squad in squads)


class _Ranks:
    """Ranks the agents able to take a contact, by the queue's policy."""

    def __init__(
        self,
        roster: Roster,
        policy: AgentPolicy,
        contact: Contact,
        waiting: Waiting,
        free: Mapping[Squad, list[Agent]],
        able: Mapping[Squad, list[Agent]],
    ) -> None:
        self._roster, self._policy = roster, policy
        self._contact, self._waiting = contact, waiting
        self._free, self._able = free, able
        self._fits = {squad: squad.fit(waiting) for squad in free}
        self._levels: dict[Squad, Key] = {
            squad: (fit.tier, -fit.preferred, *policy.level(fit)) for squad, fit in self._fits.items()
        }

    def all(self, chosen: str | None) -> list[Rank]:
        """The ranks, of the best squads first."""
        in_pools, by_lot = weighs(self._policy), draws(self._policy)
        drawn = self._drawn() if by_lot else None
        tried, order, position = self._waiting.tried, self._policy.order, self._roster.position
        ranks: list[Rank] = []
        for squad in sorted(self._able, key=self._levels.__getitem__):
            level, weight = self._levels[squad], self._weight(squad) if in_pools else ()
            for agent in self._able[squad]:
                if len(ranks) >= RANKED and agent.id != chosen:
                    continue
                if agent.id in tried:
                    last = (0,) if by_lot else order(facts_of(agent), position[agent.id])
                    ranks.append((1, *level, *last, agent.id))
                else:
                    mine = (int(agent.id != drawn),) if by_lot else order(facts_of(agent), position[agent.id])
                    ranks.append((0, *level, *weight, *mine, agent.id))
        return ranks

    def _weight(self, squad: Squad) -> Key:
        """A squad's weight among the squads of its level, under a policy that weighs them."""
        policy = self._policy
        assert weighs(policy)  # noqa: S101 - asked for such a one only
        level = [other for other in self._free if self._levels[other] == self._levels[squad]]
        mine = [other for other in level if other.group == squad.group]
        return policy.weigh(self._pool(mine), self._pool(level))

    def _pool(self, squads: list[Squad]) -> Pool:
        return Pool(sum(len(self._free[squad]) for squad in squads), sum(len(squad.agents) for squad in squads))

    def _drawn(self) -> str | None:
        """The agent the lot falls on, under a policy that draws lots among the agents of the best level."""
        policy, tried = self._policy, self._waiting.tried
        assert draws(policy)  # noqa: S101 - asked for such a one only
        for level in sorted(set(self._levels.values())):
            squads = sorted(
                (squad for squad in self._able if self._levels[squad] == level), key=lambda squad: name_of(squad.group)
            )
            lots: list[str] = []
            for group in dict.fromkeys(squad.group for squad in squads):
                mine = [squad for squad in squads if squad.group == group]
                untried = sorted(a.id for squad in mine for a in self._able[squad] if a.id not in tried)
                for agent in untried:
                    lots += [agent] * policy.tickets(self._fits[mine[0]])
            if lots:
                return lots[draw(self._contact.id, self._contact.offers, len(lots))]
        return None
