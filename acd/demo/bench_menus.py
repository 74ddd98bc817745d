"""What callers in menus cost: one step of the interpreter, and the event loop with five hundred of them at once.

Decides what a step is: one key, with every node walked through until the next that waits. Timed are the
interpreter alone and the engine with all it makes of a key. The crowd goes through the real dispatcher with the real
journal; only Asterisk is not there. Nobody leaves the menus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from acd.app import CODEC
from acd.demo.bench_ivr import STEPS_CODE
from acd.demo.bench_table import Row, percentile
from acd.domain.commands import Play, TelephonyCommand
from acd.domain.errors import DeployError
from acd.domain.events import (
    CallArrived,
    DigitPressed,
    LinkChanged,
    PlanLoaded,
    PlaybackEnded,
    RecordingChecked,
    Resynced,
)
from acd.domain.ids import ContactId, LegId, RecordingName
from acd.domain.plan import Plan
from acd.engine import ivr
from acd.engine.core import Engine
from acd.engine.state import InIvr
from acd.ports import Row as Kept
from acd.runtime.clock import AnchoredClock
from acd.runtime.dispatcher import Dispatcher
from acd.runtime.pulse import Pulse
from acd.runtime.tuning import favour_calls
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.store.journal import SqliteJournal

STEP_US = 50.0
DELAY_MS = 10.0
CROWD = 500
_STEPS = 20_000
_KEYS = "3*912345*7#"
"""Leads round through menus, a collection, an assignment and a branch; two are wrong."""
_SECONDS = 10.0
_ARRIVALS = 100.0
"""Callers in a second."""


async def measure(plan: Plan, progress: Callable[[str], None]) -> list[Row]:
    """Time both.

    Raises:
        DeployError: a caller was not in a menu any more.
    """
    plan = replace(plan, overload=None)  # how many may come is not what is measured here
    progress("the interpreter alone ...")
    plain, counting, whole = await asyncio.to_thread(_steps, plan)
    progress(f"{CROWD} callers in menus ...")
    delays, own = await _crowd(plan)
    return [
        Row("a step of the interpreter, p50", "µs", percentile([*plain, *counting], 0.5), at_most=STEP_US),
        Row("a step with two expressions, p50", "µs", percentile(counting, 0.5)),
        Row("a key in the whole engine, p50", "µs", percentile(whole, 0.5)),
        Row(f"the loop's delay, {CROWD} calls in menus, p99", "ms", percentile(delays, 0.99), at_most=DELAY_MS),
        Row("of that the loop's own work, p99", "ms", percentile(own, 0.99), at_most=DELAY_MS),
        Row("of that the loop's own work, at most", "ms", max(own)),
    ]


def _steps(plan: Plan) -> tuple[list[float], list[float], list[float]]:
    """Lead one caller on, key by key: microseconds of steps without and with expressions, and of the whole engine."""
    clock = AnchoredClock()
    engine = Engine(policies=policies_for, evaluate=evaluate_in_flow)
    leg = LegId("bench")
    engine.handle(PlanLoaded(clock.now(), plan))
    engine.handle(CallArrived(clock.now(), leg, "PJSIP/bench-1", STEPS_CODE, ""))
    plain, counting, whole = list[float](), list[float](), list[float]()
    for key in _some(_KEYS, _STEPS):
        contact, at = engine.state.contacts.get(ContactId(leg)), clock.now()
        if contact is None or not isinstance(contact.phase, InIvr):
            raise DeployError("The caller who measures steps has left the menus")
        assert engine.state.plan is not None  # noqa: S101 - loaded above
        scene = ivr.Scene(engine.state.plan, contact, engine.state, engine.matcher, at, evaluate_in_flow)
        began = perf_counter()
        ivr.digit(scene, contact.phase.position, key)
        interpreted = perf_counter()
        engine.handle(DigitPressed(at, leg, key))
        handled = perf_counter()
        counts = contact.phase.position.node == "utama" and key == "3"
        (counting if counts else plain).append((interpreted - began) * 1e6)
        whole.append((handled - interpreted) * 1e6)
        engine.account()
    return plain, counting, whole


def _some(keys: str, count: int) -> Iterator[str]:
    return (key for _, key in zip(range(count), cycle(keys), strict=False))


class _Nowhere:
    """Stands for Asterisk, which says every prompt to its end, and for everything that is kept."""

    def __init__(self) -> None:
        self.ended: Callable[[Play], None] = lambda _: None

    def execute(self, command: TelephonyCommand) -> None:
        if isinstance(command, Play):
            self.ended(command)

    async def resync(self, *, after_gap: bool) -> Resynced:
        return Resynced(0.0, (), (), after_gap)

    def write(self, items: Iterable[Kept]) -> None:
        """Nothing ends here, so nothing is to be kept."""

    def durable(self) -> bool:
        return True

    async def flush(self) -> None:
        """There is nothing."""

    async def check(self, name: RecordingName, talk_s: float, now: Callable[[], float]) -> RecordingChecked:
        raise NotImplementedError(f"{name} of {talk_s} s at {now()}: nobody is recorded in a menu")


async def _crowd(plan: Plan) -> tuple[list[float], list[float]]:
    """Let callers come and press keys about once a second; give the loop's delays and its own part, in milliseconds."""
    clock, nowhere = AnchoredClock(), _Nowhere()
    with TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder) / "journal.db")
        dispatcher = Dispatcher(clock, journal, nowhere, nowhere, CODEC, policies_for, evaluate_in_flow)
        loop = asyncio.get_running_loop()

        def said(play: Play) -> None:
            loop.call_later(3.0, lambda: dispatcher.submit(PlaybackEnded(clock.now(), play.playback_id)))

        nowhere.ended = said
        await dispatcher.recover(plan)
        dispatcher.attach(nowhere)
        dispatcher.release_timers()
        dispatcher.submit(LinkChanged(clock.now(), "ari", up=True))
        favour_calls()  # as in the process that serves callers
        callers = [asyncio.create_task(_caller(dispatcher, clock, number)) for number in range(CROWD)]
        await asyncio.sleep(CROWD / _ARRIVALS + 1)
        delays, own = await _probe(_SECONDS)
        seen = dispatcher.view()
        inside = sum(contact.phase == "ivr" for contact in seen.contacts) if seen is not None else 0
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        await dispatcher.close()
        await journal.close()
    if inside != CROWD:
        raise DeployError(f"{inside} of {CROWD} callers were in a menu")
    return delays, own


async def _caller(dispatcher: Dispatcher, clock: AnchoredClock, number: int) -> None:
    leg = LegId(f"bench.{number}")
    await asyncio.sleep(number / _ARRIVALS)
    dispatcher.submit(CallArrived(clock.now(), leg, f"PJSIP/bench-{number}", STEPS_CODE, ""))
    for key in cycle(_KEYS):
        await asyncio.sleep(0.75 + (number % 50) / 100)
        dispatcher.submit(DigitPressed(clock.now(), leg, key))


async def _probe(seconds: float) -> tuple[list[float], list[float]]:
    late, own = list[float](), list[float]()
    pulse = Pulse(lambda delay: late.append(delay * 1000), lambda delay: own.append(delay * 1000))
    pulse.start()
    await asyncio.sleep(seconds)
    pulse.close()
    return late, own
