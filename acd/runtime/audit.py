"""Resync and audit: when to compare belief with reality, not how (that is the engine's)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from acd.domain.errors import TelephonyError
from acd.domain.events import LinkChanged, Resynced
from acd.ports import CallControl, Clock
from acd.runtime.dispatcher import Dispatcher

log = structlog.get_logger(__name__)

AUDIT_EVERY_S = 30.0
RETRY_S = 0.5


class Auditor:
    """Resyncs after each connection, audits at intervals. One task; ``connected`` and ``disconnected`` steer it."""

    def __init__(
        self, clock: Clock, dispatcher: Dispatcher, control: CallControl, on_synced: Callable[[], None] = lambda: None
    ) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._control = control
        self._on_synced = on_synced
        self._gap = True
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.synced = False
        """The state was compared with Asterisk since the link came up."""

    def start(self) -> None:
        """Begin; nothing happens until ``connected``."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def connected(self) -> None:
        """ARI is up: a resync is due before anything else."""
        self._gap = True
        self.synced = False
        self._up.set()
        self._wake()

    def disconnected(self) -> None:
        """ARI is down."""
        self.synced = False
        self._up.clear()
        self._dispatcher.submit(LinkChanged(self._clock.now(), "ari", up=False))

    def _wake(self) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            await self._up.wait()
            try:
                seen = await self._control.resync(after_gap=self._gap)
            except TelephonyError as error:
                log.warning("resync_failed", error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            self._take(seen)
            await asyncio.sleep(AUDIT_EVERY_S)

    def _take(self, seen: Resynced) -> None:
        if self._gap:
            self._dispatcher.submit(LinkChanged(self._clock.now(), "ari", up=True))
        self._dispatcher.submit(seen)
        if self._gap:
            self._gap = False
            self.synced = True
            self._dispatcher.release_timers()
            log.info("resynced", channels=len(seen.channels), bridges=len(seen.bridges))
            self._on_synced()
