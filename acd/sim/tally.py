"""Counting of one replication: waits by kind and period of arrival, and what is left of them for the statistics.

Decides what is counted and how often. A contact is counted once, in the period of its arrival. Must not know how many
replications there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import fsum
from typing import NamedTuple

from acd.sim.model import Model
from acd.sim.service_level import CUT_S, LATE_S
from acd.sim.statistics import percentile


@dataclass(slots=True)
class Cell:
    """One kind in one period; lists hold seconds of waiting."""

    offered: int = 0
    blocked: int = 0
    served: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    """Those who gave up."""
    diverted: list[float] = field(default_factory=list)
    """Those whom the queue sent away: no agent in time, and nowhere else to wait."""


class Tallied(NamedTuple):
    """One replication's numbers of one kind and period, of one kind, or of all; percentiles None without waits."""

    offered: int
    answered: int
    abandoned: int
    blocked: int
    overflowed: int
    answered_in: int
    abandoned_in: int
    answered_30s: int
    abandoned_5s: int
    wait_served_s: float
    wait_all_s: float
    p50: float | None
    p90: float | None
    p99: float | None

    @property
    def waited(self) -> int:
        """Contacts that came to an end in the queue, whichever."""
        return self.answered + self.abandoned + self.overflowed


class Outcome(NamedTuple):
    """What is left of one replication."""

    total: Tallied
    periods: list[Tallied]
    """All kinds, by period."""
    kinds: list[tuple[Tallied, list[Tallied]]]
    """Of each kind, all of it and its periods."""
    crews: list[tuple[float, float]]
    """Of each crew, seconds busy and seconds at work."""


class Tally:
    """Everything counted in one replication."""

    def __init__(self, model: Model) -> None:
        self._target_s = model.target_s
        self.cells = [[Cell() for _ in model.periods_s] for _ in model.kinds]
        self.teams: list[tuple[float, float]] = []
        """Seconds busy and seconds at work, of each crew."""

    def outcome(self) -> Outcome:
        """Reduce waits to numbers."""
        total = self._counts(cell for periods in self.cells for cell in periods)
        kinds = [(self._counts(periods), [self._counts([cell]) for cell in periods]) for periods in self.cells]
        periods = [self._counts(cells) for cells in zip(*self.cells, strict=True)]
        return Outcome(total, periods, kinds, self.teams)

    def _counts(self, cells: Iterable[Cell]) -> Tallied:
        all_of = Cell()
        for cell in cells:
            all_of.offered += cell.offered
            all_of.blocked += cell.blocked
            all_of.served += cell.served
            all_of.left += cell.left
            all_of.diverted += cell.diverted
        target, served, left = self._target_s, all_of.served, all_of.left
        waits = sorted(served + left + all_of.diverted)
        wait_served = fsum(served)
        p50, p90, p99 = (percentile(waits, share) if waits else None for share in (0.5, 0.9, 0.99))
        return Tallied(
            offered=all_of.offered,
            answered=len(served),
            abandoned=len(left),
            blocked=all_of.blocked,
            overflowed=len(all_of.diverted),
            answered_in=sum(1 for wait in served if wait <= target),
            abandoned_in=sum(1 for wait in left if wait <= target),
            abandoned_5s=sum(1 for wait in left if wait <= CUT_S),
            answered_30s=sum(1 for wait in served if wait <= LATE_S),
            wait_served_s=wait_served,
            wait_all_s=fsum(waits),
            p50=p50,
            p90=p90,
            p99=p99,
        )
