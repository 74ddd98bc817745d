"""How long a caller waits for a free agent's 200 OK: Asterisk's app_queue and the engine, side by side.

Decides what a run of calls is and what of it is told. How the sides are made alike stands in ``bench_sides``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from acd.demo.bench_sides import APP_QUEUE, ENGINE, order, place
from acd.demo.bench_table import Row, percentile
from acd.demo.phones import Manner
from acd.demo.site import Site
from acd.domain.errors import DeployError

MANNER = Manner(scenario="bench_phone")
_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Load:
    """Calls to each side, in how many blocks, placed how fast, held how long."""

    calls: int = 600
    blocks: int = 6
    rate: float = 20.0
    hold_ms: int = 500


@dataclass(frozen=True, slots=True)
class Bars:
    """The engine's time over app_queue's, at most."""

    p50: float | None = None
    p99: float | None = None


def read_times(log: str) -> list[float]:
    """Read the milliseconds of every call out of a caller's log."""
    times = []
    for line in log.splitlines():
        match line.split():
            case ["answered", *moments]:
                began, began_us, ended, ended_us = (float(moment) for moment in moments)
                times.append((ended - began) * 1000 + (ended_us - began_us) / 1000)
            case _:
                pass
    return times


async def measure(site: Site, load: Load, bars: Bars, name: str, progress: Callable[[str], None]) -> list[Row]:
    """Place all calls; give INVITE to 200 OK of both sides at the median and the 99th percentile.

    Raises:
        DeployError: a call was not answered, or the caller program failed.
    """
    found: dict[str, list[float]] = {APP_QUEUE: [], ENGINE: []}
    for side in (APP_QUEUE, ENGINE):
        await _block(site, side, _WARM_UP, load, "warm-up")
    size = ceil(load.calls / load.blocks)
    for number, side in enumerate(order(load.blocks), 1):
        times = await _block(site, side, size, load, str(number))
        found[side] += times
        progress(f"{name}, block {number} of {2 * load.blocks}, {side}: p50 {percentile(times, 0.5):.2f} ms")
    return [
        Row(f"INVITE to 200 OK, {name}, p{share * 100:g}", "ms", mine, theirs, at_most=bar)
        for share, bar in ((0.5, bars.p50), (0.99, bars.p99))
        for mine, theirs in [(percentile(found[ENGINE], share), percentile(found[APP_QUEUE], share))]
    ]


async def _block(site: Site, side: str, calls: int, load: Load, name: str) -> list[float]:
    limits = ("-r", str(round(load.rate * 10)), "-rp", "10000", "-m", str(calls))
    times = read_times(await place(site, side, name, "bench_caller", *limits, hold=load.hold_ms))
    if len(times) != calls:
        raise DeployError(f"{len(times)} of {calls} calls of {side} were answered")
    return times
