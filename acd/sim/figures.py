"""The figures of a simulation: which there are, their formulas, and how two simulations differ in each.

Service levels are those of ``service_level``. Waits and percentiles are over all who came to a queue, unless
``wait_served`` says otherwise. A percentile is the mean of the replications' percentiles; a mean wait and every ratio
is a ratio of sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from acd.sim import service_level
from acd.sim.service_level import Sides
from acd.sim.statistics import NOTHING, Estimate, mean, ratio, ratio_difference
from acd.sim.study import Study
from acd.sim.tally import Tallied

_Number: TypeAlias = Callable[[Tallied], float]


@dataclass(frozen=True, slots=True)
class Count:
    """A number per replication."""

    value: _Number

    def estimate(self, new: Sequence[Tallied], old: Sequence[Tallied] | None = None) -> Estimate:
        """The mean; with ``old``, of the difference."""
        if old is None:
            return mean([self.value(c) for c in new])
        return mean([self.value(c) - self.value(d) for c, d in zip(new, old, strict=True)])


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of sums."""

    top: _Number
    bottom: _Number

    def estimate(self, new: Sequence[Tallied], old: Sequence[Tallied] | None = None) -> Estimate:
        """The ratio; with ``old``, its difference."""
        if old is None:
            return ratio(*self._sides(new))
        return ratio_difference(self._sides(new), self._sides(old))

    def _sides(self, counts: Sequence[Tallied]) -> tuple[list[float], list[float]]:
        return [self.top(c) for c in counts], [self.bottom(c) for c in counts]


@dataclass(frozen=True, slots=True)
class Place:
    """A percentile; replications without a wait say nothing."""

    value: Callable[[Tallied], float | None]

    def estimate(self, new: Sequence[Tallied], old: Sequence[Tallied] | None = None) -> Estimate:
        """The mean; with ``old``, of the difference."""
        if old is None:
            return mean([v for v in map(self.value, new) if v is not None])
        pairs = zip(map(self.value, new), map(self.value, old), strict=True)
        return mean([a - b for a, b in pairs if a is not None and b is not None])


Figure: TypeAlias = Count | Ratio | Place


def _form(sides: Sides) -> Ratio:
    return Ratio(lambda c: sides(c)[0], lambda c: sides(c)[1])


FORMS: dict[str, Figure] = {name: _form(form) for name, form in service_level.FORMS.items()}
"""Service level as others define it."""
FIGURES: dict[str, Figure] = {
    "offered": Count(lambda c: c.offered),
    "served": Count(lambda c: c.answered),
    "abandoned": Count(lambda c: c.abandoned),
    "blocked": Count(lambda c: c.blocked),
    "overflowed": Count(lambda c: c.overflowed),
    "answered_within_target": Count(lambda c: c.answered_in),
    "service_level": _form(service_level.sides),
    "wait_all_mean": Ratio(lambda c: c.wait_all_s, lambda c: c.waited),
    "wait_served_mean": Ratio(lambda c: c.wait_served_s, lambda c: c.answered),
    "wait_p50": Place(lambda c: c.p50),
    "wait_p90": Place(lambda c: c.p90),
    "wait_p99": Place(lambda c: c.p99),
}
"""In the order of the report; ``overflowed`` only where a queue can send contacts away."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Estimates by name; of a difference, new minus old."""

    named: dict[str, Estimate]
    forms: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a study."""

    total: Figures
    periods: tuple[Figures, ...]
    """All contacts by period of arrival."""
    contacts: dict[str, tuple[Figures, tuple[Figures, ...]]]
    """Of each kind, all of it and its periods."""
    agents: dict[str, Estimate]
    """Occupancy of each crew: busy / (busy and idle)."""


def report(new: Study, old: Study | None = None) -> Report:
    """Work out every figure; with ``old``, how much each of those that both have differs."""
    leave_out = () if can_overflow(new) or (old is not None and can_overflow(old)) else ("overflowed",)

    def figures(pick: Callable[[Study], list[Tallied]]) -> Figures:
        after, before = pick(new), pick(old) if old is not None else None
        named = {k: f.estimate(after, before) for k, f in FIGURES.items() if k not in leave_out}
        return Figures(named, {k: f.estimate(after, before) for k, f in FORMS.items()})

    contacts = {}
    for number, kind in enumerate(new.model.kinds):
        whole = figures(lambda study, n=number: [o.kinds[n][0] for o in study.outcomes])  # type: ignore[misc] # binds n
        parts = tuple(
            figures(lambda study, n=number, p=period: [o.kinds[n][1][p] for o in study.outcomes])  # type: ignore[misc] # binds
            for period in range(len(new.model.periods_s))
        )
        contacts[kind.name] = (whole, parts)
    periods = tuple(
        figures(lambda study, p=period: [o.periods[p] for o in study.outcomes])  # type: ignore[misc] # binds p
        for period in range(len(new.model.periods_s))
    )
    return Report(figures(lambda study: [o.total for o in study.outcomes]), periods, contacts, _agents(new, old))


def can_overflow(study: Study) -> bool:
    """Tell whether a queue of the model can send a contact away."""
    queues = study.model.plan.queues.values()
    return any((q.max_wait_s, q.max_length, q.limits) != (None, None, None) for q in queues)


def _agents(new: Study, old: Study | None) -> dict[str, Estimate]:
    after = _occupied(new)
    if old is None:
        return {name: ratio(*sides) for name, sides in after.items()}
    before = _occupied(old)
    return {name: ratio_difference(after[name], before[name]) if name in before else NOTHING for name in after}


def _occupied(study: Study) -> dict[str, tuple[list[float], list[float]]]:
    return {
        crew.name: ([o.crews[n][0] for o in study.outcomes], [o.crews[n][1] for o in study.outcomes])
        for n, crew in enumerate(study.model.crews)
    }
