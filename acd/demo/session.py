"""From the command line to a running site: tools, folder, prompts, programs, with progress; stoppable at any moment.

Decides the order of the set-up and how signals end it. What is done with the site is given by the caller.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from types import FrameType
from typing import TypeVar

from acd.demo.deployment import Deployment, Wishes, prepare
from acd.demo.folders import new_folder
from acd.demo.phones import Manner
from acd.demo.site import Site, speak
from acd.deploy.cache import cache_root
from acd.deploy.progress import shown_progress
from acd.deploy.toolchain import ToolSet, fetch_tools

NEEDED = ("asterisk", "sipp", "espeak-ng", "sox")
T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Somebody ended the run by SIGINT or SIGTERM."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment with its sounds, and the programs to run it."""

    tools: ToolSet
    deployment: Deployment


def set_up(config: Path, flows: Path, wishes: Wishes, kind: str) -> Prepared:
    """Do all that needs no running program: fetch tools, write the run's folder, speak the prompts.

    Raises:
        AcdError: what is missing or wrong.
        Stopped: by a signal.
    """
    with stoppable(), shown_progress(sys.stdout) as progress:
        tools = fetch_tools(progress, NEEDED)
        progress.stage("Preparing the deployment")
        deployment = prepare(new_folder(tools, kind), config, flows, wishes, SystemRandom())
        speak(tools, deployment, cache_root() / "prompts", progress)
    return Prepared(tools, deployment)


async def hold(prepared: Prepared, manner: Manner | None, use: Callable[[Site], Awaitable[T]]) -> T:
    """Start a site, use it, and stop it again, whatever happens.

    Raises:
        AcdError: something did not start or ended too early.
        Stopped: by a signal. Further signals are not heard while everything is being stopped.
    """
    task = asyncio.current_task()
    asked: list[int] = []

    def stop(number: int) -> None:
        if not asked and task is not None:
            task.cancel()
        asked.append(number)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        async with AsyncExitStack() as stack:
            with shown_progress(sys.stdout) as progress:
                site = await stack.enter_async_context(Site(prepared.tools, prepared.deployment, manner, progress))
            return await use(site)
    except asyncio.CancelledError:
        if asked:
            raise Stopped from None
        raise


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, even where a shell has us ignore it, and call both by one name."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
