"""The pulse of the event loop: how late it is, told to whoever counts and to whoever lets calls in.

A beat is due every hundredth of a second. When the loop was held, the beats missed meanwhile count with their own
lateness, as calls would have that came then. Of each lateness it is also told how much the loop's own work can have
caused: the rest is the machine's, which gave the processor to others. Decides nothing.
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


class Pulse:
    """Beats from ``start`` to ``close``.

    Args:
        count: takes the lateness of each beat in seconds.
        own: takes as much of it as this thread was at work since the beat before.
        worked: processor time of this thread, seconds.
    """

    def __init__(
        self,
        count: Callable[[float], None],
        own: Callable[[float], None] = lambda _: None,
        worked: Callable[[], float] = thread_time,
    ) -> None:
        self._count = count
        self._own = own
        self._worked = worked
        self._worked_before = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.delay_s = 0.0
        """Mean lateness of late."""

    def start(self) -> None:
        """Begin to beat."""
        loop = asyncio.get_running_loop()
        self._worked_before = self._worked()
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
        worked = self._worked()
        at_work, self._worked_before = worked - self._worked_before, worked
        self._count(late)
        self._own(min(late, at_work))
        missed = min(int(late / BEAT_S), MOST_MISSED)
        for number in range(1, missed + 1):
            self._count(late - number * BEAT_S)
            self._own(max(0.0, min(late, at_work) - number * BEAT_S))
        self._due = loop.time() + BEAT_S
        self._timer = loop.call_at(self._due, self._beat)
