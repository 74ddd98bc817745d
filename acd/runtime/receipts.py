"""Receipts: a caller's channel is told once the journal has the call, so that its dialplan knows who makes the record.

What the journal had not committed is lost with the engine. Of a call without a receipt the dialplan therefore writes
down how it ended, for the engine that comes next; one that knew the call all the same ignores that. Decides when a
receipt is due. Must not know how it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from acd.domain.ids import LegId
from acd.ports import Journal

log = structlog.get_logger(__name__)

LATER_S = 0.2
"""How long after a caller came receipts are looked after: answering comes first, and who is refused is gone by then."""


class Receipts:
    """Gives receipts, several at once.

    Args:
        journal: has to have the call.
        wanted: whether a caller is still there, and inside.
        give: sends one, without waiting.
    """

    def __init__(self, journal: Journal, wanted: Callable[[LegId], bool], give: Callable[[LegId], None]) -> None:
        self._journal = journal
        self._wanted = wanted
        self._give = give
        self._due: list[LegId] = []
        self._task: asyncio.Task[None] | None = None

    def due(self, leg: LegId) -> None:
        """A caller was journaled just now; it will be durable soon."""
        self._due.append(leg)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="receipts")

    async def close(self) -> None:
        """End; who has none is written down by Asterisk."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._due:
                await asyncio.sleep(LATER_S)
                legs, self._due = self._due, []
                await self._journal.flush()
                for leg in filter(self._wanted, legs):
                    self._give(leg)
        except Exception:
            log.exception("receipts_failed")  # the next caller begins anew
        finally:
            self._task = None
