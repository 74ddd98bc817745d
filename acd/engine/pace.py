"""How fast a line of waiting contacts moves, learnt from its own recent departures.

A line is those who wait in one queue with one requirement. Decides how departures are remembered and the two rates made
of them: how often the line's head is offered an agent, and how often somebody who waits leaves without one. Must not
know contacts, nor what a rate is used for.

Both rates are counts over time at risk, which is their maximum-likelihood estimate and treats who still waits as what
it is, an observation not yet ended. The line's own time counts only while somebody waits: an agent who stands idle says
nothing about how long one would wait for a busy one. Each departure makes the older ones count a little less, so that
a few sums remember them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.domain.copies import replace

KEEP = 1 - 1 / 128
"""What a departure still counts after the next one; 88 departures make it half. Less memory errs more while nothing
changes, and even where half the agents go to lunch every hour it gained nothing."""
RECENT_S = 4 * 3600.0
"""A line whose last departure is older than this says nothing any more."""
_RING_WEIGHT = 0.125
"""Share of the newest ring in the mean of ring times."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What happened in a line from one departure to an agent to another; in a sum, each weighted by its age."""

    served: float = 0.0
    """Departures to an agent."""
    left: float = 0.0
    """Contacts that left otherwise: abandoned, overflowed, went by a key."""
    busy_s: float = 0.0
    """Time in which somebody waited."""
    waited_s: float = 0.0
    """The same summed over everybody who waited."""

    def plus(self, other: Passage, weight: float = 1.0) -> Passage:
        """Add another, so many times."""
        return Passage(
            self.served + other.served * weight,
            self.left + other.left * weight,
            self.busy_s + other.busy_s * weight,
            self.waited_s + other.waited_s * weight,
        )

    def times(self, weight: float) -> Passage:
        """Weigh it."""
        return Passage(self.served * weight, self.left * weight, self.busy_s * weight, self.waited_s * weight)


NOTHING = Passage()


@dataclass(frozen=True, slots=True)
class Rates:
    """Per second: ``served`` offers of agents to the line's head, ``left`` per contact that waits."""

    served: float
    left: float
    departures: int
    """How many departures that rests on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One line's memory. ``waiting`` are those without an offer."""

    since: float = 0.0
    """When ``now`` was last brought up to date."""
    waiting: int = 0
    now: Passage = NOTHING
    """Since the last departure."""
    last: Passage = NOTHING
    """Up to the last departure; nothing once that turned out to be none."""
    past: Passage = NOTHING
    """All up to then."""
    departures: int = 0
    departed_at: float = 0.0
    ring_s: float = 0.0
    """Mean time from the offer to the conversation."""

    def until(self, at: float) -> Pace:
        """Bring the sums up to a moment."""
        passed = max(0.0, at - self.since)
        here = Passage(busy_s=passed if self.waiting else 0.0, waited_s=passed * self.waiting)
        return replace(self, since=at, now=self.now.plus(here))

    def came(self, at: float) -> Pace:
        """Somebody begins to wait in the line."""
        pace = self.until(at)
        return replace(pace, waiting=pace.waiting + 1)

    def went(self, at: float) -> Pace:
        """Somebody leaves the line without an agent."""
        pace = self.until(at)
        return replace(pace, waiting=max(0, pace.waiting - 1), now=pace.now.plus(Passage(left=1)))

    def stood_aside(self, at: float) -> Pace:
        """Somebody stands in the line no more, and yet did not leave it: a callback that cannot be made now."""
        pace = self.until(at)
        return replace(pace, waiting=max(0, pace.waiting - 1))

    def served(self, at: float) -> Pace:
        """Somebody who waited is offered an agent."""
        pace = self.until(at)
        last = pace.now.plus(Passage(served=1))
        return replace(
            pace,
            waiting=max(0, pace.waiting - 1),
            now=NOTHING,
            last=last,
            past=pace.past.times(KEEP).plus(last),
            departures=pace.departures + 1,
            departed_at=at,
        )

    def returned(self, at: float) -> Pace:
        """An offer came to nothing and its contact waits again: that was no departure."""
        pace = self.came(at)
        if pace.last == NOTHING:
            return pace
        return replace(
            pace,
            now=pace.now.plus(replace(pace.last, served=0.0)),
            last=NOTHING,
            past=pace.past.plus(pace.last, -1.0).times(1 / KEEP),
            departures=pace.departures - 1,
        )

    def rang(self, seconds: float) -> Pace:
        """An offer became a conversation after so many seconds of ringing."""
        mean = self.ring_s + (seconds - self.ring_s) * _RING_WEIGHT if self.ring_s else seconds
        return replace(self, ring_s=mean)


def rates(paces: tuple[Pace, ...], at: float) -> Rates | None:
    """Work out the mean rates of some lines at a moment; None when no line has a recent departure."""
    recent = [p.until(at) for p in paces if p.departures and at - p.departed_at <= RECENT_S]
    total = NOTHING
    for pace in recent:
        total = total.plus(pace.past).plus(pace.now)
    if not recent or total.busy_s <= 0:
        return None
    left = total.left / total.waited_s if total.waited_s > 0 else 0.0
    # Weights that fall by KEEP are worth as much as so many equal ones at most.
    most = round((1 + KEEP) / (1 - KEEP)) * len(recent)
    return Rates(total.served / total.busy_s, left, min(sum(p.departures for p in recent), most))
