"""What outlives a killed engine: the journal's file and the database of call records, and the writers of one life.

Decides what is durable when. What was not committed at the moment of a kill is lost; a commit that was on its way may
have happened or not. Must not know what events or rows mean. A disk or database may refuse for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from acd.domain.events import Event
from acd.domain.gaps import Gap, GapEnd
from acd.domain.ids import ContactId
from acd.domain.record import CallRecord, RecordCorrection
from acd.ports import Row
from acd.runtime.clock_keeper import Sign
from acd.sim.faults.clock import EngineLoop, Killed, Scheduler
from acd.sim.faults.points import Points

GROUP_S = 0.02
"""As the real journal groups events."""
ROWS_S = 0.1
"""As the real store groups rows."""
MOST_WAITING = 400
"""Events that wait for a disk that refuses; more are lost, and a snapshot takes their place."""


@dataclass(frozen=True, slots=True)
class EventCodec:
    """Events to bytes and back."""

    encode: Callable[[Event], bytes]
    decode: Callable[[bytes], Event]


@dataclass(slots=True)
class Disk:
    """The journal's file: what was committed."""

    snapshot: tuple[int, bytes] | None = None
    """The number of the last event before it, and the state."""
    events: list[tuple[int, bytes]] = field(default_factory=list)
    """Those after the snapshot, numbered."""
    last: int = 0
    """The number of the last event ever committed."""
    refusing: bool = False
    commits: int = 0
    sign: Sign | None = None
    """The last sign of life of an engine."""
    signed_at: float = 0.0
    spool: list[Row] = field(default_factory=list)
    """Rows that the database did not take."""


@dataclass(slots=True)
class Database:
    """Call records: the first of an id stays."""

    records: dict[ContactId, CallRecord] = field(default_factory=dict)
    rows: int = 0
    again: int = 0
    """Call records that came again, as they may after a crash."""
    refusing: bool = False
    keeps_first: bool = True
    doubled: list[ContactId] = field(default_factory=list)
    """Kept twice; only where ids do not decide."""
    gaps: dict[str, Gap] = field(default_factory=dict)

    def take(self, rows: Sequence[Row]) -> None:
        """Commit a group."""
        for row in rows:
            self.rows += 1
            if isinstance(row, CallRecord):
                if row.contact_id not in self.records:
                    self.records[row.contact_id] = row
                elif self.keeps_first:
                    self.again += 1
                else:
                    self.doubled.append(row.contact_id)
            elif isinstance(row, RecordCorrection):
                self.records[row.contact_id] = row.record
            elif isinstance(row, Gap):
                self.gaps.setdefault(row.id, row)
            elif isinstance(row, GapEnd) and row.id in self.gaps:
                self.gaps[row.id] = replace(self.gaps[row.id], ended_at=row.ended_at)


class SimJournal:
    """``ports.Journal`` of one life, on a disk that outlives it."""

    def __init__(
        self,
        scheduler: Scheduler,
        loop: EngineLoop,
        disk: Disk,
        codec: EventCodec,
        points: Points,
        heard: Callable[[bytes], None],
        die: Callable[[], None],
    ) -> None:
        self._scheduler = scheduler
        self._loop = loop
        self._disk = disk
        self._codec = codec
        self._points = points
        self._heard = heard
        self._die = die
        self.waiting: list[tuple[int, bytes]] = []
        self.waiting_since: float | None = None
        """Since when something is not durable."""
        self._snapshot: tuple[int, bytes] | None = None
        """Waits, as the events do."""
        self._last = disk.last
        self.committed = disk.last
        """The number of the last event that this life made durable, or found so."""
        self.ours: Callable[[], bool] = lambda: True
        """Whether what this life writes is taken; of two engines only the active one's is."""
        self.on_deposed: Callable[[], None] = lambda: None
        self._writing = False
        self.gap = False
        """Events were lost; a snapshot is needed."""
        self.lost = 0
        self._flushed: list[asyncio.Future[None]] = []

    def _point(self, place: str) -> None:
        if self._points.here(place):
            self._die()
        if self._loop.dead:
            raise Killed

    def append(self, event: Event) -> None:
        """Keep an event."""
        self._point("journal.append, before")
        payload = self._codec.encode(event)
        self._heard(payload)
        if self.gap or len(self.waiting) >= MOST_WAITING:
            self.gap = True
            self.lost += 1
        else:
            self._last += 1
            self.waiting.append((self._last, payload))
            self._write_soon()
        self._point("journal.append, after")

    def own(self, number: int) -> None:
        """Write from now on, after an event."""
        self._last = self.committed = number

    def place(self) -> int:
        """Give the number of the last event appended."""
        return self._last

    def snapshot(self, state: bytes, place: int | None = None) -> None:
        """Keep the state as it was at ``place``; only one of now ends a gap."""
        self._point("journal.snapshot, before")
        if place is not None and self.gap:
            return
        if self.gap:
            self.waiting.clear()
            self.gap = False
        self._snapshot = (self._last if place is None else place, state)
        self._write_soon()
        self._point("journal.snapshot, after")

    async def load(self) -> tuple[bytes | None, Sequence[Event]]:
        """Give the newest snapshot and the events after it."""
        await asyncio.sleep(0.01)
        snapshot = self._disk.snapshot
        return None if snapshot is None else snapshot[1], [self._codec.decode(event) for _, event in self._disk.events]

    async def flush(self) -> None:
        """Wait until everything is durable."""
        if self.waiting or self._snapshot is not None:
            done = self._loop.create_future()
            self._flushed.append(done)
            await done

    async def close(self) -> None:
        """Flush."""
        await self.flush()

    def contents(self) -> tuple[tuple[int, bytes] | None, list[tuple[int, bytes]], list[tuple[int, bytes]]]:
        """Give what a life after this one would read if nothing were lost: snapshot, durable events, those waiting."""
        return self._snapshot or self._disk.snapshot, self._disk.events, self.waiting

    def _write_soon(self) -> None:
        if self.waiting_since is None:
            self.waiting_since = self._scheduler.time
        if not self._writing:
            self._writing = True
            self._loop.call_later(GROUP_S, self._commit)

    def _commit(self) -> None:
        self._writing = False
        if self._disk.refusing:
            self._writing = True
            self._loop.call_later(0.5, self._commit)
            return
        self._point("journal commit, before")
        if not self.ours():
            self.on_deposed()
            return
        self._disk.events += self.waiting
        self._disk.last = self.committed = self._last
        self.waiting.clear()
        if self._snapshot is not None:
            self._disk.snapshot, self._snapshot = self._snapshot, None
            number = self._disk.snapshot[0]
            self._disk.events = [event for event in self._disk.events if event[0] > number]
        self._disk.commits += 1
        self.waiting_since = None
        self._point("journal commit, after")
        for done in self._flushed:
            if not done.done():
                done.set_result(None)
        self._flushed.clear()


class SimRecords:
    """``ports.RecordWriter`` of one life, before a database that outlives it.

    Rows it refuses go into the spool, which outlives it too; without one they wait in memory.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        loop: EngineLoop,
        database: Database,
        chance: Random,
        points: Points,
        die: Callable[[], None],
        kept: Callable[[Row], None],
        spool_on: Disk | None = None,
    ) -> None:
        self._kept = kept
        self._spool_on = spool_on
        self._scheduler = scheduler
        self._loop = loop
        self._database = database
        self._chance = chance
        self._points = points
        self._die = die
        self.ours: Callable[[], bool] = lambda: True
        """As the journal's."""
        self._waiting: list[Row] = []
        self._working = False
        self._refused = False
        """So was the last attempt."""
        self._durable = asyncio.Event()
        self._durable.set()
        if self._spool:
            self._work_soon(ROWS_S)

    def _point(self, place: str) -> None:
        if self._points.here(place):
            self._die()
        if self._loop.dead:
            raise Killed

    def write(self, items: Iterable[Row]) -> None:
        """Keep rows without waiting."""
        self._point("records.write, before")
        for item in items:
            self._kept(item)
            self._waiting.append(item)
        self._durable.clear()
        self._work_soon(ROWS_S)
        self._point("records.write, after")

    def durable(self) -> bool:
        """Whether everything written is durable."""
        return self._durable.is_set()

    async def flush(self) -> None:
        """Wait until everything written is durable."""
        await self._durable.wait()

    @property
    def _spool(self) -> list[Row]:
        return self._spool_on.spool if self._spool_on is not None else []

    def _work_soon(self, delay: float) -> None:
        if not self._working:
            self._working = True
            self._loop.call_later(delay, self._begin)

    def _begin(self) -> None:
        if self._database.refusing:
            self._working = False
            if self._refused:
                self._into_spool()
            self._refused = True
            self._work_soon(1.0)
            return
        self._refused = False
        self._point("records commit, before")
        group = [*self._spool, *self._waiting][:500]
        # On its way to the database: it arrives though its sender dies, or it does not.
        self._scheduler.after(0.002 + self._chance.random() * 0.02, self._arrived, group, self._chance.random() < 0.5)  # noqa: PLR2004 - even chances

    def _into_spool(self) -> None:
        if self._spool_on is not None and not self._spool_on.refusing and self._waiting:
            self._point("records spool, before")
            self._spool_on.spool += self._waiting
            self._waiting.clear()
            self._durable.set()
            self._point("records spool, after")

    def _arrived(self, group: list[Row], survives: bool) -> None:  # noqa: FBT001 - drawn
        if (not self._loop.dead or survives) and self.ours():
            self._database.take(group)
            self._loop.call_later(0.001, self._acknowledged, len(group))

    def _acknowledged(self, count: int) -> None:
        self._point("records commit, after")
        spooled = min(count, len(self._spool))
        del self._spool[:spooled]
        del self._waiting[: count - spooled]
        self._working = False
        if self._waiting or self._spool:
            self._work_soon(0.0)
        if not self._waiting:
            self._durable.set()
