"""The clock: wall time that never jumps. Anchored once, then driven by the monotonic clock."""

from __future__ import annotations

import time


class AnchoredClock:
    """Fulfils ``ports.Clock``. A step of the system clock is seen at the next start, not in the middle of a call."""

    def __init__(self) -> None:
        self._anchor = time.time() - time.monotonic()  # noqa: TID251 - this is the clock everybody else is given

    def ahead(self) -> float:
        """Seconds by which the system's clock is ahead of this one: it was set since."""
        return time.time() - self.now()  # noqa: TID251 - likewise

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._anchor + time.monotonic()
