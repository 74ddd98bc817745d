"""What is counted of questions to other systems, for the metrics: nodes and hosts by name, never what was asked.

Decides the limits of the histogram. Must not read a clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from acd.domain.data import DataOutcome
from acd.ports import Asked

BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)


class Latency:
    """How long a host's answers took, tries and pauses included."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.seconds += seconds

    @property
    def buckets(self) -> tuple[int, ...]:
        """Counts up to each bound, and of all that took longer."""
        return tuple(self._counts)


class Tally:
    """Questions by node, host and outcome."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[str, str, DataOutcome, bool]] = Counter()

    def add(self, node: str, host: str, outcome: DataOutcome, *, cached: bool) -> None:
        """Count one."""
        self._asked[node, host, outcome, cached] += 1

    def all(self) -> tuple[Asked, ...]:
        """Everything counted."""
        return tuple(Asked(*what, count) for what, count in self._asked.items())
