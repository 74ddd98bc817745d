"""Microseconds per event in the dispatcher, with the real journal, for the sample deployment and for 5,000 agents.

    .venv/bin/python -m tests.bench.dispatcher_speed [--profile]

A figure of one machine and one moment: compare the rows of one run, not runs.
"""

from __future__ import annotations

import asyncio
import cProfile
import logging
import pstats
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from acd.app import CODEC
from acd.domain.commands import Originate, Play, TelephonyCommand
from acd.domain.events import (
    AgentRequested,
    CallArrived,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LinkChanged,
    PlaybackEnded,
    Resynced,
)
from acd.domain.ids import AgentId, LegId, RequestId
from acd.domain.plan import Plan
from acd.runtime.dispatcher import Dispatcher
from acd.settings import load
from acd.store.journal import SqliteJournal
from tests.fakes.ports import FakeRecordings
from tests.fakes.virtual_time import EPOCH

ROOT = Path(__file__).parents[2]
CALLS = 1000
TALKING = 15
"""Conversations at the same time."""


class MorningClock:
    """Any day is a working day's morning."""

    def __init__(self) -> None:
        self._anchor = EPOCH - time.monotonic()

    def now(self) -> float:
        return self._anchor + time.monotonic()


@dataclass
class Control:
    """Remembers the newest playback and the newest leg rung."""

    played: Play | None = None
    rung: list[Originate] = field(default_factory=list)

    def execute(self, command: TelephonyCommand) -> None:
        if isinstance(command, Play):
            self.played = command
        elif isinstance(command, Originate):
            self.rung.append(command)

    async def resync(self, *, after_gap: bool) -> Resynced:
        return Resynced(0.0, (), (), after_gap)


class Sink:
    """A store that is always up to date."""

    def write(self, items: object) -> None:
        """Forget them."""

    def durable(self) -> bool:
        return True

    async def flush(self) -> None:
        """There is nothing."""


def sample_plan() -> Plan:
    return load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan


def large_plan(agents: int) -> Plan:
    plan, known = sample_plan(), list(sample_plan().agents.values())
    many = (
        replace(known[n % len(known)], id=AgentId(f"agent{n}"), device=f"PJSIP/agent{n}", login_at_start=False)
        for n in range(agents)
    )
    return replace(plan, agents={agent.id: agent for agent in many})


async def day(plan: Plan, profile: cProfile.Profile | None) -> dict[str, float]:
    """Place calls one after the other, some talking at the same time. Returns microseconds by what was done."""
    clock = MorningClock()
    with TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder) / "journal.db")
        dispatcher = Dispatcher(clock, journal, Sink(), FakeRecordings(), CODEC)
        await dispatcher.recover(plan)
        control = Control()
        dispatcher.attach(control)
        dispatcher.release_timers()
        dispatcher.submit(LinkChanged(clock.now(), "ari", up=True))
        for agent in plan.agents:
            dispatcher.submit(AgentRequested(clock.now(), RequestId("b"), agent, "login"))
        await journal.flush()
        spent: dict[str, list[float]] = {}

        def submit(event: Event) -> None:
            began = time.perf_counter()
            dispatcher.submit(event)
            spent.setdefault(event.kind, []).append(time.perf_counter() - began)

        if profile is not None:
            profile.enable()
        began = time.perf_counter()
        await _calls(plan, control, submit, clock)
        seconds = time.perf_counter() - began
        if profile is not None:
            profile.disable()
        events = sum(map(len, spent.values()))
        figures = {kind: 1e6 * sum(took) / len(took) for kind, took in sorted(spent.items())}
        figures |= {"(event)": 1e6 * sum(sum(took) for took in spent.values()) / events}
        figures |= {"(event, journal's thread included)": 1e6 * seconds / events}
        figures |= {"(slowest event)": 1e6 * max(max(took) for took in spent.values())}
        figures |= {"(view)": _timed(lambda: dispatcher.view() is None), "(snapshot)": _timed(dispatcher.snapshot)}
        await dispatcher.close()
        await journal.close()
    return figures


async def _calls(plan: Plan, control: Control, submit: Callable[[Event], None], clock: MorningClock) -> None:
    talking: list[Originate] = []
    for number in range(CALLS):
        leg = LegId(f"1717383600.{number}")
        submit(CallArrived(clock.now(), leg, f"PJSIP/gw1-{number:08x}", "169", "0811222333"))
        for digit in ("", "1", "1", "1", "1"):
            if control.played is not None and not digit:
                submit(PlaybackEnded(clock.now(), control.played.playback_id))
            if digit:
                submit(DigitPressed(clock.now(), leg, digit))
        if control.rung:
            talking.append(control.rung.pop())
            submit(LegAnswered(clock.now(), talking[-1].leg_id))
        else:
            submit(LegEnded(clock.now(), leg, 16))
        if len(talking) > TALKING:
            over = talking.pop(0)
            submit(LegEnded(clock.now(), LegId(over.contact_id), 16))
            submit(LegEnded(clock.now(), over.leg_id, 16))
        if number % 10 == 0:
            await asyncio.sleep(0.001)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(5):
        work()
    return 1e6 * (time.perf_counter() - began) / 5


def main() -> None:
    """Measure and print a table."""
    structlog.configure(
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        processors=[structlog.stdlib.filter_by_level, structlog.processors.JSONRenderer()],
    )
    logging.getLogger().setLevel(logging.INFO)
    profile = cProfile.Profile() if "--profile" in sys.argv else None
    rows = {name: asyncio.run(day(plan, profile)) for name, plan in _plans().items()}
    kinds = sorted({kind for figures in rows.values() for kind in figures})
    sys.stdout.write(f"{'microseconds':<40}" + "".join(f"{name:>16}" for name in rows) + "\n")
    for kind in kinds:
        sys.stdout.write(f"{kind:<40}" + "".join(f"{f.get(kind, 0):>16.1f}" for f in rows.values()) + "\n")
    if profile is not None:
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(25)


def _plans() -> dict[str, Plan]:
    return {"24 agents": sample_plan(), "5,000 agents": large_plan(5000)}


if __name__ == "__main__":
    main()
