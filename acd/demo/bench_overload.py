"""What ten times the planned peak of call attempts does: to those refused, to the event loop, to Asterisk, to calls.

Planned are ``PLANNED`` attempts a second, and that many are let in; ten times as many come, and then more. Meanwhile
conversations go on, each of which must end as its phone and its caller want. Must not know how calls are refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from acd.demo.bench_sides import ENGINE, WISHES, place
from acd.demo.bench_table import Row, percentile
from acd.demo.bench_waiting import delay_of, read_delays
from acd.demo.children import weigh
from acd.demo.flood import Flood, flood
from acd.demo.phones import Manner
from acd.demo.site import Site
from acd.domain.errors import DeployError

PLANNED = 3
FLOODED = "8009"
OVERLOAD_WISHES = replace(
    WISHES,
    trunk_capacity=300,
    access_codes={**WISHES.access_codes, FLOODED: {"flow": "greeting"}},
    flows={
        **WISHES.flows,
        "greeting": {
            "languages": ["id"],
            "entry": "answer",
            "nodes": {
                "answer": {"kind": "answer", "next": "wait"},
                "wait": {"kind": "wait", "seconds": "60s", "next": "end"},
                "end": {"kind": "hang_up"},
            },
        },
    },
    overload={"calls_per_second": str(PLANNED), "burst": str(4 * PLANNED)},
)
FLOODS = ((10 * PLANNED, 100.0), (100, 20.0))
"""Attempts a second, and for how long."""
MANNER = Manner(scenario="bench_phone")
_CONVERSATIONS = 10
DELAY_MS = 50.0
DEPTH = 250
UNIT_NICE = -10
"""What ``CPUWeight=1000`` of the engine's unit is worth, beside Asterisk's 100."""
_LOOP, _OWN, _STARVED = "acd_loop_delay_seconds", "acd_loop_held_seconds", "acd_loop_starved_seconds"


async def measure(site: Site, progress: Callable[[str], None]) -> list[Row]:
    """Flood, while conversations go on.

    Raises:
        DeployError: a conversation or an attempt did not end as it should.
    """
    rows = []
    if site.engine is not None and not weigh(site.engine.process.pid, UNIT_NICE):
        progress("overload: without the weight that its unit gives the engine, which only root can give")
    for number, (rate, seconds) in enumerate(FLOODS, 1):
        progress(f"overload: {rate} attempts a second for {seconds:g} s ...")
        talking = asyncio.create_task(_talk(site, str(number), seconds))
        await _until_talking(site, talking)
        before = await site.api.metrics()
        found = await flood(site, FLOODED, str(number), rate=rate, seconds=seconds)
        after = await site.api.metrics()
        await talking
        delays = [
            delay_of(read_delays(after, name), read_delays(before, name), 0.9999) * 1000
            for name in (_LOOP, _OWN, _STARVED)
        ]
        rows += _rows(rate, found, delays)
    return rows


async def _talk(site: Site, name: str, seconds: float) -> None:
    limits = ("-r", "2", "-m", str(_CONVERSATIONS), "-l", str(_CONVERSATIONS))
    await place(site, ENGINE, f"talk-{name}", "bench_caller", *limits, hold=round((seconds + 10) * 1000))


async def _until_talking(site: Site, talking: asyncio.Task[None]) -> None:
    while True:
        agents = (await site.api.status())["agents"]
        if sum(agent["activity"] == "talking" for agent in agents) == _CONVERSATIONS:
            return
        if talking.done():
            await talking
            raise DeployError("The conversations ended before the flood began")
        await asyncio.sleep(0.2)


def _rows(rate: int, found: Flood, delays_ms: Sequence[float]) -> list[Row]:
    let_in, tried = len(found.answered), len(found.answered) + len(found.refused)
    late, own, starved = delays_ms
    most = 4 * PLANNED + PLANNED * (found.lasted + 1)
    what = f"{rate} attempts a second, {PLANNED} planned"
    return [
        Row(f"{what}: let in, of {tried}", "", let_in, at_most=most),
        Row(f"{what}: INVITE to 503, p50", "ms", percentile(found.refused, 0.5)),
        Row(f"{what}: INVITE to 503, p99", "ms", percentile(found.refused, 0.99)),
        Row(f"{what}: the loop's delay, p99.99 at most", "ms", late, at_most=DELAY_MS),
        Row(f"{what}: of that the loop's own work, p99.99 at most", "ms", own, at_most=DELAY_MS),
        Row(f"{what}: of that waiting for a core, p99.99 at most", "ms", starved),
        Row(f"{what}: tasks waiting in Asterisk, at most", "", found.depth, at_most=DEPTH),
    ]
