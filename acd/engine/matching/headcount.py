"""How many agents are at work, by group, so that nobody has to go through all of them to know whether somebody is.

Follows the agents one by one. Whose phone's Asterisk counts as lost is not at work; while it is only away, nobody is
sent elsewhere for that. Must not know who takes which contact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from acd.domain.ids import AgentId
from acd.engine.matching.facts import Requirement
from acd.engine.matching.fit import Group, fit
from acd.engine.matching.guards import available
from acd.engine.state import Agent

AtWork: TypeAlias = Literal["logged_in", "ready", "available"]
_PLACES: dict[AtWork, int] = {"logged_in": 0, "ready": 1, "available": 2}
MOST_NEEDS = 1_000
"""Requirements whose groups are remembered."""


class Headcount:
    """Counts of one plan's agents; ``group`` tells an agent's, None for one the plan does not know."""

    def __init__(self, group: Callable[[AgentId], Group | None]) -> None:
        self._group = group
        self._seen: dict[AgentId, tuple[Group, tuple[bool, bool, bool]]] = {}
        self._counts: dict[Group, list[int]] = {}
        self._fitting: dict[Requirement, list[list[int]]] = {}

    def note(self, agent: Agent) -> None:
        """Follow an agent."""
        there = not agent.lost
        is_now = (there and agent.presence != "logged_out", there and agent.presence == "ready", available(agent))
        seen = self._seen.get(agent.id)
        if seen is not None:
            if seen[1] == is_now:
                return
            self._add(*seen, -1)
            group: Group | None = seen[0]
        else:
            group = self._group(agent.id)
        if group is not None:
            self._seen[agent.id] = (group, is_now)
            self._add(group, is_now, 1)

    def forget(self, agent: AgentId) -> None:
        """Let go of an agent."""
        seen = self._seen.pop(agent, None)
        if seen is not None:
            self._add(*seen, -1)

    def _add(self, group: Group, is_now: tuple[bool, bool, bool], by: int) -> None:
        counts = self._counts.get(group)
        if counts is None:
            counts = self._counts[group] = [0, 0, 0]
            self._fitting.clear()
        for place, so in enumerate(is_now):
            counts[place] += by * so

    def count(self, need: Requirement, who: AtWork) -> int:
        """How many could serve a requirement at once, by skills, queue and level."""
        fitting = self._fitting.get(need)
        if fitting is None:
            fitting = [counts for group, counts in self._counts.items() if not isinstance(fit(group, need), str)]
            if len(self._fitting) >= MOST_NEEDS:
                self._fitting.clear()
            self._fitting[need] = fitting
        place = _PLACES[who]
        return sum(counts[place] for counts in fitting)

    def snapshot(self) -> object:
        """Everything that counts, to be compared with a count made anew."""
        return {group: tuple(counts) for group, counts in self._counts.items() if any(counts)}
