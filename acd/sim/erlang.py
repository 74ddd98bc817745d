"""Erlang B, C and A, exactly: what queueing theory says of one group of agents behind one trunk.

Decides the figures of M/M/c (Erlang C), M/M/c/c (Erlang B), M/M/c+M (Erlang A) and, with a finite trunk of K channels,
M/M/c/K and M/M/c/K+M. Must not know skills, schedules or the simulator: these are the figures the simulator is held
against. Pure functions of floats; every sum is of positive terms, so nothing cancels, and every weight is scaled by the
largest, so nothing overflows: 10,000 agents, empty or drowned, cost nothing in digits.

Sources:
    A. K. Erlang, Solution of some problems in the theory of probabilities of significance in automatic telephone
    exchanges, 1917 (formulas B and C). ITU-T E.501 (estimation of traffic offered), E.520 (number of circuits: the
    Erlang loss formula and its recursion). C. Palm, Research on telephone traffic carried by full availability groups,
    Tele 1, 1957 (callers who leave). O. Garnett, A. Mandelbaum, M. Reiman, Designing a call center with impatient
    customers, M&SOM 4(3), 2002, and A. Mandelbaum, S. Zeltyn, Service engineering in action: the Palm/Erlang-A queue,
    2007 (its waiting times).

How waits are found. A caller who finds all c agents busy and k callers before it would be reached after k+1 departures,
of callers served (rate c mu together) or gone (theta each). That is a pure death process, so the number of departures
within t has negative binomial weights, which become Poisson as theta goes to 0. Weighted by the chance that the caller
is still there (multiply the density by exp(-theta t)) they stay negative binomial with one more theta in the rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from acd.domain.errors import AcdError
from acd.sim.service_level import CUT_S, LATE_S, Counts

_NOTHING = 1e-300
"""Weights below this share of the largest are left out; less than any figure can show."""
MOST_TRAFFIC = 100_000.0
"""In erlang; beyond it somebody has mistaken a unit."""
MOST_WAITING = 1_000_000.0
"""Callers; a queue whose mean is longer takes too long to work out, and nobody waits in it."""
_LN2 = math.log(2.0)


class ErlangError(AcdError):
    """No such system can be, or it has no steady state; the message says why."""


@dataclass(frozen=True, slots=True)
class System:
    """One group of agents. Times in seconds; ``patience`` None: nobody leaves; ``lines`` None: nobody is blocked."""

    calls_per_hour: float
    aht: float
    agents: int
    patience: float | None = None
    lines: int | None = None

    @property
    def traffic(self) -> float:
        """Traffic offered, in erlang (ITU-T E.501)."""
        return self.calls_per_hour * self.aht / 3600.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a system in steady state. Shares are of offered calls, so blocked + answered + abandoned = 1; times in s.

    ``waits``: share that finds no agent free and waits. ``wait_all_mean``: over all who were let in,
    ``wait_served_mean`` over those served; None where there are none. ``occupancy``: share of their time agents talk.
    ``queue_mean``: callers waiting, ``lines_mean``: channels busy (waiting or talking), at a random moment.
    """

    blocked: float
    answered: float
    abandoned: float
    waits: float
    wait_all_mean: float | None
    wait_served_mean: float | None
    occupancy: float
    queue_mean: float
    lines_mean: float


def erlang_b(traffic: float, servers: int) -> float:
    """Share of calls lost by ``servers`` lines without a queue (ITU-T E.520); ``traffic`` in erlang, >= 0."""
    return 1.0 / (1.0 + _below(traffic, servers)) if traffic > 0 else float(servers == 0)


def erlang_c(traffic: float, servers: int) -> float:
    """Share of calls that must wait in M/M/c; 1 when the traffic is no less than the servers."""
    if traffic >= servers:
        return 1.0
    return servers / (servers + (servers - traffic) * _below(traffic, servers)) if traffic > 0 else 0.0


def figures(system: System) -> Figures:
    """Work out a system in steady state; ErlangError if it has none."""
    return _Solved(system).figures()


def counts(system: System, target: float) -> Counts:
    """Shares of offered calls by how they ended and when, ready for every form of the service level."""
    solved = _Solved(system)
    found = solved.figures()
    answered_in, abandoned_in = solved.within(target)
    return Counts(
        offered=1.0,
        blocked=found.blocked,
        answered=found.answered,
        abandoned=found.abandoned,
        answered_in=answered_in,
        abandoned_in=abandoned_in,
        answered_30s=solved.within(LATE_S)[0],
        abandoned_5s=solved.within(CUT_S)[1],
    )


def within(system: System, seconds: float) -> tuple[float, float]:
    """Shares of offered calls that are answered, and that are abandoned, within so many seconds."""
    return _Solved(system).within(seconds)


def waits_longer(system: System, seconds: float) -> float:
    """Share of offered calls still waiting after so many seconds, however they end."""
    return _Solved(system).waits_longer(seconds)


def _below(traffic: float, servers: int) -> float:
    """Sum of the weights of the states below ``servers`` over that state's own; ``1 / (1 + it)`` is Erlang B.

    Infinite where the full group is rarer than a float can say.
    """
    weight = 0.0
    for n in range(1, servers + 1):
        weight = (1.0 + weight) * (n / traffic)
    return weight


class _Solved:
    """The stationary distribution of a system, and sums over it.

    ``_waiting[i]`` is the probability that all agents are busy and ``_first + i`` callers wait, and that one more would
    be let in; ``_idle`` that an agent is free; ``_full`` that every line is taken.
    """

    def __init__(self, system: System) -> None:
        _check(system)
        self._system = system
        lines = system.lines
        agents = system.agents if lines is None else min(system.agents, lines)
        self._arrivals = system.calls_per_hour / 3600.0
        self._service = agents / system.aht
        self._leaving = 0.0 if system.patience is None else 1.0 / system.patience
        room = None if lines is None else lines - agents
        self._closed = room is None and not self._leaving
        below = _below(system.traffic, agents)
        if self._closed:
            self._erlang_c(below)
            return
        self._first, weights = self._weights(room)
        at_full_group = weights[0] if self._first == 0 else 0.0
        idle = at_full_group * below if at_full_group else 0.0
        total = idle + math.fsum(weights)
        if math.isinf(total):
            self._idle, self._first, weights, total = 1.0, 0, [0.0] * len(weights), 1.0
        else:
            self._idle = idle / total
        shares = [weight / total for weight in weights]
        reaches_end = room is not None and self._first + len(weights) == room + 1
        self._full = shares.pop() if reaches_end else 0.0
        self._waiting = shares

    def _erlang_c(self, below: float) -> None:
        """M/M/c: the number waiting is geometric, so its sums have closed forms and no list is kept."""
        spare = self._system.agents - self._system.traffic
        weight = spare * below
        self._all_busy = 0.0 if math.isinf(weight) else self._system.agents / (self._system.agents + weight)
        self._idle = 1.0 if math.isinf(weight) else weight / (self._system.agents + weight)
        self._full, self._first, self._waiting = 0.0, 0, []

    def _weights(self, room: int | None) -> tuple[int, list[float]]:
        """Weights of k callers waiting, k from the first that matters, over that of the likeliest k."""
        rate, service, leaving = self._arrivals, self._service, self._leaving
        growing = rate > service  # with more waiting, until as many leave
        balance = math.floor((rate - service) / leaving) if leaving else room or 0
        mode = balance if growing else 0
        mode = mode if room is None else min(mode, room)
        down: list[float] = []
        weight = 1.0
        for k in range(mode, 0, -1):
            weight *= (service + k * leaving) / rate
            if weight < _NOTHING:
                break
            down.append(weight)
        up = [1.0]
        weight, k = 1.0, mode
        while room is None or k < room:
            k += 1
            weight *= rate / (service + k * leaving)
            if weight < _NOTHING:
                break
            up.append(weight)
        return mode - len(down), down[::-1] + up

    def figures(self) -> Figures:
        system, service, leaving = self._system, self._service, self._leaving
        if self._closed:
            waits, abandoned, late = self._all_busy, 0.0, self._all_busy
            waited = waited_served = self._all_busy / (service - self._arrivals)
        else:
            waits = math.fsum(self._waiting)
            rates = [service + (k + 1) * leaving for k in self._places()]
            late = math.fsum(p * service / r for p, r in zip(self._waiting, rates, strict=True))
            waited = math.fsum(p * (k + 1) / r for p, k, r in zip(self._waiting, self._places(), rates, strict=True))
            waited_served = math.fsum(
                p * (service / r) * mean for p, r, mean in zip(self._waiting, rates, self._means(), strict=True)
            )
            abandoned = waited * leaving
        answered = self._idle + late
        let_in = self._idle + waits
        queue = self._arrivals * waited
        busy = system.traffic * answered
        return Figures(
            blocked=self._full,
            answered=answered,
            abandoned=abandoned,
            waits=waits,
            wait_all_mean=waited / let_in if let_in else None,
            wait_served_mean=waited_served / answered if answered else None,
            occupancy=min(1.0, busy / system.agents),
            queue_mean=queue,
            lines_mean=queue + busy,
        )

    def within(self, seconds: float) -> tuple[float, float]:
        """Shares answered and abandoned within the time; a caller who never waits is answered within 0 s."""
        if self._closed:
            gone = (self._service - self._arrivals) * seconds
            return self._idle + self._all_busy * -math.expm1(-gone), 0.0
        service, leaving = self._service, self._leaving
        steps = _weights_of_departures((service + leaving, leaving), seconds)
        before, terms = _window(steps, self._first, len(self._waiting))
        reached = _beyond(steps, before + math.fsum(terms))
        found = []
        for share, k, term in zip(self._waiting[::-1], self._places()[::-1], terms[::-1], strict=True):
            found.append(share * service / (service + (k + 1) * leaving) * reached)
            reached += term
        answered = math.fsum(found)
        if not leaving:
            return self._idle + answered, 0.0
        over = math.fsum(self._waiting) - self.waits_longer(seconds)
        return self._idle + answered, max(0.0, over - answered)

    def waits_longer(self, seconds: float) -> float:
        if self._closed:
            return self._all_busy * math.exp(-(self._service - self._arrivals) * seconds)
        steps = _weights_of_departures((self._service, self._leaving), seconds)
        unreached, terms = _window(steps, self._first, len(self._waiting))
        found = []
        for share, term in zip(self._waiting, terms, strict=True):
            unreached += term
            found.append(share * unreached)
        return math.exp(-self._leaving * seconds) * math.fsum(found)

    def _places(self) -> range:
        return range(self._first, self._first + len(self._waiting))

    def _means(self) -> Iterator[float]:
        """For each place in ``_waiting``, the mean wait of a caller who is served from it."""
        mean = math.fsum(1.0 / (self._service + (j + 1) * self._leaving) for j in range(self._first))
        for k in self._places():
            mean += 1.0 / (self._service + (k + 1) * self._leaving)
            yield mean


def _window(steps: Iterator[tuple[float, float]], first: int, count: int) -> tuple[float, list[float]]:
    """Give the chance of fewer than ``first`` departures, and of each of the ``count`` numbers from there."""
    before = math.fsum(weight for weight, _ in islice(steps, first))
    return before, [weight for weight, _ in islice(steps, count)]


def _beyond(steps: Iterator[tuple[float, float]], reached: float) -> float:
    """Give the chance of more departures than ``steps`` has given yet, whose chances sum to ``reached``."""
    if reached <= 0.5:  # noqa: PLR2004 - the smaller half is the one to sum, the other loses digits
        return 1.0 - reached
    after = 0.0
    for weight, ratio in steps:
        after += weight
        if ratio < 1.0 and weight * ratio <= after * (1.0 - ratio) * 1e-16:
            break
    return after


def _weights_of_departures(rates: tuple[float, float], seconds: float) -> Iterator[tuple[float, float]]:
    """Chance of 0, 1, 2 ... departures, each with the ratio of the next to it; negative binomial or Poisson.

    The running weight is a mantissa and a power of two, for the first may be as small as exp(-100000).
    """
    base, growth = rates
    reach = -math.expm1(-growth * seconds) / growth if growth else seconds
    power = -math.floor(base * seconds / _LN2)
    mantissa = math.exp(-(base * seconds + power * _LN2))
    j = 0
    while True:
        ratio = (base + j * growth) * reach / (j + 1)
        yield math.ldexp(mantissa, power), ratio
        mantissa, shift = math.frexp(mantissa * ratio)
        power += shift
        j += 1


def _check(system: System) -> None:
    for name, value in (("calls per hour", system.calls_per_hour), ("handling time", system.aht)):
        if not (value > 0 and math.isfinite(value)):
            raise ErlangError(f"The {name} must be more than 0, not {value:g}")
    if system.agents < 1:
        raise ErlangError(f"There must be at least one agent, not {system.agents}")
    if system.lines is not None and system.lines < 1:
        raise ErlangError(f"A trunk has at least one channel, not {system.lines}")
    if system.patience is not None and not (system.patience > 0 and math.isfinite(system.patience)):
        raise ErlangError(f"The patience must be more than 0 s, not {system.patience:g}")
    if system.patience is None and system.lines is None and system.traffic >= system.agents:
        raise ErlangError(
            f"{system.agents} agents cannot carry {system.traffic:.6g} erlang: as long as nobody gives up, "
            f"the queue grows without end. {math.floor(system.traffic) + 1} agents are the least that can"
        )
    if system.traffic > MOST_TRAFFIC:
        raise ErlangError(
            f"{system.traffic:.6g} erlang is more than the {MOST_TRAFFIC:.0f} this works out; "
            "are the calls per hour and the handling time in their units?"
        )
    queue = (system.traffic - system.agents) / system.aht * (system.patience or 0.0)
    if queue > MOST_WAITING and (system.lines is None or system.lines > MOST_WAITING):
        raise ErlangError(f"About {queue:.3g} callers would be waiting; give more agents or a shorter patience")
