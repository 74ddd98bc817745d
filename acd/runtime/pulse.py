"""The pulse of the event loop: how late it is, told to whoever counts and to whoever lets calls in.

A beat is due every hundredth of a second. When the loop was held, the beats missed meanwhile count with their own
lateness, as calls would have that came then. Of each lateness it is also told how much the loop's own work can have
caused, and how much the machine, which gave its cores to others. Decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import thread_time

BEAT_S = 0.01
WEIGHT = 1 / 32
"""Of one beat in the mean: about the last third of a second counts, so that one short stall refuses nobody."""
MOST_LATE_S = 0.5
"""What one beat counts for in the mean at most: a process that was stopped, however long, refuses nobody for that."""
MOST_MISSED = 1_000
"""Beats made up for; a longer stall is that of a process that was stopped."""


class _Part:
    """One cause of lateness."""

    def __init__(self, count: Callable[[float], None], clock: Callable[[], float]) -> None:
        self.count = count
        self._clock = clock
        self._before = 0.0

    def since_before(self) -> float:
        """What its clock went on since this was asked last."""
        now = self._clock()
        passed, self._before = now - self._before, now
        return passed


class Pulse:
    """Beats from ``start`` to ``close``.

    Args:
        count: takes the lateness of each beat in seconds.
        own: takes as much of it as this thread was at work since the beat before.
        starved: takes as much of it as this thread waited for a core since the beat before.
        worked: processor time of this thread, seconds.
        waited: how long this thread has waited for a core, seconds.
    """

    def __init__(
        self,
        count: Callable[[float], None],
        own: Callable[[float], None] = lambda _: None,
        starved: Callable[[float], None] = lambda _: None,
        worked: Callable[[], float] = thread_time,
        waited: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._count = count
        self._parts = (_Part(own, worked), _Part(starved, waited))
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.delay_s = 0.0
        """Mean lateness of late."""

    def start(self) -> None:
        """Begin to beat."""
        loop = asyncio.get_running_loop()
        for part in self._parts:
            part.since_before()
        self._due = loop.time() + BEAT_S
        self._timer = loop.call_at(self._due, self._beat)

    def close(self) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        late = max(0.0, loop.time() - self._due)
        self.delay_s += (min(late, MOST_LATE_S) - self.delay_s) * WEIGHT
        missed = min(int(late / BEAT_S), MOST_MISSED)
        for count, lateness in (
            (self._count, late),
            *((part.count, min(late, part.since_before())) for part in self._parts),
        ):
            count(lateness)
            for number in range(1, missed + 1):
                count(max(0.0, lateness - number * BEAT_S))
        self._due = loop.time() + BEAT_S
        self._timer = loop.call_at(self._due, self._beat)
