"""When a connection on which nothing is heard counts as dead: black holes and half-open connections tell nobody.

Whatever arrives is a sign of life, so a busy Asterisk is never asked, and never given up while it says anything at
all. Time is counted in ticks of our own, each of which reads what came meanwhile: an engine that stood still for a
minute has used up one tick, not the other side's patience. Must not know what is asked, or of whom.
"""

from __future__ import annotations

from enum import Enum
from math import ceil

_QUIET_TICKS = 2


class Verdict(Enum):
    """What a tick leads to."""

    WAIT = "wait"
    ASK = "ask"
    DEAD = "dead"


class Silence:
    """Counts silent ticks; times in seconds.

    Args:
        quiet_s: silent for so long, the other side is asked for a sign of life.
        answer_s: silent for so long after that, it is dead.
    """

    def __init__(self, quiet_s: float, answer_s: float) -> None:
        self.tick_s = quiet_s / _QUIET_TICKS
        """How often ``tick`` is to be called."""
        self._answer_s = answer_s
        self._silent = 0

    def tick(self, *, heard: bool, answer_s: float | None = None) -> Verdict:
        """Tell what is to be done; ``heard``: anything came since the last tick. ``answer_s``: more patience, for now.

        Asked is once.
        """
        self._silent = 0 if heard else self._silent + 1
        if self._silent == _QUIET_TICKS:
            return Verdict.ASK
        patience = _QUIET_TICKS + ceil(max(self._answer_s, answer_s or 0.0) / self.tick_s)
        return Verdict.DEAD if self._silent >= patience else Verdict.WAIT


def longest_s(quiet_s: float, answer_s: float) -> float:
    """For how long a connection may have been dead at most when that is noticed."""
    return quiet_s + answer_s + quiet_s / _QUIET_TICKS
