"""The same systems as acd.sim.erlang, worked out another way and to fifty digits.

Birth and death by exact fractions or long decimals over every state, and the waiting time by its density (Mandelbaum,
Zeltyn 2007, section 3) integrated numerically, not by counting departures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

DIGITS = 50


def loss(traffic: Fraction, servers: int) -> Fraction:
    """Erlang B by its recursion in fractions."""
    found = Fraction(1)
    for n in range(1, servers + 1):
        found = traffic * found / (n + traffic * found)
    return found


def loss_long(traffic: Decimal, servers: int) -> Decimal:
    """Erlang B by its recursion to fifty digits, for numbers too great for fractions."""
    with localcontext() as context:
        context.prec = DIGITS
        found = Decimal(1)
        for n in range(1, servers + 1):
            found = traffic * found / (n + traffic * found)
        return found


def wait_chance(traffic: Fraction, servers: int) -> Fraction:
    """Erlang C by way of B."""
    lost = loss(traffic, servers)
    return servers * lost / (servers - traffic * (1 - lost))


def states(arrivals: Decimal, service: Decimal, leaving: Decimal, agents: int, lines: int) -> list[Decimal]:
    """Probability of each number of callers present, 0 to ``lines``; rates of one agent, of one waiting caller."""
    with localcontext() as context:
        context.prec = DIGITS
        weights = [Decimal(1)]
        for n in range(1, lines + 1):
            weights.append(weights[-1] * arrivals / (min(n, agents) * service + max(n - agents, 0) * leaving))
        total = sum(weights, Decimal(0))
        return [weight / total for weight in weights]


def served_between(chance_last: float, rates: tuple[float, float, float], room: int, low: float, high: float) -> float:
    """Share of calls served after waiting between ``low`` and ``high`` seconds.

    ``chance_last``: probability of one agent free; ``rates``: arrivals, the group's service, one caller's leaving.
    """
    arrivals, service, leaving = rates
    if room == 0:
        return 0.0

    def density(wait: float) -> float:
        grown = arrivals * (-math.expm1(-leaving * wait) / leaving if leaving else wait)
        weight = part = math.exp(-service * wait)
        for k in range(1, room):
            part *= grown / k
            weight += part
            if k > grown and part < weight * 1e-18:
                break
        return arrivals * chance_last * weight * math.exp(-leaving * wait)

    return integrate(density, low, high)


_NODES = (0.1488743389816312, 0.4333953941292472, 0.6794095682990244, 0.8650633666889845, 0.9739065285171717)
_WEIGHTS = (0.2955242247147529, 0.2692667193099963, 0.2190863625159820, 0.1494513491505806, 0.0666713443086881)


def integrate(function: Callable[[float], float], low: float, high: float, pieces: int = 64) -> float:
    """Gauss and Legendre with ten points in each piece."""
    half = (high - low) / pieces / 2
    total = []
    for piece in range(pieces):
        middle = low + half * (2 * piece + 1)
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            total.append(weight * (function(middle - half * node) + function(middle + half * node)))
    return half * math.fsum(total)
