"""How fast a line of waiting contacts moves, learnt from its own recent departures.

A line is those who wait in one queue with one requirement. Decides which departures are remembered and the two rates
made of them: how often the line's head is offered an agent, and how often somebody who waits leaves without one. Must
not know contacts, nor what a rate is used for.

Both rates are counts over time at risk, which is their maximum-likelihood estimate and treats who still waits as what
it is, an observation not yet ended. The line's own time counts only while somebody waits: an agent who stands idle says
nothing about how long one would wait for a busy one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

KEPT = 64
"""Departures remembered of a line; half as many make the rate forget sooner and err more."""
RECENT_S = 4 * 3600.0
"""A departure older than this says nothing any more."""
_RING_WEIGHT = 0.125
"""Share of the newest ring in the mean of ring times."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One contact was offered an agent after waiting; what had happened in the line since the departure before."""

    at: float
    busy_s: float
    """Time in which somebody waited."""
    waited_s: float
    """The same summed over everybody who waited."""
    left: int
    """Contacts that left the line otherwise: abandoned, overflowed, went by a key."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Per second: ``served`` offers of agents to the line's head, ``left`` per contact that waits."""

    served: float
    left: float
    departures: int
    """How many departures that rests on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One line's memory. ``waiting`` are those without an offer; sums are since the last departure."""

    since: float = 0.0
    """When the sums were last brought up to date."""
    waiting: int = 0
    busy_s: float = 0.0
    waited_s: float = 0.0
    left: int = 0
    departures: tuple[Departure, ...] = ()
    """The oldest first."""
    ring_s: float = 0.0
    """Mean time from the offer to the conversation."""

    def until(self, at: float) -> Pace:
        """Bring the sums up to a moment."""
        passed = max(0.0, at - self.since)
        busy = passed if self.waiting else 0.0
        return replace(self, since=at, busy_s=self.busy_s + busy, waited_s=self.waited_s + passed * self.waiting)

    def came(self, at: float) -> Pace:
        """Somebody begins to wait in the line."""
        now = self.until(at)
        return replace(now, waiting=now.waiting + 1)

    def went(self, at: float) -> Pace:
        """Somebody leaves the line without an agent."""
        now = self.until(at)
        return replace(now, waiting=max(0, now.waiting - 1), left=now.left + 1)

    def served(self, at: float) -> Pace:
        """Somebody who waited is offered an agent."""
        now = self.until(at)
        departure = Departure(at, now.busy_s, now.waited_s, now.left)
        return replace(
            now,
            waiting=max(0, now.waiting - 1),
            busy_s=0.0,
            waited_s=0.0,
            left=0,
            departures=(*now.departures, departure)[-KEPT:],
        )

    def returned(self, at: float) -> Pace:
        """An offer came to nothing and its contact waits again: that was no departure."""
        now = self.came(at)
        if not now.departures:
            return now
        last = now.departures[-1]
        return replace(
            now,
            busy_s=now.busy_s + last.busy_s,
            waited_s=now.waited_s + last.waited_s,
            left=now.left + last.left,
            departures=now.departures[:-1],
        )

    def rang(self, seconds: float) -> Pace:
        """An offer became a conversation after so many seconds of ringing."""
        mean = self.ring_s + (seconds - self.ring_s) * _RING_WEIGHT if self.ring_s else seconds
        return replace(self, ring_s=mean)


def rates(paces: tuple[Pace, ...], at: float) -> Rates | None:
    """Work out the mean rates of some lines at a moment; None when no line has a recent departure."""
    served, busy, left, waited = 0, 0.0, 0, 0.0
    for pace in paces:
        recent = [d for d in pace.departures if at - d.at <= RECENT_S]
        if not recent:
            continue
        now = pace.until(at)
        served += len(recent)
        busy += sum(d.busy_s for d in recent) + now.busy_s
        waited += sum(d.waited_s for d in recent) + now.waited_s
        left += sum(d.left for d in recent) + now.left
    if not served or busy <= 0:
        return None
    return Rates(served / busy, left / waited if waited > 0 else 0.0, served)
