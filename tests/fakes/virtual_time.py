"""An event loop whose time jumps to the next timer when nothing else is to do, and a clock that reads it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, ParamSpec

P = ParamSpec("P")

EPOCH = 1717383600.0
"""Monday 2024-06-03, 10:00 in Jakarta."""


class _Selector(selectors.DefaultSelector):
    """Waits for files as ever, for time not at all."""

    elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time begins at 0 and moves only by waiting. What threads do takes no time here."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)
        self.defects: list[Mapping[str, Any]] = []
        """What nobody caught."""
        self.set_exception_handler(lambda _loop, context: self.defects.append(context))

    def time(self) -> float:
        return self._virtual.elapsed

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - its name
        # From 3.12 on asyncio gives the threads 300 s, which pass here before they can end.
        await super().shutdown_default_executor()


class VirtualClock:
    """Fulfils ``ports.Clock``: the epoch above plus the running loop's time."""

    def now(self) -> float:
        return EPOCH + asyncio.get_running_loop().time()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end; nothing may be left behind and nothing uncaught."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main)
        loop = runner.get_loop()
        left = asyncio.all_tasks(loop)
        assert isinstance(loop, VirtualLoop)
        assert not left, f"tasks left behind: {left}"
        assert not loop.defects, loop.defects


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a coroutine function a test in virtual time."""

    @wraps(test)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return wrapped


async def settle(turns: int = 20) -> None:
    """Let everything that is ready run; no time passes."""
    for _ in range(turns):
        await asyncio.sleep(0)
