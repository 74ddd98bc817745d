"""How long a caller waits for a free agent's 200 OK: Asterisk's app_queue and the engine, side by side.

Decides what is compared: one Asterisk, one run, the same phones, the same caller program, blocks in turn (A B B A ...),
so that what else the machine does meets both alike. In neither is the caller answered before the agent is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

from acd.demo import children
from acd.demo.callers import ADDRESS
from acd.demo.deployment import Deployment, Wishes
from acd.demo.phones import Manner, quiet, scenario
from acd.demo.site import Site
from acd.domain.errors import DeployError

APP_QUEUE, ENGINE = "app_queue", "engine"
CODES = {APP_QUEUE: "8000", ENGINE: "8001"}
"""The number that leads to each."""
MANNER = Manner(scenario="bench_phone")
WISHES = Wishes(
    wrap_up_s=0.0,
    more_agents=6,
    queue={"record": "false"},
    access_codes={CODES[ENGINE]: {"flow": "direct"}},
    flows={
        "direct": {
            "languages": ["id"],
            "entry": "agent",
            "nodes": {"agent": {"kind": "queue", "queue": "q_umum"}},
        }
    },
)
_WARM_UP = 20
_QUIET_S = 20.0
_BLOCK_S = 120.0


@dataclass(frozen=True, slots=True)
class Load:
    """Calls to each side, in how many blocks, placed how fast, held how long."""

    calls: int = 600
    blocks: int = 6
    rate: float = 20.0
    hold_ms: int = 500


@dataclass(frozen=True, slots=True)
class Times:
    """INVITE to 200 OK of one side, in milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Result:
    """Both sides and the engine's share of app_queue's times."""

    app_queue: Times
    engine: Times

    @property
    def p50_ratio(self) -> float:
        """Engine over app_queue, at the median."""
        return self.engine.p50_ms / self.app_queue.p50_ms

    @property
    def p99_ratio(self) -> float:
        """Engine over app_queue, at the 99th percentile."""
        return self.engine.p99_ms / self.app_queue.p99_ms

    def as_json(self) -> dict[str, object]:
        """Everything, for a file."""
        return {**asdict(self), "ratio": {"p50": self.p50_ratio, "p99": self.p99_ratio}}


def with_app_queue(deployment: Deployment) -> Deployment:
    """Add a Queue() of the same phones beside the engine, reached by its own number on the same trunk."""
    plan = deployment.plan
    members = "\n".join(f"member => PJSIP/{phone.endpoint}" for phone in plan.phones)
    queue = f"[bench]\nstrategy=leastrecent\ntimeout=15\nwrapuptime=0\nringinuse=no\nautofill=yes\n{members}\n"
    dialplan = f"[{plan.contexts.from_trunk}](+)\nexten => {CODES[APP_QUEUE]},1,Queue(bench)\n same => n,Hangup()\n"
    files = {"queues.conf": queue, "extensions.conf": dialplan}
    for name, text in files.items():
        (deployment.folder / f"bench_{name}").write_text(text, encoding="utf-8")
    includes: dict[str, tuple[Path, ...]] = {name: (deployment.folder / f"bench_{name}",) for name in files}
    return replace(deployment, plan=replace(plan, extra_includes=includes))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


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


def order(blocks: int) -> list[str]:
    """Say whose block is when: A B B A A B B A ..."""
    turns = [(APP_QUEUE, ENGINE), (ENGINE, APP_QUEUE)]
    return [side for block in range(blocks) for side in turns[block % 2]]


async def measure(site: Site, load: Load, progress: Callable[[str], None]) -> Result:
    """Place all calls; give both sides' times.

    Raises:
        DeployError: a call was not answered, or the caller program failed.
    """
    found: dict[str, list[float]] = {APP_QUEUE: [], ENGINE: []}
    for side in (APP_QUEUE, ENGINE):
        await _block(site, side, _WARM_UP, load, "warm-up")
    size = ceil(load.calls / load.blocks)
    for place, side in enumerate(order(load.blocks), 1):
        times = await _block(site, side, size, load, str(place))
        found[side] += times
        progress(f"block {place} of {2 * load.blocks}, {side}: p50 {percentile(times, 0.5):.2f} ms")
    return Result(**{side: _times(values) for side, values in found.items()})


def _times(values: Sequence[float]) -> Times:
    return Times(len(values), percentile(values, 0.5), percentile(values, 0.99))


async def _block(site: Site, side: str, calls: int, load: Load, name: str) -> list[float]:
    await _until_quiet(site)
    deployment = site.deployment
    folder = deployment.folder / "bench" / f"{name}-{side}"
    await asyncio.to_thread(folder.mkdir, parents=True)
    log = folder / "times.log"
    argv = [
        *site.tools.argv("sipp"),
        *("-sf", scenario("bench_caller", folder, hold=load.hold_ms), "-s", CODES[side]),
        *("-i", ADDRESS, "-bind_local", "-p", str(deployment.ports.callers)),
        *("-r", str(round(load.rate * 10)), "-rp", "10000", "-m", str(calls)),
        *("-trace_logs", "-log_file", str(log), *quiet("callers")),
        f"{deployment.sip[0]}:{deployment.sip[1]}",
    ]
    child = await children.start("the callers (SIPp)", argv, folder / "callers.out", folder, site.tools.env())
    try:
        code = await asyncio.wait_for(child.process.wait(), _BLOCK_S)
    except TimeoutError as error:
        raise DeployError(f"The calls of {side} did not end in {_BLOCK_S:g} s:\n{child.last_lines()}") from error
    finally:
        await child.stop()
    times = read_times(await asyncio.to_thread(log.read_text)) if code == 0 else []
    if len(times) != calls:
        raise DeployError(f"{len(times)} of {calls} calls of {side} were answered and ended in order: see {folder}")
    return times


async def _until_quiet(site: Site) -> None:
    """Wait until nothing is left of the block before and every agent is free."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _QUIET_S
    while loop.time() < deadline:
        agents = (await site.api.status())["agents"]
        if all(agent["activity"] == "idle" for agent in agents) and await site.left_in_asterisk() == (0, 0):
            return
        await asyncio.sleep(0.2)
    busy = [f"{a['id']} is {a['activity']}" for a in agents if a["activity"] != "idle"]
    raise DeployError(f"Not everything came to rest in {_QUIET_S:g} s: {', '.join(busy) or 'channels are left'}")
