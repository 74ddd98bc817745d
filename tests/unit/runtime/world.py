"""A dispatcher among fakes, and what a test does with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.domain.commands import Command, TelephonyCommand
from acd.domain.events import AgentRequested, CallArrived, Event, LegAnswered, LegEnded, LinkChanged
from acd.domain.ids import AgentId, LegId, RequestId
from acd.domain.plan import Plan
from acd.engine.state import EngineState
from acd.runtime.dispatcher import Codec, Dispatcher
from acd.store.codec import decode
from acd.store.pieces import StatePieces
from tests.engine_kit import GW, make_plan
from tests.fakes.ports import FakeControl, FakeJournal, FakeRecordings, FakeRecords, Trace
from tests.fakes.virtual_time import VirtualClock

CODEC = Codec(StatePieces(), lambda data: decode(EngineState, data))


@dataclass
class World:
    """One process's life: journal and records outlive it when given to the next."""

    plan: Plan = field(default_factory=make_plan)
    trace: Trace = field(default_factory=list)
    clock: VirtualClock = field(default_factory=VirtualClock)
    journal: FakeJournal = field(default_factory=FakeJournal)
    records: FakeRecords = field(default_factory=FakeRecords)
    recordings: FakeRecordings = field(default_factory=FakeRecordings)

    def __post_init__(self) -> None:
        self.journal.trace = self.records.trace = self.trace
        self.control = FakeControl(self.clock, self.trace)
        self.dispatcher = Dispatcher(self.clock, self.journal, self.records, self.recordings, CODEC)

    async def start(self, *, up: bool = True) -> int:
        replayed = await self.dispatcher.recover(self.plan)
        self.dispatcher.attach(self.control)
        if up:
            self.dispatcher.submit(LinkChanged(self.clock.now(), "ari", up=True))
            self.dispatcher.release_timers()
        return replayed

    def next_life(self) -> World:
        """The process after this one: what was on disk is there, what was in memory is not."""
        return World(self.plan, clock=self.clock, journal=self.journal, records=self.records)

    @property
    def state(self) -> EngineState:
        return self.dispatcher._engine.state

    @property
    def commands(self) -> list[TelephonyCommand]:
        return self.control.commands

    def kinds(self) -> list[str]:
        """The commands Asterisk got."""
        return [command.kind for command in self.commands]

    def submit(self, event: Event) -> None:
        self.dispatcher.submit(event)

    def login(self, agent: str) -> None:
        self.submit(AgentRequested(self.clock.now(), RequestId("t"), AgentId(agent), "login"))

    def call(self, leg: str, code: str = "170") -> LegId:
        """A caller: 170 leads straight into the queue, 169 into the menu."""
        self.submit(CallArrived(self.clock.now(), LegId(leg), f"{GW}-{leg}", code, "0811222333"))
        return LegId(leg)

    def pick_up(self, leg: str) -> None:
        self.submit(LegAnswered(self.clock.now(), LegId(leg)))

    def hang_up(self, leg: str) -> None:
        self.submit(LegEnded(self.clock.now(), LegId(leg), 16))


def kinds(commands: list[Command]) -> list[str]:
    """Their kinds."""
    return [command.kind for command in commands]
