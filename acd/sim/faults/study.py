"""Many histories, one after the other or side by side, and what they amount to.

Decides how a deployment is made ready for a process of its own, and what is summed. The histories of one seed are the
same however many processes share the work.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from random import Random
from typing import Any

import structlog

from acd.domain.plan import Plan
from acd.sim.faults.engine import Codecs
from acd.sim.faults.verdicts import Violation
from acd.sim.faults.world import History, Wanted, World

Setting = tuple[Plan, Codecs]
Prepare = Callable[[], Setting]
"""Gives the deployment; called once in each process, so it has to be picklable itself."""
_LOUD = logging.ERROR
_REFUSALS = ("snapshot_failed",)
"""Errors that a world at fault makes, not the engine."""


@dataclass(slots=True)
class Told:
    """A history without what only its own process can hold."""

    seed: int
    trace: str
    calls: int
    records: int
    unseen: int
    lives: int
    faults: Counter[str]
    checked: Counter[str]
    violations: tuple[Violation, ...]
    passed: Counter[str]
    """Kill points, and how often each was passed."""
    place: str
    """Where the engine was to be killed, if anywhere, and the how manieth time it came there."""
    nth: int
    hit: bool
    """It was."""
    events: int
    busy_s: float
    """Virtual seconds in which people called and things went wrong."""
    virtual_s: float
    cpu_s: float
    complaints: tuple[str, ...]
    """Errors the engine logged, and exceptions nobody caught."""

    @property
    def well(self) -> bool:
        """Nothing happened that must not."""
        return not self.violations and not self.complaints


@dataclass(slots=True)
class Sum:
    """Histories together."""

    histories: int = 0
    calls: int = 0
    records: int = 0
    unseen: int = 0
    lives: int = 0
    events: int = 0
    busy_s: float = 0.0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    bad: list[Told] = field(default_factory=list)

    def add(self, told: Told) -> None:
        """Count one."""
        self.histories += 1
        self.faults += told.faults
        self.checked += told.checked
        for name in ("calls", "records", "unseen", "lives", "events", "busy_s", "virtual_s", "cpu_s"):
            setattr(self, name, getattr(self, name) + getattr(told, name))
        if not told.well:
            self.bad.append(told)


@contextmanager
def _listened(complaints: list[str]) -> Iterator[None]:
    """Hear what the runtime logs as an error; nothing else is said."""

    def note(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if event["event"] not in _REFUSALS:
            complaints.append(", ".join(f"{key}={value}" for key, value in event.items() if key != "exc_info"))
        raise structlog.DropEvent

    before = structlog.get_config()
    wrapper = structlog.make_filtering_bound_logger(_LOUD)
    structlog.configure(processors=[note], wrapper_class=wrapper, cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def history(setting: Setting, wanted: Wanted, world: Callable[[World], None] = lambda _world: None) -> Told:
    """Live through one. ``world`` may change it before it begins."""
    complaints: list[str] = []
    began = time.process_time()
    with _listened(complaints):
        made = World(*setting, wanted)
        world(made)
        found: History = made.run()
    return Told(
        seed=found.seed,
        trace=found.trace,
        calls=found.calls,
        records=found.records,
        unseen=found.unseen,
        lives=found.lives,
        faults=found.faults,
        checked=found.checked,
        violations=tuple(found.violations),
        passed=found.points.passed,
        place=wanted.place,
        nth=wanted.nth,
        hit=found.points.hit,
        events=found.events,
        busy_s=wanted.seconds,
        virtual_s=found.virtual_s,
        cpu_s=time.process_time() - began,
        complaints=(*complaints, *found.defects),
    )


_setting: list[Setting] = []


def _prepare(prepare: Prepare) -> None:
    _setting[:] = [prepare()]


def _in_process(wanted: Wanted) -> Told:
    return history(_setting[0], wanted)


def histories(prepare: Prepare, wanted: Iterable[Wanted], jobs: int = 1) -> Iterator[Told]:
    """Live through many, in order; ``jobs`` processes share the work."""
    if jobs == 1:
        setting = prepare()
        for one in wanted:
            yield history(setting, one)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _prepare, (prepare,)) as pool:
        yield from pool.map(_in_process, wanted, chunksize=4)


def killed_everywhere(prepare: Prepare, wanted: Sequence[Wanted], jobs: int = 1) -> Iterator[tuple[Told, float]]:
    """Live through each history once for every kill point that it passes, killing the engine there.

    Gives each history and which share of its seed's it is. Up to the kill it is the history without it, so the place
    is come to for certain; which of the times it is passed is taken, the seed decides.
    """
    for one, plain in zip(wanted, histories(prepare, wanted, jobs), strict=True):
        chance = Random(f"{plain.seed} kill points")  # noqa: S311 - not for secrets
        places = sorted(plain.passed.items())
        kills = [replace(one, place=place, nth=chance.randrange(1, passed + 1)) for place, passed in places]
        share = 1.0 / (len(kills) + 1)
        yield plain, share
        for told in histories(prepare, kills, jobs):
            yield told, share
