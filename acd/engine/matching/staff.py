"""The agents' side of the router: groups of like agents, each with a line of those available.

A group has one line for each medium its agents have capacity for. Knows no contacts; which lines may take which
contacts is a matter of masks, integers with a bit for each line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from acd.domain.ids import AgentId, SkillId
from acd.domain.plan import AgentPlan, Capacity, Medium, Plan
from acd.engine.matching.facts import AgentFacts, Key, Requirement
from acd.engine.matching.fit import Fit, Group, fit, group_of, room
from acd.engine.matching.lines import Lines, NumberedLines
from acd.engine.matching.policies.contract import AgentPolicy, draws
from acd.engine.matching.reserve import Reserve, covers


def bits(mask: int) -> Iterator[int]:
    """Give the numbers of the bits set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def name_of(group: Group) -> str:
    """Tell groups apart, and order them."""
    skills = ",".join(f"{s.skill}:{s.level}" for s in group.skills)
    return f"{skills}/{','.join(f'{queue}:{tier}' for queue, tier in group.tiers)}"


class Member:
    """An agent of the plan, and the lines the agent stands in now."""

    __slots__ = ("capacity", "every", "facts", "group", "lines", "open", "position")

    def __init__(self, group: Group, capacity: tuple[Capacity, ...], lines: dict[Medium, int], position: int) -> None:
        self.group = group
        self.capacity = capacity
        self.lines = lines
        self.every = (*lines.values(),)
        """The lines of an agent who has no contact."""
        self.position = position
        self.open: tuple[int, ...] = ()
        self.facts: AgentFacts | None = None


class Staff:
    """All agents of a plan, nobody available at first."""

    def __init__(self, plan: Plan, policies: Mapping[str, AgentPolicy]) -> None:
        self.members: dict[AgentId, Member] = {}
        self.groups: list[Group] = []
        """The group of each line."""
        self.media: list[Medium] = []
        self._names: list[str] = []
        self.sizes: list[int] = []
        """Agents there are in each line, available or not."""
        self.reserves: dict[Medium, list[Reserve]] = {}
        self._reserves_of: list[list[Reserve]] = []
        self._numbers: dict[tuple[Group, Medium], int] = {}
        self._by_medium: dict[Medium, int] = {}
        self._having: dict[tuple[SkillId, int], int] = {}
        self._reservations = plan.reservations
        # Policies that order alike share their lines.
        self._orders: list[tuple[AgentPolicy, Lines]] = []
        self._lines_of: dict[str, Lines] = {}
        for name, policy in policies.items():
            self._lines_of[name] = self._lines_for(policy)
        self.lead = self._orders[0][1]
        """Any of the lines: the same agents stand in all of them, ordered otherwise."""
        for agent in plan.agents.values():
            self.join(agent)

    def _lines_for(self, policy: AgentPolicy) -> Lines:
        by_lot = draws(policy)
        for other, lines in self._orders:
            if type(other).order is type(policy).order and draws(other) is by_lot:
                return lines
        self._orders.append((policy, NumberedLines() if by_lot else Lines()))
        return self._orders[-1][1]

    def lines_of(self, policy: str) -> Lines:
        """The lines in the order of a policy in use."""
        return self._lines_of[policy]

    # ------------------------------------------------------------ who there is

    def join(self, agent: AgentPlan) -> list[int]:
        """Take an agent in, or note other skills, queues or capacity. Returns the lines that are new."""
        before = self.members.get(agent.id)
        position = before.position if before is not None else len(self.members)
        facts = before.facts if before is not None else None
        if before is not None:
            self.unavailable(agent.id)
            for line in before.lines.values():
                self.sizes[line] -= 1
        group, known = group_of(agent), len(self.groups)
        lines = {medium: self._line(group, medium) for medium in room(agent.capacity, ())}
        for line in lines.values():
            self.sizes[line] += 1
        self.members[agent.id] = Member(group, agent.capacity, lines, position)
        if facts is not None:
            self.available(facts)
        return list(range(known, len(self.groups)))

    def _line(self, group: Group, medium: Medium) -> int:
        number = self._numbers.get((group, medium))
        if number is not None:
            return number
        number = self._numbers[group, medium] = len(self.groups)
        self.groups.append(group)
        self.media.append(medium)
        self._names.append(name_of(group))
        self.sizes.append(0)
        for _, lines in self._orders:
            lines.add()
        self._by_medium[medium] = self._by_medium.get(medium, 0) | 1 << number
        self._having.clear()
        if self._reservations and medium not in self.reserves:
            self.reserves[medium] = [Reserve(reservation, medium) for reservation in self._reservations]
        mine = []
        for reservation, reserve in zip(self._reservations, self.reserves.get(medium, ()), strict=True):
            if covers(reservation, group):
                reserve.lines |= 1 << number
                mine.append(reserve)
        self._reserves_of.append(mine)
        return number

    def fits(self, need: Requirement) -> dict[int, Fit]:
        """Tell which lines may take a contact, and how well each fits; in the order of what the groups are."""
        mask = self._by_medium.get(need.medium, 0)
        for wanted in need.skills:
            mask &= self._having_mask(wanted.skill, wanted.level)
        lines = sorted(bits(mask), key=self._names.__getitem__)
        found = ((line, fit(self.groups[line], need)) for line in lines)
        return {line: how for line, how in found if isinstance(how, Fit)}

    def _having_mask(self, skill: SkillId, level: int) -> int:
        mask = self._having.get((skill, level))
        if mask is None:
            mask = 0
            for number, group in enumerate(self.groups):
                if any(s.skill == skill and s.level >= level for s in group.skills):
                    mask |= 1 << number
            self._having[skill, level] = mask
        return mask

    # ------------------------------------------------------------ who is available

    def available(self, facts: AgentFacts) -> None:
        """Let an agent stand in the lines of every medium there is room for, by the facts of now."""
        member = self.members.get(facts.id)
        if member is None or member.facts == facts:
            return
        wanted = member.every
        if facts.load:
            wanted = tuple(member.lines[medium] for medium in room(member.capacity, facts.load))
        if member.open and member.open != wanted:
            self.unavailable(facts.id)
        if self.reserves and not member.open:
            self._count(wanted, 1)
        member.facts, member.open = facts, wanted
        for policy, lines in self._orders:
            entry: Key = (*policy.order(facts, member.position), facts.id)
            for line in wanted:
                lines.put(line, entry)

    def unavailable(self, agent: AgentId) -> None:
        """Let an agent stand in no line."""
        member = self.members.get(agent)
        if member is None or member.facts is None:
            return
        if self.reserves:
            self._count(member.open, -1)
        for _, lines in self._orders:
            for line in member.open:
                lines.take(line, agent)
        member.facts, member.open = None, ()

    def _count(self, lines: tuple[int, ...], change: int) -> None:
        for line in lines:
            for reserve in self._reserves_of[line]:
                reserve.available += change

    def bound(self, line: int) -> list[Reserve]:
        """The reservations that keep a line's agents back now."""
        return [reserve for reserve in self._reserves_of[line] if reserve.binds]

    def loosened(self, agent: AgentId) -> list[AgentId]:
        """Whom an agent who just came free makes available to everybody: one of each other line."""
        member = self.members[agent]
        mask = 0
        for line in member.open:
            for reserve in self._reserves_of[line]:
                if reserve.available == reserve.keep + 1:
                    mask |= reserve.lines
        for line in member.open:
            mask &= ~(1 << line)
        heads = self.lead.heads
        return [AgentId(str(heads[line][-1])) for line in bits(mask & self.lead.filled)]
