"""Fakes of what the runtime needs from outside. ``trace`` is shared, so that the order between them can be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from acd.domain.commands import TelephonyCommand
from acd.domain.errors import TelephonyError
from acd.domain.events import Event, RecordingChecked, Resynced
from acd.domain.ids import RecordingName
from acd.domain.record import CallRecord, RecordingRow
from acd.ports import Clock, Row

Trace = list[tuple[str, object]]


@dataclass
class FakeJournal:
    """A journal in memory; survives the dispatcher, as a file does."""

    trace: Trace = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    snapshots: list[tuple[int, bytes]] = field(default_factory=list)
    """Number of events before it, and the state."""

    def append(self, event: Event) -> None:
        self.trace.append(("journaled", event))
        self.events.append(event)

    def place(self) -> int:
        return len(self.events)

    def snapshot(self, state: bytes, place: int | None = None) -> None:
        after = len(self.events) if place is None else place
        self.trace.append(("snapshot", after))
        self.snapshots.append((after, state))

    async def load(self) -> tuple[bytes | None, Sequence[Event]]:
        after, state = self.snapshots[-1] if self.snapshots else (0, None)
        return state, tuple(self.events[after:])

    async def flush(self) -> None:
        """Everything is kept at once."""

    async def close(self) -> None:
        """There is no file."""


@dataclass
class FakeRecords:
    """Rows in a list; the first of an id stays. With ``refusing`` nothing becomes durable."""

    trace: Trace = field(default_factory=list)
    writes: list[Row] = field(default_factory=list)
    refusing: bool = False
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, items: Iterable[Row]) -> None:
        for item in items:
            self.trace.append(("written", item))
            self.writes.append(item)

    def durable(self) -> bool:
        return not self.refusing

    async def flush(self) -> None:
        if self.refusing:
            await self.taken.wait()

    def take_again(self) -> None:
        """Be durable again."""
        self.refusing = False
        self.taken.set()

    @property
    def calls(self) -> list[CallRecord]:
        """One record for each contact, as the store would have it."""
        kept: dict[str, CallRecord] = {}
        for item in self.writes:
            if isinstance(item, CallRecord):
                kept.setdefault(item.contact_id, item)
        return list(kept.values())

    @property
    def rows(self) -> list[RecordingRow]:
        return [item for item in self.writes if isinstance(item, RecordingRow)]


@dataclass
class FakeRecordings:
    """Every file is as long as the talk. A check takes as long as ``gate`` is closed."""

    checks: list[tuple[RecordingName, float]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    failure: Exception | None = None

    async def check(self, name: RecordingName, talk_s: float, now: Callable[[], float]) -> RecordingChecked:
        self.checks.append((name, talk_s))
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return RecordingChecked(now(), name, 1000, talk_s, ok=True, problem="")


@dataclass
class FakeControl:
    """Takes commands; ``on_execute`` may answer. Looks give ``looks`` in turn, then emptiness; None never ends."""

    clock: Clock
    trace: Trace = field(default_factory=list)
    commands: list[TelephonyCommand] = field(default_factory=list)
    on_execute: Callable[[TelephonyCommand], None] = lambda _command: None
    looks: list[Resynced | Exception | None] = field(default_factory=list)
    gaps: list[bool] = field(default_factory=list)
    """``after_gap`` of each look."""

    def execute(self, command: TelephonyCommand) -> None:
        self.trace.append(("executed", command))
        self.commands.append(command)
        self.on_execute(command)

    async def resync(self, *, after_gap: bool) -> Resynced:
        self.gaps.append(after_gap)
        look = self.looks.pop(0) if self.looks else Resynced(self.clock.now(), (), (), after_gap)
        if look is None:
            await asyncio.Event().wait()
            raise TelephonyError("never")
        if isinstance(look, Exception):
            raise look
        await asyncio.sleep(0)
        return look
