"""How long an agent is idle between two calls while callers wait: app_queue and the engine, side by side.

Two hundred callers wait, thirty agents talk; each hangs up after a moment, and whoever ends a call is replaced by a new
caller, so the number of those who wait stays. Idle is the time from an agent's BYE to the next INVITE at that phone,
both taken by the phone. In the same run the engine says how long the offers took inside its process.

Both sides: callers hear ringing, no wrap-up, no rest after a call that ended as calls do. app_queue as in
``bench_sides.QUEUE``. Must not know how the sides are made.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import attrgetter

from acd.demo.bench_sides import APP_QUEUE, ENGINE, WISHES, order, place, read_log
from acd.demo.bench_table import Row, percentile
from acd.demo.phones import LOG, Manner
from acd.demo.site import Site
from acd.domain.errors import DeployError

AGENTS = 30
TRUNK_SST = 600
WAITING_WISHES = replace(WISHES, trunk_capacity=TRUNK_SST)
IDLE_BAR = 0.2
OFFER_BAR_MS = 10.0
_WARM_UP = 2 * AGENTS
"""Conversations before the first that counts: so long it takes until everybody waits."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many wait, how many conversations count, in how many blocks of each side, and how long one is."""

    waiting: int = 200
    calls: int = 800
    blocks: int = 2
    talk_ms: tuple[int, int] = (400, 800)

    @property
    def manner(self) -> Manner:
        """The phones'."""
        return Manner(talk_ms=self.talk_ms, scenario="bench_desk", log=True)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation at a phone: from the INVITE to its BYE, in milliseconds."""

    agent: str
    began: float
    ended: float


def read_talks(log: str) -> list[Talk]:
    """Read the conversations out of the phones' log, in the order of their ends."""
    talks = []
    for line in log.splitlines():
        match line.split():
            case ["talked", agent, *moments]:
                began, began_us, ended, ended_us = (float(moment) for moment in moments)
                talks.append(Talk(agent, began * 1000 + began_us / 1000, ended * 1000 + ended_us / 1000))
            case _:
                pass
    return sorted(talks, key=attrgetter("ended"))


def idle_times(talks: list[Talk], first: int, last: int) -> list[float]:
    """Give the milliseconds from an end to the same agent's next beginning.

    Only after ends from number ``first`` up to, not including, ``last``: while as many wait as should.
    """
    counted = {id(talk) for talk in talks[first:last]}
    by_agent: dict[str, list[Talk]] = {}
    for talk in talks:
        by_agent.setdefault(talk.agent, []).append(talk)
    return [
        after.began - before.ended
        for own in by_agent.values()
        for before, after in pairwise(own)
        if id(before) in counted
    ]


def read_delays(metrics: str, name: str = "acd_offer_delay_seconds") -> dict[float, float]:
    """Read delays, by default offers', out of ``/metrics``: how many took at most so many seconds, by the limit."""
    found = re.findall(rf'^{name}_bucket\{{le="([^"]+)"\}} (\S+)$', metrics, re.MULTILINE)
    return {float(limit): float(count) for limit, count in found}


def delay_of(after: Mapping[float, float], before: Mapping[float, float], share: float) -> float:
    """Give the limit in seconds that so large a share of the offers between two readings kept."""
    counted = {limit: count - before.get(limit, 0.0) for limit, count in sorted(after.items())}
    wanted = share * max(counted.values(), default=0.0)
    if wanted == 0:
        raise DeployError("The engine counted no offers, or no delays")
    return next(limit for limit, count in counted.items() if count >= wanted)


async def measure(site: Site, crowd: Crowd, progress: Callable[[str], None]) -> list[Row]:
    """Let the crowd call both sides; give the idle times of both.

    Raises:
        DeployError: a call was not answered, or a program failed.
    """
    found: dict[str, list[float]] = {APP_QUEUE: [], ENGINE: []}
    before = read_delays(await site.api.metrics())
    for number, side in enumerate(order(crowd.blocks), 1):
        times = await _block(site, side, crowd, str(number))
        found[side] += times
        median = percentile(times, 0.5)
        progress(f"{crowd.waiting} waiting, block {number} of {2 * crowd.blocks}, {side}: p50 {median:.1f} ms")
    offers = Row(
        f"a free agent to the offer sent, {AGENTS} calls in progress, p99 at most",
        "ms",
        delay_of(read_delays(await site.api.metrics()), before, 0.99) * 1000,
        at_most=OFFER_BAR_MS,
    )
    idle = [
        Row(f"an agent idle with {crowd.waiting} waiting, p{share * 100:g}", "ms", mine, theirs, at_most=bar)
        for share, bar in ((0.5, IDLE_BAR), (0.99, None))
        for mine, theirs in [(percentile(found[ENGINE], share), percentile(found[APP_QUEUE], share))]
    ]
    return [*idle, offers]


async def _block(site: Site, side: str, crowd: Crowd, name: str) -> list[float]:
    counted = crowd.calls // crowd.blocks
    at_once = crowd.waiting + AGENTS
    calls = _WARM_UP + counted + at_once
    before = len(await _talks(site))
    await place(site, side, f"waiting-{name}", "bench_waiter", "-r", "200", "-l", str(at_once), "-m", str(calls))
    talks = (await _talks(site))[before:]
    if len(talks) != calls:
        raise DeployError(f"The phones had {len(talks)} conversations, {calls} callers called {side}")
    return idle_times(talks, _WARM_UP, _WARM_UP + counted)


async def _talks(site: Site) -> list[Talk]:
    return read_talks(await asyncio.to_thread(read_log, site.deployment.folder / "phones" / LOG))
