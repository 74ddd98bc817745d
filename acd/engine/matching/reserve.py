"""Reservations: which groups are kept back from whom, as long as few of their agents are available."""

from __future__ import annotations

from collections.abc import Iterable

from acd.domain.ids import QueueId
from acd.domain.plan import Medium, Reservation
from acd.engine.matching.fit import Group


class Reserve:
    """One reservation for one medium: the lines it covers and how many agents stand in them."""

    __slots__ = ("available", "keep", "lines", "medium", "priority", "queues")

    def __init__(self, reservation: Reservation, medium: Medium) -> None:
        self.keep = reservation.keep
        self.queues = frozenset(reservation.queues)
        self.priority = reservation.priority
        self.medium = medium
        self.lines = 0
        """A bit for each line of agents who have the skill."""
        self.available = 0

    @property
    def binds(self) -> bool:
        """Whether nobody more may be taken except by those it is kept for."""
        return self.available <= self.keep

    def is_for(self, queue: QueueId, priority: int) -> bool:
        """Whether a contact may take the agents kept."""
        return queue in self.queues or (self.priority is not None and priority >= self.priority)


def covers(reservation: Reservation, group: Group) -> bool:
    """Whether a group's agents are among those counted."""
    return any(s.skill == reservation.skill and s.level >= reservation.level for s in group.skills)


def kept_back(reserves: Iterable[Reserve], queue: QueueId, priority: int) -> int:
    """Give the lines a contact may not take anybody from now."""
    lines = 0
    for reserve in reserves:
        if reserve.available <= reserve.keep and not reserve.is_for(queue, priority):
            lines |= reserve.lines
    return lines
