"""The lease: which of several engines may command, and how long this one may take for granted that it is the one.

Decides by a clock that runs on while the process is stopped, so that an engine that wakes up from a pause finds its
lease over before it does anything. Does no I/O: ``acd.store.seat`` asks the database.

The time of a lease runs by the database's clock; an engine counts from when it *asked*, which was earlier, and gives up
``MARGIN_S`` before the end: what is written in that moment still comes in time.

When the database is away no other engine can take the lease, so the engine goes on without - but "away" may mean
"away from here only". Who else got the lease then takes our place in Asterisk, too, and Asterisk tells us
(ApplicationReplaced, on the very connection we ask). So Asterisk is the witness: an answer on that connection shows
that nobody had taken our place when we asked, and the engine goes on for ``WITNESS_S`` from then.
"""

from __future__ import annotations

import time
from collections.abc import Callable

TTL_S = 2.0
"""A lease that was not renewed for so long may be taken by another engine."""
RENEW_S = 0.5
MARGIN_S = 0.2
WITNESS_S = 0.5

_NEVER = float("-inf")


def elapsed() -> float:
    """Seconds that include those in which the machine slept; for differences only."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """What this engine knows of its lease. Told by the thread that renews it, asked before everything that commands.

    Each attribute is written as a whole and read as a whole, so no lock is needed.
    """

    def __init__(self, now: Callable[[], float] = elapsed, ttl_s: float = TTL_S) -> None:
        self._now = now
        self._lasts_s = ttl_s - MARGIN_S
        self._until = _NEVER
        self._witnessed_until = _NEVER
        self._database_away = False
        self.lost = False
        """Somebody else has it, or it was given back; nothing makes it ours again."""

    def renewed(self, asked_at: float) -> None:
        """Take note that the database said at some time after ``asked_at`` that the lease is ours."""
        self._until = asked_at + self._lasts_s
        self._database_away = False

    def failed(self) -> None:
        """Take note that the database did not answer, or not in a way that tells whose the lease is."""
        self._database_away = True

    def refused(self) -> None:
        """Take note that the lease is not ours any more."""
        self.lost = True

    def witnessed(self, asked_at: float) -> None:
        """Take note that Asterisk answered on our connection what was asked at ``asked_at``."""
        self._witnessed_until = asked_at + WITNESS_S

    def verified(self) -> bool:
        """Whether the database itself says so: asked before our place in Asterisk is taken."""
        return not self.lost and self._now() < self._until

    def wants_witness(self) -> bool:
        """Whether the database has not answered for longer than it takes when all is well."""
        return not self.lost and self._now() > self._until - self._lasts_s + 2 * RENEW_S

    def holds(self) -> bool:
        """Whether this engine may command in this moment."""
        if self.lost:
            return False
        now = self._now()
        return now < self._until or (self._database_away and now < self._witnessed_until)
