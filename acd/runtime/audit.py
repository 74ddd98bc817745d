"""Resync and audit: when to compare belief with reality, not how (that is the engine's)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from acd.domain.errors import TelephonyError
from acd.domain.events import LinkChanged, Resynced
from acd.domain.ids import ONLY_PBX, PbxId
from acd.ports import CallControl, Clock
from acd.runtime.dispatcher import Dispatcher

log = structlog.get_logger(__name__)

AUDIT_EVERY_S = 20.0
"""What a look leaves alone as too young, and the next one finds, is not half a minute old by then."""
RETRY_S = 0.5


def named(pbx: PbxId) -> dict[str, str]:
    """What a log line says of where something is; of a single Asterisk nothing."""
    return {"pbx": pbx} if pbx else {}


class Auditor:
    """Resyncs after each connection, audits at intervals. One task while connected.

    Args:
        clock: the time of the link's changes.
        dispatcher: takes what was seen.
        control: looks.
        on_synced: called after each resync that follows a connection.
        audit_every_s: seconds between audits.
        retry_s: seconds until a look that failed is tried again.
        pbx: which of several Asterisks.
    """

    def __init__(
        self,
        clock: Clock,
        dispatcher: Dispatcher,
        control: CallControl,
        *,
        on_synced: Callable[[], None] = lambda: None,
        audit_every_s: float = AUDIT_EVERY_S,
        retry_s: float = RETRY_S,
        pbx: PbxId = ONLY_PBX,
    ) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._control = control
        self._on_synced = on_synced
        self._audit_every_s = audit_every_s
        self._retry_s = retry_s
        self._pbx = pbx
        self._tasks: set[asyncio.Task[None]] = set()
        self.settle_s = 0.0
        """After the first connection: how long to wait before anything is compared, so that who was here before us has
        surely stopped."""
        self.synced = False
        """The state was compared with Asterisk since the link came up."""

    async def close(self) -> None:
        """End."""
        self._stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def connected(self) -> None:
        """ARI is up: a resync is due before anything else."""
        self.disconnected()
        task = asyncio.get_running_loop().create_task(self._run(), name="auditor")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def disconnected(self) -> None:
        """ARI is down, or still is. What is being looked at is of a connection that is gone, and dropped."""
        self._stop()
        if self.synced:
            self.synced = False
            self._dispatcher.submit(LinkChanged(self._clock.now(), "ari", up=False, pbx=self._pbx))

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _run(self) -> None:
        if self.settle_s:
            await asyncio.sleep(self.settle_s)
            self.settle_s = 0.0
        while True:
            try:
                seen = await self._control.resync(after_gap=not self.synced)
            except TelephonyError as error:
                log.warning("resync_failed", error=str(error))
                await asyncio.sleep(self._retry_s)
            except Exception:
                # Something in Asterisk's lists that we cannot read: without an audit, nothing would ever be repaired.
                log.exception("resync_unreadable")
                await asyncio.sleep(self._retry_s)
            else:
                self._take(seen)
                await asyncio.sleep(self._audit_every_s)

    def _take(self, seen: Resynced) -> None:
        if self.synced:
            self._dispatcher.submit(seen)
            return
        self.synced = True
        self._dispatcher.submit(LinkChanged(self._clock.now(), "ari", up=True, pbx=self._pbx))
        self._dispatcher.submit(seen)
        if not self._pbx:  # of several, all are looked at first
            self._dispatcher.release_timers()
        log.info("resynced", channels=len(seen.channels), bridges=len(seen.bridges), **named(self._pbx))
        self._on_synced()
