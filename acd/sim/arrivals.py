"""Who contacts us in one replication, when, for how long and how patiently.

Decides which stream each draw comes from: one per kind and purpose. So a scenario with other agents or other routing
meets the very same contacts, and what differs is the routing's doing. Must not know who serves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TypeAlias

from acd.sim.chance import Draw, exponential, stream
from acd.sim.model import Kind, Model, of_period

Arrival: TypeAlias = tuple[float, int, int, float, float, float]
"""When (seconds, on the model's clock), number of the kind, of the period, and seconds of service, patience (``inf``
for none) and IVR. Ordered by time."""


def arrivals(model: Model, seed: int, replication: int) -> list[Arrival]:
    """Everybody of one replication, in order."""
    factor = 1.0
    if model.day_factor is not None:
        factor = model.day_factor.draws(stream("acd", seed, replication, "day"))[0]()
    found: list[Arrival] = []
    for number, kind in enumerate(model.kinds):
        chances = _Chances(kind, seed, replication)
        if kind.given:
            _recorded(model, number, kind, chances, found)
        else:
            _drawn(model, number, kind, chances, factor, found)
    found.sort()
    return found


class _Chances:
    """A kind's streams."""

    def __init__(self, kind: Kind, seed: int, replication: int) -> None:
        names = ("acd", seed, replication, kind.name)
        self.gap = exponential(stream(*names, "arrivals"))
        self.service = kind.service.draws(stream(*names, "service"))
        self.patience = kind.patience.draws(stream(*names, "patience")) if kind.patience else (_never,)
        self.ivr = kind.ivr.draws(stream(*names, "ivr")) if kind.ivr else (_at_once,)


def _never() -> float:
    return inf


def _at_once() -> float:
    return 0.0


def _of(draws: Sequence[Draw], period: int) -> Draw:
    return draws[0] if len(draws) == 1 else draws[period]


def _drawn(model: Model, number: int, kind: Kind, chances: _Chances, factor: float, found: list[Arrival]) -> None:
    """A Poisson process whose rate is constant within a period, by the time change: exact, without thinning."""
    gap, begin = chances.gap, model.start_s
    ahead = gap()
    for period, length in enumerate(model.periods_s):
        rate = of_period(kind.rates, period) * factor
        service, patience = _of(chances.service, period), _of(chances.patience, period)
        ivr = _of(chances.ivr, period)
        expected = rate * length
        while ahead < expected:
            found.append((begin + ahead / rate, number, period, service(), patience(), ivr()))
            ahead += gap()
        ahead -= expected
        begin += length


def _recorded(model: Model, number: int, kind: Kind, chances: _Chances, found: list[Arrival]) -> None:
    ends: list[float] = []
    for length in model.periods_s:
        ends.append((ends[-1] if ends else 0.0) + length)
    period = 0
    for one in kind.given:
        while period + 1 < len(ends) and one.at >= ends[period]:
            period += 1
        # Drawn whether needed or not, so that the next one's draws do not depend on what was recorded of this one.
        service, patience = _of(chances.service, period)(), _of(chances.patience, period)()
        found.append(
            (
                model.start_s + one.at,
                number,
                period,
                service if one.service_s is None else one.service_s,
                one.waited_s + patience if one.patience_s is None else one.patience_s,
                one.ivr_s,
            )
        )
