"""Virtual time: one list of what is due for the whole world, and an asyncio loop on it for each life of an engine.

Decides in which order things happen: by time, then in the order they were asked for. Must not know what happens.
An engine that is killed runs nothing any more, wherever its tasks stood; a stopped one runs it all when it goes on.
"""

from __future__ import annotations

import asyncio
import inspect
from asyncio.events import _get_running_loop, _set_running_loop
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextvars import Context
from heapq import heappop, heappush
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

EPOCH = 1717383600.0
"""Monday 2024-06-03, 10:00 in Jakarta."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Killed(BaseException):
    """The engine's process is gone. No ``Exception``: nothing in the engine can go on after it."""


class Entry:
    """Something due. ``owner`` is the engine it belongs to, if any."""

    __slots__ = ("args", "call", "context", "off", "owner", "when_")

    def __init__(
        self, when: float, call: Callable[..., object], args: tuple[Any, ...], owner: EngineLoop | None
    ) -> None:
        self.when_ = when
        self.call = call
        self.args = args
        self.owner = owner
        self.context: Context | None = None
        self.off = False

    def cancel(self) -> None:
        """Let it not happen."""
        self.off = True

    def cancelled(self) -> bool:
        """Whether it will not happen."""
        return self.off

    def when(self) -> float:
        """Its time."""
        return self.when_


class Scheduler:
    """The world's time, in seconds from 0."""

    def __init__(self) -> None:
        self.time = 0.0
        self.set_by = 0.0
        """Seconds by which the machine's clock was set."""
        self.set_at = float("-inf")
        """When it was set last."""
        self.steps = 0
        self._number = 0
        self._later: list[tuple[float, int, Entry]] = []
        self._ready: deque[Entry] = deque()
        self.entered: EngineLoop | None = None
        """Whose code runs now."""

    def now(self) -> float:
        """Seconds since the epoch, whatever any clock tells; fulfils ``ports.Clock``."""
        return EPOCH + self.time

    def system(self) -> float:
        """What the machine's clock tells."""
        return EPOCH + self.time + self.set_by

    def elapsed(self) -> float:
        """Seconds since the machine's start."""
        return self.time

    def after(self, delay: float, call: Callable[..., object], *args: Any, owner: EngineLoop | None = None) -> Entry:
        """Have something happen in so many seconds."""
        entry = Entry(self.time + delay, call, args, owner)
        self.put(entry)
        return entry

    def put(self, entry: Entry) -> None:
        """Have an entry run at its time; one whose time has come, after what is ready already."""
        if entry.when_ <= self.time:
            self._ready.append(entry)
        else:
            self._number += 1
            heappush(self._later, (entry.when_, self._number, entry))

    def enter(self, loop: EngineLoop | None) -> None:
        """Let asyncio know whose code runs from now on; mostly it is the same one's as before."""
        if loop is not self.entered:
            self.entered = loop
            _set_running_loop(loop)

    def run(self, until: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until then, or until ``enough``, which is asked whenever time moves."""
        outer = _get_running_loop()
        try:
            self._run(until, enough)
        finally:
            self.entered = None
            _set_running_loop(outer)

    def _run(self, until: float, enough: Callable[[], bool]) -> None:
        ready, later = self._ready, self._later
        while True:
            while ready:
                self._step(ready.popleft())
            if enough():
                return
            while later and later[0][2].off:
                heappop(later)
            if not later or later[0][0] > until:
                self.time = max(self.time, until)
                return
            self.time = later[0][0]
            while later and later[0][0] <= self.time:
                ready.append(heappop(later)[2])

    def _step(self, entry: Entry) -> None:
        if entry.off:
            return
        self.steps += 1
        owner = entry.owner
        if owner is None:
            self.enter(None)
            entry.call(*entry.args)
        else:
            owner.run_entry(entry)


def engine_loop(scheduler: Scheduler, before: Callable[[asyncio.Task[Any]], bool]) -> EngineLoop:
    """Make a loop. Of a loop's many methods it has those that tasks, futures and timers ask for."""
    make: Any = EngineLoop
    loop: EngineLoop = make(scheduler, before)
    return loop


class EngineLoop(asyncio.AbstractEventLoop):
    """What one life of the engine takes for its event loop; made by ``engine_loop``.

    Args:
        scheduler: the world's time.
        before: asked before each step of a task; True kills the engine there.
    """

    def __init__(self, scheduler: Scheduler, before: Callable[[asyncio.Task[Any]], bool]) -> None:
        self._scheduler = scheduler
        self._before = before
        self.dead = False
        self.stopped = False
        self.running = False
        """Something of it is being carried out."""
        self._held: list[Entry] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self.defects: list[str] = []
        """What nobody caught."""

    # ------------------------------------------------------------ what the world does to it

    def run_entry(self, entry: Entry) -> None:
        """Run something of this engine, unless it is dead; later, when it is stopped."""
        if self.dead:
            return
        if self.stopped:
            self._held.append(entry)
            return
        task = getattr(entry.call, "__self__", None)
        self._scheduler.enter(self)
        self.running = True
        try:
            if isinstance(task, asyncio.Task) and self._before(task):
                return
            if entry.context is None:
                entry.call(*entry.args)
            else:
                entry.context.run(entry.call, *entry.args)
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001 - as asyncio does: the loop outlives its callbacks
            self.call_exception_handler({"message": "callback failed", "exception": error})
        finally:
            self.running = False

    def perform(self, call: Callable[..., object], *args: Any) -> None:
        """Do something in this engine now."""
        outer = self._scheduler.entered
        self.run_entry(Entry(self._scheduler.time, call, args, self))
        self._scheduler.enter(outer)

    def stop_all(self) -> None:
        """As SIGSTOP does."""
        self.stopped = True

    def go_on(self) -> None:
        """As SIGCONT does: what became due meanwhile runs at once, in order."""
        self.stopped = False
        held, self._held = self._held, []
        for entry in held:
            entry.when_ = self._scheduler.time
            self._scheduler.put(entry)

    # ------------------------------------------------------------ what asyncio needs of a loop

    def time(self) -> float:
        """Virtual seconds."""
        return self._scheduler.time

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run in the next round."""
        entry = self._scheduler.after(0.0, callback, *args, owner=self)
        entry.context = context
        return cast("asyncio.Handle", entry)

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run in so many seconds."""
        entry = self._scheduler.after(delay, callback, *args, owner=self)
        entry.context = context
        return cast("asyncio.TimerHandle", entry)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run at a time of this loop."""
        return self.call_later(when - self._scheduler.time, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        """Make a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """Make a task of this loop."""
        task = asyncio.Task(cast("Coroutine[Any, Any, T]", coro), loop=self, name=name, context=context)
        self._tasks = [other for other in self._tasks if not other.done()]
        self._tasks.append(task)
        return task

    def die(self) -> None:
        """Run nothing any more, nor what was to begin."""
        self.dead = True
        for task in self._tasks:
            work = task.get_coro()
            if inspect.iscoroutine(work) and inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
                work.close()

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_running(self) -> bool:
        """While the engine lives."""
        return not self.dead

    def is_closed(self) -> bool:
        """When it was killed."""
        return self.dead

    def call_exception_handler(self, context: Mapping[str, Any]) -> None:
        """Keep what nobody caught; a killed engine cannot complain."""
        error = context.get("exception")
        if not self.dead and not isinstance(error, Killed):
            self.defects.append(f"{context.get('message')}: {type(error).__name__}: {error}")
