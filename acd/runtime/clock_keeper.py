"""The system's clock is set while the engine runs: when the engine's own follows, and that all that has a time follows.

In a moment without calls it follows at once; a site that never has one waits for ``PATIENCE_S``, so that a step that is
taken back soon passes by. The journal holds by how much it was set, so that a restart knows which time its events tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from acd.ports import Clock
from acd.runtime.dispatcher import Dispatcher
from acd.runtime.gaps import GapLedger

log = structlog.get_logger(__name__)

STEP_S = 1.0
"""What is less is a clock that is kept by NTP."""
PATIENCE_S = 600.0
LOOKED_S = 1.0
"""How long ago the look before was, at least."""


class SettableClock(Clock, Protocol):
    """See ``acd.runtime.clock``."""

    def resume(self, ahead: float, not_before: float) -> None: ...  # noqa: D102
    def adopt(self) -> float: ...  # noqa: D102
    def ahead(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Sign:
    """The last sign of a former life."""

    at: float
    """By its own clock."""
    ahead: float
    """How far the system's was ahead of that."""
    shifted: float
    """By how many seconds its own had been set in all."""


class ClockKeeper:
    """See the module.

    Args:
        clock: the engine's.
        dispatcher: told when it is set.
        gaps: where each step is entered.
        elapsed: seconds of a clock that nobody sets.
        on_shift: told by how many seconds the engine's clock was set.
        patience_s: how long a moment without calls is waited for.
    """

    def __init__(
        self,
        clock: SettableClock,
        dispatcher: Dispatcher,
        gaps: GapLedger,
        elapsed: Callable[[], float],
        on_shift: Callable[[float], None] = lambda _by_s: None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._gaps = gaps
        self._elapsed = elapsed
        self._on_shift = on_shift
        self._patience_s = patience_s
        self._since = elapsed()
        """When the last step was seen."""
        self.ahead = 0.0
        """Seconds by which the system's clock is ahead."""

    @property
    def stepped(self) -> bool:
        """Whether the system's clock tells another time."""
        return abs(self.ahead) > STEP_S

    def resume(self, sign: Sign | None) -> None:
        """What goes on keeps the time it began with; where nothing does, the system's time is taken again."""
        if not self._dispatcher.going_on:
            return
        last = 0.0
        if sign is not None:
            # The journal may know of a shift after the sign, or have lost one before it: its events tell the time.
            moved = self._dispatcher.state.clock_shifted - sign.shifted
            last, self.ahead = sign.at + moved, sign.ahead - moved
        self._clock.resume(self.ahead, max(last, self._dispatcher.replayed_until or 0.0))

    def sign(self) -> Sign:
        """Give what a next life has to know: of a step since the last look, too."""
        self._notice()
        return Sign(self._clock.now(), self.ahead, self._dispatcher.state.clock_shifted)

    def look(self) -> None:
        """Notice when the system's clock is set, and follow when it is time to."""
        if not self._notice() and abs(self._clock.ahead()) > STEP_S and self._dispatcher.at_leisure and self._is_time():
            self._follow()

    def _notice(self) -> bool:
        """Enter a step in the ledger. Gives whether there was one."""
        ahead = self._clock.ahead()
        if abs(step := ahead - self.ahead) <= STEP_S:
            return False
        self.ahead, self._since = ahead, self._elapsed()
        now = self._clock.now()
        log.warning("clock_stepped", step_s=round(step, 1), ahead_s=round(ahead, 1))
        self._gaps.note("clock", now - LOOKED_S, now, f"by {step:+.0f} s")
        return True

    def _is_time(self) -> bool:
        return not self._dispatcher.going_on or self._elapsed() - self._since > self._patience_s

    def _follow(self) -> None:
        """All at once: whatever happens next is told by the new time."""
        by_s = self._clock.adopt()
        self.ahead = 0.0
        self._gaps.moved(by_s)
        self._on_shift(by_s)
        self._dispatcher.clock_was_set(by_s)
        log.info("clock_taken_over", ahead_s=round(by_s, 1))
