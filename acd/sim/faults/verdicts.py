"""What was looked at in a history, and what was found to be wrong: at once, or when it lasts.

Decides when something wrong has lasted for too long. Must not know what is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from acd.sim.faults.clock import Scheduler

LOOK_EVERY_S = 5.0
LASTING_S = 66.0
"""How long something wrong may last while an engine serves and is heard: two looks of AMI, which has one a minute."""
MOST_VIOLATIONS = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """What happened, and when, in seconds from the beginning."""

    at: float
    what: str


class Verdicts:
    """Collects them.

    Args:
        scheduler: the world's time.
        troubled: whether something stands between the engine and Asterisk; such time does not count.
    """

    def __init__(self, scheduler: Scheduler, troubled: Callable[[], bool]) -> None:
        self._scheduler = scheduler
        self._troubled = troubled
        self.violations: list[Violation] = []
        self.checked: Counter[str] = Counter()
        self._wrong_since: dict[str, float] = {}
        self._seen: dict[str, None] = {}
        """What was wrong at this look."""

    def violated(self, what: str) -> None:
        """Note a violation."""
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(Violation(self._scheduler.time, what))

    def holds(self, name: str, what: str, *, true: bool) -> None:
        """Check something."""
        self.checked[name] += 1
        if not true:
            self.violated(f"{name}: {what}")

    def look(self) -> None:
        """Begin to look anew: what lasted and is not found wrong again is over."""
        for key in [key for key in self._wrong_since if key not in self._seen]:
            del self._wrong_since[key]
        self._seen = {}

    def nothing_lasts(self) -> None:
        """Nobody is there who could put anything right."""
        self._wrong_since.clear()

    def lasts(self, name: str, what: str, *, wrong: bool, lasting: float = LASTING_S) -> None:
        """Check something that may be wrong for a moment."""
        self.checked[name] += 1
        if not wrong:
            return
        key = f"{name}: {what}"
        self._seen[key] = None
        since = self._wrong_since.setdefault(key, self._scheduler.time)
        if self._troubled():
            self._wrong_since[key] = since = since + LOOK_EVERY_S
        if self._scheduler.time - since > lasting:
            self.violated(key)
            self._wrong_since[key] = float("inf")
