"""Who is at work when: numbers per period, absences, waves of breaks, more agents.

Decides how a share of the agents is chosen and how a time of day falls into a scenario of several days. Must not know
what anybody can do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acd.domain.ids import AgentId
from acd.sim.model import Crew

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Absence:
    """Agents away from ``start_s`` to ``end_s`` of every day: those named, a share of all, or all in waves."""

    start_s: float
    end_s: float
    agents: frozenset[str] = frozenset()
    """Names of agents or of crews."""
    share: float | None = None
    waves: int | None = None

    def away(self, place: int, names: tuple[str, str], time_of_day: float) -> bool:
        """Tell whether the agent at a place in the list (from 0) is away; ``names`` are the agent's and the crew's."""
        start, end = self.start_s, self.end_s
        if self.waves is not None:
            length = (end - start) / self.waves
            start += length * (place % self.waves)
            end = start + length
        elif self.share is not None:
            # As evenly as it goes: of a half every second, of a third every third.
            if int((place + 1) * self.share) == int(place * self.share):
                return False
        elif self.agents.isdisjoint(names):
            return False
        return start <= time_of_day < end

    def edges(self) -> list[float]:
        """Times of day at which somebody goes or comes back."""
        parts = self.waves or 1
        return [self.start_s + (self.end_s - self.start_s) * n / parts for n in range(parts)] + [self.end_s]


@dataclass(frozen=True, slots=True)
class Roster:
    """A crew before absences: how many of its members are planned from each time on."""

    name: str
    members: tuple[AgentId, ...]
    planned: tuple[tuple[float, int], ...]


def crews(rosters: Sequence[Roster], absences: Sequence[Absence], start_s: float, end_s: float) -> tuple[Crew, ...]:
    """Work out every crew's staffing from ``start_s`` to ``end_s``; from then on it stays."""
    made, place = [], 0
    for roster in rosters:
        times = {time for time, _ in roster.planned}
        for day in range(int(end_s // DAY_S) + 1):
            times |= {day * DAY_S + edge for absence in absences for edge in absence.edges()}
        staffing: list[tuple[float, int]] = []
        for time in sorted({start_s, *(t for t in times if start_s < t < end_s)}):
            planned = 0
            for since, number in roster.planned:
                planned = number if since <= time else planned
            here = sum(
                not any(a.away(place + n, (member, roster.name), time % DAY_S) for a in absences)
                for n, member in enumerate(roster.members[:planned])
            )
            if not staffing or staffing[-1][1] != here:
                staffing.append((time, here))
        made.append(Crew(roster.name, roster.members, tuple(staffing)))
        place += len(roster.members)
    return tuple(made)
