"""How many agents and how many trunk channels a target asks for.

Decides the smallest numbers that reach a service level and a blocking; must not know how either is worked out
(``acd.sim.erlang``) or shown (``acd.cli.staffing``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from acd.sim.erlang import System, counts, figures
from acd.sim.service_level import service_level

SST_IN_E1 = 30


def agents_needed(system: System, target: float, level: float) -> int:
    """Give the fewest agents whose service level (T = ``target`` seconds) is at least ``level``, 0 < level < 1.

    ``system.agents`` is not looked at. ErlangError when the system cannot be.
    """
    stable = system.patience is not None or system.lines is not None
    lowest = 1 if stable else int(system.traffic) + 1

    def reaches(agents: int) -> bool:
        found = service_level(counts(replace(system, agents=agents), target))
        return found is not None and found >= level

    return _least(reaches, lowest, max(lowest, int(system.traffic)))


def lines_needed(system: System, blocking: float) -> int:
    """Give the fewest trunk channels that block no more than this share of calls; each is held from arrival to end.

    ``system.lines`` is not looked at. ErlangError when no number does: the queue would grow without end.
    """
    figures(replace(system, lines=None))

    def suffices(lines: int) -> bool:
        return figures(replace(system, lines=lines)).blocked <= blocking

    return _least(suffices, 1, system.agents)


def e1s(sst: int) -> int:
    """Count the E1 lines that carry so many SST."""
    return -(-sst // SST_IN_E1)


def _least(enough: Callable[[int], bool], lowest: int, guess: int) -> int:
    """Find the least number from ``lowest`` on that is enough, given that every greater one is; ``guess`` is near."""
    low, high, step = lowest - 1, max(lowest, guess), 1
    if enough(high):
        while high - step > low and enough(high - step):
            high, step = high - step, step * 2
        low = max(low, high - step)
    else:
        while not enough(high):
            low, high, step = high, high + step, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle
    return high
