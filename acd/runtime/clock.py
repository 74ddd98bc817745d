"""The clock: wall time that never jumps. Anchored once, then driven by the monotonic clock."""

from __future__ import annotations

import time


class AnchoredClock:
    """Fulfils ``ports.Clock``.

    A step of the system clock is not followed by itself, over restarts neither (``resume``): no call gets longer by it
    or ends before it began. ``adopt`` follows it; when, and who has to be told, is ``acd.runtime.clock_keeper``'s.
    """

    def __init__(self) -> None:
        self._anchor = time.time() - time.monotonic()  # noqa: TID251 - this is the clock everybody else is given

    def resume(self, ahead: float, not_before: float) -> None:
        """Go on where a former life was: so far behind the system's clock as it was, and not before its last moment."""
        self._anchor = max(time.time() - ahead, not_before) - time.monotonic()  # noqa: TID251 - likewise

    def adopt(self) -> float:
        """Take over the system's time, be it earlier. Gives by how many seconds that is later."""
        ahead = self.ahead()
        self._anchor = time.time() - time.monotonic()  # noqa: TID251 - likewise
        return ahead

    def ahead(self) -> float:
        """Seconds by which the system's clock is ahead of this one: it was set since."""
        return time.time() - self.now()  # noqa: TID251 - likewise

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._anchor + time.monotonic()
