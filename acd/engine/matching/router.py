"""The router: which agent gets a contact, which contact an agent takes. An index that follows every change.

Agents alike in skills, queues and capacity stand in one line, contacts with equal requirements in another; a decision
compares the heads of lines and never looks at anybody behind them. So its cost grows with the number of groups and of
requirements in use, not with agents or contacts. Knows the plan and what it is told; no clock, no state of a call.

Cost: a change O(log n) in the length of one line (O(n), by memmove, with ``weighted_random``). A decision looks at the
heads of the groups of the best level that has anybody free, and at the heads of the lines an agent may take from.
"""

from __future__ import annotations

from collections.abc import Collection

from acd.domain.ids import AgentId, ContactId, QueueId
from acd.domain.plan import AgentPlan, Plan, QueuePlan
from acd.engine.matching.demand import FEW, Demand, Level, Wanted, rank_of
from acd.engine.matching.facts import AgentFacts, Choice, Key, Requirement
from acd.engine.matching.fit import Fit, Group, fit
from acd.engine.matching.lines import NumberedLines
from acd.engine.matching.lots import draw
from acd.engine.matching.policies import DEFAULT_AGENT, STANDARD, Policies, agent_policy, contact_policy
from acd.engine.matching.policies.contract import Crowd, DrawPolicy, Head, Pool, PoolPolicy
from acd.engine.matching.reserve import kept_back
from acd.engine.matching.staff import Member, Staff, bits

ONLY = Fit(0, 0, 0)
"""How an agent fits a contact that waits for that agent alone."""


class Router:
    """Matching for one plan. Decisions change nothing; what became of them must be told."""

    def __init__(self, plan: Plan, policies: Policies = STANDARD) -> None:
        named = dict.fromkeys([*(queue.policy for queue in plan.queues.values()), DEFAULT_AGENT])
        self._staff = Staff(plan, {name: agent_policy(policies, name) for name in named})
        self._demand = Demand(plan, policies, self._staff)
        self._contact_policy = contact_policy(policies, plan.contact_policy)
        self._plain = self._contact_policy.plain

    # ------------------------------------------------------------ what happened

    def agent_available(self, facts: AgentFacts) -> None:
        """Tell that an agent may be offered contacts, or that the facts changed. Unknown agents are no matter."""
        self._staff.available(facts)

    def agent_unavailable(self, agent: AgentId) -> None:
        """Tell that an agent may not be offered anything. No matter when told twice."""
        self._staff.unavailable(agent)

    def agent_changed(self, agent: AgentPlan) -> None:
        """Tell of an agent with other skills, queues or capacity, or of a new one. Waits and idle times go on."""
        self._demand.widen(self._staff.join(agent))

    def contact_waiting(self, contact: ContactId, need: Requirement, priority: int, since: float) -> None:
        """Tell that a contact waits, or that it asks for something else now."""
        self._demand.put(contact, need, priority, since)

    def contact_gone(self, contact: ContactId) -> None:
        """Tell that a contact waits no longer, or is being offered. No matter when told twice."""
        self._demand.take(contact)

    def prepare(self, need: Requirement) -> None:
        """Work out who may take a requirement before the first contact comes with it."""
        self._demand.of(need)

    def waiting(self, queue: QueueId) -> int:
        """How many contacts wait in a queue, those being offered left out."""
        return self._demand.waiting.get(queue, 0)

    # ------------------------------------------------------------ an agent for a contact

    def best_agent(
        self,
        contact: ContactId,
        need: Requirement,
        priority: int,
        *,
        offers: int = 0,
        tried: Collection[AgentId] = (),
    ) -> Choice | None:
        """Choose the agent for a contact, waiting or not; None when nobody can take it now.

        ``offers`` counts those the contact had, for policies that draw lots; who ``tried`` comes last.
        """
        if need.agent is not None:
            return self._named_agent(need.agent, need, tried)
        staff = self._staff
        wanted = self._demand.of(need)
        free = wanted.mask & staff.lead.filled
        if free and staff.reserves:
            free &= ~kept_back(staff.reserves[need.medium], need.queue, priority)
        if not free:
            return None
        for level in wanted.levels:
            live = level.mask & free
            if live:
                entry = self._first(wanted, level, live, contact, offers, tried)
                if entry is not None:
                    return Choice(str(entry[-1]), (0, *level.prefix, *entry))
        return self._tried_agent(wanted, free, tried)

    def _named_agent(self, agent: AgentId, need: Requirement, tried: Collection[AgentId]) -> Choice | None:
        # A reservation holds back nobody who is asked for by name.
        member = self._staff.members.get(agent)
        if member is None or member.lines.get(need.medium, -1) not in member.open:
            return None
        return Choice(agent, (int(agent in tried), agent))

    def _first(
        self,
        wanted: Wanted,
        level: Level,
        live: int,
        contact: ContactId,
        offers: int,
        tried: Collection[AgentId],
    ) -> Key | None:
        """The first agent of a level, by the queue's policy; None when all of them ``tried``."""
        if wanted.draws is not None:
            return self._drawn(wanted, wanted.draws, [n for n in level.lines if live >> n & 1], contact, offers, tried)
        if wanted.pools is not None:
            return self._weighed(wanted, wanted.pools, level, live, tried)
        if tried:
            entries = (wanted.lines.best_besides(line, tried) for line in bits(live))
            return min((entry for entry in entries if entry is not None), default=None)
        heads = wanted.lines.heads
        if level.several is not None and live.bit_count() > FEW and live == level.mask & wanted.lines.filled:
            return level.several.best(wanted.lines)
        return min([heads[line] for line in bits(live)])

    def _weighed(
        self, wanted: Wanted, policy: PoolPolicy, level: Level, live: int, tried: Collection[AgentId]
    ) -> Key | None:
        count, sizes = wanted.lines.count, self._staff.sizes
        everybody = Pool(sum(count(line) for line in level.lines), sum(sizes[line] for line in level.lines))
        best: Key | None = None
        for line in bits(live):
            entry = wanted.lines.best_besides(line, tried)
            if entry is not None:
                entry = (*policy.weigh(Pool(count(line), sizes[line]), everybody), *entry)
                best = entry if best is None else min(best, entry)
        return best

    def _drawn(
        self,
        wanted: Wanted,
        policy: DrawPolicy,
        live: list[int],
        contact: ContactId,
        offers: int,
        tried: Collection[AgentId],
    ) -> Key | None:
        lines = wanted.lines
        assert isinstance(lines, NumberedLines)  # noqa: S101 - made so for such a policy
        each: list[tuple[int, int, int]] = []
        for line in live:
            out = sum(lines.holds(line, agent) for agent in tried)
            each.append((line, policy.tickets(wanted.fits[line]), lines.count(line) - out))
        total = sum(tickets * count for _, tickets, count in each)
        if not total:
            return None
        lot = draw(contact, offers, total)
        for line, tickets, count in each:
            if lot < tickets * count:
                return (0, lines.member(line, lot // tickets, tried))
            lot -= tickets * count
        raise AssertionError  # pragma: no cover - the lot is below the sum

    def _tried_agent(self, wanted: Wanted, free: int, tried: Collection[AgentId]) -> Choice | None:
        """Nobody else is there: who let this contact pass before, by the queue's policy without lots and pools."""
        best: Key | None = None
        for agent in tried:
            member = self._staff.members.get(agent)
            line = member.lines.get(wanted.need.medium, -1) if member is not None else -1
            if member is None or line not in member.open or not free >> line & 1:
                continue
            prefix = next(level.prefix for level in wanted.levels if level.mask >> line & 1)
            entry: Key = (1, *prefix, *wanted.lines.entry(line, agent))
            best = entry if best is None else min(best, entry)
        return Choice(str(best[-1]), best) if best is not None else None

    def may_take(self, agent: AgentId, need: Requirement, priority: int) -> bool:
        """Tell whether an agent is available and may be offered such a contact now."""
        member = self._staff.members.get(agent)
        line = member.lines.get(need.medium, -1) if member is not None else -1
        if member is None or line not in member.open:
            return False
        if need.agent is not None:
            return need.agent == agent
        lines = self._demand.of(need).mask & ~kept_back(self._staff.reserves.get(need.medium, ()), need.queue, priority)
        return bool(lines >> line & 1)

    # ------------------------------------------------------------ a contact for an agent

    def best_contact(self, agent: AgentId, now: float) -> Choice | None:
        """Choose the contact for an agent who is available; None when nobody waits for such an agent."""
        member = self._staff.members.get(agent)
        if member is None or not member.open:
            return None
        demand = self._demand
        named = self._named_contact(agent, member) if demand.named else None
        if not self._plain:
            return self._weigh_contacts(member, named, now)
        best = named[1] if named is not None else None
        heads = demand.lines.heads
        for line in member.open:
            live = demand.serves[line] & demand.lines.filled
            if live and self._staff.reserves and self._staff.bound(line):
                live = self._allowed(live, line)
            elif live.bit_count() > FEW:
                entry = (demand.several[line] or demand.pick(line)).best(demand.lines)
                best = entry if best is None or entry < best else best
                continue
            for number in bits(live):
                entry = heads[number]
                best = entry if best is None or entry < best else best
        return Choice(str(best[-1]), rank_of(best)) if best is not None else None

    def _named_contact(self, agent: AgentId, member: Member) -> tuple[QueuePlan, Key] | None:
        found = [self._demand.for_agent(agent, self._staff.media[line]) for line in member.open]
        return min((named for named in found if named is not None), key=lambda named: named[1], default=None)

    def _allowed(self, live: int, line: int) -> int:
        """The lines of contacts a line of agents may take from while reservations keep it back."""
        bound, demand = self._staff.bound(line), self._demand
        for number in bits(live):
            queue, priority = demand.wanted[number].need.queue, -int(demand.lines.heads[number][1])
            if not all(reserve.is_for(queue, priority) for reserve in bound):
                live &= ~(1 << number)
        return live

    def _weigh_contacts(self, member: Member, named: tuple[QueuePlan, Key] | None, now: float) -> Choice | None:
        demand, policy = self._demand, self._contact_policy
        found: list[tuple[QueuePlan, Fit, Key]] = [] if named is None else [(named[0], ONLY, named[1])]
        for line in member.open:
            for number in bits(self._allowed(demand.serves[line] & demand.lines.filled, line)):
                wanted = demand.wanted[number]
                found.append((wanted.queue, wanted.fits[line], demand.lines.heads[number]))
        queues = {queue.id: queue for queue, _, _ in found}
        waiting = {queue: demand.waiting[queue] for queue in queues}
        crowd = Crowd(sum(waiting.values()), sum(queue.share for queue in queues.values()))
        best: Key | None = None
        for queue, how, (_, minus_priority, since, contact) in found:
            head = Head(-int(minus_priority), float(since), queue, how, waiting[queue.id])
            rank: Key = (minus_priority, *policy.weigh(head, crowd, now), since, contact)
            best = rank if best is None else min(best, rank)
        return Choice(str(best[-1]), best) if best is not None else None

    def freed_elsewhere(self, agent: AgentId) -> list[AgentId]:
        """Who else may be taken by more contacts now because this agent came free: reservations count agents."""
        return self._staff.loosened(agent) if self._staff.reserves else []

    # ------------------------------------------------------------ for tests and explanations

    def fit_of(self, agent: AgentId, need: Requirement) -> Fit | str:
        """How an agent fits a requirement, or why not, in words."""
        member = self._staff.members.get(agent)
        if member is None:
            return "not in the plan"
        if need.medium not in member.lines:
            return f"takes no {need.medium}"
        return fit(member.group, need)

    def group_of(self, agent: AgentId) -> Group | None:
        """The group of an agent; None for one who is not in the plan."""
        member = self._staff.members.get(agent)
        return None if member is None else member.group

    def snapshot(self) -> object:
        """Everything that counts for decisions, to be compared with another router's."""
        members = {agent: member.facts for agent, member in self._staff.members.items() if member.facts is not None}
        reserved = {m: [r.available for r in reserves] for m, reserves in self._staff.reserves.items()}
        return members, reserved, self._demand.snapshot()
