"""The call centre as running programs: Asterisk, the engine, the agents' phones; started in order, stopped in reverse.

Decides what "running" means: the engine says it is ready, every phone is registered, every agent is logged in.
Must not know who calls.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from acd.demo import children, phones
from acd.demo.api import Api
from acd.demo.data_server import DataServer
from acd.demo.deployment import LOOPBACK, Deployment
from acd.deploy.asterisk import AsteriskInstance
from acd.deploy.melody import melody
from acd.deploy.plan import PbxPlan
from acd.deploy.progress import Progress, SilentProgress
from acd.deploy.prompts import build_prompts, prompts_of, publish, speech_of
from acd.deploy.toolchain import ToolSet
from acd.domain.errors import DeployError

START_S = 60.0
_POLL_S = 0.1


class Site:
    """One call centre. ``async with`` starts it and stops all of it, whatever happens in between.

    Without a manner of answering there are no phones and nobody is logged in: whoever uses it sees to both.
    """

    def __init__(
        self, tools: ToolSet, deployment: Deployment, manner: phones.Manner | None, progress: Progress | None = None
    ) -> None:
        self.tools, self.deployment = tools, deployment
        self.asterisk = AsteriskInstance(tools, deployment.folder / "asterisk")
        self.api = Api(deployment.url, deployment.token)
        self.data = DataServer(LOOPBACK, deployment.ports.data)
        """What flows ask, in this very process."""
        self.engine: children.Child | None = None
        self.phones: children.Child | None = None
        self._launched = 0
        self._manner = manner
        self._progress = progress or SilentProgress()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._stack.enter_async_context(self.api)
            await self.data.start()
            self._stack.push_async_callback(self.data.close)
            await self._start_asterisk()
            await self.start_engine()
            if self._manner is not None:
                await self._start_phones(self._manner)
                await self._log_in()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start_asterisk(self) -> None:
        self._progress.stage("Starting Asterisk")
        plan = self.deployment.plan
        self._stack.push_async_callback(asyncio.to_thread, self.asterisk.stop)
        await _whole(self.asterisk.render, plan)
        await _whole(self.asterisk.start, plan)

    async def start_engine(self, spare: children.Child | None = None) -> None:
        """Start the engine, also again after it ended, unless a spare takes its place; wait until it is ready."""
        self._progress.stage("Starting the engine")
        self.engine = spare or await self.launch_engine()
        await self._until(self.engine, "be ready", self._ready)

    async def launch_engine(self, *, spare: bool = False) -> children.Child:
        """Start the engine, also again after it ended; or a spare, which waits for the end of that one."""
        given = self.deployment
        argv = [sys.executable, "-m", "acd", "run", "--config", str(given.config), "--flows", str(given.flows)]
        argv += ["--spare"] if spare else []
        self._launched += 1
        log = given.folder / (f"spare{self._launched}.log" if spare else "engine.log")
        env = {**os.environ, **given.env}
        # As any service finds it: its modules are compiled once, not at each start.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        engine = await children.start("the engine", argv, log, given.folder, env)
        self._stack.push_async_callback(engine.stop)
        if not spare:
            self.engine = engine
        return engine

    async def _start_phones(self, manner: phones.Manner) -> None:
        given = self.deployment
        self._progress.stage("Registering the phones" if manner.registered else "Finding the phones")
        ports = (given.ports.phones, given.ports.phones_rtp, given.ports.phones_rtp + 999)
        self.phones = await phones.start(
            self.tools, given.folder / "phones", given.sip, given.phone_passwords, manner, ports
        )
        self._stack.push_async_callback(self.phones.stop)
        await self._until(self.phones, "be registered", self._registered)

    async def _log_in(self) -> None:
        agents = [agent for agent in (await self.api.status())["agents"] if agent["activity"] == "logged_out"]
        self._progress.stage(f"Logging {len(agents)} agents in")
        for done, agent in enumerate(agents, 1):
            await self.api.log_in(agent["id"])
            self._progress.advance(done / len(agents), agent["name"])

    async def failed(self) -> str:
        """Wait until a program ends before its time; say which, with its last words."""
        watched = [asyncio.ensure_future(self._asterisk_ended())]
        watched += [asyncio.ensure_future(c.ended()) for c in (self.engine, self.phones) if c is not None]
        try:
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for one in watched:
                one.cancel()
            await asyncio.gather(*watched, return_exceptions=True)

    async def _asterisk_ended(self) -> str:
        while self.asterisk.running():  # noqa: ASYNC110 - a process, seen only by looking
            await asyncio.sleep(1.0)
        return f"Asterisk ended. Last lines:\n{self.asterisk.log_tail()}"

    async def left_in_asterisk(self, besides: str | None = None) -> tuple[int, int]:
        """Count channels and bridges that exist in Asterisk now, besides those with this in their names."""
        channels = await asyncio.to_thread(self.asterisk.rx, "core show channels concise")
        bridges = await asyncio.to_thread(self.asterisk.rx, "bridge show all")
        found = [
            [line for line in _lines(output) if besides is None or besides not in line]
            for output in (channels, bridges)
        ]
        return len(found[0]), max(0, len(found[1]) - 1)

    async def _until(self, child: children.Child, what: str, reached: Callable[[], Awaitable[float]]) -> None:
        """Wait until the ratio reached is 1, the child ends, or patience does."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_S
        while (ratio := await reached()) < 1:
            self._progress.advance(ratio)
            if child.process.returncode is not None:
                raise DeployError(await child.ended())
            if loop.time() > deadline:
                raise DeployError(
                    f"{child.name} did not come to {what} within {START_S:g} s. Last lines of {child.log}:\n"
                    f"{child.last_lines()}"
                )
            await asyncio.sleep(_POLL_S)

    async def _ready(self) -> float:
        answer = await self.api.ready()
        return 1.0 if answer is not None and answer["status"] in {"ready", "degraded"} else 0.0

    async def _registered(self) -> float:
        agents = (await self.api.status())["agents"]
        return float(sum(agent["phone_reachable"] for agent in agents) / len(agents))


def speak(tools: ToolSet, deployment: Deployment, cache: Path, progress: Progress) -> int:
    """Make the prompts and the music of the run, from the cache where it has them; give how many prompts."""
    wanted = deployment.settings.prompts
    prompts = prompts_of(wanted)
    build_prompts(prompts, wanted.dir, cache, speech_of(wanted, tools), progress)
    publish(melody(), deployment.folder / "sounds" / "moh" / "melody.wav")
    return len(prompts)


async def _whole(work: Callable[[PbxPlan], None], plan: PbxPlan) -> None:
    """Do blocking work in a thread; a cancellation waits for its end, so that what it started can be stopped."""
    task = asyncio.ensure_future(asyncio.to_thread(work, plan))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.strip()]
