"""How long a start took, step by step: callers wait meanwhile, so the log says what the time went on.

Of each step: the seconds that went by, those of the processor, and those in which this process could have gone on but
had no core. Must not know what the steps are.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import structlog

from acd.observability.processor import CoreWanted

log = structlog.get_logger(__name__)
_STAT = Path("/proc/self/stat")
_KEYS = ("seconds", "processor_s", "no_core_s")


class StartSteps:
    """Steps from the beginning of this process, or from ``begin_anew``, until ``done``; after that, silence."""

    def __init__(self) -> None:
        self._no_core = CoreWanted()
        self._seen = (_process_began(), 0.0, 0.0)
        self._steps: dict[str, dict[str, float]] = {}
        self._over = False

    def begin_anew(self) -> None:
        """What came before was in nobody's way: another engine served."""
        self._steps.clear()
        self._passed()

    def did(self, step: str) -> None:
        """A step is done."""
        if not self._over:
            self._steps[step] = dict(zip(_KEYS, self._passed(), strict=True))

    def done(self, step: str) -> None:
        """The last step is done, and with it the start."""
        if self._over:
            return
        self.did(step)
        self._over = True
        self._no_core.close()
        total = {key: round(sum(one[key] for one in self._steps.values()), 3) for key in _KEYS}
        log.info("started", **total, steps=self._steps)

    def _passed(self) -> tuple[float, ...]:
        before, self._seen = self._seen, (_now(), time.process_time(), self._no_core())
        return tuple(round(now - then, 3) for now, then in zip(self._seen, before, strict=True))


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _process_began() -> float:
    """When this process began, by the clock of ``_now``."""
    with suppress(OSError, ValueError, IndexError):
        fields = _STAT.read_text().rpartition(")")[2].split()  # proc(5): the 22nd is starttime, two are before these
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return _now()
