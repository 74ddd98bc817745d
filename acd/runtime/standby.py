"""Waiting for one's turn: follow the journal of the active engine, and take its seat when it is free.

Decides the order of a take-over: the seat first, then what the one before still wrote, then our own. Must not know how
a seat is kept or where a journal is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.ports import RecordWriter, Row
from acd.runtime.dispatcher import Dispatcher

log = structlog.get_logger(__name__)

FOLLOW_S = 0.1
"""How often the seat and the journal are looked at."""
AGAIN_S = 0.25
"""After the database did not answer."""


class Read(Protocol):
    """What came to a journal since it was read last; see ``acd.store.journal_pg.Portion``."""

    @property
    def anew(self) -> bool: ...  # noqa: D102
    @property
    def state(self) -> bytes | None: ...  # noqa: D102
    @property
    def events(self) -> Sequence[tuple[int, Event]]: ...  # noqa: D102
    @property
    def settled(self) -> int: ...  # noqa: D102
    @property
    def more(self) -> bool: ...  # noqa: D102


class Reader(Protocol):
    """Reads the journal of the active engine along."""

    @property
    def after(self) -> int:
        """The number of the event read last."""

    async def read(self) -> Read:
        """Give what was added. Raises ``StoreError``."""


class Turn(Protocol):
    """The seat: whose turn it is."""

    async def take(self) -> int | None:
        """Take the seat if it may be taken. Gives the token, None when it is not our turn. Raises ``StoreError``."""

    def blinded(self) -> None:
        """The database could not be asked."""


class HeldRecords:
    """``acd.ports.RecordWriter`` that holds rows back until this engine is the active one.

    Rows made of events before the newest snapshot are durable already: the active engine saw to that before it made it.
    """

    def __init__(self, records: RecordWriter) -> None:
        self._records = records
        self._held: deque[tuple[int, Row]] | None = deque()
        self.at = 0
        """Number of the event whose rows come next."""

    def write(self, items: Iterable[Row]) -> None:
        """Keep rows."""
        if self._held is None:
            self._records.write(items)
        else:
            self._held.extend((self.at, item) for item in items)

    def settle(self, seq: int) -> None:
        """Forget rows of events up to ``seq``."""
        while self._held and self._held[0][0] <= seq:
            self._held.popleft()

    def clear(self) -> None:
        """Forget all of them: what they are made of is read anew."""
        if self._held is not None:
            self._held.clear()

    def release(self) -> None:
        """Write what was held and, from now on, at once."""
        held, self._held = self._held or (), None
        self._records.write([row for _seq, row in held])

    def durable(self) -> bool:
        """Whether everything written is durable."""
        return not self._held and self._records.durable()

    async def flush(self) -> None:
        """Wait until everything written is durable; what is held back is not written."""
        if self._held is None:
            await self._records.flush()


class Standby:
    """One wait for the seat."""

    def __init__(self, reader: Reader, turn: Turn, dispatcher: Dispatcher, records: HeldRecords) -> None:
        self._reader = reader
        self._turn = turn
        self._dispatcher = dispatcher
        self._records = records
        self.failing = ""
        """Why the database cannot be asked; empty when it can."""

    async def until_active(self) -> int:
        """Follow until the seat is ours and everything the one before wrote is read. Gives the token."""
        while True:
            try:
                await self._catch_up()
                token = await self._turn.take()
            except StoreError as error:
                self._blinded(str(error))
                await asyncio.sleep(AGAIN_S)
                continue
            if self.failing:
                self.failing = ""
                log.info("standby_follows_again")
            if token is None:
                await asyncio.sleep(FOLLOW_S)
                continue
            await self._read_the_rest()
            self._records.release()
            return token

    async def _read_the_rest(self) -> None:
        """The seat is ours: all that was written before is there now, and nothing of the one before comes after."""
        while True:
            try:
                await self._catch_up()
            except StoreError as error:
                self._blinded(str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _catch_up(self) -> None:
        more = True
        while more:
            read = await self._reader.read()
            if read.anew:
                self._records.clear()
                self._dispatcher.restore(read.state)
            for seq, event in read.events:
                self._records.at = seq
                self._dispatcher.replay((event,))
            self._records.settle(read.settled)
            more = read.more

    def _blinded(self, why: str) -> None:
        self._turn.blinded()
        if not self.failing:
            log.warning("standby_cannot_follow", why=why)
        self.failing = why
