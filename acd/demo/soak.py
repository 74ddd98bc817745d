"""A long run of ordinary calls: whether the engine and Asterisk keep growing, and whether every call is accounted for.

Decides what is sampled, and what a slope is. Calls come at an even rate to agents who are always free. Must not know
how calls are routed.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from acd.demo import children
from acd.demo.bench_sides import AHEAD, CODES, ENGINE
from acd.demo.bench_table import Row
from acd.demo.callers import ADDRESS
from acd.demo.phones import Manner, quiet, scenario
from acd.demo.site import Site
from acd.domain.errors import DeployError

MANNER = Manner(scenario="bench_phone")
SAMPLE_S, TELL_S = 2.0, 30.0
HOLD_MS = 1500
"""Thirty agents then have some twenty calls a second in them."""
WARM_UP = 0.25
"""Of the run; what grows then is what a process needs."""
LEFT_S = 60.0
IN_FALLBACK = "fallback_answered"
MIB = 1 << 20
FDS_A_MINUTE = 0.5
"""Descriptors that may be added in a minute by the slope: calls come and go meanwhile."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at a moment, seconds since the run began."""

    at: float
    bytes: int
    """Of memory, resident."""
    descriptors: int


@dataclass(slots=True)
class Watched:
    """A process and what was seen of it."""

    name: str
    pid: int
    samples: list[Sample] = field(default_factory=list)

    def look(self, at: float) -> None:
        """Take a sample. Raises ``DeployError``: it has ended."""
        try:
            words = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()
            open_now = len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - names only
        except OSError as error:
            raise DeployError(f"{self.name} has ended") from error
        self.samples.append(Sample(at, int(words[1]) * os.sysconf("SC_PAGE_SIZE"), open_now))

    def rows(self) -> list[Row]:
        """What it came to after the warm-up."""
        late = self.samples[int(len(self.samples) * WARM_UP) :]
        times = [sample.at / 60 for sample in late]
        memory, files = ([float(value) for value in column] for column in zip(
            *((sample.bytes / MIB, sample.descriptors) for sample in late), strict=True
        ))  # fmt: skip
        return [
            Row(f"{self.name}: memory at the end", "MiB", memory[-1]),
            Row(f"{self.name}: memory, slope", "MiB a minute", slope(times, memory)),
            Row(f"{self.name}: descriptors at the end", "", files[-1]),
            Row(f"{self.name}: descriptors, slope", "a minute", slope(times, files), at_most=FDS_A_MINUTE),
        ]


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """How fast values grow: the line with the least squares. Without two moments: 0."""
    mean, middle = sum(values) / len(values), sum(times) / len(times)
    spread = sum((at - middle) ** 2 for at in times)
    together = sum((at - middle) * (value - mean) for at, value in zip(times, values, strict=True))
    return together / spread if spread else 0.0


async def measure(site: Site, minutes: float, rate: float, say: Callable[[str], None]) -> list[Row]:
    """Let ``rate`` callers a minute call for so many minutes.

    Raises:
        DeployError: a program ended, a call was not answered or has not one record, or something is left.
    """
    calls = round(minutes * rate)
    pbx = site.asterisk.pid()
    if site.engine is None or pbx is None:
        raise DeployError("The engine or Asterisk does not run")
    watched = [Watched("the engine", site.engine.process.pid), Watched("Asterisk", pbx)]
    child = await _call(site, calls, rate)
    try:
        await _watch(child, watched, minutes, say)
    finally:
        await child.stop()
    if child.process.returncode != 0:
        raise DeployError(f"Not every call was answered and ended in order: see {child.log}")
    left_s = await _until_nothing_is_left(site)
    exits = Counter(str(record["exit"]) for record in await site.api.records())
    return [
        *accounted(calls, exits),
        Row("nothing is left of them after", "s", left_s, at_most=LEFT_S),
        *(row for process in watched for row in process.rows()),
    ]


def accounted(calls: int, exits: Mapping[str, int]) -> list[Row]:
    """Hold what the records say against the calls, all of which were answered. Raises ``DeployError``.

    On a machine that is too busy an engine does not take every call in within half a second; Asterisk's own queue
    answers then. That misses the bar, and yet every call is accounted for.
    """
    if sum(exits.values()) != calls or not exits.keys() <= {"answered", IN_FALLBACK}:
        raise DeployError(f"{calls} calls were answered; there are records with the exits {dict(exits)}")
    return [
        Row("calls, each with its one record", "", calls),
        Row("of them answered in Asterisk's own queue", "", exits.get(IN_FALLBACK, 0), at_most=0),
    ]


async def _call(site: Site, calls: int, rate: float) -> children.Child:
    folder = site.deployment.folder / "soak"
    await asyncio.to_thread(folder.mkdir)
    argv = [
        *site.tools.argv("sipp"),
        *("-sf", scenario("bench_caller", folder, hold=HOLD_MS), "-s", CODES[ENGINE]),
        *("-i", ADDRESS, "-bind_local", "-p", str(site.deployment.ports.callers)),
        *("-r", str(round(rate)), "-rp", "60000", "-m", str(calls)),
        *quiet("callers"),
        f"{site.deployment.sip[0]}:{site.deployment.sip[1]}",
    ]
    return await children.start("the callers (SIPp)", argv, folder / "callers.out", folder, site.tools.env())


async def _watch(child: children.Child, watched: list[Watched], minutes: float, say: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.ensure_future(child.process.wait())
    began = told = loop.time()
    try:
        async with asyncio.timeout(minutes * 60 + LEFT_S):
            while not ended.done():
                at = loop.time() - began
                for process in watched:
                    process.look(at)
                if loop.time() - told >= TELL_S:
                    told = loop.time()
                    now = ", ".join(
                        f"{p.name} {p.samples[-1].bytes / MIB:.1f} MiB, {p.samples[-1].descriptors} descriptors"
                        for p in watched
                    )
                    say(f"{at / 60:.1f} of {minutes:g} minutes: {now}")
                await asyncio.wait([ended], timeout=SAMPLE_S)
    except TimeoutError as error:
        raise DeployError(f"The calls did not end in time:\n{child.last_lines()}") from error
    finally:
        ended.cancel()


async def _until_nothing_is_left(site: Site) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        status = await site.api.status()
        left = [
            await site.left_in_asterisk(besides=AHEAD),
            [trunk["in_use"] for trunk in status["trunks"] if trunk["in_use"]],
            len(status["contacts"]),
            [agent["id"] for agent in status["agents"] if agent["activity"] != "idle"],
        ]
        if left == [(0, 0), [], 0, []]:
            return loop.time() - began
        if loop.time() - began > LEFT_S:
            raise DeployError(f"Left {LEFT_S:g} s after the last call: {left}")
        await asyncio.sleep(0.5)
