"""What is simulated, as frozen values: a plan of the live engine, who contacts it, and who is at work when.

A scenario of its own kinds and groups and a scenario of a deployment both become a ``Model``; the loop knows no other
form. Times are seconds; those of a day count from midnight.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, Language
from acd.domain.plan import Plan
from acd.engine.matching.facts import Requirement
from acd.sim.chance import Distribution


@dataclass(frozen=True, slots=True)
class Given:
    """An arrival that was recorded rather than drawn; what is None is drawn."""

    at: float
    """Seconds since the model's start."""
    ivr_s: float = 0.0
    service_s: float | None = None
    patience_s: float | None = None
    waited_s: float = 0.0
    """It is known to have waited so long; a patience that is drawn begins there."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of contact. Tuples have one value, or one per period."""

    name: str
    need: Requirement
    priority: int
    rates: tuple[float, ...]
    """Arrivals a second."""
    service: Distribution
    """Seconds an agent is busy with it, a deployment's wrap-up left out; it holds its trunk's channel so long."""
    patience: Distribution | None = None
    """Seconds until it gives up waiting; None never does."""
    ivr: Distribution | None = None
    """Seconds on the line before it waits."""
    node: QueueNode | None = None
    """How a flow sends it to its queue, whose wrap-up, relaxation and overflow then hold; None: it only waits there."""
    language: Language | None = None
    """Spoken by the caller; an overflow may ask for it no longer."""
    given: tuple[Given, ...] = ()
    """Recorded arrivals, in order of time; then ``rates`` are none."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Agents who come and go by number: ``staffing`` are (time, how many from then on), in order of time."""

    name: str
    members: tuple[AgentId, ...]
    staffing: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that is the same in all replications."""

    plan: Plan
    kinds: tuple[Kind, ...]
    crews: tuple[Crew, ...]
    capacity: int | None
    """Channels of the trunk (SST); None is unlimited."""
    start_s: float
    periods_s: tuple[float, ...]
    warm_up_s: float
    day_factor: Distribution | None
    target_s: float
    """Service level: answered within so long."""

    lines: tuple[tuple[float, float], ...] = ()
    """Calls that only take a channel of the trunk and want no agent: from when (seconds), and for how long."""

    @property
    def end_s(self) -> float:
        """When arrivals stop."""
        end = self.start_s
        for length in self.periods_s:
            end += length
        return end


def of_period(values: tuple[float, ...], period: int) -> float:
    """One value for all periods, or the period's own."""
    return values[0] if len(values) == 1 else values[period]
