"""The pulse of the event loop: how late it is, told to whoever counts and to whoever lets calls in.

A beat is due every hundredth of a second. When the loop was held, the beats missed meanwhile count with their own
lateness, as calls would have that came then. Decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

BEAT_S = 0.01
WEIGHT = 1 / 32
"""Of one beat in the mean: about the last third of a second counts, so that one short stall refuses nobody."""
MOST_MISSED = 1_000
"""Beats made up for; a longer stall is that of a process that was stopped."""


class Pulse:
    """Beats from ``start`` to ``close``.

    Args:
        count: takes the lateness of each beat in seconds.
    """

    def __init__(self, count: Callable[[float], None]) -> None:
        self._count = count
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.delay_s = 0.0
        """Mean lateness of late."""

    def start(self) -> None:
        """Begin to beat."""
        loop = asyncio.get_running_loop()
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
        self.delay_s += (late - self.delay_s) * WEIGHT
        self._count(late)
        missed = min(int(late / BEAT_S), MOST_MISSED)
        for number in range(1, missed + 1):
            self._count(late - number * BEAT_S)
        self._due = loop.time() + BEAT_S
        self._timer = loop.call_at(self._due, self._beat)
