"""The clock: wall time that never jumps. Anchored once, then driven by the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable


class AnchoredClock:
    """Fulfils ``ports.Clock``.

    A step of the system clock is not followed by itself, over restarts neither (``resume``): no call gets longer by it
    or ends before it began. ``adopt`` follows it; when, and who has to be told, is ``acd.runtime.clock_keeper``'s.

    Args:
        system: the time the machine tells, which may be set.
        elapsed: seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        system: Callable[[], float] = lambda: time.time(),  # noqa: PLW0108, TID251 - this is the clock others are given
        elapsed: Callable[[], float] = lambda: time.monotonic(),  # noqa: PLW0108 - looked up when it is read
    ) -> None:
        self._system, self._elapsed = system, elapsed
        self._anchor = system() - elapsed()

    def resume(self, ahead: float, not_before: float) -> None:
        """Go on where a former life was: so far behind the system's clock as it was, and not before its last moment."""
        self._anchor = max(self._system() - ahead, not_before) - self._elapsed()

    def adopt(self) -> float:
        """Take over the system's time, be it earlier. Gives by how many seconds that is later."""
        ahead = self.ahead()
        self._anchor = self._system() - self._elapsed()
        return ahead

    def ahead(self) -> float:
        """Seconds by which the system's clock is ahead of this one: it was set since."""
        return self._system() - self.now()

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._anchor + self._elapsed()
